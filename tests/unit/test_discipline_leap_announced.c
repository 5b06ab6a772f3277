/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: whose word on a leap second counts,
 * and when (H9, Q4, Q5).
 */
#include "discipline_rig.h"

static void
h9_leap_needs_a_majority(void **state)
{
	static const uint8_t few[3] = {1, 0, 0}, most[3] = {1, 1, 0};
	struct bench *b = *state;
	struct timepage_time page;

	b->wall_ns = 1798675200 * S; /* 2026-12-31 */
	begin(b, 3);
	for (int i = 0; i < 20; i++) {
		const uint8_t *leap = i < 10 ? few : most;

		for (unsigned k = 0; k < 3; k++) {
			struct sample s;

			discipline_sent(b->d, k, now_of(b));
			b->t_s += 0.01;
			s = honest(b, 0.01);
			s.leap = leap[k];
			discipline_sample(b->d, k, &s, now_of(b), &b->out);
			obey(b);
		}
		discipline_time(b->d, now_of(b), &page);
		if (i > 2)
			assert_int_equal(page.leap, i < 10 ? 0 : 1);
		wait_s(b, 64);
	}
}

static void
h9_leap_only_at_a_months_end(void **state)
{
	static const struct {
		int64_t day;
		uint8_t leap;
	} days[] = {
	    {1798675200, 1}, /* 2026-12-31 */
	    {1798588800, 0}, /* 2026-12-30 */
	    {1798761600, 0}, /* 2027-01-01 */
	    {1835308800, 0}, /* 2028-02-28, a leap year */
	    {1835395200, 1}, /* 2028-02-29 */
	    {1782777600, 1}, /* 2026-06-30 */
	    {4107456000, 1}, /* 2100-02-28, no leap year */
	};

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		struct bench *b = *state;

		setup(state);
		b->wall_ns = days[i].day * S;
		begin(b, 3);
		announce(b, 5);
		assert_int_equal(leap_of(b), days[i].leap);
		discipline_free(b->d);
		b->d = NULL;
	}
}

static void
q4_leap_list_stands_above_the_sources(void **state)
{
	struct bench *b = *state;

	b->wall_ns = 1798675200 * S;
	b->conf.leap.expires.ns = 1830000000 * S;
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 0);
	discipline_free(b->d);
	setup(state);
	b->wall_ns = 1798675200 * S;
	b->conf.leap = (struct discipline_leap){.next = {1798761600 * S},
	    .expires = {1830000000 * S},
	    .tai_offset_s = 37,
	    .sense = -1};
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 2);
	/* Q5: a list that has expired says nothing. */
	discipline_free(b->d);
	setup(state);
	b->wall_ns = 1798675200 * S;
	b->conf.leap.expires.ns = 1790000000 * S;
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 1);
}

/* A list that says no is believed, one that has expired is not asked. */
static void
q5_h9_who_is_believed(void **state)
{
	static const struct {
		int64_t expires_s;
		double wall_s;
		uint8_t leap;
	} cases[] = {
	    {MIDNIGHT + 86400, MIDNIGHT - 7200, 0},
	    {MIDNIGHT - 86400, MIDNIGHT - 7200, 1},
	    {0, MIDNIGHT - 7200, 1},
	    {0, MIDNIGHT - 86400 - 7200, 0}, /* not the last day */
	    {0, MIDNIGHT + 7200, 0},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		teardown(state);
		setup(state);
		b->conf.leap.expires.ns = cases[i].expires_s * S;
		b->wall_ns = llrint(cases[i].wall_s * 1e9);
		begin(b, 3);
		for (int k = 0; k < 30; k++) {
			for (unsigned j = 0; j < 3; j++) {
				struct sample s;

				discipline_sent(b->d, j, now_of(b));
				b->t_s += 0.01;
				s = honest(b, 0.01);
				s.leap = 1;
				discipline_sample(
				    b->d, j, &s, now_of(b), &b->out);
				obey(b);
			}
			wait_s(b, 16);
		}
		assert_true(page_of(b).flags & TIMEPAGE_SYNCED);
		if (page_of(b).leap != cases[i].leap)
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(h9_leap_needs_a_majority),
	    CASE(h9_leap_only_at_a_months_end),
	    CASE(q4_leap_list_stands_above_the_sources),
	    CASE(q5_h9_who_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
