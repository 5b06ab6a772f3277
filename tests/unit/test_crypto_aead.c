/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The AEADs of NTS: vectors of RFC 8452 and of the empty plaintext, and what
 * real servers sent and accepted.
 */
#include "crypto/aead.h"

#include <stdio.h>
#include <stdlib.h>

#include "hex.h"

#define TAG_LEN CRYPTO_AEAD_TAG_LEN

struct vector {
	unsigned id;
	const char *key;
	const char *nonce;
	const char *ad;
	const char *plain;
	const char *sealed;
};

static const struct vector vectors[] = {
    /* RFC 5297 A.1: no nonce. */
    {15, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "",
	"101112131415161718191a1b1c1d1e1f2021222324252627",
	"112233445566778899aabbccddee",
	"85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"},
    /* RFC 8452 C.1 and C.2. */
    {30, "01000000000000000000000000000000", "030000000000000000000000", "", "",
	"dc20e2d83f25705bb49e439eca56de25"},
    {30, "01000000000000000000000000000000", "030000000000000000000000", "",
	"0100000000000000", "b5d839330ac7b786578782fff6013b815b287c22493a364c"},
    {30, "01000000000000000000000000000000", "030000000000000000000000", "01",
	"0200000000000000", "1e6daba35669f4273b0a1a2560969cdf790d99759abd1508"},
    {31, "0100000000000000000000000000000000000000000000000000000000000000",
	"030000000000000000000000", "", "", "07f5f4169bbf55a8400cd47ea6fd400f"},
    {31, "0100000000000000000000000000000000000000000000000000000000000000",
	"030000000000000000000000", "", "0100000000000000",
	"c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"},
    {31, "0100000000000000000000000000000000000000000000000000000000000000",
	"030000000000000000000000", "01", "0200000000000000",
	"1de22967237a813291213f267e3b452f02d01ae33e4ec854"},
};

#define VECTOR_CNT (sizeof vectors / sizeof vectors[0])

static bool
absent(unsigned id)
{
	if (crypto_aead_offered(id))
		return false;
	/* Only GCM-SIV may be. */
	assert_true(id >= 30);
	print_message(
	    "skipped: libcrypto offers no sound %s\n", crypto_aead_name(id));
	return true;
}

static void
run_vector(const struct vector *v)
{
	struct crypto_aead *a = crypto_aead_new(v->id);
	uint8_t key[64], nonce[16], ad[64], plain[64], sealed[80], out[80];
	struct crypto_aead_msg m = {.nonce = nonce, .ad = ad};
	size_t len, sealed_len;

	assert_non_null(a);
	m.nonce_len = hex(nonce, sizeof nonce, v->nonce);
	m.ad_len = hex(ad, sizeof ad, v->ad);
	len = hex(plain, sizeof plain, v->plain);
	sealed_len = hex(sealed, sizeof sealed, v->sealed);
	assert_int_equal(
	    crypto_aead_set_key(a, key, hex(key, sizeof key, v->key)), 0);
	assert_int_equal(crypto_aead_seal(a, &m, plain, len, out), 0);
	assert_memory_equal(out, sealed, sealed_len);
	assert_int_equal(crypto_aead_open(a, &m, sealed, sealed_len, out), 0);
	assert_memory_equal(out, plain, len);
	crypto_aead_free(a);
}

static void
published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_CNT; i++)
		if (!absent(vectors[i].id))
			run_vector(&vectors[i]);
}

/* RFC 5297 with the components in the order of NTS and no plaintext, which
 * every NTS request has and some libraries cannot do. */
static void
empty_plaintext(void **state)
{
	struct crypto_aead *a = crypto_aead_new(CRYPTO_AEAD_SIV_256);
	uint8_t key[32], ad[100], nonce[16], out[16], want[16];
	struct crypto_aead_msg m = {nonce, 16, ad, 100};

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	memset(ad, 7, sizeof ad);
	memset(nonce, 9, sizeof nonce);
	hex(want, sizeof want, "718a1eaf2c60b5a26bfa6fed92b618dc");
	assert_int_equal(crypto_aead_set_key(a, key, sizeof key), 0);
	assert_int_equal(crypto_aead_seal(a, &m, NULL, 0, out), 0);
	assert_memory_equal(out, want, 16);
	assert_int_equal(crypto_aead_open(a, &m, out, 16, NULL), 0);
	memset(out, 0, sizeof out);
	assert_int_equal(crypto_aead_open(a, &m, out, 16, NULL), ERR_AUTH);
	crypto_aead_free(a);
}

static void
table_of_algorithms(void **state)
{
	static const struct {
		unsigned id;
		size_t key, nonce;
	} want[] = {
	    {15, 32, 16},
	    {16, 48, 16},
	    {17, 64, 16},
	    {30, 16, 12},
	    {31, 32, 12},
	};
	unsigned known = 0;

	(void)state;
	for (unsigned id = 0; id < 70000; id++)
		known += crypto_aead_key_len(id) > 0;
	assert_int_equal(known, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(crypto_aead_key_len(want[i].id), want[i].key);
		assert_int_equal(
		    crypto_aead_nonce_len(want[i].id), want[i].nonce);
		assert_non_null(crypto_aead_name(want[i].id));
	}
	assert_null(crypto_aead_new(0));
	assert_null(crypto_aead_new(14));
	assert_null(crypto_aead_name(271));
	assert_false(crypto_aead_offered(1));
	for (unsigned id = 15; id <= 17; id++)
		assert_true(crypto_aead_offered(id));
	assert_int_equal(crypto_aead_selftest(), 0);
	crypto_aead_free(NULL);
}

/* C1, C2: any bit of nonce, associated data or sealed text, any cut. */
static void
nothing_altered_opens(unsigned id)
{
	struct crypto_aead *a = crypto_aead_new(id);
	uint8_t key[64] = {1, 2, 3}, nonce[16] = {4}, ad[30] = {5};
	uint8_t plain[21] = {6}, sealed[21 + TAG_LEN], out[21];
	size_t nonce_len = crypto_aead_nonce_len(id);
	struct crypto_aead_msg m = {nonce, nonce_len, ad, sizeof ad};
	struct {
		uint8_t *at;
		size_t len;
	} part[3] = {
	    {nonce, nonce_len}, {ad, sizeof ad}, {sealed, sizeof sealed}};

	assert_int_equal(
	    crypto_aead_set_key(a, key, crypto_aead_key_len(id)), 0);
	assert_int_equal(
	    crypto_aead_seal(a, &m, plain, sizeof plain, sealed), 0);
	for (size_t i = 0; i < 8 * (nonce_len + sizeof ad + sizeof sealed);
	     i++) {
		size_t k = 0, byte = i / 8;

		for (; byte >= part[k].len; k++)
			byte -= part[k].len;
		part[k].at[byte] ^= (uint8_t)(1 << i % 8);
		memset(out, 0xee, sizeof out);
		assert_int_equal(
		    crypto_aead_open(a, &m, sealed, sizeof sealed, out),
		    ERR_AUTH);
		for (size_t j = 0; j < sizeof out; j++)
			assert_int_equal(out[j], 0);
		part[k].at[byte] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < sizeof sealed; len++)
		assert_int_equal(
		    crypto_aead_open(a, &m, sealed, len, out), ERR_AUTH);
	assert_int_equal(
	    crypto_aead_open(a, &m, sealed, sizeof sealed, out), 0);
	assert_memory_equal(out, plain, sizeof plain);
	crypto_aead_free(a);
}

static void
c1_c2_altered_or_cut(void **state)
{
	static const unsigned ids[] = {15, 16, 17, 30, 31};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		if (!absent(ids[i]))
			nothing_altered_opens(ids[i]);
}

static void
wrong_key_and_no_key(void **state)
{
	struct crypto_aead *a = crypto_aead_new(CRYPTO_AEAD_SIV_256);
	uint8_t key[64] = {0}, nonce[16] = {0}, out[16];
	struct crypto_aead_msg m = {nonce, sizeof nonce, NULL, 0};

	(void)state;
	/* Fresh from its proof it has no key. */
	assert_int_equal(crypto_aead_seal(a, &m, NULL, 0, out), ERR_BAD);
	assert_int_equal(crypto_aead_id(a), 15);
	for (size_t len = 0; len <= 64; len++)
		assert_int_equal(
		    crypto_aead_set_key(a, key, len), len == 32 ? 0 : ERR_BAD);
	assert_int_equal(crypto_aead_seal(a, &m, NULL, 0, out), 0);
	key[31] = 1; /* the half that an empty plaintext does not use */
	assert_int_equal(crypto_aead_set_key(a, key, 32), 0);
	assert_int_equal(crypto_aead_open(a, &m, out, 16, NULL), 0);
	key[0] = 1;
	assert_int_equal(crypto_aead_set_key(a, key, 32), 0);
	assert_int_equal(crypto_aead_open(a, &m, out, 16, NULL), ERR_AUTH);
	crypto_aead_free(a);
}

/* Two directions and a cookie key in turn on one object, as a server does. */
static void
many_keys_in_turn(void **state)
{
	struct crypto_aead *one = crypto_aead_new(CRYPTO_AEAD_SIV_512);
	uint8_t nonce[16] = {1}, plain[64] = {2}, a[80], b[80];
	struct crypto_aead_msg m = {nonce, sizeof nonce, plain, 10};

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct crypto_aead *fresh = NULL;
		uint8_t key[64];
		size_t len = i * 7 % 65;

		memset(key, (int)(i % 5), sizeof key);
		assert_int_equal(crypto_aead_set_key(one, key, 64), 0);
		assert_int_equal(crypto_aead_seal(one, &m, plain, len, a), 0);
		if (i % 20 != 0)
			continue;
		fresh = crypto_aead_new(CRYPTO_AEAD_SIV_512);
		assert_int_equal(crypto_aead_set_key(fresh, key, 64), 0);
		assert_int_equal(crypto_aead_seal(fresh, &m, plain, len, b), 0);
		assert_memory_equal(a, b, len + TAG_LEN);
		crypto_aead_free(fresh);
	}
	crypto_aead_free(one);
}

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Open the authenticator of a packet.  Return what crypto_aead_open says, or
 * 1 when there is none. */
static int
open_packet(struct crypto_aead *a, const uint8_t *pkt, size_t len)
{
	static uint8_t plain[2000];

	for (size_t at = 48; at + 8 <= len; at += u16(pkt + at + 2)) {
		size_t nonce_len = u16(pkt + at + 4);
		struct crypto_aead_msg m = {pkt + at + 8, nonce_len, pkt, at};

		if (u16(pkt + at) == 0x0404)
			return crypto_aead_open(a, &m,
			    pkt + at + 8 + ((nonce_len + 3) & ~(size_t)3),
			    u16(pkt + at + 6), plain);
		assert_true(u16(pkt + at + 2) >= 4);
	}
	return 1;
}

struct recorded {
	struct crypto_aead *c2s;
	struct crypto_aead *s2c;
	unsigned good, bad;
};

static void
run_recorded(struct recorded *r, char *words[6], int cnt)
{
	uint8_t pkt[2000];
	bool good;
	size_t len;

	if (cnt == 4 && strcmp(words[0], "session") == 0) {
		assert_int_equal(crypto_aead_set_key(r->c2s, pkt,
				     hex(pkt, sizeof pkt, words[2])),
		    0);
		assert_int_equal(crypto_aead_set_key(r->s2c, pkt,
				     hex(pkt, sizeof pkt, words[3])),
		    0);
		return;
	}
	assert_int_equal(cnt, 5);
	good = strcmp(words[1], "good") == 0;
	len = hex(pkt, sizeof pkt, words[3]);
	assert_int_equal(open_packet(r->c2s, pkt, len), good ? 0 : ERR_AUTH);
	/* C7: the other direction's key. */
	assert_int_equal(open_packet(r->s2c, pkt, len), ERR_AUTH);
	r->good += good;
	r->bad += !good;
	if (strcmp(words[4], "-") == 0)
		return;
	len = hex(pkt, sizeof pkt, words[4]);
	assert_int_equal(open_packet(r->s2c, pkt, len), good ? 0 : 1);
}

static void
recorded_with_chrony_and_ntpsec(void **state)
{
	FILE *f = fopen("tests/data/nts-exchanges.txt", "r");
	struct recorded r = {
	    .c2s = crypto_aead_new(15), .s2c = crypto_aead_new(15)};
	static char line[10000];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		char *words[6], *save = NULL;
		int cnt = 0;

		if (line[0] == '#')
			continue;
		for (char *w = strtok_r(line, " \n", &save); w && cnt < 6;
		     w = strtok_r(NULL, " \n", &save))
			words[cnt++] = w;
		run_recorded(&r, words, cnt);
	}
	fclose(f);
	assert_int_equal(r.good, 12);
	assert_int_equal(r.bad, 3);
	crypto_aead_free(r.c2s);
	crypto_aead_free(r.s2c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_vectors),
	    cmocka_unit_test(empty_plaintext),
	    cmocka_unit_test(table_of_algorithms),
	    cmocka_unit_test(c1_c2_altered_or_cut),
	    cmocka_unit_test(wrong_key_and_no_key),
	    cmocka_unit_test(many_keys_in_turn),
	    cmocka_unit_test(recorded_with_chrony_and_ntpsec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
