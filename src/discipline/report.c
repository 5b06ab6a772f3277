/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be said about the time: the page that is published, the truth for
 * the kernel, and the views and sentences for people.  Reads only.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core_priv.h"

#define VALID_S 3600.0 /* how long `synced` stands without news */

static const struct {
	char letter;
	const char *text;
} states[DISCIPLINE_STATE_CNT] = {
    [DISCIPLINE_SELECTED] = {'*', "selected"},
    [DISCIPLINE_COMBINED] = {'+', "combined"},
    [DISCIPLINE_AGREEING] = {'-', "agreeing"},
    [DISCIPLINE_FALSETICKER] = {'x', "falseticker"},
    [DISCIPLINE_VARIABLE] = {'~', "too variable"},
    [DISCIPLINE_UNREACHABLE] = {'?', "unreachable"},
    [DISCIPLINE_WAITING] = {'?', "waiting"},
    [DISCIPLINE_DISTANT] = {'?', "too distant"},
    [DISCIPLINE_NOSELECT] = {'?', "noselect"},
    [DISCIPLINE_UNTRUSTED] = {'?', "untrusted"},
    [DISCIPLINE_TIED] = {'?', "no majority"},
    [DISCIPLINE_BARRED] = {'?', "stepped"},
    [DISCIPLINE_LOOP] = {'?', "loop"},
};

/* Everything a report needs at one moment. */
struct moment {
	struct timeline_point pt;
	struct estimate e;
	bool known;
	double freq_sps; /* in force */
	double left_s;
	double bound_s;
	double growth_sps;
};

static void
look_now(const struct discipline *d, struct mono now, struct moment *m)
{
	double resid;

	memset(m, 0, sizeof *m);
	m->pt = discipline_timeline_at(&d->timeline, now);
	m->freq_sps = discipline_timeline_freq(&d->timeline);
	m->known = d->joint.primed;
	m->growth_sps = d->conf.excursion_ppm * 1e-6;
	if (!m->known)
		return;
	discipline_sigma_joint(d, m->pt.raw_s, &m->e);
	m->left_s = m->e.x_s - m->pt.corr_s;
	if (!d->bound.valid)
		return;
	resid = m->e.y_sps - m->freq_sps;
	m->bound_s = discipline_hard_half(d, m->pt.raw_s, m->e.x_s);
	m->growth_sps = fabs(resid) +
	    fmax(d->bound.rate_hi_sps - m->e.y_sps,
		m->e.y_sps - d->bound.rate_lo_sps);
	m->growth_sps = fmax(m->growth_sps, d->conf.maxclockerror_ppm * 1e-6);
}

static const struct core_source *
system_source(const struct discipline *d)
{
	return d->vote.system >= 0 ? &d->source[d->vote.system] : NULL;
}

static int64_t
to_ns(double s)
{
	return tstamp_dur_from_s(s).ns;
}

static uint8_t
stratum_now(const struct discipline *d)
{
	if (d->synced)
		return (uint8_t)(d->last_stratum + 1);
	return d->conf.local ? d->conf.local_stratum : 16;
}

/* Root delay and dispersion such that half the one and the other together
 * are never less than the bound: those who follow us rely on it (B2). */
static void
root(const struct discipline *d, const struct moment *m, double *delay_s,
    double *dispersion_s)
{
	const struct core_source *src = system_source(d);
	double least = 0;

	*delay_s = 0;
	if (src != NULL) {
		*delay_s = src->told.root_delay_s + src->delay.least_s;
		least = src->told.root_dispersion_s;
	}
	least += 2 * sqrt(m->e.pxx);
	*dispersion_s = fmax(m->bound_s - *delay_s / 2, least);
}

void
discipline_time(
    const struct discipline *d, struct mono now, struct timepage_time *page)
{
	struct moment m;
	struct mono until;
	double delay, dispersion;

	memset(page, 0, sizeof *page);
	look_now(d, now, &m);
	page->as_of_mono_ns = now.ns;
	page->offset_ns = to_ns(m.left_s);
	if (discipline_timeline_slewing(&d->timeline, now, &until) != 0) {
		page->rate_sps = -discipline_timeline_slew(&d->timeline);
		page->rate_until_mono_ns = until.ns;
	}
	page->freq_sps = m.freq_sps;
	page->freq_error_sps = m.known ? sqrt(m.e.pyy) : 0;
	page->sigma_ns = m.known ? to_ns(sqrt(m.e.pxx)) : 0;
	page->bound_ns = to_ns(m.bound_s);
	page->bound_growth_sps = m.growth_sps;
	page->ref_wall_ns = d->control.ref_wall.ns;
	root(d, &m, &delay, &dispersion);
	page->root_delay_ns = to_ns(delay);
	page->root_dispersion_ns = to_ns(dispersion + 2e-9); /* rounded up */
	page->root_dispersion_growth_sps = m.growth_sps;
	page->ref_id = d->synced ? d->last_ref_id : 0;
	page->leap = d->synced || d->conf.local ? d->leap : 3;
	page->stratum = stratum_now(d);
	page->source_cnt = d->vote.accepted_cnt;
	page->tai_offset_s = discipline_leap_tai(d);
	page->leap_mono_ns = discipline_leap_when(d, now, &page->leap_sense).ns;
	/* Ignored, our own clock does not jump. */
	if (d->conf.leapmode == DISCIPLINE_LEAP_IGNORE)
		page->leap_sense = 0;
	page->leap_expires_wall_ns = d->conf.leap.expires.ns;
	if (d->synced)
		page->flags |= TIMEPAGE_SYNCED;
	if (d->bound.valid && m.known)
		page->flags |= TIMEPAGE_BOUNDED;
	if (!d->synced && d->conf.local) {
		page->flags |= TIMEPAGE_LOCAL;
		page->ref_id = 0x7f7f0101;
	}
}

void
discipline_truth(
    const struct discipline *d, struct mono now, struct clockcmd_truth *truth)
{
	struct moment m;
	double delay, dispersion;

	memset(truth, 0, sizeof *truth);
	look_now(d, now, &m);
	root(d, &m, &delay, &dispersion);
	truth->synced = d->synced;
	truth->leap = d->synced ? d->leap : 0;
	truth->tai_offset_s = discipline_leap_tai(d);
	truth->max_error =
	    tstamp_dur_from_s(delay / 2 + dispersion + fabs(m.left_s));
	truth->est_error = tstamp_dur_from_s(m.known ? sqrt(m.e.pxx) : 0);
	truth->valid = tstamp_dur_from_s(d->synced ? VALID_S : 0);
}

void
discipline_learned(const struct discipline *d, struct discipline_learned *l)
{
	struct bank_wander w;
	struct estimate e;

	memset(l, 0, sizeof *l);
	if (!d->joint.primed || d->control.updates == 0)
		return;
	discipline_bank_mean(&d->joint.bank, d->joint.bank.at_s, &e);
	discipline_bank_wander(&d->joint.bank, &w);
	l->valid = true;
	l->freq_sps = e.y_sps;
	l->freq_error_sps = sqrt(e.pyy);
	l->wander_log10 = w.log10_w;
	l->wander_error_log10 = w.sd;
}

void
discipline_look(
    const struct discipline *d, struct mono now, struct discipline_view *v)
{
	const struct core_control *c = &d->control;
	struct bank_wander w;
	struct moment m;

	memset(v, 0, sizeof *v);
	look_now(d, now, &m);
	v->synced = d->synced;
	v->bounded = d->bound.valid && m.known;
	v->holdover = d->holdover;
	v->stratum = stratum_now(d);
	v->leap = d->synced ? d->leap : 3;
	v->selected = d->vote.system;
	v->ref_id = d->synced ? d->last_ref_id : 0;
	v->source_cnt = d->vote.voting_cnt;
	v->accepted_cnt = d->vote.accepted_cnt;
	v->update_cnt = c->updates;
	v->remaining_s = m.left_s;
	v->last_offset_s = c->last_offset_s;
	v->rms_offset_s = sqrt(c->square_offset);
	v->freq_sps = m.freq_sps;
	v->bound_s = m.bound_s;
	v->bound_growth_sps = m.growth_sps;
	v->update_interval_s = c->interval_s;
	v->ref_wall = c->ref_wall;
	root(d, &m, &v->root_delay_s, &v->root_dispersion_s);
	if (!m.known)
		return;
	discipline_bank_wander(&d->joint.bank, &w);
	v->resid_freq_sps = m.e.y_sps - m.freq_sps;
	v->skew_sps = sqrt(m.e.pyy);
	v->sigma_s = sqrt(m.e.pxx);
	v->wander_log10 = w.log10_w;
}

/* Lengths as people say them. */
static void
say_s(char *buf, size_t len, double s)
{
	double a = fabs(s);

	if (a < 1e-6)
		snprintf(buf, len, "%.0f ns", s * 1e9);
	else if (a < 1e-3)
		snprintf(buf, len, "%.1f us", s * 1e6);
	else if (a < 1)
		snprintf(buf, len, "%.1f ms", s * 1e3);
	else
		snprintf(buf, len, "%.1f s", s);
}

/* Why those who could vote have no result. */
static void
say_tied(const struct core_vote *v, char text[DISCIPLINE_WHY_MAX])
{
	char apart[24];

	say_s(apart, sizeof apart, v->apart_s);
	if (v->unmet)
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "no source with require is among those that agree");
	else if (v->apart_s > 0)
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "no %u of %u sources agree, the nearest that do not are %s "
		    "apart",
		    v->needed, v->elector_cnt, apart);
	else
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "too few may vote: %u of %u sources stepped lately",
		    v->barred_cnt, v->elector_cnt);
}

static void
why_source(const struct discipline *d, const struct core_source *src,
    const struct discipline_source_view *v, char why[DISCIPLINE_WHY_MAX])
{
	char a[24], b[24];

	why[0] = '\0';
	switch (src->state) {
	case DISCIPLINE_SELECTED:
	case DISCIPLINE_COMBINED:
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "carries %.0f %% of the estimate", 100 * v->weight);
		break;
	case DISCIPLINE_FALSETICKER:
		say_s(a, sizeof a, v->offset_s);
		say_s(b, sizeof b, v->distance_s);
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "%s off, can only be wrong by %s; %u others agree", a, b,
		    d->vote.accepted_cnt);
		break;
	case DISCIPLINE_DISTANT:
		say_s(a, sizeof a, v->distance_s);
		say_s(b, sizeof b, d->conf.maxdistance_s);
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "may be wrong by %s, more than maxdistance %s", a, b);
		break;
	case DISCIPLINE_VARIABLE:
		say_s(a, sizeof a, v->sigma_s);
		say_s(b, sizeof b, d->conf.maxjitter_s);
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "uncertain by %s, more than maxjitter %s", a, b);
		break;
	case DISCIPLINE_UNREACHABLE:
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "no answer to the last %u requests",
		    src->request_cnt < 8 ? src->request_cnt : 8);
		break;
	case DISCIPLINE_WAITING:
		snprintf(why, DISCIPLINE_WHY_MAX, "%u samples so far",
		    src->since_reset);
		break;
	case DISCIPLINE_NOSELECT:
		snprintf(why, DISCIPLINE_WHY_MAX, "configured noselect");
		break;
	case DISCIPLINE_UNTRUSTED:
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "not authenticated, see authselectmode");
		break;
	case DISCIPLINE_TIED:
		say_tied(&d->vote, why);
		break;
	case DISCIPLINE_BARRED:
		say_s(a, sizeof a, src->surprise.step_s);
		snprintf(why, DISCIPLINE_WHY_MAX,
		    "stepped%s%s, no vote for %u replies",
		    src->surprise.step_s != 0 ? " by " : "",
		    src->surprise.step_s != 0 ? a : "", src->bar);
		break;
	case DISCIPLINE_LOOP:
		snprintf(why, DISCIPLINE_WHY_MAX, "it follows us");
		break;
	default:
		break;
	}
}

static double
info_share(const struct discipline *d, unsigned slot)
{
	double sum = 0;

	if (!(d->joint.members >> slot & 1))
		return 0;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->joint.members >> i & 1)
			sum += d->source[i].info;
	return sum > 0 ? d->source[slot].info / sum : 0;
}

static void
look_samples(const struct discipline *d, const struct core_source *src,
    struct mono now, struct discipline_source_view *v)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct core_hard h;
	struct estimate e;

	v->sampled = true;
	v->last_at = src->told.at;
	v->last_offset_s = src->told.z_s - pt.corr_s +
	    discipline_timeline_freq(&d->timeline) *
		(pt.raw_s - src->told.raw_s);
	v->last_error_s = src->told.lambda_s;
	v->delay_s = src->told.delay_s;
	v->base_delay_s = src->delay.least_s;
	v->jitter_s = src->delay.jitter_s;
	v->root_delay_s = src->told.root_delay_s;
	v->root_dispersion_s = src->told.root_dispersion_s;
	if (discipline_hard_source(src, pt.raw_s, &h))
		v->distance_s = h.lambda_s;
	if (!src->primed)
		return;
	discipline_sigma_source(src, pt.raw_s, &e);
	v->offset_s = e.x_s - pt.corr_s;
	v->sigma_s = sqrt(e.pxx);
	v->freq_sps = e.y_sps - discipline_timeline_freq(&d->timeline);
	v->skew_sps = sqrt(e.pyy);
}

int
discipline_look_source(const struct discipline *d, unsigned slot,
    struct mono now, struct discipline_source_view *v)
{
	const struct core_source *src;

	memset(v, 0, sizeof *v);
	if (slot >= DISCIPLINE_SLOT_MAX || !d->source[slot].open)
		return ERR_BAD;
	src = &d->source[slot];
	v->state = src->state;
	v->reach = src->reach;
	v->poll_log2 = src->poll.log2;
	v->stratum = src->told.stratum;
	v->leap = src->told.leap;
	v->authenticated = src->told.authenticated;
	v->interleaved = src->told.interleaved;
	v->prefer = src->conf.prefer;
	v->ref_id = src->told.ref_id;
	v->sample_cnt = src->sample_cnt;
	v->dropped_cnt = src->dropped_cnt;
	v->request_cnt = src->request_cnt;
	v->weight = info_share(d, slot);
	if (src->sample_cnt > 0)
		look_samples(d, src, now, v);
	why_source(d, src, v, v->why);
	return 0;
}

static unsigned
count_open(const struct discipline *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		n += d->source[i].open;
	return n;
}

const char *
discipline_reason(
    const struct discipline *d, struct mono now, char text[DISCIPLINE_WHY_MAX])
{
	const struct core_vote *v = &d->vote;
	struct discipline_view view;
	char a[24], b[24];

	discipline_look(d, now, &view);
	say_s(a, sizeof a, view.bound_s);
	if (d->control.panic) {
		say_s(a, sizeof a, d->control.panic_s);
		say_s(b, sizeof b, d->conf.maxchange_s);
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "the "
		    "sources are %s off, more than maxchange %s",
		    a, b);
	} else if (count_open(d) == 0) {
		snprintf(text, DISCIPLINE_WHY_MAX, "no sources configured");
	} else if (d->synced && d->holdover) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "holding over: no source "
		    "usable, the error is at most %s",
		    a);
	} else if (d->synced) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "synchronised: %u of %u "
		    "sources agree, the error is at most %s",
		    v->accepted_cnt, v->voting_cnt, a);
	} else if (v->voting_cnt == 0) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "none "
		    "of %u sources can be used",
		    count_open(d));
	} else if (v->accepted_cnt == 0) {
		say_tied(v, text);
	} else if (v->accepted_cnt < d->conf.minsources) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "%u of "
		    "%u sources agree; minsources asks for %u",
		    v->accepted_cnt, v->voting_cnt, d->conf.minsources);
	} else if (d->control.updates == 0) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "measuring, three samples or three sources set the "
		    "clock first");
	} else if (!d->bound.valid) {
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "the "
		    "error cannot be bounded until sources answer again");
	} else {
		say_s(b, sizeof b, view.remaining_s);
		snprintf(text, DISCIPLINE_WHY_MAX,
		    "%s "
		    "still to be corrected, error at most %s",
		    b, a);
	}
	return text;
}

char
discipline_state_char(unsigned state)
{
	return state < DISCIPLINE_STATE_CNT ? states[state].letter : '?';
}

const char *
discipline_state_text(unsigned state)
{
	return state < DISCIPLINE_STATE_CNT ? states[state].text : "unknown";
}
