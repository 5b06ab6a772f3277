/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the whole discipline share: a bench with sources whose
 * truth is known.  The clock is exact and obeys at once; it is driven and seen
 * through the front of the discipline only.
 */
#ifndef TESTS_UNIT_DISCIPLINE_RIG_H
#define TESTS_UNIT_DISCIPLINE_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "discipline/discipline.h"

#define S        1000000000LL
#define START_S  500
#define MIDNIGHT 2098483200LL /* 2036-07-01, in the second era */

/* True time is CLOCK_MONOTONIC here: the oscillator is perfect. */
struct bench {
	struct discipline *d;
	struct discipline_conf conf;
	double t_s;
	double err_s; /* true - clock, without the slew in progress */
	double slew_sps;
	double slew_from_s;
	double slew_until_s;
	struct clockcmd_state state;
	struct discipline_out out;
	unsigned steps;
	unsigned adjusts;
	int64_t wall_ns; /* true time at t_s = 0 */
};

static inline struct mono
mono_at(double t_s)
{
	return (struct mono){(START_S * S) + llrint(t_s * 1e9)};
}

static inline struct mono
now_of(const struct bench *b)
{
	return mono_at(b->t_s);
}

static inline double
err_at(const struct bench *b, double t_s)
{
	double end = fmin(t_s, b->slew_until_s);

	if (end <= b->slew_from_s)
		return b->err_s;
	return b->err_s - b->slew_sps * (end - b->slew_from_s);
}

static inline void
report(struct bench *b, struct discipline_out *out)
{
	double e = err_at(b, b->t_s);

	b->state.corrected.ns += llrint((b->err_s - e) * 1e9);
	b->err_s = e;
	b->slew_from_s = b->t_s;
	if (b->t_s >= b->slew_until_s)
		b->slew_sps = 0;
	b->state.as_of = now_of(b);
	b->state.slew_rate_sps = b->slew_sps;
	b->state.slew_until = mono_at(b->slew_until_s);
	discipline_clock(b->d, &b->state, now_of(b), out);
}

static inline void
obey(struct bench *b)
{
	struct discipline_out out = b->out, next;

	if (out.cmd == DISCIPLINE_CMD_NONE)
		return;
	report(b, &next);
	if (out.cmd == DISCIPLINE_CMD_STEP) {
		b->steps++;
		b->err_s -= tstamp_dur_to_s(out.step.offset);
		b->state.stepped.ns += out.step.offset.ns;
		b->state.corrected.ns += out.step.offset.ns;
		b->slew_sps = 0;
		b->slew_until_s = 0;
	} else {
		b->adjusts++;
		b->slew_sps = 0;
		b->slew_from_s = b->t_s;
		b->slew_until_s = b->t_s + tstamp_dur_to_s(out.adjust.duration);
		if (out.adjust.offset.ns != 0)
			b->slew_sps = (double)out.adjust.offset.ns /
			    (double)out.adjust.duration.ns;
	}
	report(b, &next);
}

static inline void
begin(struct bench *b, unsigned sources)
{
	struct discipline_source_conf c;

	b->d = discipline_new(&b->conf, now_of(b));
	assert_non_null(b->d);
	b->state.startup = true;
	b->state.slew_max_sps = 83333e-6;
	discipline_source_conf_init(&c);
	for (unsigned i = 0; i < sources; i++)
		assert_int_equal(discipline_open(b->d, i, &c), 0);
	report(b, &b->out);
}

static inline int
setup(void **state)
{
	static struct bench b;

	memset(&b, 0, sizeof b);
	discipline_conf_init(&b.conf);
	b.conf.makestep_s = 0.1;
	b.conf.makestep_limit = 3;
	*state = &b;
	return 0;
}

static inline int
teardown(void **state)
{
	struct bench *b = *state;

	discipline_free(b->d);
	return 0;
}

/* What the clock shows, in seconds: good to a microsecond. */
static inline double
wall_of(const struct bench *b)
{
	return (double)b->wall_ns * 1e-9 + b->t_s - err_at(b, b->t_s);
}

static inline struct sample
honest(const struct bench *b, double delay_s)
{
	return (struct sample){
	    .at = mono_at(b->t_s - delay_s / 2),
	    .offset_s = err_at(b, b->t_s - delay_s / 2),
	    .delay_s = delay_s,
	    .stamp_error_s = 1e-6,
	    .server_time_s = 1e-5,
	    .root_dispersion_s = 1e-4,
	    .ref_id = 0x0a000001,
	    .stratum = 1,
	    .wall = {llrint((wall_of(b) - delay_s / 2) * 1e9)},
	};
}

/* An exchange with one source whose clock is off by @lie. */
static inline int
measure(struct bench *b, unsigned slot, double lie)
{
	double jitter = 1e-5 * fmod(b->t_s * 7.13 + slot, 3);
	struct sample s;
	int err;

	discipline_sent(b->d, slot, now_of(b));
	b->t_s += 0.01 + jitter;
	s = honest(b, 0.01 + jitter);
	s.offset_s += lie;
	err = discipline_sample(b->d, slot, &s, now_of(b), &b->out);
	obey(b);
	return err;
}

static inline void
wait_s(struct bench *b, double s)
{
	b->t_s += s;
}

static inline unsigned
state_of(struct bench *b, unsigned slot)
{
	struct discipline_source_view v;

	assert_int_equal(discipline_look_source(b->d, slot, now_of(b), &v), 0);
	return v.state;
}

static inline bool
synced(struct bench *b)
{
	struct discipline_view v;

	discipline_look(b->d, now_of(b), &v);
	return v.synced;
}

static inline void
rounds(struct bench *b, int n, unsigned sources, const double *lies)
{
	for (int i = 0; i < n; i++) {
		for (unsigned k = 0; k < sources; k++)
			measure(b, k, lies[k]);
		wait_s(b, 64);
	}
}

/* Three sources that announce an insertion, from a given moment on. */
static inline void
announce(struct bench *b, int rounds_cnt)
{
	for (int i = 0; i < rounds_cnt; i++) {
		for (unsigned k = 0; k < 3; k++) {
			struct sample s;

			discipline_sent(b->d, k, now_of(b));
			b->t_s += 0.01;
			s = honest(b, 0.01);
			s.leap = 1;
			discipline_sample(b->d, k, &s, now_of(b), &b->out);
			obey(b);
		}
		wait_s(b, 64);
	}
}

static inline struct timepage_time
page_of(struct bench *b)
{
	struct timepage_time page;

	discipline_time(b->d, now_of(b), &page);
	return page;
}

static inline uint8_t
leap_of(struct bench *b)
{
	return page_of(b).leap;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
