/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answer about serving: requests over all serve workers, key exchanges
 * over all ke workers, each by what became of it.
 */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/role.h"
#include "render_priv.h"

/* One counter: where it is, its words and its name in JSON. */
struct counter {
	size_t at;
	const char *label;
	const char *key;
};

#define RX_STAMP(by) offsetof(struct report_serve, rx_stamp_cnt[by])
#define TX_STAMP(by) offsetof(struct report_serve, tx_stamp_cnt[by])

static const struct counter answer_counters[] = {
    {offsetof(struct report_serve, rx_cnt), "Requests", "requests"},
    {offsetof(struct report_serve, rx_bytes), "  bytes", "request_bytes"},
    {RX_STAMP(REPORT_STAMP_HARDWARE), "  stamped by hardware",
	"request_stamps_hardware"},
    {RX_STAMP(REPORT_STAMP_KERNEL), "  stamped by kernel",
	"request_stamps_kernel"},
    {RX_STAMP(REPORT_STAMP_DAEMON), "  stamped by daemon",
	"request_stamps_daemon"},
    {offsetof(struct report_serve, tx_cnt), "Answers", "answers"},
    {offsetof(struct report_serve, tx_bytes), "  bytes", "answer_bytes"},
    {TX_STAMP(REPORT_STAMP_HARDWARE), "  stamped by hardware",
	"answer_stamps_hardware"},
    {TX_STAMP(REPORT_STAMP_KERNEL), "  stamped by kernel",
	"answer_stamps_kernel"},
    {offsetof(struct report_serve, ntp_cnt), "  unauthenticated",
	"answered_ntp"},
    {offsetof(struct report_serve, mac_cnt), "  symmetric key", "answered_key"},
    {offsetof(struct report_serve, nts_cnt), "  NTS", "answered_nts"},
    {offsetof(struct report_serve, nak_cnt), "  NTS NAK", "answered_nak"},
    {offsetof(struct report_serve, interleaved_cnt), "  interleaved",
	"answered_interleaved"},
    {offsetof(struct report_serve, early_cnt), "  stamped too late",
	"answered_early"},
};

static const struct counter drop_counters[] = {
    {offsetof(struct report_serve, denied_cnt), "Dropped: denied",
	"dropped_denied"},
    {offsetof(struct report_serve, malformed_cnt), "  malformed",
	"dropped_malformed"},
    {offsetof(struct report_serve, mode_cnt), "  not a client's",
	"dropped_mode"},
    {offsetof(struct report_serve, auth_bad_cnt), "  not authentic",
	"dropped_authentication"},
    {offsetof(struct report_serve, limited_cnt), "  rate limited",
	"dropped_rate"},
    {offsetof(struct report_serve, shed_cnt), "  overload", "dropped_overload"},
    {offsetof(struct report_serve, missed_cnt), "  queue full",
	"dropped_queue"},
    {offsetof(struct report_serve, send_fail_cnt), "  not sent",
	"dropped_send"},
};

#define KE(field) offsetof(struct report_ke, field)

static const struct counter ke_counters[] = {
    {KE(accept_cnt), "Key exchanges begun", "accepted"},
    {KE(done_cnt), "  finished", "done"},
    {KE(no_agreement_cnt), "  no agreement", "no_agreement"},
    {KE(bad_request_cnt), "  bad request", "bad_request"},
    {KE(tls_fail_cnt), "  TLS failed", "tls_failed"},
    {KE(tls_lost_cnt), "    connection lost", "tls_lost"},
    {KE(tls_version_cnt), "    no TLS 1.3", "tls_version"},
    {KE(tls_alpn_cnt), "    no ntske/1", "tls_alpn"},
    {KE(timeout_cnt), "  timed out", "timed_out"},
    {KE(late_cnt[REPORT_KE_SILENT]), "    silent", "timed_out_silent"},
    {KE(late_cnt[REPORT_KE_HANDSHAKE]), "    in the handshake",
	"timed_out_handshake"},
    {KE(late_cnt[REPORT_KE_REQUEST]), "    in the request",
	"timed_out_request"},
    {KE(late_cnt[REPORT_KE_ANSWER]), "    in the answer", "timed_out_answer"},
    {KE(evicted_cnt), "  made room", "evicted"},
    {KE(refused_cnt), "  refused", "refused"},
    {KE(denied_cnt), "    denied", "refused_denied"},
    {KE(limited_cnt), "    rate limited", "refused_rate"},
    {KE(internal_cnt), "  fault of ours", "internal"},
    {KE(pause_cnt), "  pauses", "pauses"},
};

#define ANSWER_CNT (sizeof answer_counters / sizeof *answer_counters)
#define DROP_CNT   (sizeof drop_counters / sizeof *drop_counters)
#define KE_CNT     (sizeof ke_counters / sizeof *ke_counters)

/* Sum of one counter over cnt structs of a size. */
static uint64_t
sum(const void *first, size_t size, size_t cnt, size_t at)
{
	const unsigned char *p = first;
	uint64_t total = 0, one;

	for (size_t i = 0; i < cnt; i++) {
		memcpy(&one, p + i * size + at, sizeof one);
		total += one;
	}
	return total;
}

static uint64_t
serve_sum(const struct ctl_view *v, size_t at)
{
	return sum(v->serves, sizeof *v->serves, v->serve_cnt, at);
}

static uint64_t
latency_sum(const struct ctl_view *v, size_t idx)
{
	return serve_sum(v,
	    offsetof(struct report_serve, latency_cnt) +
		idx * sizeof(uint64_t));
}

/* What the answers of a place took less than; the last has no such bound. */
static double
latency_s(size_t idx)
{
	return ldexp(1e-9, (int)idx + REPORT_LATENCY_LOG2NS);
}

static uint64_t
ke_sum(const struct ctl_view *v, size_t at)
{
	return sum(v->kes, sizeof *v->kes, v->ke_cnt, at);
}

/* How many workers there are, and of these are up. */
static size_t
workers(const struct ctl_view *v, enum role role, size_t *up)
{
	size_t cnt = 0;

	*up = 0;
	for (size_t i = 0; i < v->role_cnt; i++) {
		cnt += v->roles[i].role == role;
		*up += v->roles[i].role == role && v->roles[i].up;
	}
	return cnt;
}

static uint64_t
ke_open(const struct ctl_view *v)
{
	uint64_t open = 0;

	for (size_t i = 0; i < v->ke_cnt; i++)
		open += v->kes[i].open_cnt;
	return open;
}

/* The certificate that expires first, or NULL. */
static const struct report_ke *
first_to_expire(const struct ctl_view *v)
{
	const struct report_ke *best = NULL;

	for (size_t i = 0; i < v->ke_cnt; i++) {
		const struct report_ke *k = &v->kes[i];

		if (k->cert_not_after_s != 0 &&
		    (!best || k->cert_not_after_s < best->cert_not_after_s))
			best = k;
	}
	return best;
}

static void
put_count(struct ctl_text *t, const char *label, uint64_t n)
{
	ctl_render_label(t, label);
	ctl_text_printf(t, "%12" PRIu64 "\n", n);
}

static void
put_served(struct ctl_text *t, const struct ctl_view *v,
    const struct counter *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		put_count(t, list[i].label, serve_sum(v, list[i].at));
}

/* Only where something is. */
static void
put_latency(struct ctl_text *t, const struct ctl_view *v)
{
	char label[CTL_QTY_MAX + 16], qty[CTL_QTY_MAX];
	uint64_t cnt;

	for (size_t i = 0; i < REPORT_LATENCY_CNT; i++) {
		bool last = i + 1 == REPORT_LATENCY_CNT;

		cnt = latency_sum(v, i);
		if (cnt == 0)
			continue;
		snprintf(label, sizeof label, "  %s %s",
		    last ? "over" : "within",
		    ctl_text_seconds(qty, latency_s(last ? i - 1 : i)));
		put_count(t, label, cnt);
	}
}

/* The age of the cookie keys of whoever had to wait longest for them. */
static double
ring_age_s(const struct ctl_view *v)
{
	double age = -1;

	for (size_t i = 0; i < v->ke_cnt; i++)
		if (v->kes[i].ring_cnt > 0)
			age = fmax(age, ctl_render_age_s(v, v->kes[i].ring_at));
	return age;
}

static void
put_ring(struct ctl_text *t, const struct ctl_view *v)
{
	double age_s = ring_age_s(v);
	char buf[CTL_QTY_MAX];

	if (age_s < 0)
		return;
	ctl_render_label(t, "Cookie keys");
	ctl_text_printf(t, "%s old\n", ctl_text_age(buf, age_s));
}

static void
put_certificate(struct ctl_text *t, const struct ctl_view *v)
{
	const struct report_ke *k = first_to_expire(v);
	char date[CTL_DATE_MAX];

	if (!k)
		return;
	ctl_render_label(t, "Certificate");
	ctl_render_outside(t, k->cert_subject, sizeof k->cert_subject);
	ctl_text_printf(t, ", valid until %s UTC\n",
	    ctl_text_date(date, k->cert_not_after_s));
}

void
ctl_render_server_text(struct ctl_text *t, const struct ctl_view *v)
{
	size_t serve_up, ke_up;
	size_t serve_cnt = workers(v, ROLE_SERVE, &serve_up);
	size_t ke_cnt = workers(v, ROLE_KE, &ke_up);

	if (serve_cnt == 0 && ke_cnt == 0) {
		ctl_text_put(t,
		    "This daemon serves no time: its "
		    "configuration has no allow directive.\n");
		return;
	}
	put_count(t, "Workers", serve_up);
	put_served(t, v, answer_counters, ANSWER_CNT);
	put_latency(t, v);
	put_served(t, v, drop_counters, DROP_CNT);
	if (ke_cnt == 0) {
		ctl_render_label(t, "Key exchanges");
		ctl_text_put(t, "not served\n");
		return;
	}
	for (size_t i = 0; i < KE_CNT; i++)
		put_count(
		    t, ke_counters[i].label, ke_sum(v, ke_counters[i].at));
	put_count(t, "  open now", ke_open(v));
	put_ring(t, v);
	put_certificate(t, v);
}

static void
json_served(struct ctl_json *j, const struct ctl_view *v,
    const struct counter *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		ctl_json_uint(j, list[i].key, serve_sum(v, list[i].at));
}

static void
json_versions(struct ctl_json *j, const struct ctl_view *v)
{
	static const char *const keys[] = {
	    "0", "1", "2", "3", "4", "5", "6", "7"};

	ctl_json_open(j, "requests_by_version", '{');
	for (size_t i = 1; i < 5; i++)
		ctl_json_uint(j, keys[i],
		    serve_sum(v,
			offsetof(struct report_serve, by_version) +
			    i * sizeof(uint64_t)));
	ctl_json_close(j, '}');
}

static void
json_latency(struct ctl_json *j, const struct ctl_view *v)
{
	ctl_json_open(j, "latency", '[');
	for (size_t i = 0; i < REPORT_LATENCY_CNT; i++) {
		ctl_json_open(j, NULL, '{');
		if (i + 1 < REPORT_LATENCY_CNT)
			ctl_json_seconds(j, "below_s", latency_s(i));
		else
			ctl_json_null(j, "below_s");
		ctl_json_uint(j, "answers", latency_sum(v, i));
		ctl_json_close(j, '}');
	}
	ctl_json_close(j, ']');
}

static void
json_ke(struct ctl_json *j, const struct ctl_view *v)
{
	const struct report_ke *k = first_to_expire(v);
	size_t up;

	workers(v, ROLE_KE, &up);
	ctl_json_open(j, "key_exchange", '{');
	ctl_json_uint(j, "workers", up);
	for (size_t i = 0; i < KE_CNT; i++)
		ctl_json_uint(
		    j, ke_counters[i].key, ke_sum(v, ke_counters[i].at));
	ctl_json_uint(j, "open", ke_open(v));
	ctl_render_json_age(j, "cookie_keys_age_s", ring_age_s(v));
	ctl_json_string(j, "certificate_subject", k ? k->cert_subject : NULL);
	if (k)
		ctl_json_int(j, "certificate_not_after", k->cert_not_after_s);
	else
		ctl_json_null(j, "certificate_not_after");
	ctl_json_close(j, '}');
}

void
ctl_render_server_json(struct ctl_json *j, const struct ctl_view *v)
{
	size_t up;

	workers(v, ROLE_SERVE, &up);
	ctl_json_uint(j, "workers", up);
	json_served(j, v, answer_counters, ANSWER_CNT);
	json_served(j, v, drop_counters, DROP_CNT);
	json_versions(j, v);
	json_latency(j, v);
	json_ke(j, v);
}
