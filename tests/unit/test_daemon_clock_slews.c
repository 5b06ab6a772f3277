/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock against a malicious sync that slews, and a super that grants
 * nothing: the budget of displacement, over restarts and with a full disc, and
 * every slew has its end (hostile cases I2, I6, I8, K6).
 */
#include "clock_rig.h"

#include "discipline/limits.h"

static void
i2_thousand_slews(void **state)
{
	struct rig *r = *state;
	double by_itself;

	settle(r);
	for (int i = 0; i < 1000; i++) {
		unsigned got = adjust(r, FREQ, 5 * MS, 10 * S);

		if (got != CLOCKCMD_OK && got != CLOCKCMD_RESERVE)
			assert_int_equal(got, CLOCKCMD_BUDGET);
		pass(r, 9 * S);
	}
	/* 2 s a day, and what a good oscillator may do by itself. */
	by_itself =
	    (FREQ + 15e-6 + 2.0 / 86400) * (machine.raw_ns + AGO_NS) * 1e-9;
	assert_true(moved_s() < 2.0 + by_itself);
	assert_true(moved_s() > 1.5);
	assert_int_not_equal(r->state.state.refusal, CLOCKCMD_OK);
	assert_int_equal(r->quit, 0);
}

/* What was reserved on disc counts as spent after a crash. */
static void
i6_restarts_do_not_refill(void **state)
{
	struct rig *r = *state;
	double before;
	unsigned done = 0;

	settle(r);
	assert_int_equal(adjust(r, 0, 0, 0), CLOCKCMD_OK);
	before = moved_s();
	for (int life = 0; life < 50; life++) {
		for (int i = 0; i < 3; i++)
			done += adjust(r, 0, 20 * MS, 40 * S) == CLOCKCMD_OK;
		pass(r, 41 * S);
		restart(r);
	}
	assert_true(done > 0);
	assert_true(moved_s() - before < 2.2);
}

/* I8: sync dies in the middle of a slew. */
static void
i8_slew_ends_by_itself(void **state)
{
	struct rig *r = *state;

	settle(r);
	assert_int_equal(adjust(r, FREQ, MS, 4 * S), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ + 250e-6, 1e-7);
	assert_true(
	    r->state.state.slew_until.ns <= r->state.state.as_of.ns + 4 * S);
	pass(r, 5 * S);
	assert_near(machine.rate_sps, FREQ, 1e-12);
	assert_near(r->state.state.slew_rate_sps, 0, 0);
}

/* Clock itself dies in the middle of one: its next life begins with the base
 * frequency that super kept. */
static void
i8_clock_dies_in_a_slew(void **state)
{
	struct rig *r = *state;

	settle(r);
	assert_int_equal(adjust(r, FREQ, MS, 4 * S), CLOCKCMD_OK);
	assert_true(machine.rate_sps > 200e-6);
	restart(r);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

/* K6: with a disc that takes nothing the clock still runs at the right
 * frequency; only displacement has to wait. */
static void
k6_disc_full(void **state)
{
	struct rig *r = *state;
	unsigned got = CLOCKCMD_OK;

	r->disc_full = true;
	settle(r);
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	assert_int_equal(adjust(r, FREQ + PPM, 0, 0), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ + PPM, 1e-12);
	r->disc_full = false;
	adjust(r, FREQ, 5 * MS, 10 * S);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_OK);
}

/* An ask or its answer got lost: asked again, not waited for for ever. */
static void
lost_grant_is_asked_again(void **state)
{
	struct rig *r = *state;
	uint32_t cnt;
	unsigned got = CLOCKCMD_OK;

	settle(r);
	r->deaf = true;
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	r->deaf = false;
	r->asked = false;
	cnt = r->ask_cnt;
	pass(r, 60 * S);
	adjust(r, FREQ, 5 * MS, 10 * S);
	assert_true(r->ask_cnt > cnt);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_OK);
}

/* An answer to an older ask grants nothing that is not on disc. */
static void
stale_grant_grants_nothing(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.budget_grant = {.written = true}};
	unsigned got = CLOCKCMD_OK;

	settle(r);
	r->deaf = true;
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	msg.budget_grant.id = r->ask.id - 1;
	r->ops->message(r->role, IPC_BUDGET_GRANT, &msg);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_RESERVE);
}

static void
stop_gives_back(void **state)
{
	struct rig *r = *state;
	struct limits_saved saved;

	settle(r);
	r->ops->stop(r->role);
	assert_int_equal(
	    discipline_limits_decode(&saved, r->ask.saved, r->ask.saved_len),
	    0);
	assert_true(saved.spent.ns < 10 * MS);
	assert_true(saved.over);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(i2_thousand_slews),
	    TEST(i6_restarts_do_not_refill),
	    TEST(i8_slew_ends_by_itself),
	    TEST(i8_clock_dies_in_a_slew),
	    TEST(k6_disc_full),
	    TEST(lost_grant_is_asked_again),
	    TEST(stale_grant_grants_nothing),
	    TEST(stop_gives_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
