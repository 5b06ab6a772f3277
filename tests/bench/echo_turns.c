/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of the echo: a table of a few, each a count of turns.
 */
#include "echo_turns.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp.h"
#include "turns.h"

#define BACKLOG 1024

static void
end(struct echo_conn *c)
{
	net_watch_stop(&c->watch);
	close(c->fd);
	c->fd = -1;
}

/* A question may come in pieces; an answer fits the socket's buffer. */
static void
ready(void *arg, unsigned what)
{
	static char buf[BENCH_TURN_MAX];
	struct echo_conn *c = arg;
	size_t len = bench_turns[c->turn + 1];
	ssize_t n =
	    recv(c->fd, buf, bench_turns[c->turn] - c->pos, MSG_DONTWAIT);

	(void)what;
	c->pos += n > 0 ? (size_t)n : 0;
	if (n > 0 && c->pos < bench_turns[c->turn])
		return;
	c->pos = 0;
	c->turn += 2;
	if (n <= 0 ||
	    send(c->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)len ||
	    c->turn == BENCH_TURN_CNT)
		end(c);
}

static void
admit(void *arg, unsigned what)
{
	struct echo_turns *e = arg;
	struct addr peer;

	(void)what;
	for (size_t i = 0; i < ECHO_CONNS; i++) {
		struct echo_conn *c = &e->conns[i];

		if (c->fd >= 0)
			continue;
		c->fd = net_tcp_accept(e->fd, &peer);
		if (c->fd < 0) {
			c->fd = -1;
			return;
		}
		c->turn = 0;
		c->pos = 0;
		net_watch_set(&c->watch, c->fd, NET_READ);
	}
}

int
echo_turns_open(struct echo_turns *e, struct net_loop *loop, uint16_t port)
{
	struct addr at = {.family = ADDR_V4, .port = port};

	memset(e, 0, sizeof *e);
	for (size_t i = 0; i < ECHO_CONNS; i++) {
		e->conns[i].fd = -1;
		if (net_watch_init(
			&e->conns[i].watch, loop, ready, &e->conns[i]) < 0)
			return ERR_LIBRARY;
	}
	e->fd = net_tcp_listen(&at, NULL, BACKLOG);
	if (e->fd < 0 || net_watch_init(&e->watch, loop, admit, e) < 0)
		return ERR_SYSTEM;
	net_watch_set(&e->watch, e->fd, NET_READ);
	return 0;
}
