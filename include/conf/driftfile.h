/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drift file: frequency and its error, both in ppm, as the first two
 * numbers, as chrony writes and reads them.  What follows is ours and may be
 * absent.  A file that makes no sense counts as absent.
 */
#ifndef CONF_DRIFTFILE_H
#define CONF_DRIFTFILE_H

#include <stddef.h>

#include "base/err.h"

#define CONF_DRIFT_TEXT 128  /* enough for conf_drift_print, with NUL */
#define CONF_DRIFT_FREQ 1e5  /* ppm; no clock is worse */
#define CONF_DRIFT_SKEW 1e6  /* ppm */
#define CONF_DRIFT_READ 4096 /* octets; a longer file is none of ours */

struct conf_drift {
	double freq_ppm; /* as chrony: positive, our clock gains */
	double skew_ppm; /* error bound of it */
	/* The learned wander, log10 of s/s per root second, and its error;
	 * 0 error: not in the file. */
	double wander_log10;
	double wander_error_log10;
};

/**
 * conf_drift_parse - read the contents of a drift file.
 * Return: 0, or ERR_BAD and zeroes (not two finite numbers in range, or
 * bytes that are no text).
 */
int conf_drift_parse(
    struct conf_drift *d, const char *text, size_t len) MUST_CHECK;

/**
 * conf_drift_print - one line with its newline.
 * Return: its length, or ERR_BAD when d is not in range.
 */
int conf_drift_print(
    const struct conf_drift *d, char buf[CONF_DRIFT_TEXT]) MUST_CHECK;

#endif
