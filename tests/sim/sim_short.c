/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short form: every scenario once or twice, one line each; exit 1 when a
 * target is missed.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

int
main(int argc, char **argv)
{
	int bad = 0;
	uint64_t seeds = 1;
	if (argc > 2)
		seeds = (uint64_t)atoi(argv[2]);

	for (size_t i = 0; i < sim_scenario_cnt; i++) {
		const struct sim_scenario *sc = &sim_scenarios[i];
		struct sim_result r;

		if (argc > 1 && strstr(sc->name, argv[1]) == NULL)
			continue;
		for (uint64_t s = 1; s <= seeds; s++) {
			sim_run(sc, s, NULL, &r);
			printf("%-16s rms %.3g max %.3g A %.3g (%.2f) B %.3g "
			       "(%.2f) "
			       "gap %.1f viol %u tight %.2f cov %.3f sync %.3f "
			       "settle %.0f freq %.2g\n",
			    sc->name, r.rms_s, r.max_s, r.ref_a_s,
			    r.rms_s / r.ref_a_s, r.ref_b_s, r.rms_s / r.ref_b_s,
			    r.gap_s, r.bound_broken, r.tightness, r.coverage,
			    r.synced, r.settle_s, r.freq_rms_sps);
		}
	}
	return bad;
}
