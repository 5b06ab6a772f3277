/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of folder serve share: a server that is synchronised, with
 * repeatable randomness, and requests to it.
 */
#ifndef SERVE_RIG_H
#define SERVE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp/packet.h"
#include "nts/keyring.h"
#include "serve/access.h"
#include "serve/serve.h"

#define RIG_WALL_NS  1790000000123456789LL /* September 2026 */
#define RIG_MONO_NS  5000000000LL
#define RIG_REF_ID   0xc0000201U
#define RIG_TRANSMIT 0x0123456789abcdefULL

struct rig {
	uint64_t seed;
	struct rng rng;
	struct nts_keyring ring;
	struct serve_access *access;
	struct serve *serve;
	struct timepage_time time;
	struct timepage_clock clock;
	struct serve_now now;
	struct serve_request req;
	uint8_t in[65536];
	uint8_t out[SERVE_RESPONSE_MAX];
	size_t out_len;
	enum serve_verdict verdict;
	struct ntp_packet head; /* of the response */
};

static inline void
rig_fill(void *ctx, void *buf, size_t len)
{
	uint64_t *seed = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(*seed >> 56);
	}
}

/* One request of r->req.len bytes at r->in. */
static inline enum serve_verdict
rig_ask(struct rig *r)
{
	uint8_t head[SERVE_HEAD_LEN];

	memset(r->out, 0xee, sizeof r->out);
	memset(&r->head, 0, sizeof r->head);
	r->out_len = serve_request(
	    r->serve, &r->req, r->out, sizeof r->out, &r->verdict);
	assert_true(r->out_len <= r->req.len);
	assert_true((r->out_len > 0) == (r->verdict < SERVE_DROP_SHORT));
	memcpy(head, r->out, sizeof head);
	assert_int_equal(serve_finish(r->serve, 0, r->req.now),
	    r->out_len > 0 ? 0 : ERR_BAD);
	assert_memory_equal(head, r->out, sizeof head);
	if (r->out_len > 0)
		assert_int_equal(
		    ntp_packet_decode(&r->head, r->out, r->out_len), 0);
	return r->verdict;
}

/* A plain request with nothing but version, mode and transmit. */
static inline void
rig_plain(struct rig *r, unsigned version, unsigned mode)
{
	struct ntp_packet p = {
	    .version = (uint8_t)version,
	    .mode = (uint8_t)mode,
	    .transmit = {RIG_TRANSMIT},
	};

	memset(r->in, 0, sizeof r->in);
	ntp_packet_encode(&p, r->in);
	r->req.len = NTP_HEADER_LEN;
	r->req.cut = false;
}

/* Append a field to the request; the value bytes are left zero. */
static inline void
rig_field(struct rig *r, unsigned type, unsigned len)
{
	uint8_t *at = r->in + r->req.len;

	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
	at[2] = (uint8_t)(len >> 8);
	at[3] = (uint8_t)len;
	r->req.len += len;
}

static inline void
rig_batch(struct rig *r)
{
	serve_batch_time(r->serve, &r->time, &r->clock, &r->now);
}

/* @conf: NULL for a server with nothing special. */
static inline void
rig_init(struct rig *r, struct serve_conf *conf)
{
	static const struct serve_access_rule all = {.allow = true};
	struct serve_conf plain = {.precision_log2s = -24};

	memset(r, 0, sizeof *r);
	r->seed = 1;
	r->rng = (struct rng){rig_fill, &r->seed};
	r->access = serve_access_new(&all, 1);
	nts_keyring_init(&r->ring, (struct wall){RIG_WALL_NS}, &r->rng);
	if (!conf)
		conf = &plain;
	conf->access = r->access;
	conf->rng = &r->rng;
	r->serve = serve_new(conf);
	assert_non_null(r->serve);
	r->now.mono.ns = RIG_MONO_NS;
	r->now.boot_ns = RIG_MONO_NS;
	r->time.as_of_mono_ns = RIG_MONO_NS - 2000000000;
	r->time.as_of_boot_ns = RIG_MONO_NS - 2000000000;
	r->time.as_of_wall_ns = RIG_WALL_NS - 2000000000;
	r->time.ref_wall_ns = RIG_WALL_NS - 2000000000;
	r->time.root_delay_ns = 20000000;
	r->time.root_dispersion_ns = 1000000;
	r->time.root_dispersion_growth_sps = 15e-6;
	r->time.ref_id = RIG_REF_ID;
	r->time.stratum = 3;
	r->time.flags = TIMEPAGE_SYNCED;
	r->clock.synced_until_boot_ns = RIG_MONO_NS + 100 * TSTAMP_NS_PER_S;
	rig_batch(r);
	r->req.data = r->in;
	r->req.rx.ns = RIG_WALL_NS;
	r->req.now.ns = RIG_WALL_NS + 20000;
	assert_int_equal(addr_parse(&r->req.from, "192.0.2.7"), 0);
	r->req.from.port = 40000;
	assert_int_equal(addr_parse(&r->req.local, "192.0.2.1"), 0);
	r->req.local.port = NTP_PORT;
	rig_plain(r, 4, NTP_MODE_CLIENT);
}

static inline void
rig_fini(struct rig *r)
{
	serve_free(r->serve);
	serve_access_free(r->access);
}

/* Bytes from hex digits. */
static inline size_t
rig_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1], 0};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

#endif
