/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS associations and the exchange of their keys: back-off, failures that
 * pass and that do not, keys that are no good, and when the time of a
 * certificate counts.  Cases F of the hostile list.
 */
#include "assoc_nts_rig.h"

/* Key exchanges that fail: spaced 10 s, 15 s, ... up to five days. */
static void
test_back_off(void **state)
{
	struct world *w = world_new();
	double want_s = 10;
	int64_t was;

	(void)state;
	rig_start(&w->r, false);
	for (unsigned n = 1; n < 40; n++) {
		assert_int_equal(w->r.ke_cnt, n);
		was = w->r.now.ns;
		w->r.now.ns += SEC / 2;
		fail_keys(w, REPORT_STAGE_TLS);
		while (w->r.ke_cnt == n)
			rig_until(&w->r, w->r.timer.ns);
		assert_true(
		    fabs((double)(w->r.now.ns - was) * 1e-9 - want_s) < 1e-3);
		want_s = fmin(want_s * 1.5, 432000);
		assert_int_equal(w->r.sent_cnt, 0); /* F7 */
	}
	world_free(w);
}

/* A success that leads to no answer does not reset the back-off, one that
 * does, does. */
static void
test_back_off_reset(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 3; i++) {
		fail_keys(w, REPORT_STAGE_TCP);
		rig_until(&w->r, w->r.timer.ns);
	}
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 4);
	exchange_keys(w);
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 4);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 0);
	world_free(w);
}

/* A helper that dies while it exchanges keys is not waited for for ever; a
 * failure that repeats cannot help waits an hour. */
static void
test_lost_and_permanent(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k = {
	    .stage = REPORT_STAGE_NEGOTIATION, .permanent = true};
	int64_t was;

	(void)state;
	rig_start(&w->r, false);
	was = w->r.now.ns;
	while (w->r.ke_cnt == 1)
		rig_until(&w->r, w->r.timer.ns);
	assert_in_range(w->r.now.ns - was, 120 * SEC, 121 * SEC);
	was = w->r.now.ns;
	give(w, &k);
	while (w->r.ke_cnt == 2)
		rig_until(&w->r, w->r.timer.ns);
	assert_in_range(w->r.now.ns - was, 3600 * SEC, 3601 * SEC);
	world_free(w);
}

/* F4, F5: keys that are no good. */
static void
test_f4_f5_bad_keys(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k;

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 7; i++) {
		make_keys(w, &k, 8);
		switch (i) {
		case 0:
			k.cookie_cnt = 0;
			break;
		case 1:
			k.aead = 99;
			break;
		case 2:
			k.key_len = 31;
			break;
		case 3:
			k.key_len = 255;
			break;
		case 4:
			k.cookie_len[0] = 0;
			break;
		case 5:
			assert_int_equal(addr_parse(&k.addr, "127.0.0.1"), 0);
			break;
		default:
			assert_int_equal(addr_parse(&k.addr, "224.0.1.1"), 0);
			break;
		}
		give(w, &k);
		assert_int_equal(
		    rig_status(&w->r).stage, REPORT_STAGE_NEGOTIATION);
		assert_int_equal(w->r.sent_cnt, 0);
		rig_until(&w->r, w->r.timer.ns);
	}
	/* Bad news while good keys are in use changes nothing. */
	exchange_keys(w);
	assert_good(w);
	make_keys(w, &k, 0);
	memcpy(w->keys.c2s, "gone", 4);
	give(w, &k);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	world_free(w);
}

/* RFC 8915 section 8.5: a first time outside the certificate's validity is
 * not believed, and new keys are wanted. */
static void
test_certificate_time(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k;
	int64_t now_s = RIG_EPOCH_NS / SEC + 1000;

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 2; i++) {
		make_keys(w, &k, 8);
		k.cert_not_before_s = now_s + (i ? -9000 : 5000);
		k.cert_not_after_s = now_s + (i ? -5000 : 9000);
		give(w, &k);
		assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
		assert_int_equal(rig_deliver(&w->r), ASSOC_BAD_CERT);
		while (w->r.ke_cnt < (unsigned)i + 2)
			rig_until(&w->r, w->r.timer.ns);
	}
	make_keys(w, &k, 8);
	k.cert_not_before_s = now_s - 5000;
	k.cert_not_after_s = now_s + 5000;
	give(w, &k);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).cert_not_after_s, now_s + 5000);
	/* Once confirmed, an expiry is the next exchange's business. */
	for (int i = 0; i < 120; i++) {
		assert_true(rig_next(&w->r));
		assert_good(w);
	}
	assert_true(rig_true(w->r.now).ns / SEC > now_s + 5000);
	world_free(w);
}

/* A pool's server whose keys cannot be had is replaced. */
static void
test_pool_without_keys(void **state)
{
	struct world *w = world_new();

	(void)state;
	w->r.conf.pool = true;
	rig_start(&w->r, false);
	for (int i = 0; i < 2; i++) {
		fail_keys(w, REPORT_STAGE_TCP);
		assert_false(w->r.todo.what & ASSOC_REPLACE);
		rig_until(&w->r, w->r.timer.ns);
	}
	fail_keys(w, REPORT_STAGE_TCP);
	assert_true(w->r.todo.what & ASSOC_REPLACE);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_back_off),
	    cmocka_unit_test(test_back_off_reset),
	    cmocka_unit_test(test_lost_and_permanent),
	    cmocka_unit_test(test_f4_f5_bad_keys),
	    cmocka_unit_test(test_certificate_time),
	    cmocka_unit_test(test_pool_without_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
