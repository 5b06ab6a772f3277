/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scenarios: families of conditions with their parameters and targets.
 */
#include "sim.h"

#define LAN(j)                                                                 \
	{                                                                      \
		.base_s = 1e-4, .up_s = j, .down_s = j                         \
	}
#define NET(b, j)                                                              \
	{                                                                      \
		.base_s = b, .up_s = j, .down_s = j                            \
	}

#define FIXED(p)   .minpoll = p, .maxpoll = p
#define STEP       .makestep_s = 1, .makestep_limit = 3
#define STATIONARY .ratio_a = 1.25, .ratio_b = 1.5, .worst_a = 2

const struct sim_scenario sim_scenarios[] = {
    {.name = "poll3",
	.family = "fixed poll",
	FIXED(3),
	STEP,
	STATIONARY,
	.osc = {.wander = 1e-9, .freq_sps = 1e-4},
	.err_s = 0.1,
	.end_s = 20000,
	.score_s = 4000,
	.source_cnt = 1,
	.source = {NET(2e-4, 1e-4)}},
    {.name = "poll6",
	.family = "fixed poll",
	FIXED(6),
	STEP,
	STATIONARY,
	.osc = {.wander = 1e-9, .freq_sps = 1e-4},
	.err_s = 0.1,
	.end_s = 40000,
	.score_s = 6000,
	.source_cnt = 1,
	.source = {NET(2e-4, 1e-4)}},
    {.name = "lan-16",
	.family = "local",
	FIXED(4),
	STEP,
	STATIONARY,
	.osc = {.wander = 1e-9, .freq_sps = 1e-5},
	.err_s = 0.01,
	.end_s = 40000,
	.score_s = 4000,
	.source_cnt = 1,
	.source = {LAN(1e-5)}},
    {.name = "inet1ms-64",
	.family = "internet",
	FIXED(6),
	STEP,
	STATIONARY,
	.osc = {.wander = 1e-9, .freq_sps = 1e-5},
	.err_s = 0.01,
	.end_s = 100000,
	.score_s = 15000,
	.source_cnt = 1,
	.source = {NET(1e-1, 1e-3)}},
};

const size_t sim_scenario_cnt = sizeof sim_scenarios / sizeof sim_scenarios[0];
