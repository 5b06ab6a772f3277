/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one NTS request costs a server in memory: fields found, cookie
 * opened, request verified, cookies and response sealed.  One line each,
 * "name value unit"; the median of nine runs.  Random numbers come from a
 * cheap generator: the daemon's, drawn in bulk, is measured elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../nts_alone.h"
#include "base/wipe.h"
#include "nts/ef.h"

#define RUNS   9
#define REPEAT 20000

struct bench {
	uint64_t seed;
	struct rng rng;
	struct nts_server_ctx server;
	struct nts_keys keys;
	uint8_t request[NTS_PACKET_LEN_MAX];
	size_t request_len;
	uint8_t response[NTS_PACKET_LEN_MAX];
};

static void
must(int err)
{
	if (err < 0)
		abort();
}

static void
fill(void *ctx, void *buf, size_t len)
{
	struct bench *b = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i += 8) {
		b->seed = b->seed * 6364136223846793005u + 1;
		memcpy(p + i, &b->seed, len - i < 8 ? len - i : 8);
	}
}

static void
make_request(struct bench *b, unsigned placeholder_cnt)
{
	static const uint8_t uid[NTS_UID_LEN];
	struct nts_cookie cookie = {
	    .len = (uint16_t)nts_cookie_len(b->keys.aead)};
	struct nts_ef_ask ask = {
	    .uid = uid, .cookie = &cookie, .placeholder_cnt = placeholder_cnt};
	struct bytes_out out;

	must(nts_cookie_seal(
	    &b->server.cookies, &b->keys, &b->rng, cookie.data));
	bytes_out_init(&out, b->request, sizeof(b->request));
	bytes_put_u8(&out, 0x23);
	bytes_put_zero(&out, 47);
	must(nts_ef_put_request(
	    &b->server.aeads, &b->keys, &ask, &b->rng, &out));
	b->request_len = out.pos;
}

static void
answer(struct bench *b)
{
	struct nts_ef_exchange x;
	struct bytes_out out;

	bytes_out_init(&out, b->response, sizeof(b->response));
	bytes_put_u8(&out, 0x24);
	bytes_put_zero(&out, 47);
	must(nts_ef_find_request(b->request, b->request_len, &x.req));
	must(nts_alone_open(&b->server, &x));
	must(nts_alone_answer(&b->server, &x, &out));
	wipe_bytes(&x.session, sizeof(x.session));
}

static void
refuse(struct bench *b)
{
	struct nts_ef_exchange x;
	struct bytes_out out;

	bytes_out_init(&out, b->response, sizeof(b->response));
	bytes_put_zero(&out, 48);
	must(nts_ef_find_request(b->request, b->request_len, &x.req));
	if (nts_alone_open(&b->server, &x) != ERR_AUTH)
		abort();
	must(nts_ef_put_nak(&x.req, &out));
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(struct bench *b, const char *name, void (*what)(struct bench *))
{
	double ns[RUNS];

	for (int run = 0; run < RUNS; run++) {
		struct timespec t0, t1;

		(void)clock_gettime(CLOCK_MONOTONIC, &t0);
		for (int i = 0; i < REPEAT; i++)
			what(b);
		(void)clock_gettime(CLOCK_MONOTONIC, &t1);
		ns[run] = (double)(t1.tv_sec - t0.tv_sec) * 1e9 +
		    (double)(t1.tv_nsec - t0.tv_nsec);
	}
	qsort(ns, RUNS, sizeof(ns[0]), compare);
	printf("%-36s %8.0f ns\n", name, ns[RUNS / 2] / REPEAT);
}

static void
one_algorithm(struct bench *b, unsigned aead)
{
	char name[64];

	if (!nts_aeads_get(&b->server.aeads, aead))
		return;
	b->keys = (struct nts_keys){.aead = (uint16_t)aead,
	    .key_len = (uint8_t)crypto_aead_key_len(aead)};
	rng_bytes(&b->rng, b->keys.c2s, b->keys.key_len);
	rng_bytes(&b->rng, b->keys.s2c, b->keys.key_len);
	for (unsigned placeholder_cnt = 0; placeholder_cnt <= 7;
	     placeholder_cnt += 7) {
		make_request(b, placeholder_cnt);
		(void)snprintf(name, sizeof(name), "nts_request_aead%u_%u",
		    aead, 1 + placeholder_cnt);
		measure(b, name, answer);
	}
	make_request(b, 0);
	b->request[b->request_len - 1] ^= 1;
	(void)snprintf(name, sizeof(name), "nts_request_aead%u_bad_tag", aead);
	measure(b, name, refuse);
	make_request(b, 0);
	b->request[88] ^= 1;
	(void)snprintf(
	    name, sizeof(name), "nts_request_aead%u_bad_cookie", aead);
	measure(b, name, refuse);
}

int
main(void)
{
	static struct bench b;
	struct nts_keyring ring;

	b.seed = 1;
	b.rng = (struct rng){.fill = fill, .ctx = &b};
	nts_keyring_init(&ring, (struct wall){0}, &b.rng);
	must(nts_server_init(&b.server, &b.rng));
	must(nts_cookie_keys_load(&b.server.cookies, &ring));
	one_algorithm(&b, CRYPTO_AEAD_SIV_256);
	one_algorithm(&b, CRYPTO_AEAD_GCM_SIV_128);
	nts_server_fini(&b.server);
	return 0;
}
