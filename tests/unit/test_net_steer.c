/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source address alone chooses among the sockets of a port: shown on
 * loopback, with many sources of 127.0.0.0/8 and, where there is IPv6, with
 * the one that there is; for datagrams and for connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/steer.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "steer_rig.h"

#define SOCKETS 3
#define SOURCES 64
#define SECRET  0x123456789abcdef1ULL

static int
listen_on(const char *text, uint16_t port, struct addr *at)
{
	int fd;

	assert_int_equal(addr_parse(at, text), 0);
	at->port = port;
	fd = net_udp_listen(at, NULL);
	if (fd >= 0)
		assert_int_equal(net_udp_local_of(fd, at), 0);
	return fd;
}

/* Return: the index of the socket that a datagram came to. */
static unsigned
arrives(const int *fds, unsigned cnt, const struct net_udp_options *from,
    const struct addr *to)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct net_udp_client u;
	unsigned at = cnt;

	assert_non_null(b);
	assert_int_equal(net_udp_open(&u, to, from), 0);
	assert_int_equal(net_udp_send(&u, "x", 1), 0);
	for (unsigned i = 0; i < cnt; i++)
		if (net_udp_batch_recv(b, fds[i]) > 0)
			at = i;
	assert_true(at < cnt);
	net_udp_close(&u);
	net_udp_batch_free(b);
	return at;
}

/* Return: the index of the listener that a connection came to. */
static unsigned
reaches(const int *fds, unsigned cnt, const struct addr *from,
    const struct addr *to)
{
	int fd = net_tcp_connect(to, from), conn = -1;
	unsigned at = cnt;
	struct addr peer;

	assert_true(fd >= 0);
	for (unsigned i = 0; i < cnt; i++) {
		conn = net_tcp_accept(fds[i], &peer);
		if (conn < 0)
			continue;
		at = i;
		net_tcp_reset_on_close(conn);
		close(conn);
	}
	assert_true(at < cnt);
	close(fd);
	return at;
}

static struct addr
source(unsigned i)
{
	struct addr a = {.family = ADDR_V4, .bytes = {127, 1}};

	a.bytes[2] = (uint8_t)(i / 16);
	a.bytes[3] = (uint8_t)(i % 16 + 1);
	return a;
}

static uint32_t
word(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

/* Every datagram of a source, from fresh ports, comes to the same socket: the
 * one that the program names. */
static void
expect_steady(const int *fds, unsigned cnt, const struct addr *to)
{
	struct steer_rig r = steer_rig(ADDR_V4, cnt, SECRET);
	unsigned seen[SOCKETS] = {0};

	for (unsigned s = 0; s < SOURCES; s++) {
		struct net_udp_options from = {
		    .no_stamps = true, .bind = source(s)};
		unsigned first;

		first = arrives(fds, cnt, &from, to);
		assert_int_equal(
		    first, steer_rig_pick(&r, 0, word(from.bind.bytes)));
		seen[first]++;
		for (int again = 0; again < 3; again++)
			assert_int_equal(arrives(fds, cnt, &from, to), first);
	}
	for (unsigned i = 0; i < cnt; i++)
		assert_true(seen[i] > 0);
}

static void
test_by_source_address(void **state)
{
	struct addr at;
	int fds[SOCKETS];

	(void)state;
	fds[0] = listen_on("127.0.0.1", 0, &at);
	assert_true(fds[0] >= 0);
	for (int i = 1; i < SOCKETS; i++) {
		fds[i] = listen_on("127.0.0.1", at.port, &at);
		assert_true(fds[i] >= 0);
	}
	if (net_steer(fds[1], ADDR_V4, SOCKETS, SECRET) < 0) {
		printf("no steering here: left out\n");
		skip();
	}
	expect_steady(fds, SOCKETS, &at);
	/* One leaves, and the last has its number: nothing may go to it, nor
	 * past the others. */
	close(fds[0]);
	fds[0] = fds[SOCKETS - 1];
	assert_int_equal(net_steer(fds[1], ADDR_V4, SOCKETS - 1, SECRET), 0);
	expect_steady(fds, SOCKETS - 1, &at);
	for (int i = 0; i < SOCKETS - 1; i++)
		close(fds[i]);
}

/* From fresh ports too. */
static void
test_connections(void **state)
{
	unsigned seen[SOCKETS] = {0};
	struct addr at;
	int fds[SOCKETS];

	(void)state;
	assert_int_equal(addr_parse(&at, "127.0.0.1"), 0);
	for (int i = 0; i < SOCKETS; i++) {
		fds[i] = net_tcp_listen(&at, NULL, 16);
		assert_true(fds[i] >= 0);
		assert_int_equal(net_udp_local_of(fds[i], &at), 0);
	}
	if (net_steer(fds[0], ADDR_V4, SOCKETS, SECRET) < 0) {
		printf("no steering here: left out\n");
		skip();
	}
	for (unsigned s = 0; s < SOURCES; s++) {
		struct addr from = source(s);
		unsigned first = reaches(fds, SOCKETS, &from, &at);

		seen[first]++;
		for (int again = 0; again < 3; again++)
			assert_int_equal(
			    reaches(fds, SOCKETS, &from, &at), first);
	}
	for (int i = 0; i < SOCKETS; i++) {
		assert_true(seen[i] > 0);
		close(fds[i]);
	}
}

static void
test_ipv6(void **state)
{
	struct net_udp_options from = {.no_stamps = true};
	struct addr at;
	unsigned first;
	int fds[2];

	(void)state;
	fds[0] = listen_on("::1", 0, &at);
	if (fds[0] < 0) {
		printf("no IPv6 here: left out\n");
		skip();
	}
	fds[1] = listen_on("::1", at.port, &at);
	assert_true(fds[1] >= 0);
	for (uint64_t secret = 1; secret < 5; secret++) {
		if (net_steer(fds[0], ADDR_V6, 2, secret << 33) < 0)
			skip();
		first = arrives(fds, 2, &from, &at);
		for (int i = 0; i < 20; i++)
			assert_int_equal(arrives(fds, 2, &from, &at), first);
	}
	close(fds[0]);
	close(fds[1]);
}

static void
test_nobody_to_steer_to(void **state)
{
	struct addr at;
	int fd = listen_on("127.0.0.1", 0, &at);

	(void)state;
	assert_int_equal(net_steer(fd, ADDR_V4, 0, SECRET), ERR_BAD);
	assert_int_equal(
	    net_steer(fd, ADDR_V4, UINT16_MAX + 1, SECRET), ERR_BAD);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_by_source_address),
	    cmocka_unit_test(test_connections),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_nobody_to_steer_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
