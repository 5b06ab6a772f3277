/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Showing what query found.  Everything that came over the network passes
 * the escape of the text or the JSON writer.
 */
#include "cli/result.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ctl/json.h"

#define UNKNOWN ((double)NAN)
#define DAY_S   86400
#define LABEL   14 /* column at which facts stand */

static void
escape(struct ctl_text *t, const char *s)
{
	ctl_text_escape(t, s, strlen(s));
}

static int64_t
days_left(const struct cli_result_cert *c, int64_t now_s)
{
	int64_t left = c->not_after_s - now_s;

	return left >= 0 ? left / DAY_S : -((DAY_S - 1 - left) / DAY_S);
}

static void
label(struct ctl_text *t, const char *word)
{
	ctl_text_put(t, "  ");
	ctl_text_put(t, word);
	ctl_text_pad(t, LABEL);
}

/* What could not be refused: a server may answer and still be of no use. */
static void
put_time(struct ctl_text *t, const struct cli_result *r)
{
	char a[CTL_QTY_MAX], b[CTL_QTY_MAX];

	if (!isfinite(r->offset_s))
		return;
	label(t, "Offset");
	ctl_text_put(t, ctl_text_offset(a, r->offset_s));
	if (isfinite(r->bound_s))
		ctl_text_printf(t, " +- %s", ctl_text_seconds(b, r->bound_s));
	ctl_text_printf(t, " (this clock is %s)\n",
	    fabs(r->offset_s) <= r->bound_s ? "right within that bound"
		: r->offset_s > 0           ? "slow"
					    : "fast");
	label(t, "Delay");
	ctl_text_printf(t, "%s, %u of %u answered%s\n",
	    ctl_text_seconds(a, r->delay_s), r->good_cnt, r->sent_cnt,
	    r->kernel_stamps ? ", stamped by the kernel" : "");
}

static void
put_server(struct ctl_text *t, const struct cli_result *r)
{
	char buf[CTL_QTY_MAX];

	if (!r->heard)
		return;
	label(t, "Server");
	ctl_text_printf(t, "stratum %u, reference %s, leap %s\n", r->stratum,
	    ctl_text_refid(buf, r->ref_id, r->stratum), ctl_text_leap(r->leap));
}

static void
put_nts(struct ctl_text *t, const struct cli_result *r)
{
	char buf[CTL_QTY_MAX];

	if (r->authenticated || r->aead != 0) {
		label(t, "NTS");
		ctl_text_printf(t, "%s, %s, %u cookies in stock\n",
		    r->authenticated ? "authenticated" : "keys agreed",
		    ctl_text_aead(buf, r->aead), r->cookie_cnt);
	} else if (r->heard || r->no_nts[0]) {
		label(t, "NTS");
		ctl_text_put(t, "none");
		if (r->heard)
			ctl_text_put(t, ", this time is NOT AUTHENTICATED");
		if (r->no_nts[0]) {
			ctl_text_put(t, ":\n");
			ctl_text_pad(t, LABEL);
			escape(t, r->no_nts);
		}
		ctl_text_put(t, "\n");
	}
}

static void
put_tls(struct ctl_text *t, const struct cli_result_tls *tls)
{
	if (!tls->cipher[0])
		return;
	label(t, "TLS");
	ctl_text_printf(t, "%s, %s\n",
	    tls->group[0] ? tls->group : "unknown group", tls->cipher);
}

static void
put_certificate(
    struct ctl_text *t, const struct cli_result_cert *c, int64_t now_s)
{
	char date[CTL_DATE_MAX];
	int64_t days = days_left(c, now_s);

	if (!c->known)
		return;
	label(t, "Certificate");
	ctl_text_put(t, c->subject);
	if (days >= 0)
		ctl_text_printf(t, ", %" PRId64 " days left", days);
	else
		ctl_text_put(t, ", expired");
	ctl_text_printf(t, " (%s UTC)\n", ctl_text_date(date, c->not_after_s));
}

static void
put_failure(struct ctl_text *t, const struct cli_result *r)
{
	if (!r->error[0])
		return;
	label(t, "Failed");
	if (r->stage != REPORT_STAGE_NONE)
		ctl_text_printf(t, "at %s: ", report_stage_text(r->stage));
	escape(t, r->error);
	ctl_text_put(t, "\n");
}

static void
put_result(struct ctl_text *t, const struct cli_result *r, int64_t now_s)
{
	char buf[ADDR_TEXT_MAX];

	escape(t, r->name);
	addr_text(&r->addr, buf);
	if (r->addr.family != ADDR_NONE && strcmp(buf, r->name) != 0)
		ctl_text_printf(t, " (%s)", buf);
	ctl_text_put(t, "\n");
	put_time(t, r);
	put_server(t, r);
	put_nts(t, r);
	put_tls(t, &r->tls);
	put_certificate(t, &r->cert, now_s);
	put_failure(t, r);
}

/* Which two servers cannot both be right. */
static void
put_quarrel(struct ctl_text *t, const struct cli_result_agreed *a,
    const struct cli_result *r)
{
	char buf[CTL_QTY_MAX];

	ctl_text_put(t, "The servers do not agree: by ");
	escape(t, r[a->earliest_of].name);
	ctl_text_printf(t, " the offset is at least %s, by ",
	    ctl_text_offset(buf, a->earliest_s));
	escape(t, r[a->latest_of].name);
	ctl_text_printf(t, " at most %s.\n", ctl_text_offset(buf, a->latest_s));
}

static void
put_summary(struct ctl_text *t, const struct cli_result *r, size_t cnt)
{
	char x[CTL_QTY_MAX], y[CTL_QTY_MAX];
	struct cli_result_agreed a;
	unsigned sure = 0;

	cli_result_agree(&a, r, cnt);
	for (size_t i = 0; i < cnt; i++)
		sure += isfinite(r[i].bound_s) && r[i].authenticated;
	ctl_text_put(t, "\n");
	if (a.cnt == 0) {
		ctl_text_put(t, "No server gave the time.\n");
		return;
	}
	if (!a.agreed) {
		put_quarrel(t, &a, r);
		return;
	}
	if (a.cnt > 1)
		ctl_text_printf(t,
		    "%u servers agree, %u of them authenticated:\ntrue", a.cnt,
		    sure);
	else
		ctl_text_put(t, "True");
	ctl_text_printf(t, " time minus this clock is between %s and %s.\n",
	    ctl_text_offset(x, a.earliest_s), ctl_text_offset(y, a.latest_s));
}

static void
json_certificate(
    struct ctl_json *j, const struct cli_result_cert *c, int64_t now_s)
{
	if (!c->known) {
		ctl_json_null(j, "certificate");
		return;
	}
	ctl_json_open(j, "certificate", '{');
	ctl_json_string(j, "subject", c->subject);
	ctl_json_int(j, "not_after", c->not_after_s);
	ctl_json_int(j, "days_left", days_left(c, now_s));
	ctl_json_close(j, '}');
}

static void
json_heard(struct ctl_json *j, const struct cli_result *r)
{
	char buf[CTL_QTY_MAX];

	if (!r->heard) {
		ctl_json_null(j, "stratum");
		ctl_json_null(j, "refid");
		ctl_json_null(j, "leap");
		return;
	}
	ctl_json_uint(j, "stratum", r->stratum);
	ctl_json_string(j, "refid", ctl_text_refid(buf, r->ref_id, r->stratum));
	ctl_json_string(j, "leap", ctl_text_leap(r->leap));
}

static void
json_nts(struct ctl_json *j, const struct cli_result *r)
{
	char buf[CTL_QTY_MAX];

	if (r->aead == 0) {
		ctl_json_null(j, "aead");
		ctl_json_null(j, "cookies");
		return;
	}
	ctl_json_string(j, "aead", ctl_text_aead(buf, r->aead));
	ctl_json_uint(j, "cookies", r->cookie_cnt);
}

static void
json_result(struct ctl_json *j, const struct cli_result *r, int64_t now_s)
{
	char buf[ADDR_TEXT_MAX];

	ctl_json_open(j, NULL, '{');
	ctl_json_string(j, "name", r->name);
	ctl_json_string(j, "address",
	    r->addr.family == ADDR_NONE ? NULL : addr_text(&r->addr, buf));
	ctl_json_bool(j, "authenticated", r->authenticated);
	ctl_json_seconds(j, "offset_s", r->offset_s);
	ctl_json_seconds(j, "delay_s", r->delay_s);
	ctl_json_seconds(j, "bound_s", r->bound_s);
	json_heard(j, r);
	json_nts(j, r);
	ctl_json_string(j, "tls_group", r->tls.group);
	ctl_json_string(j, "tls_cipher", r->tls.cipher);
	json_certificate(j, &r->cert, now_s);
	ctl_json_string(j, "stage",
	    r->stage == REPORT_STAGE_NONE ? NULL : report_stage_text(r->stage));
	ctl_json_string(j, "error", r->error);
	ctl_json_close(j, '}');
}

void
cli_result_agree(
    struct cli_result_agreed *a, const struct cli_result *r, size_t cnt)
{
	*a = (struct cli_result_agreed){
	    .earliest_s = -(double)INFINITY, .latest_s = (double)INFINITY};
	for (size_t i = 0; i < cnt; i++) {
		if (!isfinite(r[i].bound_s) || !isfinite(r[i].offset_s))
			continue;
		a->cnt++;
		if (r[i].offset_s - r[i].bound_s > a->earliest_s) {
			a->earliest_s = r[i].offset_s - r[i].bound_s;
			a->earliest_of = i;
		}
		if (r[i].offset_s + r[i].bound_s < a->latest_s) {
			a->latest_s = r[i].offset_s + r[i].bound_s;
			a->latest_of = i;
		}
	}
	a->agreed = a->cnt > 0 && a->earliest_s <= a->latest_s;
}

void
cli_result_text(
    struct ctl_text *t, const struct cli_result *r, size_t cnt, int64_t now_s)
{
	for (size_t i = 0; i < cnt; i++)
		put_result(t, &r[i], now_s);
	put_summary(t, r, cnt);
}

void
cli_result_json(
    struct ctl_text *t, const struct cli_result *r, size_t cnt, int64_t now_s)
{
	struct cli_result_agreed a;
	struct ctl_json j;

	cli_result_agree(&a, r, cnt);
	ctl_json_init(&j, t);
	ctl_json_open(&j, NULL, '{');
	ctl_json_open(&j, "servers", '[');
	for (size_t i = 0; i < cnt; i++)
		json_result(&j, &r[i], now_s);
	ctl_json_close(&j, ']');
	if (a.agreed) {
		ctl_json_open(&j, "agreed", '{');
		ctl_json_seconds(&j, "earliest_s", a.earliest_s);
		ctl_json_seconds(&j, "latest_s", a.latest_s);
		ctl_json_close(&j, '}');
	} else {
		ctl_json_null(&j, "agreed");
	}
	ctl_json_close(&j, '}');
}
