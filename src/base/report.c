/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the reports; they are interface, used in text and JSON.  And
 * sums of what workers count.
 */
#include "base/report.h"

#include <stddef.h>
#include <string.h>

static const char *const selects[REPORT_SELECT_CNT] = {
    [REPORT_SELECTED] = "selected",
    [REPORT_COMBINED] = "combined",
    [REPORT_ACCEPTED] = "accepted",
    [REPORT_NOSELECT] = "noselect",
    [REPORT_WAITING] = "waiting",
    [REPORT_FALSETICKER] = "falseticker",
    [REPORT_NO_MAJORITY] = "no-majority",
    [REPORT_UNSUITABLE] = "unsuitable",
    [REPORT_UNTRUSTED] = "untrusted",
    [REPORT_UNREACHABLE] = "unreachable",
    [REPORT_OFFLINE] = "offline",
};

static const char *const stages[REPORT_STAGE_CNT] = {
    [REPORT_STAGE_NONE] = "none",
    [REPORT_STAGE_NAME] = "name",
    [REPORT_STAGE_TCP] = "tcp",
    [REPORT_STAGE_TLS] = "tls",
    [REPORT_STAGE_ALPN] = "alpn",
    [REPORT_STAGE_NEGOTIATION] = "negotiation",
    [REPORT_STAGE_UDP] = "udp",
    [REPORT_STAGE_AUTH] = "authentication",
};

/* Counters lie side by side, from one offset to another. */
static void
add(void *sum, const void *r, size_t from, size_t to)
{
	unsigned char *into = sum;
	const unsigned char *of = r;
	uint64_t a, b;

	for (size_t at = from; at < to; at += sizeof a) {
		memcpy(&a, into + at, sizeof a);
		memcpy(&b, of + at, sizeof b);
		a += b;
		memcpy(into + at, &a, sizeof a);
	}
}

void
report_serve_add(struct report_serve *sum, const struct report_serve *r)
{
	add(sum, r, offsetof(struct report_serve, rx_cnt), sizeof *r);
}

void
report_ke_add(struct report_ke *sum, const struct report_ke *r)
{
	add(sum, r, offsetof(struct report_ke, accept_cnt),
	    offsetof(struct report_ke, open_cnt));
}

const char *
report_select_text(unsigned select)
{
	return select < REPORT_SELECT_CNT ? selects[select] : "unknown";
}

const char *
report_stage_text(unsigned stage)
{
	return stage < REPORT_STAGE_CNT ? stages[stage] : "unknown";
}

const char *
report_auth_text(unsigned auth)
{
	switch (auth) {
	case REPORT_AUTH_NONE:
		return "none";
	case REPORT_AUTH_KEY:
		return "key";
	case REPORT_AUTH_NTS:
		return "nts";
	default:
		return "unknown";
	}
}

const char *
report_stamp_text(unsigned stamp)
{
	switch (stamp) {
	case REPORT_STAMP_NONE:
		return "none";
	case REPORT_STAMP_DAEMON:
		return "daemon";
	case REPORT_STAMP_KERNEL:
		return "kernel";
	case REPORT_STAMP_HARDWARE:
		return "hardware";
	default:
		return "unknown";
	}
}
