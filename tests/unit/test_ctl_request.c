/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status protocol: every request at every split, and everything else
 * refused (hostile case L1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/request.h"

static void
every_request_at_every_split(void **state)
{
	char line[CTL_REQUEST_MAX];
	struct ctl_request in, out;

	(void)state;
	for (unsigned i = 0; i < 2 * CTL_VERB_CNT; i++) {
		size_t len;

		in.verb = (enum ctl_verb)(i / 2);
		in.json = i % 2 != 0;
		len = ctl_request_format(line, &in);
		assert_int_equal(len, strlen(line));
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(
			    ctl_request_parse(&out, line, cut), ERR_AGAIN);
		assert_int_equal(ctl_request_parse(&out, line, len), 0);
		assert_int_equal(out.verb, in.verb);
		assert_int_equal(out.json, in.json);
	}
	assert_string_equal(ctl_request_verb(CTL_NTS), "nts");
	assert_null(ctl_request_verb(CTL_VERB_CNT));
}

static void
l1_anything_else_is_bad(void **state)
{
	static const char *const bad[] = {
	    "\n",
	    " \n",
	    "json\n",
	    "sources \n",
	    "sources  json\n",
	    "sources json \n",
	    "sources jsonx\n",
	    "sources jso\n",
	    "source\n",
	    "sourcesx\n",
	    "Sources\n",
	    " sources\n",
	    "sources\r\n",
	    "sources\njson\n",
	    "sources\n\n",
	    "sources\tjson\n",
	    "sources json json\n",
	};
	char big[4096];
	struct ctl_request r;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    ctl_request_parse(&r, bad[i], strlen(bad[i])), ERR_BAD);
	assert_int_equal(ctl_request_parse(&r, "sources\0\n", 9), ERR_BAD);
	/* A line that never ends is refused as soon as it is too long. */
	memset(big, 'a', sizeof big);
	assert_int_equal(
	    ctl_request_parse(&r, big, CTL_REQUEST_MAX - 1), ERR_AGAIN);
	assert_int_equal(ctl_request_parse(&r, big, CTL_REQUEST_MAX), ERR_BAD);
	assert_int_equal(ctl_request_parse(&r, big, sizeof big), ERR_BAD);
}

static void
heads(void **state)
{
	char head[CTL_HEAD_LEN + 1] = {0}, other[CTL_HEAD_LEN];
	enum ctl_code code;
	size_t len;

	(void)state;
	ctl_head_format(head, CTL_CODE_UNSYNCED, 1234);
	assert_string_equal(head, "truenoon 1 3 00001234\n");
	assert_int_equal(ctl_head_parse(head, &code, &len), 0);
	assert_int_equal(code, CTL_CODE_UNSYNCED);
	assert_int_equal(len, 1234);
	/* L5: no other byte at any place but a digit is taken. */
	for (size_t i = 0; i < CTL_HEAD_LEN; i++) {
		memcpy(other, head, sizeof other);
		other[i] = (char)(other[i] + 0x40);
		assert_int_equal(ctl_head_parse(other, &code, &len), ERR_BAD);
		assert_int_equal(len, 0);
	}
	ctl_head_format(head, CTL_CODE_OK, CTL_ANSWER_MAX - CTL_HEAD_LEN);
	assert_int_equal(ctl_head_parse(head, &code, &len), 0);
	ctl_head_format(head, CTL_CODE_OK, CTL_ANSWER_MAX);
	assert_int_equal(ctl_head_parse(head, &code, &len), ERR_BAD);
	assert_int_equal(
	    ctl_head_parse("truenoon 1 9 00000001\n", &code, &len), ERR_BAD);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_request_at_every_split),
	    cmocka_unit_test(l1_anything_else_is_bad),
	    cmocka_unit_test(heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
