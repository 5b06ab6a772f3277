/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of folder assoc share: an association in virtual time, a
 * clock that is a known amount slow, and a server that answers as told.
 */
#ifndef ASSOC_RIG_H
#define ASSOC_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assoc/assoc.h"
#include "base/report.h"
#include "ntp/packet.h"
#include "nts/keys.h"

#define RIG_EPOCH_NS 1790000000000000000LL /* true time at mono 0 */
#define RIG_SLOW_NS  250000000LL           /* our clock is behind by */
#define RIG_WAY_NS   20000000LL            /* one way */
#define RIG_STAY_NS  1000000LL             /* in the server */
#define MS           1000000LL
#define SEC          TSTAMP_NS_PER_S

struct rig {
	bool hardware; /* of the stamps of the next answer */
	double stamp_error_s;
	uint64_t seed;
	struct rng rng;
	struct nts_aeads aeads;
	struct assoc_tools tools;
	struct assoc_conf conf;
	struct assoc *a;
	struct mono now;
	struct mono timer;
	struct assoc_todo todo; /* of the last event */
	unsigned sent_cnt;
	unsigned ke_cnt;
	unsigned exchange; /* of the last request */
	uint8_t request[ASSOC_PACKET_MAX];
	size_t request_len;
	struct ntp_packet asked; /* its header */
	struct mono sent_at;
	uint8_t answer[2048];
	size_t answer_len;
};

static inline void
rig_fill(void *ctx, void *buf, size_t len)
{
	uint64_t *seed = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(*seed >> 56);
	}
}

static inline struct wall
rig_true(struct mono at)
{
	return (struct wall){RIG_EPOCH_NS + at.ns};
}

static inline struct wall
rig_ours(struct mono at)
{
	return (struct wall){RIG_EPOCH_NS + at.ns - RIG_SLOW_NS};
}

/* Do what the association wants done. */
static inline void
rig_obey(struct rig *r)
{
	struct assoc_todo *t = &r->todo;

	if (t->what & ASSOC_TIMER)
		r->timer = t->timer;
	if (t->what & ASSOC_NEED_KE)
		r->ke_cnt++;
	if (!(t->what & ASSOC_SEND))
		return;
	assert_in_range(t->packet_len, NTP_HEADER_LEN, ASSOC_PACKET_MAX);
	assert_true(t->exchange < ASSOC_EXCHANGES);
	memcpy(r->request, t->packet, t->packet_len);
	r->request_len = t->packet_len;
	assert_int_equal(
	    ntp_packet_decode(&r->asked, r->request, r->request_len), 0);
	r->exchange = t->exchange;
	r->sent_at = r->now;
	r->sent_cnt++;
	assoc_sent(r->a, r->exchange, rig_ours(r->now), r->now, false);
}

/* Let time pass up to a moment, with every timer on the way. */
static inline void
rig_until(struct rig *r, int64_t ns)
{
	while (r->timer.ns <= ns) {
		if (r->timer.ns > r->now.ns)
			r->now = r->timer;
		r->timer.ns = INT64_MAX;
		assoc_timer(r->a, r->now, &r->todo);
		rig_obey(r);
	}
	if (ns > r->now.ns)
		r->now.ns = ns;
}

/* To the next request, whatever comes before it; false: none within a day. */
static inline bool
rig_next(struct rig *r)
{
	unsigned was = r->sent_cnt;
	int64_t end = r->now.ns + 90000 * SEC;

	while (r->sent_cnt == was && r->timer.ns < end)
		rig_until(r, r->timer.ns);
	return r->sent_cnt != was;
}

/* The header of an honest answer to the last request. */
static inline struct ntp_packet
rig_honest(const struct rig *r)
{
	struct mono in = {r->sent_at.ns + RIG_WAY_NS};
	struct mono out = {in.ns + RIG_STAY_NS};
	struct ntp_packet p = {
	    .version = r->asked.version,
	    .mode = NTP_MODE_SERVER,
	    .stratum = 2,
	    .precision = -24,
	    .root_delay = tstamp_short_from_s(0.01),
	    .root_dispersion = tstamp_short_from_s(0.002),
	    .ref_id = 0xc0000201,
	    .reference =
		tstamp_from_wall((struct wall){rig_true(in).ns - 30 * SEC}),
	    .origin = r->asked.transmit,
	    .receive = tstamp_from_wall(rig_true(in)),
	    .transmit = tstamp_from_wall(rig_true(out)),
	};

	return p;
}

/* Hand over r->answer as if it came to an exchange at a moment. */
static inline unsigned
rig_deliver_to(struct rig *r, unsigned exchange, int64_t at_ns)
{
	struct assoc_answer in = {
	    .exchange = exchange,
	    .data = r->answer,
	    .len = r->answer_len,
	    .hardware = r->hardware,
	    .stamp_error_s = r->stamp_error_s,
	};
	unsigned verdict;

	if (at_ns > r->now.ns)
		rig_until(r, at_ns);
	in.rx = rig_ours(r->now);
	in.rx_mono = r->now;
	verdict = assoc_received(r->a, &in, &r->todo);
	assert_true(
	    (verdict == ASSOC_GOOD) == ((r->todo.what & ASSOC_SAMPLE) != 0));
	rig_obey(r);
	return verdict;
}

static inline unsigned
rig_deliver(struct rig *r)
{
	return rig_deliver_to(
	    r, r->exchange, r->sent_at.ns + 2 * RIG_WAY_NS + RIG_STAY_NS);
}

static inline unsigned
rig_answer(struct rig *r, const struct ntp_packet *p)
{
	ntp_packet_encode(p, r->answer);
	r->answer_len = NTP_HEADER_LEN;
	return rig_deliver(r);
}

static inline unsigned
rig_answer_honestly(struct rig *r)
{
	struct ntp_packet p = rig_honest(r);

	return rig_answer(r, &p);
}

static inline void
rig_conf(struct rig *r, unsigned auth)
{
	memset(r, 0, sizeof *r);
	r->seed = 7;
	r->rng = (struct rng){rig_fill, &r->seed};
	r->tools.rng = &r->rng;
	r->conf.auth = (uint8_t)auth;
	r->conf.minpoll_log2s = 6;
	r->conf.maxpoll_log2s = 10;
	r->conf.precision_log2s = -24;
	r->now.ns = 1000 * SEC;
	r->timer.ns = INT64_MAX;
}

/* Make the association; plain ones get their address. */
static inline void
rig_make(struct rig *r)
{
	struct addr addr;

	if (r->conf.auth == ASSOC_AUTH_KEY)
		r->tools.mac = crypto_mac_new();
	if (r->conf.auth == ASSOC_AUTH_NTS) {
		assert_int_equal(nts_aeads_init(&r->aeads), 0);
		r->tools.aeads = &r->aeads;
	}
	r->a = assoc_new(&r->conf, &r->tools);
	assert_non_null(r->a);
	assert_int_equal(addr_parse(&addr, "192.0.2.1"), 0);
	assoc_address(r->a, &addr, r->now, &r->todo);
	rig_obey(r);
}

static inline void
rig_start(struct rig *r, bool hurry)
{
	rig_make(r);
	assoc_start(r->a, (struct dur){0}, hurry, r->now, &r->todo);
	rig_obey(r);
}

static inline void
rig_fini(struct rig *r)
{
	assoc_free(r->a);
	crypto_mac_free(r->tools.mac);
	nts_aeads_fini(&r->aeads);
}

static inline struct assoc_status
rig_status(const struct rig *r)
{
	struct assoc_status s;

	assoc_status(r->a, &s);
	return s;
}

#endif
