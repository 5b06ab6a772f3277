/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS associations against the server of folder serve: a life from key
 * exchange to key exchange, with losses, silence and NTSN, and no cookie or
 * nonce twice.
 */
#include "assoc_nts_rig.h"

static void
test_life(void **state)
{
	struct world *w = world_new();
	struct assoc_status s;

	(void)state;
	w->r.conf.iburst = true;
	rig_start(&w->r, true);
	assert_int_equal(w->r.ke_cnt, 1);
	assert_int_equal(w->r.sent_cnt, 0);
	exchange_keys(w);
	assert_true(w->r.todo.what & ASSOC_SAVE);
	assert_int_equal(w->r.sent_cnt, 1);
	assert_int_equal(w->r.todo.to.port, 4123);
	for (int i = 0; i < 200; i++) {
		assert_good(w);
		s = rig_status(&w->r);
		assert_int_equal(s.cookie_cnt, 8);
		assert_int_equal(s.aead, 15);
		assert_int_equal(s.ke_try_cnt, 0);
		assert_true(rig_next(&w->r));
	}
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Lost answers use the stock up; one answer fills it again. */
static void
test_loss_then_refill(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	for (int i = 0; i < 3; i++) {
		note_cookie(w);
		assert_true(rig_next(&w->r));
	}
	assert_int_equal(rig_status(&w->r).cookie_cnt, 4);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 8);
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Silence: new keys are asked for while there are still cookies, and asking
 * goes on. */
static void
test_rekey_on_silence(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	while (w->r.ke_cnt == 1)
		assert_true(rig_next(&w->r));
	assert_in_range(rig_status(&w->r).cookie_cnt, 2, 4);
	/* The exchange fails; polls go on with what there is. */
	fail_keys(w, REPORT_STAGE_TCP);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_TCP);
	assert_true(rig_next(&w->r));
	assert_good(w);
	world_free(w);
}

/* R2: the server has lost its keys: NTSN, then a new exchange at the next
 * poll, and all is well. */
static void
test_ntsn_recovery(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	forget_ring(w);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_NAK);
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	assert_int_equal(w->r.ke_cnt, 1); /* not before the next poll */
	assert_false(w->r.todo.what & ASSOC_CLOSE);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 2);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

static void
test_refresh(void **state)
{
	struct world *w = world_new();
	int64_t start;

	(void)state;
	w->r.conf.refresh_s = 5000;
	rig_start(&w->r, false);
	start = w->r.now.ns;
	exchange_keys(w);
	while (w->r.ke_cnt == 1) {
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	assert_in_range(w->r.now.ns - start, 5000 * SEC, 5070 * SEC);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

/* C13: nonces of requests under one key never repeat. */
static void
test_c13_nonces(void **state)
{
	struct world *w = world_new();
	static uint8_t nonces[3000][16];

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	for (unsigned i = 0; i < 3000; i++) {
		memcpy(nonces[i], w->r.request + w->r.request_len - 32, 16);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(nonces[i], nonces[j], 16);
		w->seen_cnt = 0;
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_loss_then_refill),
	    cmocka_unit_test(test_rekey_on_silence),
	    cmocka_unit_test(test_ntsn_recovery),
	    cmocka_unit_test(test_refresh),
	    cmocka_unit_test(test_c13_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
