/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Distances between words, against counts made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/words.h"

static void
edits_are_counted(void **state)
{
	(void)state;
	assert_int_equal(words_distance("", ""), 0);
	assert_int_equal(words_distance("", "abc"), 3);
	assert_int_equal(words_distance("kitten", "sitting"), 3);
	assert_int_equal(words_distance("sever", "server"), 1);
	assert_int_equal(words_distance("qurey", "query"), 1);
	assert_int_equal(words_distance("SERVER", "server"), 0);
	assert_int_equal(words_distance("abcd", "badc"), 2);
}

static void
long_words_are_cut(void **state)
{
	char a[200], b[200];

	(void)state;
	memset(a, 'a', sizeof a);
	memset(b, 'b', sizeof b);
	a[199] = b[199] = '\0';
	assert_int_equal(words_distance(a, b), WORDS_LEN_MAX);
	assert_int_equal(words_distance(a, a), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(edits_are_counted),
	    cmocka_unit_test(long_words_are_cut),
	};

	return cmocka_run_group_tests_name("base words", tests, NULL, NULL);
}
