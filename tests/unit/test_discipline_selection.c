/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: which samples and which sources it
 * believes, which it leaves out and says so, and what each of them weighs (H1
 * to H8).
 */
#include "discipline_rig.h"

static void
h1_insane_samples_are_refused(void **state)
{
	struct bench *b = *state;
	struct sample good, s;

	begin(b, 1);
	discipline_sent(b->d, 0, now_of(b));
	b->t_s += 1;
	good = honest(b, 0.01);
#define REFUSED(change)                                                        \
	do {                                                                   \
		s = good;                                                      \
		change;                                                        \
		assert_int_equal(                                              \
		    discipline_sample(b->d, 0, &s, now_of(b), &b->out),        \
		    ERR_BAD);                                                  \
		assert_int_equal(b->out.cmd, DISCIPLINE_CMD_NONE);             \
	} while (0)
	REFUSED(s.stratum = 0);
	REFUSED(s.stratum = 16);
	REFUSED(s.stratum = 255);
	REFUSED(s.leap = 3);
	REFUSED(s.delay_s = 0);
	REFUSED(s.delay_s = -0.1);
	REFUSED(s.delay_s = nan(""));
	REFUSED(s.offset_s = HUGE_VAL);
	REFUSED(s.offset_s = nan(""));
	REFUSED(s.root_delay_s = -1);
	REFUSED(s.root_dispersion_s = 17);
	REFUSED(s.root_dispersion_s = nan(""));
	REFUSED(s.server_time_s = -1e-6);
	REFUSED(s.server_time_s = 5);
	REFUSED(s.stamp_error_s = nan(""));
	REFUSED(s.at.ns = now_of(b).ns + 1);
#undef REFUSED
	assert_int_equal(
	    discipline_sample(b->d, 0, &good, now_of(b), &b->out), 0);
	assert_int_equal(
	    discipline_sample(b->d, 1, &good, now_of(b), &b->out), ERR_BAD);
	assert_int_equal(
	    discipline_sample(b->d, 99, &good, now_of(b), &b->out), ERR_BAD);
}

static void
h2_liar_is_a_falseticker(void **state)
{
	static const double lies[4] = {0, 0, 10, 0};
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];

	begin(b, 4);
	rounds(b, 20, 4, lies);
	assert_int_equal(state_of(b, 2), DISCIPLINE_FALSETICKER);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
	assert_true(synced(b));
	discipline_reason(b->d, now_of(b), why);
	assert_non_null(strstr(why, "3 of 4"));
}

static void
h3_two_against_two_is_nobody(void **state)
{
	static const double lies[4] = {0, 0, 0.5, 0.5};
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];

	b->err_s = 0.02;
	begin(b, 4);
	/* The liars come first, the honest ones make it a tie. */
	for (int i = 0; i < 20; i++) {
		measure(b, 0, lies[0]);
		measure(b, 2, lies[2]);
		measure(b, 1, lies[1]);
		measure(b, 3, lies[3]);
		wait_s(b, 64);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(state_of(b, i), DISCIPLINE_TIED);
	assert_false(synced(b));
	discipline_reason(b->d, now_of(b), why);
	assert_string_equal(why,
	    "no 3 of 4 sources agree, the nearest that do not are 500.0 ms "
	    "apart");
	assert_int_equal(b->steps, 0);
}

/* All agree, but the one that must be among them is silent. */
static void
without_the_required_one_nobody(void **state)
{
	static const double lies[2] = {0, 0};
	struct bench *b = *state;
	struct discipline_source_conf c;
	struct discipline_source_view v;
	char why[DISCIPLINE_WHY_MAX];

	begin(b, 3);
	discipline_source_conf_init(&c);
	c.require = true;
	discipline_modify(b->d, 2, &c);
	rounds(b, 10, 2, lies);
	assert_int_equal(state_of(b, 0), DISCIPLINE_TIED);
	discipline_reason(b->d, now_of(b), why);
	assert_string_equal(
	    why, "no source with require is among those that agree");
	assert_int_equal(discipline_look_source(b->d, 0, now_of(b), &v), 0);
	assert_string_equal(v.why, why);
}

/* Two that agreed; one of them steps and may not vote: one is no majority. */
static void
nobody_while_one_of_two_is_barred(void **state)
{
	static const double lies[2] = {0, 0}, stepped[2] = {0, 0.02};
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];
	bool said = false;

	begin(b, 2);
	rounds(b, 40, 2, lies);
	for (int i = 0; i < 20 && !said; i++) {
		rounds(b, 1, 2, stepped);
		discipline_reason(b->d, now_of(b), why);
		said =
		    strcmp(why,
			"too few may vote: 1 of 2 sources stepped lately") == 0;
		assert_null(strstr(why, " 0 ns"));
	}
	assert_true(said);
}

static void
h5_delayed_on_one_path(void **state)
{
	struct bench *b = *state;
	struct sample s;

	begin(b, 1);
	for (int i = 0; i < 60; i++, wait_s(b, 64)) {
		if (i % 3 != 0) {
			measure(b, 0, 0);
			continue;
		}
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.46;
		s = honest(b, 0.46);
		s.offset_s += 0.225;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h6_require_ignores_the_others(void **state)
{
	struct bench *b = *state;
	struct sample s;

	b->conf.authmode = DISCIPLINE_AUTH_REQUIRE;
	begin(b, 4);
	for (int i = 0; i < 10; i++, wait_s(b, 64)) {
		measure(b, 1, 0.3);
		measure(b, 2, 0.3);
		measure(b, 3, 0.3);
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.01;
		s = honest(b, 0.01);
		s.authenticated = true;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	assert_int_equal(state_of(b, 1), DISCIPLINE_UNTRUSTED);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h6_mix_is_not_outvoted(void **state)
{
	struct bench *b = *state;
	struct sample s;

	begin(b, 4);
	for (int i = 0; i < 10; i++, wait_s(b, 64)) {
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.01;
		s = honest(b, 0.01);
		s.authenticated = true;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
		for (unsigned k = 1; k < 4; k++)
			measure(b, k, 0.3);
	}
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	assert_int_equal(state_of(b, 1), DISCIPLINE_FALSETICKER);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h8_loop_is_not_followed(void **state)
{
	struct bench *b = *state;

	begin(b, 1);
	for (int i = 0; i < 5; i++, wait_s(b, 2))
		measure(b, 0, 0);
	discipline_loop(b->d, 0);
	assert_int_equal(state_of(b, 0), DISCIPLINE_LOOP);
}

static void
long_server_times_gain_no_weight(void **state)
{
	struct bench *b = *state;

	begin(b, 1);
	for (int i = 0; i < 40; i++, wait_s(b, 64))
		measure(b, 0, 0);
	/* Delayed by 40 ms on the way back, hidden in T3 - T2. */
	for (int i = 0; i < 40; i++, wait_s(b, 64)) {
		struct sample s;

		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.05;
		s = honest(b, 0.01);
		if (i % 4 == 0) {
			s.server_time_s = 0.04;
			s.offset_s -= 0.019;
		}
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
preferred_sources_carry_the_estimate(void **state)
{
	static const double lies[3] = {0, 2e-4, -2e-4};
	struct bench *b = *state;
	struct discipline_source_conf c;
	struct discipline_source_view v;

	begin(b, 3);
	discipline_source_conf_init(&c);
	c.prefer = true;
	discipline_modify(b->d, 1, &c);
	rounds(b, 30, 3, lies);
	assert_int_equal(state_of(b, 0), DISCIPLINE_AGREEING);
	assert_int_equal(state_of(b, 1), DISCIPLINE_SELECTED);
	assert_true(fabs(err_at(b, b->t_s) + 2e-4) < 5e-5);
	assert_int_equal(discipline_look_source(b->d, 1, now_of(b), &v), 0);
	assert_true(v.weight == 1);
	/* And without, nobody has more than half of it. */
	c.prefer = false;
	discipline_modify(b->d, 1, &c);
	rounds(b, 30, 3, lies);
	assert_true(state_of(b, 0) <= DISCIPLINE_COMBINED);
	assert_true(fabs(err_at(b, b->t_s)) < 2e-4);
}

static void
combinelimit_zero_takes_the_best_alone(void **state)
{
	static const double lies[3] = {0, 0, 0};
	struct bench *b = *state;
	unsigned selected = 0;

	b->conf.combinelimit = 0;
	begin(b, 3);
	rounds(b, 10, 3, lies);
	for (unsigned i = 0; i < 3; i++) {
		unsigned st = state_of(b, i);

		assert_true(
		    st == DISCIPLINE_SELECTED || st == DISCIPLINE_AGREEING);
		selected += st == DISCIPLINE_SELECTED;
	}
	assert_int_equal(selected, 1);
}

static void
closed_and_reset_sources_are_forgotten(void **state)
{
	static const double lies[3] = {0, 0, 0};
	struct bench *b = *state;
	struct discipline_source_view v;

	begin(b, 3);
	rounds(b, 10, 3, lies);
	discipline_close(b->d, 1);
	assert_int_equal(
	    discipline_look_source(b->d, 1, now_of(b), &v), ERR_BAD);
	discipline_reset(b->d, 2);
	assert_int_equal(state_of(b, 2), DISCIPLINE_WAITING);
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	for (int i = 0; i < 5; i++, wait_s(b, 64)) {
		measure(b, 0, 0);
		measure(b, 2, 0);
	}
	assert_true(state_of(b, 2) <= DISCIPLINE_COMBINED);
	assert_true(synced(b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(h1_insane_samples_are_refused),
	    CASE(h2_liar_is_a_falseticker),
	    CASE(h3_two_against_two_is_nobody),
	    CASE(without_the_required_one_nobody),
	    CASE(nobody_while_one_of_two_is_barred),
	    CASE(h5_delayed_on_one_path),
	    CASE(h6_require_ignores_the_others),
	    CASE(h6_mix_is_not_outvoted),
	    CASE(h8_loop_is_not_followed),
	    CASE(long_server_times_gain_no_weight),
	    CASE(preferred_sources_carry_the_estimate),
	    CASE(combinelimit_zero_takes_the_best_alone),
	    CASE(closed_and_reset_sources_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
