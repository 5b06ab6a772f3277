/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers about sources: the table of all, and what NTS is doing for
 * those that use it.  A line in words follows each source in trouble.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render_priv.h"

/* Columns of the sources table: where text starts or numbers end. */
enum {
	COL_STATE = 26,
	COL_AUTH = 38,
	COL_STRATUM = 45,
	COL_POLL = 50,
	COL_REACH = 56,
	COL_LAST = 64,
	COL_OFFSET = 75,
	COL_BOUND = 86,
	COL_DELAY = 97,
};

/* Columns of the nts table. */
enum {
	COL_AEAD = 26,
	COL_COOKIES = 51,
	COL_LENGTH = 55,
	COL_KE = 63,
	COL_TRIES = 69,
	COL_DAYS = 82,
};

/* A name too long for its column keeps a line of its own. */
static void
put_name(struct ctl_text *t, const struct report_source *s, size_t width)
{
	size_t from = t->len;

	ctl_render_name(t, s);
	if (t->len - from >= width)
		ctl_text_put(t, "\n");
	ctl_text_pad(t, width);
}

static void
put_why(struct ctl_text *t, const struct report_source *s)
{
	if (!s->why[0])
		return;
	ctl_text_put(t, "    ");
	if (s->stage != REPORT_STAGE_NONE)
		ctl_text_printf(t, "%s: ", report_stage_text(s->stage));
	ctl_render_outside(t, s->why, sizeof s->why);
	ctl_text_put(t, "\n");
}

static void
put_poll(
    struct ctl_text *t, const struct ctl_view *v, const struct report_source *s)
{
	char buf[CTL_QTY_MAX];

	snprintf(buf, sizeof buf, "%u", s->stratum);
	ctl_text_right(t, COL_STRATUM, s->sample_cnt > 0 ? buf : "-");
	snprintf(buf, sizeof buf, "%d", s->poll_log2s);
	ctl_text_right(t, COL_POLL, buf);
	snprintf(buf, sizeof buf, "%o", (unsigned)s->reach);
	ctl_text_right(t, COL_REACH, buf);
	ctl_text_right(
	    t, COL_LAST, ctl_text_age(buf, ctl_render_age_s(v, s->last_rx)));
}

static void
put_row(
    struct ctl_text *t, const struct ctl_view *v, const struct report_source *s)
{
	bool any = s->sample_cnt > 0;
	char buf[CTL_QTY_MAX];

	put_name(t, s, COL_STATE);
	ctl_text_put(t, report_select_text(s->select));
	ctl_text_pad(t, COL_AUTH);
	ctl_text_put(t, report_auth_text(s->auth));
	put_poll(t, v, s);
	ctl_text_right(
	    t, COL_OFFSET, ctl_text_offset(buf, any ? s->offset_s : UNKNOWN));
	ctl_text_right(
	    t, COL_BOUND, ctl_text_seconds(buf, any ? s->bound_s : UNKNOWN));
	ctl_text_right(
	    t, COL_DELAY, ctl_text_seconds(buf, any ? s->delay_s : UNKNOWN));
	ctl_text_put(t, "\n");
	put_why(t, s);
}

void
ctl_render_sources_text(struct ctl_text *t, const struct ctl_view *v)
{
	size_t n = 0;

	ctl_text_put(t, "Source");
	ctl_text_pad(t, COL_STATE);
	ctl_text_put(t, "State");
	ctl_text_pad(t, COL_AUTH);
	ctl_text_put(t, "Auth");
	ctl_text_right(t, COL_STRATUM, "St");
	ctl_text_right(t, COL_POLL, "Poll");
	ctl_text_right(t, COL_REACH, "Reach");
	ctl_text_right(t, COL_LAST, "Last");
	ctl_text_right(t, COL_OFFSET, "Offset");
	ctl_text_right(t, COL_BOUND, "Bound");
	ctl_text_right(t, COL_DELAY, "Delay");
	ctl_text_put(t, "\n");
	for (size_t i = 0; i < v->source_cnt; i++) {
		if (!v->sources[i].used)
			continue;
		put_row(t, v, &v->sources[i]);
		n++;
	}
	if (n == 0)
		ctl_text_put(t, "(none)\n");
}

static void
json_identity(struct ctl_json *j, const struct report_source *s)
{
	char buf[ADDR_TEXT_MAX];
	bool known = s->addr.family != ADDR_NONE;

	ctl_json_string(j, "name", s->name);
	ctl_json_string(j, "address", known ? addr_text(&s->addr, buf) : NULL);
	if (known)
		ctl_json_uint(j, "port", s->addr.port);
	else
		ctl_json_null(j, "port");
}

static void
json_trouble(struct ctl_json *j, const struct report_source *s, bool why)
{
	ctl_json_string(j, "stage",
	    s->stage == REPORT_STAGE_NONE ? NULL : report_stage_text(s->stage));
	ctl_json_string(j, "reason", why ? s->why : NULL);
}

static void
json_measured(struct ctl_json *j, const struct report_source *s)
{
	bool any = s->sample_cnt > 0;

	ctl_json_uint(j, "samples", s->sample_cnt);
	ctl_json_seconds(j, "offset_s", any ? s->offset_s : UNKNOWN);
	ctl_json_seconds(j, "sigma_s", any ? s->sigma_s : UNKNOWN);
	ctl_json_seconds(j, "bound_s", any ? s->bound_s : UNKNOWN);
	ctl_json_seconds(j, "last_offset_s", any ? s->last_offset_s : UNKNOWN);
	ctl_json_seconds(j, "delay_s", any ? s->delay_s : UNKNOWN);
	ctl_json_seconds(j, "jitter_s", any ? s->jitter_s : UNKNOWN);
	ctl_json_number(j, "frequency_ppm", any ? s->freq_sps * 1e6 : UNKNOWN);
	ctl_json_number(
	    j, "frequency_error_ppm", any ? s->freq_error_sps * 1e6 : UNKNOWN);
	ctl_json_seconds(j, "root_delay_s", any ? s->root_delay_s : UNKNOWN);
	ctl_json_seconds(
	    j, "root_dispersion_s", any ? s->root_dispersion_s : UNKNOWN);
}

static void
json_counters(struct ctl_json *j, const struct report_source *s)
{
	ctl_json_uint(j, "sent", s->tx_cnt);
	ctl_json_uint(j, "received", s->rx_cnt);
	ctl_json_uint(j, "good", s->good_cnt);
	ctl_json_uint(j, "bogus", s->bogus_cnt);
	ctl_json_uint(j, "authentication_failed", s->auth_bad_cnt);
	ctl_json_uint(j, "kiss_of_death", s->kod_cnt);
}

static void
json_stamp(struct ctl_json *j, const char *name, unsigned stamp)
{
	ctl_json_string(j, name,
	    stamp == REPORT_STAMP_NONE ? NULL : report_stamp_text(stamp));
}

static void
json_source(
    struct ctl_json *j, const struct ctl_view *v, const struct report_source *s)
{
	bool any = s->sample_cnt > 0;
	char buf[CTL_QTY_MAX];

	ctl_json_open(j, NULL, '{');
	json_identity(j, s);
	ctl_json_bool(j, "pool", s->pool);
	ctl_json_string(j, "auth", report_auth_text(s->auth));
	ctl_json_string(j, "state", report_select_text(s->select));
	json_trouble(j, s, true);
	if (any)
		ctl_json_uint(j, "stratum", s->stratum);
	else
		ctl_json_null(j, "stratum");
	ctl_json_string(j, "refid",
	    any ? ctl_text_refid(buf, s->ref_id, s->stratum) : NULL);
	ctl_json_string(j, "leap", any ? ctl_text_leap(s->leap) : NULL);
	ctl_json_number(j, "poll_s", ldexp(1, s->poll_log2s));
	ctl_json_uint(j, "reach", s->reach);
	ctl_render_json_age(
	    j, "last_rx_age_s", ctl_render_age_s(v, s->last_rx));
	ctl_json_bool(j, "interleaved", any && s->interleaved);
	json_stamp(j, "tx_stamp", s->tx_stamp);
	json_stamp(j, "rx_stamp", s->rx_stamp);
	json_measured(j, s);
	json_counters(j, s);
	ctl_json_close(j, '}');
}

void
ctl_render_sources_json(struct ctl_json *j, const struct ctl_view *v)
{
	ctl_json_open(j, "sources", '[');
	for (size_t i = 0; i < v->source_cnt; i++)
		if (v->sources[i].used)
			json_source(j, v, &v->sources[i]);
	ctl_json_close(j, ']');
}

static bool
uses_nts(const struct report_source *s)
{
	return s->used && s->auth == REPORT_AUTH_NTS;
}

static double
days_left(const struct ctl_view *v, int64_t not_after_s)
{
	if (not_after_s == 0)
		return UNKNOWN;
	return floor(
	    (double)(not_after_s - v->wall.ns / TSTAMP_NS_PER_S) / 86400);
}

static void
put_nts_row(
    struct ctl_text *t, const struct ctl_view *v, const struct report_source *s)
{
	double days = days_left(v, s->cert_not_after_s);
	char buf[CTL_QTY_MAX];

	put_name(t, s, COL_AEAD);
	ctl_text_put(t, s->aead ? ctl_text_aead(buf, s->aead) : "no keys yet");
	snprintf(buf, sizeof buf, "%u", s->cookie_cnt);
	ctl_text_right(t, COL_COOKIES, buf);
	snprintf(buf, sizeof buf, "%u", s->cookie_len);
	ctl_text_right(t, COL_LENGTH, s->cookie_len ? buf : "-");
	ctl_text_right(
	    t, COL_KE, ctl_text_age(buf, ctl_render_age_s(v, s->ke_at)));
	snprintf(buf, sizeof buf, "%u", s->ke_try_cnt);
	ctl_text_right(t, COL_TRIES, buf);
	snprintf(buf, sizeof buf, "%.0f days", days);
	ctl_text_right(t, COL_DAYS, isfinite(days) ? buf : "-");
	ctl_text_put(t, "\n");
	if (s->stage != REPORT_STAGE_NONE)
		put_why(t, s);
}

void
ctl_render_nts_text(struct ctl_text *t, const struct ctl_view *v)
{
	size_t n = 0;

	ctl_text_put(t, "Source");
	ctl_text_pad(t, COL_AEAD);
	ctl_text_put(t, "AEAD");
	ctl_text_right(t, COL_COOKIES, "Cookies");
	ctl_text_right(t, COL_LENGTH, "Len");
	ctl_text_right(t, COL_KE, "KE age");
	ctl_text_right(t, COL_TRIES, "Tries");
	ctl_text_right(t, COL_DAYS, "Cert ends");
	ctl_text_put(t, "\n");
	for (size_t i = 0; i < v->source_cnt; i++) {
		if (!uses_nts(&v->sources[i]))
			continue;
		put_nts_row(t, v, &v->sources[i]);
		n++;
	}
	if (n == 0)
		ctl_text_put(t, "(no source uses NTS)\n");
}

static void
json_certificate(
    struct ctl_json *j, const struct ctl_view *v, const struct report_source *s)
{
	if (s->cert_not_after_s == 0) {
		ctl_json_null(j, "certificate");
		return;
	}
	ctl_json_open(j, "certificate", '{');
	ctl_json_string(j, "subject", s->cert_subject);
	ctl_json_int(j, "not_after", s->cert_not_after_s);
	ctl_json_number(j, "days_left", days_left(v, s->cert_not_after_s));
	ctl_json_close(j, '}');
}

void
ctl_render_nts_json(struct ctl_json *j, const struct ctl_view *v)
{
	char buf[CTL_QTY_MAX];

	ctl_json_open(j, "sources", '[');
	for (size_t i = 0; i < v->source_cnt; i++) {
		const struct report_source *s = &v->sources[i];

		if (!uses_nts(s))
			continue;
		ctl_json_open(j, NULL, '{');
		json_identity(j, s);
		ctl_json_string(
		    j, "aead", s->aead ? ctl_text_aead(buf, s->aead) : NULL);
		ctl_json_uint(j, "cookies", s->cookie_cnt);
		ctl_json_uint(j, "cookie_length", s->cookie_len);
		ctl_render_json_age(
		    j, "key_exchange_age_s", ctl_render_age_s(v, s->ke_at));
		ctl_json_uint(j, "key_exchange_tries", s->ke_try_cnt);
		json_certificate(j, v, s);
		json_trouble(j, s, s->stage != REPORT_STAGE_NONE);
		ctl_json_close(j, '}');
	}
	ctl_json_close(j, ']');
}
