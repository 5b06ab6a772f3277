/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many runs on all cores, pooled per scenario and held against the targets.
 */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include "sim.h"

#define SIM_SEED_MAX 64

/* A scenario over all its seeds. */
struct sim_row {
	const struct sim_scenario *sc;
	unsigned seeds;
	double rms_s; /* pooled */
	double max_s;
	double p99_s;
	double freq_rms_sps;
	double settle_s; /* median */
	double packets;
	double gap_s;
	double ref_a_s;
	double ref_b_s;
	double worst_a; /* single seed over A */
	double at60_s;  /* median */
	double follow_s;
	double overshoot;
	double said_s;
	unsigned violations;
	double tightness;
	double coverage;
	double synced;
	char missed[96]; /* targets, or empty */
};

/**
 * sim_pool_run - all scenarios whose name contains @only, on all cores.
 * @picked: names to run, NULL-terminated, or NULL for all.
 * @rows:   sim_scenario_cnt of them, filled in order.
 * Return: how many rows.
 */
size_t sim_pool_run(const char *const *picked, const char *only, unsigned seeds,
    struct sim_row *rows);

void sim_pool_print_head(void);
void sim_pool_print(const struct sim_row *row);

#endif
