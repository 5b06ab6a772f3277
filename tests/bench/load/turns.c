/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key exchanges without any cryptography: TCP connections over which as many
 * octets go in as many turns.  What they cost a server is TCP's share.
 */
#include "../turns.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "net/tcp.h"

#define CONNS_MAX 1024

struct conn {
	int fd;
	short want;
	unsigned turn;
	size_t pos; /* within the turn */
	int64_t begun_ns;
};

static void
begin(struct conn *c, const struct addr *to)
{
	*c = (struct conn){
	    .fd = net_tcp_connect(to, NULL),
	    .want = POLLOUT,
	    .begun_ns = load_now_ns(),
	};
}

/* One turn's octets, ours or theirs; after the last the end.
 * Return: 1 go on; 0 all is done; -1 failed. */
static int
step(struct conn *c)
{
	static char buf[BENCH_TURN_MAX];
	size_t left = 1;
	ssize_t n;

	if (c->turn < BENCH_TURN_CNT)
		left = bench_turns[c->turn] - c->pos;
	n = c->turn == 0 || c->turn == 2
	    ? send(c->fd, buf, left, MSG_NOSIGNAL | MSG_DONTWAIT)
	    : recv(c->fd, buf, left, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 1 : -1;
	if (n == 0)
		return c->turn == BENCH_TURN_CNT ? 0 : -1;
	c->pos += (size_t)n;
	if ((size_t)n == left) {
		c->turn++;
		c->pos = 0;
	}
	c->want = c->turn == 2 ? POLLOUT : POLLIN;
	return 1;
}

static void
settle(struct conn *c, int rc, struct load_result *r)
{
	if (rc == 0) {
		r->answered++;
		load_latency_add(&r->latency, load_now_ns() - c->begun_ns);
	} else {
		r->bad++;
	}
	close(c->fd);
	c->fd = -1;
}

int
load_turns_run(const struct load_options *o, struct load_result *r)
{
	static struct conn conns[CONNS_MAX];
	static struct pollfd p[CONNS_MAX];
	unsigned cnt = o->outstanding < CONNS_MAX ? o->outstanding : CONNS_MAX;
	int64_t begin_ns = load_now_ns(), now_ns;
	struct addr to = o->server;

	to.port = o->ke_port;
	for (unsigned i = 0; i < cnt; i++)
		conns[i].fd = -1;
	while ((now_ns = load_now_ns()) - begin_ns <
	    (int64_t)(o->duration_s * 1e9)) {
		for (unsigned i = 0; i < cnt; i++) {
			if (conns[i].fd < 0) {
				begin(&conns[i], &to);
				r->sent++;
			}
			p[i] = (struct pollfd){
			    .fd = conns[i].fd, .events = conns[i].want};
		}
		if (poll(p, cnt, 100) < 0)
			return -1;
		for (unsigned i = 0; i < cnt; i++) {
			int rc = p[i].revents == 0 ? 1 : step(&conns[i]);

			if (rc <= 0)
				settle(&conns[i], rc, r);
		}
	}
	r->duration_s = (double)(now_ns - begin_ns) * 1e-9;
	for (unsigned i = 0; i < cnt; i++)
		if (conns[i].fd >= 0)
			close(conns[i].fd);
	return 0;
}
