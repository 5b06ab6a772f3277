/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all sockets have in common.
 */
#ifndef NET_SOCK_PRIV_H
#define NET_SOCK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "net/stamp.h"
#include "net/udp.h"

struct msghdr;
struct sockaddr_storage;

/**
 * net_sock_open - a non-blocking socket for this kind of address, closed on
 * exec, also where the type flags are refused.
 * Return: descriptor, ERR_ABSENT (no such family here), ERR_SYSTEM.
 */
int net_sock_open(unsigned family, int type) MUST_CHECK;

/**
 * net_sock_nonblock - for descriptors that came without it.
 */
int net_sock_nonblock(int fd) MUST_CHECK;

/**
 * net_sock_on - switch an option on.  Often a wish: may go unchecked.
 */
int net_sock_on(int fd, int level, int option);

/**
 * net_sock_stamps - ask for the kernel's stamps, the most it agrees to.
 * @of_sent: whether it stamps what is sent, too.
 * Return: whether it stamps what comes.
 */
bool net_sock_stamps(int fd, bool *of_sent);

/**
 * net_sock_probe - whether an address and port are free, by binding them for
 * a moment without sharing.  Return: 0 or as net_sock_bind.
 */
int net_sock_probe(
    const struct addr *at, const char *device, int type) MUST_CHECK;

/**
 * net_sock_bind - to an address and, unless NULL, a device.
 * Return: 0, ERR_FULL (in use), ERR_DENIED, ERR_ABSENT, ERR_SYSTEM.
 */
int net_sock_bind(int fd, const struct addr *at, const char *device) MUST_CHECK;

/**
 * net_sock_err - an ERR_ code for errno after a socket call.
 */
int net_sock_err(void);

/**
 * net_sock_fail - close fd, keep errno, give err.
 */
int net_sock_fail(int fd, int err);

/**
 * net_sock_accept - as net_tcp_accept, for any stream socket.
 */
int net_sock_accept(int fd, struct sockaddr_storage *ss) MUST_CHECK;

/* What a datagram's control data said. */
struct net_sock_facts {
	struct wall stamp;        /* ns 0: none */
	struct net_stamp_raw raw; /* the same, and the hardware's */
	struct addr to;
	uint32_t if_idx;
	uint32_t lost_cnt; /* datagrams that its queue had no room for, ever */
};

/**
 * net_sock_facts - read the control data of a received message.
 */
void net_sock_facts(struct msghdr *msg, struct net_sock_facts *f);

#endif
