/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleaved mode, RFC 9769 section 2, client side: a request names the
 * last answer by its receive time, and the answer tells when that one really
 * left, which completes the exchange before with exact stamps: T1, T2 and T4
 * of the previous exchange with T3 of the latest answer.
 *
 * Invariants: an exchange gives at most one sample; what is not the answer
 * to a request of ours changes nothing; but for the server's own time the
 * fields of a request are random.
 */
#include <string.h>

#include "assoc_priv.h"
#include "ntp/poll.h"

#define UNANSWERED_MAX 4U /* interleaved requests in a row, then a basic one */
#define BAD_MAX        4U /* completions in a row that make no sense */
#define AGE_POLLS      5  /* older exchanges are not completed */
#define AGE_SPARE_NS   (16 * TSTAMP_NS_PER_S)

static bool
recent(const struct assoc *a, struct mono now)
{
	double s = AGE_POLLS * ntp_poll_to_s(assoc_plan_poll(a));

	return tstamp_mono_diff(now, a->previous.times.middle).ns <
	    tstamp_dur_from_s(s).ns + AGE_SPARE_NS;
}

void
assoc_interleave_request(struct assoc *a, struct assoc_exchange *x,
    struct ntp_packet *p, struct mono now)
{
	struct assoc_previous *prev = &a->previous;

	if (!a->conf.xleave || !prev->known || prev->bad_cnt >= BAD_MAX ||
	    !recent(a, now))
		return;
	/* The server may have forgotten, or speak to us no more like that. */
	if (prev->asked_cnt >= UNANSWERED_MAX) {
		prev->known = false;
		return;
	}
	prev->asked_cnt++;
	p->origin = prev->times.t2;
	do
		p->receive.v = rng_u64(a->tools.rng);
	while (p->receive.v == 0 || p->receive.v == p->transmit.v);
	x->receive = p->receive;
	x->named = p->origin;
}

void
assoc_interleave_keep(struct assoc *a, const struct assoc_times *times,
    const struct ntp_packet *head, bool sampled)
{
	struct assoc_previous *prev = &a->previous;

	if (!a->conf.xleave)
		return;
	/* By it the next request would not know what it asks for. */
	prev->known = head->receive.v != head->transmit.v;
	prev->sampled = sampled;
	prev->asked_cnt = 0;
	prev->times = *times;
	prev->last_t3 = head->transmit;
	prev->root_delay = head->root_delay;
	prev->root_dispersion = head->root_dispersion;
}

bool
assoc_interleave_repeats(const struct assoc *a, const struct ntp_packet *head)
{
	const struct assoc_previous *prev = &a->previous;

	return prev->known &&
	    (head->receive.v == prev->times.t2.v ||
		head->transmit.v == prev->last_t3.v);
}

bool
assoc_interleave_complete(struct assoc *a, const struct assoc_exchange *x,
    struct ntp_packet *head, struct assoc_times *times)
{
	const struct assoc_previous *prev = &a->previous;

	if (!prev->known || prev->sampled || prev->times.t2.v != x->named.v)
		return false;
	*times = prev->times;
	times->t3 = head->transmit;
	times->interleaved = true;
	/* What the server said of its own distance then. */
	head->root_delay = prev->root_delay;
	head->root_dispersion = prev->root_dispersion;
	return true;
}

void
assoc_interleave_judged(struct assoc *a, bool good)
{
	a->previous.bad_cnt = good ? 0 : a->previous.bad_cnt + 1;
}

void
assoc_interleave_forget(struct assoc *a)
{
	memset(&a->previous, 0, sizeof a->previous);
}
