/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One source: which samples are taken, what they mean against the
 * free-running oscillator, and the source's own estimate.  A reply that no
 * queueing explains is never absorbed: it waits until three of four agree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core_priv.h"

#define SURPRISE_SIGMAS   6.0
#define TRAITS_AFTER      8     /* samples; before, phase is learned first */
#define SURPRISE_BAR      8     /* replies without a vote after a step */
#define OFFSET_MAX_S      8.6e9 /* two eras */
#define DELAY_MAX_S       100.0
#define SERVER_TIME_MAX_S 1.0
#define INFO_MEMORY_S     20000.0 /* over which shares are compared */
#define DISPERSION_MAX_S  16.0

void
discipline_source_forget(struct core_source *src)
{
	discipline_delay_init(&src->delay);
	discipline_traits_init(&src->traits);
	memset(&src->surprise, 0, sizeof src->surprise);
	src->primed = false;
	src->replay_cnt = 0;
	src->recent_cnt = 0;
	src->anchor_cnt = 0;
	src->rate_before.known = false;
	src->since_reset = 0;
	src->asked = 0;
	src->info = 0;
	src->bar = 0;
	src->loop = false;
	src->reach = 0;
	src->state = DISCIPLINE_WAITING;
}

void
discipline_source_init(
    struct core_source *src, const struct discipline_source_conf *conf)
{
	memset(src, 0, sizeof *src);
	src->open = true;
	src->conf = *conf;
	discipline_source_forget(src);
	discipline_pollctl_init(src);
	if (conf->base_delay_s > 0)
		discipline_delay_known(&src->delay, conf->base_delay_s);
}

bool
discipline_source_reachable(const struct core_source *src)
{
	return src->open && src->reach != 0;
}

void
discipline_source_shift(struct core_source *src, double dx_s)
{
	discipline_bank_shift(&src->bank, dx_s);
	discipline_traits_shift(&src->traits, dx_s);
	for (int i = 0; i < CORE_REPLAY_MAX; i++)
		src->replay[i].o.z_s += dx_s;
	for (int i = 0; i < CORE_ANCHOR_MAX; i++) {
		src->recent[i].z_s += dx_s;
		src->anchor[i].z_s += dx_s;
	}
	for (int i = 0; i < CORE_SURPRISE_MAX; i++)
		src->surprise.seen[i].z_s += dx_s;
	src->told.z_s += dx_s;
}

/* Hostile case H1: what no honest server says. */
static bool
sane(const struct sample *s, struct mono now)
{
	if (!isfinite(s->offset_s) || !isfinite(s->delay_s) ||
	    !isfinite(s->stamp_error_s) || !isfinite(s->server_time_s) ||
	    !isfinite(s->root_delay_s) || !isfinite(s->root_dispersion_s))
		return false;
	return fabs(s->offset_s) < OFFSET_MAX_S && s->delay_s > 0 &&
	    s->delay_s <= DELAY_MAX_S && s->stamp_error_s >= 0 &&
	    s->stamp_error_s <= DELAY_MAX_S && s->server_time_s >= 0 &&
	    s->server_time_s <= SERVER_TIME_MAX_S && s->root_delay_s >= 0 &&
	    s->root_delay_s <= DISPERSION_MAX_S && s->root_dispersion_s >= 0 &&
	    s->root_dispersion_s <= DISPERSION_MAX_S && s->stratum >= 1 &&
	    s->stratum <= 15 && s->leap <= 2 && s->at.ns <= now.ns;
}

/* chrony's delay tests.  The limits are configuration: the estimator needs
 * none of them, a delayed sample only weighs less. */
static bool
delay_allowed(const struct core_source *src, const struct sample *s)
{
	const struct discipline_source_conf *c = &src->conf;
	const struct discipline_delay *dl = &src->delay;

	if (s->delay_s > c->maxdelay_s)
		return false;
	if (src->since_reset < 4)
		return true;
	if (c->maxdelayratio > 0 && s->delay_s > c->maxdelayratio * dl->least_s)
		return false;
	if (c->maxdelayquant > 0 &&
	    s->delay_s > discipline_delay_quantile(dl, c->maxdelayquant))
		return false;
	return true;
}

static void
tell(struct core_source *src, const struct sample *s, const struct core_hard *h)
{
	struct core_told *t = &src->told;

	t->at = s->at;
	t->raw_s = h->raw_s;
	t->z_s = h->z_s;
	t->lambda_s = h->lambda_s;
	t->delay_s = s->delay_s;
	t->root_delay_s = s->root_delay_s;
	t->root_dispersion_s = s->root_dispersion_s;
	t->ref_id = s->ref_id;
	t->stratum = s->stratum;
	t->leap = s->leap;
	t->authenticated = s->authenticated;
	t->interleaved = s->interleaved;
}

/* The first belief: the sample itself, and the frequency from the drift
 * file or, if the clock is already disciplined, as all sources see it. */
static void
prime(struct discipline *d, struct core_source *src, double raw_s,
    const struct estimate_obs *o)
{
	struct bank_wander w = {
	    d->conf.wander_log10, d->conf.wander_error_log10};
	struct estimate e = {
	    .x_s = discipline_estimate_centre(o),
	    .y_sps = d->conf.freq_sps,
	    .pxx = discipline_estimate_variance(o),
	    .pyy = d->conf.freq_error_sps * d->conf.freq_error_sps,
	};

	discipline_bank_init(&src->bank, raw_s, &e, &w, CORE_FORGET);
	src->primed = true;
}

static bool
surprising(
    const struct core_source *src, double raw_s, const struct estimate_obs *o)
{
	struct estimate e;

	discipline_bank_mean(&src->bank, raw_s, &e);
	return fabs(o->z_s - e.x_s) >
	    o->reach_s + SURPRISE_SIGMAS * sqrt(e.pxx + o->e2);
}

/* Do at least three of the last four odd replies agree on where the source
 * is at raw_s?  Gives their common middle. */
static bool
verdict(const struct core_surprise *s, double raw_s, double y_sps, double *z_s,
    double *h_s)
{
	double lo = -(double)INFINITY, hi = (double)INFINITY;
	unsigned n = 0;

	for (unsigned k = 0; k < CORE_SURPRISE_MAX; k++) {
		unsigned i =
		    (s->head + CORE_SURPRISE_MAX - 1 - k) % CORE_SURPRISE_MAX;
		const struct core_hard *c = &s->seen[i];
		double z = c->z_s + y_sps * (raw_s - c->raw_s);

		if (k >= s->cnt || !s->odd[i])
			continue;
		if (z - c->lambda_s > hi || z + c->lambda_s < lo)
			continue;
		lo = fmax(lo, z - c->lambda_s);
		hi = fmin(hi, z + c->lambda_s);
		n++;
	}
	*z_s = (lo + hi) / 2;
	*h_s = (hi - lo) / 2;
	return n >= 3;
}

static void
note_reply(struct core_surprise *s, double raw_s, const struct estimate_obs *o,
    bool odd)
{
	s->seen[s->head] =
	    (struct core_hard){raw_s, o->z_s, o->reach_s + 2 * sqrt(o->e2)};
	s->odd[s->head] = odd;
	s->head = (s->head + 1) % CORE_SURPRISE_MAX;
	if (s->cnt < CORE_SURPRISE_MAX)
		s->cnt++;
}

/* The source is elsewhere now: follow with its own estimate; whether the
 * clock follows is for the vote. */
static void
follow_step(struct core_source *src, double raw_s, double z_s, double h_s)
{
	struct estimate e;

	discipline_bank_mean(&src->bank, raw_s, &e);
	src->surprise.step_s = z_s - e.x_s;
	src->surprise.step_raw = raw_s;
	src->surprise.stepped = true;
	src->surprise.cnt = 0;
	discipline_bank_rephase(&src->bank, raw_s, z_s, h_s * h_s);
	discipline_bank_unsettle(&src->bank);
	discipline_traits_restart(&src->traits);
	src->bar = SURPRISE_BAR;
	/* What it showed of the frequency before stays true. */
	for (int i = 0; i < CORE_REPLAY_MAX; i++)
		src->replay[i].o.z_s += src->surprise.step_s;
	discipline_hard_clear(src);
}

static void
learn(struct core_source *src, const struct core_replay *r,
    const struct traits_noise *n)
{
	struct estimate e;
	double w2, n2;

	discipline_bank_mean(&src->bank, r->raw_s, &e);
	discipline_bank_noise(&src->bank, &w2, &n2);
	discipline_traits_learn(&src->traits, r->raw_s, &e, &r->o, n, w2);
}

static int
take_in(struct discipline *d, struct core_source *src,
    const struct core_replay *r, const struct traits_noise *n)
{
	struct estimate e;
	double z_s, h_s;

	if (!src->primed) {
		prime(d, src, r->raw_s, &r->o);
		return 0;
	}
	if (!surprising(src, r->raw_s, &r->o)) {
		if (src->since_reset > TRAITS_AFTER)
			learn(src, r, n);
		if (src->surprise.cnt > 0)
			note_reply(&src->surprise, r->raw_s, &r->o, false);
		discipline_bank_update(&src->bank, r->raw_s, &r->o);
		return 0;
	}
	note_reply(&src->surprise, r->raw_s, &r->o, true);
	discipline_bank_mean(&src->bank, r->raw_s, &e);
	if (!verdict(&src->surprise, r->raw_s, e.y_sps, &z_s, &h_s)) {
		discipline_pollctl_confirm(src, d->ticked);
		return ERR_AGAIN;
	}
	follow_step(src, r->raw_s, z_s, fmax(h_s, 1e-9));
	return 0;
}

static void
count_info(struct core_source *src, const struct core_replay *r)
{
	double age = fmax(r->raw_s - src->info_raw_s, 0);

	src->info = src->info * exp(-age / INFO_MEMORY_S) +
	    1 / (discipline_estimate_variance(&r->o) + 1e-18);
	src->info_raw_s = r->raw_s;
}

static void
store(struct core_source *src, const struct core_replay *r)
{
	src->replay[src->replay_cnt % CORE_REPLAY_MAX] = *r;
	src->replay_cnt++;
	count_info(src, r);
}

static bool
contradicts(const struct core_source *src, const struct core_hard *new)
{
	struct core_hard h;

	return discipline_hard_source(src, new->raw_s, &h) &&
	    fabs(h.z_s - new->z_s) > h.lambda_s + new->lambda_s;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A server that claims to have worked longer than usual makes the path look
 * shorter: what is beyond its median weighs like queueing, so that a delay
 * attack with a false T3 - T2 gains nothing. */
static double
claimed_too_much(struct core_source *src, double server_s)
{
	double v[CORE_SERVER_TIMES], median;
	unsigned n = src->server_time_cnt;

	src->server_time[n % CORE_SERVER_TIMES] = server_s;
	src->server_time_cnt = n + 1;
	if (n < CORE_SERVER_TIMES)
		return 0;
	memcpy(v, src->server_time, sizeof v);
	qsort(v, CORE_SERVER_TIMES, sizeof v[0], by_size);
	median = v[CORE_SERVER_TIMES / 2];
	return fmax(server_s - 2 * median, 0);
}

/* Return: 0, ERR_BAD insane, ERR_DENIED too long a delay, ERR_AGAIN held
 * back as a surprise. */
int
discipline_source_take(struct discipline *d, unsigned slot,
    const struct sample *s, struct core_replay *r)
{
	struct core_source *src = &d->source[slot];
	struct timeline_point pt = discipline_timeline_at(&d->timeline, s->at);
	double stamp = s->stamp_error_s;
	struct delay_excess x;
	struct traits_noise n;
	struct core_hard hard;
	int err;

	if (!sane(s, d->ticked)) {
		src->dropped_cnt++;
		return ERR_BAD;
	}
	src->reach |= 1;
	src->loop = false;
	if (!delay_allowed(src, s)) {
		src->dropped_cnt++;
		return ERR_DENIED;
	}
	discipline_delay_add(&src->delay, pt.raw_s, s->delay_s, &x);
	if (src->conf.mindelay_s > 0 &&
	    src->conf.mindelay_s <= src->delay.least_s) {
		x.s_s = s->delay_s - src->conf.mindelay_s;
		x.sd_s = 0;
	}
	x.s_s += claimed_too_much(src, s->server_time_s);
	r->raw_s = pt.raw_s;
	r->o.z_s = s->offset_s + src->conf.offset_s + pt.corr_s;
	if (isfinite(src->conf.asymmetry))
		r->o.z_s -=
		    src->conf.asymmetry * (s->delay_s - src->delay.least_s);
	r->o.h_s = (x.s_s + x.sd_s) / 2;
	n.jitter_s = src->delay.jitter_s;
	n.stamp2 = stamp * stamp / 3;
	n.base2 = x.sd_s * x.sd_s / 4;
	r->o.reach_s = r->o.h_s;
	discipline_traits_apply(&src->traits, &r->o, &n);
	hard.raw_s = pt.raw_s;
	hard.z_s = s->offset_s + src->conf.offset_s + pt.corr_s;
	hard.lambda_s =
	    s->delay_s / 2 + s->root_delay_s / 2 + s->root_dispersion_s + stamp;
	tell(src, s, &hard);
	src->sample_cnt++;
	src->since_reset++;
	if (src->bar > 0)
		src->bar--;
	src->contradicts = contradicts(src, &hard);
	err = take_in(d, src, r, &n);
	if (err < 0)
		return err;
	src->contradicts = false;
	discipline_hard_add(d, src, &hard);
	store(src, r);
	return 0;
}
