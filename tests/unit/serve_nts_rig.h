/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the server with NTS share: a whole session against the
 * client's half of nts/ef, requests made and spoilt, and what an answer to
 * them may be.
 */
#ifndef TESTS_UNIT_SERVE_NTS_RIG_H
#define TESTS_UNIT_SERVE_NTS_RIG_H

#include "serve_rig.h"

#include "ntp/kiss.h"
#include "nts/ef.h"
#include "nts/jar.h"

struct session {
	struct rig r;
	struct nts_aeads aeads;
	struct nts_cookie_keys cookies;
	struct nts_keys keys;
	struct nts_jar jar;
	uint8_t uid[NTS_UID_LEN];
	size_t auth_at;       /* where the authenticator starts */
	struct ntp_ts origin; /* of an interleaved request, or 0 */
};

static inline void
mint(struct session *s, struct nts_cookie *c)
{
	c->len = (uint16_t)nts_cookie_len(s->keys.aead);
	assert_int_equal(
	    nts_cookie_seal(&s->cookies, &s->keys, &s->r.rng, c->data), 0);
}

static inline void
session_init_conf(struct session *s, unsigned aead, struct serve_conf *conf)
{
	memset(s, 0, sizeof *s);
	rig_init(&s->r, conf);
	assert_int_equal(serve_set_ring(s->r.serve, &s->r.ring), 0);
	assert_int_equal(nts_aeads_init(&s->aeads), 0);
	nts_cookie_keys_init(&s->cookies);
	assert_int_equal(nts_cookie_keys_load(&s->cookies, &s->r.ring), 0);
	s->keys.aead = (uint16_t)aead;
	s->keys.key_len = (uint8_t)crypto_aead_key_len(aead);
	rig_fill(&s->r.seed, s->keys.c2s, s->keys.key_len);
	rig_fill(&s->r.seed, s->keys.s2c, s->keys.key_len);
}

static inline void
session_init(struct session *s, unsigned aead)
{
	session_init_conf(s, aead, NULL);
}

static inline void
session_fini(struct session *s)
{
	nts_cookie_keys_fini(&s->cookies);
	nts_aeads_fini(&s->aeads);
	rig_fini(&s->r);
}

#define CLIENT_RX 0x1111111111111111ULL

static inline void
put_origin(struct session *s)
{
	struct ntp_packet p;

	assert_int_equal(ntp_packet_decode(&p, s->r.in, NTP_HEADER_LEN), 0);
	p.origin = s->origin;
	p.receive.v = CLIENT_RX;
	ntp_packet_encode(&p, s->r.in);
}

/* A request with this cookie, sealed with these keys. */
static inline void
ask_with(struct session *s, const struct nts_keys *keys,
    const struct nts_cookie *cookie, unsigned placeholder_cnt)
{
	struct nts_ef_ask ask = {
	    .uid = s->uid,
	    .cookie = cookie,
	    .placeholder_cnt = placeholder_cnt,
	};
	struct bytes_out out;

	rig_plain(&s->r, 4, NTP_MODE_CLIENT);
	if (s->origin.v != 0)
		put_origin(s);
	rig_fill(&s->r.seed, s->uid, sizeof s->uid);
	bytes_out_init(&out, s->r.in, sizeof s->r.in);
	out.pos = NTP_HEADER_LEN;
	assert_int_equal(
	    nts_ef_put_request(&s->aeads, keys, &ask, &s->r.rng, &out), 0);
	s->r.req.len = out.pos;
	s->auth_at = out.pos - 4 - 4 - 16 - 16;
}

static inline void
make_request(struct session *s, unsigned placeholder_cnt)
{
	struct nts_cookie cookie;

	mint(s, &cookie);
	ask_with(s, &s->keys, &cookie, placeholder_cnt);
}

static inline int
open_answer(struct session *s, struct nts_ef_answer *answer)
{
	struct bytes_in in;

	bytes_in_init(&in, s->r.out, s->r.out_len);
	return nts_ef_open_response(&s->aeads, &s->keys, &in, s->uid, answer);
}

/* Time has been told, sealed, with so many fresh cookies. */
static inline void
assert_served(struct session *s, unsigned cookie_cnt)
{
	struct nts_ef_answer answer;

	assert_int_equal(rig_ask(&s->r), SERVE_ANSWERED_NTS);
	assert_int_equal(s->r.head.origin.v, RIG_TRANSMIT);
	assert_int_equal(s->r.head.stratum, 3);
	assert_int_equal(open_answer(s, &answer), 0);
	assert_int_equal(answer.cookie_cnt, cookie_cnt);
}

/* An NTSN with our UID, no longer than the request, and no time. */
static inline void
assert_nak(struct session *s)
{
	assert_int_equal(rig_ask(&s->r), SERVE_NAK);
	assert_int_equal(s->r.head.stratum, 0);
	assert_int_equal(s->r.head.leap, 3);
	assert_int_equal(s->r.head.ref_id, NTP_KISS_CODE_NTSN);
	assert_true(nts_ef_is_nak(s->r.out, s->r.out_len, s->uid));
}

/* Whatever it is, it is not time. */
static inline void
assert_no_time(struct session *s)
{
	enum serve_verdict v = rig_ask(&s->r);

	assert_true(v >= SERVE_NAK);
	if (v == SERVE_NAK) {
		assert_int_equal(s->r.head.stratum, 0);
		assert_int_equal(s->r.head.ref_id, NTP_KISS_CODE_NTSN);
	}
}

static inline void
put_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* Remove len bytes at an offset. */
static inline void
drop_bytes(struct session *s, size_t at, size_t len)
{
	memmove(s->r.in + at, s->r.in + at + len, s->r.req.len - at - len);
	s->r.req.len -= len;
	s->auth_at -= len;
}

/* Seal again what was changed before the authenticator. */
static inline void
seal_again(struct session *s)
{
	struct crypto_aead *aead = nts_aeads_get(&s->aeads, s->keys.aead);
	uint8_t *auth = s->r.in + s->auth_at;
	struct crypto_aead_msg msg = {
	    .nonce = auth + 8,
	    .nonce_len = 16,
	    .ad = s->r.in,
	    .ad_len = s->auth_at,
	};

	assert_int_equal(
	    crypto_aead_set_key(aead, s->keys.c2s, s->keys.key_len), 0);
	assert_int_equal(crypto_aead_seal(aead, &msg, auth, 0, auth + 24), 0);
}

#endif
