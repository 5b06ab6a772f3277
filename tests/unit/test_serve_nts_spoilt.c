/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with NTS, cases C of the hostile list: whatever is done to a
 * request, no time goes out that is not sealed, and nothing is longer than
 * what came in.
 */
#include "serve_nts_rig.h"

#include "ntp/ext.h"

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
	static uint8_t placeholder[100] = {0x03, 0x04, 0, 100};
	struct session s;

	(void)state;
	session_init(&s, 15);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ask_inner(&s, bad[i], i == 0 ? 1 : 8);
		assert_no_time(&s);
	}
	ask_inner(&s, good, 8);
	assert_served(&s, 1);
	ask_inner(&s, placeholder, 100);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_c1_c8_d2_every_byte),
	    cmocka_unit_test(test_c2_truncated),
	    cmocka_unit_test(test_c3_c4_authenticator_lengths),
	    cmocka_unit_test(test_c5_c6_order_of_fields),
	    cmocka_unit_test(test_c7_wrong_keys),
	    cmocka_unit_test(test_c9_inner_garbage),
	    cmocka_unit_test(test_c10_versions_and_modes),
	    cmocka_unit_test(test_c11_missing_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
