/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The secrets of TLS 1.3: the trace of RFC 8448 section 3 for SHA-256, and
 * libcrypto's HMAC put together by RFC 5869 for both digests and for all
 * lengths.
 */
#include "crypto/hkdf.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "hex.h"

#define SPAN(a) ((struct crypto_hkdf_span){a, sizeof a})

static struct crypto_hkdf_span
text(const char *s)
{
	return (struct crypto_hkdf_span){(const uint8_t *)s, strlen(s)};
}

/* RFC 8448 section 3, "Simple 1-RTT Handshake". */
static const char early[] =
    "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a";
static const char agreed[] =
    "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d";
static const char handshake[] =
    "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac";
static const char hellos[] =
    "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
static const char server[] =
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";

static const struct {
	const char *secret, *label, *context, *out;
} expanded[] = {
    {early, "derived",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"},
    {handshake, "c hs traffic", hellos,
	"b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"},
    {handshake, "s hs traffic", hellos, server},
    {server, "key", "", "3fce516009c21727d0f2e4e86ee403bc"},
    {server, "iv", "", "5d313eb2671276ee13000b30"},
    {server, "finished", "",
	"008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8"},
};

static void
rfc8448_expanded(void **state)
{
	struct crypto_hkdf *h = crypto_hkdf_new("SHA2-256");
	uint8_t secret[32], context[32], want[32], got[32];

	(void)state;
	assert_non_null(h);
	for (size_t i = 0; i < sizeof expanded / sizeof *expanded; i++) {
		struct crypto_hkdf_label l = {
		    {secret, hex(secret, 32, expanded[i].secret)},
		    text("tls13 "), text(expanded[i].label),
		    {context, hex(context, 32, expanded[i].context)}};
		size_t len = hex(want, sizeof want, expanded[i].out);

		assert_int_equal(crypto_hkdf_expand_label(h, &l, got, len), 0);
		assert_memory_equal(got, want, len);
	}
	crypto_hkdf_free(h);
}

static void
rfc8448_extracted(void **state)
{
	struct crypto_hkdf *h = crypto_hkdf_new("SHA2-256");
	uint8_t zeros[32] = {0}, salt[32], material[32], want[32], got[32];

	(void)state;
	assert_non_null(h);
	hex(want, sizeof want, early);
	assert_int_equal(
	    crypto_hkdf_extract(
		h, (struct crypto_hkdf_span){NULL, 0}, SPAN(zeros), got),
	    0);
	assert_memory_equal(got, want, 32);
	hex(salt, sizeof salt, expanded[0].out);
	hex(material, sizeof material, agreed);
	hex(want, sizeof want, handshake);
	assert_int_equal(
	    crypto_hkdf_extract(h, SPAN(salt), SPAN(material), got), 0);
	assert_memory_equal(got, want, 32);
	assert_int_equal(crypto_hkdf_empty(h).len, 32);
	hex(want, sizeof want, expanded[0].context);
	assert_memory_equal(crypto_hkdf_empty(h).data, want, 32);
	crypto_hkdf_free(h);
}

static void
library_hmac(const char *digest, struct crypto_hkdf_span key,
    const uint8_t *data, size_t len, uint8_t out[64])
{
	size_t put;

	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key.data,
	    key.len, data, len, out, 64, &put));
}

/* HKDF-Expand-Label with libcrypto's HMAC, RFC 8446 section 7.1. */
static void
by_the_book(const char *digest, size_t md_len,
    const struct crypto_hkdf_label *l, uint8_t *out, size_t len)
{
	uint8_t buf[64 + 2 + 256 + 256 + 1], turn[64];
	size_t head = 0;

	for (size_t pos = 0, nr = 1; pos < len; pos += md_len, nr++) {
		size_t n = head;

		buf[n++] = (uint8_t)(len / 256);
		buf[n++] = (uint8_t)(len % 256);
		buf[n++] = (uint8_t)(l->prefix.len + l->label.len);
		for (size_t i = 0; i < l->prefix.len; i++)
			buf[n++] = l->prefix.data[i];
		for (size_t i = 0; i < l->label.len; i++)
			buf[n++] = l->label.data[i];
		buf[n++] = (uint8_t)l->context.len;
		for (size_t i = 0; i < l->context.len; i++)
			buf[n++] = l->context.data[i];
		buf[n++] = (uint8_t)nr;
		library_hmac(digest, l->secret, buf, n, turn);
		memcpy(
		    out + pos, turn, len - pos < md_len ? len - pos : md_len);
		memcpy(buf, turn, md_len);
		head = md_len;
	}
}

static void
all_lengths(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} digests[] = {{"SHA2-256", 32}, {"SHA2-384", 48}};
	static uint8_t bytes[1024], want[400], got[400];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t d = 0; d < 2; d++) {
		struct crypto_hkdf *h = crypto_hkdf_new(digests[d].name);

		assert_non_null(h);
		assert_int_equal(crypto_hkdf_len(h), digests[d].len);
		for (size_t len = 1; len <= sizeof got; len++) {
			struct crypto_hkdf_label l = {
			    {bytes + len, len % (digests[d].len + 1)},
			    {bytes, len % 7}, {bytes + 7, len % 249},
			    {bytes + 300, len % 256}};

			by_the_book(
			    digests[d].name, digests[d].len, &l, want, len);
			assert_int_equal(
			    crypto_hkdf_expand_label(h, &l, got, len), 0);
			assert_memory_equal(got, want, len);
		}
		crypto_hkdf_free(h);
	}
}

/* What does not fit its field is refused, and nothing is left in out. */
static void
too_long(void **state)
{
	struct crypto_hkdf *h = crypto_hkdf_new("SHA2-256");
	static uint8_t bytes[300], out[255 * 32 + 1];
	const struct {
		struct crypto_hkdf_label l;
		size_t len;
	} bad[] = {
	    {{{bytes, 33}, {bytes, 6}, {bytes, 3}, {NULL, 0}}, 32},
	    {{{bytes, 32}, {bytes, 6}, {bytes, 250}, {NULL, 0}}, 32},
	    {{{bytes, 32}, {bytes, 256}, {bytes, 0}, {NULL, 0}}, 32},
	    {{{bytes, 32}, {bytes, 6}, {bytes, SIZE_MAX}, {NULL, 0}}, 32},
	    {{{bytes, 32}, {bytes, 6}, {bytes, 3}, {bytes, 256}}, 32},
	    {{{bytes, 32}, {bytes, 6}, {bytes, 3}, {NULL, 0}}, 255 * 32 + 1},
	};

	(void)state;
	assert_non_null(h);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(out, 1, sizeof out);
		assert_int_equal(
		    crypto_hkdf_expand_label(h, &bad[i].l, out, bad[i].len),
		    ERR_BAD);
		assert_int_equal(out[0], 0);
		assert_int_equal(out[bad[i].len - 1], 0);
	}
	out[0] = 1;
	assert_int_equal(
	    crypto_hkdf_extract(h, (struct crypto_hkdf_span){bytes, 33},
		(struct crypto_hkdf_span){bytes, 32}, out),
	    ERR_BAD);
	assert_int_equal(out[0], 0);
	crypto_hkdf_free(h);
}

static void
other_digests(void **state)
{
	(void)state;
	assert_null(crypto_hkdf_new("SHA2-512"));
	assert_null(crypto_hkdf_new(""));
	crypto_hkdf_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc8448_expanded),
	    cmocka_unit_test(rfc8448_extracted),
	    cmocka_unit_test(all_lengths),
	    cmocka_unit_test(too_long),
	    cmocka_unit_test(other_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
