/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plant: an oscillator with noise, temperature and ageing, and a kernel
 * clock driven by it that takes the same commands as role clock does.  True
 * time runs from 0 and is known to the plant alone.
 */
#ifndef SIM_PLANT_H
#define SIM_PLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clockcmd.h"

struct sim_rng {
	uint64_t s[2];
	bool spare;
	double spare_value;
};

void sim_rng_seed(struct sim_rng *r, uint64_t seed);
double sim_rng_unit(struct sim_rng *r);
double sim_rng_normal(struct sim_rng *r);
double sim_rng_exp(struct sim_rng *r, double mean);

/* What the oscillator is like; rates are true minus oscillator, s/s. */
struct sim_oscillator {
	double wander;      /* random walk of frequency, per sqrt(s) */
	double white;       /* random walk of phase, s per sqrt(s) */
	double freq_sps;    /* at the start */
	double temp_sps;    /* amplitude of the temperature cycle */
	double temp_s;      /* its period */
	double ageing_sps2; /* drift of the frequency */
};

struct sim_plant {
	struct sim_oscillator osc;
	struct sim_rng rng;
	double t_s;         /* true time */
	double x_s;         /* true - oscillator, since the start */
	double y_sps;       /* random part of its frequency */
	double rate;        /* its frequency in this second, all parts */
	double phase_rate;  /* white frequency noise of this second */
	double err_s;       /* true - clock */
	double mono_skew_s; /* true - CLOCK_MONOTONIC */
	double suspended_s;
	bool steers_mono;
	double freq_sps; /* the kernel's correction */
	double slew_k;   /* slew rate per oscillator second */
	double slew_left_s;
	double corrected_s;
	double stepped_s;
	double foreign_s;
	uint32_t step_cnt;
	int steps_left; /* of makestep's limit */
	double makestep_s;
	double drift_max_sps;
	double slew_later_sps; /* the limit from then on */
	bool settled;          /* sync has claimed to be synchronised */
};

void sim_plant_init(struct sim_plant *p, const struct sim_oscillator *osc,
    uint64_t seed, double err_s);

/**
 * sim_plant_advance - let true time pass until t_s.
 */
void sim_plant_advance(struct sim_plant *p, double t_s);

/* The commands, and what the clock then reports. */
void sim_plant_adjust(struct sim_plant *p, const struct clockcmd_adjust *a);
unsigned sim_plant_step(struct sim_plant *p, const struct clockcmd_step *s);
void sim_plant_report(const struct sim_plant *p, struct clockcmd_state *s);

/* Somebody else steps the clock; the machine sleeps for so long, and its
 * clock comes back wrong by so much. */
void sim_plant_foreign(struct sim_plant *p, double step_s);
void sim_plant_suspend(struct sim_plant *p, double len_s, double wrong_s);

struct mono sim_plant_mono(const struct sim_plant *p);

#endif
