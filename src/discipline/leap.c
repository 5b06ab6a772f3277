/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap seconds: which one is believed, and what happens when it comes.
 *
 * A list that has not expired decides alone; without one the accepted sources
 * do, by majority, and then only at the end of a month (RFC 5905, hostile
 * case H9).  Either is announced in the last 24 hours.  A leap second comes
 * once: when true time has passed it, our phases are moved by a second,
 * unless the kernel moves the clock by the same.
 */
#include <math.h>
#include <stdlib.h>

#include "core_priv.h"

#define CLOSE_NS  (5 * TSTAMP_NS_PER_S)
#define KERNEL_NS 1500000000LL /* its own leap may be that late */
#define GONE_S    0.1          /* less than this left: the slew is over */
#define RECENT_NS (31 * TSTAMP_DAY_NS) /* no smear takes longer */

uint8_t
discipline_leap_vote(const struct discipline *d)
{
	unsigned said[3] = {0, 0, 0};

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->vote.accepted >> i & 1)
			said[d->source[i].told.leap % 3]++;
	for (uint8_t leap = 1; leap <= 2; leap++)
		if (2 * said[leap] > d->vote.accepted_cnt)
			return leap;
	return 0;
}

void
discipline_leap_see(struct discipline *d, struct wall wall, struct mono at)
{
	struct core_leap *l = &d->leapsec;

	l->known = true;
	l->wall = wall;
	l->wall_at = discipline_timeline_at(&d->timeline, at);
}

void
discipline_leap_moved(struct discipline *d, struct dur by, bool slept)
{
	struct core_leap *l = &d->leapsec;

	l->wall = tstamp_wall_add(l->wall, by);
	if (slept)
		l->known = false; /* until the next sample */
}

/* The clock, as it goes on from the last sample. */
static struct wall
wall_now(const struct discipline *d, struct mono now)
{
	const struct core_leap *l = &d->leapsec;
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);

	return tstamp_wall_add(l->wall,
	    tstamp_dur_from_s((pt.raw_s - l->wall_at.raw_s) +
		(pt.corr_s - l->wall_at.corr_s)));
}

/* What the clock shows when it comes: midnight, or the second that is left
 * out before it. */
static struct wall
moment(const struct core_leap *l)
{
	return (struct wall){l->due.ns - (l->sense < 0 ? TSTAMP_NS_PER_S : 0)};
}

/* The end of this day, if the sources say so and a month ends with it. */
static void
believe_sources(struct discipline *d, struct wall w)
{
	struct core_leap *l = &d->leapsec;
	struct wall midnight = {(w.ns / TSTAMP_DAY_NS + 1) * TSTAMP_DAY_NS};
	uint8_t said = discipline_leap_vote(d);

	if (said == 0 || tstamp_wall_mday(midnight) != 1)
		return;
	l->due = midnight;
	l->sense = said == 1 ? 1 : -1;
}

static void
believe_list(struct discipline *d, struct wall w)
{
	const struct discipline_leap *list = &d->conf.leap;
	struct core_leap *l = &d->leapsec;

	if (list->sense == 0 || list->next.ns <= w.ns ||
	    list->next.ns - w.ns > TSTAMP_DAY_NS)
		return;
	l->due = list->next;
	l->sense = list->sense > 0 ? 1 : -1;
}

/* Which one is believed now. */
static void
believe(struct discipline *d, struct wall w)
{
	struct core_leap *l = &d->leapsec;
	bool listed = w.ns < d->conf.leap.expires.ns;

	/* In holdover what the sources said last stands for the day. */
	if (listed || d->vote.system >= 0 || l->due.ns - w.ns > TSTAMP_DAY_NS)
		l->due.ns = 0;
	if (listed)
		believe_list(d, w);
	else if (d->vote.system >= 0)
		believe_sources(d, w);
	/* The clock may show the last second of the day once more. */
	if (l->due.ns == l->done.ns)
		l->due.ns = 0;
}

void
discipline_leap_judge(struct discipline *d, struct mono now)
{
	struct core_leap *l = &d->leapsec;
	struct wall w = wall_now(d, now);

	d->leap = 0;
	if (!l->known || !d->synced || d->control.stepping || w.ns < 0)
		return;
	/* One that the kernel is just carrying out stands. */
	if (l->due.ns == 0 || w.ns < moment(l).ns)
		believe(d, w);
	if (l->due.ns != 0)
		d->leap = l->sense > 0 ? 1 : 2;
}

void
discipline_leap_pass(struct discipline *d, struct mono now)
{
	struct core_leap *l = &d->leapsec;
	struct wall w = wall_now(d, now);
	bool kernel = d->conf.leapmode == DISCIPLINE_LEAP_SYSTEM;
	double by_s = -l->sense;

	/* The kernel must not be told too early that it is over. */
	if (!l->known || l->due.ns == 0 ||
	    w.ns < moment(l).ns + (kernel ? KERNEL_NS : 0))
		return;
	l->done = l->due;
	l->done_sense = l->sense;
	l->done_at = tstamp_mono_add(now, tstamp_wall_diff(moment(l), w));
	l->due.ns = 0;
	d->leap = 0;
	switch (d->conf.leapmode) {
	case DISCIPLINE_LEAP_SYSTEM:
		discipline_leap_moved(d, tstamp_dur_from_s(by_s), false);
		break;
	case DISCIPLINE_LEAP_STEP:
		l->step = true;
		l->slewing = true; /* should the clock refuse */
		discipline_shift(d, by_s);
		break;
	case DISCIPLINE_LEAP_SLEW:
		l->slewing = true;
		discipline_shift(d, by_s);
		break;
	case DISCIPLINE_LEAP_IGNORE:
		discipline_disturbed(d, 1, now);
		break;
	}
	d->control.wanted = true;
}

bool
discipline_leap_close(const struct discipline *d, struct mono now)
{
	const struct core_leap *l = &d->leapsec;

	if (l->done.ns != 0 &&
	    llabs(tstamp_mono_diff(now, l->done_at).ns) < CLOSE_NS)
		return true;
	return l->known && l->due.ns != 0 &&
	    moment(l).ns - wall_now(d, now).ns < CLOSE_NS;
}

bool
discipline_leap_slewing(struct discipline *d, double left_s)
{
	struct core_leap *l = &d->leapsec;

	if (!l->step && fabs(left_s) < GONE_S)
		l->slewing = false;
	return l->slewing && fabs(left_s) < 1 + GONE_S;
}

int32_t
discipline_leap_tai(const struct discipline *d)
{
	const struct discipline_leap *list = &d->conf.leap;
	const struct core_leap *l = &d->leapsec;

	if (list->tai_offset_s == 0 || list->next.ns == 0 ||
	    list->next.ns != l->done.ns)
		return list->tai_offset_s;
	return list->tai_offset_s + l->done_sense;
}

/* One that came before we were started, by the list: a smear that began then
 * goes on.  Right as far as the clock is, slewing included. */
static bool
listed_before(
    const struct discipline *d, struct mono now, int8_t *sense, struct mono *at)
{
	const struct discipline_leap *list = &d->conf.leap;
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct estimate e;
	struct wall w;

	if (!d->leapsec.known || !d->joint.primed || list->last.ns == 0)
		return false;
	discipline_bank_mean(&d->joint.bank, pt.raw_s, &e);
	w = tstamp_wall_add(
	    wall_now(d, now), tstamp_dur_from_s(e.x_s - pt.corr_s));
	if (w.ns < list->last.ns || w.ns - list->last.ns > RECENT_NS)
		return false;
	*sense = list->last_sense;
	*at = tstamp_mono_add(now, tstamp_wall_diff(list->last, w));
	/* The clock jumps when an inserted second begins. */
	if (*sense > 0)
		at->ns -= TSTAMP_NS_PER_S;
	return true;
}

struct mono
discipline_leap_when(const struct discipline *d, struct mono now, int8_t *sense)
{
	const struct core_leap *l = &d->leapsec;
	struct mono at = l->done_at;

	*sense = 0;
	if (l->known && l->due.ns != 0) {
		*sense = l->sense;
		return tstamp_mono_add(
		    now, tstamp_wall_diff(moment(l), wall_now(d, now)));
	}
	if (l->done.ns != 0)
		*sense = l->done_sense;
	else
		(void)listed_before(d, now, sense, &at);
	return at;
}
