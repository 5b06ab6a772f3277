/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sums of reports: every counter is added, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/report.h"

static void
served(void **state)
{
	struct report_serve sum = {.instance = 7, .rx_cnt = 1};
	struct report_serve r = {
	    .instance = 9,
	    .rx_cnt = UINT64_C(1) << 40,
	    .by_version = {[7] = 3},
	    .rx_stamp_cnt = {[REPORT_STAMP_HARDWARE] = 4},
	    .latency_cnt = {[REPORT_LATENCY_CNT - 1] = 5},
	    .send_fail_cnt = 6,
	};

	(void)state;
	report_serve_add(&sum, &r);
	report_serve_add(&sum, &r);
	assert_int_equal(sum.instance, 7);
	assert_true(sum.rx_cnt == (UINT64_C(1) << 41) + 1);
	assert_int_equal(sum.rx_bytes, 0);
	assert_int_equal(sum.by_version[7], 6);
	assert_int_equal(sum.rx_stamp_cnt[REPORT_STAMP_HARDWARE], 8);
	assert_int_equal(sum.latency_cnt[REPORT_LATENCY_CNT - 1], 10);
	assert_int_equal(sum.send_fail_cnt, 12);
}

static void
exchanged(void **state)
{
	struct report_ke sum = {.instance = 7};
	struct report_ke r = {
	    .instance = 9,
	    .accept_cnt = 1,
	    .late_cnt = {[REPORT_KE_ANSWER] = 2},
	    .pause_cnt = 3,
	    .open_cnt = 4,
	    .ring_cnt = 5,
	    .ring_at = {6},
	    .cert_not_after_s = 7,
	    .cert_subject = "CN=x",
	};

	(void)state;
	report_ke_add(&sum, &r);
	report_ke_add(&sum, &r);
	assert_int_equal(sum.instance, 7);
	assert_int_equal(sum.accept_cnt, 2);
	assert_int_equal(sum.done_cnt, 0);
	assert_int_equal(sum.late_cnt[REPORT_KE_ANSWER], 4);
	assert_int_equal(sum.pause_cnt, 6);
	/* What a worker is doing ends with it. */
	assert_int_equal(sum.open_cnt, 0);
	assert_int_equal(sum.ring_cnt, 0);
	assert_int_equal(sum.ring_at.ns, 0);
	assert_int_equal(sum.cert_not_after_s, 0);
	assert_string_equal(sum.cert_subject, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(served),
	    cmocka_unit_test(exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
