/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smear: one second in all, phase and rate without a jump, within the
 * limits; and the answers around a leap second, however our clock makes it
 * (hostile case Q4).
 */
#include <math.h>

#include "serve/smear.h"
#include "serve_rig.h"

#define S    TSTAMP_NS_PER_S
#define LEAP (RIG_MONO_NS + 5000 * S)

static void
adds_up(double freq_ppm, double wander_ppm)
{
	struct serve_smear s;
	const struct serve_smear_plan *p = &s.plan;
	double length, step, last = 1, rate = 0;

	serve_smear_init(&s, freq_ppm, wander_ppm);
	assert_true(serve_smear_wanted(&s));
	length = serve_smear_length_s(p);
	step = length / 5000;
	assert_true(serve_smear_left(p, -1) == 1.0);
	assert_true(serve_smear_left(p, 0) == 1.0);
	assert_true(fabs(serve_smear_left(p, length / 2) - 0.5) < 1e-9);
	assert_true(serve_smear_left(p, length) == 0.0);
	assert_true(serve_smear_left(p, 1e9) == 0.0);
	for (int i = 1; i <= 5001; i++) {
		double left = serve_smear_left(p, i * step);
		double now = (last - left) / step;

		assert_true(left <= last && left >= 0);
		assert_true(now <= freq_ppm * 1e-6 * (1 + 1e-6) + 1e-12);
		assert_true(fabs(now - rate) <=
		    wander_ppm * 1e-6 * step * (1 + 1e-6) + 1e-10);
		last = left;
		rate = now;
	}
	assert_true(last == 0.0);
	assert_true(rate < wander_ppm * 1e-6 * step * 1.001);
}

static void
one_second_in_all(void **state)
{
	struct serve_smear s;

	(void)state;
	adds_up(400, 0.01);  /* never reaches 400 ppm */
	adds_up(400, 0.001); /* nor this */
	adds_up(10, 0.01);   /* runs at 10 ppm for most of the time */
	adds_up(11.574074, 1);
	adds_up(100000, 10000);
	serve_smear_init(&s, 400, 0.001);
	assert_true(fabs(serve_smear_length_s(&s.plan) - 63245.55) < 0.01);
	serve_smear_init(&s, 0, 0.001);
	assert_false(serve_smear_wanted(&s));
	serve_smear_init(&s, 400, 0);
	assert_false(serve_smear_wanted(&s));
	serve_smear_init(&s, (double)NAN, 1);
	assert_false(serve_smear_wanted(&s));
}

struct smeared {
	struct rig r;
	int64_t real_less_mono;
	int64_t last_less_mono; /* what was served, minus CLOCK_MONOTONIC */
};

static void
begin(struct smeared *m, int8_t sense)
{
	struct serve_conf conf = {.precision_log2s = -30,
	    .smear_freq_ppm = 400,
	    .smear_wander_ppm = 0.01};

	rig_init(&m->r, &conf);
	m->real_less_mono = RIG_WALL_NS - RIG_MONO_NS;
	m->r.time.leap = sense > 0 ? NTP_LEAP_INSERT : NTP_LEAP_DELETE;
	m->r.clock.leap = m->r.time.leap;
	m->r.time.leap_mono_ns = LEAP;
	m->r.time.leap_sense = sense;
	m->r.time.root_dispersion_growth_sps = 0;
	m->r.clock.synced_until_boot_ns = INT64_MAX;
}

/* An answer so long after the leap second.  Return: what is served, minus
 * the monotonic clock. */
static int64_t
ask(struct smeared *m, int64_t after_ns)
{
	struct rig *r = &m->r;
	struct wall tx;

	r->now.mono.ns = r->now.boot_ns = LEAP + after_ns;
	r->now.real.ns = r->now.mono.ns + m->real_less_mono;
	rig_batch(r);
	r->req.rx = r->req.now = r->now.real;
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.leap, NTP_LEAP_NONE);
	tx = tstamp_to_wall(r->head.transmit, r->now.real);
	return tx.ns - r->now.mono.ns;
}

static void
goes_on(struct smeared *m, int64_t after_ns, int64_t within_ns)
{
	int64_t less_mono = ask(m, after_ns);

	assert_true(llabs(less_mono - m->last_less_mono) <= within_ns);
	m->last_less_mono = less_mono;
}

static void
is_smeared(const struct smeared *m, double off_s)
{
	assert_int_equal(m->r.head.ref_id, 0x7f7f01ff);
	assert_true(fabs(tstamp_short_to_s(m->r.head.root_dispersion) - 0.001 -
			fabs(off_s)) < 1e-4);
}

/* The clock jumps: by the kernel, late; the page hears of it later still. */
static void
q4_our_clock_jumps(void **state)
{
	(void)state;
	for (int8_t sense = -1; sense <= 1; sense += 2) {
		struct smeared m;

		begin(&m, sense);
		m.last_less_mono = ask(&m, -100 * S);
		assert_int_equal(m.r.head.ref_id, RIG_REF_ID);
		goes_on(&m, -2 * S, 100);
		goes_on(&m, -1, 100);
		goes_on(&m, 3000000, 100); /* not yet */
		assert_int_equal(m.r.head.ref_id, RIG_REF_ID);
		m.real_less_mono -= sense * S;
		goes_on(&m, 3000001, 100);
		is_smeared(&m, 1);
		m.r.time.leap = m.r.clock.leap = NTP_LEAP_NONE;
		goes_on(&m, 2 * S, 100);
		/* Every minute as much as the rate allows, to the end. */
		for (int64_t s = 60; s <= 20040; s += 60)
			goes_on(&m, s * S, 60 * 100000 + 100);
		assert_int_equal(m.r.head.ref_id, RIG_REF_ID);
		assert_true(llabs(m.last_less_mono - m.real_less_mono) < 100);
		rig_fini(&m.r);
	}
}

/* leapsecmode slew: only what is left to be corrected jumps. */
static void
q4_our_page_jumps(void **state)
{
	struct smeared m;

	(void)state;
	begin(&m, 1);
	m.last_less_mono = ask(&m, -100 * S);
	goes_on(&m, 50000, 100);
	m.r.time.offset_ns = -S;
	goes_on(&m, 60000, 100);
	is_smeared(&m, 1);
	goes_on(&m, 5000 * S, 5000 * 50000LL);
	is_smeared(&m, 1 - 0.125);
	rig_fini(&m.r);
}

/* A worker that was started, or first asked, afterwards. */
static void
starts_in_the_middle(void **state)
{
	struct smeared m;
	int64_t off;

	(void)state;
	begin(&m, 1);
	m.real_less_mono -= S;
	off = ask(&m, 10000 * S) - m.real_less_mono;
	assert_true(llabs(off - S / 2) < 1000);
	is_smeared(&m, 0.5);
	/* Not smearing: the leap second is announced as it is. */
	rig_fini(&m.r);
}

static void
without(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.time.leap = r.clock.leap = NTP_LEAP_INSERT;
	r.time.leap_sense = 1;
	r.time.leap_mono_ns = RIG_MONO_NS - S;
	rig_batch(&r);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, NTP_LEAP_INSERT);
	assert_int_equal(r.head.ref_id, RIG_REF_ID);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_second_in_all),
	    cmocka_unit_test(q4_our_clock_jumps),
	    cmocka_unit_test(q4_our_page_jumps),
	    cmocka_unit_test(starts_in_the_middle),
	    cmocka_unit_test(without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
