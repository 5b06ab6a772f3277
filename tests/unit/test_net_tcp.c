/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a connection: an answer that was held back arrives, though the
 * peer says something that nobody reads.
 */
#include "net/tcp.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/udp.h"

struct pair {
	int listener;
	int server;
	int client;
};

static void
await(int fd, short what)
{
	struct pollfd p = {.fd = fd, .events = what};

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static void
open_pair(struct pair *p)
{
	struct addr at = {.family = ADDR_V4, .bytes = {127, 0, 0, 1}};
	struct addr peer;

	p->listener = net_tcp_listen(&at, NULL, 1);
	assert_true(p->listener >= 0);
	assert_int_equal(net_udp_local_of(p->listener, &at), 0);
	p->client = net_tcp_connect(&at, NULL);
	assert_true(p->client >= 0);
	await(p->listener, POLLIN);
	p->server = net_tcp_accept(p->listener, &peer);
	assert_true(p->server >= 0);
	await(p->client, POLLOUT);
	assert_int_equal(net_tcp_connected(p->client), 0);
}

/* What the client finds to read. */
static ssize_t
found(int fd)
{
	char buf[16];

	await(fd, POLLIN);
	return recv(fd, buf, sizeof buf, MSG_DONTWAIT);
}

static void
held_back(struct pair *p)
{
	open_pair(p);
	assert_int_equal(send(p->server, "answer", 6, MSG_MORE), 6);
	assert_int_equal(send(p->client, "more", 4, 0), 4);
	await(p->server, POLLIN); /* and it stays there */
}

static void
what_is_held_back_arrives(void **state)
{
	struct pair p;

	(void)state;
	held_back(&p);
	net_tcp_finish(p.server);
	close(p.server);
	assert_int_equal(found(p.client), 6);
	close(p.client);
	close(p.listener);
}

/* Why: closing alone resets the connection and nothing arrives. */
static void
closing_alone_loses_it(void **state)
{
	struct pair p;

	(void)state;
	held_back(&p);
	close(p.server);
	assert_int_equal(found(p.client), -1);
	close(p.client);
	close(p.listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_held_back_arrives),
	    cmocka_unit_test(closing_alone_loses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
