/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON writer: exact documents, and escaping of hostile strings.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/json.h"

static void
one_document(void **state)
{
	char buf[1000];
	struct ctl_text t;
	struct ctl_json j;

	(void)state;
	ctl_text_init(&t, buf, sizeof buf);
	ctl_json_init(&j, &t);
	ctl_json_open(&j, NULL, '{');
	ctl_json_string(&j, "s", "x");
	ctl_json_string(&j, "empty", "");
	ctl_json_string(&j, "absent", NULL);
	ctl_json_open(&j, "list", '[');
	ctl_json_int(&j, NULL, INT64_MIN);
	ctl_json_uint(&j, NULL, UINT64_MAX);
	ctl_json_open(&j, NULL, '{');
	ctl_json_close(&j, '}');
	ctl_json_close(&j, ']');
	ctl_json_open(&j, "none", '[');
	ctl_json_close(&j, ']');
	ctl_json_bool(&j, "yes", true);
	ctl_json_bool(&j, "no", false);
	ctl_json_seconds(&j, "t", -2e-9);
	ctl_json_seconds(&j, "nan", (double)NAN);
	ctl_json_number(&j, "inf", (double)INFINITY);
	ctl_json_number(&j, "n", 12.5);
	ctl_json_null(&j, "z");
	ctl_json_close(&j, '}');
	assert_string_equal(buf,
	    "{\n"
	    "  \"s\": \"x\",\n"
	    "  \"empty\": null,\n"
	    "  \"absent\": null,\n"
	    "  \"list\": [\n"
	    "    -9223372036854775808,\n"
	    "    18446744073709551615,\n"
	    "    {}\n"
	    "  ],\n"
	    "  \"none\": [],\n"
	    "  \"yes\": true,\n"
	    "  \"no\": false,\n"
	    "  \"t\": -0.000000002,\n"
	    "  \"nan\": null,\n"
	    "  \"inf\": null,\n"
	    "  \"n\": 12.5,\n"
	    "  \"z\": null\n"
	    "}\n");
	assert_false(t.full);
}

/* L5: nothing from outside ends a string or reaches a terminal raw. */
static void
strings(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"\"\\/", "\"\\\"\\\\/\""},
	    {"\x1b[2J\n\t\x7f", "\"\\u001b[2J\\n\\u0009\\u007f\""},
	    {"caf\xc3\xa9", "\"caf\\u00e9\""},
	    {"\xe2\x82\xac", "\"\\u20ac\""},
	    {"\xf0\x9f\x95\x9b", "\"\\ud83d\\udd5b\""},
	    {"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""},
	    {"\xc0\x80", "\"\\ufffd\\ufffd\""},            /* overlong */
	    {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* overlong */
	    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* surrogate */
	    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	    {"\xf0\x9f\x95", "\"\\ufffd\\ufffd\\ufffd\""}, /* cut short */
	    {"\xff"
	     "a\x80",
		"\"\\ufffda\\ufffd\""},
	};
	char buf[200];
	struct ctl_text t;
	struct ctl_json j;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ctl_text_init(&t, buf, sizeof buf);
		ctl_json_init(&j, &t);
		ctl_json_string(&j, NULL, cases[i].in);
		assert_string_equal(buf, cases[i].out);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_document),
	    cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
