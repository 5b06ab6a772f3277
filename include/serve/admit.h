/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who holds a place in a service with connections, and who has to leave when
 * another comes.  A newcomer is never refused for want of room: the one that
 * goes is the oldest of its own address (an IPv4 address or IPv6 /64) or
 * network (/24, /56) when that has more than its share, else the one that
 * has kept us waiting longest for what its stage asks of it, which counts for
 * each place that its network holds.  So whoever holds connections idle, or
 * drips, or opens many, loses them before anybody who gets on.
 * Each call takes the same time however many connections there are.
 */
#ifndef SERVE_ADMIT_H
#define SERVE_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/tstamp.h"

/* What a connection still owes us. */
enum serve_admit_stage {
	SERVE_ADMIT_SILENT = 0, /* its first byte */
	SERVE_ADMIT_HELLO,      /* its part of the handshake */
	SERVE_ADMIT_REQUEST,    /* the request */
	SERVE_ADMIT_ANSWER,     /* taking the answer */
	SERVE_ADMIT_STAGE_CNT,
};

#define SERVE_ADMIT_PLACES_MAX 16384
#define SERVE_ADMIT_NONE       UINT32_MAX

/* @host_max, @net_max: places of one address and of one network;
 * @patience: how long a connection may stay in each stage. */
struct serve_admit_conf {
	uint32_t place_cnt; /* 1..SERVE_ADMIT_PLACES_MAX */
	uint32_t host_max;  /* at least 1 */
	uint32_t net_max;   /* at least 1 */
	struct dur patience[SERVE_ADMIT_STAGE_CNT];
};

struct serve_admit;

/**
 * serve_admit_new - the only allocation.
 * @rng: used here only, for the key of the tables.
 * Return: owned, or NULL without memory.
 */
struct serve_admit *serve_admit_new(
    const struct serve_admit_conf *conf, struct rng *rng);

/**
 * serve_admit_free - NULL is fine.
 */
void serve_admit_free(struct serve_admit *a);

/**
 * serve_admit_victim - the place that must be left before a connection from
 * this address can enter; ask again after it has left.
 * Return: the place, or SERVE_ADMIT_NONE when there is room.
 */
uint32_t serve_admit_victim(
    const struct serve_admit *a, const struct addr *from, struct mono now);

/**
 * serve_admit_enter - take a place, in stage SILENT.
 * Return: the place, below place_cnt; SERVE_ADMIT_NONE when all are taken.
 */
uint32_t serve_admit_enter(
    struct serve_admit *a, const struct addr *from, struct mono now);

/**
 * serve_admit_move - a connection has got as far as this stage.
 */
void serve_admit_move(struct serve_admit *a, uint32_t place,
    enum serve_admit_stage stage, struct mono now);

/**
 * serve_admit_leave - give the place back.
 */
void serve_admit_leave(struct serve_admit *a, uint32_t place);

/**
 * serve_admit_stage - where the connection at a taken place is.
 */
enum serve_admit_stage serve_admit_stage(
    const struct serve_admit *a, uint32_t place);

/**
 * serve_admit_late - a place whose time in its stage is over.
 * Return: the place, still taken, or SERVE_ADMIT_NONE.
 */
uint32_t serve_admit_late(const struct serve_admit *a, struct mono now);

/**
 * serve_admit_next - when the next one will be late.
 * Return: false when no place is taken.
 */
bool serve_admit_next(const struct serve_admit *a, struct mono *at);

/**
 * serve_admit_cnt - places taken.
 */
uint32_t serve_admit_cnt(const struct serve_admit *a);

#endif
