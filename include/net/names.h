/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names to addresses through the system's resolver.  It blocks: role dns
 * exists so that nobody else waits.
 */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

#define NET_NAMES_MAX 32

struct net_names {
	size_t cnt;
	struct addr at[NET_NAMES_MAX]; /* without duplicates, port 0 */
	size_t refused_cnt;            /* not usable as a server's address */
};

/**
 * net_names_usable - whether a resolved address may be a server's: never
 * unspecified, multicast or broadcast; loopback and link-local only when
 * local ones are allowed.
 */
bool net_names_usable(const struct addr *a, bool local);

/**
 * net_names_lookup - the addresses of name, in the resolver's order.  A
 * numeric address is taken as it is.
 * @family: ADDR_V4, ADDR_V6, or ADDR_NONE for both.
 * @local:  allow loopback and link-local answers.
 * Return: 0 with cnt > 0; ERR_ABSENT (no such name, or nothing usable);
 * ERR_AGAIN (the resolver failed for now); ERR_BAD (not a name); ERR_SYSTEM.
 */
int net_names_lookup(const char *name, unsigned family, bool local,
    struct net_names *out) MUST_CHECK;

#endif
