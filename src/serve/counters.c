/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the server counted: by verdict, and as the report that ctl renders.
 */
#include "serve_priv.h"

static const char *const verdict_texts[SERVE_VERDICT_CNT] = {
    [SERVE_ANSWERED] = "answered",
    [SERVE_ANSWERED_MAC] = "answered with mac",
    [SERVE_ANSWERED_NTS] = "answered with nts",
    [SERVE_NAK] = "nts nak",
    [SERVE_RATE] = "told to ask less often",
    [SERVE_DROP_SHORT] = "short",
    [SERVE_DROP_LENGTH] = "bad length",
    [SERVE_DROP_VERSION] = "bad version",
    [SERVE_DROP_MODE] = "not a request",
    [SERVE_DROP_SOURCE] = "bad source address",
    [SERVE_DROP_DENIED] = "denied",
    [SERVE_DROP_FIELDS] = "bad extension fields",
    [SERVE_DROP_KEY] = "unknown key",
    [SERVE_DROP_MAC] = "bad mac",
    [SERVE_DROP_NTS] = "bad nts fields",
    [SERVE_DROP_NTS_OFF] = "nts not served",
    [SERVE_DROP_STAMP] = "bad receive time",
    [SERVE_DROP_LIMITED] = "rate limited",
    [SERVE_DROP_SHED] = "overload",
    [SERVE_DROP_ROOM] = "no room for the answer",
};

const struct serve_counters *
serve_counters_get(const struct serve *s)
{
	return &s->counters;
}

void
serve_report(const struct serve *s, struct report_serve *r)
{
	const uint64_t *v = s->counters.verdict_cnt;

	r->rx_cnt = 0;
	for (unsigned i = 0; i < SERVE_VERDICT_CNT; i++)
		r->rx_cnt += v[i];
	for (unsigned i = 0; i < 8; i++)
		r->by_version[i] = s->counters.version_cnt[i];
	r->rx_bytes = s->counters.rx_bytes;
	r->tx_cnt = v[SERVE_ANSWERED] + v[SERVE_ANSWERED_MAC] +
	    v[SERVE_ANSWERED_NTS] + v[SERVE_NAK] + v[SERVE_RATE];
	r->tx_bytes = s->counters.tx_bytes;
	r->ntp_cnt = v[SERVE_ANSWERED];
	r->mac_cnt = v[SERVE_ANSWERED_MAC];
	r->nts_cnt = v[SERVE_ANSWERED_NTS];
	r->nak_cnt = v[SERVE_NAK];
	r->interleaved_cnt = s->counters.interleaved_cnt;
	r->early_cnt = s->counters.early_cnt;
	for (unsigned i = 0; i < REPORT_LATENCY_CNT; i++)
		r->latency_cnt[i] = s->counters.latency_cnt[i];
	r->denied_cnt = v[SERVE_DROP_DENIED];
	r->malformed_cnt = v[SERVE_DROP_SHORT] + v[SERVE_DROP_LENGTH] +
	    v[SERVE_DROP_VERSION] + v[SERVE_DROP_FIELDS] + v[SERVE_DROP_NTS] +
	    v[SERVE_DROP_STAMP] + v[SERVE_DROP_ROOM];
	r->mode_cnt = v[SERVE_DROP_MODE] + v[SERVE_DROP_SOURCE];
	r->auth_bad_cnt =
	    v[SERVE_DROP_KEY] + v[SERVE_DROP_MAC] + v[SERVE_DROP_NTS_OFF];
	r->limited_cnt = v[SERVE_DROP_LIMITED];
	r->shed_cnt = v[SERVE_DROP_SHED];
}

const char *
serve_verdict_text(unsigned verdict)
{
	return verdict < SERVE_VERDICT_CNT ? verdict_texts[verdict] : "unknown";
}
