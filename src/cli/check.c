/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon check [FILE]: what a configuration means, or all that is wrong
 * with it.  The effective configuration goes to the standard output, faults
 * to the standard error; nothing is started or changed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "conf/conf.h"
#include "daemon/conffile.h"

static const struct cli_command_help help = {"check", "[FILE]",
    "Print the configuration in force after reading FILE "
    "(default: " DAEMON_CONFFILE
    "),\nor everything that is wrong with it by file, line "
    "and column.  Warnings go to the\nstandard error.  Exit code 2: the "
    "daemon would not start.",
    NULL, 0};

static void
to_stdout(void *arg, const char *data, size_t len)
{
	(void)arg;
	fwrite(data, 1, len, stdout);
}

static void
print_faults(const struct conf_faults *f)
{
	char line[CONF_FAULT_LINE];
	uint32_t all = f->error_cnt + f->warning_cnt;

	for (uint32_t i = 0; i < f->cnt; i++)
		fprintf(stderr, "%s\n", conf_fault_text(&f->list[i], line));
	if (all > f->cnt)
		fprintf(stderr, "and %u more\n", (unsigned)(all - f->cnt));
}

static int
check(const char *path, struct conf *c, struct conf_faults *f)
{
	int err = daemon_conffile_load(c, path, f);

	daemon_conffile_look(c, f);
	print_faults(f);
	if (err < 0 || f->error_cnt > 0) {
		fprintf(stderr, "%s: %u error%s; the daemon would not start\n",
		    path, (unsigned)f->error_cnt, f->error_cnt == 1 ? "" : "s");
		return CLI_EXIT_USAGE;
	}
	conf_print(c, to_stdout, NULL);
	return fflush(stdout) == 0 ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

int
cli_check(int argc, char **argv)
{
	struct conf *c;
	struct conf_faults *f;
	int code = CLI_EXIT_FAILED;
	int operands, err;

	err = cli_options_parse(&help, argc, argv, NULL, &operands);
	if (err == CLI_OPTIONS_HELP)
		return CLI_EXIT_OK;
	if (err == 0 && operands > 1)
		cli_options_usage(&help, true, stderr);
	if (err < 0 || operands > 1)
		return CLI_EXIT_USAGE;
	c = calloc(1, sizeof *c);
	f = calloc(1, sizeof *f);
	if (c && f)
		code = check(operands ? argv[1] : DAEMON_CONFFILE, c, f);
	else
		fprintf(stderr, "truenoon check: out of memory\n");
	if (c)
		conf_fini(c);
	free(f);
	free(c);
	return code;
}
