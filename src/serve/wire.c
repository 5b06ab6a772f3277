/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The delay between stamp and wire.  The clock of the stamps is the same on
 * both ends, so their difference needs no correction.
 */
#include "wire_priv.h"

#define ONE_IN    16      /* answers looked at, once enough is known */
#define MUTE_MAX  64      /* a kernel that never tells is asked less */
#define ABSURD_NS 1000000 /* we were interrupted */
#define STALE_NS  (600 * TSTAMP_NS_PER_S)

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

struct dur
serve_wire_delay(const struct serve_wire *w, unsigned kind)
{
	const struct serve_wire_delays *d = &w->kinds[kind % SERVE_WIRE_CNT];
	int64_t least = SERVE_WIRE_MAX_NS;

	if (!known(w, d))
		return (struct dur){0};
	for (unsigned i = 0; i < kept(d); i++)
		if (d->ns[i] < least)
			least = d->ns[i];
	return (struct dur){least};
}

bool
serve_wire_wanted(const struct serve_wire *w, unsigned kind, uint64_t dice)
{
	const struct serve_wire_delays *d = &w->kinds[kind % SERVE_WIRE_CNT];

	return (!known(w, d) && w->mute_cnt < MUTE_MAX) || dice % ONE_IN == 0;
}

void
serve_wire_await(
    struct serve_wire *w, struct ntp_ts rx, struct wall tx, unsigned kind)
{
	if (w->mute_cnt < MUTE_MAX)
		w->mute_cnt++;
	w->rx = rx.v;
	w->tx = tx;
	w->kind = kind % SERVE_WIRE_CNT;
}

bool
serve_wire_sent(struct serve_wire *w, struct ntp_ts rx, struct wall at)
{
	struct serve_wire_delays *d = &w->kinds[w->kind];
	int64_t ns = tstamp_wall_diff(at, w->tx).ns;

	if (w->rx == 0 || w->rx != rx.v)
		return false;
	w->rx = 0;
	w->mute_cnt = 0;
	if (ns < 0 || ns > ABSURD_NS)
		return true;
	if (ns < serve_wire_delay(w, w->kind).ns)
		w->early_cnt++;
	/* What was learned long ago was learned of another day. */
	if (tstamp_mono_diff(w->now, d->last).ns >= STALE_NS)
		d->cnt = 0;
	d->ns[d->cnt % SERVE_WIRE_KEPT] = (int32_t)ns;
	/* A ring: wraps only where it is full. */
	d->cnt =
	    d->cnt + 1 == 2 * SERVE_WIRE_KEPT ? SERVE_WIRE_KEPT : d->cnt + 1;
	d->last = w->now;
	return true;
}
