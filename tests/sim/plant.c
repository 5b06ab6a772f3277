/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plant.  Errors are integrated as such (true minus clock), so that
 * picoseconds survive beside months.  Noise is drawn once per second.
 */
#include "plant.h"

#include <math.h>
#include <string.h>

#define MONO_START_S 1000.0

static uint64_t
next(struct sim_rng *r)
{
	uint64_t a = r->s[0], b = r->s[1];

	/* xorshift128+, Vigna 2014 */
	r->s[0] = b;
	a ^= a << 23;
	r->s[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
	return r->s[1] + b;
}

void
sim_rng_seed(struct sim_rng *r, uint64_t seed)
{
	memset(r, 0, sizeof *r);
	r->s[0] = 0x9e3779b97f4a7c15ULL * (seed + 1);
	r->s[1] = 0xd1b54a32d192ed03ULL ^ seed;
	for (int i = 0; i < 50; i++)
		next(r);
}

double
sim_rng_unit(struct sim_rng *r)
{
	return ((double)(next(r) >> 11) + 0.5) / 9007199254740992.0;
}

double
sim_rng_normal(struct sim_rng *r)
{
	double m, a;

	if (r->spare) {
		r->spare = false;
		return r->spare_value;
	}
	m = sqrt(-2 * log(sim_rng_unit(r)));
	a = 2 * M_PI * sim_rng_unit(r);
	r->spare = true;
	r->spare_value = m * sin(a);
	return m * cos(a);
}

double
sim_rng_exp(struct sim_rng *r, double mean)
{
	return -mean * log(sim_rng_unit(r));
}

/* The oscillator's rates for the second that begins now. */
static void
draw_second(struct sim_plant *p)
{
	const struct sim_oscillator *o = &p->osc;

	p->y_sps += o->wander * sim_rng_normal(&p->rng) + o->ageing_sps2;
	p->rate = p->y_sps;
	if (o->temp_s > 0)
		p->rate += o->temp_sps * sin(2 * M_PI * p->t_s / o->temp_s);
	p->phase_rate = o->white > 0 ? o->white * sim_rng_normal(&p->rng) : 0;
}

void
sim_plant_init(struct sim_plant *p, const struct sim_oscillator *osc,
    uint64_t seed, double err_s)
{
	memset(p, 0, sizeof *p);
	sim_rng_seed(&p->rng, seed);
	p->osc = *osc;
	p->y_sps = osc->freq_sps;
	p->err_s = err_s;
	p->steers_mono = true;
	p->drift_max_sps = 500e-6;
	draw_second(p);
}

/* No change of any rate within dt. */
static void
pass(struct sim_plant *p, double dt)
{
	double dx = (p->rate + p->phase_rate) * dt;
	double dr = dt - dx, ds = 0, df = p->freq_sps * dr;

	if (p->slew_k != 0) {
		ds = p->slew_k * dr;
		p->slew_left_s -= ds;
	}
	p->t_s += dt;
	p->x_s += dx;
	p->err_s += dx - df - ds;
	p->mono_skew_s += dx - (p->steers_mono ? df + ds : 0);
	p->corrected_s += ds;
}

static void
pass_slewing(struct sim_plant *p, double dt)
{
	while (p->slew_k != 0) {
		double dr = p->slew_left_s / p->slew_k;
		double part = dr / (1 - p->rate - p->phase_rate);

		if (part > dt)
			break;
		pass(p, part > 0 ? part : 0);
		dt -= part > 0 ? part : 0;
		p->slew_k = 0;
		p->slew_left_s = 0;
	}
	if (dt > 0)
		pass(p, dt);
}

void
sim_plant_advance(struct sim_plant *p, double t_s)
{
	while (p->t_s < t_s) {
		double second = floor(p->t_s + 1e-9) + 1;

		if (second > t_s) {
			pass_slewing(p, t_s - p->t_s);
			p->t_s = t_s;
			return;
		}
		pass_slewing(p, second - p->t_s);
		p->t_s = second;
		draw_second(p);
	}
}

void
sim_plant_adjust(struct sim_plant *p, const struct clockcmd_adjust *a)
{
	double s = 0;

	p->freq_sps =
	    fmax(fmin(a->freq_sps, p->drift_max_sps), -p->drift_max_sps);
	/* The kernel takes frequencies in 2^-16 ppm. */
	p->freq_sps = rint(p->freq_sps * 65536e6) / 65536e6;
	p->slew_k = 0;
	p->slew_left_s = 0;
	if (a->offset.ns == 0)
		return;
	/* makestep counts commands that move the phase. */
	if (p->steps_left > 0)
		p->steps_left--;
	s = (double)a->offset.ns / (double)a->duration.ns;
	p->slew_k = p->steers_mono ? s * (1 + p->freq_sps) / (1 - s) : s;
	p->slew_left_s = tstamp_dur_to_s(a->offset);
}

unsigned
sim_plant_step(struct sim_plant *p, const struct clockcmd_step *s)
{
	double step = tstamp_dur_to_s(s->offset);

	if (p->steps_left == 0)
		return CLOCKCMD_NO_STEP_LEFT;
	if (fabs(step) < p->makestep_s)
		return CLOCKCMD_BELOW_STEP;
	if (p->steps_left > 0)
		p->steps_left--;
	p->err_s -= step;
	p->corrected_s += step;
	p->stepped_s += step;
	p->slew_k = 0;
	p->slew_left_s = 0;
	p->step_cnt++;
	return CLOCKCMD_OK;
}

void
sim_plant_foreign(struct sim_plant *p, double step_s)
{
	p->err_s -= step_s;
	p->foreign_s += step_s;
}

void
sim_plant_suspend(struct sim_plant *p, double len_s, double wrong_s)
{
	double x = p->x_s;

	/* The oscillator runs on; what the kernel adds on waking is its
	 * battery clock's opinion. */
	sim_plant_advance(p, p->t_s);
	for (double end = p->t_s + len_s; p->t_s < end;) {
		p->t_s += 1;
		draw_second(p);
	}
	p->x_s = x;
	p->err_s += wrong_s;
	p->suspended_s += len_s;
	p->mono_skew_s += len_s;
}

struct mono
sim_plant_mono(const struct sim_plant *p)
{
	double whole = floor(p->t_s);
	double part = p->t_s - whole - p->mono_skew_s;

	return (struct mono){
	    ((int64_t)whole + (int64_t)MONO_START_S) * TSTAMP_NS_PER_S +
	    (int64_t)rint(part * 1e9)};
}

void
sim_plant_report(const struct sim_plant *p, struct clockcmd_state *s)
{
	double per_mono = 0;

	memset(s, 0, sizeof *s);
	s->as_of = sim_plant_mono(p);
	s->freq_sps = p->freq_sps;
	s->slew_until = s->as_of;
	if (p->slew_k != 0) {
		per_mono = p->steers_mono
		    ? p->slew_k / (1 + p->freq_sps + p->slew_k)
		    : p->slew_k;
		s->slew_until = tstamp_mono_add(
		    s->as_of, tstamp_dur_from_s(p->slew_left_s / per_mono));
	}
	s->slew_rate_sps = per_mono;
	s->corrected = tstamp_dur_from_s(p->corrected_s);
	s->stepped = tstamp_dur_from_s(p->stepped_s);
	s->foreign = tstamp_dur_from_s(p->foreign_s);
	s->suspended = tstamp_dur_from_s(p->suspended_s);
	s->step_cnt = p->step_cnt;
	s->startup = p->steps_left != 0;
	s->slew_max_sps = p->settled ? p->slew_later_sps : 83333e-6;
	s->budget_left.ns = 2 * TSTAMP_NS_PER_S;
}
