/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short form for `make sim`: some scenarios of every kind, few seeds, a
 * line each; exit 1 when a target is missed.  Arguments: a part of a name and
 * a number of seeds, to look at one thing more closely.
 */
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char *const picked[] = {"poll-3", "poll-6", "lan-16", "inet1ms-64",
    "asym1-3ms-64", "wander-1e-8-64", "wander-1e-11-64", "loss-64", "bursts",
    "route-symmetric", "temp-hour-64", "peer-100us", "start-400ppm-1s",
    "liar-1of3", "drift-2ppm-64", "server-step", "external-step", "suspend-1h",
    NULL};

int
main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	unsigned seeds = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
	struct sim_row *rows = calloc(sim_scenario_cnt, sizeof *rows);
	size_t n, missed = 0;

	if (rows == NULL || seeds < 1 || seeds > SIM_SEED_MAX)
		return 2;
	if (only == NULL && !sim_ref_check()) {
		printf("simulator: the reference is not what it should be\n");
		missed++;
	}
	n = sim_pool_run(only != NULL ? NULL : picked, only, seeds, rows);
	sim_pool_print_head();
	for (size_t i = 0; i < n; i++) {
		sim_pool_print(&rows[i]);
		missed += rows[i].missed[0] != '\0';
	}
	printf("simulator: %zu scenarios, %u seeds, %zu missed a target\n", n,
	    seeds, missed);
	free(rows);
	return missed > 0;
}
