/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text writer: bounds, alignment, escaping, quantities, dates, names.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/text.h"

static void
never_past_the_end(void **state)
{
	char buf[9] = "xxxxxxxx";
	struct ctl_text t;

	(void)state;
	ctl_text_init(&t, buf, 8);
	ctl_text_printf(&t, "%d", 1234);
	ctl_text_put(&t, "56");
	assert_false(t.full);
	ctl_text_printf(&t, "%s", "789");
	assert_string_equal(buf, "1234567");
	assert_true(t.full);
	ctl_text_put(&t, "more");
	ctl_text_escape(&t, "\x01", 1);
	ctl_text_pad(&t, 40);
	ctl_text_right(&t, 60, "r");
	assert_int_equal(t.len, 7);
	assert_string_equal(buf, "1234567");
	/* The byte past the end was not ours. */
	assert_int_equal(buf[8], 0);
	ctl_text_init(&t, buf, 1);
	ctl_text_printf(&t, "a");
	assert_true(t.full);
	assert_string_equal(buf, "");
}

static void
columns_line_up(void **state)
{
	char buf[200];
	struct ctl_text t;

	(void)state;
	ctl_text_init(&t, buf, sizeof buf);
	ctl_text_put(&t, "ab");
	ctl_text_pad(&t, 5);
	ctl_text_put(&t, "c");
	ctl_text_right(&t, 10, "99");
	ctl_text_put(&t, "\nlonger");
	ctl_text_pad(&t, 5);
	ctl_text_right(&t, 9, "100");
	ctl_text_put(&t, "\n");
	ctl_text_pad(&t, 2);
	ctl_text_put(&t, "x");
	assert_string_equal(buf, "ab   c  99\nlonger  100\n  x");
}

static void
escapes(void **state)
{
	static const char in[] = "a\x1b[2J\r\n\\\"\xc3\xa9\x9b\x7f\0z";
	char buf[200];
	struct ctl_text t;

	(void)state;
	ctl_text_init(&t, buf, sizeof buf);
	ctl_text_escape(&t, in, sizeof in - 1);
	assert_string_equal(
	    buf, "a\\x1b[2J\\x0d\\x0a\\\\\"\\xc3\\xa9\\x9b\\x7f\\x00z");
}

static void
quantities(void **state)
{
	static const struct {
		double s;
		const char *plain, *sign;
	} cases[] = {
	    {0, "0 ns", "0 ns"},
	    {-0.0, "0 ns", "0 ns"},
	    {0.4e-9, "0 ns", "0 ns"},
	    {1e-9, "1 ns", "+1 ns"},
	    {999e-9, "999 ns", "+999 ns"},
	    {999.6e-9, "1.000 us", "+1.000 us"},
	    {-12.3456e-6, "-12.35 us", "-12.35 us"},
	    {123.4e-6, "123.4 us", "+123.4 us"},
	    {999.94e-6, "999.9 us", "+999.9 us"},
	    {999.97e-6, "1.000 ms", "+1.000 ms"},
	    {0.5, "500.0 ms", "+500.0 ms"},
	    {1, "1.000 s", "+1.000 s"},
	    {-86.4, "-86.40 s", "-86.40 s"},
	    {9999, "9999 s", "+9999 s"},
	    {36000, "10.00 h", "+10.00 h"},
	    {1.8e9, "20833 d", "+20833 d"},
	    {(double)NAN, "-", "-"},
	    {(double)INFINITY, "-", "-"},
	    {-1e300, "-", "-"},
	};
	char buf[CTL_QTY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(
		    ctl_text_seconds(buf, cases[i].s), cases[i].plain);
		assert_string_equal(
		    ctl_text_offset(buf, cases[i].s), cases[i].sign);
	}
	assert_string_equal(ctl_text_ppm(buf, -12.3456e-6), "-12.346 ppm");
	assert_string_equal(ctl_text_ppm(buf, 2), "-");
}

static void
ages(void **state)
{
	char buf[CTL_QTY_MAX];

	(void)state;
	assert_string_equal(ctl_text_age(buf, -1), "never");
	assert_string_equal(ctl_text_age(buf, 0.4), "0 s");
	assert_string_equal(ctl_text_age(buf, 999), "999 s");
	assert_string_equal(ctl_text_age(buf, 1200), "20 min");
	assert_string_equal(ctl_text_age(buf, 7200), "2.0 h");
	assert_string_equal(ctl_text_age(buf, 864000), "10 d");
	assert_string_equal(ctl_text_age(buf, (double)NAN), "never");
}

static void
dates(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01 00:00:00"},
	    {951782400 + 86399, "2000-02-29 23:59:59"},
	    {1709210096, "2024-02-29 12:34:56"},
	    {2085978496, "2036-02-07 06:28:16"}, /* Q1 */
	    {2147483648, "2038-01-19 03:14:08"}, /* Q2 */
	    {4107542400, "2100-03-01 00:00:00"},
	    {253402300799, "9999-12-31 23:59:59"},
	    {253402300800, "-"},
	    {-1, "-"},
	    {INT64_MAX, "-"},
	    {INT64_MIN, "-"},
	};
	char buf[CTL_DATE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(
		    ctl_text_date(buf, cases[i].s), cases[i].text);
}

static void
protocol_names(void **state)
{
	char buf[CTL_QTY_MAX];

	(void)state;
	assert_string_equal(ctl_text_refid(buf, 0x47505300, 1), "GPS");
	assert_string_equal(ctl_text_refid(buf, 0x1b5b324a, 1), "\\x1b[2J");
	assert_string_equal(
	    ctl_text_refid(buf, 0xffffffff, 0), "\\xff\\xff\\xff\\xff");
	assert_string_equal(ctl_text_refid(buf, 0, 0), "");
	assert_string_equal(ctl_text_refid(buf, 0xc0000201, 2), "192.0.2.1");
	assert_string_equal(ctl_text_leap(0), "normal");
	assert_string_equal(ctl_text_leap(1), "insert");
	assert_string_equal(ctl_text_leap(2), "delete");
	assert_string_equal(ctl_text_leap(3), "unsynchronised");
	assert_string_equal(ctl_text_leap(77), "unsynchronised");
	assert_string_equal(ctl_text_aead(buf, 15), "AES-SIV-CMAC-256");
	assert_string_equal(ctl_text_aead(buf, 30), "AES-128-GCM-SIV");
	assert_string_equal(ctl_text_aead(buf, 4711), "AEAD 4711");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(never_past_the_end),
	    cmocka_unit_test(columns_line_up),
	    cmocka_unit_test(escapes),
	    cmocka_unit_test(quantities),
	    cmocka_unit_test(ages),
	    cmocka_unit_test(dates),
	    cmocka_unit_test(protocol_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
