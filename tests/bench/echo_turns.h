/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor of key exchanges, TCP's share: accept, answer in turns, close, in
 * the same loop as role ke.
 */
#ifndef ECHO_TURNS_H
#define ECHO_TURNS_H

#include <stddef.h>
#include <stdint.h>

#include "net/loop.h"

#define ECHO_CONNS 64

struct echo_conn {
	int fd;
	unsigned turn;
	size_t pos;
	struct net_watch watch;
};

struct echo_turns {
	int fd;
	struct net_watch watch;
	struct echo_conn conns[ECHO_CONNS];
};

/* Return: 0 or an error; nothing is ever given back. */
int echo_turns_open(
    struct echo_turns *e, struct net_loop *loop, uint16_t port) MUST_CHECK;

#endif
