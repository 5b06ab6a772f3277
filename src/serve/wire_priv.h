/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long an answer takes from our own transmit stamp to the wire, learned
 * from the kernel's stamps of a random few of our answers, and added to the
 * stamps of the others.  Kept apart by what is still to be computed, by the
 * place in a batch or how cold a lone request found us; of batches only those
 * that ended a pause teach.
 *
 * The least of the last delays is used, never a mean, so that a stamp is
 * hardly ever later than the wire and nobody can push it there: whoever slows
 * us down changes nothing, and whoever manages to speed us up only takes the
 * correction away.  Invariants: 0 to SERVE_WIRE_MAX_NS; nothing without
 * recent samples.
 */
#ifndef SERVE_WIRE_PRIV_H
#define SERVE_WIRE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

#define SERVE_WIRE_MAX_NS  20000   /* added */
#define SERVE_WIRE_SEEN_NS 40000   /* and told of, as dispersion */
#define SERVE_WIRE_REST_NS 1000000 /* without work: everything is cold */
#define SERVE_WIRE_KEPT    32
#define SERVE_WIRE_ENOUGH  8 /* delays before they are believed */

/* Answers that take about the same time to make after their stamp. */
enum serve_wire_kind {
	SERVE_WIRE_PLAIN = 0,
	SERVE_WIRE_MAC,
	SERVE_WIRE_NTS,
	SERVE_WIRE_NTS_LONG, /* with several cookies */
	SERVE_WIRE_CNT,
};

/* Alone: while busy, or after a pause, by how cold that left the machine:
 * after a break, a rest, a long rest; and the places of those that leave
 * together, by quarters. */
#define SERVE_WIRE_ALONE   9
#define SERVE_WIRE_PARTS   4
#define SERVE_WIRE_PLACES  (SERVE_WIRE_ALONE + SERVE_WIRE_PARTS)
#define SERVE_WIRE_CLASSES (SERVE_WIRE_CNT * SERVE_WIRE_PLACES)

struct serve_wire_delays {
	int32_t ns[SERVE_WIRE_KEPT];
	int32_t least_ns; /* of those kept, SERVE_WIRE_MAX_NS at most */
	int32_t most_ns;  /* SERVE_WIRE_SEEN_NS at most */
	unsigned cnt;     /* ever taken; a ring */
	struct mono last;
};

struct serve_wire {
	struct mono now;
	struct serve_wire_delays classes[SERVE_WIRE_CLASSES];
	uint64_t early_cnt; /* answers that left before their stamp */
	/* The answer whose stamp is awaited; rx 0: none. */
	uint64_t rx;
	struct wall tx;
	unsigned class_idx;
	unsigned mute_cnt; /* awaited in vain, in a row */
};

/**
 * serve_wire_alone - where an answer belongs that leaves at once.
 * @idle:   it ended a pause.
 * @rested: how long nothing had been answered when the request came; negative
 *          when it came before that.
 * @since:  how long ago the request came: after a pause, what made us slow to
 *          wake makes us slow to send.
 */
unsigned serve_wire_alone(
    enum serve_wire_kind kind, bool idle, struct dur rested, struct dur since);

/**
 * serve_wire_batch - where the idx-th of cnt that leave together belongs.
 */
unsigned serve_wire_batch(
    enum serve_wire_kind kind, unsigned idx, unsigned cnt);

/**
 * serve_wire_delay - what to add to the stamp of an answer.
 */
struct dur serve_wire_delay(const struct serve_wire *w, unsigned class_idx);

/**
 * serve_wire_open - what that leaves open, as part of our dispersion.
 */
struct ntp_short serve_wire_open(
    const struct serve_wire *w, unsigned class_idx);

/**
 * serve_wire_wanted - whether to ask the kernel when this one leaves.
 * @dice: 64 random bits: nobody can know which answers are looked at.
 */
bool serve_wire_wanted(
    const struct serve_wire *w, unsigned class_idx, uint64_t dice);

/**
 * serve_wire_await - the stamp of this answer has been asked for.
 * @rx: the receive time in it.
 * @tx: our own stamp, without anything added.
 */
void serve_wire_await(
    struct serve_wire *w, struct ntp_ts rx, struct wall tx, unsigned class_idx);

/**
 * serve_wire_sent - an answer left.
 * Return: whether it was the one awaited.
 */
bool serve_wire_sent(struct serve_wire *w, struct ntp_ts rx, struct wall at);

#endif
