/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock against commands that make no sense, because of when they come,
 * how large they are or how many (hostile cases I3, I5).
 */
#include "clock_rig.h"

static void
nothing_before_the_first_command(void **state)
{
	struct rig *r = *state;

	claim(r, false);
	assert_int_equal(machine.call_cnt, 0);
	restart(r);
	claim(r, false);
	assert_int_equal(machine.call_cnt, 0);
	assert_false(is_synced(r));
}

static void
i3_huge_numbers(void **state)
{
	static const struct {
		double freq;
		int64_t offset, duration;
		unsigned refusal;
	} tries[] = {
	    {1.0, 0, 0, CLOCKCMD_FREQUENCY},
	    {-1.0, 0, 0, CLOCKCMD_FREQUENCY},
	    {501e-6, 0, 0, CLOCKCMD_FREQUENCY},
	    {INFINITY, 0, 0, CLOCKCMD_MALFORMED},
	    {(double)NAN, 0, 0, CLOCKCMD_MALFORMED},
	    {0, INT64_MAX, S, CLOCKCMD_SLEW_RATE},
	    {0, INT64_MIN, S, CLOCKCMD_SLEW_RATE},
	    {0, 1, 0, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MIN, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MAX, CLOCKCMD_MALFORMED},
	    {0, 1, -1, CLOCKCMD_MALFORMED},
	};
	struct rig *r = *state;

	settle(r);
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		double was = machine.rate_sps;

		assert_int_equal(adjust(r, tries[i].freq, tries[i].offset,
				     tries[i].duration),
		    tries[i].refusal);
		assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
		assert_near(machine.rate_sps, was, 0);
		restart(r);
	}
	assert_true(fabs(machine.rate_sps) <= 500e-6);
}

/* I5: a flood costs nothing that lasts; the tokens of the role bound it even
 * where the switch's do not. */
static void
i5_flood(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.clock_adjust = {.seq = 1}};
	unsigned done = 0;

	settle(r);
	msg.clock_adjust.cmd.freq_sps = FREQ;
	for (uint32_t i = 0; i < 100000; i++) {
		msg.clock_adjust.seq = i + 100;
		r->ops->message(r->role, IPC_CLOCK_ADJUST, &msg);
		super_answers(r);
		done += r->state.state.refusal == CLOCKCMD_OK;
	}
	assert_true(done <= 16);
	assert_int_equal(r->state.state.refusal, CLOCKCMD_RATE);
	assert_int_equal(r->quit, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_before_the_first_command),
	    TEST(i3_huge_numbers),
	    TEST(i5_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
