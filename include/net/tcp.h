/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets, never waiting: connect, listen, accept.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

/**
 * net_tcp_connect - begin to connect; when it becomes writable, ask
 * net_tcp_connected.
 * @from: our address, ADDR_NONE or NULL: any.
 * Return: the descriptor, owned; ERR_ABSENT (no route or family, errno);
 * ERR_SYSTEM.
 */
int net_tcp_connect(const struct addr *to, const struct addr *from) MUST_CHECK;

/**
 * net_tcp_connected - how connecting went.
 * Return: 0, or ERR_SYSTEM with errno.
 */
int net_tcp_connected(int fd) MUST_CHECK;

/**
 * net_tcp_listen - a non-blocking listener with SO_REUSEPORT.
 * Return: as net_udp_listen.
 */
int net_tcp_listen(
    const struct addr *at, const char *device, int backlog) MUST_CHECK;

/**
 * net_tcp_probe - whether address and port are free, as net_udp_probe.
 */
int net_tcp_probe(const struct addr *at, const char *device) MUST_CHECK;

/**
 * net_tcp_accept - one waiting connection, made non-blocking.
 * Return: the descriptor, owned; ERR_AGAIN when none waits; ERR_FULL when
 * descriptors or memory ran out: stop accepting for a while, or the loop
 * spins; ERR_SYSTEM.
 */
int net_tcp_accept(int fd, struct addr *peer) MUST_CHECK;

/**
 * net_tcp_peek - what has come, up to max bytes, which stay there.
 * Return: how many; 0 also at the end or on an error, which reading shows.
 */
size_t net_tcp_peek(int fd, uint8_t *buf, size_t max) MUST_CHECK;

/**
 * net_tcp_low_water - call it readable when cnt bytes have come, or the end.
 */
void net_tcp_low_water(int fd, int cnt);

/**
 * net_tcp_finish - nothing more is sent: what was held back leaves, with the
 * end in the same segment.  Before close(), which throws away what is held
 * back when the peer has said something that nobody read.
 */
void net_tcp_finish(int fd);

/**
 * net_tcp_reset_on_close - let close() send RST instead of lingering.
 */
void net_tcp_reset_on_close(int fd);

#endif
