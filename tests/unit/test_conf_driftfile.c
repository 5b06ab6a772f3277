/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drift files, good and absurd (K2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/driftfile.h"

static struct conf_drift drift;

static int
parse(const char *text)
{
	return conf_drift_parse(&drift, text, strlen(text));
}

static void
good(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("            5.123456             0.250000\n"), 0);
	assert_true(drift.freq_ppm == 5.123456 && drift.skew_ppm == 0.25);
	assert_int_equal(parse("-12 1e-3"), 0);
	assert_true(drift.freq_ppm == -12.0 && drift.skew_ppm == 1e-3);
	assert_int_equal(parse("1 2 3 what follows is not looked at\n"), 0);
	assert_int_equal(parse("1\n2\n"), 0);
}

static void
k2_absurd(void **state)
{
	static const char *const texts[] = {
	    "",
	    "\n",
	    "5",
	    "x y",
	    "5 y",
	    "NaN 1",
	    "nan nan",
	    "1 nan",
	    "inf 1",
	    "1e308 1",
	    "-1e308 1",
	    "1 1e308",
	    "1e999 1",
	    "1 -1",
	    "100001 1",
	    "-100001 1",
	    "1 1000001",
	    "0x10 1",
	    "1,5 1",
	    "5ppm 1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		drift.freq_ppm = 7.0;
		if (parse(texts[i]) != ERR_BAD)
			fail_msg("taken: %s", texts[i]);
		assert_true(drift.freq_ppm == 0.0 && drift.skew_ppm == 0.0);
	}
}

static void
k2_binary_and_long(void **state)
{
	static const char binary[] = "1 2\0\xff\xfe";
	size_t len = 10U << 20;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text, "1 2", 3);
	assert_int_equal(conf_drift_parse(&drift, text, len), ERR_BAD);
	assert_int_equal(conf_drift_parse(&drift, text, CONF_DRIFT_READ), 0);
	assert_int_equal(
	    conf_drift_parse(&drift, text, CONF_DRIFT_READ + 1), ERR_BAD);
	free(text);
	assert_int_equal(
	    conf_drift_parse(&drift, binary, sizeof binary - 1), ERR_BAD);
}

static void
printed_reads_back(void **state)
{
	static const double values[] = {0.0, 1.25, -500.0, 99999.5, -1e5, 1e5};
	char text[CONF_DRIFT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct conf_drift d = {
		    .freq_ppm = values[i], .skew_ppm = 0.125};
		int len = conf_drift_print(&d, text);

		assert_int_equal(len, strlen(text));
		assert_int_equal(parse(text), 0);
		assert_true(drift.freq_ppm == values[i]);
		assert_true(drift.skew_ppm == 0.125);
	}
	drift.freq_ppm = 1e308;
	assert_int_equal(conf_drift_print(&drift, text), ERR_BAD);
}

/* Short of both numbers there is nothing; the second may be cut unseen. */
static void
every_truncation(void **state)
{
	static const char text[] = "-5.25 0.125\n";

	(void)state;
	for (size_t len = 0; len < 6; len++)
		assert_int_equal(conf_drift_parse(&drift, text, len), ERR_BAD);
	for (size_t len = 7; len < sizeof text; len++) {
		assert_int_equal(conf_drift_parse(&drift, text, len), 0);
		assert_true(drift.freq_ppm == -5.25);
	}
}

static void
the_learned_wander_comes_back(void **state)
{
	struct conf_drift d = {
	    .freq_ppm = -3.25,
	    .skew_ppm = 0.5,
	    .wander_log10 = -9.25,
	    .wander_error_log10 = 0.75,
	};
	char text[CONF_DRIFT_TEXT];
	int len = conf_drift_print(&d, text);

	(void)state;
	assert_true(len > 0);
	memset(&d, 0, sizeof d);
	assert_int_equal(conf_drift_parse(&d, text, (size_t)len), 0);
	assert_true(d.freq_ppm == -3.25 && d.skew_ppm == 0.5);
	assert_true(d.wander_log10 == -9.25 && d.wander_error_log10 == 0.75);
	/* what cannot be a wander is left alone */
	assert_int_equal(conf_drift_parse(&d, "1 2 -999 1\n", 11), 0);
	assert_true(d.wander_error_log10 == 0 && d.wander_log10 == 0);
	assert_int_equal(conf_drift_parse(&d, "1 2 word 1\n", 11), 0);
	assert_true(d.wander_error_log10 == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_learned_wander_comes_back),
	    cmocka_unit_test(good),
	    cmocka_unit_test(k2_absurd),
	    cmocka_unit_test(k2_binary_and_long),
	    cmocka_unit_test(printed_reads_back),
	    cmocka_unit_test(every_truncation),
	};

	return cmocka_run_group_tests_name("conf_driftfile", tests, NULL, NULL);
}
