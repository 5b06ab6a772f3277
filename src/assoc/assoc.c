/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events of an association.  Each makes its change and then lets
 * assoc_run (plan.c) do what is due.  Kiss codes as RFC 8633 section 5.3
 * tells: obeyed only from whom we asked, and for authenticated associations
 * only when authentic.
 */
#include "assoc/assoc.h"

#include <stdlib.h>
#include <string.h>

#include "assoc_priv.h"
#include "base/wipe.h"
#include "ntp/poll.h"

#define DAY_NS   (86400 * TSTAMP_NS_PER_S)
#define DENY_MAX 3 /* kisses in a row that stop us */

static const char *const verdict_texts[ASSOC_VERDICT_CNT] = {
    [ASSOC_GOOD] = "good",
    [ASSOC_BAD_LENGTH] = "bad length",
    [ASSOC_BAD_MODE] = "not a server's answer",
    [ASSOC_BAD_ORIGIN] = "wrong origin timestamp",
    [ASSOC_BAD_FIELDS] = "bad extension fields",
    [ASSOC_DUPLICATE] = "duplicate",
    [ASSOC_LATE] = "late",
    [ASSOC_UNAUTH] = "not authenticated",
    [ASSOC_BAD_AUTH] = "wrong authentication",
    [ASSOC_KOD_RATE] = "kiss code: ask less often",
    [ASSOC_KOD_DENY] = "kiss code: access denied",
    [ASSOC_KOD_NTSN] = "kiss code: cookie not accepted",
    [ASSOC_KOD_OTHER] = "unknown kiss code",
    [ASSOC_UNSYNC] = "server not synchronised",
    [ASSOC_BAD_TIME] = "impossible timestamps",
    [ASSOC_BAD_CERT] = "time outside the certificate's validity",
    [ASSOC_BAD_DELAY] = "delay too long",
    [ASSOC_CLOCK_MOVED] = "our clock was set meanwhile",
    [ASSOC_NO_NEWS] = "interleaved, its sample comes with the next",
};

const char *
assoc_verdict_text(unsigned verdict)
{
	return verdict < ASSOC_VERDICT_CNT ? verdict_texts[verdict] : "unknown";
}

bool
assoc_addr_usable(const struct assoc *a, const struct addr *addr)
{
	return addr->family != ADDR_NONE && !addr_is_unspecified(addr) &&
	    !addr_is_multicast(addr) &&
	    (a->conf.local_ok || !addr_is_loopback(addr));
}

static bool
conf_ok(const struct assoc_conf *c, const struct assoc_tools *tools)
{
	switch (c->auth) {
	case ASSOC_AUTH_NONE:
		break;
	case ASSOC_AUTH_KEY:
		if (!tools->mac || crypto_mac_key_check(&c->key) < 0)
			return false;
		break;
	case ASSOC_AUTH_NTS:
		if (!tools->aeads || c->version != NTP_VERSION)
			return false;
		break;
	default:
		return false;
	}
	return c->version >= NTP_VERSION_MIN && c->version <= NTP_VERSION &&
	    c->minpoll_log2s <= c->maxpoll_log2s;
}

struct assoc *
assoc_new(const struct assoc_conf *conf, const struct assoc_tools *tools)
{
	struct assoc *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->conf = *conf;
	a->tools = *tools;
	if (a->conf.version == 0)
		a->conf.version = NTP_VERSION;
	if (a->conf.port == 0)
		a->conf.port = NTP_PORT;
	a->conf.ke_name[ASSOC_NAME_MAX - 1] = '\0';
	if (!conf_ok(&a->conf, tools)) {
		assoc_free(a);
		return NULL;
	}
	a->online = !conf->offline;
	a->plan.next.ns = ASSOC_FOREVER;
	a->plan.last.ns = ASSOC_NEVER;
	a->plan.poll_log2s = conf->minpoll_log2s;
	a->plan.spread = 1;
	a->ke.next.ns = ASSOC_NEVER;
	a->ke.at.ns = ASSOC_NEVER;
	a->address_next.ns = ASSOC_NEVER;
	a->last_rx.ns = ASSOC_NEVER;
	a->timer.ns = ASSOC_FOREVER;
	return a;
}

void
assoc_free(struct assoc *a)
{
	if (!a)
		return;
	wipe_bytes(a, sizeof *a);
	free(a);
}

static void
close_all(struct assoc *a, struct assoc_todo *todo)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++)
		assoc_exchange_close(a, i, todo);
}

void
assoc_address(struct assoc *a, const struct addr *addr, struct mono now,
    struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	if (!assoc_addr_usable(a, addr) || a->conf.auth == ASSOC_AUTH_NTS ||
	    addr_same_host(addr, &a->addr)) {
		assoc_run(a, now, todo);
		return;
	}
	close_all(a, todo);
	assoc_interleave_forget(a);
	a->addr = *addr;
	a->addr.port = a->conf.port;
	a->address_try_cnt = 0;
	a->reach = 0;
	a->unanswered_cnt = 0;
	a->deny_cnt = 0;
	a->refused = false;
	if (a->started)
		assoc_plan_begin(a, false, now);
	todo->what |= ASSOC_REPORT;
	assoc_run(a, now, todo);
}

void
assoc_start(struct assoc *a, struct dur phase, bool hurry, struct mono now,
    struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	a->started = true;
	if (a->jar.set_cnt > 0)
		a->ke.at = tstamp_mono_add(now, (struct dur){-a->ke.age.ns});
	assoc_plan_begin(a, hurry, tstamp_mono_add(now, phase));
	todo->what |= ASSOC_REPORT;
	assoc_run(a, now, todo);
}

void
assoc_online(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	if (!a->online && a->started) {
		assoc_plan_begin(a, false, now);
		/* What failed without a network need not fail with one. */
		a->ke.next = now;
		a->address_next = now;
	}
	a->online = true;
	todo->what |= ASSOC_REPORT;
	assoc_run(a, now, todo);
}

void
assoc_offline(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	a->online = false;
	close_all(a, todo);
	todo->what |= ASSOC_REPORT;
	assoc_run(a, now, todo);
}

void
assoc_burst(
    struct assoc *a, unsigned cnt, struct mono now, struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	if (a->started && cnt > 0) {
		a->plan.burst_left = cnt;
		a->plan.next = now;
	}
	assoc_run(a, now, todo);
}

void
assoc_timer(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	/* A timer that has fired is gone: tell the next one in any case. */
	a->timer.ns = ASSOC_FOREVER;
	assoc_run(a, now, todo);
}

void
assoc_send_failed(struct assoc *a, unsigned exchange, struct mono now,
    struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	if (exchange < ASSOC_EXCHANGES && a->exchanges[exchange].waiting) {
		a->counters.send_fail_cnt++;
		assoc_exchange_close(a, exchange, todo);
		a->stage = REPORT_STAGE_UDP;
		todo->what |= ASSOC_REPORT;
	}
	assoc_run(a, now, todo);
}

/* The server has answered, and it was the server. */
static void
heard(struct assoc *a, const struct ntp_packet *head, struct mono now)
{
	a->reach |= 1;
	a->unanswered_cnt = 0;
	a->address_try_cnt = 0;
	a->deny_cnt = 0;
	a->stage = REPORT_STAGE_NONE;
	a->last = *head;
	a->last_rx = now;
	assoc_plan_answered(a);
	assoc_keys_confirm(a, a->verdict == ASSOC_GOOD);
}

static void
denied(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	if (++a->deny_cnt < DENY_MAX)
		return;
	a->refused = true;
	close_all(a, todo);
	if (a->conf.pool)
		todo->what |= ASSOC_REPLACE;
	/* A name may move to a server that likes us better. */
	a->deny_cnt = 0;
	a->plan.next = tstamp_mono_add(now, (struct dur){DAY_NS});
}

static void
act_on(struct assoc *a, const struct ntp_packet *head, struct mono now,
    struct assoc_todo *todo)
{
	switch ((enum assoc_verdict)a->verdict) {
	case ASSOC_GOOD:
		a->last_offset_s = todo->sample.offset_s;
		a->last_delay_s = todo->sample.delay_s;
		heard(a, head, now);
		break;
	case ASSOC_BAD_CERT:
		/* Keys from a server that lies about the time. */
		a->ke.forced = true;
		a->stage = REPORT_STAGE_AUTH;
		break;
	case ASSOC_UNSYNC:
	case ASSOC_BAD_TIME:
	case ASSOC_BAD_DELAY:
	case ASSOC_CLOCK_MOVED:
	case ASSOC_NO_NEWS:
	case ASSOC_KOD_OTHER:
		heard(a, head, now);
		break;
	case ASSOC_KOD_RATE:
		a->unanswered_cnt = 0;
		assoc_plan_slow_down(a, now);
		break;
	case ASSOC_KOD_DENY:
		denied(a, now, todo);
		break;
	case ASSOC_UNAUTH:
	case ASSOC_BAD_AUTH:
	case ASSOC_KOD_NTSN:
		a->stage = REPORT_STAGE_AUTH;
		break;
	case ASSOC_BAD_LENGTH:
	case ASSOC_BAD_MODE:
	case ASSOC_BAD_ORIGIN:
	case ASSOC_BAD_FIELDS:
	case ASSOC_DUPLICATE:
	case ASSOC_LATE:
	case ASSOC_VERDICT_CNT:
	default:
		break;
	}
}

unsigned
assoc_received(
    struct assoc *a, const struct assoc_answer *answer, struct assoc_todo *todo)
{
	struct ntp_packet head;

	memset(todo, 0, sizeof *todo);
	a->counters.rx_cnt++;
	a->verdict = assoc_exchange_judge(a, answer, &head, todo);
	a->counters.verdict_cnt[a->verdict]++;
	act_on(a, &head, answer->rx_mono, todo);
	todo->what |= ASSOC_REPORT;
	assoc_run(a, answer->rx_mono, todo);
	return a->verdict;
}

void
assoc_poll(struct assoc *a, const struct discipline_poll *poll, struct mono now,
    struct assoc_todo *todo)
{
	memset(todo, 0, sizeof *todo);
	a->plan.want_s = poll->burst ? poll->interval_s : 0;
	a->plan.poll_log2s = poll->poll_log2;
	assoc_plan_anew(a);
	assoc_run(a, now, todo);
}

void
assoc_status(const struct assoc *a, struct assoc_status *out)
{
	memset(out, 0, sizeof *out);
	out->online = a->online;
	out->refused = a->refused;
	out->reach = a->reach;
	out->stage = a->stage;
	out->poll_log2s = (int8_t)assoc_plan_poll(a);
	out->stratum = a->last.stratum;
	out->leap = a->last.leap;
	out->ref_id = a->last.ref_id;
	out->root_delay_s = tstamp_short_to_s(a->last.root_delay);
	out->root_dispersion_s = tstamp_short_to_s(a->last.root_dispersion);
	out->addr = a->addr;
	out->last_rx = a->last_rx;
	out->last_offset_s = a->last_offset_s;
	out->last_delay_s = a->last_delay_s;
	if (a->jar.set_cnt > 0) {
		out->aead = a->jar.sets[0].aead;
		out->cookie_cnt = a->jar.cookie_cnt;
	}
	if (a->jar.cookie_cnt > 0)
		out->cookie_len = a->jar.cookies[a->jar.cookie_idx].len;
	out->ke_try_cnt = a->ke.try_cnt;
	out->ke_at = a->ke.at;
	out->cert_not_after_s = a->ke.not_after_s;
	out->verdict = a->verdict;
	out->counters = a->counters;
}
