/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command line options from one const table per subcommand, which also
 * prints its help.  Options and operands may mix; "--" ends the options.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum cli_option_kind {
	CLI_FLAG,    /* bool */
	CLI_TEXT,    /* const char *, not empty */
	CLI_PORT,    /* uint16_t, 1..65535 */
	CLI_COUNT,   /* unsigned, 1..max */
	CLI_SECONDS, /* double, above 0, up to max */
};

/* @letter: its short form, 0 none.  @at: offset of the value in the struct
 * given to cli_options_parse.  @arg: what its value is called, for help. */
struct cli_option {
	const char *name;
	char letter;
	enum cli_option_kind kind;
	size_t at;
	unsigned max;
	const char *arg;
	const char *help;
};

/* @usage: operands as the usage line shows them.  @text: what it does, a few
 * lines, for --help. */
struct cli_command_help {
	const char *name;
	const char *usage;
	const char *text;
	const struct cli_option *options;
	size_t option_cnt;
};

enum {
	CLI_OPTIONS_HELP = 1, /* help was asked for and printed */
};

/**
 * cli_options_parse - read argv into the struct at values.
 * @argv: operands are moved to argv[1] and on, in their order.
 * @operand_cnt: how many there are.
 * Return: 0; CLI_OPTIONS_HELP; ERR_BAD after saying on stderr what is wrong.
 */
int cli_options_parse(const struct cli_command_help *help, int argc,
    char **argv, void *values, int *operand_cnt) MUST_CHECK;

/**
 * cli_options_usage - one line (brief) or the whole help.
 */
void cli_options_usage(
    const struct cli_command_help *help, bool brief, FILE *to);

/**
 * cli_options_nearest - the word of a list most like word, if any is alike.
 * @stride: distance in bytes between the list's name pointers.
 * Return: it, or NULL.
 */
const char *cli_options_nearest(
    const char *word, const void *first_name, size_t cnt, size_t stride);

#endif
