/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run: requests, answers, commands and seconds in the order of true
 * time, and the score.  The daemon's part is played literally: it tells the
 * discipline what it would be told and carries out what it answers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define COMMAND_DELAY_S 1e-3 /* between the roles */
#define SERVER_S        20e-6
#define NEVER           1e18
#define EARLY_MAX       20000

struct path {
	double send_s; /* next request */
	double sent_s; /* the last */
	double recv_s; /* arrival of the answer in flight, or NEVER */
	struct sample sample;
	double ref_z;
	double ref_excess;
	double ref_mean[2];
};

struct run {
	const struct sim_scenario *sc;
	struct sim_watch *watch;
	struct sim_plant plant;
	struct sim_rng rng;
	struct sim_ref ref;
	struct discipline *d;
	struct path path[SIM_SOURCE_MAX];
	struct discipline_out out; /* waiting to be carried out */
	double command_s;
	double tick_s;
	double second_s;
	bool foreign_done;
	bool leap_done;
	bool kernel_leap; /* as role clock was told */
	bool suspend_done;
	uint32_t seq;
	struct timepage_time page;
	double tokens; /* of the request budget, as of... */
	double tokens_s;
	uint64_t requests;
	uint64_t scored_requests;
	/* the score */
	uint64_t n;
	uint64_t synced;
	uint64_t covered;
	uint64_t tight_n;
	double sum2;
	double freq2;
	double max;
	double max60;
	double overshoot;
	double follow_s;
	double broken_at_s;
	double said_s;
	unsigned violations;
	double *errs;
	double *tights;
	double early[EARLY_MAX];
};

static double
queue(struct run *r, const struct sim_source *s, double mean)
{
	struct sim_rng *g = &r->rng;

	if (mean <= 0)
		return 0;
	if (s->tail == SIM_TAIL_HEAVY)
		return mean * 0.75 * (pow(sim_rng_unit(g), -1 / 2.5) - 1);
	if (s->tail == SIM_TAIL_BIMODAL && sim_rng_unit(g) < 0.3)
		return sim_rng_exp(g, 0.02 * mean);
	return sim_rng_exp(g, mean);
}

/* A server that smears the leap second around its instant, against UTC as
 * it counts. */
static double
smear(const struct sim_scenario *sc, const struct sim_source *s, double t)
{
	double part = (t - sc->leap_at_s) / s->smear_s + 0.5;

	part = fmin(fmax(part, 0), 1);
	return sc->leap_sense * ((t > sc->leap_at_s ? 1 : 0) - part);
}

/* The server's clock: true time plus its lie. */
static double
lie(const struct sim_scenario *sc, const struct sim_source *s, double t)
{
	double v = s->offset_s;

	if (s->smear_s > 0)
		v += smear(sc, s, t);

	if (s->drift_sps != 0 && t > s->drift_at_s)
		v += s->drift_sps * (t - s->drift_at_s);
	if (s->step_s != 0 && t > s->step_at_s)
		v += s->step_s;
	if (s->flap_s > 0 && fmod(t, 2 * s->flap_s) < s->flap_s)
		v = 0;
	return v;
}

/* Honest servers that do not smear announce it on its day. */
static uint8_t
announced(const struct sim_scenario *sc, const struct sim_source *s, double t)
{
	double left = sc->leap_at_s - t;

	if (sc->leap_sense == 0 || s->smear_s > 0 || left <= 0 || left > 86400)
		return s->leap;
	return sc->leap_sense > 0 ? 1 : 2;
}

/* Hand a request to the network at this moment. */
static void
send_request(struct run *r, unsigned i)
{
	const struct sim_source *s = &r->sc->source[i];
	struct path *p = &r->path[i];
	struct sim_plant at = r->plant;
	double t1 = r->plant.t_s, factor = 1, up, down, base_up, base_down;
	double n1 = 0, n4 = 0, e1 = at.err_s, x1 = at.x_s, t4;

	discipline_sent(r->d, i, sim_plant_mono(&r->plant));
	p->sent_s = t1;
	r->tokens -= 1;
	r->requests++;
	if (t1 > r->sc->score_s)
		r->scored_requests++;
	if (s->silent_from_s > 0 && t1 > s->silent_from_s &&
	    t1 < s->silent_until_s)
		return;
	if (s->burst_every_s > 0 && fmod(t1, s->burst_every_s) < s->burst_len_s)
		factor = s->burst_factor;
	up = queue(r, s, s->up_s * factor);
	down = queue(r, s, s->down_s * factor);
	base_up = s->base_s / 2 + s->asym_s / 2;
	base_down = s->base_s / 2 - s->asym_s / 2;
	if (s->route_at_s > 0 && t1 > s->route_at_s) {
		base_up += s->route_up_s;
		base_down += s->route_down_s;
	}
	if (s->stamp_s > 0) {
		n1 = s->stamp_s * sim_rng_normal(&r->rng);
		n4 = s->stamp_s * sim_rng_normal(&r->rng);
	}
	if (sim_rng_unit(&r->rng) < s->loss)
		return;
	t4 = t1 + base_up + up + SERVER_S + base_down + down;
	p->recv_s = t4;
	memset(&p->sample, 0, sizeof p->sample);
	/* The rest of the offset is filled in when the answer arrives. */
	p->sample.offset_s = (base_up + up - base_down - down) / 2 + e1 / 2 +
	    lie(r->sc, s, t1 + base_up + up) + (n4 - n1) / 2;
	p->sample.delay_s = base_up + up + base_down + down + e1 + n4 + n1;
	p->sample.stamp_error_s = 1e-7 + 3 * s->stamp_s;
	p->sample.server_time_s = SERVER_S;
	p->sample.root_dispersion_s = s->root_s;
	p->sample.ref_id = 0x0a000001U + i;
	p->sample.stratum = 2;
	p->sample.leap = announced(r->sc, s, t1);
	p->ref_z = x1 / 2 + (up - down) / 2 + (n4 - n1) / 2 +
	    (base_up - base_down) / 2;
	p->ref_excess = up + down + n1 + n4;
	p->ref_mean[0] = s->up_s * factor;
	p->ref_mean[1] = s->down_s * factor;
}

/* When the request budget of a peer would allow the next one. */
static double
affordable(struct run *r, double t)
{
	double gap = r->sc->budget_s;

	if (gap <= 0)
		return t;
	r->tokens = fmin(r->tokens + (r->plant.t_s - r->tokens_s) / gap, 8);
	r->tokens_s = r->plant.t_s;
	if (r->tokens >= 1)
		return t;
	return fmax(t, r->plant.t_s + (1 - r->tokens) * gap);
}

static void
schedule(struct run *r, unsigned i)
{
	struct discipline_poll poll;
	double jitter = 0.97 + 0.06 * sim_rng_unit(&r->rng);
	struct path *p = &r->path[i];

	if (discipline_poll(r->d, i, sim_plant_mono(&r->plant), &poll) < 0)
		abort();
	p->send_s = p->sent_s + poll.interval_s * (poll.burst ? 1 : jitter);
	p->send_s = affordable(r, fmax(p->send_s, r->plant.t_s));
}

/* When a broken condition was first admitted, by taking the bound away. */
static void
note_said(struct run *r)
{
	double since = r->plant.t_s - r->broken_at_s;

	if (r->broken_at_s > 0 && since >= 0 && r->said_s < 0 &&
	    !(r->page.flags & TIMEPAGE_BOUNDED))
		r->said_s = since;
}

static void
obey(struct run *r, const struct discipline_out *out)
{
	struct mono now = sim_plant_mono(&r->plant);

	if (out->publish) {
		struct clockcmd_truth truth;

		discipline_time(r->d, now, &r->page);
		note_said(r);
		discipline_truth(r->d, now, &truth);
		r->kernel_leap = r->sc->leapmode == DISCIPLINE_LEAP_SYSTEM &&
		    truth.leap == (r->sc->leap_sense > 0 ? 1 : 2);
		if (truth.synced &&
		    fabs(r->plant.slew_k) <= r->plant.slew_later_sps * 1.01)
			r->plant.settled = true;
	}
	if (out->cmd != DISCIPLINE_CMD_NONE) {
		r->out = *out;
		r->command_s = r->plant.t_s + COMMAND_DELAY_S;
	}
	for (unsigned i = 0; i < r->sc->source_cnt; i++)
		if (out->repoll >> i & 1)
			schedule(r, i);
	r->tick_s = r->plant.t_s +
	    tstamp_dur_to_s(tstamp_mono_diff(discipline_next(r->d), now));
}

/* What the clock shows, half a second off the scored seconds; it counts on over a leap second that it was not told
 * about. */
static int64_t
wall_at(const struct run *r)
{
	const struct sim_scenario *sc = r->sc;
	double leapt = r->leap_done ? -sc->leap_sense : 0;

	return sc->wall_s * TSTAMP_NS_PER_S +
	    (int64_t)((r->plant.t_s + 0.5 + leapt - r->plant.err_s) * 1e9);
}

static void
receive(struct run *r, unsigned i)
{
	const struct sim_source *s = &r->sc->source[i];
	struct path *p = &r->path[i];
	struct discipline_out out;
	struct mono now = sim_plant_mono(&r->plant);
	double rtt = p->recv_s - p->sent_s;

	p->recv_s = NEVER;
	p->sample.at.ns = now.ns - (int64_t)(rtt * 5e8);
	p->sample.wall.ns = wall_at(r) - (int64_t)(rtt * 5e8);
	p->sample.offset_s += r->plant.err_s / 2;
	p->sample.delay_s -= r->plant.err_s;
	p->ref_z += r->plant.x_s / 2;
	if (!s->liar && p->ref_mean[0] > 0)
		sim_ref_update(&r->ref, r->plant.t_s - rtt / 2, p->ref_z,
		    fmax(p->ref_excess, 1e-9), p->ref_mean,
		    s->stamp_s * s->stamp_s / 2);
	if (p->sample.delay_s <= 0)
		return;
	(void)discipline_sample(r->d, i, &p->sample, now, &out);
	obey(r, &out);
}

static void
report_clock(struct run *r, unsigned refusal)
{
	struct clockcmd_state state;
	struct discipline_out out;

	sim_plant_report(&r->plant, &state);
	state.command_seq = r->seq;
	state.refusal = (uint8_t)refusal;
	discipline_clock(r->d, &state, sim_plant_mono(&r->plant), &out);
	obey(r, &out);
}

/* Role clock would take this for an attack and stop. */
static bool
too_fast(const struct run *r)
{
	const struct clockcmd_adjust *a = &r->out.adjust;
	double most = r->plant.settled ? r->plant.slew_later_sps : 83333e-6;

	return fabs((double)a->offset.ns) >
	    most * (double)a->duration.ns * 1.001 + 1;
}

static void
carry_out(struct run *r)
{
	unsigned refusal = CLOCKCMD_OK;

	r->command_s = NEVER;
	r->seq++;
	if (r->out.cmd == DISCIPLINE_CMD_ADJUST && too_fast(r))
		abort();
	if (r->out.cmd == DISCIPLINE_CMD_ADJUST)
		sim_plant_adjust(&r->plant, &r->out.adjust);
	else
		refusal = sim_plant_step(&r->plant, &r->out.step);
	report_clock(r, refusal);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
score_bound(struct run *r)
{
	const struct sim_scenario *sc = r->sc;
	struct mono now = sim_plant_mono(&r->plant);
	double age = (double)(now.ns - r->page.as_of_mono_ns) * 1e-9;
	double left = tstamp_dur_to_s(timepage_remaining(&r->page, now));
	double bound =
	    (double)r->page.bound_ns * 1e-9 + r->page.bound_growth_sps * age;
	double sigma =
	    (double)r->page.sigma_ns * 1e-9 + r->page.freq_error_sps * age;
	double least[SIM_SOURCE_MAX], gap = ldexp(1, sc->maxpoll);
	unsigned n = 0, f = (sc->source_cnt - 1) / 2;

	if (r->page.flags & TIMEPAGE_BOUNDED &&
	    fabs(r->plant.err_s - left) > bound + 1e-9)
		r->violations++;
	if (r->plant.t_s <= sc->score_s)
		return;
	r->synced += (r->page.flags & TIMEPAGE_SYNCED) != 0;
	r->covered += fabs(r->plant.err_s - left) <= 2 * sigma;
	/* In holdover the bound grows; that is no want of tightness. */
	if (sc->source[0].silent_from_s > 0 &&
	    r->plant.t_s > sc->source[0].silent_from_s)
		return;
	if (r->plant.t_s < 3600 || !(r->page.flags & TIMEPAGE_BOUNDED) ||
	    ((int64_t)r->plant.t_s & 15) != 0)
		return;
	for (unsigned i = 0; i < sc->source_cnt; i++) {
		struct discipline_source_view v;

		if (discipline_look_source(r->d, i, now, &v) < 0)
			abort();
		if (!v.sampled || sc->source[i].liar)
			continue;
		least[n++] = sc->source[i].base_s / 2 + v.root_dispersion_s;
		gap = ldexp(1, v.poll_log2);
	}
	if (n == 0)
		return;
	/* With f possible liars the hull reaches to the f + 1st least. */
	qsort(least, n, sizeof least[0], by_size);
	r->tights[r->tight_n++] =
	    bound / (least[f < n ? f : n - 1] + 15e-6 * gap);
}

static void
whole_second(struct run *r)
{
	const struct sim_scenario *sc = r->sc;
	double e = r->plant.err_s, t = r->plant.t_s;
	double f = r->plant.rate - r->plant.freq_sps - r->plant.slew_k;

	score_bound(r);
	if (t < EARLY_MAX)
		r->early[(int)t] = fabs(e);
	r->overshoot = fmax(r->overshoot, -e / sc->err_s);
	if (t > 60 && t < 3600 && fabs(e) > r->max60)
		r->max60 = fabs(e);
	if (r->watch != NULL && r->watch->second != NULL) {
		struct discipline_view v;
		struct discipline_poll poll;

		discipline_look(r->d, sim_plant_mono(&r->plant), &v);
		if (discipline_poll(r->d, 0, sim_plant_mono(&r->plant), &poll) <
		    0)
			abort();
		r->watch->second(r->watch->ctx,
		    &(struct sim_second){t, e, v.bound_s, v.sigma_s,
			v.remaining_s, poll.poll_log2, v.synced,
			sim_plant_mono(&r->plant)});
	}
	/* A single source that steps is right by definition. */
	if (sc->follow_s > 0) {
		e += lie(sc, &sc->source[0], t);
		if (t > sc->source[0].step_at_s &&
		    fabs(e) > fabs(sc->source[0].step_s) / 50)
			r->follow_s = t - sc->source[0].step_at_s;
	}
	if (t <= sc->score_s)
		return;
	sim_ref_score(&r->ref, t, r->plant.x_s);
	r->errs[r->n++] = fabs(e);
	r->sum2 += e * e;
	r->freq2 += f * f;
	r->max = fmax(r->max, fabs(e));
}

static void
summarise(struct run *r, struct sim_result *res)
{
	const struct sim_scenario *sc = r->sc;
	double n = (double)r->n, ref = r->ref.sum[0];

	memset(res, 0, sizeof *res);
	qsort(r->errs, r->n, sizeof *r->errs, by_size);
	qsort(r->tights, r->tight_n, sizeof *r->tights, by_size);
	res->rms_s = sqrt(r->sum2 / n);
	res->max_s = r->max;
	res->p99_s = r->errs[r->n - 1 - r->n / 100];
	res->freq_rms_sps = sqrt(r->freq2 / n);
	if (sc->osc.temp_s > 0) {
		ref = NEVER;
		for (int i = 2; i < 2 + SIM_HINDSIGHT; i++)
			ref = fmin(ref, r->ref.sum[i]);
	}
	res->ref_a_s = sqrt(ref / n);
	res->ref_b_s = sqrt(r->ref.sum[1] / n);
	res->packets = (double)r->requests / sc->source_cnt;
	res->gap_s = (sc->end_s - sc->score_s) /
	    (double)(r->scored_requests > 0 ? r->scored_requests : 1);
	res->overshoot = r->overshoot;
	res->bound_broken = r->violations;
	res->tightness = r->tight_n > 0 ? r->tights[r->tight_n / 2] : 0;
	res->coverage = (double)r->covered / n;
	res->synced = (double)r->synced / n;
	res->at60_s = r->max60;
	res->said_s = r->said_s;
	res->follow_s = r->follow_s;
	for (int i = 0; i < EARLY_MAX && i < (int)sc->end_s; i++)
		if (r->early[i] > 4 * res->rms_s)
			res->settle_s = i;
}

static void
begin(struct run *r, uint64_t seed)
{
	const struct sim_scenario *sc = r->sc;
	struct discipline_conf conf;
	struct mono now;

	sim_plant_init(&r->plant, &sc->osc, seed, sc->err_s);
	sim_rng_seed(&r->rng, seed ^ 0x5eed);
	sim_ref_init(&r->ref, &sc->osc);
	r->plant.makestep_s = sc->makestep_s;
	r->plant.steps_left = sc->makestep_limit;
	discipline_conf_init(&conf);
	conf.makestep_s = sc->makestep_s;
	conf.makestep_limit = sc->makestep_limit;
	conf.leapmode = sc->leapmode;
	if (sc->slew_ppm > 0)
		conf.slewrate_synced_ppm = sc->slew_ppm;
	r->plant.slew_later_sps = conf.slewrate_synced_ppm * 1e-6;
	now = sim_plant_mono(&r->plant);
	r->d = discipline_new(&conf, now);
	if (r->d == NULL)
		abort();
	for (unsigned i = 0; i < sc->source_cnt; i++) {
		struct discipline_source_conf c;

		discipline_source_conf_init(&c);
		c.iburst = true;
		c.minpoll = sc->minpoll;
		c.maxpoll = sc->maxpoll;
		if (discipline_open(r->d, i, &c) < 0)
			abort();
		r->path[i].recv_s = NEVER;
		r->path[i].send_s = 0.01 * (i + 1);
	}
	r->command_s = NEVER;
	r->tick_s = NEVER;
	r->tokens = 8;
	r->said_s = -1;
	if (sc->broken != NULL)
		r->broken_at_s = sc->source[0].step_at_s;
	r->second_s = 1;
	report_clock(r, CLOCKCMD_OK);
}

/* The earliest thing to happen; ties go by the order here. */
static double
next_event(const struct run *r)
{
	double t = fmin(r->second_s, fmin(r->command_s, r->tick_s));

	if (!r->leap_done && r->sc->leap_sense != 0)
		t = fmin(t, fmax(r->sc->leap_at_s, r->plant.t_s));
	for (unsigned i = 0; i < r->sc->source_cnt; i++)
		t = fmin(t, fmin(r->path[i].send_s, r->path[i].recv_s));
	return t;
}

static void
events_at(struct run *r, double t)
{
	struct discipline_out out;

	if (r->command_s <= t)
		carry_out(r);
	for (unsigned i = 0; i < r->sc->source_cnt; i++) {
		if (r->path[i].recv_s <= t)
			receive(r, i);
		if (r->path[i].send_s <= t) {
			r->path[i].recv_s = NEVER;
			send_request(r, i);
			schedule(r, i);
		}
	}
	if (r->tick_s <= t) {
		discipline_tick(r->d, sim_plant_mono(&r->plant), &out);
		obey(r, &out);
	}
	if (r->second_s <= t) {
		whole_second(r);
		r->second_s = t + 1;
	}
}

static void
disasters(struct run *r)
{
	const struct sim_scenario *sc = r->sc;

	if (!r->foreign_done && sc->foreign_at_s > 0 &&
	    r->plant.t_s > sc->foreign_at_s) {
		r->foreign_done = true;
		r->broken_at_s = r->plant.t_s;
		sim_plant_foreign(&r->plant, sc->foreign_s);
		if (sc->foreign_unseen)
			r->plant.foreign_s -= sc->foreign_s;
		report_clock(r, CLOCKCMD_OK);
	}
	if (!r->leap_done && sc->leap_sense != 0 &&
	    r->plant.t_s >= sc->leap_at_s) {
		r->leap_done = true;
		/* UTC moves; the kernel's clock does if it was told. */
		if (!r->kernel_leap)
			r->plant.err_s -= sc->leap_sense;
	}
	if (!r->suspend_done && sc->suspend_at_s > 0 &&
	    r->plant.t_s > sc->suspend_at_s) {
		r->suspend_done = true;
		sim_plant_suspend(
		    &r->plant, sc->suspend_s, sc->suspend_wrong_s);
		r->broken_at_s = r->plant.t_s;
		r->second_s = floor(r->plant.t_s) + 1;
		report_clock(r, CLOCKCMD_OK);
	}
}

void
sim_run(const struct sim_scenario *sc, uint64_t seed, struct sim_watch *watch,
    struct sim_result *res)
{
	struct run *r = calloc(1, sizeof *r);
	size_t seconds = (size_t)sc->end_s + 2;

	if (r == NULL)
		abort();
	r->sc = sc;
	r->watch = watch;
	r->errs = calloc(seconds, sizeof *r->errs);
	r->tights = calloc(seconds / 16 + 2, sizeof *r->tights);
	if (r->errs == NULL || r->tights == NULL)
		abort();
	begin(r, seed);
	if (watch != NULL)
		watch->d = r->d;
	while (r->plant.t_s < sc->end_s) {
		double t = next_event(r);

		sim_plant_advance(&r->plant, t);
		events_at(r, t);
		disasters(r);
	}
	summarise(r, res);
	discipline_free(r->d);
	free(r->errs);
	free(r->tights);
	free(r);
}
