/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with NTS under its limits and under pressure: who is served, who
 * is told to ask less, and that this is sealed (J4).
 */
#include "serve_nts_rig.h"

#include "serve/crowd.h"

static struct serve_limit *
limited(struct session *s, unsigned kod_log2)
{
	struct serve_limit_conf conf = {
	    .interval_log2s = 3,
	    .burst = 4,
	    .leak_log2 = 60,
	    .kod_log2 = (uint8_t)kod_log2,
	};
	struct serve_limit *l = serve_limit_new(&conf, &s->r.rng);

	assert_non_null(l);
	serve_set_limit(s->r.serve, l);
	return l;
}

/* J4: and what strangers send in a client's name costs it nothing. */
static void
test_j4_naks_are_limited(void **state)
{
	struct serve_limit *l;
	unsigned naks = 0;
	struct session s;

	(void)state;
	session_init(&s, 15);
	l = limited(&s, 0);
	for (int i = 0; i < 300; i++) {
		make_request(&s, 0);
		s.r.in[s.r.req.len - 1] ^= 1;
		naks += rig_ask(&s.r) == SERVE_NAK;
	}
	assert_int_equal(naks, 4);
	for (int i = 0; i < 100; i++) {
		rig_plain(&s.r, 4, NTP_MODE_CLIENT);
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_LIMITED);
	}
	for (int i = 0; i < 4; i++) {
		make_request(&s, 7);
		assert_served(&s, 8);
	}
	make_request(&s, 0);
	assert_int_equal(rig_ask(&s.r), SERVE_DROP_LIMITED);
	session_fini(&s);
	serve_limit_free(l);
}

/* Under pressure a valid cookie is answered wherever it comes from, and what
 * only looks like one costs no answer. */
static void
test_pressure(void **state)
{
	struct serve_conf conf = {.precision_log2s = -24};
	struct session s;
	uint64_t seed = 9;
	struct rng rng = {rig_fill, &seed};
	struct serve_crowd *crowd = serve_crowd_new(false, &rng);

	(void)state;
	conf.crowd = crowd;
	session_init_conf(&s, 15, &conf);
	serve_set_pressed(s.r.serve, true);
	for (int i = 0; i < 3; i++) {
		make_request(&s, 1);
		assert_served(&s, 2);
		make_request(&s, 1);
		s.r.in[s.r.req.len - 1] ^= 1;
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_SHED);
		rig_plain(&s.r, 4, NTP_MODE_CLIENT);
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_SHED);
	}
	serve_set_pressed(s.r.serve, false);
	rig_plain(&s.r, 4, NTP_MODE_CLIENT);
	assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED);
	session_fini(&s);
	serve_crowd_free(crowd);
}

/* G8: a client with keys can tell that the kiss is ours. */
static void
test_kiss_is_sealed(void **state)
{
	struct nts_ef_answer answer;
	struct serve_limit *l;
	unsigned kisses = 0;
	struct session s;

	(void)state;
	session_init(&s, 15);
	l = limited(&s, 1);
	for (int i = 0; i < 100; i++) {
		make_request(&s, 2);
		if (rig_ask(&s.r) != SERVE_RATE)
			continue;
		kisses++;
		assert_int_equal(s.r.head.ref_id, NTP_KISS_CODE_RATE);
		assert_int_equal(s.r.head.stratum, 0);
		assert_int_equal(s.r.head.leap, NTP_LEAP_UNSYNCED);
		assert_int_equal(open_answer(&s, &answer), 0);
		assert_int_equal(answer.cookie_cnt, 3);
	}
	assert_in_range(kisses, 24, 72);
	session_fini(&s);
	serve_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_j4_naks_are_limited),
	    cmocka_unit_test(test_kiss_is_sealed),
	    cmocka_unit_test(test_pressure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
