/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS associations against the server of folder serve: a life from key
 * exchange to restart, NTSN and silence, back-off, forged answers, and that
 * no cookie is ever sent twice.  Cases C, D, F and G of the hostile list.
 */
#include "assoc_rig.h"

#include <math.h>

#include "ntp/ext.h"
#include "ntp/kiss.h"
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

static struct world *
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

static void
world_free(struct world *w)
{
	nts_cookie_keys_fini(&w->cookies);
	serve_free(w->serve);
	serve_access_free(w->access);
	rig_fini(&w->r);
	free(w);
}

/* What a successful key exchange brings. */
static void
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

static void
give(struct world *w, const struct assoc_keys *k)
{
	assoc_keys(w->r.a, k, w->r.now, &w->r.todo);
	rig_obey(&w->r);
}

static void
exchange_keys(struct world *w)
{
	struct assoc_keys k;

	make_keys(w, &k, 8);
	give(w, &k);
}

static void
fail_keys(struct world *w, unsigned stage)
{
	struct assoc_keys k = {.stage = (uint8_t)stage};

	give(w, &k);
}

/* Remember the cookie of the last request: it must be new. */
static void
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
static enum serve_verdict
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
		assert_int_equal(serve_finish(w->serve, req.now), 0);
	return v;
}

static void
assert_good(struct world *w)
{
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	assert_true(w->r.todo.sample.authenticated);
	assert_true(fabs(w->r.todo.sample.offset_s - 0.25) < 1e-6);
}

static void
forget_ring(struct world *w)
{
	nts_keyring_init(&w->ring, rig_true((struct mono){0}), &w->r.rng);
	assert_int_equal(serve_set_ring(w->serve, &w->ring), 0);
	assert_int_equal(nts_cookie_keys_load(&w->cookies, &w->ring), 0);
}

static void
test_life(void **state)
{
	struct world *w = world_new();
	struct assoc_status s;

	(void)state;
	w->r.conf.iburst = true;
	rig_start(&w->r, true);
	assert_int_equal(w->r.ke_cnt, 1);
	assert_int_equal(w->r.sent_cnt, 0);
	exchange_keys(w);
	assert_true(w->r.todo.what & ASSOC_SAVE);
	assert_int_equal(w->r.sent_cnt, 1);
	assert_int_equal(w->r.todo.to.port, 4123);
	for (int i = 0; i < 200; i++) {
		assert_good(w);
		s = rig_status(&w->r);
		assert_int_equal(s.cookie_cnt, 8);
		assert_int_equal(s.aead, 15);
		assert_int_equal(s.ke_try_cnt, 0);
		assert_true(rig_next(&w->r));
	}
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Lost answers use the stock up; one answer fills it again. */
static void
test_loss_then_refill(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	for (int i = 0; i < 3; i++) {
		note_cookie(w);
		assert_true(rig_next(&w->r));
	}
	assert_int_equal(rig_status(&w->r).cookie_cnt, 4);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 8);
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Silence: new keys are asked for while there are still cookies, and asking
 * goes on. */
static void
test_rekey_on_silence(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	while (w->r.ke_cnt == 1)
		assert_true(rig_next(&w->r));
	assert_in_range(rig_status(&w->r).cookie_cnt, 2, 4);
	/* The exchange fails; polls go on with what there is. */
	fail_keys(w, REPORT_STAGE_TCP);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_TCP);
	assert_true(rig_next(&w->r));
	assert_good(w);
	world_free(w);
}

/* R2: the server has lost its keys: NTSN, then a new exchange at the next
 * poll, and all is well. */
static void
test_ntsn_recovery(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	forget_ring(w);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_NAK);
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	assert_int_equal(w->r.ke_cnt, 1); /* not before the next poll */
	assert_false(w->r.todo.what & ASSOC_CLOSE);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 2);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

/* G7: an NTSN with another UID, none, or a wrong origin, is nothing; one
 * that is overtaken by the real answer is nothing either. */
static void
test_g7_forged_ntsn(void **state)
{
	struct world *w = world_new();
	struct ntp_packet p;
	uint8_t real[2048];
	size_t real_len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_good(w);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	real_len = w->r.answer_len;
	memcpy(real, w->r.answer, real_len);
	p = rig_honest(&w->r);
	p.stratum = 0;
	p.ref_id = NTP_KISS_CODE_NTSN;
	assert_int_equal(rig_answer(&w->r, &p), ASSOC_UNAUTH);
	/* Another UID. */
	memcpy(w->r.answer + 48, w->r.request + 48, 36);
	w->r.answer[60] ^= 1;
	w->r.answer_len = 84;
	assert_true(rig_deliver(&w->r) != ASSOC_KOD_NTSN);
	/* The right UID and the wrong origin. */
	w->r.answer[60] ^= 1;
	w->r.answer[NTP_OFFSET_ORIGIN] ^= 1;
	assert_int_equal(rig_deliver(&w->r), ASSOC_BAD_ORIGIN);
	/* As right as somebody on the path can make it. */
	w->r.answer[NTP_OFFSET_ORIGIN] ^= 1;
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	memcpy(w->r.answer, real, real_len);
	w->r.answer_len = real_len;
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 1);
	world_free(w);
}

/* Somebody on the path answers every request with NTSN: exchanges follow the
 * back-off, though each of them succeeds. */
static void
test_g7_no_storm(void **state)
{
	struct world *w = world_new();
	int64_t start;
	unsigned was;

	(void)state;
	rig_start(&w->r, false);
	start = w->r.now.ns;
	for (int i = 0; i < 2000 && w->r.now.ns < start + 86400 * SEC; i++) {
		was = w->r.ke_cnt;
		if (w->r.todo.what & ASSOC_NEED_KE)
			exchange_keys(w);
		if (w->r.sent_cnt > 0 && w->r.todo.what & ASSOC_SEND) {
			forget_ring(w);
			w->seen_cnt = 0;
			assert_int_equal(serve_it(w), SERVE_NAK);
			assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
		}
		assert_in_range(w->r.ke_cnt - was, 0, 1);
		if (!rig_next(&w->r) && !(w->r.todo.what & ASSOC_NEED_KE))
			break;
	}
	/* 10 * 1.5^(n-1) reaches a day's sum at about n = 21. */
	assert_in_range(w->r.ke_cnt, 8, 22);
	world_free(w);
}

/* Key exchanges that fail: spaced 10 s, 15 s, ... up to five days. */
static void
test_back_off(void **state)
{
	struct world *w = world_new();
	double want_s = 10;
	int64_t was;

	(void)state;
	rig_start(&w->r, false);
	for (unsigned n = 1; n < 40; n++) {
		assert_int_equal(w->r.ke_cnt, n);
		was = w->r.now.ns;
		w->r.now.ns += SEC / 2;
		fail_keys(w, REPORT_STAGE_TLS);
		while (w->r.ke_cnt == n)
			rig_until(&w->r, w->r.timer.ns);
		assert_true(
		    fabs((double)(w->r.now.ns - was) * 1e-9 - want_s) < 1e-3);
		want_s = fmin(want_s * 1.5, 432000);
		assert_int_equal(w->r.sent_cnt, 0); /* F7 */
	}
	world_free(w);
}

/* A success that leads to no answer does not reset the back-off, one that
 * does, does. */
static void
test_back_off_reset(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 3; i++) {
		fail_keys(w, REPORT_STAGE_TCP);
		rig_until(&w->r, w->r.timer.ns);
	}
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 4);
	exchange_keys(w);
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 4);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).ke_try_cnt, 0);
	world_free(w);
}

/* A helper that dies while it exchanges keys is not waited for for ever; a
 * failure that repeats cannot help waits an hour. */
static void
test_lost_and_permanent(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k = {
	    .stage = REPORT_STAGE_NEGOTIATION, .permanent = true};
	int64_t was;

	(void)state;
	rig_start(&w->r, false);
	was = w->r.now.ns;
	while (w->r.ke_cnt == 1)
		rig_until(&w->r, w->r.timer.ns);
	assert_in_range(w->r.now.ns - was, 120 * SEC, 121 * SEC);
	was = w->r.now.ns;
	give(w, &k);
	while (w->r.ke_cnt == 2)
		rig_until(&w->r, w->r.timer.ns);
	assert_in_range(w->r.now.ns - was, 3600 * SEC, 3601 * SEC);
	world_free(w);
}

/* F4, F5: keys that are no good. */
static void
test_f4_f5_bad_keys(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k;

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 7; i++) {
		make_keys(w, &k, 8);
		switch (i) {
		case 0:
			k.cookie_cnt = 0;
			break;
		case 1:
			k.aead = 99;
			break;
		case 2:
			k.key_len = 31;
			break;
		case 3:
			k.key_len = 255;
			break;
		case 4:
			k.cookie_len[0] = 0;
			break;
		case 5:
			assert_int_equal(addr_parse(&k.addr, "127.0.0.1"), 0);
			break;
		default:
			assert_int_equal(addr_parse(&k.addr, "224.0.1.1"), 0);
			break;
		}
		give(w, &k);
		assert_int_equal(
		    rig_status(&w->r).stage, REPORT_STAGE_NEGOTIATION);
		assert_int_equal(w->r.sent_cnt, 0);
		rig_until(&w->r, w->r.timer.ns);
	}
	/* Bad news while good keys are in use changes nothing. */
	exchange_keys(w);
	assert_good(w);
	make_keys(w, &k, 0);
	memcpy(w->keys.c2s, "gone", 4);
	give(w, &k);
	assert_true(rig_next(&w->r));
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	world_free(w);
}

/* C1, C12, D8: every byte of an answer counts. */
static void
test_c1_c12_tampered_answers(void **state)
{
	struct world *w = world_new();

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
	for (size_t at = 0; at < w->r.answer_len; at++) {
		w->r.answer[at] ^= 1;
		assert_int_not_equal(rig_deliver(&w->r), ASSOC_GOOD);
		w->r.answer[at] ^= 1;
	}
	for (size_t len = w->r.answer_len; len-- > 0;) {
		size_t all = w->r.answer_len;

		w->r.answer_len = len;
		assert_int_not_equal(rig_deliver(&w->r), ASSOC_GOOD);
		w->r.answer_len = all;
	}
	assert_int_equal(rig_deliver(&w->r), ASSOC_GOOD);
	world_free(w);
}

/* G6, rule 2: no plain answer and no plain kiss does anything. */
static void
test_g6_plain_answers(void **state)
{
	struct world *w = world_new();
	struct ntp_packet p;
	static const uint32_t codes[] = {NTP_KISS_CODE_RATE, NTP_KISS_CODE_DENY,
	    NTP_KISS_CODE_RSTR, NTP_KISS_CODE_DENY};

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	assert_int_equal(rig_answer_honestly(&w->r), ASSOC_UNAUTH);
	for (int i = 0; i < 4; i++) {
		p = rig_honest(&w->r);
		p.stratum = 0;
		p.ref_id = codes[i];
		assert_int_equal(rig_answer(&w->r, &p), ASSOC_UNAUTH);
	}
	assert_int_equal(rig_status(&w->r).poll_log2s, 6);
	assert_false(rig_status(&w->r).refused);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_AUTH);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).stage, REPORT_STAGE_NONE);
	world_free(w);
}

/* RFC 8915 section 8.5: a first time outside the certificate's validity is
 * not believed, and new keys are wanted. */
static void
test_certificate_time(void **state)
{
	struct world *w = world_new();
	struct assoc_keys k;
	int64_t now_s = RIG_EPOCH_NS / SEC + 1000;

	(void)state;
	rig_start(&w->r, false);
	for (int i = 0; i < 2; i++) {
		make_keys(w, &k, 8);
		k.cert_not_before_s = now_s + (i ? -9000 : 5000);
		k.cert_not_after_s = now_s + (i ? -5000 : 9000);
		give(w, &k);
		assert_int_equal(serve_it(w), SERVE_ANSWERED_NTS);
		assert_int_equal(rig_deliver(&w->r), ASSOC_BAD_CERT);
		while (w->r.ke_cnt < (unsigned)i + 2)
			rig_until(&w->r, w->r.timer.ns);
	}
	make_keys(w, &k, 8);
	k.cert_not_before_s = now_s - 5000;
	k.cert_not_after_s = now_s + 5000;
	give(w, &k);
	assert_good(w);
	assert_int_equal(rig_status(&w->r).cert_not_after_s, now_s + 5000);
	/* Once confirmed, an expiry is the next exchange's business. */
	for (int i = 0; i < 120; i++) {
		assert_true(rig_next(&w->r));
		assert_good(w);
	}
	assert_true(rig_true(w->r.now).ns / SEC > now_s + 5000);
	world_free(w);
}

static void
test_refresh(void **state)
{
	struct world *w = world_new();
	int64_t start;

	(void)state;
	w->r.conf.refresh_s = 5000;
	rig_start(&w->r, false);
	start = w->r.now.ns;
	exchange_keys(w);
	while (w->r.ke_cnt == 1) {
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	assert_in_range(w->r.now.ns - start, 5000 * SEC, 5070 * SEC);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

/* Rule 6: saved cookies are never used live, a restart uses them without a
 * key exchange, and no cookie is sent twice in both lives together. */
static void
test_save_and_restore(void **state)
{
	struct world *w = world_new();
	uint8_t aside[ASSOC_SAVED_MAX], all[ASSOC_SAVED_MAX];
	size_t aside_len, all_len;
	struct addr from_dns;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	aside_len = assoc_save(w->r.a, false, rig_ours(w->r.now), aside);
	assert_true(aside_len > 0);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 5);
	for (int i = 0; i < 20; i++) {
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	all_len = assoc_save(w->r.a, true, rig_ours(w->r.now), all);
	assert_true(all_len > aside_len);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 0);
	assert_int_equal(assoc_save(w->r.a, true, rig_ours(w->r.now), all), 0);

	/* Killed: the set aside is what is found. */
	assoc_free(w->r.a);
	w->r.a = assoc_new(&w->r.conf, &w->r.tools);
	assert_int_equal(
	    assoc_restore(w->r.a, aside, aside_len, rig_ours(w->r.now)), 0);
	w->r.ke_cnt = 0;
	w->r.timer.ns = INT64_MAX;
	assoc_start(w->r.a, (struct dur){0}, false, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_int_equal(w->r.ke_cnt, 0);
	assert_int_equal(w->r.todo.to.port, 4123);
	assert_good(w);
	/* What names resolve to does not move it. */
	assert_int_equal(addr_parse(&from_dns, "192.0.2.200"), 0);
	assoc_address(w->r.a, &from_dns, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.todo.to.port, 4123);
	assert_good(w);
	assert_int_equal(w->r.ke_cnt, 0);
	world_free(w);
}

/* K4: a file that is damaged, foreign or too old. */
static void
test_restore_refused(void **state)
{
	struct world *w = world_new();
	uint8_t blob[ASSOC_SAVED_MAX];
	struct wall now, later;
	struct assoc_conf other;
	struct assoc *a;
	size_t len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	now = rig_ours(w->r.now);
	len = assoc_save(w->r.a, true, now, blob);
	other = w->r.conf;
	strcpy(other.ke_name, "other.example");
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	assoc_free(a);
	a = assoc_new(&w->r.conf, &w->r.tools);
	later.ns = now.ns + 30LL * 86400 * SEC;
	assert_int_equal(assoc_restore(a, blob, len, later), ERR_BAD);
	for (size_t cut = 0; cut < len; cut += 7)
		assert_int_equal(assoc_restore(a, blob, cut, now), ERR_BAD);
	blob[len / 2] ^= 1;
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	blob[len / 2] ^= 1;
	assert_int_equal(assoc_restore(a, blob, len, now), 0);
	assoc_free(a);
	/* Keys for an algorithm that is no longer wanted. */
	other = w->r.conf;
	other.aeads[0] = CRYPTO_AEAD_SIV_512;
	other.aead_cnt = 1;
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	assoc_free(a);
	other.aeads[other.aead_cnt++] = CRYPTO_AEAD_SIV_256;
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), 0);
	assoc_free(a);
	world_free(w);
}

/* Restored cookies of a server that has forgotten them: NTSN, new keys. */
static void
test_restored_then_ntsn(void **state)
{
	struct world *w = world_new();
	uint8_t blob[ASSOC_SAVED_MAX];
	size_t len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	len = assoc_save(w->r.a, true, rig_ours(w->r.now), blob);
	assoc_free(w->r.a);
	forget_ring(w);
	w->r.conf.iburst = true;
	w->r.a = assoc_new(&w->r.conf, &w->r.tools);
	assert_int_equal(
	    assoc_restore(w->r.a, blob, len, rig_ours(w->r.now)), 0);
	w->r.ke_cnt = 0;
	w->r.timer.ns = INT64_MAX;
	assoc_start(w->r.a, (struct dur){0}, true, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_int_equal(serve_it(w), SERVE_NAK);
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 1);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

/* C13: nonces of requests under one key never repeat. */
static void
test_c13_nonces(void **state)
{
	struct world *w = world_new();
	static uint8_t nonces[3000][16];

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	for (unsigned i = 0; i < 3000; i++) {
		memcpy(nonces[i], w->r.request + w->r.request_len - 32, 16);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(nonces[i], nonces[j], 16);
		w->seen_cnt = 0;
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	world_free(w);
}

/* A pool's server whose keys cannot be had is replaced. */
static void
test_pool_without_keys(void **state)
{
	struct world *w = world_new();

	(void)state;
	w->r.conf.pool = true;
	rig_start(&w->r, false);
	for (int i = 0; i < 2; i++) {
		fail_keys(w, REPORT_STAGE_TCP);
		assert_false(w->r.todo.what & ASSOC_REPLACE);
		rig_until(&w->r, w->r.timer.ns);
	}
	fail_keys(w, REPORT_STAGE_TCP);
	assert_true(w->r.todo.what & ASSOC_REPLACE);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_loss_then_refill),
	    cmocka_unit_test(test_rekey_on_silence),
	    cmocka_unit_test(test_ntsn_recovery),
	    cmocka_unit_test(test_g7_forged_ntsn),
	    cmocka_unit_test(test_g7_no_storm),
	    cmocka_unit_test(test_back_off),
	    cmocka_unit_test(test_back_off_reset),
	    cmocka_unit_test(test_lost_and_permanent),
	    cmocka_unit_test(test_f4_f5_bad_keys),
	    cmocka_unit_test(test_c1_c12_tampered_answers),
	    cmocka_unit_test(test_g6_plain_answers),
	    cmocka_unit_test(test_certificate_time),
	    cmocka_unit_test(test_refresh),
	    cmocka_unit_test(test_save_and_restore),
	    cmocka_unit_test(test_restore_refused),
	    cmocka_unit_test(test_restored_then_ntsn),
	    cmocka_unit_test(test_c13_nonces),
	    cmocka_unit_test(test_pool_without_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
