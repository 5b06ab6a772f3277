/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symmetric keys: RFC 4493 and SP 800-38B vectors, the legacy digests
 * against another implementation, and what chrony sent and accepted.
 */
#include "crypto/mac.h"

#include <stdio.h>

#include "hex.h"

static const char text64[] =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

static const struct {
	const char *key;
	size_t len;
	const char *mac;
} cmacs[] = {
    /* RFC 4493 section 4. */
    {"2b7e151628aed2a6abf7158809cf4f3c", 0, "bb1d6929e95937287fa37d129b756746"},
    {"2b7e151628aed2a6abf7158809cf4f3c", 16,
	"070a16b46b4d4144f79bdd9dd04a287c"},
    {"2b7e151628aed2a6abf7158809cf4f3c", 40,
	"dfa66747de9ae63030ca32611497c827"},
    {"2b7e151628aed2a6abf7158809cf4f3c", 64,
	"51f0bebf7e3b9d92fc49741779363cfe"},
    /* SP 800-38B D.3. */
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 0,
	"028962f61b7bf89efc6b551f4667d983"},
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 16,
	"28a7023f452e8f82bd4bf28d8c37c35c"},
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 40,
	"aaf3d8f1de5640c232f5b169b9c911e6"},
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 64,
	"e1992190549f6ed5696a2c056c315410"},
};

static void
cmac_vectors(void **state)
{
	struct crypto_mac *m = crypto_mac_new();
	uint8_t text[64], want[16], got[CRYPTO_MAC_MAX];

	(void)state;
	assert_non_null(m);
	hex(text, sizeof text, text64);
	for (size_t i = 0; i < sizeof cmacs / sizeof cmacs[0]; i++) {
		struct crypto_mac_key key = {.id = 1};

		key.len = (uint8_t)hex(key.key, sizeof key.key, cmacs[i].key);
		key.type =
		    key.len == 16 ? CRYPTO_MAC_AES128 : CRYPTO_MAC_AES256;
		hex(want, sizeof want, cmacs[i].mac);
		assert_int_equal(
		    crypto_mac_compute(m, &key, text, cmacs[i].len, got), 16);
		assert_memory_equal(got, want, 16);
	}
	crypto_mac_free(m);
	crypto_mac_free(NULL);
}

/* H("secret" || 00 01 ... 2f) by another implementation, cut to 20 bytes. */
static const struct {
	uint8_t type;
	const char *mac;
} digests[] = {
    {CRYPTO_MAC_MD5, "a03f32571504b4138d76d44a54fe953c"},
    {CRYPTO_MAC_SHA1, "57dc9dda0a48d12289ffef427b0ec2057f998bfb"},
    {CRYPTO_MAC_SHA256, "ce1dc038bc01c5c15462660ca130990488d64772"},
    {CRYPTO_MAC_SHA384, "f73d445106ce68df69041bcc2c6690b04b5ee95e"},
    {CRYPTO_MAC_SHA512, "321678ad9a7055f76ea045f01088acc999b102d2"},
    {CRYPTO_MAC_SHA3_224, "4ab8d2383b7bb25736c7c39eee307c82259cdf1c"},
    {CRYPTO_MAC_SHA3_256, "c6b4100d19519de538079a883da167ae7dbd616d"},
    {CRYPTO_MAC_SHA3_384, "ee05940bdfe7075e97ab12970ea15c5ce6c8ff77"},
    {CRYPTO_MAC_SHA3_512, "16b3a67bb86cd7fbc531f7d1beaf8a48dd2c59a6"},
};

static void
legacy_digests(void **state)
{
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_mac_key key = {.id = 9, .len = 6, .key = "secret"};
	uint8_t data[48], want[CRYPTO_MAC_MAX], got[CRYPTO_MAC_MAX];

	(void)state;
	for (uint8_t i = 0; i < sizeof data; i++)
		data[i] = i;
	/* Twice: a context must come back clean. */
	for (size_t k = 0; k < 2 * sizeof digests / sizeof digests[0]; k++) {
		size_t i = k / 2;
		size_t len = hex(want, sizeof want, digests[i].mac);

		key.type = digests[i].type;
		assert_int_equal(crypto_mac_type_len(key.type), len);
		assert_int_equal(
		    crypto_mac_compute(m, &key, data, sizeof data, got), len);
		assert_memory_equal(got, want, len);
	}
	crypto_mac_free(m);
}

/* What version 3 carries begins as what version 4 does, and both verify. */
static void
whole_digests(void **state)
{
	static const uint8_t lens[CRYPTO_MAC_TYPE_CNT] = {
	    [CRYPTO_MAC_MD5] = 16,
	    [CRYPTO_MAC_SHA1] = 20,
	    [CRYPTO_MAC_SHA256] = 32,
	    [CRYPTO_MAC_SHA384] = 48,
	    [CRYPTO_MAC_SHA512] = 64,
	    [CRYPTO_MAC_SHA3_224] = 28,
	    [CRYPTO_MAC_SHA3_256] = 32,
	    [CRYPTO_MAC_SHA3_384] = 48,
	    [CRYPTO_MAC_SHA3_512] = 64,
	    [CRYPTO_MAC_AES128] = 16,
	};
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_mac_key key = {.id = 9, .len = 16, .key = "secret"};
	uint8_t whole[CRYPTO_MAC_WHOLE_MAX], cut[CRYPTO_MAC_MAX];
	struct crypto_mac_tag tag = {whole, 0};

	(void)state;
	for (key.type = 1; key.type < CRYPTO_MAC_TYPE_CNT; key.type++) {
		int len;

		if (lens[key.type] == 0)
			continue;
		assert_int_equal(
		    crypto_mac_compute_whole(m, &key, "text", 4, whole),
		    lens[key.type]);
		len = crypto_mac_compute(m, &key, "text", 4, cut);
		assert_memory_equal(whole, cut, (size_t)len);
		for (tag.len = 0; tag.len <= sizeof whole; tag.len++)
			assert_int_equal(
			    crypto_mac_verify(m, &key, "text", 4, tag),
			    tag.len == lens[key.type] || tag.len == (size_t)len
				? 0
				: ERR_AUTH);
		tag.len = lens[key.type];
		whole[tag.len - 1] ^= 1;
		assert_int_equal(
		    crypto_mac_verify(m, &key, "text", 4, tag), ERR_AUTH);
	}
	crypto_mac_free(m);
}

static void
type_names(void **state)
{
	(void)state;
	for (unsigned t = 1; t < CRYPTO_MAC_TYPE_CNT; t++)
		assert_int_equal(
		    crypto_mac_type_parse(crypto_mac_type_name(t)), t);
	assert_int_equal(crypto_mac_type_parse("aes128"), CRYPTO_MAC_AES128);
	assert_int_equal(crypto_mac_type_parse("AES"), CRYPTO_MAC_NONE);
	assert_int_equal(crypto_mac_type_parse(""), CRYPTO_MAC_NONE);
	assert_int_equal(crypto_mac_type_parse("none"), CRYPTO_MAC_NONE);
	assert_string_equal(crypto_mac_type_name(200), "none");
	assert_int_equal(crypto_mac_type_len(CRYPTO_MAC_NONE), 0);
	assert_int_equal(crypto_mac_type_len(CRYPTO_MAC_TYPE_CNT), 0);
}

static void
keys_that_cannot_be(void **state)
{
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_mac_key key = {
	    .id = 1, .type = CRYPTO_MAC_AES128, .len = 16};
	uint8_t out[CRYPTO_MAC_MAX];

	(void)state;
	assert_int_equal(crypto_mac_key_check(&key), 0);
	for (unsigned len = 0; len < 256; len++) {
		key.len = (uint8_t)len;
		key.type = CRYPTO_MAC_AES128;
		assert_int_equal(
		    crypto_mac_key_check(&key), len == 16 ? 0 : ERR_BAD);
		key.type = CRYPTO_MAC_AES256;
		assert_int_equal(
		    crypto_mac_key_check(&key), len == 32 ? 0 : ERR_BAD);
		key.type = CRYPTO_MAC_SHA1;
		assert_int_equal(crypto_mac_key_check(&key),
		    len > 0 && len <= CRYPTO_MAC_KEY_MAX ? 0 : ERR_BAD);
	}
	key.len = 16;
	key.type = CRYPTO_MAC_NONE;
	memset(out, 0xee, sizeof out);
	assert_int_equal(crypto_mac_compute(m, &key, "x", 1, out), ERR_BAD);
	assert_int_equal(out[0] | out[CRYPTO_MAC_MAX - 1], 0);
	key.type = CRYPTO_MAC_TYPE_CNT;
	assert_int_equal(crypto_mac_compute(m, &key, "x", 1, out), ERR_BAD);
	key.type = CRYPTO_MAC_AES128;
	key.id = 0;
	assert_int_equal(crypto_mac_compute(m, &key, "x", 1, out), ERR_BAD);
	crypto_mac_free(m);
}

/* B8, B9: a MAC holds for one key, one type, one text, one length. */
static void
b8_b9_nothing_else_verifies(void **state)
{
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_mac_key key = {
	    .id = 1, .type = CRYPTO_MAC_AES128, .len = 16, .key = {1}};
	uint8_t text[48] = {3}, mac[CRYPTO_MAC_MAX + 1] = {0};
	struct crypto_mac_tag tag = {mac, 16};

	(void)state;
	assert_int_equal(
	    crypto_mac_compute(m, &key, text, sizeof text, mac), 16);
	for (size_t len = 0; len <= sizeof mac; len++) {
		tag.len = len;
		assert_int_equal(
		    crypto_mac_verify(m, &key, text, sizeof text, tag),
		    len == 16 ? 0 : ERR_AUTH);
	}
	tag.len = 16;
	for (unsigned bit = 0; bit < 128; bit++) {
		mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    crypto_mac_verify(m, &key, text, sizeof text, tag),
		    ERR_AUTH);
		mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 8 * sizeof text; bit++) {
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    crypto_mac_verify(m, &key, text, sizeof text, tag),
		    ERR_AUTH);
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	key.type = CRYPTO_MAC_MD5; /* same length of MAC, same key bytes */
	assert_int_equal(
	    crypto_mac_verify(m, &key, text, sizeof text, tag), ERR_AUTH);
	key.type = CRYPTO_MAC_AES128;
	key.key[15] ^= 1;
	assert_int_equal(
	    crypto_mac_verify(m, &key, text, sizeof text, tag), ERR_AUTH);
	crypto_mac_free(m);
}

/* The trailer of a packet without extension fields. */
static int
verify_packet(
    struct crypto_mac *m, const struct crypto_mac_key *key, const char *text)
{
	uint8_t pkt[100];
	size_t len = hex(pkt, sizeof pkt, text);
	struct crypto_mac_tag tag = {pkt + 52, len - 52};

	assert_int_equal(pkt[51], key->id);
	return crypto_mac_verify(m, key, pkt, 48, tag);
}

static void
recorded_with_chrony(void **state)
{
	FILE *f = fopen("tests/data/mac-exchanges.txt", "r");
	struct crypto_mac *m = crypto_mac_new();
	char line[2000], type[16], secret[300], request[300], response[300];
	unsigned cnt = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct crypto_mac_key key = {0};

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%u %15s %299s %299s %299s",
				     &key.id, type, secret, request, response),
		    5);
		key.type = (uint8_t)crypto_mac_type_parse(type);
		key.len = (uint8_t)hex(key.key, sizeof key.key, secret);
		assert_int_equal(verify_packet(m, &key, request), 0);
		assert_int_equal(verify_packet(m, &key, response), 0);
		key.key[0] ^= 1;
		assert_int_equal(verify_packet(m, &key, request), ERR_AUTH);
		cnt++;
	}
	fclose(f);
	assert_int_equal(cnt, 4);
	crypto_mac_free(m);
}

/* Keys that differ in one bit, turn about and twice in a row, on one object
 * and on a fresh one each. */
static void
the_last_key_is_not_taken_for_another(void **state)
{
	struct crypto_mac *old = crypto_mac_new();
	uint8_t a[CRYPTO_MAC_MAX], b[CRYPTO_MAC_MAX];

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct crypto_mac *fresh = crypto_mac_new();
		struct crypto_mac_key key = {.id = 1};
		size_t at;

		key.type = i & 1 ? CRYPTO_MAC_AES256 : CRYPTO_MAC_AES128;
		key.len = i & 1 ? 32 : 16;
		at = i & 2 ? 0 : key.len - 1u;
		key.key[at] = (uint8_t)(i >> 3);
		assert_int_equal(
		    crypto_mac_compute(old, &key, "noon", i % 5, a), 16);
		assert_int_equal(
		    crypto_mac_compute(fresh, &key, "noon", i % 5, b), 16);
		assert_memory_equal(a, b, 16);
		crypto_mac_free(fresh);
	}
	crypto_mac_free(old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cmac_vectors),
	    cmocka_unit_test(legacy_digests),
	    cmocka_unit_test(whole_digests),
	    cmocka_unit_test(type_names),
	    cmocka_unit_test(keys_that_cannot_be),
	    cmocka_unit_test(b8_b9_nothing_else_verifies),
	    cmocka_unit_test(recorded_with_chrony),
	    cmocka_unit_test(the_last_key_is_not_taken_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
