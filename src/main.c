/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispatch to a subcommand, or to a role when super executed us as one.
 */
#include "cli/cli.h"
#include "daemon/daemon.h"

int
main(int argc, char **argv)
{
	if (daemon_child_is(argc, argv))
		return daemon_child_main(argc, argv);
	return cli_main(argc, argv);
}
