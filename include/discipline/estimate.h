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

/* One sample as the update sees it: x lies in z_s +- h_s, blurred by a
 * Gaussian of variance e2. */
struct estimate_obs {
	double z_s;
	double h_s;
	double e2;
};

/**
 * discipline_estimate_predict - move on by t_s >= 0 seconds.
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
 * that is below 1e-5, with a Gaussian of the same variance.
 * Return: log likelihood.
 */
double discipline_estimate_interval(
    struct estimate *e, const struct estimate_obs *o);

/**
 * discipline_estimate_info - variance of the observation, h^2/3 + e2.
 */
double discipline_estimate_variance(const struct estimate_obs *o);

#endif
