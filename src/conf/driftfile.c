/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drift file.  Whatever was found on the disc, what comes out of here is
 * a frequency that a clock can have.
 */
#include "conf/driftfile.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf_priv.h"

static bool
in_range(const struct conf_drift *d)
{
	return isfinite(d->freq_ppm) && isfinite(d->skew_ppm) &&
	    fabs(d->freq_ppm) <= CONF_DRIFT_FREQ && d->skew_ppm >= 0.0 &&
	    d->skew_ppm <= CONF_DRIFT_SKEW;
}

static bool
wander_in_range(const struct conf_drift *d)
{
	return d->wander_error_log10 > 0 && d->wander_error_log10 <= 10 &&
	    d->wander_log10 >= -20 && d->wander_log10 <= 0;
}

/* Another daemon's file ends before these, or goes on with something else. */
static void
take_wander(struct conf_drift *d, const char *wander, const char *error)
{
	if (wander && error &&
	    conf_number_real(wander, &d->wander_log10) == 0 &&
	    conf_number_real(error, &d->wander_error_log10) == 0 &&
	    wander_in_range(d))
		return;
	d->wander_log10 = 0;
	d->wander_error_log10 = 0;
}

int
conf_drift_parse(struct conf_drift *d, const char *text, size_t len)
{
	char head[CONF_DRIFT_READ + 1];
	struct conf_words w = {.line = head, .next = head};
	const char *freq, *skew, *wander;

	memset(d, 0, sizeof *d);
	if (len > CONF_DRIFT_READ || memchr(text, '\0', len))
		return ERR_BAD;
	memcpy(head, text, len);
	head[len] = '\0';
	freq = conf_words_take(&w);
	skew = conf_words_take(&w);
	if (!freq || !skew || conf_number_real(freq, &d->freq_ppm) < 0 ||
	    conf_number_real(skew, &d->skew_ppm) < 0 || !in_range(d)) {
		memset(d, 0, sizeof *d);
		return ERR_BAD;
	}
	wander = conf_words_take(&w);
	take_wander(d, wander, conf_words_take(&w));
	return 0;
}

int
conf_drift_print(const struct conf_drift *d, char buf[CONF_DRIFT_TEXT])
{
	buf[0] = '\0';
	if (!in_range(d))
		return ERR_BAD;
	if (!wander_in_range(d))
		return snprintf(buf, CONF_DRIFT_TEXT, "%20.6f %20.6f\n",
		    d->freq_ppm, d->skew_ppm);
	return snprintf(buf, CONF_DRIFT_TEXT, "%20.6f %20.6f %8.3f %8.3f\n",
	    d->freq_ppm, d->skew_ppm, d->wander_log10, d->wander_error_log10);
}
