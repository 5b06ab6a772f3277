/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server with symmetric keys: exchanges recorded from chrony 4.8, in every
 * version and behind extension fields, and keys that it does not have (B8,
 * B9).
 */
#include "serve_rig.h"

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
	rig_field(&r, 0xf123, 16);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mac_recorded),
	    cmocka_unit_test(test_mac_whole_before_v4),
	    cmocka_unit_test(test_mac_after_fields),
	    cmocka_unit_test(test_b8_b9_unknown_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
