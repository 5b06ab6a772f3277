/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of `truenoon daemon`.
 */
#include <getopt.h>
#include <stdio.h>

#include "daemon/conffile.h"
#include "super_priv.h"

static const char usage[] =
    "usage: truenoon daemon [-c FILE] [-x] [-d] [--single-process]\n"
    "  -c, --config FILE     read this configuration\n"
    "  -x, --virtual-clock   do not touch the system clock\n"
    "  -d, --debug           log to standard error; twice: in detail\n"
    "      --single-process  all roles in one process, without confinement\n"
    "  -h, --help            this text\n";

static const struct option longs[] = {
    {"config", required_argument, NULL, 'c'},
    {"virtual-clock", no_argument, NULL, 'x'},
    {"debug", no_argument, NULL, 'd'},
    {"single-process", no_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int
daemon_options_parse(struct super_options *o, int argc, char **argv)
{
	int c;

	*o = (struct super_options){
	    .conf_path = DAEMON_CONFFILE,
	    .level = OS_LOG_INFO,
	};
	while ((c = getopt_long(argc, argv, "c:xdh", longs, NULL)) != -1) {
		if (c == 'c') {
			o->conf_path = optarg;
		} else if (c == 'x') {
			o->virtual_clock = true;
		} else if (c == 's') {
			o->single = true;
		} else if (c == 'd') {
			if (o->foreground)
				o->level = OS_LOG_DEBUG;
			o->foreground = true;
		} else if (c == 'h') {
			fputs(usage, stdout);
			return 1;
		} else {
			fputs(usage, stderr);
			return 3;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "truenoon daemon: unexpected argument \"%s\"\n",
		    argv[optind]);
		fputs(usage, stderr);
		return 3;
	}
	return 0;
}
