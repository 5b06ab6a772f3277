/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of an association, and the steps that its modules share:
 * exchange.c makes requests and judges answers, interleave.c completes the
 * exchange before, keys.c decides on key exchanges, assoc.c takes the events
 * and plan.c plans.
 */
#ifndef ASSOC_PRIV_H
#define ASSOC_PRIV_H

#include "assoc/assoc.h"
#include "base/report.h"
#include "ntp/packet.h"
#include "nts/jar.h"

#define ASSOC_FOREVER INT64_MAX

/* One request.  @open: its socket exists.  @waiting: no answer accepted yet;
 * implies @open. */
struct assoc_exchange {
	bool open;
	bool waiting;
	bool answered;
	bool sent;
	bool kernel;
	bool clock_moved;
	struct ntp_ts transmit; /* random: what the origin must be */
	struct ntp_ts receive;  /* the same, of an interleaved answer; or 0 */
	struct ntp_ts named;    /* the server's time that we gave as origin */
	struct wall t1;
	struct wall t1_kernel;
	struct mono sent_at;
	struct mono deadline;
};

/* The four times of an exchange, ours on the disciplined clock.  @middle:
 * between T1 and T4. */
struct assoc_times {
	struct wall t1;
	struct ntp_ts t2;
	struct ntp_ts t3;
	struct wall t4;
	struct mono middle;
	bool hardware;
	bool interleaved;
	double stamp_error_s; /* of t1 and t4, as in struct assoc_answer */
};

/* The last exchange, with `xleave`: its T3 is the server's guess, and the
 * next answer may tell the true one. */
struct assoc_previous {
	bool known;
	bool sampled; /* by its own answer */
	struct assoc_times times;
	struct ntp_ts last_t3; /* as its answer said, whatever that means */
	struct ntp_short root_delay;
	struct ntp_short root_dispersion;
	unsigned asked_cnt; /* interleaved requests since */
	unsigned bad_cnt;   /* completions in a row that gave no sample */
};

/* Key exchanges.  @try_cnt: since one led to an answer. */
struct assoc_ke {
	bool busy;
	bool confirmed; /* the keys in use have led to a sample */
	bool forced;    /* the keys in use are no good */
	uint32_t try_cnt;
	struct mono asked;
	struct mono next;      /* not before this */
	struct mono at;        /* last success */
	struct wall exchanged; /* the same, 0 until first saved */
	struct dur age;        /* of restored keys, until assoc_start */
	int64_t not_before_s;
	int64_t not_after_s;
};

/* When to ask.  @blocked: what a request needs is missing: keys or an
 * address. */
struct assoc_plan {
	struct mono next; /* ASSOC_FOREVER: nothing planned */
	struct mono last; /* the last request */
	bool blocked;
	double spread; /* this interval's own factor, 1 +- 3 % */
	double gap_s;  /* to the next request of a burst; 0: none */
	double want_s; /* the same, as discipline wishes */
	int poll_log2s;
	bool start_burst;
	unsigned burst_sent;
	unsigned gap_idx;
	unsigned hurry_left;    /* requests that may still go 0.2 s apart */
	unsigned burst_left;    /* of a burst asked for */
	unsigned retry_cnt;     /* of `burst` */
	uint8_t rate_up;        /* by RATE kisses... */
	struct mono rate_until; /* ...until then */
};

struct assoc {
	struct assoc_conf conf;
	struct assoc_tools tools;
	struct addr addr; /* asked, with its port */
	bool started;
	bool online;
	bool refused;
	unsigned address_try_cnt;
	struct mono address_next;
	uint8_t reach;
	uint8_t stage;
	unsigned unanswered_cnt; /* requests since the last answer */
	unsigned deny_cnt;
	struct assoc_plan plan;
	struct assoc_ke ke;
	unsigned exchange_idx; /* the next to use */
	struct assoc_exchange exchanges[ASSOC_EXCHANGES];
	struct assoc_previous previous;
	struct nts_jar jar;
	struct mono timer;      /* as last told */
	struct ntp_packet last; /* header of the last good answer */
	struct mono last_rx;
	double last_offset_s;
	double last_delay_s;
	unsigned verdict;
	struct assoc_counters counters;
	uint8_t packet[ASSOC_PACKET_MAX];
};

/**
 * assoc_exchange_send - build a request in a fresh exchange.
 * Return: 0, or negative when it cannot be: no cookie, or crypto fails.
 */
int assoc_exchange_send(
    struct assoc *a, struct mono now, struct assoc_todo *todo) MUST_CHECK;

/**
 * assoc_exchange_close - the exchange is over; its socket too.
 */
void assoc_exchange_close(
    struct assoc *a, unsigned idx, struct assoc_todo *todo);

/**
 * assoc_exchange_expire - close those whose time is over, and count.
 */
void assoc_exchange_expire(
    struct assoc *a, struct mono now, struct assoc_todo *todo);

/**
 * assoc_exchange_judge - what a datagram is; its exchange is closed if it is
 * the answer, and its sample filled in if it is good.
 * @head: filled when the verdict is past authentication.
 */
unsigned assoc_exchange_judge(struct assoc *a,
    const struct assoc_answer *answer, struct ntp_packet *head,
    struct assoc_todo *todo);

/**
 * assoc_interleave_request - make a request interleaved if there is an
 * exchange to be completed.
 * @p: its header, transmit filled in.
 */
void assoc_interleave_request(struct assoc *a, struct assoc_exchange *x,
    struct ntp_packet *p, struct mono now);

/**
 * assoc_interleave_keep - an answer with time has come: the next request may
 * ask when it left.
 * @sampled: it gave a sample.
 */
void assoc_interleave_keep(struct assoc *a, const struct assoc_times *times,
    const struct ntp_packet *head, bool sampled);

/**
 * assoc_interleave_repeats - whether an answer has the receive or transmit
 * time of the one before.
 */
bool assoc_interleave_repeats(
    const struct assoc *a, const struct ntp_packet *head);

/**
 * assoc_interleave_complete - the times of the exchange before, from an
 * interleaved answer; head's root delay and dispersion become those of then.
 * Return: false when that gives no sample: there was one already, or the
 * answer is about another exchange than the last.
 */
bool assoc_interleave_complete(struct assoc *a, const struct assoc_exchange *x,
    struct ntp_packet *head, struct assoc_times *times);

/**
 * assoc_interleave_judged - whether the completed times made sense; a server
 * whose never do is asked in basic mode.
 */
void assoc_interleave_judged(struct assoc *a, bool good);

/**
 * assoc_interleave_forget - another server, or another clock of ours.
 */
void assoc_interleave_forget(struct assoc *a);

/**
 * assoc_keys_check - at a poll: ask for a key exchange if one is due.
 */
void assoc_keys_check(
    struct assoc *a, struct mono now, struct assoc_todo *todo);

/**
 * assoc_keys_confirm - an authenticated answer came, with a sample or not.
 */
void assoc_keys_confirm(struct assoc *a, bool sample);

/**
 * assoc_keys_next - with no cookie to ask with: when to look again.
 */
struct mono assoc_keys_next(const struct assoc *a);

/**
 * assoc_addr_usable - whether a server can be there: unicast, and loopback
 * only if the operator named it.
 */
bool assoc_addr_usable(const struct assoc *a, const struct addr *addr);

/**
 * assoc_plan_poll - the interval in force, without bursts.
 */
int assoc_plan_poll(const struct assoc *a);

/**
 * assoc_plan_begin - ask at that time, with the start burst if configured.
 */
void assoc_plan_begin(struct assoc *a, bool hurry, struct mono at);

/**
 * assoc_plan_answered - a good answer came: no more haste.
 */
void assoc_plan_answered(struct assoc *a);

/**
 * assoc_plan_slow_down - a RATE kiss came.
 */
void assoc_plan_slow_down(struct assoc *a, struct mono now);

/**
 * assoc_plan_anew - the wishes have changed: the next request from the last.
 */
void assoc_plan_anew(struct assoc *a);

/**
 * assoc_run - do what is due, and set the timer for the rest.
 */
void assoc_run(struct assoc *a, struct mono now, struct assoc_todo *todo);

#endif
