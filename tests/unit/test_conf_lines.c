/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of lines, with symmetric keys as the lines they were made for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/lines.h"
#include "conf_help.h"
#include "crypto/keyfile.h"

static struct conf_faults faults;

struct ids {
	size_t cnt;
	uint32_t id[16];
};

static int
on_key(void *arg, const char *line, const char **why)
{
	struct ids *ids = arg;
	struct crypto_mac_key key;
	int err = crypto_keyfile_parse_line(&key, line, why);

	if (err == 0)
		ids->id[ids->cnt++] = key.id;
	return err;
}

static int
read_text(struct ids *ids, const char *text, size_t len)
{
	memset(ids, 0, sizeof *ids);
	memset(&faults, 0, sizeof faults);
	return conf_lines_read("/keys", text, len, on_key, ids, &faults);
}

static void
keys_and_comments(void **state)
{
	static const char text[] =
	    "# comment\r\n10 tulip\r\n\n! x\n"
	    "30 AES128 HEX:7EA62AE64D190114D46D5A082F948EC1\n20 MD5 ASCII:c#!x";
	struct ids ids;

	(void)state;
	assert_int_equal(read_text(&ids, text, strlen(text)), 0);
	assert_int_equal(ids.cnt, 3);
	assert_int_equal(ids.id[1], 30);
	assert_int_equal(ids.id[2], 20);
}

/* CVE-2021-22212: a bad line costs that line, is named, and is not quoted. */
static void
bad_lines_are_named(void **state)
{
	static const char text[] = "1 MD5 ASCII:good\n2 MD5 ASCII:sec ret\n"
				   "x y z\n4 AES128 HEX:00\n5\0 a\n6 fine\n";
	struct ids ids;

	(void)state;
	assert_int_equal(read_text(&ids, text, sizeof text - 1), ERR_BAD);
	assert_int_equal(ids.cnt, 2);
	assert_int_equal(ids.id[1], 6);
	assert_int_equal(faults.error_cnt, 4);
	assert_true(has_fault(&faults, "/keys:2: error: "));
	assert_true(has_fault(&faults, "/keys:3: error: "));
	assert_true(has_fault(&faults, "/keys:4: error: "));
	assert_true(has_fault(&faults, "/keys:5: error: a NUL"));
	assert_false(has_fault(&faults, "sec"));
}

static void
long_lines(void **state)
{
	static char text[5000];
	struct ids ids;

	(void)state;
	memset(text, ' ', sizeof text);
	text[2500] = '\n';
	memcpy(text + 2501, "9 k\n", 4);
	assert_int_equal(read_text(&ids, text, 2505), ERR_BAD);
	assert_int_equal(ids.cnt, 1);
	assert_true(has_fault(&faults, "/keys:1: error: the line is too"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_and_comments),
	    cmocka_unit_test(bad_lines_are_named),
	    cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests_name("conf_lines", tests, NULL, NULL);
}
