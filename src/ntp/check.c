/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests on an answer.  What cannot come from the server we asked is told
 * apart before anything in the packet is looked at, so that a stranger can
 * neither answer for it nor use up the request.
 */
#include "ntp/check.h"

#include <string.h>

/* A reference time may seem to be this much later than the answer: servers
 * round and fuzz it. */
#define REFERENCE_AHEAD_NS TSTAMP_NS_PER_S

static const char *const texts[NTP_CHECK_CNT] = {
    [NTP_CHECK_OK] = "good",
    [NTP_CHECK_VERSION] = "another version than asked",
    [NTP_CHECK_MODE] = "not a server's answer",
    [NTP_CHECK_ORIGIN] = "answers no request of ours",
    [NTP_CHECK_KISS] = "kiss of death or no time",
    [NTP_CHECK_LEAP] = "server is not synchronised",
    [NTP_CHECK_STRATUM] = "stratum out of range",
    [NTP_CHECK_ZERO_TIME] = "empty timestamp",
    [NTP_CHECK_REFERENCE] = "reference time in the future",
    [NTP_CHECK_DISTANCE] = "root distance too large",
    [NTP_CHECK_ORDER] = "timestamps out of order",
    [NTP_CHECK_SERVER_TIME] = "server took too long",
    [NTP_CHECK_DELAY] = "negative delay",
};

double
ntp_check_distance_s(const struct ntp_packet *p)
{
	return tstamp_short_to_s(p->root_delay) / 2 +
	    tstamp_short_to_s(p->root_dispersion);
}

/* In an interleaved answer transmit is the time of the one before: the later
 * of the two stamps is when the server wrote the packet. */
static bool
reference_is_future(const struct ntp_packet *p)
{
	struct dur to_rx = tstamp_diff(p->reference, p->receive);
	struct dur to_tx = tstamp_diff(p->reference, p->transmit);

	if (p->reference.v == 0)
		return false;
	return to_rx.ns > REFERENCE_AHEAD_NS && to_tx.ns > REFERENCE_AHEAD_NS;
}

static bool
origin_is_right(const struct ntp_packet *p, const struct ntp_expect *e)
{
	/* Zero means that nothing is expected, and never matches. */
	if (p->origin.v == 0)
		return false;
	return p->origin.v == e->origin.v || p->origin.v == e->interleaved.v;
}

enum ntp_check
ntp_check_answer(const struct ntp_packet *p, const struct ntp_expect *e)
{
	if (p->version != e->version)
		return NTP_CHECK_VERSION;
	if (p->mode != NTP_MODE_SERVER)
		return NTP_CHECK_MODE;
	if (!origin_is_right(p, e))
		return NTP_CHECK_ORIGIN;
	if (p->stratum == 0)
		return NTP_CHECK_KISS;
	if (p->leap == NTP_LEAP_UNSYNCED)
		return NTP_CHECK_LEAP;
	if (p->stratum > NTP_STRATUM_MAX)
		return NTP_CHECK_STRATUM;
	if (p->receive.v == 0 || p->transmit.v == 0)
		return NTP_CHECK_ZERO_TIME;
	if (reference_is_future(p))
		return NTP_CHECK_REFERENCE;
	if (!(ntp_check_distance_s(p) < e->distance_max_s))
		return NTP_CHECK_DISTANCE;
	return NTP_CHECK_OK;
}

bool
ntp_check_is_ours(enum ntp_check c)
{
	return c != NTP_CHECK_VERSION && c != NTP_CHECK_MODE &&
	    c != NTP_CHECK_ORIGIN;
}

/* Half of a + b without overflow, in seconds. */
static double
mean_s(struct dur a, struct dur b)
{
	int64_t whole = a.ns / 2 + b.ns / 2;
	int64_t rest = a.ns % 2 + b.ns % 2;

	return ((double)whole + (double)rest * 0.5) * 1e-9;
}

/* Both stamps are random below the precision of whoever answers at once; but
 * nobody gets more room by claiming that his clock is coarse. */
static double
order_slack_s(const struct ntp_exchange *x)
{
	return x->precision_s < NTP_CHECK_ORDER_MAX_S ? x->precision_s
						      : NTP_CHECK_ORDER_MAX_S;
}

enum ntp_check
ntp_check_measure(const struct ntp_exchange *x, struct ntp_measure *m)
{
	struct dur local = tstamp_wall_diff(x->t4, x->t1);
	struct dur server = tstamp_diff(x->t3, x->t2);
	struct wall t2 = tstamp_to_wall(x->t2, x->pivot);
	struct wall t3 = tstamp_wall_add(t2, server);
	double delay_s;

	memset(m, 0, sizeof *m);
	if (local.ns < 0 || tstamp_dur_to_s(server) < -order_slack_s(x))
		return NTP_CHECK_ORDER;
	if (tstamp_dur_to_s(server) > NTP_CHECK_SERVER_MAX_S)
		return NTP_CHECK_SERVER_TIME;
	delay_s = tstamp_dur_to_s((struct dur){local.ns - server.ns});
	if (delay_s < -x->precision_s - NTP_CHECK_STAMP_SLACK_S)
		return NTP_CHECK_DELAY;
	m->offset_s =
	    mean_s(tstamp_wall_diff(t2, x->t1), tstamp_wall_diff(t3, x->t4));
	m->delay_s = delay_s > x->precision_s ? delay_s : x->precision_s;
	m->short_s = m->delay_s - delay_s;
	m->server_time_s = server.ns > 0 ? tstamp_dur_to_s(server) : 0;
	return NTP_CHECK_OK;
}

const char *
ntp_check_text(unsigned c)
{
	return c < NTP_CHECK_CNT ? texts[c] : "unknown";
}
