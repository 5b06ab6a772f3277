/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon check [FILE]: what a configuration means, or all that is wrong
 * with it.  The effective configuration goes to the standard output, faults
 * to the standard error; nothing is started or changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "conf/conf.h"
#include "daemon/conffile.h"

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
usage(FILE *to)
{
	fprintf(to,
	    "usage: truenoon check [FILE]\n"
	    "Print the effective configuration of FILE (" DAEMON_CONFFILE
	    "),\nor all that is wrong with it.\n");
	return to == stdout ? CLI_EXIT_OK : CLI_EXIT_USAGE;
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

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(stderr);
	c = calloc(1, sizeof *c);
	f = calloc(1, sizeof *f);
	if (c && f)
		code = check(argc == 2 ? argv[1] : DAEMON_CONFFILE, c, f);
	else
		fprintf(stderr, "truenoon check: out of memory\n");
	free(f);
	free(c);
	return code;
}
