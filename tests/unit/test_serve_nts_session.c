/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with NTS: a whole session, interleaved mode inside it (G9),
 * requests in the forms that chrony and ntpsec send, and what remains when NTS
 * is off (J7).
 */
#include "serve_nts_rig.h"

#include "ntp/ext.h"

static void
told_when_it_left(struct session *s, int64_t after_ns)
{
	assert_true(serve_wants_stamp(s->r.serve, 0));
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
	assert_false(serve_wants_stamp(s.r.serve, 0));
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
	assert_false(serve_wants_stamp(s.r.serve, 0));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session),
	    cmocka_unit_test(test_g9_interleaved),
	    cmocka_unit_test(test_foreign_requests),
	    cmocka_unit_test(test_j7_nts_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
