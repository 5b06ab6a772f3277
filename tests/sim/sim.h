/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios, references and scores of the simulator.  The code under test is
 * the discipline as the daemon runs it; it sees samples and clock reports
 * and nothing else.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "discipline/discipline.h"
#include "plant.h"

#define SIM_SOURCE_MAX 12
#define SIM_HINDSIGHT  16

enum sim_tail {
	SIM_TAIL_EXP,
	SIM_TAIL_HEAVY,   /* Pareto */
	SIM_TAIL_BIMODAL, /* 30 % nearly nothing */
};

/* A server and the path to it. */
struct sim_source {
	double base_s; /* delay there and back without queues */
	double up_s;   /* mean queueing to the server */
	double down_s; /* and back */
	double asym_s; /* base delay up minus down */
	uint8_t tail;  /* enum sim_tail */
	double loss;
	double stamp_s;  /* standard deviation of each of our stamps */
	double offset_s; /* its lie */
	double drift_sps;
	double drift_at_s; /* drifting from then on */
	double step_s;
	double step_at_s;
	double flap_s; /* half period of coming and going of the lie */
	double route_at_s;
	double route_up_s; /* added to the base from then on */
	double route_down_s;
	double burst_every_s;
	double burst_len_s;
	double burst_factor;
	double silent_from_s;
	double silent_until_s;
	double root_s;  /* its own root dispersion */
	double smear_s; /* smears the leap second over so long */
	bool liar;      /* not for the references, B1 counts it */
	uint8_t leap;
};

struct sim_scenario {
	const char *name;
	const char *family;
	struct sim_oscillator osc;
	double err_s; /* true - clock at the start */
	double end_s;
	double score_s; /* scored from here on */
	int8_t minpoll;
	int8_t maxpoll;
	double makestep_s;
	int makestep_limit;
	unsigned source_cnt;
	struct sim_source source[SIM_SOURCE_MAX];
	int64_t wall_s;   /* UTC at the start; leap seconds and eras */
	double leap_at_s; /* true time of the leap second... */
	int leap_sense;   /* ...its sign... */
	uint8_t leapmode; /* ...and what we do with it */
	double foreign_at_s;
	double foreign_s;
	bool foreign_unseen; /* role clock does not notice */
	double suspend_at_s;
	double suspend_s;
	double suspend_wrong_s;
	const char *broken; /* which of B1-B5 does not hold, or NULL */
	/* What makes two sigma hold the truth nearly always, or NULL. */
	const char *careful;
	/* Targets; 0: none. */
	double ratio_a;
	double ratio_b;
	double worst_a; /* any single seed */
	double rms_s;
	double max_s;
	double said_s;   /* a broken condition is admitted within this */
	double at60_s;   /* not beyond this from 60 s on, median seed */
	double follow_s; /* a server's step is followed within this */
	double slew_ppm; /* maxslewrate once synchronised, 0: default */
	double budget_s; /* not more than a request in this time, burst 8 */
	unsigned seeds;  /* 0: as many as asked for */
};

/* Reference filters that know every parameter of the plant. */
struct sim_ref {
	double w2;
	double n2;
	struct {
		double x, y, a, b, c;
	} kf[2 + SIM_HINDSIGHT];
	double at_s;
	bool started;
	double sum[2 + SIM_HINDSIGHT]; /* of squared errors */
};

void sim_ref_init(struct sim_ref *r, const struct sim_oscillator *osc);
/* @excess_s: true queueing both ways; @up_s, @down_s their means then. */
void sim_ref_update(struct sim_ref *r, double t_s, double z_s, double excess_s,
    const double mean_s[2], double stamp_var);
void sim_ref_score(struct sim_ref *r, double t_s, double x_s);

/**
 * sim_ref_check - print what reference A does where it is known, and whether
 * it does.
 */
bool sim_ref_check(void);

struct sim_result {
	double rms_s;
	double max_s;
	double p99_s;
	double freq_rms_sps;
	double settle_s;
	double ref_a_s;
	double ref_b_s;
	double packets; /* per source */
	double gap_s;   /* mean interval over all sources' requests */
	unsigned bound_broken;
	double tightness;
	double coverage; /* of 2 sigma */
	double said_s;   /* how soon a broken condition was said */
	double synced;   /* share of time */
	double at60_s;
	double follow_s;
	double overshoot; /* over the initial error */
};

/* A second of a run, for those who draw it. */
struct sim_second {
	double t_s;
	double err_s;
	double bound_s;
	double sigma_s;
	double remaining_s;
	int poll;
	bool synced;
	struct mono now;
};
struct sim_watch {
	void (*second)(void *ctx, const struct sim_second *s);
	void *ctx;
	struct discipline *d; /* of the run, for closer looks */
};

void sim_run(const struct sim_scenario *sc, uint64_t seed,
    struct sim_watch *watch, struct sim_result *res);

extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_scenario_cnt;

#endif
