/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the disciplined clock over a back end.
 *
 * Time is cut into pieces in which base frequency and slew are constant.  A
 * piece of the kernel's clock is measured, not computed: what CLOCK_MONOTONIC
 * gained on CLOCK_MONOTONIC_RAW beyond the base frequency is what was slewed,
 * however late the timer that ended it was.  A virtual clock has no such
 * doubt: its slew ends at its time by definition.
 */
#include "os/clock.h"

#include <math.h>
#include <string.h>

#include "clock_priv.h"

/* What slewing gained since the running piece began. */
static double
piece_ns(const struct os_clock *c, const struct os_clock_reading *r)
{
	double mono_ns = (double)(r->mono.ns - c->from_mono.ns);
	double raw_ns = (double)(r->raw_ns - c->from_raw_ns);

	if (c->slew_sps == 0)
		return 0;
	if (!c->ops->is_virtual && r->has_raw)
		return mono_ns - raw_ns * (1 + c->base_sps);
	if (c->ops->is_virtual && r->mono.ns > c->slew_until.ns)
		mono_ns = (double)(c->slew_until.ns - c->from_mono.ns);
	return mono_ns * c->slew_sps;
}

static int64_t
virtual_ns(const struct os_clock *c, const struct os_clock_reading *r)
{
	double based_ns = (double)(r->mono.ns - c->from_mono.ns) * c->base_sps;

	if (!c->ops->is_virtual)
		return 0;
	return c->virt_ns + llrint(piece_ns(c, r) + based_ns);
}

/* End the running piece; the next begins at r. */
static void
settle(struct os_clock *c, const struct os_clock_reading *r)
{
	int64_t virt_ns = virtual_ns(c, r);

	/* A virtual clock's rate is no business of the kernel's. */
	if (!c->ops->is_virtual)
		os_clock_sum_strays(c, r);
	c->slewed_ns += piece_ns(c, r);
	c->virt_ns = virt_ns;
	c->from_mono = r->mono;
	c->from_raw_ns = r->raw_ns;
}

/* A slew gains @slew per second of the monotonic clock, which itself runs
 * at the rate looked for: rate = base + s, slew = s / (1 + rate). */
static double
rate_for(double base, double slew)
{
	return base + slew * (1 + base) / (1 - slew);
}

static int
apply(struct os_clock *c, double base, double slew)
{
	struct os_clock_reading now;
	double applied;
	int err = 0;

	if (!isfinite(base) || !isfinite(slew) || fabs(base) >= 0.5 ||
	    fabs(slew) >= 0.5)
		return ERR_BAD;
	if (!c->taken)
		err = c->ops->take(c->ctx);
	if (err < 0)
		return err;
	c->taken = true;
	err = c->ops->set_rate(c->ctx, rate_for(base, slew), &applied);
	if (err < 0)
		return err;
	c->ops->read(c->ctx, &now);
	settle(c, &now);
	c->base_sps = base;
	c->slew_sps = slew;
	c->turn_sps += fabs(applied - c->rate_sps);
	c->rate_sps = applied;
	return 0;
}

void
os_clock_init_with(
    struct os_clock *c, const struct os_clock_backend *ops, void *ctx)
{
	struct os_clock_reading now;

	memset(c, 0, sizeof *c);
	c->ops = ops;
	c->ctx = ctx;
	ops->read(ctx, &now);
	c->from_mono = now.mono;
	c->from_raw_ns = now.raw_ns;
	c->slew_until = now.mono;
	c->look_mono = now.mono;
	c->look_raw_ns = now.raw_ns;
	c->real_boot_ns = now.real.ns - now.boot_ns;
	c->boot_mono_ns = now.boot_ns - now.mono.ns;
	if (ops->get_rate(ctx, &c->rate_sps) < 0)
		c->rate_sps = 0;
	c->base_sps = c->rate_sps;
}

int
os_clock_set_base(struct os_clock *c, double freq_sps)
{
	struct os_clock_reading now;
	double slew = c->slew_sps;

	/* A virtual slew that is over must not begin again. */
	c->ops->read(c->ctx, &now);
	if (c->ops->is_virtual && now.mono.ns >= c->slew_until.ns)
		slew = 0;
	return apply(c, freq_sps, slew);
}

int
os_clock_slew(struct os_clock *c, struct dur offset, struct dur duration,
    double *rate_sps)
{
	double slew;
	int err;

	if (rate_sps)
		*rate_sps = 0;
	if (duration.ns <= 0)
		return ERR_BAD;
	slew = (double)offset.ns / (double)duration.ns;
	err = apply(c, c->base_sps, slew);
	if (err < 0)
		return err;
	c->slew_until = tstamp_mono_add(c->from_mono, duration);
	if (rate_sps)
		*rate_sps = slew;
	return 0;
}

int
os_clock_end_slew(struct os_clock *c)
{
	return c->slew_sps == 0 ? 0 : apply(c, c->base_sps, 0);
}

int
os_clock_step(struct os_clock *c, struct dur by)
{
	/* Also takes the clock over and settles the piece. */
	int err = apply(c, c->base_sps, 0);

	if (err == 0)
		err = c->ops->step(c->ctx, by);
	if (err < 0)
		return err;
	c->stepped.ns += by.ns;
	c->step_cnt++;
	if (c->ops->is_virtual)
		c->virt_ns += by.ns;
	else
		c->real_boot_ns += by.ns;
	return 0;
}

int
os_clock_tell(struct os_clock *c, const struct clockcmd_truth *t)
{
	int err = 0;

	/* Before the first command the clock is somebody else's. */
	if (!c->taken && !t->synced)
		return 0;
	if (!c->taken)
		err = c->ops->take(c->ctx);
	if (err < 0)
		return err;
	c->taken = true;
	err = c->ops->tell(c->ctx, t, c->rtcsync);
	if (err < 0)
		return err;
	os_clock_take_leap(c, t->leap);
	c->tai_offset_s = t->tai_offset_s;
	return 0;
}

int
os_clock_reclaim(struct os_clock *c)
{
	if (!c->taken || c->ops->is_virtual)
		return 0;
	c->taken = false;
	return os_clock_set_base(c, c->base_sps);
}

void
os_clock_state(struct os_clock *c, struct clockcmd_state *st)
{
	struct os_clock_reading now;
	bool slewing;

	c->ops->read(c->ctx, &now);
	slewing = c->slew_sps != 0 &&
	    !(c->ops->is_virtual && now.mono.ns >= c->slew_until.ns);
	st->as_of = now.mono;
	st->freq_sps = c->base_sps;
	st->slew_rate_sps = slewing ? c->slew_sps : 0;
	st->slew_until = slewing ? c->slew_until : now.mono;
	st->stepped = c->stepped;
	st->corrected.ns =
	    c->stepped.ns + llrint(c->slewed_ns + piece_ns(c, &now));
	st->foreign = c->foreign;
	st->suspended = c->suspended;
	st->step_cnt = c->step_cnt;
}

void
os_clock_page(struct os_clock *c, struct timepage_clock *p)
{
	struct os_clock_reading now;

	c->ops->read(c->ctx, &now);
	p->as_of_mono_ns = now.mono.ns;
	p->virt_offset_ns = virtual_ns(c, &now);
	p->virt_rate_sps = 0;
	p->slew_rate_sps = 0;
	p->slew_until_mono_ns = now.mono.ns;
	p->disruption_cnt = c->disruption_cnt;
	p->tai_offset_s = c->tai_offset_s;
	p->leap = c->leap;
	p->flags = 0;
	if (!c->ops->is_virtual)
		return;
	p->flags = TIMEPAGE_VIRTUAL;
	p->virt_rate_sps = c->base_sps;
	if (now.mono.ns < c->slew_until.ns) {
		p->slew_rate_sps = c->slew_sps;
		p->slew_until_mono_ns = c->slew_until.ns;
	}
}

struct wall
os_clock_wall(struct os_clock *c)
{
	struct os_clock_reading now;

	c->ops->read(c->ctx, &now);
	return tstamp_wall_add(now.real, (struct dur){virtual_ns(c, &now)});
}
