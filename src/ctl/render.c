/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a request and a view to an answer: what the renderers share, and the
 * table of them.  A view may be incomplete at any time; then the answer says
 * what is not known rather than showing a zero.
 */
#include "ctl/render.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render_priv.h"

#define LABEL_WIDTH 22

/* The worse of both pages: sync's claim counts only while the clock role
 * confirms it. */
static void
judge(struct facts *f, const struct ctl_view *v)
{
	const struct report_sync *s = v->sync;

	f->reason = "";
	if (!v->time) {
		f->reason = s && s->reason[0] ? s->reason
					      : "no time has been published";
	} else if (!(v->time->flags & TIMEPAGE_SYNCED) || (s && !s->synced)) {
		f->reason = s && s->reason[0]
		    ? s->reason
		    : "the sources give no accepted time";
	} else if (v->clock && v->now_boot_ns > 0 &&
	    v->now_boot_ns > v->clock->synced_until_boot_ns) {
		f->reason = "role clock no longer confirms it";
	} else {
		f->synced = true;
	}
}

void
ctl_render_facts(struct facts *f, const struct ctl_view *v)
{
	const struct timepage_time *t = v->time;
	double age_s;

	*f = (struct facts){.offset_s = UNKNOWN,
	    .sigma_s = UNKNOWN,
	    .bound_s = UNKNOWN,
	    .root_dispersion_s = UNKNOWN,
	    .update_age_s = -1,
	    .virtual_s = UNKNOWN};
	judge(f, v);
	if (v->clock && v->clock->flags & TIMEPAGE_VIRTUAL)
		f->virtual_s =
		    tstamp_dur_to_s(timepage_virtual(v->clock, v->now));
	if (!t || t->stratum == 0 || t->ref_wall_ns == 0)
		return;
	age_s = ctl_render_age_s(v, (struct mono){t->as_of_mono_ns});
	f->offset_s = tstamp_dur_to_s(timepage_remaining(t, v->now));
	f->sigma_s = tstamp_dur_to_s((struct dur){t->sigma_ns});
	f->root_dispersion_s = timepage_dispersion_s(t, v->now);
	f->update_age_s =
	    tstamp_dur_to_s((struct dur){t->as_of_wall_ns - t->ref_wall_ns});
	f->update_age_s = fmax(0, f->update_age_s + age_s);
	if (t->flags & TIMEPAGE_BOUNDED)
		f->bound_s = tstamp_dur_to_s((struct dur){t->bound_ns}) +
		    fmax(0, age_s) * t->bound_growth_sps;
}

const struct report_source *
ctl_render_selected(const struct ctl_view *v)
{
	for (size_t i = 0; i < v->source_cnt; i++)
		if (v->sources[i].used &&
		    v->sources[i].select == REPORT_SELECTED)
			return &v->sources[i];
	return NULL;
}

double
ctl_render_age_s(const struct ctl_view *v, struct mono since)
{
	if (since.ns == NEVER)
		return -1;
	return fmax(0, tstamp_dur_to_s(tstamp_mono_diff(v->now, since)));
}

void
ctl_render_outside(struct ctl_text *t, const char *s, size_t max)
{
	ctl_text_escape(t, s, strnlen(s, max));
}

void
ctl_render_name(struct ctl_text *t, const struct report_source *s)
{
	char buf[ADDR_TEXT_MAX];

	if (s->name[0] && !(s->pool && s->addr.family != ADDR_NONE))
		ctl_render_outside(t, s->name, sizeof s->name);
	else
		ctl_text_put(t, addr_text(&s->addr, buf));
}

void
ctl_render_label(struct ctl_text *t, const char *label)
{
	ctl_text_put(t, label);
	ctl_text_pad(t, LABEL_WIDTH);
}

void
ctl_render_json_age(struct ctl_json *j, const char *key, double age_s)
{
	ctl_json_seconds(j, key, age_s < 0 ? UNKNOWN : age_s);
}

/* Who asks is nobody else's business. */
static bool
refused(
    struct ctl_text *out, const struct ctl_view *v, const struct ctl_request *r)
{
	bool secret = r->verb == CTL_CLIENTS && !v->privileged;

	if (v->limited)
		ctl_text_put(out,
		    "you ask too often (cmdratelimit): try again in a "
		    "moment\n");
	else if (secret)
		ctl_text_put(out,
		    "addresses of clients are shown to root and to the "
		    "daemon's own user only\n");
	return v->limited || secret;
}

enum ctl_code
ctl_render_body(
    struct ctl_text *out, const struct ctl_view *v, const struct ctl_request *r)
{
	static const struct {
		ctl_render_text_fn *text;
		ctl_render_json_fn *json;
	} forms[CTL_VERB_CNT] = {
	    [CTL_STATUS] = {ctl_render_status_text, ctl_render_status_json},
	    [CTL_SOURCES] = {ctl_render_sources_text, ctl_render_sources_json},
	    [CTL_TRACKING] = {ctl_render_tracking_text,
		ctl_render_tracking_json},
	    [CTL_SERVERSTATS] = {ctl_render_server_text,
		ctl_render_server_json},
	    [CTL_NTS] = {ctl_render_nts_text, ctl_render_nts_json},
	    [CTL_CLIENTS] = {ctl_render_clients_text, ctl_render_clients_json},
	};
	struct ctl_json j;
	struct facts f;

	if (refused(out, v, r))
		return CTL_CODE_FAILED;
	if (r->json) {
		ctl_json_init(&j, out);
		ctl_json_open(&j, NULL, '{');
		forms[r->verb].json(&j, v);
		ctl_json_close(&j, '}');
	} else {
		forms[r->verb].text(out, v);
	}
	if (r->verb != CTL_STATUS)
		return CTL_CODE_OK;
	ctl_render_facts(&f, v);
	return f.synced ? CTL_CODE_OK : CTL_CODE_UNSYNCED;
}

long
ctl_render_answer(const struct ctl_view *v, const char *data, size_t len,
    char *buf, size_t max)
{
	enum ctl_code code = CTL_CODE_USAGE;
	struct ctl_request r;
	struct ctl_text t;
	int err = ctl_request_parse(&r, data, len);

	assert(max >= 2 * CTL_HEAD_LEN + 64);
	if (err == ERR_AGAIN)
		return ERR_AGAIN;
	ctl_text_init(&t, buf + CTL_HEAD_LEN, max - CTL_HEAD_LEN);
	if (err)
		ctl_text_put(&t, "not a request that this daemon knows\n");
	else
		code = ctl_render_body(&t, v, &r);
	if (t.full) {
		code = CTL_CODE_FAILED;
		ctl_text_init(&t, buf + CTL_HEAD_LEN, max - CTL_HEAD_LEN);
		ctl_text_put(&t, "the answer is too long to send\n");
	}
	ctl_head_format(buf, code, t.len);
	return (long)(CTL_HEAD_LEN + t.len);
}
