/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with NTS: cookies go round and are counted, one that is garbage,
 * doubled or too old gives no time (cases D), and what is asked for with
 * placeholders is never longer than the request (J1, J8).
 */
#include "serve_nts_rig.h"

#include "ntp/ext.h"

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

static void
test_d1_cookie_garbage(void **state)
{
	static const size_t lens[] = {12, 16, 92, 96, 100, 200, 512};
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
	drop_bytes(&s, NTP_HEADER_LEN + 40, 96);
	put_u16(s.r.in + NTP_HEADER_LEN + 38, 4);
	assert_no_time(&s);
	make_request(&s, 0);
	memmove(s.r.in + s.auth_at + 1096, s.r.in + s.auth_at, 40);
	put_u16(s.r.in + NTP_HEADER_LEN + 38, 1196);
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
	memmove(s.r.in + s.auth_at + 100, s.r.in + s.auth_at, 40);
	memcpy(s.r.in + s.auth_at, s.r.in + NTP_HEADER_LEN + 36, 100);
	s.auth_at += 100;
	s.r.req.len += 100;
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
		len = n < 12 ? 100 : 16;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seals_are_counted),
	    cmocka_unit_test(test_cookies_go_round),
	    cmocka_unit_test(test_d1_cookie_garbage),
	    cmocka_unit_test(test_d4_two_cookies),
	    cmocka_unit_test(test_d5_r1_rotation),
	    cmocka_unit_test(test_d6_same_cookie),
	    cmocka_unit_test(test_j1_j8_placeholders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
