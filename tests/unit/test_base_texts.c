/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for codes: every code has its own, anything else gets an answer too.
 */
#include "base/clockcmd.h"
#include "base/err.h"
#include "base/report.h"
#include "base/role.h"
#include "hex.h"

static const char *
err_word(unsigned i)
{
	return err_text(-(int)i);
}

static void
check(const char *(*text)(unsigned), unsigned cnt)
{
	for (unsigned i = 0; i < cnt; i++) {
		assert_non_null(text(i));
		assert_true(strlen(text(i)) > 0);
		assert_null(strstr(text(i), "unknown"));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(text(i), text(k));
	}
	assert_non_null(text(cnt));
	assert_non_null(text(1U << 30));
}

static void
every_code_has_words(void **state)
{
	(void)state;
	check(err_word, -ERR_MIN + 1);
	check(clockcmd_refusal_text, CLOCKCMD_REFUSAL_CNT);
	check(role_name, ROLE_CNT);
	check(report_select_text, REPORT_SELECT_CNT);
	check(report_stage_text, REPORT_STAGE_CNT);
	check(report_auth_text, REPORT_AUTH_NTS + 1);
	check(report_stamp_text, REPORT_STAMP_CNT);
	assert_string_equal(err_text(1), "unknown error");
	assert_string_equal(err_text(ERR_MIN - 1), "unknown error");
}

static void
roles_by_name(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_CNT; r++)
		assert_int_equal(role_find(role_name(r)), r);
	assert_int_equal(role_find(""), ROLE_CNT);
	assert_int_equal(role_find("Super"), ROLE_CNT);
	assert_string_equal(role_name(ROLE_CNT), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_has_words),
	    cmocka_unit_test(roles_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
