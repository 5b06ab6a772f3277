/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock against a malicious sync that wants the clock stepped: after
 * start-up, without end, over restarts, to absurd dates (hostile cases I1, I2,
 * I6, I7).
 */
#include "clock_rig.h"

static void
i1_step_after_startup(void **state)
{
	struct rig *r = *state;
	struct os_clock_record before;

	settle(r);
	before = machine;
	assert_int_equal(step(r, S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_int_equal(machine.real_off_ns, before.real_off_ns);
	/* Frozen: whatever comes now is not even looked at. */
	before = machine;
	r->state.state.command_seq = 0;
	union ipc_any msg = {
	    .clock_adjust = {.seq = 99, .cmd = {.freq_sps = 1e-6}}};
	r->ops->message(r->role, IPC_CLOCK_ADJUST, &msg);
	assert_int_equal(machine.call_cnt, before.call_cnt);
	assert_int_equal(r->state.state.command_seq, 0);
}

static void
i1_step_without_makestep(void **state)
{
	struct rig *r = *state;

	end(r);
	r->conf.makestep = false;
	begin(r);
	assert_int_equal(step(r, S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_near(moved_s(), 0, 1e-6);
}

static void
i2_thousand_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	for (int i = 0; i < 1000 && r->quit == 0; i++)
		done += step(r, 100 * MS) == CLOCKCMD_OK;
	assert_int_equal(done, 3);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_near(moved_s(), 0.3, 1e-6);
}

/* makestep without an end is no way around the budget. */
static void
i2_endless_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	end(r);
	r->conf.makestep_limit = -1;
	begin(r);
	assert_int_equal(adjust(r, FREQ, 1000, S), CLOCKCMD_OK);
	pass(r, 2 * S);
	claim(r, true);
	for (int i = 0; i < 1000; i++)
		done += step(r, 100 * MS) == CLOCKCMD_OK;
	assert_in_range(done, 15, 20);
	assert_int_equal(r->state.state.refusal, CLOCKCMD_BUDGET);
	assert_true(fabs(moved_s()) < 2.2);
	claim(r, true);
	assert_false(is_synced(r)); /* and nobody is told otherwise */
}

static void
i6_restarts_give_no_more_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	for (int life = 0; life < 50; life++) {
		done += step(r, 100 * MS) == CLOCKCMD_OK;
		restart(r);
	}
	assert_int_equal(done, 3);
	assert_near(moved_s(), 0.3, 1e-6);
}

static void
i7_absurd_dates(void **state)
{
	static const int64_t at[] = {
	    0,            /* 1970 */
	    1600000000LL, /* before the build */
	    4294967296LL, /* 2106 */
	    1795000000LL + 21 * 365 * 86400LL,
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		assert_int_equal(step(r, at[i] * S - NOW), CLOCKCMD_WINDOW);
		assert_int_equal(machine.real_off_ns, NOW);
	}
	assert_int_equal(step(r, INT64_MIN), CLOCKCMD_MALFORMED);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_int_equal(machine.real_off_ns, NOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(i1_step_after_startup),
	    TEST(i1_step_without_makestep),
	    TEST(i2_thousand_steps),
	    TEST(i2_endless_steps),
	    TEST(i6_restarts_give_no_more_steps),
	    TEST(i7_absurd_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
