/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of subcommands: what is found, what is refused, and that every
 * command in the overview explains itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

static char out[16384];

/* @fd: 1 or 2, whichever is to be read into out. */
static int
run(int fd, const char *a, const char *b)
{
	char program[] = "truenoon", first[64], second[64];
	char *argv[] = {program, a ? first : NULL, b ? second : NULL, NULL};
	int keep = dup(fd), code;
	FILE *to = tmpfile();
	size_t n;

	assert_non_null(to);
	snprintf(first, sizeof first, "%s", a ? a : "");
	snprintf(second, sizeof second, "%s", b ? b : "");
	fflush(stdout);
	dup2(fileno(to), fd);
	code = cli_main(1 + (a != NULL) + (b != NULL), argv);
	fflush(stdout);
	dup2(keep, fd);
	close(keep);
	rewind(to);
	n = fread(out, 1, sizeof out - 1, to);
	out[n] = '\0';
	fclose(to);
	return code;
}

static void
unknown_commands(void **state)
{
	(void)state;
	assert_int_equal(run(2, NULL, NULL), CLI_EXIT_USAGE);
	assert_non_null(strstr(out, "usage: truenoon COMMAND"));
	assert_int_equal(run(2, "sorces", NULL), CLI_EXIT_USAGE);
	assert_non_null(strstr(out,
	    "unknown command: sorces; did you mean "
	    "sources?\n"));
	assert_int_equal(run(2, "\x1b[2J", NULL), CLI_EXIT_USAGE);
	assert_non_null(strstr(out, "unknown command: \\x1b[2J\n"));
	assert_int_equal(run(2, "help", "nothing"), CLI_EXIT_USAGE);
	assert_int_equal(run(2, "--nothing", NULL), CLI_EXIT_USAGE);
}

static void
every_command_explains_itself(void **state)
{
	static char overview[sizeof out];
	char *save = NULL, *line, name[32];
	unsigned cnt = 0;

	(void)state;
	assert_int_equal(run(1, "help", NULL), CLI_EXIT_OK);
	assert_int_equal(run(1, "--help", NULL), CLI_EXIT_OK);
	assert_int_equal(run(1, "-h", NULL), CLI_EXIT_OK);
	strcpy(overview, out);
	for (line = strtok_r(overview, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "  ", 2) != 0 ||
		    sscanf(line, " %31s", name) != 1 ||
		    strcmp(name, "help") == 0 || strcmp(name, "version") == 0)
			continue;
		assert_int_equal(run(1, "help", name), CLI_EXIT_OK);
		assert_non_null(strstr(out, "usage: truenoon "));
		assert_non_null(strstr(out, name));
		cnt++;
	}
	assert_true(cnt >= 8);
}

static void
version(void **state)
{
	(void)state;
	assert_int_equal(run(1, "version", NULL), CLI_EXIT_OK);
	assert_int_equal(strncmp(out, "truenoon ", 9), 0);
	assert_int_equal(run(1, "--version", NULL), CLI_EXIT_OK);
	assert_int_equal(run(1, "-V", NULL), CLI_EXIT_OK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unknown_commands),
	    cmocka_unit_test(every_command_explains_itself),
	    cmocka_unit_test(version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
