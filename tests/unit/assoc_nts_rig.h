/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of NTS associations share: an association and the server of
 * folder serve, keys made without an exchange, and a note of every cookie sent,
 * so that none is sent twice.
 */
#ifndef TESTS_UNIT_ASSOC_NTS_RIG_H
#define TESTS_UNIT_ASSOC_NTS_RIG_H

#include "assoc_rig.h"

#include <math.h>

#include "ntp/ext.h"
#include "nts/cookie.h"
#include "nts/jar.h"
#include "serve/access.h"
#include "serve/serve.h"

struct world {
	struct rig r;
	struct nts_keyring ring;
	struct serve_access *access;
	struct serve *serve;
	struct nts_cookie_keys cookies;
	struct nts_keys keys;
	struct nts_cookie seen[4096]; /* cookies sent */
	unsigned seen_cnt;
};

static inline struct world *
world_new(void)
{
	static const struct serve_access_rule all = {.allow = true};
	struct world *w = calloc(1, sizeof *w);
	struct serve_conf conf = {.precision_log2s = -24};

	assert_non_null(w);
	rig_conf(&w->r, ASSOC_AUTH_NTS);
	strcpy(w->r.conf.ke_name, "time.example");
	nts_keyring_init(&w->ring, rig_true((struct mono){0}), &w->r.rng);
	w->access = serve_access_new(&all, 1);
	conf.access = w->access;
	conf.ring = &w->ring;
	conf.rng = &w->r.rng;
	conf.local_stratum = 1;
	w->serve = serve_new(&conf);
	assert_non_null(w->serve);
	nts_cookie_keys_init(&w->cookies);
	assert_int_equal(nts_cookie_keys_load(&w->cookies, &w->ring), 0);
	return w;
}

static inline void
world_free(struct world *w)
{
	nts_cookie_keys_fini(&w->cookies);
	serve_free(w->serve);
	serve_access_free(w->access);
	rig_fini(&w->r);
	free(w);
}

/* What a successful key exchange brings. */
static inline void
make_keys(struct world *w, struct assoc_keys *k, unsigned cookie_cnt)
{
	memset(k, 0, sizeof *k);
	w->keys.aead = k->aead = 15;
	w->keys.key_len = k->key_len = 32;
	rig_fill(&w->r.seed, w->keys.c2s, 32);
	rig_fill(&w->r.seed, w->keys.s2c, 32);
	memcpy(k->c2s, w->keys.c2s, 32);
	memcpy(k->s2c, w->keys.s2c, 32);
	k->cookie_cnt = (uint8_t)cookie_cnt;
	for (unsigned i = 0; i < cookie_cnt; i++) {
		k->cookie_len[i] = (uint16_t)nts_cookie_len(15);
		assert_int_equal(nts_cookie_seal(&w->cookies, &w->keys,
				     &w->r.rng, k->cookies[i]),
		    0);
	}
	assert_int_equal(addr_parse(&k->addr, "198.51.100.4"), 0);
	k->addr.port = 4123;
}

static inline void
give(struct world *w, const struct assoc_keys *k)
{
	assoc_keys(w->r.a, k, w->r.now, &w->r.todo);
	rig_obey(&w->r);
}

static inline void
exchange_keys(struct world *w)
{
	struct assoc_keys k;

	make_keys(w, &k, 8);
	give(w, &k);
}

static inline void
fail_keys(struct world *w, unsigned stage)
{
	struct assoc_keys k = {.stage = (uint8_t)stage};

	give(w, &k);
}

/* Remember the cookie of the last request: it must be new. */
static inline void
note_cookie(struct world *w)
{
	struct ntp_ext_list list;
	unsigned i;
	struct nts_cookie *c = &w->seen[w->seen_cnt++];

	assert_true(w->seen_cnt < 4096);
	assert_int_equal(
	    ntp_ext_walk(&list, w->r.request, w->r.request_len, 4), 0);
	i = ntp_ext_find(&list, NTP_EXT_COOKIE, 0);
	assert_true(i < list.cnt);
	c->len = list.ext[i].body_len;
	memcpy(c->data, list.ext[i].body, c->len);
	for (unsigned j = 0; j + 1 < w->seen_cnt; j++)
		assert_true(w->seen[j].len != c->len ||
		    memcmp(w->seen[j].data, c->data, c->len) != 0);
}

/* The server's answer to the last request, at r.answer. */
static inline enum serve_verdict
serve_it(struct world *w)
{
	struct rig *r = &w->r;
	struct mono in = {r->sent_at.ns + RIG_WAY_NS};
	struct serve_request req = {
	    .data = r->request,
	    .len = r->request_len,
	    .rx = rig_true(in),
	    .now = {rig_true(in).ns + RIG_STAY_NS},
	};
	enum serve_verdict v;

	note_cookie(w);
	assert_int_equal(addr_parse(&req.from, "203.0.113.9"), 0);
	req.from.port = 50000;
	r->answer_len =
	    serve_request(w->serve, &req, r->answer, sizeof r->answer, &v);
	if (r->answer_len > 0)
		assert_int_equal(serve_finish(w->serve, 0, req.now), 0);
	return v;
}

static inline void
assert_good(struct world *w)
{
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	assert_true(w->r.todo.sample.authenticated);
	assert_true(fabs(w->r.todo.sample.offset_s - 0.25) < 1e-6);
}

static inline void
forget_ring(struct world *w)
{
	nts_keyring_init(&w->ring, rig_true((struct mono){0}), &w->r.rng);
	assert_int_equal(serve_set_ring(w->serve, &w->ring), 0);
	assert_int_equal(nts_cookie_keys_load(&w->cookies, &w->ring), 0);
}

#endif
