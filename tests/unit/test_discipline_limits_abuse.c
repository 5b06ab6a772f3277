/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the clock against commands that no honest sender makes: absurd
 * numbers, floods, counters driven to their ends (I3, I5).
 */
#include "limits_rig.h"

/* I3 */
static void
test_i3_absurd_numbers(void **state)
{
	static const struct {
		double freq_sps;
		int64_t offset;
		int64_t duration;
		enum clockcmd_refusal want;
	} cases[] = {
	    {(double)NAN, 0, 0, CLOCKCMD_MALFORMED},
	    {(double)INFINITY, 0, 0, CLOCKCMD_MALFORMED},
	    {0, 1, 0, CLOCKCMD_MALFORMED},
	    {0, 1, -1, CLOCKCMD_MALFORMED},
	    {0, 0, INT64_MIN, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MAX, CLOCKCMD_MALFORMED},
	    {0, INT64_MIN, S, CLOCKCMD_SLEW_RATE},
	    {0, INT64_MAX, S, CLOCKCMD_SLEW_RATE},
	    {1, 0, 0, CLOCKCMD_FREQUENCY},
	    {-1, 0, 0, CLOCKCMD_FREQUENCY},
	    {501e-6, 0, 0, CLOCKCMD_FREQUENCY},
	    {500e-6, 0, 0, CLOCKCMD_OK},
	};
	static const int64_t steps[] = {INT64_MIN, INT64_MAX};
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct clockcmd_adjust cmd = {
		    cases[i].freq_sps, {cases[i].offset}, {cases[i].duration}};
		struct limits_reading r = look(&m);

		assert_int_equal(
		    discipline_limits_adjust(&m.l, &cmd, &r), cases[i].want);
		pass(&m, 1);
	}
	for (size_t i = 0; i < 2; i++) {
		struct clockcmd_step cmd = {.offset = {steps[i]}};

		assert_int_equal(step_with(&m, &cmd), CLOCKCMD_MALFORMED);
	}
}

/* I5: a flood is cut to four a second after sixteen. */
static void
test_i5_flood(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_truth claim = {0};
	struct limits_truth out;
	unsigned adjusts = 0, steps = 0, claims = 0;

	(void)state;
	boot(&m, &c);
	for (int i = 0; i < 10000; i++) {
		struct limits_reading r = look(&m);

		adjusts += adjust(&m, 1, 0, 0) == CLOCKCMD_OK;
		steps += step(&m, 1) != CLOCKCMD_RATE;
		claims += discipline_limits_truth(&m.l, &claim, &r, &out) ==
		    CLOCKCMD_OK;
		pass(&m, 1e-3);
	}
	assert_in_range(adjusts + steps, 54, 58);
	assert_in_range(claims, 54, 58);
}

/* Counts that cannot grow any more stay where they are. */
static void
test_counts_saturate(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	c.step_limit = -1;
	boot(&m, &c);
	m.disc = (struct limits_saved){.boot_id = BOOT,
	    .boot = look(&m).boot,
	    .phase_cnt = UINT32_MAX,
	    .step_cnt = UINT32_MAX,
	    .spent = {INT64_MAX}};
	m.has_disc = true;
	start(&m, &c);
	assert_int_equal(report(&m).budget_left.ns, 0);
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_OK);
	assert_int_equal(m.l.phase_cnt, UINT32_MAX);
	assert_int_equal(m.l.step_cnt, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_i3_absurd_numbers),
	    cmocka_unit_test(test_i5_flood),
	    cmocka_unit_test(test_counts_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
