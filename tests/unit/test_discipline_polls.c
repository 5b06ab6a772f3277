/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: how often it has a server asked.
 */
#include "discipline_rig.h"

static void
polls_are_polite(void **state)
{
	struct bench *b = *state;
	struct discipline_poll poll;
	struct discipline_source_conf c;
	double first = 0, sent = 0;

	begin(b, 1);
	discipline_source_conf_init(&c);
	c.iburst = true;
	assert_int_equal(discipline_open(b->d, 1, &c), 0);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
		if (i > 0) {
			assert_true(poll.burst);
			b->t_s = sent + poll.interval_s;
		}
		sent = b->t_s;
		first = i == 0 ? sent : first;
		measure(b, 1, 0);
	}
	assert_true(fabs(sent - first - 48) < 1e-6);
	assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
	assert_false(poll.burst);
	assert_true(poll.interval_s <= 64);
	/* RATE counts for a day. */
	discipline_rate(b->d, 1, now_of(b));
	measure(b, 1, 0);
	assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
	assert_true(poll.poll_log2 >= 7);
	assert_int_equal(discipline_poll(b->d, 9, now_of(b), &poll), ERR_BAD);
}

static void
confirmation_bursts_are_rare(void **state)
{
	struct bench *b = *state;
	struct discipline_poll poll;
	unsigned asked = 0;

	begin(b, 1);
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	/* A server that jumps about cannot make us ask without end. */
	for (int i = 0; i < 200; i++) {
		measure(b, 0, i % 2 ? 0.1 * i : -0.1 * i);
		assert_int_equal(discipline_poll(b->d, 0, now_of(b), &poll), 0);
		asked += poll.burst;
		wait_s(b, 4);
	}
	assert_in_range(asked, 1, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(polls_are_polite),
	    CASE(confirmation_bursts_are_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
