/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers about the clock itself: status in a few sentences, tracking as
 * a list of facts.  Estimates and bounds are never shown as one another.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clockcmd.h"
#include "base/role.h"
#include "render_priv.h"

/* "time.example.net (192.0.2.1, NTS)" */
static void
put_source(struct ctl_text *t, const struct report_source *s)
{
	char buf[ADDR_TEXT_MAX];

	ctl_render_outside(t, s->name, sizeof s->name);
	ctl_text_printf(t, " (%s, %s)", addr_text(&s->addr, buf),
	    s->auth == REPORT_AUTH_NTS       ? "NTS"
		: s->auth == REPORT_AUTH_KEY ? "authenticated by key"
					     : "not authenticated");
}

static void
put_synced(struct ctl_text *t, const struct ctl_view *v, const struct facts *f)
{
	const struct report_source *s = ctl_render_selected(v);
	char a[CTL_QTY_MAX], b[CTL_QTY_MAX];

	ctl_text_put(t, "Synchronised");
	if (s) {
		ctl_text_put(t, " to ");
		put_source(t, s);
	} else if (v->time->flags & TIMEPAGE_LOCAL) {
		ctl_text_put(t, " to the local clock only");
	}
	ctl_text_printf(t, ", stratum %u.\n", v->time->stratum);
	ctl_text_printf(t, "The clock is off by %s by estimate",
	    ctl_text_offset(a, f->offset_s));
	if (isfinite(f->bound_s))
		ctl_text_printf(t, ", by no more than %s for certain",
		    ctl_text_seconds(b, fabs(f->offset_s) + f->bound_s));
	ctl_text_put(t, ".\n");
}

static void
put_counts(struct ctl_text *t, const struct ctl_view *v, const struct facts *f)
{
	char age[CTL_QTY_MAX];

	ctl_text_printf(t, "Last update: %s%s.",
	    ctl_text_age(age, f->update_age_s),
	    f->update_age_s < 0 ? "" : " ago");
	if (v->sync)
		ctl_text_printf(t, " Sources: %u, %u of them accepted.",
		    v->sync->source_cnt, v->sync->accepted_cnt);
	ctl_text_put(t, "\n");
	if (isfinite(f->virtual_s))
		ctl_text_printf(t,
		    "The system clock is left alone (-x); true time is "
		    "kept %s from it.\n",
		    ctl_text_offset(age, f->virtual_s));
}

static void
put_role_trouble(struct ctl_text *t, const struct report_role *r)
{
	if (r->up && r->restart_cnt == 0)
		return;
	ctl_text_printf(t, "Role %s/%u %s", role_name(r->role), r->instance,
	    r->up             ? "is up again"
		: r->given_up ? "stays down, it died too often"
			      : "is down");
	if (r->restart_cnt > 0)
		ctl_text_printf(t, " (restarts: %u)", r->restart_cnt);
	if (r->last_death[0]) {
		ctl_text_put(t, ": ");
		ctl_render_outside(t, r->last_death, sizeof r->last_death);
	}
	ctl_text_put(t, ".\n");
}

void
ctl_render_status_text(struct ctl_text *t, const struct ctl_view *v)
{
	char age[CTL_QTY_MAX];
	struct facts f;
	size_t up = 0;

	ctl_render_facts(&f, v);
	if (f.synced) {
		put_synced(t, v, &f);
	} else {
		ctl_text_put(t, "Not synchronised: ");
		ctl_render_outside(t, f.reason, REPORT_TEXT_MAX);
		ctl_text_put(t, ".\n");
	}
	put_counts(t, v, &f);
	for (size_t i = 0; i < v->role_cnt; i++)
		up += v->roles[i].up;
	ctl_text_printf(t, "truenoon %s, running for %s",
	    v->version ? v->version : "",
	    ctl_text_age(age, ctl_render_age_s(v, v->started)));
	if (v->role_cnt > 0)
		ctl_text_printf(t, ", roles up: %zu of %zu", up, v->role_cnt);
	ctl_text_put(t, ".\n");
	for (size_t i = 0; i < v->role_cnt; i++)
		put_role_trouble(t, &v->roles[i]);
}

static void
json_roles(struct ctl_json *j, const struct ctl_view *v)
{
	ctl_json_open(j, "roles", '[');
	for (size_t i = 0; i < v->role_cnt; i++) {
		const struct report_role *r = &v->roles[i];

		ctl_json_open(j, NULL, '{');
		ctl_json_string(j, "role", role_name(r->role));
		ctl_json_uint(j, "instance", r->instance);
		ctl_json_bool(j, "up", r->up);
		ctl_json_bool(j, "given_up", r->given_up);
		ctl_json_uint(j, "restarts", r->restart_cnt);
		ctl_json_int(j, "pid", r->pid);
		ctl_render_json_age(
		    j, "since_s", ctl_render_age_s(v, r->since));
		ctl_json_string(j, "confinement", r->cage);
		ctl_json_string(j, "last_death", r->last_death);
		ctl_json_close(j, '}');
	}
	ctl_json_close(j, ']');
}

/* What status and tracking have in common. */
static void
json_clock(struct ctl_json *j, const struct ctl_view *v, const struct facts *f)
{
	const struct report_source *s = ctl_render_selected(v);
	const struct timepage_time *t = v->time;
	bool known = t && isfinite(f->offset_s);
	char buf[CTL_QTY_MAX];

	ctl_json_bool(j, "synchronised", f->synced);
	ctl_json_string(j, "reason", f->reason);
	ctl_json_string(j, "source", s ? s->name : NULL);
	ctl_json_uint(j, "stratum", known ? t->stratum : 16);
	ctl_json_string(j, "refid",
	    known && t->ref_id != 0 ? ctl_text_refid(buf, t->ref_id, t->stratum)
				    : NULL);
	ctl_json_string(
	    j, "leap", ctl_text_leap(known && f->synced ? t->leap : 3));
	ctl_json_seconds(j, "offset_s", f->offset_s);
	ctl_json_seconds(j, "sigma_s", f->sigma_s);
	ctl_json_seconds(j, "bound_s", f->bound_s);
	ctl_render_json_age(j, "update_age_s", f->update_age_s);
	ctl_json_seconds(j, "virtual_clock_s", f->virtual_s);
	ctl_json_uint(j, "sources", v->sync ? v->sync->source_cnt : 0);
	ctl_json_uint(j, "accepted", v->sync ? v->sync->accepted_cnt : 0);
}

void
ctl_render_status_json(struct ctl_json *j, const struct ctl_view *v)
{
	struct facts f;

	ctl_render_facts(&f, v);
	json_clock(j, v, &f);
	ctl_json_string(j, "version", v->version);
	ctl_render_json_age(j, "uptime_s", ctl_render_age_s(v, v->started));
	json_roles(j, v);
}

/* What is known of leap seconds, from a list or while one is near. */
static void
put_leap(struct ctl_text *t, const struct ctl_view *v)
{
	const struct timepage_time *p = v->time;
	struct dur off =
	    tstamp_mono_diff(v->now, (struct mono){p->leap_mono_ns});
	char a[CTL_DATE_MAX], b[CTL_QTY_MAX];

	if (p->leap_sense != 0) {
		ctl_render_label(t, "Leap second");
		ctl_text_printf(t, "%s, %s%s%s\n",
		    p->leap_sense > 0 ? "inserted" : "left out",
		    off.ns < 0 ? "in " : "",
		    ctl_text_age(b, fabs(tstamp_dur_to_s(off))),
		    off.ns < 0 ? "" : " ago");
	}
	if (p->tai_offset_s != 0) {
		ctl_render_label(t, "TAI - UTC");
		ctl_text_printf(t, "%d s\n", p->tai_offset_s);
	}
	if (p->leap_expires_wall_ns == 0)
		return;
	ctl_render_label(t, "Leap list");
	if (p->leap_expires_wall_ns == INT64_MAX)
		ctl_text_put(t, "names no end\n");
	else
		ctl_text_printf(t, "good until %s UTC\n",
		    ctl_text_date(
			a, p->leap_expires_wall_ns / TSTAMP_NS_PER_S));
}

static void
json_leap(struct ctl_json *j, const struct timepage_time *p)
{
	if (p && p->leap_expires_wall_ns != 0 &&
	    p->leap_expires_wall_ns != INT64_MAX)
		ctl_json_int(j, "leap_list_expires_at",
		    p->leap_expires_wall_ns / TSTAMP_NS_PER_S);
	else
		ctl_json_null(j, "leap_list_expires_at");
}

static void
put_reference(
    struct ctl_text *t, const struct ctl_view *v, const struct facts *f)
{
	const struct report_source *s = ctl_render_selected(v);
	char a[CTL_QTY_MAX], b[CTL_DATE_MAX];

	ctl_render_label(t, "Reference");
	if (v->time->ref_id != 0)
		ctl_text_put(
		    t, ctl_text_refid(a, v->time->ref_id, v->time->stratum));
	else
		ctl_text_put(t, "none yet");
	if (s) {
		ctl_text_put(t, v->time->ref_id != 0 ? " = " : ", ");
		put_source(t, s);
	}
	ctl_text_put(t, "\n");
	ctl_render_label(t, "Stratum");
	ctl_text_printf(t, "%u\n", v->time->stratum);
	ctl_render_label(t, "Leap");
	ctl_text_printf(
	    t, "%s\n", ctl_text_leap(f->synced ? v->time->leap : 3));
	put_leap(t, v);
	ctl_render_label(t, "Last update");
	ctl_text_printf(t, "%s UTC (%s ago)\n",
	    ctl_text_date(b, v->time->ref_wall_ns / TSTAMP_NS_PER_S),
	    ctl_text_age(a, f->update_age_s));
}

static void
put_error(struct ctl_text *t, const struct ctl_view *v, const struct facts *f)
{
	char a[CTL_QTY_MAX], b[CTL_QTY_MAX];

	ctl_render_label(t, "Offset now");
	ctl_text_printf(t, "%s +- %s (estimate, true time minus clock)\n",
	    ctl_text_offset(a, f->offset_s), ctl_text_seconds(b, f->sigma_s));
	ctl_render_label(t, "Error bound");
	if (isfinite(f->bound_s))
		ctl_text_printf(t, "%s around that offset\n",
		    ctl_text_seconds(a, f->bound_s));
	else
		ctl_text_put(t, "none can be given\n");
	ctl_render_label(t, "Root delay");
	ctl_text_printf(t, "%s\n",
	    ctl_text_seconds(
		a, tstamp_dur_to_s((struct dur){v->time->root_delay_ns})));
	ctl_render_label(t, "Root dispersion");
	ctl_text_printf(t, "%s\n", ctl_text_seconds(a, f->root_dispersion_s));
}

static void
put_frequency(struct ctl_text *t, const struct ctl_view *v)
{
	char a[CTL_QTY_MAX], b[CTL_QTY_MAX];

	ctl_render_label(t, "Frequency");
	ctl_text_printf(t, "%s +- %s (correction in force)\n",
	    ctl_text_ppm(a, v->time->freq_sps),
	    ctl_text_ppm(b, v->time->freq_error_sps) + 1);
	if (v->clock) {
		bool slewing = v->clock->slew_until_mono_ns > v->now.ns;

		ctl_render_label(t, "Slewing");
		ctl_text_printf(t, "%s\n",
		    slewing ? ctl_text_ppm(a, v->clock->slew_rate_sps) : "no");
	}
}

static void
put_updates(struct ctl_text *t, const struct report_sync *s)
{
	char a[CTL_QTY_MAX];

	ctl_render_label(t, "Last correction");
	ctl_text_printf(
	    t, "%s\n", ctl_text_offset(a, tstamp_dur_to_s(s->last_offset)));
	ctl_render_label(t, "RMS offset");
	ctl_text_printf(t, "%s\n", ctl_text_seconds(a, s->rms_offset_s));
	ctl_render_label(t, "Update interval");
	ctl_text_printf(t, "%s\n", ctl_text_age(a, s->update_interval_s));
}

static void
put_history(struct ctl_text *t, const struct report_sync *s)
{
	char a[CTL_QTY_MAX];

	if (s->update_cnt > 0)
		put_updates(t, s);
	ctl_render_label(t, "Steps");
	ctl_text_printf(t, "%u\n", s->step_cnt);
	ctl_render_label(t, "Budget left");
	ctl_text_printf(
	    t, "%s\n", ctl_text_seconds(a, tstamp_dur_to_s(s->budget_left)));
	if (s->refusal != CLOCKCMD_OK) {
		ctl_render_label(t, "Refused");
		ctl_text_printf(t, "%s\n", clockcmd_refusal_text(s->refusal));
	}
}

void
ctl_render_tracking_text(struct ctl_text *t, const struct ctl_view *v)
{
	char a[CTL_QTY_MAX];
	struct facts f;

	ctl_render_facts(&f, v);
	ctl_render_label(t, "Synchronised");
	ctl_text_put(t, f.synced ? "yes" : "no: ");
	ctl_render_outside(t, f.reason, REPORT_TEXT_MAX);
	ctl_text_put(t, "\n");
	if (v->time && isfinite(f.offset_s)) {
		put_reference(t, v, &f);
		put_error(t, v, &f);
		put_frequency(t, v);
	}
	if (v->sync)
		put_history(t, v->sync);
	if (isfinite(f.virtual_s)) {
		ctl_render_label(t, "Virtual clock");
		ctl_text_printf(t,
		    "%s from the system clock, which is left alone (-x)\n",
		    ctl_text_offset(a, f.virtual_s));
	}
}

/* @s: NULL before the first update. */
static void
json_updates(struct ctl_json *j, const struct report_sync *s)
{
	ctl_json_seconds(j, "last_correction_s",
	    s ? tstamp_dur_to_s(s->last_offset) : UNKNOWN);
	ctl_json_seconds(j, "rms_offset_s", s ? s->rms_offset_s : UNKNOWN);
	ctl_json_seconds(
	    j, "update_interval_s", s ? s->update_interval_s : UNKNOWN);
}

void
ctl_render_tracking_json(struct ctl_json *j, const struct ctl_view *v)
{
	const struct timepage_time *t = v->time;
	const struct report_sync *s = v->sync;
	struct facts f;
	bool known;

	ctl_render_facts(&f, v);
	known = t && isfinite(f.offset_s);
	json_clock(j, v, &f);
	json_leap(j, known ? t : NULL);
	ctl_json_seconds(j, "root_delay_s",
	    known ? tstamp_dur_to_s((struct dur){t->root_delay_ns}) : UNKNOWN);
	ctl_json_seconds(j, "root_dispersion_s", f.root_dispersion_s);
	ctl_json_number(
	    j, "frequency_ppm", known ? t->freq_sps * 1e6 : UNKNOWN);
	ctl_json_number(j, "frequency_error_ppm",
	    known ? t->freq_error_sps * 1e6 : UNKNOWN);
	json_updates(j, s && s->update_cnt > 0 ? s : NULL);
	ctl_json_uint(j, "steps", s ? s->step_cnt : 0);
	ctl_json_seconds(
	    j, "budget_left_s", s ? tstamp_dur_to_s(s->budget_left) : UNKNOWN);
	ctl_json_string(j, "refused",
	    s && s->refusal != CLOCKCMD_OK ? clockcmd_refusal_text(s->refusal)
					   : NULL);
	if (known && t->tai_offset_s != 0)
		ctl_json_int(j, "tai_offset_s", t->tai_offset_s);
	else
		ctl_json_null(j, "tai_offset_s");
	ctl_json_uint(j, "hardware_stamps", s ? s->hardware_used_cnt : 0);
	ctl_json_uint(
	    j, "hardware_stamps_refused", s ? s->hardware_refused_cnt : 0);
}
