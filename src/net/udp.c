/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client sockets: connected, one per request (RFC 9109), with the kernel's
 * stamps where it gives them.  Every stamp is checked against our own reading
 * of the clock, which stands in for one that is missing or absurd.
 *
 * The transmit stamp waits in the error queue.  It is read right after the
 * send, where nearly always it already is; a late one wakes the loop.  A
 * simulator may hand out an ordinary datagram when the error queue is empty:
 * MSG_ERRQUEUE in msg_flags tells them apart.
 */
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "sock_priv.h"

#define CONTROL_MAX 512
#define TX_LATE_NS  10000000 /* a stamp later than this is not ours */
#define RX_OLD_NS   (10 * TSTAMP_NS_PER_S)
#define QUEUE_TRIES 4

/* To be told by which interface a packet left. */
static bool
ask_hardware(const struct net_udp_client *u, unsigned family)
{
	int err = family == ADDR_V6
	    ? net_sock_on(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)
	    : net_sock_on(u->fd, IPPROTO_IP, IP_PKTINFO);

	return err == 0 && net_stamp_ask(u->fd, true, true) == 0;
}

/* The most the kernel agrees to. */
static void
ask_stamps(struct net_udp_client *u, unsigned family)
{
	if (u->hardware && !ask_hardware(u, family))
		u->hardware = NULL;
	u->tx_stamps = u->hardware != NULL;
	u->rx_stamps = u->hardware || net_sock_stamps(u->fd, &u->tx_stamps);
}

static struct net_stamp
read_now(void)
{
	struct net_stamp s = {.source = NET_STAMP_USER};

	s.mono = os_clock_mono();
	s.real = os_clock_real();
	return s;
}

int
net_udp_open(struct net_udp_client *u, const struct addr *peer,
    const struct net_udp_options *o)
{
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)addr_to_sockaddr(peer, &ss);
	struct addr from = {0};
	int err = 0;

	memset(u, 0, sizeof *u);
	u->fd = net_sock_open(peer->family, SOCK_DGRAM);
	if (u->fd < 0) {
		err = u->fd;
		u->fd = -1;
		return err;
	}
	if (o && o->bind.family == peer->family) {
		from = o->bind;
		from.port = 0;
	}
	if (o)
		err = net_sock_bind(u->fd, &from, o->device);
	u->hardware = o ? o->hardware : NULL;
	u->hardware_wait = o ? o->hardware_wait : (struct dur){0};
	if (err == 0 && !(o && o->no_stamps))
		ask_stamps(u, peer->family);
	if (err == 0 && connect(u->fd, (struct sockaddr *)&ss, len) < 0)
		err = net_sock_err();
	if (err < 0) {
		err = net_sock_fail(u->fd, err);
		u->fd = -1;
	}
	return err;
}

/* What one recvmsg brought. */
struct arrival {
	ssize_t len;
	int flags;
	struct net_stamp_raw stamp;
};

static int
receive(int fd, int flags, void *buf, size_t max, struct arrival *a)
{
	union {
		struct cmsghdr align;
		char room[CONTROL_MAX];
	} control;
	struct iovec iov = {buf, max};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control,
	    .msg_flags = 0, /* some platforms leave it as it was */
	};
	struct net_sock_facts facts;

	do
		a->len = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	while (a->len < 0 && errno == EINTR);
	if (a->len < 0)
		return net_sock_err();
	a->flags = msg.msg_flags;
	net_sock_facts(&msg, &facts);
	a->stamp = facts.raw;
	return 0;
}

/* The same moment on both clocks. */
static struct net_stamp
stamp_of(const struct net_stamp *near, struct wall at, uint8_t source)
{
	struct dur after = tstamp_wall_diff(at, near->real);

	return (struct net_stamp){
	    .real = at,
	    .mono = tstamp_mono_add(near->mono, after),
	    .source = source,
	};
}

static struct net_stamp
hard_stamp(const struct net_stamp *near, const struct net_stamp_at *at)
{
	struct net_stamp s = stamp_of(near, at->real, NET_STAMP_HARDWARE);

	s.error = at->error;
	return s;
}

/* A transmit stamp is later than our reading before the call, and not by
 * much; else it belongs to something else, or the clock was stepped.  With
 * hardware two come, its own last. */
static void
take_tx(struct net_udp_client *u, const struct net_stamp_raw *raw)
{
	struct dur after = tstamp_wall_diff(raw->soft, u->pre.real);
	struct net_stamp_at at;

	if (raw->phc_ns != 0 || !u->hardware)
		u->tx_wanted = false;
	if (raw->soft.ns != 0 && after.ns >= 0 && after.ns <= TX_LATE_NS)
		u->tx = u->tx_soft =
		    stamp_of(&u->pre, raw->soft, NET_STAMP_KERNEL);
	if (u->hardware && net_stamp_tx(u->hardware, raw, u->tx_soft.real, &at))
		u->tx = u->tx_hard = hard_stamp(&u->pre, &at);
}

/* Return: 0 when it is an ordinary datagram after all. */
static int
read_queue(struct net_udp_client *u, void *buf, size_t max, struct arrival *a)
{
	for (int i = 0; i < QUEUE_TRIES; i++) {
		int err = receive(u->fd, MSG_ERRQUEUE, buf, max, a);

		if (err < 0)
			return err;
		if (!(a->flags & MSG_ERRQUEUE))
			return 0;
		if (!u->tx_wanted)
			continue;
		take_tx(u, &a->stamp);
		if (!u->tx_wanted)
			break;
	}
	return ERR_AGAIN;
}

int
net_udp_send(struct net_udp_client *u, const void *data, size_t len)
{
	struct iovec iov = {.iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct arrival a;
	uint8_t frame[256];
	ssize_t n;

	memcpy(&iov.iov_base, &data, sizeof data); /* sendmsg only reads it */
	u->tx_wanted = false;
	u->pre = u->tx = u->tx_soft = read_now();
	u->tx_hard.source = NET_STAMP_NONE;
	u->may_wait = u->hardware && u->hardware_wait.ns > 0;
	do
		n = sendmsg(u->fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return net_sock_err();
	u->tx_wanted = u->tx_stamps;
	if (u->tx_wanted && read_queue(u, frame, sizeof frame, &a) == 0)
		return 0; /* a stray datagram: answers to no question */
	return 0;
}

/* The answer was stamped by hardware, so the question will be, too; but an
 * interface tells of that in its own time.  What follows it in the error queue
 * or comes from strangers does not make us wait again. */
static void
await_tx(struct net_udp_client *u)
{
	struct mono end = tstamp_mono_add(os_clock_mono(), u->hardware_wait);
	struct pollfd p = {.fd = u->fd}; /* errors are always told */
	struct arrival a;
	uint8_t frame[256];

	u->may_wait = false;
	for (int i = 0; i < QUEUE_TRIES && u->tx_wanted; i++) {
		int64_t left = tstamp_mono_diff(end, os_clock_mono()).ns;
		struct timespec ts = {
		    .tv_sec = left / TSTAMP_NS_PER_S,
		    .tv_nsec = left % TSTAMP_NS_PER_S,
		};

		if (left <= 0 || ppoll(&p, 1, &ts, NULL) <= 0 ||
		    read_queue(u, frame, sizeof frame, &a) == 0)
			return;
	}
}

/* Both by hardware, or neither. */
static bool
take_pair(struct net_udp_client *u, const struct net_stamp_raw *raw,
    struct net_stamp *rx)
{
	struct net_stamp_at at;

	if (!u->hardware || u->tx_hard.source == NET_STAMP_NONE ||
	    !net_stamp_rx(u->hardware, raw, rx->real, &at) ||
	    tstamp_wall_diff(at.real, u->tx_hard.real).ns < 0)
		return false;
	*rx = hard_stamp(rx, &at);
	u->tx = u->tx_hard;
	return true;
}

static void
take_rx(struct net_udp_client *u, const struct net_stamp_raw *raw,
    struct net_stamp *rx)
{
	struct dur ago;

	*rx = read_now();
	ago = tstamp_wall_diff(rx->real, raw->soft);
	if (raw->soft.ns != 0 && ago.ns >= 0 && ago.ns <= RX_OLD_NS &&
	    tstamp_wall_diff(raw->soft, u->pre.real).ns >= 0)
		*rx = stamp_of(rx, raw->soft, NET_STAMP_KERNEL);
	if (take_pair(u, raw, rx))
		return;
	u->tx = u->tx_soft;
	if (u->tx.source == NET_STAMP_KERNEL &&
	    tstamp_wall_diff(rx->real, u->tx.real).ns < 0)
		u->tx = u->pre;
}

int
net_udp_recv(struct net_udp_client *u, void *buf, size_t max, size_t *len,
    struct net_stamp *rx)
{
	struct arrival a = {0};
	int err = ERR_AGAIN;

	*len = 0;
	memset(rx, 0, sizeof *rx);
	if (u->tx_wanted)
		err = read_queue(u, buf, max, &a);
	if (err < 0)
		err = receive(u->fd, 0, buf, max, &a);
	/* What nobody waits for any more must not wake us for ever. */
	if (err == ERR_AGAIN && u->tx_stamps)
		err = read_queue(u, buf, max, &a);
	if (err < 0)
		return err;
	if (a.flags & MSG_TRUNC)
		return ERR_BAD;
	*len = (size_t)a.len;
	if (u->may_wait && u->tx_wanted && a.stamp.phc_ns != 0)
		await_tx(u);
	take_rx(u, &a.stamp, rx);
	return 0;
}

int
net_udp_local_of(int fd, struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	memset(a, 0, sizeof *a);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return ERR_SYSTEM;
	addr_from_sockaddr(a, (struct sockaddr *)&ss);
	return a->family == ADDR_NONE ? ERR_ABSENT : 0;
}

int
net_udp_local(const struct net_udp_client *u, struct addr *a)
{
	return net_udp_local_of(u->fd, a);
}

void
net_udp_close(struct net_udp_client *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	u->tx_wanted = false;
}
