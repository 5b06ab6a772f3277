/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor that the kernel's sockets set: what a server would cost that does
 * nothing.  The same socket options, batches and loop as role serve; each
 * request goes back as an answer of the same length, unread but for what the
 * load generator needs to recognise it.  With a second port the same for key
 * exchanges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo_turns.h"
#include "net/loop.h"
#include "net/udp.h"

#define HEADER     48
#define ROUNDS_MAX 64
#define BUSY_CNT   4

struct echo {
	struct net_udp_batch *batch;
	struct net_watch watch;
	int fd;
};

static void
answer(struct net_udp_packet *p)
{
	if (p->len < HEADER || p->truncated)
		return;
	memcpy(p->out, p->data, p->len);
	p->out[0] = (uint8_t)((p->data[0] & 0x38) | 4);
	p->out[1] = 1;
	memcpy(p->out + 24, p->data + 40, 8);
	p->out_len = p->len;
}

static void
ready(void *arg, unsigned what)
{
	struct echo *e = arg;

	(void)what;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int cnt = net_udp_batch_recv(e->batch, e->fd);

		for (int i = 0; i < cnt; i++)
			answer(&e->batch->at[i]);
		if (cnt > 0)
			net_udp_batch_send(e->batch, e->fd);
		if (cnt < BUSY_CNT)
			return;
	}
}

int
main(int argc, char **argv)
{
	struct net_loop *loop = net_loop_new(0);
	struct echo e = {.batch = net_udp_batch_new()};
	struct addr at = {.family = ADDR_V4};
	static struct echo_turns turns;

	if (argc < 2 || argc > 3 || !loop || !e.batch) {
		fprintf(stderr, "usage: truenoon-echo PORT [TCP-PORT]\n");
		return 2;
	}
	at.port = (uint16_t)strtoul(argv[1], NULL, 10);
	e.fd = net_udp_listen(&at, NULL);
	if (e.fd < 0 || net_watch_init(&e.watch, loop, ready, &e) < 0 ||
	    (argc == 3 &&
		echo_turns_open(
		    &turns, loop, (uint16_t)strtoul(argv[2], NULL, 10)) < 0)) {
		fprintf(stderr, "echo: port cannot be opened\n");
		return 1;
	}
	net_watch_set(&e.watch, e.fd, NET_READ);
	return net_loop_run(loop) < 0;
}
