/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading configurations: whatever the octets are (K5), however many, and in
 * whatever pieces they come, the outcome is sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

static struct conf conf, other;
static struct conf_faults faults;

static void
k5_nul(void **state)
{
	static const char text[] = "server a\nport\0 5\nserver b\n";

	(void)state;
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, sizeof text - 1, &faults),
	    ERR_BAD);
	assert_true(has_fault(&faults, "t:2:5: error: a NUL octet"));
	assert_int_equal(conf.source_cnt, 2);
}

static void
k5_line_of_a_megabyte(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len + 10);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text + len, "\nserver b\n", 10);
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, len + 10, &faults),
	    ERR_BAD);
	free(text);
	assert_int_equal(faults.error_cnt, 1);
	assert_true(has_fault(&faults,
	    "t:1:2048: error: the line is longer "
	    "than 2047 octets"));
	assert_int_equal(conf.source_cnt, 1);
}

static const char long_text[] =
    "server a iburst nts\r\n# c\npool b maxsources 2 key 3\nkeyfile /k\n"
    "allow 10.0.0.0/8\nlocal stratum 9\nmakestep 1 3\nrefclock PPS /dev/p\n";

static void
every_split_is_the_same(void **state)
{
	struct mem_file files[] = {{"/m", long_text}, {NULL, NULL}};

	(void)state;
	assert_int_equal(mem_parse(&other, files, 0, &faults), 0);
	for (size_t piece = 1; piece < sizeof long_text; piece++) {
		assert_int_equal(mem_parse(&conf, files, piece, &faults), 0);
		assert_true(conf_same(&conf, &other));
		assert_int_equal(faults.warning_cnt, 1);
	}
}

static void
every_truncation_is_judged(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof long_text; len++) {
		int err;

		memset(&faults, 0, sizeof faults);
		err =
		    conf_parse_text(&conf, NULL, "t", long_text, len, &faults);
		assert_int_equal(err, faults.error_cnt ? ERR_BAD : 0);
		assert_true(conf.source_cnt <= 2);
	}
}

/* Room for rules grows with what is written, up to the bound. */
static void
rules_by_the_thousand(void **state)
{
	const uint32_t cnt = CONF_ACCESS_MAX + 1;
	char *text = malloc(cnt * 32);
	size_t len = 0, half = 0;

	(void)state;
	assert_non_null(text);
	for (uint32_t i = 0; i < cnt; i++) {
		len += (size_t)sprintf(text + len, "%s 10.%u.%u.%u\n",
		    i % 3 ? "allow" : "deny", i >> 16, i >> 8 & 255, i & 255);
		if (i == 9999)
			half = len;
	}
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, half, &faults), 0);
	assert_int_equal(conf.access.cnt, 10000);
	for (uint32_t i = 0; i < conf.access.cnt; i++) {
		const struct conf_access *r = &conf.access.rule[i];

		assert_int_equal(r->allow, i % 3 != 0);
		assert_int_equal(r->net.addr.bytes[2], i >> 8);
		assert_int_equal(r->net.addr.bytes[3], i & 255);
	}
	assert_false(conf_same(&conf, &other));
	conf_move(&other, &conf);
	assert_int_equal(conf.access.cnt, 0);
	assert_int_equal(other.access.cnt, 10000);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, len, &faults), ERR_BAD);
	assert_int_equal(faults.error_cnt, 1);
	assert_true(has_fault(&faults, "t:65537:"));
	assert_true(has_fault(&faults, "error: more than 65536 rules"));
	conf_init(&conf);
	assert_int_equal(conf.access.cnt, 0);
	conf_fini(&other);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(k5_nul),
	    cmocka_unit_test(k5_line_of_a_megabyte),
	    cmocka_unit_test(every_split_is_the_same),
	    cmocka_unit_test(every_truncation_is_judged),
	    cmocka_unit_test(rules_by_the_thousand),
	};

	return cmocka_run_group_tests_name("conf_input", tests, NULL, NULL);
}
