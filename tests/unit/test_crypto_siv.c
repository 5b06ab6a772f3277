/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-SIV against RFC 5297 appendix A, against its own definition at every
 * length around a block and around the internal buffer, and under re-keying.
 */
#include "crypto/siv.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "hex.h"

struct vector {
	const char *key;
	const char *ad[3];
	const char *plain;
	const char *sealed;
};

static const struct vector vectors[] = {
    /* A.1 */
    {"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	{"101112131415161718191a1b1c1d1e1f2021222324252627"},
	"112233445566778899aabbccddee",
	"85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"},
    /* A.2 */
    {"7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
	{"00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa9988"
	 "7766554433221100",
	    "102030405060708090a0", "09f911029d74e35bd84156c5635688c0"},
	"7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074"
	"207573696e67205349562d414553",
	"7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17"
	"dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"},
};

#define VECTOR_CNT (sizeof vectors / sizeof vectors[0])

static void
run_vector(struct crypto_siv *s, const struct vector *v)
{
	uint8_t key[64], ad[3][64], plain[64], sealed[80], out[80];
	struct crypto_siv_part parts[3];
	struct crypto_siv_ad comps = {parts, 0};
	size_t len, sealed_len;

	hex(key, sizeof key, v->key);
	for (; comps.cnt < 3 && v->ad[comps.cnt]; comps.cnt++)
		parts[comps.cnt] = (struct crypto_siv_part){ad[comps.cnt],
		    hex(ad[comps.cnt], sizeof ad[0], v->ad[comps.cnt])};
	len = hex(plain, sizeof plain, v->plain);
	sealed_len = hex(sealed, sizeof sealed, v->sealed);
	assert_int_equal(sealed_len, len + CRYPTO_SIV_TAG_LEN);
	assert_int_equal(crypto_siv_set_key(s, key), 0);
	assert_int_equal(crypto_siv_seal(s, &comps, plain, len, out), 0);
	assert_memory_equal(out, sealed, sealed_len);
	assert_int_equal(
	    crypto_siv_open(s, &comps, sealed, sealed_len, out), 0);
	assert_memory_equal(out, plain, len);
}

static void
rfc5297_appendix_a(void **state)
{
	struct crypto_siv *s = crypto_siv_new(32);

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < VECTOR_CNT; i++)
		run_vector(s, &vectors[i]);
	crypto_siv_free(s);
}

/* The vectors again, with every way of re-keying mixed. */
static void
rekeying_either_way_is_the_same(void **state)
{
	struct crypto_siv *s = crypto_siv_new(32);

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		crypto_siv_set_careful(s, i & 2);
		run_vector(s, &vectors[i & 1]);
		run_vector(s, &vectors[(i >> 2) & 1]);
	}
	crypto_siv_free(s);
}

/* S2V and CTR written down from the RFC on single AES blocks, to hold the
 * fast one against. */
struct reference {
	EVP_CIPHER_CTX *mac;
	EVP_CIPHER_CTX *ctr;
};

static void
aes_block(EVP_CIPHER_CTX *ctx, uint8_t b[16])
{
	int put;

	assert_int_equal(EVP_EncryptUpdate(ctx, b, &put, b, 16), 1);
}

static void
ref_dbl(uint8_t b[16])
{
	int top = b[0] & 0x80;

	for (int i = 0; i < 16; i++)
		b[i] = (uint8_t)(b[i] << 1 | (i < 15 ? b[i + 1] >> 7 : 0));
	if (top)
		b[15] ^= 0x87;
}

static void
ref_cmac(EVP_CIPHER_CTX *ctx, const uint8_t *data, size_t len, uint8_t out[16])
{
	uint8_t sub[16] = {0}, last[16] = {0};
	size_t pos = 0;

	memset(out, 0, 16);
	aes_block(ctx, sub);
	ref_dbl(sub);
	for (; len - pos > 16; pos += 16) {
		for (int i = 0; i < 16; i++)
			out[i] ^= data[pos + (size_t)i];
		aes_block(ctx, out);
	}
	memcpy(last, data + pos, len - pos);
	if (len - pos < 16) {
		last[len - pos] = 0x80;
		ref_dbl(sub);
	}
	for (int i = 0; i < 16; i++)
		out[i] ^= last[i] ^ sub[i];
	aes_block(ctx, out);
}

static void
ref_seal(const struct reference *r, const struct crypto_siv_ad *ad,
    const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t d[16], sum[16], zero[16] = {0}, count[16];
	uint8_t *t = calloc(1, len + 16);

	ref_cmac(r->mac, zero, 16, d);
	for (size_t k = 0; k < ad->cnt; k++) {
		ref_cmac(r->mac, ad->parts[k].data, ad->parts[k].len, sum);
		ref_dbl(d);
		for (int i = 0; i < 16; i++)
			d[i] ^= sum[i];
	}
	if (len > 0)
		memcpy(t, plain, len);
	if (len < 16) {
		t[len] = 0x80;
		ref_dbl(d);
	}
	for (size_t i = 0; i < 16; i++)
		t[(len < 16 ? 16 : len) - 16 + i] ^= d[i];
	ref_cmac(r->mac, t, len < 16 ? 16 : len, out);
	memcpy(count, out, 16);
	count[8] &= 0x7f;
	count[12] &= 0x7f;
	for (size_t pos = 0; pos < len; pos++) {
		if (pos % 16 == 0) {
			memcpy(sum, count, 16);
			aes_block(r->ctr, sum);
			for (int i = 15; i >= 0 && ++count[i] == 0; i--)
				;
		}
		out[16 + pos] = plain[pos] ^ sum[pos % 16];
	}
	free(t);
}

static EVP_CIPHER_CTX *
ecb(const char *name, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);

	assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, key, NULL, NULL), 1);
	EVP_CIPHER_free(cipher);
	return ctx;
}

static void
compare(
    struct crypto_siv *s, const struct reference *r, size_t ad_len, size_t len)
{
	static uint8_t ad[5000], plain[5000], want[5016], got[5016];
	struct crypto_siv_part parts[2] = {{ad, ad_len}, {plain, 16}};
	struct crypto_siv_ad comps = {parts, 2};

	for (size_t i = 0; i < sizeof ad; i++) {
		ad[i] = (uint8_t)(i * 7 + ad_len);
		plain[i] = (uint8_t)(i * 13 + len);
	}
	ref_seal(r, &comps, plain, len, want);
	assert_int_equal(crypto_siv_seal(s, &comps, plain, len, got), 0);
	assert_memory_equal(got, want, len + 16);
	assert_int_equal(crypto_siv_open(s, &comps, want, len + 16, got), 0);
	assert_memory_equal(got, plain, len);
}

static void
every_length_as_defined(void **state)
{
	static const char *const names[] = {
	    "AES-128-ECB", "AES-192-ECB", "AES-256-ECB"};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		size_t half = 16 + 8 * k;
		struct crypto_siv *s = crypto_siv_new(2 * half);
		uint8_t key[64];
		struct reference r;

		for (size_t i = 0; i < sizeof key; i++)
			key[i] = (uint8_t)(i * 31 + k);
		r.mac = ecb(names[k], key);
		r.ctr = ecb(names[k], key + half);
		assert_int_equal(crypto_siv_set_key(s, key), 0);
		for (size_t len = 0; len <= 70; len++)
			compare(s, &r, len * 3, len);
		/* Around the buffers of 1280, 1248 and 1024 bytes. */
		for (size_t len = 1015; len <= 1030; len++)
			compare(s, &r, 256 + len, len);
		for (size_t len = 1240; len <= 1300; len++)
			compare(s, &r, len, len);
		compare(s, &r, 2528, 2529);
		compare(s, &r, 4999, 5000);
		EVP_CIPHER_CTX_free(r.mac);
		EVP_CIPHER_CTX_free(r.ctr);
		crypto_siv_free(s);
	}
}

#define BOX_MAX (32 + 16 * CRYPTO_SIV_BOX_BLOCKS)

#define BOX_CNT 70

struct boxes {
	struct crypto_siv_boxes all;
	size_t stride;
	uint8_t ad[8];
	uint8_t room[BOX_CNT * (BOX_MAX + 3)];
	uint8_t plain[BOX_CNT][BOX_MAX];
	uint8_t back[BOX_CNT][BOX_MAX];
	struct crypto_box_out out[BOX_CNT];
	struct crypto_box_in in[BOX_CNT];
};

/* Boxes a little apart; each text is in some of them. */
static struct boxes *
make_boxes(size_t len, size_t cnt, size_t share)
{
	static struct boxes b;

	memset(&b, 0, sizeof b);
	memset(b.room, 0xee, sizeof b.room);
	b.ad[0] = 1;
	b.all = (struct crypto_siv_boxes){{b.ad, sizeof b.ad}, len, cnt};
	b.stride = 32 + len + 3;
	for (size_t i = 0; i < cnt; i++) {
		uint8_t *box = b.room + i * b.stride;

		for (size_t j = 0; j < len; j++)
			b.plain[i][j] = (uint8_t)(j * 13 + len + i * 7);
		memset(box, (int)(i * 5 + len), 16);
		b.out[i] = (struct crypto_box_out){box, b.plain[i - i % share]};
		b.in[i] = (struct crypto_box_in){box, b.back[i], ERR_BAD};
	}
	return &b;
}

/* Against sealing one after the other. */
static void
fill_boxes(struct crypto_siv *s, size_t len, size_t cnt, size_t share)
{
	static uint8_t want[BOX_MAX];
	struct boxes *b = make_boxes(len, cnt, share);

	assert_int_equal(crypto_siv_seal_boxes(s, &b->all, b->out), 0);
	for (size_t i = 0; i < cnt; i++) {
		const uint8_t *box = b->out[i].box;
		struct crypto_siv_part parts[2] = {
		    {b->ad, sizeof b->ad}, {box, 16}};
		struct crypto_siv_ad comps = {parts, 2};

		assert_int_equal(box[15], (uint8_t)(i * 5 + len));
		assert_int_equal(
		    crypto_siv_seal(s, &comps, b->out[i].plain, len, want), 0);
		assert_memory_equal(box + 16, want, len + 16);
		assert_int_equal(box[b->stride - 1], 0xee);
	}
}

static void
boxes_are_what_single_seals_are(void **state)
{
	(void)state;
	for (size_t key_len = 32; key_len <= 64; key_len += 16) {
		struct crypto_siv *s = crypto_siv_new(key_len);
		uint8_t key[64] = {1, 2, 3};

		for (size_t len = 32; len <= BOX_MAX - 32; len += 16) {
			key[5]++;
			assert_int_equal(crypto_siv_set_key(s, key), 0);
			fill_boxes(s, len, len / 16 % 9, 1 + len / 16 % 4);
		}
		fill_boxes(s, 32, 70, 70);
		fill_boxes(s, 64, 33, 8);
		fill_boxes(s, 64, 16, 1);
		crypto_siv_free(s);
	}
}

/* Each is judged by itself: nonce, tag, first and last block of the text. */
static void
boxes_open_but_those_changed(void **state)
{
	static const size_t lens[] = {32, 64, 128, 1024};

	(void)state;
	for (size_t n = 0; n < sizeof lens / sizeof lens[0]; n++) {
		size_t len = lens[n], where[] = {0, 16, 32, 32 + len - 1};
		struct boxes *b = make_boxes(len, BOX_CNT, 1);
		struct crypto_siv *s = crypto_siv_new(32);
		uint8_t key[32] = {9}, none[BOX_MAX] = {0};

		assert_int_equal(crypto_siv_set_key(s, key), 0);
		assert_int_equal(crypto_siv_seal_boxes(s, &b->all, b->out), 0);
		for (size_t i = 0; i < BOX_CNT; i += 3)
			b->out[i].box[where[i % 4]] ^= 1;
		assert_int_equal(crypto_siv_open_boxes(s, &b->all, b->in), 0);
		for (size_t i = 0; i < BOX_CNT; i++) {
			bool changed = i % 3 == 0;

			assert_int_equal(b->in[i].err, changed ? ERR_AUTH : 0);
			assert_memory_equal(
			    b->back[i], changed ? none : b->plain[i], len);
		}
		b->ad[0] ^= 1;
		assert_int_equal(crypto_siv_open_boxes(s, &b->all, b->in), 0);
		for (size_t i = 0; i < BOX_CNT; i++)
			assert_int_equal(b->in[i].err, ERR_AUTH);
		crypto_siv_free(s);
	}
}

static void
boxes_refused(void **state)
{
	static const size_t lens[] = {
	    0, 16, 33, 16 * (1 + CRYPTO_SIV_BOX_BLOCKS)};
	struct crypto_siv *s = crypto_siv_new(32);
	struct boxes *b = make_boxes(32, 2, 1);
	uint8_t key[32] = {1};

	(void)state;
	memset(b->back, 0xee, sizeof b->back);
	assert_int_equal(crypto_siv_seal_boxes(s, &b->all, b->out), ERR_BAD);
	assert_int_equal(crypto_siv_open_boxes(s, &b->all, b->in), ERR_BAD);
	for (size_t n = 0; n < 2; n++) {
		for (size_t i = 0; i < 48; i++)
			assert_int_equal(b->out[n].box[16 + i], 0);
		for (size_t i = 0; i < 32; i++)
			assert_int_equal(b->back[n][i], 0);
		assert_int_equal(b->in[n].err, ERR_BAD);
		assert_int_equal(b->out[n].box[64], 0xee);
		assert_int_equal(b->back[n][32], 0xee);
	}
	assert_int_equal(crypto_siv_set_key(s, key), 0);
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		b->all.len = lens[i];
		b->all.cnt = 1;
		assert_int_equal(
		    crypto_siv_seal_boxes(s, &b->all, b->out), ERR_BAD);
		assert_int_equal(
		    crypto_siv_open_boxes(s, &b->all, b->in), ERR_BAD);
	}
	crypto_siv_free(s);
}

static void
refuses_without_a_key(void **state)
{
	struct crypto_siv *s = crypto_siv_new(48);
	struct crypto_siv_ad none = {NULL, 0};
	uint8_t key[48] = {1}, buf[20], plain[4];

	(void)state;
	memset(buf, 0xee, sizeof buf);
	assert_int_equal(
	    crypto_siv_seal(s, &none, plain, sizeof plain, buf), ERR_BAD);
	for (size_t i = 0; i < sizeof buf; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(crypto_siv_set_key(s, key), 0);
	assert_int_equal(
	    crypto_siv_seal(s, &none, plain, sizeof plain, buf), 0);
	crypto_siv_forget_key(s);
	assert_int_equal(
	    crypto_siv_open(s, &none, buf, sizeof buf, plain), ERR_BAD);
	crypto_siv_free(s);
	crypto_siv_free(NULL);
}

static void
key_lengths(void **state)
{
	(void)state;
	for (size_t len = 0; len < 100; len++) {
		struct crypto_siv *s = crypto_siv_new(len);

		assert_int_equal(
		    s != NULL, len == 32 || len == 48 || len == 64);
		crypto_siv_free(s);
	}
}

/* One object through many messages gives what a fresh one gives, whatever
 * first component went before: the same, another, a longer, another key. */
static void
first_component_again(void **state)
{
	static const size_t lens[] = {8, 8, 8, 7, 8, 16, 16, 17, 8, 1, 0, 8};
	struct crypto_siv *old = crypto_siv_new(32), *fresh;
	uint8_t key[32] = {1}, text[80], a[96], b[96];

	(void)state;
	assert_non_null(old);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)i;
	for (unsigned round = 0; round < 3; round++) {
		key[5] = (uint8_t)(round / 2); /* twice the same */
		assert_int_equal(crypto_siv_set_key(old, key), 0);
		for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
			struct crypto_siv_part parts[2] = {
			    {text + (i == 4), lens[i]}, {text + 20 + i, 16}};
			struct crypto_siv_ad ad = {parts, 2};

			fresh = crypto_siv_new(32);
			assert_non_null(fresh);
			assert_int_equal(crypto_siv_set_key(fresh, key), 0);
			assert_int_equal(
			    crypto_siv_seal(old, &ad, text, 64, a), 0);
			assert_int_equal(
			    crypto_siv_seal(fresh, &ad, text, 64, b), 0);
			assert_memory_equal(a, b, 80);
			assert_int_equal(
			    crypto_siv_open(old, &ad, a, 80, b), 0);
			a[0] ^= 1;
			assert_int_equal(
			    crypto_siv_open(old, &ad, a, 80, b), ERR_AUTH);
			crypto_siv_free(fresh);
		}
	}
	crypto_siv_free(old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc5297_appendix_a),
	    cmocka_unit_test(rekeying_either_way_is_the_same),
	    cmocka_unit_test(every_length_as_defined),
	    cmocka_unit_test(boxes_are_what_single_seals_are),
	    cmocka_unit_test(boxes_open_but_those_changed),
	    cmocka_unit_test(boxes_refused),
	    cmocka_unit_test(refuses_without_a_key),
	    cmocka_unit_test(key_lengths),
	    cmocka_unit_test(first_component_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
