/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets of query: a fresh socket, port and random transmit timestamp
 * for each request (RFC 9109, data minimisation), a cookie each with NTS,
 * and the best of the answers.  An answer that is not ours, or does not
 * authenticate, is dropped and the real one still waited for.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ntp/kiss.h"
#include "ntp/poll.h"
#include "os/clock.h"
#include "query_priv.h"

#define SPACING_S   0.2
#define PATIENCE_S  1.5        /* for one answer */
#define HINT_S      0.3        /* after something that anyone can forge */
#define EXTRA_MAX   3          /* requests more than samples wanted */
#define PER_ADDRESS 2          /* unanswered, then the next address */
#define PIVOT_S     1767225600 /* 2026: no machine runs this before it */

/* A number of ours: what a reading of our clock is worth. */
static const double own_precision_s = 1e-7;

static struct wall
pivot(void)
{
	struct wall now = os_clock_real();
	struct wall floor = {PIVOT_S * TSTAMP_NS_PER_S};

	return now.ns > floor.ns ? now : floor;
}

/* ---- the end ------------------------------------------------------------------- */

/* Section 8.5 of RFC 8915: a server whose time lies outside its own
 * certificate's validity is lying, or was given a wrong certificate. */
static bool
time_fits_certificate(const struct query_host *h)
{
	const struct cli_result *r = h->res;
	double there_s =
	    (double)(os_clock_real().ns / TSTAMP_NS_PER_S) + r->offset_s;

	return !r->cert.known ||
	    (there_s + r->bound_s >= (double)r->cert.not_before_s &&
		there_s - r->bound_s <= (double)r->cert.not_after_s);
}

static void
no_answer(struct query_host *h)
{
	const struct query_ntp *n = &h->ntp;
	unsigned port = n->to.port;

	if (n->nak_cnt > 0)
		cli_query_fail(h, REPORT_STAGE_AUTH,
		    "the server refuses the cookies (NTSN) that its key "
		    "exchange gave: their keys differ");
	else if (n->forged_cnt > 0)
		cli_query_fail(h, REPORT_STAGE_AUTH,
		    "%u answers came, but none is authentic", n->forged_cnt);
	else if (n->refused)
		cli_query_fail(h, REPORT_STAGE_UDP,
		    "UDP port %u refused: no NTP server runs there", port);
	else if (n->send_errno)
		cli_query_fail(h, REPORT_STAGE_UDP, "UDP port %u: %s", port,
		    strerror(n->send_errno));
	else
		cli_query_fail(h, REPORT_STAGE_UDP,
		    "UDP port %u: no answer to %u requests: a firewall drops "
		    "them, or no NTP server runs there",
		    port, h->res->sent_cnt);
}

/* Enough, or no more to be had. */
static void
conclude(struct query_host *h)
{
	struct cli_result *r = h->res;
	double age_s;

	cli_query_ntp_end(h);
	if (r->good_cnt == 0) {
		no_answer(h);
		return;
	}
	/* Our clock drifted since; the interval is to hold now. */
	age_s =
	    tstamp_dur_to_s(tstamp_mono_diff(os_clock_mono(), h->ntp.best_at));
	r->bound_s = h->ntp.best_bound_s + fmax(age_s, 0) * NTP_PHI_SPS;
	if (r->authenticated && !time_fits_certificate(h)) {
		r->authenticated = false;
		r->bound_s = (double)NAN;
		cli_query_fail(h, REPORT_STAGE_AUTH,
		    "the time it gives lies outside its own certificate's "
		    "validity");
		return;
	}
	cli_query_finish(h);
}

/* A server that answers, but with no usable time. */
static void
useless(struct query_host *h, const char *words)
{
	if (h->res->good_cnt > 0)
		conclude(h);
	else
		cli_query_fail(h, REPORT_STAGE_NONE, "%s", words);
}

/* ---- answers --------------------------------------------------------------------- */

static void
next_soon(struct query_host *h)
{
	cli_query_ntp_end(h);
	if (h->res->good_cnt >= h->q->o.samples)
		conclude(h);
	else
		cli_query_step(h, SPACING_S, cli_query_ntp_ask);
}

static void
kissed(struct query_host *h, const struct ntp_packet *p)
{
	switch (ntp_kiss_classify(p)) {
	case NTP_KISS_RATE:
		useless(h,
		    "the server says RATE: it is being asked too "
		    "often, try again later");
		return;
	case NTP_KISS_DENY:
	case NTP_KISS_RSTR:
		useless(h, "the server denies service to this address");
		return;
	case NTP_KISS_UNSYNCED:
	case NTP_KISS_NONE:
		useless(h, "the server has no time itself yet");
		return;
	case NTP_KISS_NTSN:
	case NTP_KISS_PRIVATE:
	case NTP_KISS_OTHER:
		break;
	}
	useless(h, "the server answers with a refusal (kiss of death)");
}

static void
note_header(struct cli_result *r, const struct ntp_packet *p)
{
	r->heard = true;
	r->stratum = p->stratum;
	r->ref_id = p->ref_id;
	r->leap = p->leap;
}

static void
note_measure(struct query_host *h, const struct ntp_packet *p,
    const struct ntp_exchange *x, const struct ntp_measure *m)
{
	struct cli_result *r = h->res;
	double there_back_s = tstamp_dur_to_s(tstamp_wall_diff(x->t4, x->t1));
	double bound_s = m->delay_s / 2 + m->short_s + ntp_check_distance_s(p) +
	    x->precision_s + fmax(there_back_s, 0) * NTP_PHI_SPS;

	if (r->good_cnt > 0 && bound_s >= h->ntp.best_bound_s)
		return;
	note_header(r, p);
	r->offset_s = m->offset_s;
	r->delay_s = m->delay_s;
	h->ntp.best_bound_s = bound_s;
	h->ntp.best_at = os_clock_mono();
}

/* The answer to our request, authentic if asked with NTS. */
static void
use(struct query_host *h, const struct ntp_packet *p, enum ntp_check c,
    const struct net_stamp *rx)
{
	const struct net_udp_client *udp = &h->ntp.udp;
	struct ntp_exchange x = {.t1 = udp->tx.real,
	    .t2 = p->receive,
	    .t3 = p->transmit,
	    .t4 = rx->real,
	    .pivot = pivot(),
	    .precision_s =
		own_precision_s + fmin(ntp_poll_to_s(p->precision), 16)};
	struct ntp_measure m;
	bool kernel = udp->tx.source >= NET_STAMP_KERNEL &&
	    rx->source >= NET_STAMP_KERNEL;

	h->res->authenticated = h->ntp.nts;
	if (h->res->good_cnt == 0)
		note_header(h->res, p);
	if (c == NTP_CHECK_KISS) {
		kissed(h, p);
		return;
	}
	if (c == NTP_CHECK_OK)
		c = ntp_check_measure(&x, &m);
	if (c == NTP_CHECK_LEAP || c == NTP_CHECK_STRATUM) {
		useless(h, "the server says that it is not synchronised");
		return;
	}
	if (c != NTP_CHECK_OK) {
		useless(h, ntp_check_text(c));
		return;
	}
	note_measure(h, p, &x, &m);
	h->res->kernel_stamps = kernel;
	h->res->good_cnt++;
	h->res->cookie_cnt = h->ntp.jar.cookie_cnt;
	next_soon(h);
}

/* Return: whether it is authentic, where that was asked for. */
static bool
authentic(struct query_host *h, const uint8_t *data, size_t len)
{
	int err;

	if (!h->ntp.nts)
		return true;
	err = nts_jar_response(&h->ntp.jar, 0, &h->q->aeads, data, len);
	if (err == ERR_DENIED) {
		/* Unauthenticated: a moment for the real answer. */
		h->ntp.nak_cnt++;
		cli_query_step(h, HINT_S, h->step_over);
	} else if (err) {
		h->ntp.forged_cnt++;
	}
	return err == 0;
}

/* Return: whether to go on reading this socket. */
static bool
judge(struct query_host *h, const uint8_t *data, size_t len,
    const struct net_stamp *rx)
{
	struct ntp_expect expect = {.version = NTP_VERSION,
	    .origin = h->ntp.transmit,
	    .distance_max_s = HUGE_VAL};
	struct ntp_packet p;
	enum ntp_check c;

	if (ntp_packet_decode(&p, data, len) != 0)
		return true;
	c = ntp_check_answer(&p, &expect);
	if (!ntp_check_is_ours(c) || !authentic(h, data, len))
		return true;
	use(h, &p, c, rx);
	return false;
}

static void
readable(struct query_host *h, unsigned what)
{
	uint8_t buf[NTS_PACKET_LEN_MAX];
	struct net_stamp rx;
	size_t len;
	int err;

	(void)what;
	for (unsigned i = 0; i < 64; i++) {
		err = net_udp_recv(&h->ntp.udp, buf, sizeof buf, &len, &rx);
		if (err == ERR_CLOSED && !h->ntp.refused) {
			h->ntp.refused = true;
			cli_query_step(h, HINT_S, h->step_over);
		}
		if (err == ERR_BAD)
			continue;
		if (err || !judge(h, buf, len, &rx))
			return;
	}
}

/* ---- requests ---------------------------------------------------------------------- */

static void
unanswered(struct query_host *h)
{
	struct query_ntp *n = &h->ntp;
	struct addr *next;

	cli_query_ntp_end(h);
	if (h->res->good_cnt == 0 && !n->nts &&
	    (n->here_cnt >= PER_ADDRESS || n->refused || n->send_errno) &&
	    h->addr_idx + 1 < h->names.cnt) {
		next = &h->names.at[++h->addr_idx];
		next->port = h->q->o.port;
		cli_query_ntp_start(h, next);
		return;
	}
	if (n->send_errno || n->refused)
		conclude(h);
	else
		cli_query_ntp_ask(h);
}

static int
build(struct query_host *h, struct bytes_out *out)
{
	struct ntp_packet p = {
	    .version = NTP_VERSION, .mode = NTP_MODE_CLIENT, .precision = 32};
	uint8_t *header = bytes_reserve(out, NTP_HEADER_LEN);

	do
		h->ntp.transmit.v = rng_u64(&h->q->rng);
	while (h->ntp.transmit.v == 0);
	p.transmit = h->ntp.transmit;
	if (!header)
		return ERR_FULL;
	ntp_packet_encode(&p, header);
	if (!h->ntp.nts)
		return 0;
	return nts_jar_request(&h->ntp.jar, 0, &h->q->aeads, &h->q->rng, out);
}

static int
send_request(struct query_host *h, const struct bytes_out *out)
{
	struct net_udp_client *udp = &h->ntp.udp;
	int err = net_udp_open(udp, &h->ntp.to, NULL);

	if (err)
		return err;
	h->res->sent_cnt++;
	h->ntp.here_cnt++;
	err = net_udp_send(udp, out->data, out->pos);
	if (err == ERR_CLOSED)
		h->ntp.refused = true;
	return err;
}

void
cli_query_ntp_ask(struct query_host *h)
{
	uint8_t packet[NTS_REQUEST_LEN_MAX];
	struct bytes_out out;
	int err;

	if (h->res->sent_cnt >= h->q->o.samples + EXTRA_MAX) {
		conclude(h);
		return;
	}
	bytes_out_init(&out, packet, sizeof packet);
	err = build(h, &out);
	if (err) { /* no cookie left */
		conclude(h);
		return;
	}
	if (send_request(h, &out) != 0) {
		h->ntp.send_errno = errno ? errno : EIO;
		unanswered(h);
		return;
	}
	cli_query_wait(h, h->ntp.udp.fd, NET_READ, readable);
	cli_query_step(h, PATIENCE_S, unanswered);
}

void
cli_query_ntp_start(struct query_host *h, const struct addr *to)
{
	struct query_ntp *n = &h->ntp;

	n->to = *to;
	n->here_cnt = 0;
	n->refused = false;
	n->send_errno = 0;
	h->res->addr = *to;
	cli_query_ntp_ask(h);
}

void
cli_query_ntp_end(struct query_host *h)
{
	cli_query_stop(h);
	if (h->ntp.nts)
		nts_jar_give_up(&h->ntp.jar, 0);
	if (h->ntp.udp.fd >= 0)
		net_udp_close(&h->ntp.udp);
}

void
cli_query_ntp_late(struct query_host *h)
{
	conclude(h);
}
