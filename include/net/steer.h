/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that share a port, UDP or TCP, and who comes to which of them.
 */
#ifndef NET_STEER_H
#define NET_STEER_H

#include <stdint.h>

#include "base/err.h"

/**
 * net_steer - let the source address alone (IPv4 whole, IPv6 its /64) choose
 * among the sockets that share a port, in the order they were bound (TCP:
 * began to listen).  To be said anew when a socket has left: the last then
 * takes its number.
 * @fd:     one of them; the choice holds for all.
 * @cnt:    how many there are.
 * @secret: random, the same at each call, so that nobody outside can aim.
 * Return: 0; ERR_SYSTEM where the platform cannot: it then chooses by
 * address and port.
 */
int net_steer(
    int fd, unsigned family, unsigned cnt, uint64_t secret) MUST_CHECK;

#endif
