/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per request answered in memory, one core: plain NTP, AES-CMAC,
 * NTS with one and with eight cookies, and requests that are dropped; one at
 * a time, by full batches, and "cold": one at a time, each after others have
 * had the caches, as with a server that is asked now and then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ntp/ext.h"
#include "ntp/packet.h"
#include "nts/ef.h"
#include "nts/keyring.h"
#include "serve/access.h"
#include "serve/crowd.h"
#include "serve/serve.h"

#define ROUNDS      9
#define ROUNDS_COLD 51
#define RULES       10000
#define LINE        64
#define OTHERS_LEN  (64U << 20) /* more than a last-level cache */

/* Asked for by name: so many requests of one kind, for a profiler. */
struct only {
	const char *what; /* NULL: all, timed */
	int cnt;
};

struct bench {
	struct only only;
	struct rng rng;
	struct nts_keyring ring;
	struct nts_aeads aeads;
	struct nts_cookie_keys cookies;
	struct crypto_mac_key key;
	struct serve *serve;
	struct serve_request req;
	size_t together; /* so many in a batch */
	uint8_t *others; /* what other programs touch in between, or NULL */
	uint8_t in[2048];
	uint8_t out[SERVE_BATCH_MAX][SERVE_RESPONSE_MAX];
};

/* As cheap as the pool of a worker. */
static void
fill(void *ctx, void *buf, size_t len)
{
	static uint64_t seed = 1;
	uint8_t *p = buf;

	(void)ctx;
	for (size_t i = 0; i < len; i += 8) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(p + i, &seed, len - i < 8 ? len - i : 8);
	}
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
finish(struct bench *b, const char *what, enum serve_verdict want, size_t idx,
    enum serve_verdict v)
{
	if (v == want &&
	    (v >= SERVE_DROP_SHORT ||
		(serve_arm(b->serve, idx) == 0 &&
		    serve_finish(b->serve, idx, b->req.now) == 0)))
		return;
	printf("%s: %s\n", what, serve_verdict_text(v));
	exit(1);
}

static void
repeat(struct bench *b, const char *what, enum serve_verdict want, int cnt)
{
	struct serve_request reqs[SERVE_BATCH_MAX];
	struct serve_answer answers[SERVE_BATCH_MAX];

	for (size_t i = 0; i < b->together; i++) {
		reqs[i] = b->req;
		answers[i] = (struct serve_answer){
		    .out = b->out[i], .out_max = sizeof b->out[i]};
	}
	for (int n = 0; n < cnt; n += (int)b->together) {
		serve_batch(b->serve, reqs, answers, b->together);
		for (size_t i = 0; i < b->together; i++)
			finish(b, what, want, i, answers[i].verdict);
	}
}

static void
take_the_caches(uint8_t *others)
{
	for (size_t i = 0; others && i < OTHERS_LEN; i += LINE)
		others[i]++;
}

static void
run(struct bench *b, const char *what, enum serve_verdict want)
{
	double ns[ROUNDS_COLD];
	size_t rounds = b->others ? ROUNDS_COLD : ROUNDS;
	int cnt = b->others ? 1 : 16000;

	if (b->only.what) {
		if (strcmp(b->only.what, what) == 0)
			repeat(b, what, want, b->only.cnt);
		return;
	}
	for (size_t i = 0; i < rounds; i++) {
		double start;

		take_the_caches(b->others);
		start = now_ns();
		repeat(b, what, want, cnt);
		ns[i] = (now_ns() - start) / cnt;
	}
	qsort(ns, rounds, sizeof ns[0], by_value);
	printf("%-36s %8.0f ns\n", what, ns[rounds / 2]);
}

static void
plain(struct bench *b)
{
	struct ntp_packet p = {
	    .version = 4, .mode = NTP_MODE_CLIENT, .transmit = {12345}};

	ntp_packet_encode(&p, b->in);
	b->req.len = NTP_HEADER_LEN;
}

static int
with_mac(struct bench *b)
{
	struct crypto_mac *mac = crypto_mac_new();
	struct bytes_out out;
	uint8_t tag[CRYPTO_MAC_MAX];
	int len;

	plain(b);
	if (!mac)
		return -1;
	bytes_out_init(&out, b->in, sizeof b->in);
	out.pos = NTP_HEADER_LEN;
	len = crypto_mac_compute(mac, &b->key, b->in, out.pos, tag);
	if (len > 0)
		ntp_ext_put_mac(&out, b->key.id, tag, (size_t)len);
	b->req.len = out.pos;
	crypto_mac_free(mac);
	return len;
}

static int
with_nts(struct bench *b, unsigned placeholder_cnt)
{
	struct nts_keys keys = {.aead = 15, .key_len = 32};
	struct nts_cookie cookie = {.len = (uint16_t)nts_cookie_len(15)};
	uint8_t uid[NTS_UID_LEN];
	struct nts_ef_ask ask = {
	    .uid = uid, .cookie = &cookie, .placeholder_cnt = placeholder_cnt};
	struct bytes_out out;

	fill(NULL, keys.c2s, 32);
	fill(NULL, keys.s2c, 32);
	fill(NULL, uid, sizeof uid);
	plain(b);
	if (nts_cookie_seal(&b->cookies, &keys, &b->rng, cookie.data) < 0)
		return -1;
	bytes_out_init(&out, b->in, sizeof b->in);
	out.pos = NTP_HEADER_LEN;
	if (nts_ef_put_request(&b->aeads, &keys, &ask, &b->rng, &out) < 0)
		return -1;
	b->req.len = out.pos;
	return 0;
}

/* Many rules: the cost of a request must not show them. */
static struct serve_access *
many_rules(void)
{
	static struct serve_access_rule r[RULES];

	for (size_t i = 1; i < RULES; i++) {
		r[i].prefix.addr.family = ADDR_V4;
		fill(NULL, r[i].prefix.addr.bytes, 4);
		r[i].prefix.bits = (uint8_t)(8 + i % 25);
		r[i].allow = true;
	}
	r[0].allow = true;
	return serve_access_new(r, RULES);
}

static struct serve_access *
init(struct bench *b)
{
	static const struct serve_access_rule all = {.allow = true};
	struct serve_conf conf = {.precision_log2s = -24, .local_stratum = 1};
	struct serve_access *access = serve_access_new(&all, 1);

	memset(b, 0, sizeof *b);
	b->rng = (struct rng){fill, NULL};
	b->key.id = 1;
	b->key.type = CRYPTO_MAC_AES128;
	b->key.len = 16;
	nts_keyring_init(&b->ring, (struct wall){0}, &b->rng);
	nts_cookie_keys_init(&b->cookies);
	conf.access = access;
	conf.ring = &b->ring;
	conf.keys = &b->key;
	conf.key_cnt = 1;
	conf.rng = &b->rng;
	conf.crowd = serve_crowd_new(true, &b->rng);
	b->serve = serve_new(&conf);
	if (!access || !b->serve || nts_aeads_init(&b->aeads) < 0 ||
	    nts_cookie_keys_load(&b->cookies, &b->ring) < 0)
		exit(1);
	b->together = 1;
	b->req.data = b->in;
	b->req.from = (struct addr){
	    .family = ADDR_V4, .port = 4000, .bytes = {192, 0, 2, 1}};
	b->req.rx.ns = 1790000000000000000LL;
	b->req.now.ns = b->req.rx.ns + 10000;
	return access;
}

/* Expects a request with one cookie. */
static void
run_cold(struct bench *b)
{
	b->together = 1;
	b->others = calloc(1, OTHERS_LEN);
	if (!b->others)
		exit(1);
	run(b, "serve_nts_1_cookie_cold", SERVE_ANSWERED_NTS);
	plain(b);
	run(b, "serve_ntp_cold", SERVE_ANSWERED);
	free(b->others);
	b->others = NULL;
}

int
main(int argc, char **argv)
{
	static struct bench b;
	struct serve_access *access = init(&b), *many = many_rules();

	if (argc == 3)
		b.only = (struct only){argv[1], atoi(argv[2])};
	plain(&b);
	run(&b, "serve_ntp", SERVE_ANSWERED);
	serve_set_access(b.serve, many);
	run(&b, "serve_ntp_10000_access_rules", SERVE_ANSWERED);
	serve_set_access(b.serve, access);
	if (with_mac(&b) < 0)
		return 1;
	run(&b, "serve_ntp_aes_cmac", SERVE_ANSWERED_MAC);
	if (with_nts(&b, 0) < 0)
		return 1;
	run(&b, "serve_nts_1_cookie", SERVE_ANSWERED_NTS);
	b.in[b.req.len - 1] ^= 1;
	run(&b, "serve_nts_bad_tag_ntsn", SERVE_NAK);
	if (with_nts(&b, 7) < 0)
		return 1;
	run(&b, "serve_nts_8_cookies", SERVE_ANSWERED_NTS);
	b.together = SERVE_BATCH_MAX;
	run(&b, "serve_nts_8_cookies_batch", SERVE_ANSWERED_NTS);
	if (with_nts(&b, 0) < 0)
		return 1;
	run(&b, "serve_nts_1_cookie_batch", SERVE_ANSWERED_NTS);
	plain(&b);
	run(&b, "serve_ntp_batch", SERVE_ANSWERED);
	if (with_nts(&b, 0) < 0)
		return 1;
	run_cold(&b);
	serve_free(b.serve);
	serve_access_free(access);
	serve_access_free(many);
	nts_cookie_keys_fini(&b.cookies);
	nts_aeads_fini(&b.aeads);
	return 0;
}
