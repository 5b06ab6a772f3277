/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sync tells ctl: a report of each source that changed, and a summary
 * with the reason in words.  It waits a little: a report wakes other roles,
 * and while a question is on its way to a near server and back nobody should
 * be at work who delays what is stamped here or there.
 */
#include <stdio.h>
#include <string.h>

#include "os/clock.h"
#include "sync_priv.h"

#define WAIT_NS  20000000
#define PAUSE_NS 250000000 /* between two reports */

static const uint8_t selects[DISCIPLINE_STATE_CNT] = {
    [DISCIPLINE_SELECTED] = REPORT_SELECTED,
    [DISCIPLINE_COMBINED] = REPORT_COMBINED,
    [DISCIPLINE_AGREEING] = REPORT_ACCEPTED,
    [DISCIPLINE_FALSETICKER] = REPORT_FALSETICKER,
    [DISCIPLINE_VARIABLE] = REPORT_UNSUITABLE,
    [DISCIPLINE_UNREACHABLE] = REPORT_UNREACHABLE,
    [DISCIPLINE_WAITING] = REPORT_WAITING,
    [DISCIPLINE_DISTANT] = REPORT_UNSUITABLE,
    [DISCIPLINE_NOSELECT] = REPORT_NOSELECT,
    [DISCIPLINE_UNTRUSTED] = REPORT_UNTRUSTED,
    [DISCIPLINE_TIED] = REPORT_NO_MAJORITY,
    [DISCIPLINE_BARRED] = REPORT_WAITING,
    [DISCIPLINE_LOOP] = REPORT_UNSUITABLE,
};

static void
from_assoc(struct report_source *r, const struct assoc_status *st)
{
	const struct assoc_counters *n = &st->counters;

	r->stage = st->stage;
	r->reach = st->reach;
	r->last_rx = st->last_rx;
	r->last_offset_s = st->last_offset_s;
	r->tx_cnt = n->tx_cnt;
	r->rx_cnt = n->rx_cnt;
	r->good_cnt = n->verdict_cnt[ASSOC_GOOD];
	r->bogus_cnt = n->verdict_cnt[ASSOC_BAD_LENGTH] +
	    n->verdict_cnt[ASSOC_BAD_MODE] + n->verdict_cnt[ASSOC_BAD_ORIGIN] +
	    n->verdict_cnt[ASSOC_BAD_FIELDS] + n->verdict_cnt[ASSOC_DUPLICATE] +
	    n->verdict_cnt[ASSOC_LATE];
	r->auth_bad_cnt =
	    n->verdict_cnt[ASSOC_UNAUTH] + n->verdict_cnt[ASSOC_BAD_AUTH];
	r->kod_cnt = n->verdict_cnt[ASSOC_KOD_RATE] +
	    n->verdict_cnt[ASSOC_KOD_DENY] + n->verdict_cnt[ASSOC_KOD_NTSN] +
	    n->verdict_cnt[ASSOC_KOD_OTHER];
	r->aead = st->aead;
	r->cookie_cnt = st->cookie_cnt;
	r->cookie_len = st->cookie_len;
	r->ke_try_cnt = st->ke_try_cnt;
	r->ke_at = st->ke_at;
	r->cert_not_after_s = st->cert_not_after_s;
	if (st->online)
		return;
	r->select = REPORT_OFFLINE;
	r->why[0] = '\0'; /* how few samples there are is no news */
}

static void
from_discipline(struct report_source *r, const struct discipline_source_view *v)
{
	r->select = selects[v->state];
	r->stratum = v->stratum;
	r->leap = v->leap;
	r->interleaved = v->interleaved;
	r->poll_log2s = v->poll_log2;
	r->ref_id = v->ref_id;
	r->sample_cnt = v->sample_cnt;
	r->offset_s = v->offset_s;
	r->sigma_s = v->sigma_s;
	r->delay_s = v->delay_s;
	r->jitter_s = v->jitter_s;
	r->freq_sps = v->freq_sps;
	r->freq_error_sps = v->skew_sps;
	r->bound_s = v->distance_s;
	r->root_delay_s = v->root_delay_s;
	r->root_dispersion_s = v->root_dispersion_s;
	snprintf(r->why, sizeof r->why, "%s", v->why);
}

static void
from_slot(struct report_source *r, const struct sync_slot *sl)
{
	struct discipline_source_view view;
	struct assoc_status st;

	snprintf(
	    r->cert_subject, sizeof r->cert_subject, "%s", sl->cert_subject);
	r->addr = sl->addr;
	r->tx_stamp = sl->tx_stamp;
	r->rx_stamp = sl->rx_stamp;
	if (discipline_look_source(
		sl->sync->discipline, sl->slot, os_clock_mono(), &view) == 0)
		from_discipline(r, &view);
	assoc_status(sl->assoc, &st);
	from_assoc(r, &st);
	if (sl->why[0] && st.stage != REPORT_STAGE_NONE)
		snprintf(r->why, sizeof r->why, "%s", sl->why);
}

static void
from_directive(struct report_source *r, const struct sync_directive *d)
{
	const struct ipc_source_set *c = &d->conf;
	bool failed = d->dns_tries > 0;

	r->pool = c->pool;
	r->auth = c->nts ? REPORT_AUTH_NTS
	    : c->key_id  ? REPORT_AUTH_KEY
			 : REPORT_AUTH_NONE;
	snprintf(r->name, sizeof r->name, "%s", c->host);
	/* While there is no address, which is told of otherwise. */
	r->poll_log2s = c->minpoll_log2s;
	r->select = failed ? REPORT_UNREACHABLE : REPORT_WAITING;
	r->stage = failed ? REPORT_STAGE_NAME : REPORT_STAGE_NONE;
	snprintf(r->why, sizeof r->why, "no address is known yet");
}

/* A line of which no address is known stands in its first slot. */
static const struct sync_directive *
shown(const struct sync_slot *sl)
{
	const struct sync_directive *d = &sl->sync->dirs[sl->slot];

	if (sl->dir)
		return sl->dir;
	return d->used && d->addr_cnt == 0 ? d : NULL;
}

static void
report_source(struct sync_slot *sl)
{
	const struct sync_directive *d = shown(sl);
	struct report_source r = {
	    .slot = sl->slot,
	    .used = d != NULL,
	    .last_rx = {INT64_MIN},
	    .ke_at = {INT64_MIN},
	};

	if (d)
		from_directive(&r, d);
	if (sl->dir)
		from_slot(&r, sl);
	daemon_port_send(&sl->sync->port, IPC_REPORT_SOURCE, &r);
	sl->dirty = false;
}

/* Not while an answer may be coming, and not at every answer of a fast source:
 * who reads the report runs in between, and leaves the caches cold. */
void
daemon_sync_report_soon(struct sync *s)
{
	struct mono now = os_clock_mono();
	struct mono soon = tstamp_mono_add(now, (struct dur){WAIT_NS});
	struct mono next = tstamp_mono_add(s->reported, (struct dur){PAUSE_NS});

	if (s->report.armed)
		return;
	net_timer_arm_at(
	    &s->report, tstamp_mono_diff(next, soon).ns > 0 ? next : soon);
}

void
daemon_sync_report_dirty(struct sync_slot *sl)
{
	sl->dirty = true;
	if (sl->sync->running)
		daemon_sync_report_soon(sl->sync);
}

void
daemon_sync_report_all(void *arg)
{
	struct sync *s = arg;

	s->reported = os_clock_mono();
	for (size_t i = 0; i < SYNC_SLOTS; i++)
		if (s->slots[i].dirty)
			report_source(&s->slots[i]);
	daemon_sync_report_clock(s);
}

/* Return: how many sources there are, *asked of them with an address. */
static unsigned
count_sources(const struct sync *s, unsigned *asked)
{
	unsigned cnt = 0;

	*asked = 0;
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		cnt += shown(&s->slots[i]) != NULL;
		*asked += s->slots[i].dir != NULL;
	}
	return cnt;
}

void
daemon_sync_report_clock(struct sync *s)
{
	struct mono now = os_clock_mono();
	struct discipline_view v;
	struct report_sync r = {0};
	unsigned asked;

	discipline_look(s->discipline, now, &v);
	r.synced = v.synced;
	r.source_cnt = (uint16_t)count_sources(s, &asked);
	r.accepted_cnt = (uint16_t)v.accepted_cnt;
	r.selected_slot = v.selected < 0 ? UINT16_MAX : (uint16_t)v.selected;
	r.step_cnt = s->state.step_cnt;
	r.refusal = s->state.refusal;
	r.budget_left = s->state.budget_left;
	r.update_cnt = v.update_cnt;
	r.last_offset = tstamp_dur_from_s(v.last_offset_s);
	r.rms_offset_s = v.rms_offset_s;
	r.freq_sps = v.freq_sps;
	r.freq_error_sps = v.skew_sps;
	r.update_interval_s = v.update_interval_s;
	r.hardware_used_cnt = s->phcs.hardware.used_cnt;
	r.hardware_refused_cnt = s->phcs.hardware.refused_cnt;
	discipline_reason(s->discipline, now, r.reason);
	/* Discipline knows of no others. */
	if (asked == 0 && r.source_cnt > 0)
		snprintf(r.reason, sizeof r.reason,
		    "no address of a source is known yet");
	daemon_port_send(&s->port, IPC_REPORT_SYNC, &r);
}
