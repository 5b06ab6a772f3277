/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The joint estimate: one bank fed with the samples of all accepted sources
 * in the order of time.  When the accepted set changes it is built again
 * from what was kept, so that a rejected source's pull is undone.
 */
#include <math.h>
#include <string.h>

#include "core_priv.h"

#define ENOUGH         32 /* samples to build an estimate from nothing */
#define RATE_DOUBT_SPS 2e-7

/* With little to build from, what was known of the frequency and its wander
 * is kept, with some doubt. */
static void
keep_rate(struct discipline *d, struct estimate *e, struct bank_wander *w)
{
	struct estimate was;

	discipline_bank_mean(&d->joint.bank, d->joint.bank.at_s, &was);
	discipline_bank_wander(&d->joint.bank, w);
	e->y_sps = was.y_sps;
	e->pyy = fmin(e->pyy, was.pyy + RATE_DOUBT_SPS * RATE_DOUBT_SPS);
	w->sd += 0.5;
}

static void
begin(struct discipline *d, const struct core_replay *r, bool keep)
{
	struct bank_wander w = {
	    d->conf.wander_log10, d->conf.wander_error_log10};
	struct estimate e = {
	    .x_s = discipline_estimate_centre(&r->o),
	    .y_sps = d->conf.freq_sps,
	    .pxx = discipline_estimate_variance(&r->o),
	    .pyy = d->conf.freq_error_sps * d->conf.freq_error_sps,
	};

	if (keep)
		keep_rate(d, &e, &w);
	discipline_bank_init(&d->joint.bank, r->raw_s, &e, &w, CORE_FORGET);
	d->joint.primed = true;
	d->joint.fed = 0;
}

static void
feed(struct discipline *d, unsigned slot, const struct core_replay *r)
{
	const struct core_share *s = &d->joint.share[slot];
	struct core_replay shared = *r;

	d->joint.fed++;
	shared.o.z_s -= s->bias_s;
	if (s->dilute > 1) {
		shared.o.h_s *= sqrt(s->dilute);
		shared.o.e2 *= s->dilute;
	}
	if (!d->joint.primed)
		begin(d, &shared, d->joint.keep_rate);
	else
		discipline_bank_update(&d->joint.bank, r->raw_s, &shared.o);
}

/* The oldest kept sample of a source that has not been replayed. */
static const struct core_replay *
next_of(const struct core_source *src, unsigned done)
{
	unsigned have = src->replay_cnt < CORE_REPLAY_MAX ? src->replay_cnt
							  : CORE_REPLAY_MAX;

	if (done >= have)
		return NULL;
	return &src->replay[(src->replay_cnt - have + done) % CORE_REPLAY_MAX];
}

static void
rebuild(struct discipline *d, uint64_t members)
{
	unsigned done[DISCIPLINE_SLOT_MAX] = {0}, have = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (members >> i & 1)
			have += d->source[i].replay_cnt;
	d->joint.keep_rate = d->joint.primed && have < ENOUGH;
	d->joint.primed = false;
	for (;;) {
		const struct core_replay *first = NULL;
		unsigned from = 0;

		for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
			const struct core_replay *r;

			if (!(members >> i & 1))
				continue;
			r = next_of(&d->source[i], done[i]);
			if (r == NULL ||
			    (first != NULL && first->raw_s <= r->raw_s))
				continue;
			first = r;
			from = i;
		}
		if (first == NULL)
			return;
		done[from]++;
		feed(d, from, first);
	}
}

void
discipline_joint_take(
    struct discipline *d, unsigned slot, const struct core_replay *r)
{
	uint64_t members = d->vote.members;

	/* Nobody accepted: the estimate runs on by itself. */
	if (members == 0)
		return;
	discipline_compare_share(d, members);
	d->joint.new_members = members != d->joint.members;
	if (d->joint.new_members || !d->joint.primed) {
		d->joint.members = members;
		rebuild(d, members);
	} else if (r != NULL && members >> slot & 1) {
		feed(d, slot, r);
	}
}
