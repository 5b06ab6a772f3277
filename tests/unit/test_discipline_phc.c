/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mapping of hardware stamps against a made-up machine whose clocks are
 * known at every moment: drift, jitter of the readings, slews and steps of
 * the system clock, steps and wraps of the PHC, readings that are false.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "discipline/phc.h"

#define S  1000000000LL
#define MS 1000000LL
#define US 1000LL

/* t: true ns since the machine started. */
struct machine {
	uint64_t seed;
	int64_t phc_base;
	double phc_sps;
	double raw_sps;
	double mono_sps;   /* from mono_from on */
	int64_t mono_from; /* ... */
	int64_t mono_at;
	int64_t real_ahead;
	double asymmetry;   /* where in its width a PHC is really read, 0..1 */
	double read_ns;     /* width of a good reading */
	double error_max_s; /* that the estimate may say */
};

static double
unit(uint64_t *s)
{
	*s = *s * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((double)(*s >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t
phc_at(const struct machine *m, int64_t t)
{
	return m->phc_base + t + llrint((double)t * m->phc_sps);
}

static int64_t
raw_at(const struct machine *m, int64_t t)
{
	return 500 * S + t + llrint((double)t * m->raw_sps);
}

static int64_t
mono_at(const struct machine *m, int64_t t)
{
	int64_t dt = t - m->mono_from;

	return m->mono_at + dt + llrint((double)dt * m->mono_sps);
}

static int64_t
real_at(const struct machine *m, int64_t t)
{
	return mono_at(m, t) + m->real_ahead;
}

static void
slew(struct machine *m, int64_t t, double sps)
{
	m->mono_at = mono_at(m, t);
	m->mono_from = t;
	m->mono_sps = sps;
}

static struct discipline_phc_now
now_at(const struct machine *m, int64_t t)
{
	return (struct discipline_phc_now){
	    .raw_ns = raw_at(m, t),
	    .real = {real_at(m, t)},
	    .mono = {mono_at(m, t)},
	};
}

static struct machine
machine(void)
{
	return (struct machine){
	    .seed = 42,
	    .phc_base = 1767225637LL * S, /* TAI */
	    .phc_sps = -23e-6,
	    .raw_sps = 8e-6,
	    .mono_sps = 1e-6,
	    .mono_at = 500 * S,
	    .real_ahead = 1767225100LL * S,
	    .asymmetry = 0.5,
	    .read_ns = 1200,
	    .error_max_s = 3e-6,
	};
}

static struct discipline_phc
fresh(void)
{
	struct discipline_phc_conf c = {
	    .precision_s = 20e-9,
	    .min_cnt = 3,
	    .max_cnt = 16,
	    .interval = {S},
	};
	struct discipline_phc p;

	discipline_phc_init(&p, &c);
	return p;
}

/* A reading that begins at t, ten of them, the best taken. */
static unsigned
read_at(struct discipline_phc *p, struct machine *m, int64_t t)
{
	struct discipline_phc_reading r[10];
	struct discipline_phc_now now;
	size_t best;

	for (int i = 0; i < 10; i++) {
		double width = m->read_ns * (1 + 3 * unit(&m->seed));
		int64_t in = t + llrint(width * m->asymmetry);

		r[i].before_ns = real_at(m, t);
		r[i].phc_ns = phc_at(m, in);
		r[i].after_ns = real_at(m, t + llrint(width));
		t += llrint(width) + 100;
	}
	best = discipline_phc_best(r, 10);
	assert_in_range(best, 0, 9);
	now = now_at(m, t + 5 * US);
	return discipline_phc_add(p, &r[best], &now);
}

/* The error of a stamp made at t and used later, in ns; the estimate of it
 * holds. */
static double
error_ns(const struct discipline_phc *p, const struct machine *m, int64_t t,
    int64_t later)
{
	struct discipline_phc_now now = now_at(m, t + later);
	struct discipline_phc_stamp st;
	double real, mono;

	assert_int_equal(discipline_phc_map(p, phc_at(m, t), &now, &st), 0);
	real = (double)(st.real.ns - real_at(m, t));
	mono = (double)(st.mono.ns - mono_at(m, t));
	assert_true(fabs(real - mono) <= 1);
	assert_true(fabs(real) <= st.error_s * 1e9);
	assert_true(st.error_s < m->error_max_s);
	return real;
}

static double
worst_ns(struct discipline_phc *p, struct machine *m, int64_t from, int n)
{
	double worst = 0;

	for (int i = 0; i < n; i++) {
		int64_t t = from + i * S;

		assert_int_equal(read_at(p, m, t), DISCIPLINE_PHC_KEPT);
		for (int k = 1; k < 10; k++)
			worst = fmax(worst,
			    fabs(error_ns(p, m, t + k * 99 * MS, 200 * US)));
	}
	return worst;
}

static void
warm_up(struct discipline_phc *p, struct machine *m, int64_t from)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    read_at(p, m, from + i * S), DISCIPLINE_PHC_KEPT);
		assert_int_equal(discipline_phc_ready(p), i == 2);
	}
}

/* Symmetric readings: only the jitter of the widths is left. */
static void
drift_and_jitter(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	double worst;

	(void)state;
	warm_up(&p, &m, S);
	worst = worst_ns(&p, &m, 4 * S, 100);
	assert_true(worst < 10);
}

/* The middle is off by the asymmetry, and by no more. */
static void
asymmetric_readings(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	double worst;

	(void)state;
	m.asymmetry = 0.9;
	warm_up(&p, &m, S);
	worst = worst_ns(&p, &m, 4 * S, 100);
	assert_true(worst > 300); /* else this test tests nothing */
	assert_true(worst < 1000);
}

/* The discipline slews and steps the system clock; the line is not of it. */
static void
system_clock_moves(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();

	(void)state;
	warm_up(&p, &m, S);
	for (int i = 0; i < 20; i++) {
		int64_t t = (4 + i) * S;

		slew(&m, t - 300 * MS, i % 2 ? 500e-6 : -400e-6);
		assert_int_equal(read_at(&p, &m, t), DISCIPLINE_PHC_KEPT);
		assert_true(
		    fabs(error_ns(&p, &m, t + 400 * MS, 100 * US)) < 100);
	}
	m.real_ahead += 3 * S;
	assert_true(fabs(error_ns(&p, &m, 23 * S + 500 * MS, 100 * US)) < 100);
	m.real_ahead -= 5 * MS;
	assert_int_equal(read_at(&p, &m, 24 * S), DISCIPLINE_PHC_KEPT);
	assert_true(fabs(error_ns(&p, &m, 24 * S + 500 * MS, 100 * US)) < 100);
}

/* One of a microsecond at 4 s, when the line has been found. */
static struct discipline_phc_reading
warm_reading(struct discipline_phc *p, struct machine *m)
{
	struct discipline_phc_reading r;

	warm_up(p, m, S);
	r.before_ns = real_at(m, 4 * S);
	r.phc_ns = phc_at(m, 4 * S + 500);
	r.after_ns = real_at(m, 4 * S + 1000);
	return r;
}

/* A step of the system clock between the reading and that of the clocks. */
static void
step_within_reading(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	struct discipline_phc_reading r;
	struct discipline_phc_now now;

	(void)state;
	r = warm_reading(&p, &m);
	m.real_ahead += 40 * US;
	now = now_at(&m, 4 * S + 2000);
	assert_int_equal(
	    discipline_phc_add(&p, &r, &now), DISCIPLINE_PHC_DOUBT);
	assert_false(discipline_phc_ready(&p));
	assert_int_equal(read_at(&p, &m, 5 * S), DISCIPLINE_PHC_KEPT);
	assert_true(fabs(error_ns(&p, &m, 5 * S + 1, 100 * US)) < 50);
}

static void
phc_steps(void **state)
{
	static const int64_t by[] = {37 * S, -37 * S, 50 * US, -50 * US};

	(void)state;
	for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
		struct machine m = machine();
		struct discipline_phc p = fresh();
		struct discipline_phc_now now;
		struct discipline_phc_stamp st;
		int64_t t = 60 * S;

		warm_up(&p, &m, S);
		worst_ns(&p, &m, 4 * S, 56);
		m.phc_base += by[i];
		assert_int_equal(read_at(&p, &m, t), DISCIPLINE_PHC_DOUBT);
		now = now_at(&m, t + MS);
		assert_int_equal(
		    discipline_phc_map(&p, phc_at(&m, t), &now, &st),
		    ERR_AGAIN);
		assert_int_equal(
		    read_at(&p, &m, t + S), DISCIPLINE_PHC_STEPPED);
		assert_false(discipline_phc_ready(&p));
		assert_int_equal(
		    read_at(&p, &m, t + 2 * S), DISCIPLINE_PHC_KEPT);
		assert_true(
		    fabs(error_ns(&p, &m, t + 2500 * MS, 100 * US)) < 50);
	}
}

/* Back to zero, as a counter that wraps or a card that is reset. */
static void
phc_wraps(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();

	(void)state;
	m.phc_base = 4000 * S;
	warm_up(&p, &m, S);
	worst_ns(&p, &m, 4 * S, 20);
	m.phc_base -= 4000 * S;
	assert_int_equal(read_at(&p, &m, 24 * S), DISCIPLINE_PHC_DOUBT);
	assert_int_equal(read_at(&p, &m, 25 * S), DISCIPLINE_PHC_STEPPED);
	worst_ns(&p, &m, 26 * S, 20);
}

/* One false reading is not believed, and does not move the line. */
static void
false_reading(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();

	(void)state;
	warm_up(&p, &m, S);
	worst_ns(&p, &m, 4 * S, 20);
	for (int i = 0; i < 5; i++) {
		int64_t t = (24 + 2 * i) * S;

		m.phc_base += (i + 1) * 20 * US;
		assert_int_equal(read_at(&p, &m, t), DISCIPLINE_PHC_DOUBT);
		m.phc_base -= (i + 1) * 20 * US;
		assert_int_equal(read_at(&p, &m, t + S), DISCIPLINE_PHC_KEPT);
		assert_true(fabs(error_ns(&p, &m, t + S + 1, US)) < 20);
	}
}

/* A reading of the system's clocks that was interrupted may be off by half of
 * what it took, and says so. */
static void
interrupted_clock_reading(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	struct discipline_phc_reading r;
	struct discipline_phc_now now;

	(void)state;
	r = warm_reading(&p, &m);
	now = now_at(&m, 4 * S + 2000);
	now.raw_ns += 10000;
	now.spread.ns = 20000;
	assert_int_equal(discipline_phc_add(&p, &r, &now), DISCIPLINE_PHC_WIDE);
	assert_true(discipline_phc_ready(&p));
	now.spread.ns = 0;
	assert_int_equal(
	    discipline_phc_add(&p, &r, &now), DISCIPLINE_PHC_DOUBT);
}

/* Slow readings weigh little and are left out while there are better ones;
 * a machine that has no other gets along with them. */
static void
slow_readings(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();

	(void)state;
	warm_up(&p, &m, S);
	m.read_ns = 40000;
	m.error_max_s = 20e-6;
	m.asymmetry = 0.95;
	for (int i = 4; i < 7; i++)
		assert_int_equal(read_at(&p, &m, i * S), DISCIPLINE_PHC_WIDE);
	assert_true(fabs(error_ns(&p, &m, 6 * S + 1, US)) < 20);
	assert_int_equal(read_at(&p, &m, 7 * S), DISCIPLINE_PHC_KEPT);
	assert_true(fabs(error_ns(&p, &m, 7 * S + 1, US)) < 1000);
}

static void
jitter_per_reading(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	double sum = 0;
	int cnt = 0;

	(void)state;
	for (int i = 1; i < 400; i++) {
		m.asymmetry = 0.2 + 0.6 * unit(&m.seed);
		assert_int_equal(read_at(&p, &m, i * S), DISCIPLINE_PHC_KEPT);
		if (i > 16) {
			double e = error_ns(&p, &m, i * S + 500 * MS, US);

			sum += e * e;
			cnt++;
		}
	}
	/* One reading alone: 0.17 of 1300 ns; a line through 16 at the end
	 * of it: half of that. */
	assert_true(sqrt(sum / cnt) < 160);
	assert_true(sqrt(sum / cnt) > 20);
}

static void
stamps_outside(void **state)
{
	struct machine m = machine();
	struct discipline_phc p = fresh();
	struct discipline_phc_now now;
	struct discipline_phc_stamp st;

	(void)state;
	now = now_at(&m, S);
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, S), &now, &st), ERR_AGAIN);
	warm_up(&p, &m, S);
	now = now_at(&m, 4 * S);
	/* of the future, of another clock, before the first reading */
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 5 * S), &now, &st), ERR_BAD);
	assert_int_equal(discipline_phc_map(&p, 0, &now, &st), ERR_BAD);
	assert_int_equal(discipline_phc_map(&p, -1, &now, &st), ERR_BAD);
	assert_int_equal(discipline_phc_map(&p, INT64_MAX, &now, &st), ERR_BAD);
	assert_int_equal(discipline_phc_map(&p, INT64_MIN, &now, &st), ERR_BAD);
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 3 * S), &now, &st), 0);
	/* No reading for long: the line is not believed for ever. */
	now = now_at(&m, 9 * S);
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 9 * S), &now, &st), ERR_BAD);
	/* Unless readings come more seldom now; and no longer so. */
	discipline_phc_pace(&p, (struct dur){2 * S});
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 9 * S), &now, &st), 0);
	discipline_phc_pace(&p, (struct dur){0});
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 9 * S), &now, &st), ERR_BAD);
	/* A stamp that waited for too long. */
	now = now_at(&m, 20 * S);
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 3 * S), &now, &st), ERR_BAD);
	discipline_phc_forget(&p);
	now = now_at(&m, 4 * S);
	assert_int_equal(
	    discipline_phc_map(&p, phc_at(&m, 3 * S), &now, &st), ERR_AGAIN);
}

static void
impossible_readings(void **state)
{
	static const struct discipline_phc_reading bad[] = {
	    {-1, 1, 2},
	    {1, -1, 2},
	    {3, 1, 2},
	    {1, 1, 2000000},
	    {1, INT64_MAX, 2},
	    {INT64_MAX - 1, 1, INT64_MAX},
	    {INT64_MIN, INT64_MIN, INT64_MIN},
	};
	struct machine m = machine();
	struct discipline_phc p = fresh();
	struct discipline_phc_now now = now_at(&m, S);
	size_t n = sizeof bad / sizeof bad[0];

	(void)state;
	assert_int_equal(discipline_phc_best(bad, n), n);
	assert_int_equal(discipline_phc_best(bad, 0), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    discipline_phc_add(&p, &bad[i], &now), DISCIPLINE_PHC_BAD);
	now.spread.ns = 1000001;
	assert_int_equal(discipline_phc_add(&p,
			     &(struct discipline_phc_reading){1, 1, 1}, &now),
	    DISCIPLINE_PHC_BAD);
	now.spread.ns = 0;
	now.real.ns = INT64_MAX;
	assert_int_equal(discipline_phc_add(&p,
			     &(struct discipline_phc_reading){1, 1, 1}, &now),
	    DISCIPLINE_PHC_BAD);
}

/* Settings from a configuration: none makes it divide by zero or run over. */
static void
any_settings(void **state)
{
	static const struct discipline_phc_conf confs[] = {
	    {0, 0, 0, {0}},
	    {NAN, 1, 1, {-1}},
	    {1e9, 1000, 1000, {INT64_MAX}},
	    {-1, 64, 3, {S}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof confs / sizeof confs[0]; i++) {
		struct machine m = machine();
		struct discipline_phc p;
		struct discipline_phc_now now;
		struct discipline_phc_stamp st;

		m.read_ns = 0;
		discipline_phc_init(&p, &confs[i]);
		for (int k = 1; k <= 200; k++)
			assert_int_equal(
			    read_at(&p, &m, k * S), DISCIPLINE_PHC_KEPT);
		now = now_at(&m, 200 * S + MS);
		assert_int_equal(
		    discipline_phc_map(&p, phc_at(&m, 200 * S), &now, &st), 0);
		assert_true(llabs(st.real.ns - real_at(&m, 200 * S)) <= 2);
		assert_true(st.error_s > 0 && isfinite(st.error_s));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(drift_and_jitter),
	    cmocka_unit_test(asymmetric_readings),
	    cmocka_unit_test(system_clock_moves),
	    cmocka_unit_test(step_within_reading),
	    cmocka_unit_test(phc_steps),
	    cmocka_unit_test(phc_wraps),
	    cmocka_unit_test(false_reading),
	    cmocka_unit_test(interrupted_clock_reading),
	    cmocka_unit_test(slow_readings),
	    cmocka_unit_test(jitter_per_reading),
	    cmocka_unit_test(stamps_outside),
	    cmocka_unit_test(impossible_readings),
	    cmocka_unit_test(any_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
