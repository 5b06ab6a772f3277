/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with NTS: a whole session against the client's half of nts/ef,
 * requests in the forms that chrony and ntpsec send, and cases C, D and J of
 * the hostile list: whatever is done to a request, no time goes out that is
 * not sealed, and nothing is longer than what came in.
 */
#include "serve/crowd.h"
#include "serve_rig.h"

#include "ntp/ext.h"
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

static void
mint(struct session *s, struct nts_cookie *c)
{
	c->len = (uint16_t)nts_cookie_len(s->keys.aead);
	assert_int_equal(
	    nts_cookie_seal(&s->cookies, &s->keys, &s->r.rng, c->data), 0);
}

static void
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

static void
session_init(struct session *s, unsigned aead)
{
	session_init_conf(s, aead, NULL);
}

static void
session_fini(struct session *s)
{
	nts_cookie_keys_fini(&s->cookies);
	nts_aeads_fini(&s->aeads);
	rig_fini(&s->r);
}

#define CLIENT_RX 0x1111111111111111ULL

static void
put_origin(struct session *s)
{
	struct ntp_packet p;

	assert_int_equal(ntp_packet_decode(&p, s->r.in, NTP_HEADER_LEN), 0);
	p.origin = s->origin;
	p.receive.v = CLIENT_RX;
	ntp_packet_encode(&p, s->r.in);
}

/* A request with this cookie, sealed with these keys. */
static void
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

static void
make_request(struct session *s, unsigned placeholder_cnt)
{
	struct nts_cookie cookie;

	mint(s, &cookie);
	ask_with(s, &s->keys, &cookie, placeholder_cnt);
}

static int
open_answer(struct session *s, struct nts_ef_answer *answer)
{
	struct bytes_in in;

	bytes_in_init(&in, s->r.out, s->r.out_len);
	return nts_ef_open_response(&s->aeads, &s->keys, &in, s->uid, answer);
}

/* Time has been told, sealed, with so many fresh cookies. */
static void
assert_served(struct session *s, unsigned cookie_cnt)
{
	struct nts_ef_answer answer;

	assert_int_equal(rig_ask(&s->r), SERVE_ANSWERED_NTS);
	assert_int_equal(s->r.head.origin.v, RIG_TRANSMIT);
	assert_int_equal(s->r.head.stratum, 3);
	assert_int_equal(open_answer(s, &answer), 0);
	assert_int_equal(answer.cookie_cnt, cookie_cnt);
}

/* Each cookie counts against the key that sealed it. */
static void
test_seals_are_counted(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	assert_int_equal(serve_seal_cnt(s.r.serve), 0);
	make_request(&s, 0);
	assert_served(&s, 1);
	make_request(&s, 7);
	assert_served(&s, 8);
	assert_int_equal(serve_seal_cnt(s.r.serve), 9);
	assert_int_equal(serve_set_ring(s.r.serve, &s.r.ring), 0);
	assert_int_equal(serve_seal_cnt(s.r.serve), 9); /* the same key */
	nts_keyring_rotate(&s.r.ring, (struct wall){0}, &s.r.rng);
	assert_int_equal(serve_set_ring(s.r.serve, &s.r.ring), 0);
	assert_int_equal(serve_seal_cnt(s.r.serve), 0);
	session_fini(&s);
}

/* An NTSN with our UID, no longer than the request, and no time. */
static void
assert_nak(struct session *s)
{
	assert_int_equal(rig_ask(&s->r), SERVE_NAK);
	assert_int_equal(s->r.head.stratum, 0);
	assert_int_equal(s->r.head.leap, 3);
	assert_int_equal(s->r.head.ref_id, NTP_KISS_CODE_NTSN);
	assert_true(nts_ef_is_nak(s->r.out, s->r.out_len, s->uid));
}

/* Whatever it is, it is not time. */
static void
assert_no_time(struct session *s)
{
	enum serve_verdict v = rig_ask(&s->r);

	assert_true(v >= SERVE_NAK);
	if (v == SERVE_NAK) {
		assert_int_equal(s->r.head.stratum, 0);
		assert_int_equal(s->r.head.ref_id, NTP_KISS_CODE_NTSN);
	}
}

static void
told_when_it_left(struct session *s, int64_t after_ns)
{
	assert_true(serve_wants_stamp(s->r.serve));
	assert_true(serve_sent(s->r.serve, s->r.out, s->r.out_len,
	    (struct wall){s->r.req.now.ns + after_ns}));
}

/* RFC 9769 with NTS: the sealed answer tells when the last one left, and
 * nobody without the keys can spend that (G9). */
static void
test_g9_interleaved(void **state)
{
	struct nts_ef_answer answer;
	struct session s;
	struct ntp_ts origin, left;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 1);
	assert_served(&s, 2);
	assert_false(serve_wants_stamp(s.r.serve));
	s.origin = s.r.head.receive;
	make_request(&s, 1);
	assert_served(&s, 2);
	told_when_it_left(&s, 20000);
	left = tstamp_from_wall((struct wall){s.r.req.now.ns + 20000});
	s.origin = origin = s.r.head.receive;
	/* A stranger repeats what it saw, without and with broken fields. */
	rig_plain(&s.r, 4, NTP_MODE_CLIENT);
	put_origin(&s);
	assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED);
	assert_int_equal(s.r.head.origin.v, RIG_TRANSMIT);
	make_request(&s, 1);
	s.r.in[s.r.req.len - 1] ^= 1;
	assert_nak(&s);
	assert_false(serve_wants_stamp(s.r.serve));
	s.r.req.rx.ns += TSTAMP_NS_PER_S;
	s.r.req.now.ns += TSTAMP_NS_PER_S;
	make_request(&s, 1);
	assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED_NTS);
	assert_int_equal(s.r.head.origin.v, CLIENT_RX);
	assert_in_range(llabs(tstamp_diff(s.r.head.transmit, left).ns), 0, 1);
	assert_int_equal(open_answer(&s, &answer), 0);
	assert_int_equal(answer.cookie_cnt, 2);
	/* The same again is an ordinary answer: used once. */
	s.origin = origin;
	make_request(&s, 1);
	assert_served(&s, 2);
	session_fini(&s);
}

static void
test_session(void **state)
{
	static const unsigned aeads[] = {15, 16, 17, 30, 31};
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof aeads / sizeof aeads[0]; i++) {
		if (!crypto_aead_offered(aeads[i]))
			continue;
		session_init(&s, aeads[i]);
		for (unsigned n = 0; n <= NTS_PLACEHOLDERS_MAX; n++) {
			make_request(&s, n);
			assert_served(&s, n + 1);
		}
		session_fini(&s);
	}
}

/* A jar lives on the answers: every cookie given is good, none is repeated. */
static void
test_cookies_go_round(void **state)
{
	static struct nts_cookie seen[64];
	struct session s;
	struct nts_cookie c;
	unsigned seen_cnt = 0;
	struct bytes_out out;

	(void)state;
	session_init(&s, 15);
	assert_int_equal(nts_jar_init(&s.jar, &s.keys, 1), 0);
	mint(&s, &c);
	assert_int_equal(nts_jar_add(&s.jar, c.data, c.len), 0);
	for (int i = 0; i < 60; i++) {
		rig_plain(&s.r, 4, NTP_MODE_CLIENT);
		bytes_out_init(&out, s.r.in, sizeof s.r.in);
		out.pos = NTP_HEADER_LEN;
		assert_int_equal(
		    nts_jar_request(&s.jar, 0, &s.aeads, &s.r.rng, &out), 0);
		s.r.req.len = out.pos;
		assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED_NTS);
		assert_int_equal(
		    nts_jar_response(&s.jar, 0, &s.aeads, s.r.out, s.r.out_len),
		    0);
		assert_int_equal(s.jar.cookie_cnt, 8);
		c = s.jar.cookies[(s.jar.cookie_idx + 7U) % 8];
		for (unsigned j = 0; j < seen_cnt; j++)
			assert_memory_not_equal(seen[j].data, c.data, c.len);
		seen[seen_cnt++] = c;
	}
	session_fini(&s);
}

/* C1, C8, D2: every bit counts, except of what comes after the
 * authenticator. */
static void
test_c1_c8_d2_every_byte(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 2);
	for (size_t at = 0; at < s.r.req.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			s.r.in[at] ^= (uint8_t)(1 << bit);
			assert_no_time(&s);
			s.r.in[at] ^= (uint8_t)(1 << bit);
		}
	assert_served(&s, 3);
	session_fini(&s);
}

static void
test_c2_truncated(void **state)
{
	struct session s;
	size_t len;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 1);
	len = s.r.req.len;
	for (size_t cut = NTP_HEADER_LEN + 4; cut < len; cut++) {
		s.r.req.len = cut;
		assert_no_time(&s);
	}
	session_fini(&s);
}

static void
put_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
test_c3_c4_authenticator_lengths(void **state)
{
	static const unsigned lens[] = {
	    0, 1, 2, 3, 4, 12, 15, 17, 20, 28, 36, 40, 44, 32768, 65535};
	static const unsigned bodies[] = {0, 4, 12, 24, 28};
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
		for (size_t j = 0; j < sizeof lens / sizeof lens[0]; j++) {
			put_u16(s.r.in + s.auth_at + 4, lens[i]);
			put_u16(s.r.in + s.auth_at + 6, lens[j]);
			assert_no_time(&s);
		}
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		make_request(&s, 0);
		put_u16(s.r.in + s.auth_at + 2, bodies[i] + 4);
		s.r.req.len = s.auth_at + 4 + bodies[i];
		assert_no_time(&s);
	}
	session_fini(&s);
}

/* Move the last len bytes in front of what begins at to. */
static void
move_up(struct session *s, size_t len, size_t to)
{
	uint8_t field[2048];
	size_t from = s->r.req.len - len;

	memcpy(field, s->r.in + from, len);
	memmove(s->r.in + to + len, s->r.in + to, from - to);
	memcpy(s->r.in + to, field, len);
}

static void
test_c5_c6_order_of_fields(void **state)
{
	struct session s;
	size_t len;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	move_up(&s, 40, NTP_HEADER_LEN); /* authenticator first */
	assert_no_time(&s);
	make_request(&s, 0);
	move_up(&s, 40, NTP_HEADER_LEN + 36); /* before the cookie */
	assert_no_time(&s);
	make_request(&s, 0);
	len = s.r.req.len;
	memcpy(s.r.in + len, s.r.in + len - 40, 40); /* twice */
	s.r.req.len += 40;
	assert_no_time(&s);
	/* An unknown field after it is not acted on. */
	make_request(&s, 0);
	len = s.r.req.len;
	memset(s.r.in + len, 0, 28);
	put_u16(s.r.in + len, 0xf123);
	put_u16(s.r.in + len + 2, 28);
	s.r.req.len += 28;
	if (rig_ask(&s.r) == SERVE_ANSWERED_NTS) {
		struct nts_ef_answer answer;

		assert_int_equal(open_answer(&s, &answer), 0);
	}
	/* A placeholder after it buys nothing. */
	put_u16(s.r.in + len, NTP_EXT_PLACEHOLDER);
	assert_no_time(&s);
	session_fini(&s);
}

static void
test_c7_wrong_keys(void **state)
{
	struct session s;
	struct nts_keys swapped;
	struct nts_cookie cookie;

	(void)state;
	session_init(&s, 15);
	swapped = s.keys;
	memcpy(swapped.c2s, s.keys.s2c, sizeof swapped.c2s);
	mint(&s, &cookie);
	ask_with(&s, &swapped, &cookie, 0);
	assert_nak(&s);
	/* D3: another session's cookie. */
	rig_fill(&s.r.seed, swapped.c2s, swapped.key_len);
	ask_with(&s, &swapped, &cookie, 3);
	assert_nak(&s);
	session_fini(&s);
}

/* Fields sealed inside a request. */
static void
ask_inner(struct session *s, const uint8_t *plain, size_t plain_len)
{
	struct crypto_aead *aead = nts_aeads_get(&s->aeads, s->keys.aead);
	struct crypto_aead_msg msg = {.nonce_len = 16};
	uint8_t *auth;

	make_request(s, 0);
	auth = s->r.in + s->auth_at;
	msg.ad = s->r.in;
	msg.ad_len = s->auth_at;
	msg.nonce = auth + 8;
	put_u16(
	    auth + 2, (unsigned)(4 + 4 + 16 + 16 + ((plain_len + 3) & ~3U)));
	put_u16(auth + 6, (unsigned)(16 + plain_len));
	memset(auth + 24, 0, 64 + plain_len);
	assert_int_equal(
	    crypto_aead_set_key(aead, s->keys.c2s, s->keys.key_len), 0);
	assert_int_equal(
	    crypto_aead_seal(aead, &msg, plain, plain_len, auth + 24), 0);
	s->r.req.len = s->auth_at + 40 + ((plain_len + 3) & ~(size_t)3);
}

static void
test_c9_inner_garbage(void **state)
{
	static const uint8_t bad[][8] = {
	    {0x41},                          /* 1 byte */
	    {0xf1, 0x23, 0, 0, 0, 0, 0, 0},  /* length 0 */
	    {0xf1, 0x23, 0, 12, 0, 0, 0, 0}, /* past the end */
	    {0xf1, 0x23, 0xff, 0xff, 0, 0, 0, 0},
	    {0xf1, 0x23, 0, 5, 0, 0, 0, 0},
	    {0x02, 0x04, 0, 8, 0, 0, 0, 0}, /* a cookie */
	    {0x03, 0x04, 0, 8, 0, 0, 0, 0}, /* short one */
	};
	static const uint8_t good[8] = {0xf1, 0x23, 0, 8};
	static uint8_t placeholder[108] = {0x03, 0x04, 0, 108};
	struct session s;

	(void)state;
	session_init(&s, 15);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ask_inner(&s, bad[i], i == 0 ? 1 : 8);
		assert_no_time(&s);
	}
	ask_inner(&s, good, 8);
	assert_served(&s, 1);
	ask_inner(&s, placeholder, 108);
	assert_served(&s, 2);
	session_fini(&s);
}

static void
test_c10_versions_and_modes(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	for (unsigned version = 0; version < 8; version++)
		for (unsigned mode = 0; mode < 8; mode++) {
			if (version == 4 && mode == 3)
				continue;
			s.r.in[0] = (uint8_t)(version << 3 | mode);
			assert_true(rig_ask(&s.r) > SERVE_NAK);
		}
	session_fini(&s);
}

/* Remove len bytes at an offset. */
static void
drop_bytes(struct session *s, size_t at, size_t len)
{
	memmove(s->r.in + at, s->r.in + at + len, s->r.req.len - at - len);
	s->r.req.len -= len;
	s->auth_at -= len;
}

/* Seal again what was changed before the authenticator. */
static void
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

static void
test_c11_missing_fields(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	drop_bytes(&s, NTP_HEADER_LEN, 36); /* no UID */
	seal_again(&s);
	assert_no_time(&s);
	make_request(&s, 0);
	drop_bytes(&s, NTP_HEADER_LEN + 36, 108); /* no cookie */
	seal_again(&s);
	assert_no_time(&s);
	make_request(&s, 0);
	s.r.req.len -= 40; /* no authenticator */
	assert_no_time(&s);
	make_request(&s, 0);
	s.r.req.len = NTP_HEADER_LEN + 36; /* UID alone */
	assert_no_time(&s);
	session_fini(&s);
}

static void
test_d1_cookie_garbage(void **state)
{
	static const size_t lens[] = {12, 16, 100, 104, 108, 200, 512};
	struct session s;
	struct nts_cookie cookie;

	(void)state;
	session_init(&s, 15);
	for (int i = 0; i < 100; i++) {
		for (size_t j = 0; j < sizeof lens / sizeof lens[0]; j++) {
			memset(&cookie, 0, sizeof cookie);
			cookie.len = (uint16_t)lens[j];
			if (i > 0)
				rig_fill(&s.r.seed, cookie.data, lens[j]);
			ask_with(&s, &s.keys, &cookie, (unsigned)i % 3);
			if (s.r.req.len > SERVE_RESPONSE_MAX)
				continue;
			assert_nak(&s);
		}
	}
	/* An empty cookie: nothing but a header; 1200 bytes of it. */
	make_request(&s, 0);
	drop_bytes(&s, NTP_HEADER_LEN + 40, 104);
	put_u16(s.r.in + NTP_HEADER_LEN + 38, 4);
	assert_no_time(&s);
	make_request(&s, 0);
	memmove(s.r.in + s.auth_at + 1096, s.r.in + s.auth_at, 40);
	put_u16(s.r.in + NTP_HEADER_LEN + 38, 1204);
	s.auth_at += 1096;
	s.r.req.len += 1096;
	seal_again(&s);
	assert_nak(&s);
	session_fini(&s);
}

static void
test_d4_two_cookies(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	/* The first again, as good as it is. */
	memmove(s.r.in + s.auth_at + 108, s.r.in + s.auth_at, 40);
	memcpy(s.r.in + s.auth_at, s.r.in + NTP_HEADER_LEN + 36, 108);
	s.auth_at += 108;
	s.r.req.len += 108;
	seal_again(&s);
	assert_no_time(&s);
	session_fini(&s);
}

static void
test_d5_r1_rotation(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 1);
	for (int i = 0; i < 3; i++) {
		assert_served(&s, 2);
		nts_keyring_rotate(
		    &s.r.ring, (struct wall){RIG_WALL_NS}, &s.r.rng);
		assert_int_equal(serve_set_ring(s.r.serve, &s.r.ring), 0);
	}
	for (int i = 0; i < NTS_KEYRING_SLOTS; i++)
		nts_keyring_rotate(
		    &s.r.ring, (struct wall){RIG_WALL_NS}, &s.r.rng);
	assert_int_equal(serve_set_ring(s.r.serve, &s.r.ring), 0);
	assert_nak(&s);
	session_fini(&s);
}

static void
test_d6_same_cookie(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	make_request(&s, 0);
	for (int i = 0; i < 20; i++)
		assert_served(&s, 1);
	session_fini(&s);
}

static void
test_j7_nts_disabled(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, 15);
	assert_int_equal(serve_set_ring(s.r.serve, NULL), 0);
	make_request(&s, 0);
	assert_int_equal(rig_ask(&s.r), SERVE_DROP_NTS_OFF);
	for (size_t at = 0; at < s.r.req.len; at++) {
		s.r.in[at] ^= 1;
		assert_true(rig_ask(&s.r) > SERVE_NAK);
		s.r.in[at] ^= 1;
	}
	rig_plain(&s.r, 4, NTP_MODE_CLIENT);
	assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED);
	assert_int_equal(serve_set_ring(s.r.serve, &s.r.ring), 0);
	make_request(&s, 0);
	assert_served(&s, 1);
	session_fini(&s);
}

/* J8: placeholders past seven, short ones, and swarms of them. */
static void
test_j1_j8_placeholders(void **state)
{
	struct session s;
	size_t len;

	(void)state;
	session_init(&s, 15);
	for (unsigned n = 1; n < 300; n++) {
		make_request(&s, 0);
		len = n < 12 ? 108 : 16;
		memmove(s.r.in + s.auth_at + n * len, s.r.in + s.auth_at, 40);
		memset(s.r.in + s.auth_at, 0, n * len);
		for (unsigned i = 0; i < n; i++) {
			put_u16(
			    s.r.in + s.auth_at + i * len, NTP_EXT_PLACEHOLDER);
			put_u16(
			    s.r.in + s.auth_at + i * len + 2, (unsigned)len);
		}
		s.auth_at += n * len;
		s.r.req.len += n * len;
		seal_again(&s);
		if (n <= NTS_PLACEHOLDERS_MAX)
			assert_served(&s, n + 1);
		else
			assert_no_time(&s);
	}
	session_fini(&s);
}

/* Requests recorded from chrony 4.8: their cookies are another server's. */
static void
test_foreign_requests(void **state)
{
	static const char request[] =
	    "230006ec00000000000000000000000000000000000000000000000000000000"
	    "0000000000000000e7eaf41023f67a4d01040024debf6d9f1b4ffbf7c43beed2"
	    "c361e4b7e2561ebce6b79f655c7c09de72727f3a020400686be2b1134f3eca8a"
	    "dc5bf056bb7fef7ca52a19068dd9ee8fad1059b9bf45397e9251fe8dbda03d74"
	    "5f50337616dbef4b6dc98b788b429ce0648604e23d07670388f0910fb9a48e5d"
	    "2158d786557652b13e45cd65c3ac3cd3c24ecfeaad03e759ccf84b65";
	struct session s;

	(void)state;
	session_init(&s, 15);
	s.r.req.len = rig_hex(request, s.r.in);
	assert_int_equal(s.r.req.len, 188);
	/* Without its authenticator nothing; with any, an NTSN. */
	assert_no_time(&s);
	s.auth_at = s.r.req.len;
	put_u16(s.r.in + s.auth_at, NTP_EXT_AUTH);
	put_u16(s.r.in + s.auth_at + 2, 40);
	put_u16(s.r.in + s.auth_at + 4, 16);
	put_u16(s.r.in + s.auth_at + 6, 16);
	s.r.req.len += 40;
	seal_again(&s);
	memcpy(s.uid, s.r.in + NTP_HEADER_LEN + 4, sizeof s.uid);
	assert_nak(&s);
	session_fini(&s);
}

static struct serve_limit *
limited(struct session *s, unsigned kod_log2)
{
	struct serve_limit_conf conf = {
	    .interval_log2s = 3,
	    .burst = 4,
	    .leak_log2 = 60,
	    .kod_log2 = (uint8_t)kod_log2,
	};
	struct serve_limit *l = serve_limit_new(&conf, &s->r.rng);

	assert_non_null(l);
	serve_set_limit(s->r.serve, l);
	return l;
}

/* J4: and what strangers send in a client's name costs it nothing. */
static void
test_j4_naks_are_limited(void **state)
{
	struct serve_limit *l;
	unsigned naks = 0;
	struct session s;

	(void)state;
	session_init(&s, 15);
	l = limited(&s, 0);
	for (int i = 0; i < 300; i++) {
		make_request(&s, 0);
		s.r.in[s.r.req.len - 1] ^= 1;
		naks += rig_ask(&s.r) == SERVE_NAK;
	}
	assert_int_equal(naks, 4);
	for (int i = 0; i < 100; i++) {
		rig_plain(&s.r, 4, NTP_MODE_CLIENT);
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_LIMITED);
	}
	for (int i = 0; i < 4; i++) {
		make_request(&s, 7);
		assert_served(&s, 8);
	}
	make_request(&s, 0);
	assert_int_equal(rig_ask(&s.r), SERVE_DROP_LIMITED);
	session_fini(&s);
	serve_limit_free(l);
}

/* Under pressure a valid cookie is answered wherever it comes from, and what
 * only looks like one costs no answer. */
static void
test_pressure(void **state)
{
	struct serve_conf conf = {.precision_log2s = -24};
	struct session s;
	uint64_t seed = 9;
	struct rng rng = {rig_fill, &seed};
	struct serve_crowd *crowd = serve_crowd_new(false, &rng);

	(void)state;
	conf.crowd = crowd;
	session_init_conf(&s, 15, &conf);
	serve_set_pressed(s.r.serve, true);
	for (int i = 0; i < 3; i++) {
		make_request(&s, 1);
		assert_served(&s, 2);
		make_request(&s, 1);
		s.r.in[s.r.req.len - 1] ^= 1;
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_SHED);
		rig_plain(&s.r, 4, NTP_MODE_CLIENT);
		assert_int_equal(rig_ask(&s.r), SERVE_DROP_SHED);
	}
	serve_set_pressed(s.r.serve, false);
	rig_plain(&s.r, 4, NTP_MODE_CLIENT);
	assert_int_equal(rig_ask(&s.r), SERVE_ANSWERED);
	session_fini(&s);
	serve_crowd_free(crowd);
}

/* G8: a client with keys can tell that the kiss is ours. */
static void
test_kiss_is_sealed(void **state)
{
	struct nts_ef_answer answer;
	struct serve_limit *l;
	unsigned kisses = 0;
	struct session s;

	(void)state;
	session_init(&s, 15);
	l = limited(&s, 1);
	for (int i = 0; i < 100; i++) {
		make_request(&s, 2);
		if (rig_ask(&s.r) != SERVE_RATE)
			continue;
		kisses++;
		assert_int_equal(s.r.head.ref_id, NTP_KISS_CODE_RATE);
		assert_int_equal(s.r.head.stratum, 0);
		assert_int_equal(s.r.head.leap, NTP_LEAP_UNSYNCED);
		assert_int_equal(open_answer(&s, &answer), 0);
		assert_int_equal(answer.cookie_cnt, 3);
	}
	assert_in_range(kisses, 24, 72);
	session_fini(&s);
	serve_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session),
	    cmocka_unit_test(test_seals_are_counted),
	    cmocka_unit_test(test_g9_interleaved),
	    cmocka_unit_test(test_cookies_go_round),
	    cmocka_unit_test(test_c1_c8_d2_every_byte),
	    cmocka_unit_test(test_c2_truncated),
	    cmocka_unit_test(test_c3_c4_authenticator_lengths),
	    cmocka_unit_test(test_c5_c6_order_of_fields),
	    cmocka_unit_test(test_c7_wrong_keys),
	    cmocka_unit_test(test_c9_inner_garbage),
	    cmocka_unit_test(test_c10_versions_and_modes),
	    cmocka_unit_test(test_c11_missing_fields),
	    cmocka_unit_test(test_d1_cookie_garbage),
	    cmocka_unit_test(test_d4_two_cookies),
	    cmocka_unit_test(test_d5_r1_rotation),
	    cmocka_unit_test(test_d6_same_cookie),
	    cmocka_unit_test(test_j7_nts_disabled),
	    cmocka_unit_test(test_j1_j8_placeholders),
	    cmocka_unit_test(test_foreign_requests),
	    cmocka_unit_test(test_j4_naks_are_limited),
	    cmocka_unit_test(test_kiss_is_sealed),
	    cmocka_unit_test(test_pressure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
