/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Powers of two.
 */
#include "ntp/poll.h"

#include <math.h>

#include "hex.h"

static void
to_seconds(void **state)
{
	(void)state;
	assert_true(ntp_poll_to_s(0) == 1.0);
	assert_true(ntp_poll_to_s(10) == 1024.0);
	assert_true(ntp_poll_to_s(-7) == 0.0078125);
	assert_true(ntp_poll_to_s(1000000) == ntp_poll_to_s(127));
	assert_true(ntp_poll_to_s(-1000000) == ntp_poll_to_s(-128));
}

static void
there_and_back(void **state)
{
	(void)state;
	for (int e = INT8_MIN; e <= INT8_MAX; e++) {
		assert_int_equal(ntp_poll_from_s(ntp_poll_to_s(e)), e);
		if (e < INT8_MAX)
			assert_int_equal(
			    ntp_poll_from_s(ntp_poll_to_s(e) * 1.0001), e + 1);
	}
	assert_int_equal(ntp_poll_from_s(25e-9), -25);
	assert_int_equal(ntp_poll_from_s(30e-9), -24);
	assert_int_equal(ntp_poll_from_s(0), INT8_MIN);
	assert_int_equal(ntp_poll_from_s(-1), INT8_MIN);
	assert_int_equal(ntp_poll_from_s((double)NAN), INT8_MIN);
	assert_int_equal(ntp_poll_from_s((double)INFINITY), INT8_MAX);
	assert_int_equal(ntp_poll_from_s(1e300), INT8_MAX);
	assert_int_equal(ntp_poll_from_s(1e-300), INT8_MIN);
}

static void
clamped(void **state)
{
	(void)state;
	assert_int_equal(ntp_poll_clamp(5, 6, 10), 6);
	assert_int_equal(ntp_poll_clamp(6, 6, 10), 6);
	assert_int_equal(ntp_poll_clamp(11, 6, 10), 10);
	assert_int_equal(
	    ntp_poll_clamp(-128, NTP_POLL_MIN, NTP_POLL_MAX), NTP_POLL_MIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(to_seconds),
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
