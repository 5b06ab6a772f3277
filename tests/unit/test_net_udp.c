/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP on loopback: stamps of both directions, batches, answers from the
 * address that was asked, and the loop that waits for them.  Without IPv6
 * its half says so and is left out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/loop.h"
#include "net/udp.h"
#include "os/clock.h"

static struct addr
addr_of(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text), 0);
	a.port = port;
	return a;
}

/* A listener on a port the kernel chose. */
static int
listen_any(const char *text, struct addr *at)
{
	struct net_udp_client named;
	struct addr wish = addr_of(text, 0);
	int fd = net_udp_listen(&wish, NULL);

	if (fd < 0)
		return fd;
	named.fd = fd;
	assert_int_equal(net_udp_local(&named, at), 0);
	return fd;
}

static void
expect_recv(struct net_udp_client *u, const char *want, struct net_stamp *rx)
{
	char buf[NET_UDP_DATA_MAX];
	size_t len;
	int err = ERR_AGAIN;

	for (int i = 0; err == ERR_AGAIN && i < 1000; i++) {
		err = net_udp_recv(u, buf, sizeof buf, &len, rx);
		if (err == ERR_AGAIN)
			usleep(1000);
	}
	assert_int_equal(err, 0);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(buf, want, len);
}

static void
echo_one(int fd, struct net_udp_batch *b, const char *text)
{
	int n = 0;

	for (int i = 0; n == 0 && i < 1000; i++) {
		n = net_udp_batch_recv(b, fd);
		if (n == 0)
			usleep(1000);
	}
	assert_int_equal(n, 1);
	b->at[0].out_len = strlen(text);
	memcpy(b->at[0].out, text, b->at[0].out_len);
	assert_int_equal(net_udp_batch_send(b, fd), 1);
}

/* Return: whether the machine was quick enough for the bounds to hold, and
 * the kernel had switched its stamps on, which it does in its own time. */
static bool
exchange_on(const char *text)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct net_stamp rx;
	struct wall before, after;
	struct addr at, mine;
	int fd = listen_any(text, &at);
	bool quick;

	if (fd == ERR_ABSENT) {
		printf("no %s here: left out\n", text);
		net_udp_batch_free(b);
		return true;
	}
	assert_true(fd >= 0);
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	assert_int_equal(net_udp_local(&u, &mine), 0);
	before = os_clock_real();
	assert_int_equal(net_udp_send(&u, "ask", 3), 0);
	quick = os_clock_real().ns - before.ns < 5000000;
	usleep(20000);
	echo_one(fd, b, "answer");
	assert_int_equal(b->at[0].len, 3);
	assert_memory_equal(b->at[0].data, "ask", 3);
	assert_true(addr_same_host(&b->at[0].from, &mine));
	assert_int_equal(b->at[0].from.port, mine.port);
	assert_true(addr_same_host(&b->at[0].to, &at));
	assert_int_equal(
	    b->rx_stamp_cnt[NET_STAMP_KERNEL], b->at[0].kernel_stamp);
	assert_int_equal(
	    b->rx_stamp_cnt[NET_STAMP_USER], !b->at[0].kernel_stamp);
	quick = quick && b->at[0].kernel_stamp;
	/* Stamped on arrival, not when we came to read it. */
	assert_true(b->at[0].received.ns >= before.ns);
	if (quick)
		assert_true(b->at[0].received.ns < before.ns + 10000000);
	usleep(20000);
	expect_recv(&u, "answer", &rx);
	after = os_clock_real();
	if (quick) {
		assert_int_equal(rx.source, NET_STAMP_KERNEL);
		assert_int_equal(u.tx.source, NET_STAMP_KERNEL);
	}
	assert_true(u.pre.real.ns <= u.tx.real.ns);
	assert_true(u.tx.real.ns <= b->at[0].received.ns);
	assert_true(b->at[0].received.ns < rx.real.ns);
	if (quick)
		assert_true(rx.real.ns < after.ns - 10000000);
	assert_true(llabs(rx.mono.ns - u.tx.mono.ns -
			(rx.real.ns - u.tx.real.ns)) < 2000000);
	net_udp_close(&u);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
	return quick;
}

/* A question that waits in the batch. */
static void
ask_one(struct net_udp_client *u, struct net_udp_batch *b, int fd)
{
	assert_int_equal(net_udp_send(u, "ask", 3), 0);
	for (int i = 0; i < 1000 && net_udp_batch_recv(b, fd) == 0; i++)
		usleep(1000);
	assert_int_equal(b->cnt, 1);
}

/* In two parts, changed in between, with a stamp; and one given up, of which
 * nothing may be in the next. */
static void
ahead_on(const char *text)
{
	struct net_udp_sent sent[NET_UDP_BATCH];
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct net_stamp rx;
	struct addr at;
	int fd = listen_any(text, &at);
	size_t n = 0;

	if (fd == ERR_ABSENT) {
		net_udp_batch_free(b);
		return;
	}
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	ask_one(&u, b, fd);
	b->at[0].out_len = 10;
	b->at[0].out_stamp = true;
	memcpy(b->at[0].out, "head-gone!", 10);
	assert_int_equal(net_udp_batch_head(b, fd, 0, 5), 0);
	net_udp_batch_drop(b, fd, 0);
	assert_int_equal(b->at[0].out_len, 0);
	assert_int_equal(b->lost_cnt, 1);
	b->at[0].out_len = 10;
	memcpy(b->at[0].out, "head-????\n", 10);
	assert_int_equal(net_udp_batch_head(b, fd, 0, 5), 0);
	memcpy(b->at[0].out + 5, "rest.", 5);
	net_udp_batch_rest(b, fd, 0, 5);
	assert_int_equal(b->at[0].out_len, 0);
	assert_int_equal(b->lost_cnt, 1);
	expect_recv(&u, "head-rest.", &rx);
	for (int i = 0; n == 0 && i < 1000; i++) {
		n = net_udp_batch_sent(b, fd, sent);
		if (n == 0)
			usleep(1000);
	}
	assert_int_equal(n, 1);
	assert_int_equal(sent[0].len, 10);
	assert_memory_equal(sent[0].data, "head-rest.", 10);
	ask_one(&u, b, fd);
	b->at[0].out_len = 4;
	memcpy(b->at[0].out, "next", 4);
	assert_int_equal(net_udp_batch_send(b, fd), 1);
	expect_recv(&u, "next", &rx);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
head_goes_ahead(void **state)
{
	(void)state;
	ahead_on("127.0.0.1");
	ahead_on("::1");
}

/* When an answer leaves, if that was asked, with the answer itself. */
static void
sent_on(const char *text, bool wanted)
{
	struct net_udp_sent sent[NET_UDP_BATCH];
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct net_stamp rx;
	struct wall before, after;
	struct addr at;
	char answer[1200];
	int fd = listen_any(text, &at);
	size_t n = 0;

	if (fd == ERR_ABSENT) {
		net_udp_batch_free(b);
		return;
	}
	memset(answer, 'a', sizeof answer);
	answer[sizeof answer - 1] = '\0';
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	assert_int_equal(net_udp_send(&u, "ask", 3), 0);
	for (int i = 0; i < 1000 && net_udp_batch_recv(b, fd) == 0; i++)
		usleep(1000);
	assert_int_equal(b->cnt, 1);
	assert_false(b->at[0].out_stamp);
	b->at[0].out_stamp = wanted;
	b->at[0].out_len = strlen(answer);
	memcpy(b->at[0].out, answer, b->at[0].out_len);
	before = os_clock_real();
	assert_int_equal(net_udp_batch_send(b, fd), 1);
	for (int i = 0; n == 0 && i < (wanted ? 1000 : 20); i++) {
		n = net_udp_batch_sent(b, fd, sent);
		if (n == 0)
			usleep(1000);
	}
	after = os_clock_real();
	assert_int_equal(n, wanted);
	if (wanted) {
		assert_int_equal(sent[0].len, strlen(answer));
		assert_memory_equal(sent[0].data, answer, sent[0].len);
		assert_in_range(sent[0].at.ns, before.ns, after.ns);
	}
	assert_int_equal(b->tx_stamp_cnt[NET_STAMP_KERNEL], wanted);
	assert_int_equal(net_udp_batch_sent(b, fd, sent), 0);
	expect_recv(&u, answer, &rx);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
stamps_of_answers(void **state)
{
	(void)state;
	sent_on("127.0.0.1", true);
	sent_on("127.0.0.1", false);
	sent_on("::1", true);
}

static void
stamps_of_both_directions(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	int hold = net_udp_hold_stamps();

	(void)state;
	assert_true(hold >= 0);
	for (size_t i = 0; i < 2; i++) {
		int tries = 0;

		while (!exchange_on(hosts[i]))
			assert_true(++tries < 20);
	}
	close(hold);
}

static bool
waits(int fd, int queue)
{
	uint8_t data[64];

	return recv(fd, data, sizeof data, queue | MSG_DONTWAIT) >= 0;
}

/* Whether it talks to itself: a datagram sent on it comes back. */
static bool
comes_back(int fd)
{
	return send(fd, "x", 1, 0) == 1 && waits(fd, 0);
}

/* Nothing may pile up in a socket that is kept for ever. */
static void
rehearsals_leave_nothing(void **state)
{
	int hold = net_udp_hold_stamps();

	(void)state;
	assert_true(hold >= 0);
	assert_true(comes_back(hold));
	for (int i = 0; i < 1000; i++)
		net_udp_rehearse(hold);
	assert_false(waits(hold, 0));
	assert_false(waits(hold, MSG_ERRQUEUE));
	assert_true(comes_back(hold));
	close(hold);
}

/* As where loopback is down: nothing to rehearse with, and no complaint. */
static void
rehearsal_without_loopback(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_true(fd >= 0);
	net_udp_rehearse(fd);
	assert_false(waits(fd, 0));
	close(fd);
}

/* Ports are fresh and differ (RFC 9109). */
static void
ports_are_fresh(void **state)
{
	struct addr at, mine[16];
	int fd = listen_any("127.0.0.1", &at), steps = 0;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct net_udp_client u;

		assert_int_equal(net_udp_open(&u, &at, NULL), 0);
		assert_int_equal(net_udp_local(&u, &mine[i]), 0);
		net_udp_close(&u);
		if (i > 0 && abs(mine[i].port - mine[i - 1].port) > 16)
			steps++;
	}
	assert_true(steps > 10);
	close(fd);
}

static void
without_kernel_stamps(void **state)
{
	struct net_udp_options o = {
	    .no_stamps = true, .bind = addr_of("127.0.0.5", 99)};
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct net_stamp rx;
	struct addr at, mine;
	int fd = listen_any("127.0.0.1", &at);

	(void)state;
	assert_int_equal(net_udp_open(&u, &at, &o), 0);
	assert_int_equal(net_udp_local(&u, &mine), 0);
	assert_true(addr_same_host(&mine, &o.bind));
	assert_int_not_equal(mine.port, 99);
	assert_int_equal(net_udp_send(&u, "ask", 3), 0);
	echo_one(fd, b, "answer");
	expect_recv(&u, "answer", &rx);
	assert_int_equal(rx.source, NET_STAMP_USER);
	assert_int_equal(u.tx.source, NET_STAMP_USER);
	assert_true(u.tx.real.ns <= rx.real.ns);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
batches(void **state)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u[100];
	struct addr at;
	int fd = listen_any("127.0.0.1", &at), n;
	static uint8_t big[NET_UDP_DATA_MAX + 1];
	struct net_stamp rx;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(net_udp_open(&u[i], &at, NULL), 0);
		assert_int_equal(net_udp_send(&u[i], &i, sizeof i), 0);
	}
	for (int at_all = 0; at_all < 100; at_all += n) {
		int left = 100 - at_all, answers = 0;

		n = net_udp_batch_recv(b, fd);
		assert_int_equal(
		    n, left < NET_UDP_BATCH ? left : NET_UDP_BATCH);
		for (int i = 0; i < n; i++) {
			int which;

			memcpy(&which, b->at[i].data, sizeof which);
			assert_int_equal(which, at_all + i);
			if (which % 3 == 0) /* the others get none */
				continue;
			memcpy(b->at[i].out, &which, sizeof which);
			b->at[i].out_len = sizeof which;
			answers++;
		}
		assert_int_equal(net_udp_batch_send(b, fd), answers);
	}
	assert_int_equal(net_udp_batch_recv(b, fd), 0);
	for (int i = 0; i < 100; i++) {
		size_t len;
		int which,
		    err = net_udp_recv(&u[i], &which, sizeof which, &len, &rx);

		assert_int_equal(err, i % 3 == 0 ? ERR_AGAIN : 0);
		assert_true(i % 3 == 0 || which == i);
	}
	/* A13: cut by the kernel, marked; an empty one is an empty one. */
	assert_int_equal(net_udp_send(&u[0], big, sizeof big), 0);
	assert_int_equal(net_udp_send(&u[0], big, sizeof big - 1), 0);
	assert_int_equal(net_udp_send(&u[0], big, 0), 0);
	assert_int_equal(net_udp_batch_recv(b, fd), 3);
	assert_true(b->at[0].truncated);
	assert_false(b->at[1].truncated);
	assert_int_equal(b->at[1].len, NET_UDP_DATA_MAX);
	assert_int_equal(b->at[2].len, 0);
	for (int i = 0; i < 100; i++)
		net_udp_close(&u[i]);
	close(fd);
	net_udp_batch_free(b);
}

/* Multi-homed: the answer comes from where the question went. */
static void
answers_from_the_asked_address(void **state)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct net_stamp rx;
	struct addr at, to;
	int fd = listen_any("0.0.0.0", &at);

	(void)state;
	to = addr_of("127.1.2.3", at.port);
	assert_int_equal(net_udp_open(&u, &to, NULL), 0);
	assert_int_equal(net_udp_send(&u, "ask", 3), 0);
	echo_one(fd, b, "answer");
	assert_true(addr_same_host(&b->at[0].to, &to));
	expect_recv(&u, "answer", &rx); /* connected: else not delivered */
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
answers_are_never_fragments(void **state)
{
	int v4 = -1, v6 = -1;
	socklen_t len = sizeof v4;
	struct addr at;
	int fd = listen_any("0.0.0.0", &at);

	(void)state;
	assert_int_equal(
	    getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, &len), 0);
	assert_int_equal(v4, IP_PMTUDISC_PROBE);
	close(fd);
	fd = listen_any("::1", &at);
	if (fd == ERR_ABSENT)
		return;
	assert_int_equal(
	    getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, &len), 0);
	assert_int_equal(v6, IPV6_PMTUDISC_PROBE);
	close(fd);
}

/* What finds the queue full is counted for the next one that does not. */
static void
full_queue_is_told(void **state)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	struct addr at;
	int fd = listen_any("127.0.0.1", &at);

	(void)state;
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	for (int i = 0; i < 12000; i++)
		(void)send(u.fd, "flood", 5, 0);
	while (net_udp_batch_recv(b, fd) > 0)
		assert_int_equal(b->missed_cnt, 0);
	ask_one(&u, b, fd);
	assert_in_range(b->missed_cnt, 1, 12000);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
failures(void **state)
{
	struct addr at, shared;
	struct net_udp_client u;
	struct net_stamp rx;
	char buf[8];
	size_t len;
	int fd = listen_any("127.0.0.1", &at), second;
	static uint8_t huge[70000];

	(void)state;
	/* Ours share the port, a stranger's is noticed. */
	second = net_udp_listen(&at, NULL);
	assert_true(second >= 0);
	assert_int_equal(net_udp_probe(&at, NULL), ERR_FULL);
	close(second);
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	assert_int_equal(net_udp_send(&u, huge, sizeof huge), ERR_FULL);
	close(fd);
	assert_int_equal(net_udp_probe(&at, NULL), 0);
	/* Nobody there: told by the next call, as a hint. */
	assert_int_equal(net_udp_send(&u, "x", 1), 0);
	assert_int_equal(
	    net_udp_recv(&u, buf, sizeof buf, &len, &rx), ERR_CLOSED);
	assert_int_equal(
	    net_udp_recv(&u, buf, sizeof buf, &len, &rx), ERR_AGAIN);
	net_udp_close(&u);
	shared = (struct addr){0};
	assert_true(net_udp_open(&u, &shared, NULL) < 0);
	assert_int_equal(u.fd, -1);
}

struct waiter {
	struct net_loop *loop;
	struct net_udp_client u;
	struct net_stamp rx;
	int calls;
	bool got;
};

static void
on_read(void *arg, unsigned what)
{
	struct waiter *w = arg;
	char buf[64];
	size_t len;

	assert_int_equal(what, NET_READ);
	w->calls++;
	while (net_udp_recv(&w->u, buf, sizeof buf, &len, &w->rx) == 0)
		w->got = true;
	if (w->got)
		net_loop_stop(w->loop);
}

static void
loop_waits_for_answers(unsigned flags)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct waiter w = {0};
	struct net_watch watch;
	struct addr at;
	int fd = listen_any("127.0.0.1", &at);

	w.loop = net_loop_new(flags);
	assert_int_equal(net_udp_open(&w.u, &at, NULL), 0);
	assert_int_equal(net_watch_init(&watch, w.loop, on_read, &w), 0);
	net_watch_set(&watch, w.u.fd, NET_READ);
	assert_int_equal(net_udp_send(&w.u, "ask", 3), 0);
	echo_one(fd, b, "answer");
	assert_int_equal(net_loop_run(w.loop), 0);
	assert_true(w.got);
	assert_true(w.calls <= 2); /* the error queue does not spin it */
	net_watch_fini(&watch);
	net_udp_close(&w.u);
	net_loop_free(w.loop);
	close(fd);
	net_udp_batch_free(b);
}

static void
loop_waits(void **state)
{
	(void)state;
	loop_waits_for_answers(0);
	loop_waits_for_answers(NET_LOOP_SINGLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(head_goes_ahead),
	    cmocka_unit_test(stamps_of_both_directions),
	    cmocka_unit_test(stamps_of_answers),
	    cmocka_unit_test(ports_are_fresh),
	    cmocka_unit_test(rehearsals_leave_nothing),
	    cmocka_unit_test(rehearsal_without_loopback),
	    cmocka_unit_test(without_kernel_stamps),
	    cmocka_unit_test(batches),
	    cmocka_unit_test(answers_from_the_asked_address),
	    cmocka_unit_test(answers_are_never_fragments),
	    cmocka_unit_test(full_queue_is_told),
	    cmocka_unit_test(failures),
	    cmocka_unit_test(loop_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
