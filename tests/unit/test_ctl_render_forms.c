/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rendering, all forms: JSON that a strict checker accepts for every verb
 * with full, empty and hostile views, and answers that never exceed their
 * buffer.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl_rig.h"

/* ---- a strict JSON checker: returns what follows a value, or NULL ------- */

static const char *
blanks(const char *s)
{
	while (*s == ' ' || *s == '\n')
		s++;
	return s;
}

static const char *
check_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if (*s < 0x20 || *s > 0x7e)
			return NULL;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u') {
			for (int i = 1; i < 5; i++)
				if (!isxdigit((unsigned char)s[i]))
					return NULL;
			s += 4;
		} else if (!strchr("\"\\n", *s) || !*s) {
			return NULL;
		}
	}
	return s + 1;
}

static const char *
check_number(const char *s)
{
	const char *digits = *s == '-' ? s + 1 : s;
	char *end;

	if (!isdigit((unsigned char)*digits) ||
	    (digits[0] == '0' && isdigit((unsigned char)digits[1])))
		return NULL;
	(void)strtod(s, &end);
	return end;
}

static const char *
check_word(const char *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	return check_number(s);
}

/* Containers by a stack of closing brackets rather than by recursion. */
static const char *
check_value(const char *s)
{
	char open[32];
	size_t depth = 0;

	for (;;) {
		s = blanks(s);
		if (*s == '{' || *s == '[') {
			if (depth == sizeof open)
				return NULL;
			open[depth++] = *s == '{' ? '}' : ']';
			s = blanks(s + 1);
			if (*s != open[depth - 1]) {
				if (open[depth - 1] == '}') {
					s = check_string(s);
					if (!s || *s++ != ':')
						return NULL;
				}
				continue;
			}
		} else {
			s = *s == '"' ? check_string(s) : check_word(s);
			if (!s)
				return NULL;
			s = blanks(s);
		}
		while (depth > 0 && *s == open[depth - 1]) {
			depth--;
			s = blanks(s + 1);
		}
		if (depth == 0)
			return s;
		if (*s != ',')
			return NULL;
		s = blanks(s + 1);
		if (open[depth - 1] == '}') {
			s = check_string(s);
			if (!s || *s++ != ':')
				return NULL;
		}
	}
}

static void
the_checker_can_fail(void **state)
{
	static const char *const good[] = {
	    "{}", "[]", "{\"a\": [1, -0.5, null, \"x\\u0041\"]}", "[[], {}]"};
	static const char *const bad[] = {"{", "[1,]", "{\"a\"}", "{\"a\":}",
	    "[01]", "[nan]", "[\"\\x\"]", "[\"a\nb\"]", "[1 2]", "{1: 2}", "[}",
	    "[\"\x1b\"]", "[1}"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *end = check_value(good[i]);

		assert_non_null(end);
		assert_int_equal(*end, 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(check_value(bad[i]));
}

/* ---- the forms ------------------------------------------------------------ */

/* L5: ASCII and newlines only, whatever the reports hold. */
static void
check_all_forms(int status_code)
{
	for (unsigned i = 0; i < 2 * CTL_VERB_CNT; i++) {
		struct ctl_request r = {(enum ctl_verb)(i / 2), i % 2 != 0};
		char line[CTL_REQUEST_MAX];
		const char *text, *end;

		(void)ctl_request_format(line, &r);
		text = ask(line, r.verb == CTL_STATUS ? status_code : 0);
		for (const char *p = text; *p; p++)
			assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
		if (!r.json)
			continue;
		end = check_value(text);
		assert_non_null(end);
		assert_int_equal(*end, 0);
	}
}

static void
every_form_of_every_view(void **state)
{
	(void)state;
	check_all_forms(CTL_CODE_OK);
	/* Strings without their NUL, numbers that are not numbers. */
	memset(sources[3].name, 0xff, sizeof sources[3].name);
	memset(sources[3].why, 0x9b, sizeof sources[3].why);
	sources[3].name[sizeof sources[3].name - 1] = '\0';
	sources[3].why[sizeof sources[3].why - 1] = '\0';
	sources[0].offset_s = (double)__builtin_nan("");
	sources[0].jitter_s = (double)__builtin_inf();
	sources[0].poll_log2s = -128;
	sources[0].leap = sources[0].stratum = sources[0].auth = 0xff;
	sources[0].select = REPORT_SELECTED;
	sources[2].select = 0xee;
	sources[2].stage = 0xee;
	sources[2].last_rx.ns = INT64_MAX;
	sync_report.rms_offset_s = (double)__builtin_nan("");
	sync_report.refusal = 0xff;
	page.freq_sps = (double)__builtin_inf();
	page.ref_wall_ns = INT64_MIN;
	clockpage.flags = TIMEPAGE_VIRTUAL;
	clockpage.virt_offset_ns = INT64_MIN;
	roles[0].role = 77;
	check_all_forms(CTL_CODE_OK);
	view = (struct ctl_view){.privileged = true};
	check_all_forms(CTL_CODE_UNSYNCED);
}

static void
answers_fit_or_say_so(void **state)
{
	static struct report_source many[400];
	char small[512];
	enum ctl_code code;
	size_t body;
	long len;

	(void)state;
	/* As many sources as there can be, with the longest texts. */
	for (size_t i = 0; i < 64; i++) {
		many[i] = sources[3];
		memset(many[i].name, 1, sizeof many[i].name - 1);
		memset(many[i].why, 1, sizeof many[i].why - 1);
	}
	view.sources = many;
	view.source_cnt = 64;
	check_all_forms(CTL_CODE_OK);
	len =
	    ctl_render_answer(&view, "sources json\n", 13, small, sizeof small);
	assert_true(len > 0 && (size_t)len <= sizeof small);
	assert_int_equal(ctl_head_parse(small, &code, &body), 0);
	assert_int_equal(code, CTL_CODE_FAILED);
	assert_int_equal(
	    ctl_render_answer(&view, "sour", 4, small, sizeof small),
	    ERR_AGAIN);
	assert_non_null(strstr(ask("settime 1\n", CTL_CODE_USAGE), "knows"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_checker_can_fail),
	    cmocka_unit_test_setup(every_form_of_every_view, setup),
	    cmocka_unit_test_setup(answers_fit_or_say_so, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
