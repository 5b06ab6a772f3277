/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server without NTS against requests that are malformed, odd, or from
 * where no request can come, and extension fields of every length: cases A and
 * B of the hostile list, and J1.
 */
#include "serve_rig.h"

#include "ntp/ext.h"

static void
test_a1_short(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (size_t len = 0; len < NTP_HEADER_LEN; len++) {
		r.req.len = len;
		assert_int_equal(rig_ask(&r), SERVE_DROP_SHORT);
	}
	assert_int_equal(
	    serve_counters_get(r.serve)->verdict_cnt[SERVE_DROP_SHORT],
	    NTP_HEADER_LEN);
	rig_fini(&r);
}

static void
test_a2_b7_odd_lengths(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (size_t len = 49; len < 52; len++) {
		r.req.len = len;
		assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	}
	r.req.len = 53;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	r.req.len = 55;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	r.req.len = 52; /* a crypto-NAK */
	assert_int_equal(rig_ask(&r), SERVE_DROP_KEY);
	r.req.len = 56;
	assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	r.req.len = 60;
	assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	rig_fini(&r);
}

static void
test_a3_a4_a5_versions_and_modes(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (unsigned version = 0; version < 8; version++)
		for (unsigned mode = 0; mode < 8; mode++) {
			enum serve_verdict want = SERVE_DROP_MODE;

			rig_plain(&r, version, mode);
			if (version < 1 || version > 4)
				want = SERVE_DROP_VERSION;
			else if (mode == 3 || (version == 1 && mode == 0))
				want = SERVE_ANSWERED;
			assert_int_equal(rig_ask(&r), want);
			if (want == SERVE_ANSWERED) {
				assert_int_equal(r.head.version, version);
				assert_int_equal(r.head.mode, 4);
			}
		}
	rig_fini(&r);
}

static void
test_a6_all_same(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (size_t len = 0; len <= 1024; len++) {
		memset(r.in, 0, len);
		r.req.len = len;
		assert_true(rig_ask(&r) > SERVE_NAK);
		memset(r.in, 0xff, len);
		assert_true(rig_ask(&r) > SERVE_NAK);
	}
	rig_fini(&r);
}

/* A7, A9: what else the header says does not matter. */
static void
test_a7_a9_odd_fields(void **state)
{
	struct ntp_packet p = {.version = 4,
	    .mode = 3,
	    .leap = 3,
	    .stratum = 255,
	    .poll = -128,
	    .precision = 127,
	    .root_delay = {UINT32_MAX},
	    .reference = {UINT64_MAX}};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	ntp_packet_encode(&p, r.in);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.stratum, 3);
	assert_int_equal(r.head.leap, 0);
	assert_int_equal(r.head.origin.v, 0);
	assert_in_range(r.head.poll + 7, 0, 31);
	p.poll = 127;
	ntp_packet_encode(&p, r.in);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_in_range(r.head.poll + 7, 0, 31);
	rig_fini(&r);
}

static void
test_a8_a13_huge_and_cut(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.req.len = 65504;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	r.req.len = 65507;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	r.req.len = 1504;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	r.req.len = NTP_HEADER_LEN;
	r.req.cut = true;
	assert_int_equal(rig_ask(&r), SERVE_DROP_LENGTH);
	rig_fini(&r);
}

static void
test_a10_random(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (int i = 0; i < 20000; i++) {
		r.req.len = (size_t)(i % 256) * 2;
		rig_fill(&r.seed, r.in, r.req.len);
		if (i % 2)
			r.in[0] = (uint8_t)((r.in[0] & 0xf8) | 3);
		rig_ask(&r);
		if (r.out_len > 0) {
			assert_int_equal(r.head.mode, NTP_MODE_SERVER);
			assert_int_equal(r.head.version, r.in[0] >> 3 & 7);
			assert_memory_equal(r.out + NTP_OFFSET_ORIGIN,
			    r.in + NTP_OFFSET_TRANSMIT, 8);
		}
	}
	rig_fini(&r);
}

static void
test_a11_sources(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.req.from.port = 0;
	assert_int_equal(rig_ask(&r), SERVE_DROP_SOURCE);
	r.req.from.port = NTP_PORT; /* an old client */
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	r.req.from = r.req.local;
	assert_int_equal(rig_ask(&r), SERVE_DROP_SOURCE);
	r.req.from.port = 40000; /* a client beside the server */
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(addr_parse(&r.req.from, "224.0.1.1"), 0);
	r.req.from.port = 40000;
	assert_int_equal(rig_ask(&r), SERVE_DROP_SOURCE);
	assert_int_equal(addr_parse(&r.req.from, "0.0.0.0"), 0);
	r.req.from.port = 40000;
	assert_int_equal(rig_ask(&r), SERVE_DROP_SOURCE);
	r.req.from.family = ADDR_NONE;
	assert_int_equal(rig_ask(&r), SERVE_DROP_SOURCE);
	rig_fini(&r);
}

static void
test_denied(void **state)
{
	static const struct serve_access_rule rule = {.allow = false};
	struct serve_access *nobody = serve_access_new(&rule, 1);
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	serve_set_access(r.serve, nobody);
	assert_int_equal(rig_ask(&r), SERVE_DROP_DENIED);
	serve_set_access(r.serve, NULL);
	assert_int_equal(rig_ask(&r), SERVE_DROP_DENIED);
	serve_set_access(r.serve, r.access);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	serve_access_free(nobody);
	rig_fini(&r);
}

static void
test_b1_b2_field_lengths(void **state)
{
	static const unsigned bad[] = {
	    0, 1, 2, 3, 4, 12, 17, 18, 19, 29, 65532, 65535};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		rig_plain(&r, 4, 3);
		rig_field(&r, 0xf123, bad[i]);
		r.req.len = NTP_HEADER_LEN + 28;
		assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	}
	rig_fini(&r);
}

static void
test_b3_many_fields(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (int i = 0; i < NTP_EXT_MAX - 1; i++)
		rig_field(&r, 0xf123, 16);
	rig_field(&r, 0xf123, 28);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	rig_field(&r, 0xf123, 28);
	assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	rig_plain(&r, 4, 3);
	for (int i = 0; i < 80; i++)
		rig_field(&r, 0xf123, 16);
	assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	rig_fini(&r);
}

/* B4, B6: unknown types, Autokey's included, are ignored. */
static void
test_b4_b6_unknown_types(void **state)
{
	static const unsigned types[] = {0x0000, 0xffff, 0xf323, 0x2005, 0x0002,
	    0x0102, 0x0200, 0x8200, 0xc204, 0x0209};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		rig_plain(&r, 4, 3);
		rig_field(&r, types[i], 28);
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		assert_int_equal(r.out_len, NTP_HEADER_LEN);
	}
	rig_fini(&r);
}

static void
test_b5_fields_before_v4(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	for (unsigned version = 1; version < 4; version++) {
		rig_plain(&r, version, 3);
		rig_field(&r, 0xf123, 28);
		assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	}
	rig_fini(&r);
}

/* J1 for everything above: rig_ask asserts it; here with little room. */
static void
test_j1_room(void **state)
{
	struct rig r;
	enum serve_verdict v;

	(void)state;
	rig_init(&r, NULL);
	for (size_t max = 0; max < NTP_HEADER_LEN; max++) {
		assert_int_equal(
		    serve_request(r.serve, &r.req, r.out, max, &v), 0);
		assert_int_equal(v, SERVE_DROP_ROOM);
	}
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a1_short),
	    cmocka_unit_test(test_a2_b7_odd_lengths),
	    cmocka_unit_test(test_a3_a4_a5_versions_and_modes),
	    cmocka_unit_test(test_a6_all_same),
	    cmocka_unit_test(test_a7_a9_odd_fields),
	    cmocka_unit_test(test_a8_a13_huge_and_cut),
	    cmocka_unit_test(test_a10_random),
	    cmocka_unit_test(test_a11_sources),
	    cmocka_unit_test(test_denied),
	    cmocka_unit_test(test_b1_b2_field_lengths),
	    cmocka_unit_test(test_b3_many_fields),
	    cmocka_unit_test(test_b4_b6_unknown_types),
	    cmocka_unit_test(test_b5_fields_before_v4),
	    cmocka_unit_test(test_j1_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
