/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When an association asks.  The interval is discipline's within minpoll and
 * maxpoll, varied by 3 % so that clients do not march in step; the start
 * burst has its requests at 0, 2, 4, 8, 16, 32 and 48 s; a RATE kiss raises
 * the least interval for a day.  Invariant: after every event either a
 * request is planned, or there is a reason why not that a later event ends.
 */
#include <math.h>

#include "assoc_priv.h"
#include "ntp/poll.h"

#define SPREAD            0.03
#define HURRY_S           0.2
#define BURST_S           2.0
#define HURRIES           3U
#define RETRIES           4U
#define DAY_NS            (86400 * TSTAMP_NS_PER_S)
#define SILENT_MAX        8U /* unanswered requests: look elsewhere */
#define ADDRESS_FIRST_S   4.0
#define ADDRESS_MAX_S     3600.0
#define ADDRESS_DOUBLINGS 10U

/* Between the requests of the start burst. */
static const double start_gaps_s[] = {2, 2, 4, 8, 16, 16};

#define START_GAPS (sizeof start_gaps_s / sizeof start_gaps_s[0])

int
assoc_plan_poll(const struct assoc *a)
{
	int low = a->conf.minpoll_log2s, high = a->conf.maxpoll_log2s;

	if (a->plan.rate_up > 0)
		low += a->plan.rate_up;
	if (high < low)
		high = low;
	return ntp_poll_clamp(a->plan.poll_log2s, low, high);
}

static struct mono
next_request(const struct assoc *a)
{
	const struct assoc_plan *p = &a->plan;
	double s = ntp_poll_to_s(assoc_plan_poll(a)) * p->spread;

	if (p->gap_s > 0 && p->gap_s < s)
		s = p->gap_s;
	if (p->want_s > 0 && p->want_s < s && p->rate_up == 0)
		s = p->want_s;
	return tstamp_mono_add(p->last, tstamp_dur_from_s(s));
}

/* The gap after a request of the start burst; it has START_GAPS + 1. */
static double
start_gap_s(struct assoc_plan *p)
{
	if (++p->burst_sent > START_GAPS) {
		p->start_burst = false;
		return 0;
	}
	if (p->hurry_left > 0) {
		p->hurry_left--;
		return HURRY_S;
	}
	return start_gaps_s[p->gap_idx++];
}

/* How many requests `burst` may make of one without exceeding the rate that
 * minpoll allows. */
static unsigned
retries(const struct assoc *a)
{
	int spare = assoc_plan_poll(a) - a->conf.minpoll_log2s;

	return spare <= 0 ? 1 : spare == 1 ? 2 : RETRIES;
}

/* A request has left: plan the next one. */
static void
advance(struct assoc *a, struct mono now)
{
	struct assoc_plan *p = &a->plan;

	p->gap_s = 0;
	if (p->start_burst) {
		p->gap_s = start_gap_s(p);
	} else if (p->burst_left > 1) {
		p->burst_left--;
		p->gap_s = BURST_S;
	} else if (a->conf.burst) {
		/* `burst` asks again soon until it has had its answer. */
		p->retry_cnt = (p->retry_cnt + 1) % retries(a);
		p->gap_s = p->retry_cnt == 0 ? 0 : BURST_S;
	}
	if (p->gap_s == 0)
		p->burst_left = 0;
	p->last = now;
	p->spread = 1 + SPREAD * (2 * rng_unit(a->tools.rng) - 1);
	p->next = next_request(a);
}

void
assoc_plan_answered(struct assoc *a)
{
	struct assoc_plan *p = &a->plan;

	if (p->start_burst && p->gap_idx == 0)
		p->gap_s = start_gaps_s[p->gap_idx++];
	p->hurry_left = 0;
	if (p->retry_cnt > 0) {
		p->retry_cnt = 0;
		p->gap_s = 0;
	}
	assoc_plan_anew(a);
}

void
assoc_plan_anew(struct assoc *a)
{
	if (!a->started || a->refused || a->plan.last.ns == ASSOC_NEVER ||
	    a->plan.blocked)
		return;
	a->plan.next = next_request(a);
}

void
assoc_plan_begin(struct assoc *a, bool hurry, struct mono at)
{
	struct assoc_plan *p = &a->plan;

	p->start_burst = a->conf.iburst;
	p->burst_sent = 0;
	p->gap_idx = 0;
	p->hurry_left = hurry ? HURRIES : 0;
	p->next = at;
}

void
assoc_plan_slow_down(struct assoc *a, struct mono now)
{
	struct assoc_plan *p = &a->plan;

	if (a->conf.minpoll_log2s + p->rate_up < ASSOC_KOD_POLL_MAX)
		p->rate_up++;
	p->rate_until = tstamp_mono_add(now, (struct dur){DAY_NS});
	p->start_burst = false;
	p->burst_left = 0;
	p->retry_cnt = 0;
	p->hurry_left = 0;
	p->gap_s = 0;
	assoc_plan_anew(a);
}

static void
ask_address(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	double s = ldexp(ADDRESS_FIRST_S,
	    (int)(a->address_try_cnt < ADDRESS_DOUBLINGS ? a->address_try_cnt
							 : ADDRESS_DOUBLINGS));

	if (now.ns < a->address_next.ns)
		return;
	a->address_try_cnt++;
	a->address_next = tstamp_mono_add(
	    now, tstamp_dur_from_s(s < ADDRESS_MAX_S ? s : ADDRESS_MAX_S));
	todo->what |= ASSOC_NEED_ADDRESS;
}

/* Nobody has answered for long: perhaps the server has moved. */
static void
look_elsewhere(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	if (a->reach != 0 || a->unanswered_cnt < SILENT_MAX ||
	    a->unanswered_cnt % SILENT_MAX != 0)
		return;
	if (a->conf.pool)
		todo->what |= ASSOC_REPLACE;
	else if (a->conf.auth != ASSOC_AUTH_NTS)
		ask_address(a, now, todo);
}

/* The time of a request has come. */
static void
request(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	struct assoc_plan *p = &a->plan;

	p->blocked = true;
	/* A refusal is over after a day: the name may have moved meanwhile. */
	if (a->refused && a->conf.auth != ASSOC_AUTH_NTS)
		ask_address(a, now, todo);
	a->refused = false;
	if (a->conf.auth == ASSOC_AUTH_NTS) {
		assoc_keys_check(a, now, todo);
		p->next = assoc_keys_next(a);
		if (a->jar.cookie_cnt == 0)
			return;
	} else if (a->addr.family == ADDR_NONE) {
		ask_address(a, now, todo);
		p->next = a->address_next;
		return;
	}
	p->blocked = false;
	if (assoc_exchange_send(a, now, todo) == 0) {
		a->reach = (uint8_t)(a->reach << 1);
		a->unanswered_cnt++;
		look_elsewhere(a, now, todo);
	}
	/* Even if it failed: the next try is at the next poll. */
	advance(a, now);
	todo->what |= ASSOC_REPORT;
}

void
assoc_run(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	struct mono timer = {ASSOC_FOREVER};

	assoc_exchange_expire(a, now, todo);
	if (now.ns >= a->plan.rate_until.ns)
		a->plan.rate_up = 0;
	if (a->started && a->online) {
		if (a->plan.next.ns <= now.ns)
			request(a, now, todo);
		timer = a->plan.next;
	}
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++)
		if (a->exchanges[i].open &&
		    a->exchanges[i].deadline.ns < timer.ns)
			timer = a->exchanges[i].deadline;
	if (timer.ns != a->timer.ns) {
		a->timer = timer;
		todo->what |= ASSOC_TIMER;
		todo->timer = timer;
	}
}
