/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Gaussian belief about one clock: phase x (true - oscillator), frequency
 * y and their covariance, with its prediction through oscillator noise and
 * its update by one sample.  The update is assumed-density filtering with an
 * interval likelihood (Maybeck 1982, vol. 2, chapter 12; Minka 2001): after
 * the base delay is taken off, the queueing error lies within +-h, however
 * it is shared between the two directions.
 */
#ifndef DISCIPLINE_ESTIMATE_H
#define DISCIPLINE_ESTIMATE_H

#include <stdbool.h>

/* Covariances in s^2, s^2/s and (s/s)^2. */
struct estimate {
	double x_s;
	double y_sps;
	double pxx;
	double pxy;
	double pyy;
};

/* One sample as the update sees it: z_s = x + q + a Gaussian error of
 * variance e2, |q| <= h_s with a density that goes with exp(-tilt q).  tilt
 * is 1/(mean queue to the server) - 1/(mean queue back), in 1/s: 0 where the
 * queues are alike. */
struct estimate_obs {
	double z_s;
	double h_s;
	double e2;
	double tilt;
	double reach_s; /* no honest error is beyond: h_s before it was
	                 * narrowed by what is usual for the source */
};

/**
 * discipline_estimate_predict - move on by t_s >= 0 seconds; back by t_s < 0
 * without the noises, and on again, is exact.
 * @w2: variance per second of random walk in frequency, (s/s)^2/s.
 * @n2: variance per second of random walk in phase (white frequency), s.
 */
void discipline_estimate_predict(
    struct estimate *e, double t_s, double w2, double n2);

/**
 * discipline_estimate_kalman - update with a Gaussian of variance r.
 * Return: log likelihood.
 */
double discipline_estimate_kalman(struct estimate *e, double z_s, double r);

/**
 * discipline_estimate_interval - update with the interval likelihood; where
 * the prior hardly reaches (1e-5), with a Gaussian of the same variance.
 * Return: log likelihood.
 */
double discipline_estimate_interval(
    struct estimate *e, const struct estimate_obs *o);

/**
 * discipline_estimate_likelihood - the log likelihood that the update would
 * give, without updating.
 */
double discipline_estimate_likelihood(
    const struct estimate *e, const struct estimate_obs *o);

/**
 * discipline_estimate_variance, _centre - the observation as a Gaussian: of
 * equal variance, about its mean.
 */
double discipline_estimate_variance(const struct estimate_obs *o);
double discipline_estimate_centre(const struct estimate_obs *o);

#endif
