/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: one function per subcommand, dispatched by one table.
 * Each gets argv from its own name on and returns the exit code of the
 * process.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Exit codes, an interface: truenoon(8). */
enum cli_exit {
	CLI_EXIT_OK = 0,
	CLI_EXIT_FAILED = 1,   /* what was asked could not be had */
	CLI_EXIT_USAGE = 2,    /* wrong options, command or configuration */
	CLI_EXIT_UNSYNCED = 3, /* status: the daemon is not synchronised */
};

/**
 * cli_main - run the subcommand that argv[1] names.
 */
int cli_main(int argc, char **argv);

/**
 * cli_query - truenoon-query(1).
 */
int cli_query(int argc, char **argv);

/**
 * cli_status - status, sources, tracking, serverstats, nts: argv[0] says.
 */
int cli_status(int argc, char **argv);

/**
 * cli_check - parse a configuration and print what holds, or the faults.
 */
int cli_check(int argc, char **argv);

/**
 * cli_selfcert - a private CA and a server certificate.
 */
int cli_selfcert(int argc, char **argv);

#endif
