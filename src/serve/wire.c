/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The delay between stamp and wire.  The clock of the stamps is the same on
 * both ends, so their difference needs no correction.
 */
#include "wire_priv.h"

#define ONE_IN    16      /* answers looked at, once enough is known */
#define BATCH_ONE 64      /* and in batches always: about one of each */
#define BREAK_NS  32000   /* without work: nothing has become cold */
#define COLD_NS   32000   /* and twice, four times... until we look at it */
#define UNIT_NS   15259   /* of ntp_short, rounded up */
#define MUTE_MAX  64      /* a kernel that never tells is asked less */
#define ABSURD_NS 1000000 /* we were interrupted */
#define STALE_NS  (600 * TSTAMP_NS_PER_S)

/* After long rests, by how long it took to wake. */
#define LONG_PLACE 4

_Static_assert(LONG_PLACE + 5 == SERVE_WIRE_ALONE, "32, 64, 128, 256 us");

static unsigned
kept(const struct serve_wire_delays *d)
{
	return d->cnt < SERVE_WIRE_KEPT ? d->cnt : SERVE_WIRE_KEPT;
}

static bool
known(const struct serve_wire *w, const struct serve_wire_delays *d)
{
	return d->cnt >= SERVE_WIRE_ENOUGH &&
	    tstamp_mono_diff(w->now, d->last).ns < STALE_NS;
}

static unsigned
place_alone(struct dur rested, struct dur since)
{
	unsigned place = LONG_PLACE;

	if (rested.ns < BREAK_NS)
		return 1;
	if (rested.ns < SERVE_WIRE_REST_NS)
		return rested.ns < 2 * BREAK_NS ? 2 : 3;
	while (place < SERVE_WIRE_ALONE - 1 &&
	    since.ns >= (int64_t)COLD_NS << (place - LONG_PLACE))
		place++;
	return place;
}

unsigned
serve_wire_alone(
    enum serve_wire_kind kind, bool idle, struct dur rested, struct dur since)
{
	unsigned place = idle ? place_alone(rested, since) : 0;

	return place * SERVE_WIRE_CNT + kind;
}

unsigned
serve_wire_batch(enum serve_wire_kind kind, unsigned idx, unsigned cnt)
{
	unsigned part =
	    idx < cnt ? SERVE_WIRE_PARTS * idx / cnt : SERVE_WIRE_PARTS - 1;

	return (SERVE_WIRE_ALONE + part) * SERVE_WIRE_CNT + kind;
}

struct dur
serve_wire_delay(const struct serve_wire *w, unsigned class_idx)
{
	const struct serve_wire_delays *d =
	    &w->classes[class_idx % SERVE_WIRE_CLASSES];

	return (struct dur){known(w, d) ? d->least_ns : 0};
}

struct ntp_short
serve_wire_open(const struct serve_wire *w, unsigned class_idx)
{
	const struct serve_wire_delays *d =
	    &w->classes[class_idx % SERVE_WIRE_CLASSES];
	int32_t open_ns = known(w, d) ? d->most_ns - d->least_ns : 0;

	return (struct ntp_short){
	    (uint32_t)((open_ns + UNIT_NS - 1) / UNIT_NS)};
}

bool
serve_wire_wanted(const struct serve_wire *w, unsigned class_idx, uint64_t dice)
{
	const struct serve_wire_delays *d =
	    &w->classes[class_idx % SERVE_WIRE_CLASSES];

	if (class_idx >= SERVE_WIRE_ALONE * SERVE_WIRE_CNT)
		return dice % BATCH_ONE == 0;
	return (!known(w, d) && w->mute_cnt < MUTE_MAX) || dice % ONE_IN == 0;
}

void
serve_wire_await(
    struct serve_wire *w, struct ntp_ts rx, struct wall tx, unsigned class_idx)
{
	if (w->mute_cnt < MUTE_MAX)
		w->mute_cnt++;
	w->rx = rx.v;
	w->tx = tx;
	w->class_idx = class_idx % SERVE_WIRE_CLASSES;
}

static void
bounds(struct serve_wire_delays *d)
{
	d->least_ns = SERVE_WIRE_MAX_NS;
	d->most_ns = 0;
	for (unsigned i = 0; i < kept(d); i++) {
		if (d->ns[i] < d->least_ns)
			d->least_ns = d->ns[i];
		if (d->ns[i] > d->most_ns)
			d->most_ns = d->ns[i];
	}
	if (d->most_ns > SERVE_WIRE_SEEN_NS)
		d->most_ns = SERVE_WIRE_SEEN_NS;
}

bool
serve_wire_sent(struct serve_wire *w, struct ntp_ts rx, struct wall at)
{
	struct serve_wire_delays *d = &w->classes[w->class_idx];
	int64_t ns = tstamp_wall_diff(at, w->tx).ns;

	if (w->rx == 0 || w->rx != rx.v)
		return false;
	w->rx = 0;
	w->mute_cnt = 0;
	if (ns < 0 || ns > ABSURD_NS)
		return true;
	if (ns < serve_wire_delay(w, w->class_idx).ns)
		w->early_cnt++;
	/* What was learned long ago was learned of another day. */
	if (tstamp_mono_diff(w->now, d->last).ns >= STALE_NS)
		d->cnt = 0;
	d->ns[d->cnt % SERVE_WIRE_KEPT] = (int32_t)ns;
	/* A ring: wraps only where it is full. */
	d->cnt =
	    d->cnt + 1 == 2 * SERVE_WIRE_KEPT ? SERVE_WIRE_KEPT : d->cnt + 1;
	d->last = w->now;
	bounds(d);
	return true;
}
