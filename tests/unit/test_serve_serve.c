/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server without NTS: the header and its honesty, versions and modes,
 * malformed requests, symmetric keys against exchanges recorded from chrony
 * 4.8.  Cases A, B and J of the hostile list.
 */
#include "serve_rig.h"

#include <math.h>

#include "ntp/ext.h"

/* Recorded from chrony 4.8: a request and the key that made it. */
static const struct {
	uint32_t id;
	uint8_t type;
	const char *key;
	const char *request;
} recorded[] = {
    {1, CRYPTO_MAC_AES128, "2b7e151628aed2a6abf7158809cf4f3c",
	"2300000000000000000000000000000000000000000000000000000000000000"
	"00000000000000007893d317b622e909000000017d17af109b9d24bf953766f2"
	"ee8355f4"},
    {2, CRYPTO_MAC_AES256,
	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	"2300000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000db98bd43fa55406f00000002e54a15842b61f4aecd63dc59"
	"cfd6d3af"},
    {3, CRYPTO_MAC_SHA256, "00112233445566778899aabbccddeeff00112233",
	"2300000000000000000000000000000000000000000000000000000000000000"
	"000000000000000070f2d81b1cbc7fd300000003184cac09933150b0a661c9ab"
	"254660c413575495"},
    {4, CRYPTO_MAC_SHA1, "0123456789abcdef0123456789abcdef01234567",
	"2300000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000f1f05ce6d9d13d6a00000004570e67206452930d4b77bfec"
	"57a0ee1aa219b8bb"},
};

#define RECORDED (sizeof recorded / sizeof recorded[0])

static void
recorded_keys(struct crypto_mac_key keys[RECORDED])
{
	memset(keys, 0, RECORDED * sizeof keys[0]);
	for (size_t i = 0; i < RECORDED; i++) {
		keys[i].id = recorded[i].id;
		keys[i].type = recorded[i].type;
		keys[i].len = (uint8_t)rig_hex(recorded[i].key, keys[i].key);
	}
}

static void
test_header(void **state)
{
	struct rig r;
	struct dur to_rx, took;

	(void)state;
	rig_init(&r, NULL);
	r.in[2] = 7; /* poll */
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.out_len, NTP_HEADER_LEN);
	assert_int_equal(r.head.version, 4);
	assert_int_equal(r.head.mode, NTP_MODE_SERVER);
	assert_int_equal(r.head.leap, 0);
	assert_int_equal(r.head.stratum, 3);
	assert_int_equal(r.head.poll, 7);
	assert_int_equal(r.head.precision, -24);
	assert_int_equal(r.head.ref_id, RIG_REF_ID);
	assert_int_equal(r.head.origin.v, RIG_TRANSMIT);
	assert_true(fabs(tstamp_short_to_s(r.head.root_delay) - 0.02) < 2e-5);
	assert_true(
	    fabs(tstamp_short_to_s(r.head.root_dispersion) - 0.00103) < 2e-5);
	to_rx = tstamp_diff(
	    r.head.receive, tstamp_from_wall((struct wall){RIG_WALL_NS}));
	assert_in_range(to_rx.ns + 60, 0, 120); /* 2^-24 s */
	took = tstamp_diff(r.head.transmit, r.head.receive);
	assert_in_range(took.ns, 20000 - 120, 20000 + 120);
	assert_int_equal(
	    tstamp_diff(r.head.reference,
		tstamp_from_wall((struct wall){RIG_WALL_NS - 2000000000}))
		.ns,
	    0);
	rig_fini(&r);
}

/* Receive stamps odd, transmit stamps even, later, and random below the
 * precision. */
static void
test_stamps(void **state)
{
	struct rig r;
	uint64_t seen_rx = 0, seen_tx = 0;

	(void)state;
	rig_init(&r, NULL);
	r.req.now.ns = r.req.rx.ns + 500;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		assert_int_equal(r.head.receive.v & 1, 1);
		assert_int_equal(r.head.transmit.v & 1, 0);
		assert_true(
		    tstamp_diff(r.head.transmit, r.head.receive).ns >= 0);
		assert_true(r.head.transmit.v != r.head.receive.v);
		seen_rx |= UINT64_C(1) << (r.head.receive.v >> 2 & 63);
		seen_tx |= UINT64_C(1) << (r.head.transmit.v >> 2 & 63);
	}
	assert_true(seen_rx == UINT64_MAX && seen_tx == UINT64_MAX);
	r.req.now = r.req.rx;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		assert_true(r.head.transmit.v > r.head.receive.v);
	}
	/* The clock went back, or the stamp is from long ago. */
	r.req.now.ns = r.req.rx.ns - 1;
	assert_int_equal(rig_ask(&r), SERVE_DROP_STAMP);
	r.req.now.ns = r.req.rx.ns + 2 * TSTAMP_NS_PER_S;
	assert_int_equal(rig_ask(&r), SERVE_DROP_STAMP);
	rig_fini(&r);
}

/* True time = CLOCK_REALTIME + virtual clock + what is to be corrected. */
static void
test_correction(void **state)
{
	struct rig r;
	struct dur d;

	(void)state;
	rig_init(&r, NULL);
	r.clock.virt_offset_ns = 3000000000;
	r.clock.as_of_mono_ns = RIG_MONO_NS;
	r.time.offset_ns = -500000000;
	rig_batch(&r);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	d = tstamp_diff(r.head.receive,
	    tstamp_from_wall((struct wall){RIG_WALL_NS + 2500000000}));
	assert_in_range(d.ns + 60, 0, 120);
	rig_fini(&r);
}

static void
assert_unsynced(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.leap, NTP_LEAP_UNSYNCED);
	assert_int_equal(r->head.stratum, 0);
	assert_int_equal(r->head.ref_id, 0);
}

static void
assert_synced(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.stratum, 3);
	assert_int_not_equal(r->head.leap, NTP_LEAP_UNSYNCED);
}

/* J6: the worse of what sync says and what clock confirms. */
static void
test_j6_unsynchronised(void **state)
{
	struct rig r, saved;

	(void)state;
	rig_init(&r, NULL);
	assert_synced(&r);
	saved = r;
	r.time.flags = 0;
	assert_unsynced(&r);
	r = saved;
	r.time.stratum = 16;
	assert_unsynced(&r);
	r = saved;
	r.time.stratum = 0;
	assert_unsynced(&r);
	r = saved;
	r.time.leap = 3;
	assert_unsynced(&r);
	r = saved;
	r.clock.leap = 3;
	assert_unsynced(&r);
	r = saved;
	r.clock.synced_until_boot_ns = r.now.boot_ns;
	assert_unsynced(&r);
	r = saved;
	r.now.boot_ns += TSTAMP_NS_PER_S; /* a suspend */
	assert_unsynced(&r);
	r = saved;
	assert_synced(&r);
	rig_fini(&r);
}

static void
test_j6_dispersion_grows(void **state)
{
	struct rig r;
	double was = 0, is;

	(void)state;
	rig_init(&r, NULL);
	r.time.flags = 0;
	for (int i = 0; i < 5; i++) {
		r.now.mono.ns += 1000 * TSTAMP_NS_PER_S;
		r.now.boot_ns += 1000 * TSTAMP_NS_PER_S;
		assert_unsynced(&r);
		is = tstamp_short_to_s(r.head.root_dispersion);
		assert_true(is > was + 0.01);
		was = is;
	}
	rig_fini(&r);
}

/* Without any page there is no claim at all. */
static void
test_no_pages(void **state)
{
	struct rig r;
	struct serve_conf conf = {.precision_log2s = -20};
	struct serve *bare;

	(void)state;
	rig_init(&r, NULL);
	conf.access = r.access;
	conf.rng = &r.rng;
	bare = serve_new(&conf);
	assert_non_null(bare);
	serve_free(r.serve);
	r.serve = bare;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	assert_true(tstamp_short_to_s(r.head.root_dispersion) >= 16);
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	rig_fini(&r);
}

/* A page that cannot be had now: the last copy holds while it may. */
static void
test_page_missing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.stratum, 3);
	r.now.boot_ns = r.now.mono.ns = r.clock.synced_until_boot_ns;
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	rig_fini(&r);
}

static void
test_leap_needs_both(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.time.leap = 1;
	assert_synced(&r);
	assert_int_equal(r.head.leap, 0);
	r.clock.leap = 1;
	assert_synced(&r);
	assert_int_equal(r.head.leap, 1);
	rig_fini(&r);
}

static void
assert_local(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.leap, 0);
	assert_int_equal(r->head.stratum, 10);
	assert_int_equal(r->head.ref_id, 0x7f7f0101);
	assert_true(tstamp_diff(r->head.transmit, r->head.reference).ns >= 0);
}

static void
test_local_stratum(void **state)
{
	struct serve_conf conf = {
	    .precision_log2s = -20,
	    .local_stratum = 10,
	    .local_distance_s = 1,
	};
	struct rig r;

	(void)state;
	rig_init(&r, &conf);
	assert_synced(&r);
	r.time.root_dispersion_ns = 2000000000; /* beyond the distance */
	assert_local(&r);
	r.time.root_dispersion_ns = 0;
	r.time.flags |= TIMEPAGE_LOCAL;
	assert_local(&r);
	r.time.flags = 0;
	assert_local(&r);
	serve_set_local(r.serve, 0, 0);
	assert_unsynced(&r);
	rig_fini(&r);
}

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

/* Append a field; the value bytes are left zero. */
static void
add_field(struct rig *r, unsigned type, unsigned len)
{
	uint8_t *at = r->in + r->req.len;

	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
	at[2] = (uint8_t)(len >> 8);
	at[3] = (uint8_t)len;
	r->req.len += len;
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
		add_field(&r, 0xf123, bad[i]);
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
		add_field(&r, 0xf123, 16);
	add_field(&r, 0xf123, 28);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	add_field(&r, 0xf123, 28);
	assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	rig_plain(&r, 4, 3);
	for (int i = 0; i < 80; i++)
		add_field(&r, 0xf123, 16);
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
		add_field(&r, types[i], 28);
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
		add_field(&r, 0xf123, 28);
		assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
	}
	rig_fini(&r);
}

static void
test_mac_recorded(void **state)
{
	struct crypto_mac_key keys[RECORDED];
	struct serve_conf conf = {.precision_log2s = -24};
	struct crypto_mac *mac = crypto_mac_new();
	struct crypto_mac_tag tag;
	struct rig r;

	(void)state;
	recorded_keys(keys);
	conf.keys = keys;
	conf.key_cnt = RECORDED;
	rig_init(&r, &conf);
	for (size_t i = 0; i < RECORDED; i++) {
		r.req.len = rig_hex(recorded[i].request, r.in);
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED_MAC);
		assert_int_equal(r.out_len, r.req.len);
		assert_memory_equal(r.out + 48, r.in + 48, 4);
		tag.data = r.out + 52;
		tag.len = r.out_len - 52;
		assert_int_equal(
		    crypto_mac_verify(mac, &keys[i], r.out, 48, tag), 0);
		/* Every byte counts. */
		for (size_t at = 1; at < r.req.len; at++) {
			r.in[at] ^= 1;
			assert_true(rig_ask(&r) > SERVE_NAK);
			r.in[at] ^= 1;
		}
	}
	crypto_mac_free(mac);
	rig_fini(&r);
}

/* Before version 4 a digest comes whole and is answered whole. */
static void
test_mac_whole_before_v4(void **state)
{
	struct crypto_mac_key key = {
	    .id = 7, .type = CRYPTO_MAC_SHA512, .len = 3, .key = "abc"};
	struct serve_conf conf = {
	    .precision_log2s = -24, .keys = &key, .key_cnt = 1};
	struct crypto_mac *mac = crypto_mac_new();
	uint8_t digest[CRYPTO_MAC_WHOLE_MAX];
	struct crypto_mac_tag tag = {NULL, 64};
	struct bytes_out out;
	struct rig r;

	(void)state;
	rig_init(&r, &conf);
	for (unsigned version = 1; version <= 4; version++) {
		rig_plain(&r, version, 3);
		assert_int_equal(
		    crypto_mac_compute_whole(mac, &key, r.in, 48, digest), 64);
		bytes_out_init(&out, r.in, sizeof r.in);
		out.pos = r.req.len;
		ntp_ext_put_mac(&out, 7, digest, 64);
		r.req.len = out.pos;
		if (version == 4) {
			assert_int_equal(rig_ask(&r), SERVE_DROP_FIELDS);
			continue;
		}
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED_MAC);
		assert_int_equal(r.out_len, 48 + 4 + 64);
		tag.data = r.out + 52;
		assert_int_equal(
		    crypto_mac_verify(mac, &key, r.out, 48, tag), 0);
		r.in[r.req.len - 1] ^= 1;
		assert_int_equal(rig_ask(&r), SERVE_DROP_MAC);
	}
	crypto_mac_free(mac);
	rig_fini(&r);
}

/* A MAC after extension fields covers them. */
static void
test_mac_after_fields(void **state)
{
	struct crypto_mac_key keys[RECORDED];
	struct serve_conf conf = {.precision_log2s = -24};
	struct crypto_mac *mac = crypto_mac_new();
	struct bytes_out out;
	uint8_t digest[CRYPTO_MAC_MAX];
	struct rig r;
	int len;

	(void)state;
	recorded_keys(keys);
	conf.keys = keys;
	conf.key_cnt = RECORDED;
	rig_init(&r, &conf);
	add_field(&r, 0xf123, 16);
	len = crypto_mac_compute(mac, &keys[0], r.in, r.req.len, digest);
	assert_int_equal(len, 16);
	bytes_out_init(&out, r.in, sizeof r.in);
	out.pos = r.req.len;
	ntp_ext_put_mac(&out, 1, digest, (size_t)len);
	r.req.len = out.pos;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED_MAC);
	assert_int_equal(r.out_len, 68);
	r.in[NTP_HEADER_LEN + 8] ^= 1;
	assert_int_equal(rig_ask(&r), SERVE_DROP_MAC);
	crypto_mac_free(mac);
	rig_fini(&r);
}

static void
test_b8_b9_unknown_key(void **state)
{
	struct crypto_mac_key keys[RECORDED];
	struct rig r;

	(void)state;
	recorded_keys(keys);
	rig_init(&r, NULL);
	r.req.len = rig_hex(recorded[0].request, r.in);
	assert_int_equal(rig_ask(&r), SERVE_DROP_KEY);
	/* The same id with another type or secret is another key. */
	keys[0].type = CRYPTO_MAC_SHA1;
	assert_int_equal(serve_set_keys(r.serve, keys, 1), 0);
	assert_int_equal(rig_ask(&r), SERVE_DROP_MAC);
	recorded_keys(keys);
	keys[0].key[3] ^= 1;
	assert_int_equal(serve_set_keys(r.serve, keys, 1), 0);
	assert_int_equal(rig_ask(&r), SERVE_DROP_MAC);
	recorded_keys(keys);
	assert_int_equal(serve_set_keys(r.serve, keys, RECORDED), 0);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED_MAC);
	/* A key that cannot be used is refused, the others stay. */
	keys[1].id = 0;
	assert_int_equal(serve_set_keys(r.serve, keys, RECORDED), ERR_BAD);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED_MAC);
	/* Key id 0 and all kinds of digests. */
	memset(r.in + 48, 0, 24);
	r.req.len = 72;
	assert_int_equal(rig_ask(&r), SERVE_DROP_KEY);
	r.req.len = 68;
	assert_int_equal(rig_ask(&r), SERVE_DROP_KEY);
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

static void
test_report(void **state)
{
	struct report_serve report = {0};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	rig_ask(&r);
	r.req.len = 3;
	rig_ask(&r);
	rig_plain(&r, 3, 6);
	rig_ask(&r);
	serve_report(r.serve, &report);
	assert_int_equal(report.rx_cnt, 3);
	assert_int_equal(report.rx_bytes, 99);
	assert_int_equal(report.tx_cnt, 1);
	assert_int_equal(report.tx_bytes, 48);
	assert_int_equal(report.ntp_cnt, 1);
	assert_int_equal(report.malformed_cnt, 1);
	assert_int_equal(report.mode_cnt, 1);
	assert_int_equal(report.by_version[4], 1);
	assert_int_equal(report.by_version[3], 1);
	for (unsigned i = 0; i < SERVE_VERDICT_CNT; i++)
		assert_non_null(serve_verdict_text(i));
	assert_non_null(serve_verdict_text(99));
	rig_fini(&r);
}

/* By powers of two, from the arrival to the reading of the transmit time. */
static void
latency_is_counted(void **state)
{
	static const struct {
		int64_t ns;
		unsigned idx;
	} cases[] = {{-1, 0}, {0, 0}, {4095, 0}, {4096, 1}, {8191, 1},
	    {8192, 2}, {1000000, 8}, {67108863, 14}, {67108864, 15},
	    {999999999, 15}};
	const struct serve_counters *c;
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	c = serve_counters_get(r.serve);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wall tx = {r.req.rx.ns + cases[i].ns};
		uint64_t before = c->latency_cnt[cases[i].idx];

		assert_true(serve_request(r.serve, &r.req, r.out, sizeof r.out,
				&r.verdict) > 0);
		assert_int_equal(serve_finish(r.serve, tx), 0);
		assert_int_equal(c->latency_cnt[cases[i].idx], before + 1);
	}
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_stamps),
	    cmocka_unit_test(test_correction),
	    cmocka_unit_test(test_j6_unsynchronised),
	    cmocka_unit_test(test_j6_dispersion_grows),
	    cmocka_unit_test(test_no_pages),
	    cmocka_unit_test(test_page_missing),
	    cmocka_unit_test(test_leap_needs_both),
	    cmocka_unit_test(test_local_stratum),
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
	    cmocka_unit_test(test_mac_recorded),
	    cmocka_unit_test(test_mac_whole_before_v4),
	    cmocka_unit_test(test_mac_after_fields),
	    cmocka_unit_test(test_b8_b9_unknown_key),
	    cmocka_unit_test(test_j1_room),
	    cmocka_unit_test(test_report),
	    cmocka_unit_test(latency_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
