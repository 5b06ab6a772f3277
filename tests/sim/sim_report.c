/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The long form for `make sim-report`: every scenario, ten seeds each unless
 * an argument says otherwise, by family.  Exit 1 when a target is missed.
 */
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char legend[] =
    "Errors are those of the clock itself, scored once a second after the\n"
    "start has passed, pooled over the seeds.\n"
    "  freq    RMS frequency error, ppm (slewing included)\n"
    "  settle  last time the error was beyond 4 rms, s (median seed)\n"
    "  pkts    requests per source\n"
    "  A, B    Kalman and interval filter that know every parameter, on the\n"
    "          same packets; with temperature: A with the best fixed wander\n"
    "  worst   single seed over A\n"
    "  viol    seconds in which the published bound did not hold the truth\n"
    "  tight   bound over (delay/2 + root distance + 15 ppm x poll), median;\n"
    "          of the f + 1 nearest server, f the liars that are allowed for\n"
    "  2sig    share of seconds within two published sigma\n"
    "  sync    share of seconds that count as synchronised\n\n";

int
main(int argc, char **argv)
{
	unsigned seeds = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
	struct sim_row *rows = calloc(sim_scenario_cnt, sizeof *rows);
	const char *family = "";
	size_t n, missed = 0;

	if (rows == NULL || seeds < 1 || seeds > SIM_SEED_MAX)
		return 2;
	n = sim_pool_run(NULL, NULL, seeds, rows);
	fputs(legend, stdout);
	sim_pool_print_head();
	for (size_t i = 0; i < n; i++) {
		if (strcmp(family, rows[i].sc->family) != 0)
			printf("%s\n", rows[i].sc->family);
		family = rows[i].sc->family;
		sim_pool_print(&rows[i]);
		missed += rows[i].missed[0] != '\0';
	}
	printf("simulator: %zu scenarios, %u seeds, %zu missed a target\n", n,
	    seeds, missed);
	free(rows);
	return missed > 0;
}
