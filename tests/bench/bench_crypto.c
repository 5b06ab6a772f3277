/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the crypto of one NTS exchange costs: messages of the sizes of a
 * request with one cookie of 100 bytes.  One line each, "name value unit";
 * the median of many short runs, which other load hardly moves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/aead.h"
#include "crypto/mac.h"
#include "ntp/ext.h"
#include "ntp/packet.h"

#define RUNS       101
#define REPEAT     1000
#define REQUEST_AD 184
#define ANSWER_AD  84
#define COOKIES    100 /* one cookie as an extension field */
#define COOKIE     64  /* two keys of 32 bytes */

struct bench {
	struct crypto_aead *session; /* re-keyed per message */
	struct crypto_aead *cookie;  /* keyed once */
	struct crypto_mac *mac;
	struct crypto_mac_key key;
	uint8_t keys[2][64];
	uint8_t nonce[16];
	uint8_t packet[256];
	uint8_t out[256];
	uint8_t tag[16];
	uint8_t sealed_cookie[COOKIE + 16];
	struct crypto_aead_msg request;
	struct crypto_aead_msg answer;
	struct crypto_aead_msg minted;
	size_t key_len;
};

static void
must(int err)
{
	if (err < 0)
		abort();
}

static void
rekey(struct bench *b)
{
	must(crypto_aead_set_key(b->session, b->keys[0], b->key_len));
}

static void
seal_request(struct bench *b)
{
	must(crypto_aead_seal(b->session, &b->request, NULL, 0, b->out));
}

static void
open_request(struct bench *b)
{
	must(crypto_aead_open(b->session, &b->request, b->tag, 16, NULL));
}

static void
seal_answer(struct bench *b)
{
	must(crypto_aead_seal(
	    b->session, &b->answer, b->packet, COOKIES, b->out));
}

static void
seal_cookie(struct bench *b)
{
	must(
	    crypto_aead_seal(b->cookie, &b->minted, b->packet, COOKIE, b->out));
}

static void
open_cookie(struct bench *b)
{
	must(crypto_aead_open(b->cookie, &b->minted, b->sealed_cookie,
	    sizeof b->sealed_cookie, b->out));
}

/* What a server does for one request, nonces not included. */
static void
exchange(struct bench *b)
{
	open_cookie(b);
	rekey(b);
	open_request(b);
	seal_cookie(b);
	must(crypto_aead_set_key(b->session, b->keys[1], b->key_len));
	seal_answer(b);
}

static void
mac_48(struct bench *b)
{
	must(crypto_mac_compute(
	    b->mac, &b->key, b->packet, NTP_HEADER_LEN, b->out));
}

static void
header(struct bench *b)
{
	struct ntp_packet p;

	must(ntp_packet_decode(&p, b->packet, sizeof b->packet));
	ntp_packet_encode(&p, b->out);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const char *prefix, const char *name, void (*op)(struct bench *),
    struct bench *b)
{
	double ns[RUNS];
	char full[64];

	for (int r = 0; r < RUNS; r++) {
		struct timespec t0, t1;

		clock_gettime(CLOCK_MONOTONIC, &t0);
		for (int i = 0; i < REPEAT; i++)
			op(b);
		clock_gettime(CLOCK_MONOTONIC, &t1);
		ns[r] = ((double)(t1.tv_sec - t0.tv_sec) * 1e9 +
			    (double)(t1.tv_nsec - t0.tv_nsec)) /
		    REPEAT;
	}
	qsort(ns, RUNS, sizeof ns[0], by_value);
	snprintf(full, sizeof full, "%s%s", prefix, name);
	printf("%-36s %8.0f ns\n", full, ns[RUNS / 2]);
}

static void
aead(struct bench *b, unsigned id)
{
	char prefix[16];

	snprintf(prefix, sizeof prefix, "aead%u_", id);
	b->session = crypto_aead_new(id);
	b->cookie = crypto_aead_new(id);
	if (!b->session || !b->cookie) {
		printf("%-36s %8s (libcrypto offers no sound %s)\n", prefix,
		    "-", crypto_aead_name(id));
		goto out;
	}
	b->key_len = crypto_aead_key_len(id);
	b->request = (struct crypto_aead_msg){
	    b->nonce, crypto_aead_nonce_len(id), b->packet, REQUEST_AD};
	b->answer = b->minted = b->request;
	b->answer.ad_len = ANSWER_AD;
	b->minted.ad_len = 0;
	rekey(b);
	must(crypto_aead_seal(b->session, &b->request, NULL, 0, b->tag));
	must(crypto_aead_set_key(b->cookie, b->keys[1], b->key_len));
	must(crypto_aead_seal(
	    b->cookie, &b->minted, b->packet, COOKIE, b->sealed_cookie));
	measure(prefix, "rekey", rekey, b);
	measure(prefix, "seal_request_ad184", seal_request, b);
	measure(prefix, "open_request_ad184", open_request, b);
	measure(prefix, "seal_answer_ad84_plain100", seal_answer, b);
	measure(prefix, "seal_cookie_plain64", seal_cookie, b);
	measure(prefix, "open_cookie_plain64", open_cookie, b);
	measure(prefix, "server_exchange", exchange, b);
out:
	crypto_aead_free(b->session);
	crypto_aead_free(b->cookie);
}

static void
macs(struct bench *b)
{
	static const struct {
		enum crypto_mac_type type;
		uint8_t len;
		const char *name;
	} types[] = {
	    {CRYPTO_MAC_AES128, 16, "aes128_48"},
	    {CRYPTO_MAC_AES256, 32, "aes256_48"},
	    {CRYPTO_MAC_SHA256, 20, "sha256_48"},
	};

	b->mac = crypto_mac_new();
	if (!b->mac)
		abort();
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		b->key = (struct crypto_mac_key){.id = 1,
		    .type = (uint8_t)types[i].type,
		    .len = types[i].len};
		measure("mac_", types[i].name, mac_48, b);
	}
	crypto_mac_free(b->mac);
}

int
main(void)
{
	static struct bench b;

	memset(b.keys[0], 1, sizeof b.keys[0]);
	memset(b.keys[1], 2, sizeof b.keys[1]);
	memset(b.nonce, 3, sizeof b.nonce);
	memset(b.packet, 4, sizeof b.packet);
	aead(&b, CRYPTO_AEAD_SIV_256);
	aead(&b, CRYPTO_AEAD_SIV_512);
	aead(&b, CRYPTO_AEAD_GCM_SIV_128);
	macs(&b);
	measure("ntp_", "header_decode_encode", header, &b);
	return 0;
}
