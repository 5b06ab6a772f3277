/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that share a port, UDP or TCP, and who comes to which of them.
 */
#ifndef NET_STEER_H
#define NET_STEER_H

#include <stdint.h>

#include "base/err.h"

#define NET_STEER_CODE_MAX 22

struct sock_filter;

/**
 * net_steer_code - the program that chooses, as net_steer gives it to the
 * kernel.  Neighbours, addresses or networks, are spread as if by lot, and
 * who does not know the secret cannot tell who meets whom.
 * @code:   room for NET_STEER_CODE_MAX.
 * @cnt:    1 to UINT16_MAX.
 * Return: its length.
 */
unsigned net_steer_code(
    struct sock_filter *code, unsigned family, unsigned cnt, uint64_t secret);

/**
 * net_steer - let the source address alone (IPv4 whole, IPv6 its /64) choose
 * among the sockets that share a port, in the order they were bound (TCP:
 * began to listen).  To be said anew when a socket has left: the last then
 * takes its number.
 * @fd:     one of them; the choice holds for all.
 * @cnt:    how many there are, UINT16_MAX at most.
 * @secret: random, the same at each call, so that nobody outside can aim.
 * Return: 0; ERR_BAD: cnt; ERR_SYSTEM where the platform cannot: it then chooses by
 * address and port.
 */
int net_steer(
    int fd, unsigned family, unsigned cnt, uint64_t secret) MUST_CHECK;

#endif
