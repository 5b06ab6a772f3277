/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets on loopback as if an interface had stamped them: the calls that
 * receive are replaced by ones that add to what the kernel says the stamps
 * of a clock that is 37 s ahead, the sender's in a message of its own.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/stamp.h"
#include "net/udp.h"

#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif

#define S        TSTAMP_NS_PER_S
#define AHEAD_NS (37 * S)
#define RX_NS    2000 /* the wire before the kernel's stamp */
#define TX_NS    1000 /* and after it */
#define ERROR_NS 500
#define WAIT_NS  1000000

static struct {
	bool on;
	bool alone;         /* a hardware stamp comes without the kernel's */
	bool no_tx;         /* none of what is sent */
	bool late;          /* or not before late is false */
	bool wrong;         /* the mapping is off by far */
	int64_t pending_ns; /* of a packet sent, as the kernel stamped it */
	bool never;         /* not even then */
	unsigned polled_cnt;
	int64_t rx_ns; /* stamps of the kernel, as seen last */
	int64_t tx_ns;
} card;

static struct cmsghdr *
find_stamps(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPING)
			return c;
	return NULL;
}

static struct timespec
spec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / S, .tv_nsec = ns % S};
}

static void
patch(struct msghdr *msg)
{
	struct cmsghdr *c = find_stamps(msg);
	struct timespec ts[3];
	int64_t ns;

	if (!card.on || !c)
		return;
	memcpy(ts, CMSG_DATA(c), sizeof ts);
	ns = ts[0].tv_sec * S + ts[0].tv_nsec;
	if (!(msg->msg_flags & MSG_ERRQUEUE)) {
		card.rx_ns = ns;
		ts[2] = spec(ns - RX_NS + AHEAD_NS);
	} else if (card.alone) {
		card.tx_ns = ns;
		ts[0] = spec(0);
		ts[2] = spec(ns + TX_NS + AHEAD_NS);
	} else {
		card.tx_ns = ns;
		card.pending_ns = card.no_tx ? 0 : ns;
	}
	memcpy(CMSG_DATA(c), ts, sizeof ts);
}

static ssize_t
give_pending(struct msghdr *msg)
{
	struct timespec ts[3] = {{0, 0}, {0, 0}, {0, 0}};
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	ts[2] = spec(card.pending_ns + TX_NS + AHEAD_NS);
	card.pending_ns = 0;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(sizeof ts);
	memcpy(CMSG_DATA(c), ts, sizeof ts);
	msg->msg_controllen = CMSG_SPACE(sizeof ts);
	msg->msg_flags = MSG_ERRQUEUE;
	return 0;
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	if (card.on && card.pending_ns != 0 && !card.late &&
	    flags & MSG_ERRQUEUE)
		return give_pending(msg);
	n = syscall(SYS_recvmsg, fd, msg, flags);
	if (n >= 0)
		patch(msg);
	return n;
}

int
recvmmsg(int fd, struct mmsghdr *v, unsigned cnt, int flags,
    struct timespec *timeout)
{
	int n = (int)syscall(SYS_recvmmsg, fd, v, cnt, flags, timeout);

	for (int i = 0; i < n; i++)
		patch(&v[i].msg_hdr);
	return n;
}

/* The interface tells at last. */
int
ppoll(struct pollfd *fds, nfds_t cnt, const struct timespec *timeout,
    const sigset_t *mask)
{
	(void)mask;
	assert_int_equal(cnt, 1);
	assert_in_range(timeout->tv_nsec, 1, WAIT_NS);
	card.polled_cnt++;
	if (card.never)
		return 0;
	card.late = false;
	fds->revents = POLLERR;
	return 1;
}

static int
map(void *ctx, const struct net_stamp_raw *raw, bool rx, struct wall *real,
    struct dur *error)
{
	(void)ctx, (void)rx;
	real->ns = raw->phc_ns - AHEAD_NS + (card.wrong ? 5 * S : 0);
	error->ns = ERROR_NS;
	return 0;
}

/* A client and a server on loopback, with the kernel's stamps on. */
struct pair {
	struct net_hardware h;
	struct net_udp_client u;
	struct net_udp_batch *b;
	struct addr at;
	struct dur wait;
	int fd, hold;
};

static int
setup(void **state)
{
	static struct pair p;
	struct net_udp_client named;

	memset(&card, 0, sizeof card);
	memset(&p, 0, sizeof p);
	p.h.map = map;
	p.hold = net_udp_hold_stamps();
	usleep(50000); /* the kernel switches them on in its own time */
	p.b = net_udp_batch_new();
	if (addr_parse(&p.at, "127.0.0.1") < 0)
		return -1;
	p.fd = named.fd = net_udp_listen(&p.at, NULL);
	if (!p.b || p.fd < 0 || net_udp_local(&named, &p.at) < 0)
		return -1;
	card.on = true;
	*state = &p;
	return 0;
}

static int
teardown(void **state)
{
	struct pair *p = *state;

	card.on = false;
	close(p->fd);
	close(p->hold);
	net_udp_batch_free(p->b);
	return 0;
}

/* A question to the server, which has it in its batch. */
static void
ask(struct pair *p)
{
	struct net_udp_options o = {
	    .hardware = &p->h, .hardware_wait = p->wait};

	assert_int_equal(net_udp_open(&p->u, &p->at, &o), 0);
	assert_int_equal(net_udp_send(&p->u, "ask", 3), 0);
	for (int i = 0; i < 1000 && net_udp_batch_recv(p->b, p->fd) == 0; i++)
		usleep(1000);
	assert_int_equal(p->b->cnt, 1);
}

static void
answer(struct pair *p, struct net_stamp *rx)
{
	uint8_t buf[64];
	size_t len;
	int err = ERR_AGAIN;

	memcpy(p->b->at[0].out, "answer", 6);
	p->b->at[0].out_len = 6;
	assert_int_equal(net_udp_batch_send(p->b, p->fd), 1);
	for (int i = 0; err == ERR_AGAIN && i < 1000; i++) {
		err = net_udp_recv(&p->u, buf, sizeof buf, &len, rx);
		usleep(err == ERR_AGAIN ? 1000 : 0);
	}
	assert_int_equal(err, 0);
	assert_int_equal(len, 6);
}

/* Both stamps are the card's, each in its place. */
static void
expect_hardware(const struct pair *p, const struct net_stamp *rx)
{
	assert_int_equal(rx->source, NET_STAMP_HARDWARE);
	assert_int_equal(rx->real.ns, card.rx_ns - RX_NS);
	assert_int_equal(rx->error.ns, ERROR_NS);
	assert_int_equal(p->u.tx.source, NET_STAMP_HARDWARE);
	assert_int_equal(p->u.tx.real.ns, card.tx_ns + TX_NS);
	assert_in_range(rx->real.ns - p->u.tx.real.ns -
		(rx->mono.ns - p->u.tx.mono.ns) + 1000000,
	    0, 2000000);
}

static void
expect_kernel(const struct pair *p, const struct net_stamp *rx)
{
	assert_int_equal(rx->source, NET_STAMP_KERNEL);
	assert_int_equal(rx->real.ns, card.rx_ns);
	assert_int_equal(rx->error.ns, 0);
	assert_int_equal(p->u.tx.source, NET_STAMP_KERNEL);
	assert_int_equal(p->u.tx.real.ns, card.tx_ns);
}

static void
both_ways(void **state)
{
	struct pair *p = *state;
	struct net_stamp rx;

	ask(p);
	answer(p, &rx);
	expect_hardware(p, &rx);
	assert_int_equal(p->h.used_cnt, 2);
	assert_int_equal(p->h.refused_cnt, 0);
	net_udp_close(&p->u);
}

/* One alone would make half of what lies between the kinds an error. */
static void
one_way_only(void **state)
{
	struct pair *p = *state;
	struct net_stamp rx;

	card.no_tx = true;
	ask(p);
	answer(p, &rx);
	expect_kernel(p, &rx);
	net_udp_close(&p->u);
}

/* It may come after the question, but not after the answer. */
static void
late_stamp(void **state)
{
	struct pair *p = *state;
	struct net_stamp rx;

	card.late = true;
	ask(p);
	assert_int_equal(p->u.tx.source, NET_STAMP_KERNEL);
	card.late = false;
	answer(p, &rx);
	expect_hardware(p, &rx);
	net_udp_close(&p->u);
	card.late = true;
	ask(p);
	answer(p, &rx);
	expect_kernel(p, &rx);
	net_udp_close(&p->u);
}

static void
answer_waits(void **state)
{
	struct pair *p = *state;
	struct net_stamp rx;

	p->wait.ns = WAIT_NS;
	ask(p);
	answer(p, &rx);
	expect_hardware(p, &rx);
	assert_int_equal(card.polled_cnt, 0); /* it was there */
	net_udp_close(&p->u);
	card.late = true;
	ask(p);
	answer(p, &rx);
	expect_hardware(p, &rx);
	assert_int_equal(card.polled_cnt, 1);
	net_udp_close(&p->u);
	/* Once for a question, however many answers come to it. */
	card.late = card.never = true;
	ask(p);
	answer(p, &rx);
	expect_kernel(p, &rx);
	answer(p, &rx);
	assert_int_equal(card.polled_cnt, 2);
	net_udp_close(&p->u);
}

static void
against_the_kernel(void **state)
{
	struct pair *p = *state;
	struct net_stamp rx;

	card.wrong = true;
	ask(p);
	answer(p, &rx);
	expect_kernel(p, &rx);
	assert_int_equal(p->h.used_cnt, 0);
	assert_in_range(p->h.refused_cnt, 1, 2);
	net_udp_close(&p->u);
}

static void
expect_counts(
    const uint64_t cnt[NET_STAMP_CNT], uint64_t kernel, uint64_t hardware)
{
	assert_int_equal(cnt[NET_STAMP_USER], 0);
	assert_int_equal(cnt[NET_STAMP_KERNEL], kernel);
	assert_int_equal(cnt[NET_STAMP_HARDWARE], hardware);
}

static void
server(void **state)
{
	struct net_udp_sent sent[NET_UDP_BATCH];
	struct pair *p = *state;
	size_t cnt = 0;

	assert_int_equal(net_udp_hardware(p->fd), 0);
	p->b->hardware = &p->h;
	card.alone = true;
	ask(p);
	assert_true(p->b->at[0].kernel_stamp);
	assert_int_equal(p->b->at[0].received.ns, card.rx_ns - RX_NS);
	expect_counts(p->b->rx_stamp_cnt, 0, 1);
	memcpy(p->b->at[0].out, "answer", 6);
	p->b->at[0].out_len = 6;
	p->b->at[0].out_stamp = true;
	assert_int_equal(net_udp_batch_send(p->b, p->fd), 1);
	for (int i = 0; i < 1000 && cnt == 0; i++) {
		cnt = net_udp_batch_sent(p->b, p->fd, sent);
		usleep(cnt == 0 ? 1000 : 0);
	}
	assert_int_equal(cnt, 1);
	assert_int_equal(sent[0].at.ns, card.tx_ns + TX_NS);
	expect_counts(p->b->tx_stamp_cnt, 0, 1);
	net_udp_close(&p->u);
	/* A stamp that cannot be told is none. */
	card.wrong = true;
	ask(p);
	assert_int_equal(p->b->at[0].received.ns, card.rx_ns);
	p->b->at[0].out_len = 6;
	p->b->at[0].out_stamp = true;
	assert_int_equal(net_udp_batch_send(p->b, p->fd), 1);
	usleep(20000);
	assert_int_equal(net_udp_batch_sent(p->b, p->fd, sent), 0);
	expect_counts(p->b->rx_stamp_cnt, 1, 1);
	expect_counts(p->b->tx_stamp_cnt, 0, 1);
	net_udp_close(&p->u);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(both_ways),
	    CASE(one_way_only),
	    CASE(late_stamp),
	    CASE(answer_waits),
	    CASE(against_the_kernel),
	    CASE(server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
