/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What others do to the clock: steps, which set REALTIME apart from BOOTTIME;
 * sleep, which sets BOOTTIME apart from MONOTONIC; slews, other rates and what
 * a virtual machine's master does, which set MONOTONIC apart from RAW; and the
 * kernel's own leap second.
 */
#include <math.h>
#include <stdlib.h>

#include "clock_priv.h"

#define STEP_SEEN_NS  100000 /* smaller moves are reading noise */
#define SLEEP_SEEN_NS 2000000
#define RATE_SEEN_SPS 1e-9
#define LEAP_SLACK_NS 1000000
#define DAY_NS        (86400 * TSTAMP_NS_PER_S)
#define STRAY_SPAN_NS 60e9 /* strays are summed up so long */
#define TURN_NS       20e6 /* a new rate of the kernel may begin a tick late */
#define HOST_MIN_NS   0.5e9
#define HOST_LOOKS    64 /* then what runs oddly under -x is its new rate */

/* What CLOCK_MONOTONIC gained on CLOCK_MONOTONIC_RAW otherwise than at the
 * rate that is known: nobody but another master of the clock, or of the
 * machine, makes it do that. */
void
os_clock_sum_strays(struct os_clock *c, const struct os_clock_reading *r)
{
	double mono_ns = (double)(r->mono.ns - c->look_mono.ns);
	double raw_ns = (double)(r->raw_ns - c->look_raw_ns);
	double rate = c->ops->is_virtual ? c->host_sps : c->rate_sps;
	double stray_ns = mono_ns - raw_ns * (1 + rate);

	c->stray_ns += stray_ns;
	c->stray_span_ns += raw_ns;
	c->stray_spread_ns += (double)r->spread.ns;
	if (!c->ops->is_virtual && c->slew_sps != 0)
		c->stray_slewed_ns += stray_ns;
	c->look_mono = r->mono;
	c->look_raw_ns = r->raw_ns;
}

static void
forget_strays(struct os_clock *c, const struct os_clock_reading *r)
{
	c->stray_ns = 0;
	c->stray_slewed_ns = 0;
	c->stray_span_ns = 0;
	c->stray_spread_ns = (double)r->spread.ns;
	c->turn_sps = 0;
}

/* The kernel carries out an announced leap second at midnight UTC: one
 * second back, or forward. */
static bool
is_leap(const struct os_clock *c, int64_t step_ns, struct wall now)
{
	int64_t want_ns = c->leap == 1 ? -TSTAMP_NS_PER_S : TSTAMP_NS_PER_S;
	int64_t of_day = now.ns % DAY_NS;

	if (c->ops->is_virtual || (c->leap != 1 && c->leap != 2))
		return false;
	return llabs(step_ns - want_ns) < LEAP_SLACK_NS &&
	    (of_day < DAY_NS / 24 || of_day > DAY_NS - 2 * TSTAMP_NS_PER_S);
}

/* What REALTIME moved by against BOOTTIME, if by more than reading it is good
 * for. */
static int64_t
moved_ns(const struct os_clock *c, const struct os_clock_reading *now)
{
	int64_t moved = now->real.ns - now->boot_ns - c->real_boot_ns;

	return llabs(moved) > STEP_SEEN_NS + now->spread.ns ? moved : 0;
}

void
os_clock_take_leap(struct os_clock *c, uint8_t leap)
{
	struct os_clock_reading now;
	int64_t moved;

	if (leap != c->leap && c->leap != 0) {
		c->ops->read(c->ctx, &now);
		moved = moved_ns(c, &now);
		if (is_leap(c, moved, now.real)) {
			c->real_boot_ns += moved;
			c->leapt = true;
		}
	}
	c->leap = leap;
}

static bool
is_retuned(const struct os_clock *c)
{
	double rate;

	return c->taken && !c->ops->is_virtual &&
	    c->ops->get_rate(c->ctx, &rate) == 0 &&
	    fabs(rate - c->rate_sps) > RATE_SEEN_SPS;
}

/* The rate of a clock that others steer is what it was while it kept one. */
static void
learn_host(struct os_clock *c, bool strayed)
{
	if (!c->ops->is_virtual || c->stray_span_ns < HOST_MIN_NS)
		return;
	c->odd_looks = strayed ? c->odd_looks + 1 : 0;
	if (strayed && c->host_known && c->odd_looks < HOST_LOOKS)
		return;
	c->host_sps += c->stray_ns / c->stray_span_ns;
	c->host_known = true;
	c->odd_looks = 0;
}

/* Return: what others gained or took by running the clock at another rate. */
static int64_t
strayed_ns(struct os_clock *c, const struct os_clock_reading *now)
{
	bool known = !c->ops->is_virtual || c->host_known, strayed;
	double limit_ns, stray_ns;

	if (!now->has_raw)
		return 0;
	os_clock_sum_strays(c, now);
	limit_ns = STEP_SEEN_NS + c->stray_spread_ns + c->turn_sps * TURN_NS;
	stray_ns = c->stray_ns;
	strayed = fabs(stray_ns) > limit_ns;
	learn_host(c, strayed);
	if (!known && !c->host_known)
		return 0;
	strayed = strayed && known;
	if (strayed)
		c->slewed_ns -= c->stray_slewed_ns;
	if (strayed || c->ops->is_virtual || c->stray_span_ns > STRAY_SPAN_NS)
		forget_strays(c, now);
	return strayed ? llrint(stray_ns) : 0;
}

unsigned
os_clock_watch(struct os_clock *c, struct dur *step)
{
	struct os_clock_reading now;
	int64_t strayed;
	int64_t moved, slept;
	unsigned seen = 0;

	if (step)
		step->ns = 0;
	c->ops->read(c->ctx, &now);
	moved = moved_ns(c, &now);
	slept = now.boot_ns - now.mono.ns - c->boot_mono_ns - c->suspended.ns;
	if (slept > SLEEP_SEEN_NS + now.spread.ns) {
		c->suspended.ns += slept;
		c->disruption_cnt++;
		seen |= OS_CLOCK_SUSPENDED;
	}
	if (moved != 0) {
		c->real_boot_ns += moved;
		seen |= is_leap(c, moved, now.real) ? OS_CLOCK_LEAPT
						    : OS_CLOCK_STEPPED;
	}
	strayed = strayed_ns(c, &now);
	if (strayed != 0)
		seen |= OS_CLOCK_STRAYED;
	if (!(seen & OS_CLOCK_STEPPED))
		moved = 0;
	if (seen & (OS_CLOCK_STEPPED | OS_CLOCK_STRAYED)) {
		c->foreign.ns += moved + strayed;
		c->disruption_cnt++;
		if (step)
			step->ns = moved + strayed;
	}
	if (c->leapt)
		seen |= OS_CLOCK_LEAPT;
	c->leapt = false;
	if (is_retuned(c))
		seen |= OS_CLOCK_RETUNED;
	return seen;
}
