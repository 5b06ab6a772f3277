/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often one client is answered: the meaning of `ratelimit` in
 * chrony.conf(5).  A client is an IPv4 address or an IPv6 /64.  The table has
 * a fixed size and is keyed with a secret; when it has no room for another
 * client, newcomers share what their /24 or /56 may have, so that a flood
 * from invented addresses neither grows it nor is answered without end.
 */
#ifndef SERVE_LIMIT_H
#define SERVE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/tstamp.h"

/* @interval_log2s: at least 2^this seconds between answers on average;
 * @burst: so many before that counts; @leak_log2: of those beyond, one in
 * 2^this is answered all the same; @kod_log2: and one in 2^this of the rest
 * is told to ask less often, 0 none. */
struct serve_limit_conf {
	int8_t interval_log2s; /* -19..12 */
	uint8_t burst;         /* 1..255 */
	uint8_t leak_log2;
	uint8_t kod_log2;
	size_t table_len; /* bytes for clients; a quarter more for networks */
};

enum serve_limit_verdict {
	SERVE_LIMIT_PASS = 0,
	SERVE_LIMIT_DROP,
	SERVE_LIMIT_KISS, /* nothing but a kiss of death, RATE */
};

/* Strangers can write any source address on a plain request; that must not
 * use up what is due to those who have shown a valid cookie. */
enum serve_limit_kind {
	SERVE_LIMIT_PLAIN = 0,
	SERVE_LIMIT_PROVEN,
};

struct serve_limit;

/**
 * serve_limit_new - the only allocation.
 * @rng: borrowed for as long as the object lives.
 * Return: owned, or NULL without memory.
 */
struct serve_limit *serve_limit_new(
    const struct serve_limit_conf *conf, struct rng *rng);

/**
 * serve_limit_free - NULL is fine.
 */
void serve_limit_free(struct serve_limit *l);

/**
 * serve_limit_expect - a request from there will be charged soon: what is
 * known of it may come from memory meanwhile.
 * @l: NULL does nothing.
 */
void serve_limit_expect(const struct serve_limit *l, const struct addr *from);

/**
 * serve_limit_charge - count one request and say what it may have.
 * @l: NULL passes all.
 */
enum serve_limit_verdict serve_limit_charge(struct serve_limit *l,
    enum serve_limit_kind kind, const struct addr *from, struct mono now);

#endif
