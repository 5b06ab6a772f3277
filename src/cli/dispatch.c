/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of subcommands, help and version.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "ctl/text.h"
#include "daemon/daemon.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
    {"daemon", daemon_main, "give and take time: run until told to stop"},
    {"query", cli_query, "ask servers for the time now, NTS first"},
    {"status", cli_status, "whether the clock is right, in a few words"},
    {"sources", cli_status, "the servers that the daemon asks"},
    {"tracking", cli_status, "how the clock is being disciplined"},
    {"serverstats", cli_status, "what the daemon has answered to others"},
    {"clients", cli_status, "who asks this server, for root"},
    {"nts", cli_status, "keys, cookies and certificates of the sources"},
    {"check", cli_check, "print the configuration in force, or its faults"},
    {"selfcert", cli_selfcert, "make a private CA and server certificate"},
};

#define COMMAND_CNT (sizeof commands / sizeof *commands)

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COMMAND_CNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void
overview(FILE *to)
{
	fprintf(to,
	    "usage: truenoon COMMAND [OPTION...]\n\n"
	    "truenoon gives and takes authenticated time "
	    "(NTP with NTS).\n\n");
	for (size_t i = 0; i < COMMAND_CNT; i++)
		fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "  %-12s %s\n  %-12s %s\n", "help",
	    "this text, or the options of a command", "version",
	    "which truenoon this is");
	fprintf(to, "\n'truenoon help COMMAND' says more, truenoon(8) all.\n");
}

static int
unknown(const char *name)
{
	const char *near = cli_options_nearest(
	    name, &commands[0].name, COMMAND_CNT, sizeof *commands);
	char buf[128];
	struct ctl_text t;

	ctl_text_init(&t, buf, sizeof buf);
	ctl_text_escape(&t, name, strlen(name));
	fprintf(stderr, "truenoon: unknown command: %s", buf);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fprintf(stderr, "\n'truenoon help' lists the commands\n");
	return CLI_EXIT_USAGE;
}

static int
help(int argc, char **argv)
{
	char option[] = "--help";
	const struct command *c;

	if (argc < 3) {
		overview(stdout);
		return CLI_EXIT_OK;
	}
	c = find(argv[2]);
	if (!c)
		return unknown(argv[2]);
	return c->run(2, (char *[]){argv[2], option, NULL});
}

/* A word that may be written as an option: help, --help, -h. */
static bool
is_word(const char *arg, const char *word, char letter)
{
	if (strcmp(arg, word) == 0)
		return true;
	if (arg[0] != '-')
		return false;
	if (arg[1] == '-')
		return strcmp(arg + 2, word) == 0;
	return arg[1] == letter && arg[2] == '\0';
}

int
cli_main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		overview(stderr);
		return CLI_EXIT_USAGE;
	}
	if (is_word(argv[1], "help", 'h'))
		return help(argc, argv);
	if (is_word(argv[1], "version", 'V')) {
		printf("truenoon %s\n", PROG_VERSION);
		return CLI_EXIT_OK;
	}
	c = find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	return c->run(argc - 1, argv + 1);
}
