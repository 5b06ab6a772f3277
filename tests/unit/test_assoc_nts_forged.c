/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS associations and answers that are forged, spoilt or not sealed: none is
 * believed, and none costs more than it should.  Cases C and G of the hostile
 * list.
 */
#include "assoc_nts_rig.h"

#include "ntp/kiss.h"

/* G7: an NTSN with another UID, none, or a wrong origin, is nothing; one
 * that is overtaken by the real answer is nothing either. */
static void
test_g7_forged_ntsn(void **state)
{
	struct world *w = world_new();
	struct ntp_packet p;
	uint8_t real[2048];
	size_t real_len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	real_len = w->r.answer_len;
	memcpy(real, w->r.answer, real_len);
	p = rig_honest(&w->r);
	p.stratum = 0;
	p.ref_id = NTP_KISS_CODE_NTSN;
	assert_int_equal(rig_answer(&w->r, &p), ASSOC_UNAUTH);
	/* Another UID. */
	memcpy(w->r.answer + 48, w->r.request + 48, 36);
	w->r.answer[60] ^= 1;
	w->r.answer_len = 84;
	assert_true(rig_deliver(&w->r) != ASSOC_KOD_NTSN);
	/* The right UID and the wrong origin. */
	w->r.answer[60] ^= 1;
	w->r.answer[NTP_OFFSET_ORIGIN] ^= 1;
	assert_int_equal(rig_deliver(&w->r), ASSOC_BAD_ORIGIN);
	/* As right as somebody on the path can make it. */
	w->r.answer[NTP_OFFSET_ORIGIN] ^= 1;
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	memcpy(w->r.answer, real, real_len);
	w->r.answer_len = real_len;
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Somebody on the path answers every request with NTSN: exchanges follow the
 * back-off, though each of them succeeds. */
static void
test_g7_no_storm(void **state)
{
	struct world *w = world_new();
	int64_t start;
	unsigned was;

	(void)state;
	rig_start(&w->r, false);
	start = w->r.now.ns;
	for (int i = 0; i < 2000 && w->r.now.ns < start + 86400 * SEC; i++) {
		was = w->r.ke_cnt;
		if (w->r.todo.what & ASSOC_NEED_KE)
			exchange_keys(w);
		if (w->r.sent_cnt > 0 && w->r.todo.what & ASSOC_SEND) {
			forget_ring(w);
			w->seen_cnt = 0;
			assert_int_equal(serve_it(w), SERVE_NAK);
			assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
		}
		assert_in_range(w->r.ke_cnt - was, 0, 1);
		if (!rig_next(&w->r) && !(w->r.todo.what & ASSOC_NEED_KE))
			break;
	}
	/* 10 * 1.5^(n-1) reaches a day's sum at about n = 21. */
	assert_in_range(w->r.ke_cnt, 8, 22);
	world_free(w);
}

/* C1, C12, D8: every byte of an answer counts. */
static void
test_c1_c12_tampered_answers(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	for (size_t at = 0; at < w->r.answer_len; at++) {
		w->r.answer[at] ^= 1;
		assert_int_not_equal(rig_deliver(&w->r), ASSOC_GOOD);
		w->r.answer[at] ^= 1;
	}
	for (size_t len = w->r.answer_len; len-- > 0;) {
		size_t all = w->r.answer_len;

		w->r.answer_len = len;
		assert_int_not_equal(rig_deliver(&w->r), ASSOC_GOOD);
		w->r.answer_len = all;
	}
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	world_free(w);
}

/* G6, rule 2: no plain answer and no plain kiss does anything. */
static void
test_g6_plain_answers(void **state)
{
	struct world *w = world_new();
	struct ntp_packet p;
	static const uint32_t codes[] = {NTP_KISS_CODE_RATE, NTP_KISS_CODE_DENY,
	    NTP_KISS_CODE_RSTR, NTP_KISS_CODE_DENY};

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_int_equal(rig_answer_honestly(&w->r), ASSOC_UNAUTH);
	for (int i = 0; i < 4; i++) {
		p = rig_honest(&w->r);
		p.stratum = 0;
		p.ref_id = codes[i];
		assert_int_equal(rig_answer(&w->r, &p), ASSOC_UNAUTH);
	}
	assert_int_equal(rig_status(&w->r).poll_log2s, 6);
	assert_false(rig_status(&w->r).refused);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_AUTH);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_NONE);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_g7_forged_ntsn),
	    cmocka_unit_test(test_g7_no_storm),
	    cmocka_unit_test(test_c1_c12_tampered_answers),
	    cmocka_unit_test(test_g6_plain_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
