/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request and its answer.  RFC 5905 section 9.2, RFC 8915 section 5.7.
 * What is not proved to answer a request that is waiting changes nothing, so
 * that the real answer can still come; what is proved ends the wait.
 */
#include <string.h>

#include "assoc_priv.h"
#include "ntp/check.h"
#include "ntp/ext.h"
#include "ntp/kiss.h"
#include "ntp/poll.h"

#define TIMEOUT_NS     (4 * TSTAMP_NS_PER_S)
#define MAXDELAY_S     3.0
#define ANSWER_LEN_MAX 2048
#define STAMP_SLACK_NS 1000000 /* between our two clocks */
#define STAMP_GAP_NS   TSTAMP_NS_PER_S
#define PRECISION_MIN  (-32)
#define PRECISION_MAX  10

void
assoc_exchange_close(struct assoc *a, unsigned idx, struct assoc_todo *todo)
{
	struct assoc_exchange *x = &a->exchanges[idx];

	if (!x->open)
		return;
	if (x->waiting && a->conf.auth == ASSOC_AUTH_NTS)
		nts_jar_give_up(&a->jar, idx);
	x->open = false;
	x->waiting = false;
	todo->what |= ASSOC_CLOSE;
	todo->close |= 1U << idx;
}

void
assoc_exchange_expire(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++) {
		struct assoc_exchange *x = &a->exchanges[i];

		if (!x->open || x->deadline.ns > now.ns)
			continue;
		if (x->waiting) {
			a->counters.timeout_cnt++;
			if (a->stage == REPORT_STAGE_NONE)
				a->stage = REPORT_STAGE_UDP;
			todo->what |= ASSOC_REPORT;
		}
		assoc_exchange_close(a, i, todo);
	}
}

/* A transmit timestamp that tells nothing and cannot be guessed. */
static struct ntp_ts
fresh_transmit(struct assoc *a)
{
	struct ntp_ts t;

	do
		t.v = rng_u64(a->tools.rng);
	while (t.v == 0);
	return t;
}

static int
put_mac(struct assoc *a, struct bytes_out *out)
{
	uint8_t mac[CRYPTO_MAC_WHOLE_MAX];
	int len = crypto_mac_compute_whole(
	    a->tools.mac, &a->conf.key, out->data, out->pos, mac);

	if (len < 0)
		return len;
	if (a->conf.version == NTP_VERSION && len > CRYPTO_MAC_MAX)
		len = CRYPTO_MAC_MAX;
	ntp_ext_put_mac(out, a->conf.key.id, mac, (size_t)len);
	return out->bad ? ERR_FULL : 0;
}

int
assoc_exchange_send(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	unsigned idx = a->exchange_idx;
	struct assoc_exchange *x = &a->exchanges[idx];
	struct ntp_packet p = {
	    .version = a->conf.version,
	    .mode = NTP_MODE_CLIENT,
	};
	struct bytes_out out;
	uint8_t *head;
	int err = 0;

	bytes_out_init(&out, a->packet, sizeof a->packet);
	head = bytes_reserve(&out, NTP_HEADER_LEN);
	if (!head)
		return ERR_FULL;
	assoc_exchange_close(a, idx, todo);
	memset(x, 0, sizeof *x);
	p.transmit = fresh_transmit(a);
	assoc_interleave_request(a, x, &p, now);
	ntp_packet_encode(&p, head);
	if (a->conf.auth == ASSOC_AUTH_NTS)
		err = nts_jar_request(
		    &a->jar, idx, a->tools.aeads, a->tools.rng, &out);
	else if (a->conf.auth == ASSOC_AUTH_KEY)
		err = put_mac(a, &out);
	if (err < 0)
		return err;
	x->open = true;
	x->waiting = true;
	x->transmit = p.transmit;
	x->deadline = tstamp_mono_add(now, (struct dur){TIMEOUT_NS});
	a->exchange_idx = (idx + 1) % ASSOC_EXCHANGES;
	a->counters.tx_cnt++;
	todo->what |= ASSOC_SEND;
	todo->exchange = idx;
	todo->packet = a->packet;
	todo->packet_len = out.pos;
	todo->to = a->addr;
	return 0;
}

void
assoc_sent(struct assoc *a, unsigned exchange, struct wall tx, struct mono at,
    bool kernel)
{
	struct assoc_exchange *x = &a->exchanges[exchange % ASSOC_EXCHANGES];

	if (kernel) {
		x->kernel = true;
		x->t1_kernel = tx;
	} else {
		x->sent = true;
		x->t1 = tx;
		x->sent_at = at;
	}
}

void
assoc_clock_moved(struct assoc *a)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++)
		a->exchanges[i].clock_moved = true;
	a->previous.known = false;
}

static unsigned
check_key(struct assoc *a, const struct assoc_answer *in)
{
	struct ntp_ext_list list;
	struct crypto_mac_tag tag;

	if (ntp_ext_walk(&list, in->data, in->len, a->conf.version) < 0)
		return ASSOC_BAD_FIELDS;
	if (a->conf.auth == ASSOC_AUTH_NONE)
		return ASSOC_GOOD;
	/* A crypto-NAK proves nothing and is no reason for anything. */
	if (list.trailer != NTP_EXT_TRAILER_MAC)
		return ASSOC_UNAUTH;
	tag.data = list.digest;
	tag.len = list.digest_len;
	if (list.key_id != a->conf.key.id ||
	    crypto_mac_verify(
		a->tools.mac, &a->conf.key, in->data, list.end, tag) < 0)
		return ASSOC_BAD_AUTH;
	return ASSOC_GOOD;
}

static unsigned
check_nts(struct assoc *a, const struct assoc_answer *in)
{
	if (in->len == NTP_HEADER_LEN)
		return ASSOC_UNAUTH;
	switch (nts_jar_response(
	    &a->jar, in->exchange, a->tools.aeads, in->data, in->len)) {
	case 0:
		return ASSOC_GOOD;
	case ERR_DENIED:
		return ASSOC_KOD_NTSN;
	case ERR_BAD:
		return ASSOC_BAD_FIELDS;
	default:
		return ASSOC_BAD_AUTH;
	}
}

static unsigned
judge_kiss(const struct ntp_packet *head)
{
	switch (ntp_kiss_classify(head)) {
	case NTP_KISS_RATE:
		return ASSOC_KOD_RATE;
	case NTP_KISS_DENY:
	case NTP_KISS_RSTR:
		return ASSOC_KOD_DENY;
	case NTP_KISS_UNSYNCED:
		return ASSOC_UNSYNC;
	case NTP_KISS_NONE:
	case NTP_KISS_NTSN:
	case NTP_KISS_PRIVATE:
	case NTP_KISS_OTHER:
	default:
		return ASSOC_KOD_OTHER;
	}
}

static double
precision_s(int log2s)
{
	return ntp_poll_to_s(
	    ntp_poll_clamp(log2s, PRECISION_MIN, PRECISION_MAX));
}

/* The kernel's transmit stamp, if it can be true, else our own. */
static struct wall
best_t1(const struct assoc_exchange *x, struct wall t4)
{
	if (x->kernel && x->t1_kernel.ns >= x->t1.ns - STAMP_SLACK_NS &&
	    x->t1_kernel.ns - x->t1.ns < STAMP_GAP_NS &&
	    x->t1_kernel.ns < t4.ns)
		return x->t1_kernel;
	return x->t1;
}

/* Whether the wall clock went further than the steady one allows. */
static bool
clock_leapt(const struct assoc_exchange *x, const struct assoc_answer *in)
{
	int64_t wall = tstamp_wall_diff(in->rx, x->t1).ns;
	int64_t mono = tstamp_mono_diff(in->rx_mono, x->sent_at).ns;

	/* A tenth: more than any slew adds. */
	return wall > mono + mono / 10 + STAMP_SLACK_NS;
}

/* RFC 8915 section 8.5: the time must be one at which the certificate that
 * vouches for it is valid. */
static bool
outside_certificate(const struct assoc *a, struct ntp_ts t3, struct wall pivot)
{
	int64_t s = tstamp_to_wall(t3, pivot).ns / TSTAMP_NS_PER_S;

	if (a->conf.auth != ASSOC_AUTH_NTS || a->ke.confirmed)
		return false;
	return (a->ke.not_before_s != 0 && s < a->ke.not_before_s) ||
	    (a->ke.not_after_s != 0 && s > a->ke.not_after_s);
}

/* What this exchange has measured by itself. */
static struct assoc_times
times_of(const struct assoc_exchange *x, const struct assoc_answer *in,
    const struct ntp_packet *head)
{
	struct wall t1 = best_t1(x, in->rx);
	struct dur half = {tstamp_wall_diff(in->rx, t1).ns / 2};
	struct dur from_sent = {tstamp_wall_diff(t1, x->t1).ns + half.ns};

	return (struct assoc_times){
	    .t1 = t1,
	    .t2 = head->receive,
	    .t3 = head->transmit,
	    .t4 = in->rx,
	    .middle = tstamp_mono_add(x->sent_at, from_sent),
	    .hardware = in->hardware,
	    .stamp_error_s = in->stamp_error_s,
	};
}

static void
fill_sample(const struct assoc *a, const struct assoc_times *t,
    const struct ntp_packet *head, const struct ntp_measure *m,
    struct sample *s)
{
	struct dur half = {tstamp_wall_diff(t->t4, t->t1).ns / 2};

	memset(s, 0, sizeof *s);
	s->at = t->middle;
	s->wall = tstamp_wall_add(t->t1, half);
	s->offset_s = m->offset_s;
	s->delay_s = m->delay_s;
	/* Stamps that contradict each other are off by that at least. */
	s->stamp_error_s = precision_s(a->conf.precision_log2s) +
	    precision_s(head->precision) + m->short_s;
	s->server_time_s = m->server_time_s;
	s->root_delay_s = tstamp_short_to_s(head->root_delay);
	s->root_dispersion_s = tstamp_short_to_s(head->root_dispersion);
	s->ref_id = head->ref_id;
	s->stratum = head->stratum;
	s->leap = head->leap;
	s->authenticated = a->conf.auth != ASSOC_AUTH_NONE;
	s->interleaved = t->interleaved;
	s->hardware = t->hardware;
	s->stamp_error_s += t->stamp_error_s;
}

static unsigned
measure(struct assoc *a, const struct assoc_times *t,
    const struct ntp_packet *head, struct assoc_todo *todo)
{
	struct ntp_exchange four = {
	    .t1 = t->t1,
	    .t2 = t->t2,
	    .t3 = t->t3,
	    .t4 = t->t4,
	    .precision_s = precision_s(a->conf.precision_log2s) +
		precision_s(head->precision),
	};
	struct ntp_measure m;
	double max_s = a->conf.maxdelay_s > 0 ? a->conf.maxdelay_s : MAXDELAY_S;

	four.pivot = four.t1.ns > a->conf.floor.ns ? four.t1 : a->conf.floor;
	if (four.t1.ns >= four.t4.ns ||
	    ntp_check_measure(&four, &m) != NTP_CHECK_OK)
		return ASSOC_BAD_TIME;
	if (outside_certificate(a, four.t3, four.pivot))
		return ASSOC_BAD_CERT;
	if (m.delay_s > max_s)
		return ASSOC_BAD_DELAY;
	fill_sample(a, t, head, &m, &todo->sample);
	todo->what |= ASSOC_SAMPLE;
	return ASSOC_GOOD;
}

/* An answer that tells when the one before left. */
static unsigned
measure_interleaved(struct assoc *a, const struct assoc_exchange *x,
    const struct ntp_packet *head, struct assoc_todo *todo)
{
	struct ntp_packet then = *head;
	struct assoc_times times;
	unsigned verdict;

	if (!assoc_interleave_complete(a, x, &then, &times))
		return ASSOC_NO_NEWS;
	verdict = measure(a, &times, &then, todo);
	assoc_interleave_judged(a, verdict == ASSOC_GOOD);
	return verdict;
}

static unsigned
take_time(struct assoc *a, const struct assoc_answer *in,
    const struct ntp_packet *head, struct assoc_todo *todo)
{
	const struct assoc_exchange *x = &a->exchanges[in->exchange];
	bool interleaved = head->origin.v != x->transmit.v;
	struct assoc_times times;
	unsigned verdict;

	if (!x->sent || assoc_interleave_repeats(a, head))
		return ASSOC_BAD_TIME;
	if (x->clock_moved || clock_leapt(x, in)) {
		a->previous.known = false;
		return ASSOC_CLOCK_MOVED;
	}
	times = times_of(x, in, head);
	verdict = interleaved ? measure_interleaved(a, x, head, todo)
			      : measure(a, &times, head, todo);
	assoc_interleave_keep(
	    a, &times, head, !interleaved && verdict == ASSOC_GOOD);
	return verdict;
}

/* What an answer means that is known to be one. */
static unsigned
judge_content(struct assoc *a, const struct assoc_answer *in,
    const struct ntp_packet *head, enum ntp_check check,
    struct assoc_todo *todo)
{
	switch (check) {
	case NTP_CHECK_OK:
		return take_time(a, in, head, todo);
	case NTP_CHECK_KISS:
		return judge_kiss(head);
	case NTP_CHECK_LEAP:
	case NTP_CHECK_STRATUM:
		return ASSOC_UNSYNC;
	case NTP_CHECK_VERSION:
	case NTP_CHECK_MODE:
	case NTP_CHECK_ORIGIN:
	case NTP_CHECK_ZERO_TIME:
	case NTP_CHECK_REFERENCE:
	case NTP_CHECK_DISTANCE:
	case NTP_CHECK_ORDER:
	case NTP_CHECK_SERVER_TIME:
	case NTP_CHECK_DELAY:
	case NTP_CHECK_CNT:
	default:
		return ASSOC_BAD_TIME;
	}
}

unsigned
assoc_exchange_judge(struct assoc *a, const struct assoc_answer *in,
    struct ntp_packet *head, struct assoc_todo *todo)
{
	struct assoc_exchange *x;
	struct ntp_expect expect = {0};
	enum ntp_check check;
	unsigned verdict;

	if (in->exchange >= ASSOC_EXCHANGES)
		return ASSOC_LATE;
	x = &a->exchanges[in->exchange];
	if (!x->waiting)
		return x->answered ? ASSOC_DUPLICATE : ASSOC_LATE;
	if (in->rx_mono.ns >= x->deadline.ns)
		return ASSOC_LATE;
	if (in->cut || in->len % 4 != 0 || in->len > ANSWER_LEN_MAX ||
	    ntp_packet_decode(head, in->data, in->len) < 0)
		return ASSOC_BAD_LENGTH;
	expect.version = a->conf.version;
	expect.origin = x->transmit;
	expect.interleaved = x->receive;
	expect.distance_max_s = NTP_CHECK_DISTANCE_MAX_S;
	check = ntp_check_answer(head, &expect);
	if (check == NTP_CHECK_VERSION || check == NTP_CHECK_MODE)
		return ASSOC_BAD_MODE;
	if (!ntp_check_is_ours(check))
		return ASSOC_BAD_ORIGIN;
	verdict = a->conf.auth == ASSOC_AUTH_NTS ? check_nts(a, in)
						 : check_key(a, in);
	if (verdict != ASSOC_GOOD)
		return verdict;
	x->waiting = false;
	x->answered = true;
	assoc_exchange_close(a, in->exchange, todo);
	return judge_content(a, in, head, check, todo);
}
