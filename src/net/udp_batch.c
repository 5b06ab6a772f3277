/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Server sockets: many datagrams per system call, each answer sent from the
 * address its request came to.  All room is allocated once.  Where the batch
 * calls are refused, one at a time.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/udp.h"
#include "os/clock.h"
#include "sock_priv.h"

#define CONTROL_MAX 256
#define QUEUE_LEN   (2 << 20) /* bytes of the kernel's; 0.8 KiB a request */
#define TOO_LONG    (65536 / NET_UDP_DATA_MAX) /* buffers; less one byte */

struct control {
	_Alignas(struct cmsghdr) char room[CONTROL_MAX];
};

/* Buffers a power of two apart would all want the same few lines of the
 * nearest cache. */
struct buffer {
	uint8_t data[NET_UDP_DATA_MAX];
	uint8_t apart[5 * 64];
};

struct net_udp_room {
	struct mmsghdr in_msg[NET_UDP_BATCH];
	struct mmsghdr out_msg[NET_UDP_BATCH];
	struct iovec in_iov[NET_UDP_BATCH];
	struct iovec out_iov[NET_UDP_BATCH];
	struct sockaddr_storage name[NET_UDP_BATCH];
	struct control in_control[NET_UDP_BATCH];
	struct control out_control[NET_UDP_BATCH];
	struct buffer in[NET_UDP_BATCH];
	struct buffer out[NET_UDP_BATCH];
	bool single_recv; /* the batch calls are not to be had */
	bool single_send;
	bool no_stamps; /* nor stamps of single answers */
	struct queue *queue;
};

/* Answers that the kernel hands back with their time, whole frames. */
struct queue {
	struct mmsghdr msg[NET_UDP_BATCH];
	struct iovec iov[NET_UDP_BATCH];
	struct control control[NET_UDP_BATCH];
	uint8_t frame[NET_UDP_BATCH][NET_UDP_DATA_MAX];
};

/* No answer is ever a fragment: fragments can be forged, and path MTUs, too,
 * so those are not believed.  What fits the link leaves whole, and the kernel
 * need not number it. */
static void
never_fragment(int fd, const struct addr *at)
{
	int v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE;

	if (at->family == ADDR_V6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
	else
		(void)setsockopt(
		    fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
}

/* For the bursts of several milliseconds; the kernel's default holds less
 * than one.  More than its limit is for the privileged.  What does not fit is
 * counted for us. */
static void
make_room(int fd)
{
	int len = QUEUE_LEN;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof len) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len);
	net_sock_on(fd, SOL_SOCKET, SO_RXQ_OVFL);
}

static int
set_options(int fd, const struct addr *at)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	int err;

	/* Workers share the port; where that is refused there is one. */
	net_sock_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (at->family == ADDR_V6) {
		err = net_sock_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		if (err == 0)
			err = net_sock_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	} else {
		err = net_sock_on(fd, IPPROTO_IP, IP_PKTINFO);
	}
	if (err == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) <
		0)
		net_sock_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	never_fragment(fd, at);
	make_room(fd);
	/* The address may come up after we do. */
	if (!addr_is_unspecified(at) && at->family == ADDR_V4)
		net_sock_on(fd, IPPROTO_IP, IP_FREEBIND);
	return err;
}

int
net_udp_listen(const struct addr *at, const char *device)
{
	int fd = net_sock_open(at->family, SOCK_DGRAM);
	int err;

	if (fd < 0)
		return fd;
	err = set_options(fd, at);
	if (err == 0)
		err = net_sock_bind(fd, at, device);
	return err < 0 ? net_sock_fail(fd, err) : fd;
}

int
net_udp_hardware(int fd)
{
	return net_stamp_ask(fd, false, true);
}

int
net_udp_probe(const struct addr *at, const char *device)
{
	return net_sock_probe(at, device, SOCK_DGRAM);
}

void
net_udp_batch_free(struct net_udp_batch *b)
{
	if (!b)
		return;
	if (b->room)
		free(b->room->queue);
	free(b->room);
	free(b);
}

struct net_udp_batch *
net_udp_batch_new(void)
{
	struct net_udp_batch *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->room = calloc(1, sizeof *b->room);
	if (b->room)
		b->room->queue = calloc(1, sizeof *b->room->queue);
	if (!b->room || !b->room->queue) {
		net_udp_batch_free(b);
		return NULL;
	}
	for (size_t i = 0; i < NET_UDP_BATCH; i++) {
		b->at[i].data = b->room->in[i].data;
		b->at[i].out = b->room->out[i].data;
	}
	return b;
}

/* The kernel writes over these at each call. */
static void
prepare(struct net_udp_room *r, size_t i)
{
	struct msghdr *m = &r->in_msg[i].msg_hdr;

	r->in_iov[i] = (struct iovec){r->in[i].data, NET_UDP_DATA_MAX};
	m->msg_name = &r->name[i];
	m->msg_namelen = sizeof r->name[i];
	m->msg_iov = &r->in_iov[i];
	m->msg_iovlen = 1;
	m->msg_control = &r->in_control[i];
	m->msg_controllen = sizeof r->in_control[i];
	m->msg_flags = 0;
	r->in_msg[i].msg_len = 0;
}

static bool
is_refusal(void)
{
	return errno == ENOSYS || errno == EBADF || errno == ENOTSOCK ||
	    errno == EOPNOTSUPP;
}

static int
receive(struct net_udp_room *r, int fd)
{
	int n;

	if (!r->single_recv) {
		do
			n = recvmmsg(
			    fd, r->in_msg, NET_UDP_BATCH, MSG_DONTWAIT, NULL);
		while (n < 0 && errno == EINTR);
		if (n >= 0 || !is_refusal())
			return n;
		r->single_recv = true;
	}
	do
		n = (int)recvmsg(fd, &r->in_msg[0].msg_hdr, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return n;
	r->in_msg[0].msg_len = (unsigned)n;
	return 1;
}

static void
describe(struct net_udp_batch *b, struct net_udp_packet *p, struct mmsghdr *m)
{
	struct net_sock_facts facts;
	struct net_stamp_at at;
	enum net_stamp_source by;

	net_sock_facts(&m->msg_hdr, &facts);
	p->len = m->msg_len;
	p->truncated = m->msg_hdr.msg_flags & MSG_TRUNC;
	if (p->len > NET_UDP_DATA_MAX)
		p->len = NET_UDP_DATA_MAX;
	addr_from_sockaddr(&p->from, m->msg_hdr.msg_name);
	p->to = facts.to;
	p->if_idx = facts.if_idx;
	p->kernel_stamp = facts.stamp.ns != 0;
	p->received = p->kernel_stamp ? facts.stamp : os_clock_real();
	by = p->kernel_stamp ? NET_STAMP_KERNEL : NET_STAMP_USER;
	if (b->hardware &&
	    net_stamp_rx(b->hardware, &facts.raw, p->received, &at)) {
		p->received = at.real;
		by = NET_STAMP_HARDWARE;
	}
	b->rx_stamp_cnt[by]++;
	p->out_len = 0;
	p->out_stamp = false;
	b->missed_cnt = facts.lost_cnt;
}

int
net_udp_batch_recv(struct net_udp_batch *b, int fd)
{
	int n;

	/* Only what the last round used needs to be made ready again. */
	for (size_t i = 0; i < NET_UDP_BATCH; i++)
		if (i < b->cnt || !b->room->in_msg[i].msg_hdr.msg_iov)
			prepare(b->room, i);
	b->cnt = 0;
	n = receive(b->room, fd);
	if (n < 0) {
		/* Errors of earlier answers are told here; they are over. */
		int err = net_sock_err();

		return err == ERR_SYSTEM ? err : 0;
	}
	b->cnt = (size_t)n;
	for (size_t i = 0; i < b->cnt; i++)
		describe(b, &b->at[i], &b->room->in_msg[i]);
	return n;
}

/* Room for one more control message of len bytes. */
static inline void *
add_control(struct msghdr *m, int level, int type, size_t len)
{
	size_t at = m->msg_controllen;
	struct cmsghdr c = {.cmsg_level = level, .cmsg_type = type};
	uint8_t *room = (uint8_t *)m->msg_control + at;

	m->msg_controllen += CMSG_SPACE(len);
	memset(room, 0, CMSG_SPACE(len));
	c.cmsg_len = CMSG_LEN(len);
	memcpy(room, &c, sizeof c);
	return room + CMSG_LEN(0);
}

/* Answer from the address that was asked. */
static void
set_source(struct msghdr *m, const struct addr *to)
{
	struct in6_pktinfo v6 = {0};
	struct in_pktinfo v4 = {0};

	if (to->family == ADDR_NONE || addr_is_multicast(to))
		return;
	if (to->family == ADDR_V6) {
		memcpy(&v6.ipi6_addr, to->bytes, 16);
		memcpy(add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, sizeof v6),
		    &v6, sizeof v6);
	} else {
		memcpy(&v4.ipi_spec_dst, to->bytes, 4);
		memcpy(add_control(m, IPPROTO_IP, IP_PKTINFO, sizeof v4), &v4,
		    sizeof v4);
	}
}

/* Only this datagram's stamp: no other costs anything. */
static void
set_stamp(struct msghdr *m, bool hardware)
{
	uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;

	/* Where there is one by hardware it comes alone. */
	if (hardware)
		flags |= SOF_TIMESTAMPING_TX_HARDWARE;
	memcpy(add_control(m, SOL_SOCKET, SO_TIMESTAMPING, sizeof flags),
	    &flags, sizeof flags);
}

/* The message number at of those to send: the answer to packet idx. */
static struct msghdr *
address(struct net_udp_batch *b, size_t idx, unsigned at)
{
	struct net_udp_room *r = b->room;
	struct msghdr *m = &r->out_msg[at].msg_hdr;

	r->out_iov[at] = (struct iovec){r->out[idx].data, b->at[idx].out_len};
	m->msg_name = &r->name[idx];
	m->msg_namelen = r->in_msg[idx].msg_hdr.msg_namelen;
	m->msg_iov = &r->out_iov[at];
	m->msg_iovlen = 1;
	m->msg_flags = 0;
	m->msg_control = &r->out_control[at];
	m->msg_controllen = 0;
	set_source(m, &b->at[idx].to);
	if (b->at[idx].out_stamp && !r->no_stamps)
		set_stamp(m, b->hardware);
	if (m->msg_controllen == 0)
		m->msg_control = NULL;
	return m;
}

static unsigned
collect(struct net_udp_batch *b)
{
	unsigned cnt = 0;

	for (size_t i = 0; i < b->cnt; i++)
		if (b->at[i].out_len > 0)
			address(b, i, cnt++);
	return cnt;
}

/* Return: how many went out from at on, or -1 with errno. */
static int
send_some(struct net_udp_room *r, int fd, unsigned at, unsigned cnt)
{
	ssize_t n;

	if (!r->single_send) {
		n = sendmmsg(
		    fd, r->out_msg + at, cnt - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			return (int)n;
		if (!is_refusal())
			return -1;
		r->single_send = true;
	}
	n = sendmsg(fd, &r->out_msg[at].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -1 : 1;
}

int
net_udp_batch_send(struct net_udp_batch *b, int fd)
{
	unsigned cnt = collect(b), at = 0;
	int sent = 0;

	while (at < cnt) {
		int n = send_some(b->room, fd, at, cnt);

		if (n > 0) {
			at += (unsigned)n;
			sent += n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EINVAL && !b->room->no_stamps) {
			/* An old kernel: without stamps, then. */
			b->room->no_stamps = true;
			collect(b);
			continue;
		}
		if (errno == EAGAIN || errno == ENOBUFS) {
			b->lost_cnt += cnt - at; /* full: late is no use */
			break;
		}
		b->lost_cnt++; /* this one cannot be sent, others may */
		at++;
	}
	for (size_t i = 0; i < b->cnt; i++)
		b->at[i].out_len = 0;
	return sent;
}

int
net_udp_batch_head(struct net_udp_batch *b, int fd, size_t idx, size_t len)
{
	struct msghdr *m;
	ssize_t n;

	for (;;) {
		m = address(b, idx, 0);
		m->msg_iov->iov_len = len;
		n = sendmsg(fd, m, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
		if (n >= 0)
			return 0;
		if (errno == EINVAL && !b->room->no_stamps)
			b->room->no_stamps = true; /* an old kernel */
		else if (errno != EINTR)
			break;
	}
	b->at[idx].out_len = 0;
	b->lost_cnt++;
	return ERR_SYSTEM;
}

void
net_udp_batch_rest(struct net_udp_batch *b, int fd, size_t idx, size_t len)
{
	const uint8_t *rest = b->room->out[idx].data + len;
	ssize_t n;

	do
		n = send(fd, rest, b->at[idx].out_len - len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		b->lost_cnt++;
	b->at[idx].out_len = 0;
}

/* There is no call for it, but a datagram that gets too long is given up. */
void
net_udp_batch_drop(struct net_udp_batch *b, int fd, size_t idx)
{
	struct iovec iov[TOO_LONG];
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = TOO_LONG};

	for (size_t i = 0; i < TOO_LONG; i++)
		iov[i] = (struct iovec){
		    b->room->out[idx].data, NET_UDP_DATA_MAX - (i == 0)};
	(void)sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	b->at[idx].out_len = 0;
	b->lost_cnt++;
}

#define UDP_LEN 8
#define V4_LEN  20 /* our packets have no options */
#define V6_LEN  40

/* Whether the UDP payload of this frame begins at off. */
static bool
is_payload(const uint8_t *frame, size_t len, size_t off)
{
	const uint8_t *udp = frame + off - UDP_LEN;
	const uint8_t *v4 = udp - V4_LEN;

	if ((size_t)(udp[4] << 8 | udp[5]) != len - off + UDP_LEN)
		return false;
	if (v4[0] == 0x45 && v4[9] == IPPROTO_UDP)
		return true;
	return off >= UDP_LEN + V6_LEN && udp[-V6_LEN] >> 4 == 6 &&
	    udp[6 - V6_LEN] == IPPROTO_UDP;
}

/* The kernel gives back the frame with whatever headers the link has. */
static bool
find_payload(const uint8_t *frame, size_t len, struct net_udp_sent *sent)
{
	size_t last = UDP_LEN + V6_LEN + 64;

	for (size_t off = UDP_LEN + V4_LEN; off < len && off <= last; off++)
		if (is_payload(frame, len, off)) {
			sent->data = frame + off;
			sent->len = len - off;
			return true;
		}
	return false;
}

static int
receive_queue(struct queue *q, int fd)
{
	int n;

	for (size_t i = 0; i < NET_UDP_BATCH; i++) {
		struct msghdr *m = &q->msg[i].msg_hdr;

		q->iov[i] = (struct iovec){q->frame[i], NET_UDP_DATA_MAX};
		*m = (struct msghdr){
		    .msg_iov = &q->iov[i],
		    .msg_iovlen = 1,
		    .msg_control = &q->control[i],
		    .msg_controllen = sizeof q->control[i],
		};
		q->msg[i].msg_len = 0;
	}
	do
		n = recvmmsg(fd, q->msg, NET_UDP_BATCH,
		    MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	return n;
}

size_t
net_udp_batch_sent(
    struct net_udp_batch *b, int fd, struct net_udp_sent sent[NET_UDP_BATCH])
{
	struct queue *q = b->room->queue;
	struct net_sock_facts facts;
	struct net_stamp_at at;
	size_t cnt = 0;
	int n;

	if (b->room->single_recv)
		return 0;
	n = receive_queue(q, fd);
	for (int i = 0; i < n; i++) {
		struct msghdr *m = &q->msg[i].msg_hdr;
		enum net_stamp_source by = NET_STAMP_KERNEL;

		net_sock_facts(m, &facts);
		if (b->hardware && facts.stamp.ns == 0 &&
		    net_stamp_left(
			b->hardware, &facts.raw, os_clock_real(), &at)) {
			facts.stamp = at.real;
			by = NET_STAMP_HARDWARE;
		}
		if (!(m->msg_flags & MSG_ERRQUEUE) ||
		    m->msg_flags & MSG_TRUNC || facts.stamp.ns == 0 ||
		    !find_payload(q->frame[i], q->msg[i].msg_len, &sent[cnt]))
			continue;
		sent[cnt++].at = facts.stamp;
		b->tx_stamp_cnt[by]++;
	}
	return cnt;
}
