/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answer about clients: who asks this server, those who ask most first.
 * Numbers are sums of what workers sampled, so they are estimates.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "render_priv.h"

#define COL_ASK      34
#define COL_DROP     43
#define COL_NTS      50
#define COL_KE       57
#define COL_INTERVAL 67
#define COL_LAST     77

/* Seconds between its requests on average, UNKNOWN when there was one. */
static double
interval_s(const struct report_seen *c)
{
	if (c->sum.ask_cnt < 2)
		return UNKNOWN;
	return tstamp_dur_to_s(tstamp_mono_diff(c->last, c->first)) /
	    (double)(c->sum.ask_cnt - 1);
}

static double
nts_share(const struct report_seen *c)
{
	if (c->sum.ask_cnt == 0)
		return UNKNOWN;
	return (double)c->sum.nts_cnt / (double)c->sum.ask_cnt;
}

static size_t
shown(const struct ctl_view *v)
{
	return v->client_cnt < CTL_CLIENTS_MAX ? v->client_cnt
					       : CTL_CLIENTS_MAX;
}

static void
put_number(struct ctl_text *t, size_t col, uint64_t n)
{
	char buf[CTL_QTY_MAX];

	snprintf(buf, sizeof buf, "%" PRIu64, n);
	ctl_text_right(t, col, buf);
}

static void
put_client(
    struct ctl_text *t, const struct ctl_view *v, const struct report_seen *c)
{
	char host[ADDR_TEXT_MAX], buf[CTL_QTY_MAX];
	double share = nts_share(c);

	ctl_text_put(t, addr_text(&c->sum.addr, host));
	if (c->sum.addr.family == ADDR_V6)
		ctl_text_put(t, "/64");
	put_number(t, COL_ASK, c->sum.ask_cnt);
	put_number(t, COL_DROP, c->sum.drop_cnt);
	snprintf(buf, sizeof buf, "%.0f%%", 100 * share);
	ctl_text_right(t, COL_NTS, isfinite(share) ? buf : "-");
	put_number(t, COL_KE, c->sum.ke_cnt);
	ctl_text_right(t, COL_INTERVAL, ctl_text_seconds(buf, interval_s(c)));
	ctl_text_right(
	    t, COL_LAST, ctl_text_age(buf, ctl_render_age_s(v, c->last)));
	ctl_text_put(t, "\n");
}

void
ctl_render_clients_text(struct ctl_text *t, const struct ctl_view *v)
{
	if (!v->clients_kept) {
		ctl_text_put(
		    t, "Who asks is not recorded: noclientlog says so.\n");
		return;
	}
	ctl_text_put(t, "Client");
	ctl_text_right(t, COL_ASK, "NTP");
	ctl_text_right(t, COL_DROP, "Dropped");
	ctl_text_right(t, COL_NTS, "NTS");
	ctl_text_right(t, COL_KE, "KE");
	ctl_text_right(t, COL_INTERVAL, "Interval");
	ctl_text_right(t, COL_LAST, "Last");
	ctl_text_put(t, "\n");
	for (size_t i = 0; i < shown(v); i++)
		put_client(t, v, v->clients[i]);
	if (v->client_cnt > shown(v))
		ctl_text_printf(t, "and %zu more\n", v->client_cnt - shown(v));
}

static void
json_client(
    struct ctl_json *j, const struct ctl_view *v, const struct report_seen *c)
{
	char host[ADDR_TEXT_MAX];

	ctl_json_open(j, NULL, '{');
	ctl_json_string(j, "address", addr_text(&c->sum.addr, host));
	ctl_json_int(j, "bits", c->sum.addr.family == ADDR_V6 ? 64 : 32);
	ctl_json_uint(j, "requests", c->sum.ask_cnt);
	ctl_json_uint(j, "dropped", c->sum.drop_cnt);
	ctl_json_uint(j, "answered_nts", c->sum.nts_cnt);
	ctl_json_uint(j, "key_exchanges", c->sum.ke_cnt);
	ctl_json_number(j, "interval_s", interval_s(c));
	ctl_json_number(j, "last_age_s", ctl_render_age_s(v, c->last));
	ctl_json_close(j, '}');
}

void
ctl_render_clients_json(struct ctl_json *j, const struct ctl_view *v)
{
	ctl_json_bool(j, "recorded", v->clients_kept);
	ctl_json_uint(j, "known", v->client_cnt);
	ctl_json_open(j, "clients", '[');
	for (size_t i = 0; v->clients_kept && i < shown(v); i++)
		json_client(j, v, v->clients[i]);
	ctl_json_close(j, ']');
}
