/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The discipline under arbitrary samples, clock reports and ticks.  Whatever
 * servers and clock say, what comes out stays within what role clock takes
 * from an honest sync, and no number of any report is beyond numbers.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "discipline/discipline.h"

#define S 1000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
	const uint8_t *p;
	size_t left;
};

static uint8_t
take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

/* From nanoseconds to years, either sign, now and then no number at all. */
static double
length(struct input *in)
{
	uint8_t size = take(in), value = take(in);
	double v = (value + 1) * pow(10, (size & 31) - 11);

	if ((size & 0xe0) == 0xe0)
		return value & 1 ? nan("") : HUGE_VAL;
	return size & 0x80 ? -v : v;
}

static void
check_out(const struct discipline_out *out, const struct clockcmd_state *state,
    const struct discipline_conf *conf)
{
	const struct clockcmd_adjust *a = &out->adjust;
	const struct clockcmd_step *s = &out->step;

	if (out->cmd == DISCIPLINE_CMD_ADJUST) {
		assert(fabs(a->freq_sps) <= conf->maxdrift_ppm * 1e-6);
		assert(a->duration.ns >= 0 && a->duration.ns <= 3600 * S);
		assert(a->offset.ns == 0 || a->duration.ns > 0);
		assert(fabs((double)a->offset.ns) <=
		    state->slew_max_sps * (double)a->duration.ns + 1);
	}
	if (out->cmd == DISCIPLINE_CMD_STEP) {
		assert(s->evidence_cnt >= conf->minsources);
		for (unsigned i = 0; i < s->evidence_cnt; i++) {
			double off = (double)s->evidence[i].offset.ns -
			    (double)s->offset.ns;

			assert(fabs(off) <=
			    (double)s->evidence[i].root_distance.ns + 2);
			for (unsigned k = 0; k < i; k++)
				assert(
				    s->evidence[i].slot != s->evidence[k].slot);
		}
	}
}

static void
check_reports(const struct discipline *d, struct mono now)
{
	struct discipline_source_view v;
	struct discipline_view all;
	struct discipline_poll poll;
	struct timepage_time page;
	char why[DISCIPLINE_WHY_MAX];

	discipline_time(d, now, &page);
	assert(isfinite(page.rate_sps) && isfinite(page.freq_sps) &&
	    isfinite(page.freq_error_sps) && isfinite(page.bound_growth_sps) &&
	    isfinite(page.root_dispersion_growth_sps));
	assert(page.bound_ns >= 0 && page.sigma_ns >= 0);
	assert(page.leap <= 3 && page.stratum >= 1 && page.stratum <= 16);
	discipline_look(d, now, &all);
	assert(isfinite(all.remaining_s) && isfinite(all.sigma_s) &&
	    isfinite(all.skew_sps) && isfinite(all.bound_s));
	assert(strlen(discipline_reason(d, now, why)) < sizeof why);
	for (unsigned i = 0; i < 4; i++) {
		if (discipline_look_source(d, i, now, &v) < 0)
			continue;
		assert(isfinite(v.offset_s) && isfinite(v.sigma_s) &&
		    isfinite(v.weight) && isfinite(v.distance_s) &&
		    isfinite(v.jitter_s));
		assert(discipline_poll(d, i, now, &poll) == 0);
		assert(poll.interval_s >= 0 && poll.interval_s <= 131072);
	}
}

static void
sample(struct discipline *d, struct input *in, struct mono now,
    struct discipline_out *out)
{
	uint8_t what = take(in);
	struct sample s = {
	    .at = {now.ns - take(in) * (S / 100)},
	    .wall = {1798675200 * S + now.ns},
	    .offset_s = length(in),
	    .delay_s = what & 4 ? length(in) : 0.01 + take(in) * 1e-5,
	    .stamp_error_s = what & 8 ? length(in) : 1e-6,
	    .server_time_s = what & 16 ? length(in) : 1e-5,
	    .root_dispersion_s = what & 32 ? length(in) : 1e-3,
	    .stratum = what & 64 ? take(in) : 2,
	    .leap = what & 128 ? take(in) : 0,
	    .authenticated = what & 1,
	};

	discipline_sent(d, what & 3, s.at);
	(void)discipline_sample(d, what & 3, &s, now, out);
}

/* What the clock may say of itself; every command is obeyed. */
static void
clock_says(struct clockcmd_state *st, struct input *in, struct mono now,
    const struct discipline_out *out)
{
	uint8_t what = take(in);

	st->as_of = now;
	st->slew_until = now;
	st->slew_rate_sps = 0;
	if (out->cmd == DISCIPLINE_CMD_STEP)
		st->stepped.ns += out->step.offset.ns;
	if (out->cmd == DISCIPLINE_CMD_STEP)
		st->corrected.ns += out->step.offset.ns;
	if (out->cmd == DISCIPLINE_CMD_ADJUST) {
		st->freq_sps = out->adjust.freq_sps;
		st->corrected.ns += out->adjust.offset.ns;
	}
	if (what & 1)
		st->foreign.ns += (int64_t)take(in) * S - 128 * S;
	if (what & 2)
		st->suspended.ns += take(in) * 60 * S;
	st->refusal = what & 4 ? take(in) % CLOCKCMD_REFUSAL_CNT : 0;
	st->startup = !(what & 8);
	if (what & 16)
		st->slew_max_sps = 1000e-6;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	struct discipline_conf conf;
	struct discipline_source_conf c;
	struct clockcmd_state state = {.slew_max_sps = 0.083};
	struct discipline_out out = {0}, last = {0};
	struct mono now = {1000 * S};
	struct discipline *d;

	discipline_conf_init(&conf);
	discipline_source_conf_init(&c);
	conf.makestep_s = 0.1;
	conf.makestep_limit = take(&in) & 1 ? -1 : 3;
	conf.minsources = 1 + (take(&in) & 1);
	conf.steers_mono = take(&in) & 1;
	c.iburst = take(&in) & 1;
	d = discipline_new(&conf, now);
	assert(d != NULL);
	for (unsigned i = 0; i < 4; i++)
		assert(discipline_open(d, i, &c) == 0);
	state.as_of = now;
	state.startup = true;
	discipline_clock(d, &state, now, &out);
	while (in.left > 0) {
		uint8_t op = take(&in);

		now.ns += (int64_t)(op >> 3) * (op >> 3) * (S / 4);
		if ((op & 7) < 5)
			sample(d, &in, now, &out);
		else if ((op & 7) == 5)
			discipline_tick(d, now, &out);
		else
			out.cmd = DISCIPLINE_CMD_NONE;
		check_out(&out, &state, &conf);
		if (out.cmd != DISCIPLINE_CMD_NONE)
			last = out;
		if (out.cmd != DISCIPLINE_CMD_NONE || (op & 7) == 6) {
			clock_says(&state, &in, now, &last);
			memset(&last, 0, sizeof last);
			discipline_clock(d, &state, now, &out);
			check_out(&out, &state, &conf);
			last = out;
		}
		if ((op & 7) == 7) {
			discipline_reset(d, take(&in) & 3);
			discipline_burst(d, now, UINT64_MAX);
		}
		check_reports(d, now);
	}
	discipline_free(d);
	return 0;
}
