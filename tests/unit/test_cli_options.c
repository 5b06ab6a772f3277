/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command line options: every form of each kind, what is refused, operands
 * between options, and the nearest word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

#define ARGS_MAX 20

struct values {
	bool quiet;
	bool four;
	const char *file;
	uint16_t port;
	unsigned count;
	double wait;
};

static const struct cli_option options[] = {
    {"quiet", 'q', CLI_FLAG, offsetof(struct values, quiet), 0, NULL, ""},
    {"ipv4", '4', CLI_FLAG, offsetof(struct values, four), 0, NULL, ""},
    {"file", 'f', CLI_TEXT, offsetof(struct values, file), 0, "F", ""},
    {"port", 'p', CLI_PORT, offsetof(struct values, port), 65535, "N", ""},
    {"count", 'n', CLI_COUNT, offsetof(struct values, count), 8, "N", ""},
    {"wait", 0, CLI_SECONDS, offsetof(struct values, wait), 60, "S", ""},
};

static const struct cli_command_help help = {
    "test", "HOST...", "Text.", options, sizeof options / sizeof *options};

static struct values v;
static char *args[ARGS_MAX + 1];

/* @line: arguments separated by blanks. */
static int
parse(const char *line, int *operand_cnt)
{
	static char buf[256];
	char *save = NULL, *word;
	int argc = 1;

	memset(&v, 0, sizeof v);
	memset(args, 0, sizeof args);
	strcpy(buf, "test ");
	strcat(buf, line);
	args[0] = strtok_r(buf, " ", &save);
	while ((word = strtok_r(NULL, " ", &save)) && argc < ARGS_MAX)
		args[argc++] = word;
	return cli_options_parse(&help, argc, args, &v, operand_cnt);
}

static void
all_forms(void **state)
{
	int n;

	(void)state;
	assert_int_equal(
	    parse("a --quiet -f x b --port=99 --count 8 --wait 1.5 -- -c", &n),
	    0);
	assert_int_equal(n, 3);
	assert_string_equal(args[1], "a");
	assert_string_equal(args[2], "b");
	assert_string_equal(args[3], "-c");
	assert_true(v.quiet);
	assert_false(v.four);
	assert_string_equal(v.file, "x");
	assert_int_equal(v.port, 99);
	assert_int_equal(v.count, 8);
	assert_true(v.wait > 1.49 && v.wait < 1.51);
	assert_int_equal(parse("-q4fname -p123 -", &n), 0);
	assert_true(v.quiet && v.four);
	assert_string_equal(v.file, "name");
	assert_int_equal(v.port, 123);
	assert_int_equal(n, 1);
	assert_string_equal(args[1], "-");
	assert_int_equal(parse("", &n), 0);
	assert_int_equal(n, 0);
}

static void
refused(void **state)
{
	static const char *const bad[] = {
	    "-x",
	    "--nothing",
	    "--quiet=1",
	    "--file",
	    "-f",
	    "--file=",
	    "-p 0",
	    "-p 65536",
	    "-p 1.5",
	    "-p -1",
	    "-p x",
	    "-p 1x",
	    "--count 9",
	    "--count 0",
	    "--wait 0",
	    "--wait nan",
	    "--wait inf",
	    "--wait 61",
	    "--wait -1",
	    "--port",
	    "--por 1",
	    "-qx",
	    "-=",
	};
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse(bad[i], &n), ERR_BAD);
}

static void
help_wins(void **state)
{
	int n;

	(void)state;
	assert_int_equal(parse("a --help --nothing", &n), CLI_OPTIONS_HELP);
	assert_int_equal(parse("-qh", &n), CLI_OPTIONS_HELP);
}

static void
nearest(void **state)
{
	static const char *const words[] = {"sources", "status", "query"};
	char long_word[4096];

	(void)state;
	assert_string_equal(
	    cli_options_nearest("source", words, 3, sizeof *words), "sources");
	assert_string_equal(
	    cli_options_nearest("qurey", words, 3, sizeof *words), "query");
	assert_null(cli_options_nearest("zzz", words, 3, sizeof *words));
	assert_null(cli_options_nearest("", words, 3, sizeof *words));
	assert_null(cli_options_nearest("status", words, 0, sizeof *words));
	memset(long_word, 'q', sizeof long_word - 1);
	long_word[sizeof long_word - 1] = '\0';
	(void)cli_options_nearest(long_word, words, 3, sizeof *words);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_forms),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(help_wins),
	    cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
