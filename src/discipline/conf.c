/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The defaults of the discipline: chrony's where chrony has the setting.
 */
#include <math.h>
#include <string.h>

#include "discipline/discipline.h"
#include "discipline/limits.h"

void
discipline_conf_init(struct discipline_conf *c)
{
	memset(c, 0, sizeof *c);
	c->minsources = 1;
	c->maxslewrate_ppm = 83333.333;
	c->slewrate_synced_ppm = DISCIPLINE_LIMITS_LATER_SLEW_SPS * 1e6;
	c->maxdrift_ppm = 500;
	c->maxdistance_s = 3;
	c->maxjitter_s = 1;
	c->combinelimit = 3;
	c->stratumweight_s = 1e-3;
	c->reselectdist_s = 1e-4;
	c->corrtimeratio = 3;
	c->maxupdateskew_ppm = 1000;
	c->excursion_ppm = 15;
	c->maxclockerror_ppm = 1;
	c->lying_sources = -1;
	c->authmode = DISCIPLINE_AUTH_MIX;
	c->leapmode = DISCIPLINE_LEAP_SYSTEM;
	c->steers_mono = true;
	c->local_stratum = 10;
	c->freq_error_sps = 500e-6;
	c->wander_log10 = -9;
	c->wander_error_log10 = 1.5;
}

void
discipline_source_conf_init(struct discipline_source_conf *c)
{
	memset(c, 0, sizeof *c);
	c->is_public = true;
	c->minpoll = 6;
	c->maxpoll = 10;
	c->maxdelay_s = 3;
	c->maxdelaydevratio = 10;
	c->asymmetry = (double)NAN;
}
