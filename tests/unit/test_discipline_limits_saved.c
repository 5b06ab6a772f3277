/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the clock: what outlives a restart, a boot and a reload, to
 * the byte (I6).
 */
#include "limits_rig.h"

/* I6: fifty restarts, each spending all it can. */
static void
test_i6_restarts_refill_nothing(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	double from;

	(void)state;
	settle(&m, &c);
	from = m.mono_ns - m.raw_ns;
	for (int i = 0; i < 50; i++) {
		start(&m, &c);
		for (int k = 0; k < 4; k++) {
			write_disc(&m);
			(void)adjust(&m, 10, 100 * MS, 200);
			pass(&m, 200);
			(void)watch(&m);
		}
	}
	/* 40000 s: 2 s and what leaks in that time. */
	from = m.mono_ns - m.raw_ns - from - 10 * PPM * 40000e9;
	assert_true(from < 2e9 + 40000e9 * (15 * PPM + 2.0 / 86400));
	assert_false(report(&m).startup && m.l.phase_cnt < 3);
}

/* Another boot: the counts begin anew, the budget does not. */
static void
test_reboot(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	m.disc.spent.ns = 1900 * MS;
	c.boot_id = BOOT + 1;
	m.mono_ns = m.raw_ns = 10e9;
	m.real_minus_boot_ns = (double)(m.disc.wall.ns - NOW) + 43200e9;
	start(&m, &c);
	/* Half a day has leaked one second. */
	assert_in_range(report(&m).budget_left.ns, 1090 * MS, 1110 * MS);
	assert_int_equal(m.l.phase_cnt, 0);
	assert_true(
	    fabs(discipline_limits_hold_freq(&m.l) - 10 * PPM) < 1 * PPM);
	/* A clock that went back leaks nothing. */
	m.real_minus_boot_ns -= 86400e9;
	start(&m, &c);
	assert_in_range(report(&m).budget_left.ns, 99 * MS, 101 * MS);
	/* No frequency known: what is in force. */
	m.disc.has_freq = false;
	m.disc.freq_sps = 0;
	start(&m, &c);
	assert_int_equal(adjust(&m, 7, 0, 0), CLOCKCMD_OK);
	assert_true(discipline_limits_hold_freq(&m.l) == 7 * PPM);
}

static void
test_reload(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_step cmd = step_by(3 * S);

	(void)state;
	boot(&m, &c);
	c.slot_cnt = 2;
	c.drift_sps = 10 * PPM;
	discipline_limits_set_conf(&m.l, &c);
	assert_int_equal(adjust(&m, 11, 0, 0), CLOCKCMD_FREQUENCY);
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_OK);
	c.slot_cnt = 20;
	discipline_limits_set_conf(&m.l, &c);
	cmd.evidence[0].slot = 19;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_OK);
}

static void
test_saved_bytes(void **state)
{
	struct limits_saved s = {.boot_id = 5,
	    .boot = {6},
	    .wall = {-7},
	    .spent = {8},
	    .phase_cnt = 9,
	    .step_cnt = 10,
	    .begun = true,
	    .has_freq = true,
	    .begun_boot = {11},
	    .over_boot = {12},
	    .freq_sps = -123.456e-6,
	    .floor = {13}};
	struct limits_saved t;
	uint8_t b[DISCIPLINE_LIMITS_SAVED_LEN + 1];

	(void)state;
	for (int i = 0; i < 2; i++) {
		discipline_limits_encode(&s, b);
		assert_int_equal(
		    discipline_limits_decode(&t, b, sizeof(b) - 1), 0);
		assert_int_equal(t.boot_id, 5);
		assert_int_equal(t.boot.ns, 6);
		assert_int_equal(t.wall.ns, -7);
		assert_int_equal(t.spent.ns, 8);
		assert_int_equal(t.phase_cnt, 9);
		assert_int_equal(t.step_cnt, 10);
		assert_int_equal(t.begun, s.begun);
		assert_int_equal(t.over, s.over);
		assert_int_equal(t.has_freq, s.has_freq);
		assert_int_equal(t.has_floor, s.has_floor);
		assert_int_equal(t.begun_boot.ns, 11);
		assert_int_equal(t.over_boot.ns, 12);
		assert_true(fabs(t.freq_sps - s.freq_sps) < 1e-14);
		assert_int_equal(t.floor.ns, 13);
		s.begun = s.has_freq = false;
		s.over = s.has_floor = true;
	}
	/* K2, K4: truncated, longer, damaged anywhere. */
	for (size_t len = 0; len < sizeof(b) - 1; len++)
		assert_int_equal(discipline_limits_decode(&t, b, len), ERR_BAD);
	assert_int_equal(discipline_limits_decode(&t, b, sizeof(b)), ERR_BAD);
	for (size_t i = 0; i < sizeof(b) - 1; i++) {
		b[i] ^= 0x10;
		assert_int_equal(
		    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
		assert_int_equal(t.phase_cnt, 0);
		b[i] ^= 0x10;
	}
	s.spent.ns = -1;
	discipline_limits_encode(&s, b);
	assert_int_equal(
	    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
	s.spent.ns = 0;
	s.freq_sps = 2;
	discipline_limits_encode(&s, b);
	assert_int_equal(
	    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_i6_restarts_refill_nothing),
	    cmocka_unit_test(test_reboot),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_saved_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
