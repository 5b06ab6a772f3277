/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that come together are answered as if each came alone.
 */
#include "serve_nts_rig.h"

#define BATCH SERVE_BATCH_MAX

enum what {
	PLAIN = 0,
	NTS,
	NTS_8,
	NTS_512, /* another AEAD */
	BAD_TAG,
	BAD_COOKIE,
	CUT_COOKIE, /* garbage in a cookie's place */
	TOO_SHORT,
	FIELDS, /* malformed */
	WHAT_CNT,
};

static const enum serve_verdict verdicts[WHAT_CNT] = {
    [PLAIN] = SERVE_ANSWERED,
    [NTS] = SERVE_ANSWERED_NTS,
    [NTS_8] = SERVE_ANSWERED_NTS,
    [NTS_512] = SERVE_ANSWERED_NTS,
    [BAD_TAG] = SERVE_NAK,
    [BAD_COOKIE] = SERVE_NAK,
    [CUT_COOKIE] = SERVE_NAK,
    [TOO_SHORT] = SERVE_DROP_SHORT,
    [FIELDS] = SERVE_DROP_FIELDS,
};

/* Clients, each with keys of its own, and what they sent. */
struct crowd {
	struct session s;
	enum what what[BATCH];
	struct nts_keys keys[BATCH];
	uint8_t uid[BATCH][NTS_UID_LEN];
	uint8_t in[BATCH][2048];
	uint8_t out[BATCH][SERVE_RESPONSE_MAX];
	struct serve_request reqs[BATCH];
	struct serve_answer answers[BATCH];
};

static void
new_keys(struct session *s, unsigned aead)
{
	memset(&s->keys, 0, sizeof s->keys);
	s->keys.aead = (uint16_t)aead;
	s->keys.key_len = (uint8_t)crypto_aead_key_len(aead);
	rig_fill(&s->r.seed, s->keys.c2s, s->keys.key_len);
	rig_fill(&s->r.seed, s->keys.s2c, s->keys.key_len);
}

static void
spoil(struct rig *r, enum what what)
{
	/* Header, UID 36, head of the cookie's field. */
	uint8_t *cookie = r->in + NTP_HEADER_LEN + 4 + NTS_UID_LEN + 4;

	if (what == BAD_TAG)
		r->in[r->req.len - 1] ^= 1;
	else if (what == BAD_COOKIE)
		cookie[50] ^= 1;
	else if (what == CUT_COOKIE)
		memset(cookie, 0x77, 96);
	else if (what == TOO_SHORT)
		r->req.len = 47;
	else if (what == FIELDS)
		r->in[NTP_HEADER_LEN + 3] ^= 1;
}

static void
add(struct crowd *c, unsigned i, enum what what)
{
	struct session *s = &c->s;

	c->what[i] = what;
	new_keys(
	    s, what == NTS_512 ? CRYPTO_AEAD_SIV_512 : CRYPTO_AEAD_SIV_256);
	if (what == PLAIN || what == TOO_SHORT)
		rig_plain(&s->r, 4, NTP_MODE_CLIENT);
	else
		make_request(s, what == NTS_8 ? 7 : 0);
	spoil(&s->r, what);
	c->keys[i] = s->keys;
	memcpy(c->uid[i], s->uid, sizeof s->uid);
	memcpy(c->in[i], s->r.in, s->r.req.len);
	c->reqs[i] = s->r.req;
	c->reqs[i].data = c->in[i];
	c->reqs[i].from.port = (uint16_t)(1000 + i);
	c->answers[i] = (struct serve_answer){
	    .out = c->out[i], .out_max = SERVE_RESPONSE_MAX};
}

static void
check(struct crowd *c, unsigned i)
{
	const struct serve_answer *a = &c->answers[i];
	struct session *s = &c->s;
	struct nts_ef_answer answer;
	struct ntp_packet p;

	assert_int_equal(a->verdict, verdicts[c->what[i]]);
	assert_true(a->len <= c->reqs[i].len);
	assert_true((a->len > 0) == (a->verdict < SERVE_DROP_SHORT));
	if (a->len == 0) {
		assert_int_equal(
		    serve_finish(s->r.serve, i, s->r.req.now), ERR_BAD);
		return;
	}
	assert_int_equal(serve_finish(s->r.serve, i, s->r.req.now), 0);
	assert_int_equal(ntp_packet_decode(&p, a->out, a->len), 0);
	assert_true(p.origin.v == RIG_TRANSMIT);
	if (a->verdict == SERVE_NAK)
		assert_true(nts_ef_is_nak(a->out, a->len, c->uid[i]));
	if (a->verdict != SERVE_ANSWERED_NTS)
		return;
	memcpy(s->r.out, a->out, a->len);
	s->r.out_len = a->len;
	s->keys = c->keys[i];
	memcpy(s->uid, c->uid[i], sizeof s->uid);
	assert_int_equal(open_answer(s, &answer), 0);
	assert_int_equal(answer.cookie_cnt, c->what[i] == NTS_8 ? 8 : 1);
	for (unsigned n = 0; n < answer.cookie_cnt; n++) {
		struct nts_keys got;

		assert_int_equal(
		    nts_cookie_open(&s->cookies, answer.cookies[n].data,
			answer.cookies[n].len, &got),
		    0);
		assert_memory_equal(&got, &c->keys[i], sizeof got);
	}
}

/* Every kind next to every other, batches of every size, finished in any
 * order, armed or not. */
static void
each_as_if_alone(void **state)
{
	static struct crowd c;
	const struct serve_counters *n;
	uint64_t cookie_cnt = 0;

	(void)state;
	session_init(&c.s, CRYPTO_AEAD_SIV_256);
	n = serve_counters_get(c.s.r.serve);
	for (unsigned round = 0; round < 60; round++) {
		unsigned cnt = 1 + round % BATCH;

		for (unsigned i = 0; i < cnt; i++) {
			add(&c, i, (round + i * (1 + round % 7)) % WHAT_CNT);
			cookie_cnt += c.what[i] == NTS || c.what[i] == NTS_512;
			cookie_cnt += c.what[i] == NTS_8 ? 8 : 0;
		}
		serve_batch(c.s.r.serve, c.reqs, c.answers, cnt);
		if (round % 3 == 0 && c.answers[0].len > 0)
			assert_int_equal(serve_arm(c.s.r.serve, 0), 0);
		for (unsigned i = 0; i < cnt; i++) {
			unsigned at = round % 2 ? cnt - 1 - i : i;

			if (round % 5 == 0 && c.answers[at].len > 0)
				assert_int_equal(serve_arm(c.s.r.serve, at), 0);
			check(&c, at);
		}
		assert_int_equal(n->cookie_cnt, cookie_cnt);
	}
	session_fini(&c.s);
}

/* One of them knows nothing of the others' keys: no two answers to equal
 * requests are alike. */
static void
no_two_alike(void **state)
{
	static struct crowd c;

	(void)state;
	session_init(&c.s, CRYPTO_AEAD_SIV_256);
	add(&c, 0, NTS);
	for (unsigned i = 1; i < BATCH; i++) {
		c.reqs[i] = c.reqs[0];
		c.answers[i] = (struct serve_answer){
		    .out = c.out[i], .out_max = SERVE_RESPONSE_MAX};
	}
	serve_batch(c.s.r.serve, c.reqs, c.answers, BATCH);
	for (unsigned i = 0; i < BATCH; i++) {
		size_t head = NTP_HEADER_LEN + 4 + NTS_UID_LEN + 8;

		assert_int_equal(
		    serve_finish(c.s.r.serve, i, c.s.r.req.now), 0);
		assert_int_equal(c.answers[i].len, c.answers[0].len);
		for (unsigned k = 0; k < i; k++)
			for (size_t at = head; at + 16 <= c.answers[0].len;
			     at += 16)
				assert_memory_not_equal(
				    c.out[i] + at, c.out[k] + at, 16);
	}
	session_fini(&c.s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_as_if_alone),
	    cmocka_unit_test(no_two_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
