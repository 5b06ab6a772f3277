/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleaved mode of the client, RFC 9769 section 2: against our own server
 * in memory, whose answers reach the wire later than it thinks, then loss,
 * servers that cannot or will not, and what is forged (G2, G9).
 */
#include "assoc_rig.h"

#include <math.h>

#include "nts/cookie.h"
#include "nts/keyring.h"
#include "serve/access.h"
#include "serve/serve.h"

#define PATH_NS  50000 /* one way */
#define THINK_NS 10000 /* in the server, up to its own stamp */
#define WIRE_NS  20000 /* from there to the wire */

/* ---- client and server in memory ---- */

struct pair {
	struct rig r;
	struct nts_keyring ring;
	struct serve_access *access;
	struct serve *serve;
	unsigned verdict;
};

static void
pair_init(struct pair *p, unsigned auth)
{
	static const struct serve_access_rule all = {.allow = true};
	struct serve_conf conf = {.precision_log2s = -24, .local_stratum = 3};

	memset(p, 0, sizeof *p);
	rig_conf(&p->r, auth);
	p->r.conf.xleave = true;
	p->r.conf.minpoll_log2s = p->r.conf.maxpoll_log2s = 4;
	nts_keyring_init(&p->ring, rig_true(p->r.now), &p->r.rng);
	p->access = serve_access_new(&all, 1);
	conf.access = p->access;
	conf.ring = &p->ring;
	conf.rng = &p->r.rng;
	p->serve = serve_new(&conf);
	assert_non_null(p->serve);
}

static void
pair_fini(struct pair *p)
{
	rig_fini(&p->r);
	serve_free(p->serve);
	serve_access_free(p->access);
}

/* Keys as a key exchange would have given them. */
static void
pair_keys(struct pair *p)
{
	static struct assoc_keys k;
	struct nts_cookie_keys cookies;
	struct nts_keys keys = {.aead = 15, .key_len = 32};
	uint8_t cookie[ASSOC_COOKIE_MAX];

	rig_fill(&p->r.seed, keys.c2s, 32);
	rig_fill(&p->r.seed, keys.s2c, 32);
	nts_cookie_keys_init(&cookies);
	assert_int_equal(nts_cookie_keys_load(&cookies, &p->ring), 0);
	memset(&k, 0, sizeof k);
	k.aead = 15;
	k.key_len = 32;
	k.cookie_cnt = ASSOC_COOKIES_MAX;
	memcpy(k.c2s, keys.c2s, 32);
	memcpy(k.s2c, keys.s2c, 32);
	assert_int_equal(addr_parse(&k.addr, "192.0.2.1"), 0);
	for (unsigned i = 0; i < ASSOC_COOKIES_MAX; i++) {
		assert_int_equal(
		    nts_cookie_seal(&cookies, &keys, &p->r.rng, cookie), 0);
		k.cookie_len[i] = (uint16_t)nts_cookie_len(15);
		memcpy(k.cookies[i], cookie, k.cookie_len[i]);
	}
	nts_cookie_keys_fini(&cookies);
	assoc_keys(p->r.a, &k, p->r.now, &p->r.todo);
	rig_obey(&p->r);
}

/* The server's part; its answer reaches the client if it is to. */
static void
pair_serve(struct pair *p, bool deliver)
{
	struct mono in = {p->r.sent_at.ns + PATH_NS};
	struct serve_now now = {.mono = in, .boot_ns = in.ns};
	struct serve_request req = {
	    .data = p->r.request,
	    .len = p->r.request_len,
	    .rx = rig_true(in),
	    .now = {rig_true(in).ns + THINK_NS},
	};
	enum serve_verdict verdict;

	assert_int_equal(addr_parse(&req.from, "192.0.2.7"), 0);
	req.from.port = 40000;
	serve_batch_time(p->serve, NULL, NULL, &now);
	p->r.answer_len = serve_request(
	    p->serve, &req, p->r.answer, sizeof p->r.answer, &verdict);
	assert_true(p->r.answer_len > 0);
	assert_int_equal(serve_finish(p->serve, 0, req.now), 0);
	if (serve_wants_stamp(p->serve, 0))
		assert_true(serve_sent(p->serve, p->r.answer, p->r.answer_len,
		    (struct wall){req.now.ns + WIRE_NS}));
	if (deliver)
		p->verdict = rig_deliver_to(
		    &p->r, p->r.exchange, in.ns + THINK_NS + WIRE_NS + PATH_NS);
}

/* How wrong the last sample is. */
static double
error_s(const struct pair *p)
{
	return p->r.todo.sample.offset_s - RIG_SLOW_NS * 1e-9;
}

/* What lies between stamp and wire is in the basic samples, and not in the
 * interleaved ones: 20 us make 10 us of error. */
static void
prove(unsigned auth)
{
	struct pair p;
	unsigned cnt = 0;
	struct mono sent;

	pair_init(&p, auth);
	rig_start(&p.r, false);
	if (auth == ASSOC_AUTH_NTS)
		pair_keys(&p);
	pair_serve(&p, true);
	assert_int_equal(p.verdict, ASSOC_GOOD);
	assert_false(p.r.todo.sample.interleaved);
	assert_true(fabs(error_s(&p) + 10e-6) < 0.1e-6);
	for (int i = 0; i < 50; i++) {
		sent = p.r.sent_at;
		assert_true(rig_next(&p.r));
		p.r.stamp_error_s = i * 1e-3;
		p.r.hardware = i % 2;
		pair_serve(&p, true);
		if (p.verdict != ASSOC_GOOD)
			continue;
		if (!p.r.todo.sample.interleaved) {
			assert_true(fabs(error_s(&p) + 10e-6) < 0.1e-6);
			continue;
		}
		cnt++;
		assert_true(fabs(error_s(&p)) < 0.1e-6);
		assert_true(fabs(p.r.todo.sample.delay_s - 2 * PATH_NS * 1e-9) <
		    0.2e-6);
		/* It is about the exchange before. */
		assert_int_equal(p.r.todo.sample.hardware, (i - 1) % 2);
		assert_true(fabs(p.r.todo.sample.stamp_error_s -
				(i - 1) * 1e-3) < 1e-6);
		assert_in_range(p.r.todo.sample.at.ns - sent.ns, 60000, 70000);
		assert_int_equal(
		    p.r.todo.sample.authenticated, auth == ASSOC_AUTH_NTS);
		assert_int_equal(
		    rig_ours(p.r.todo.sample.at).ns, p.r.todo.sample.wall.ns);
	}
	/* Ours remembers from the second on, so the third is the first. */
	assert_int_equal(cnt, 48);
	pair_fini(&p);
}

static void
test_true_transmit_time(void **state)
{
	(void)state;
	prove(ASSOC_AUTH_NONE);
}

static void
test_true_transmit_time_nts(void **state)
{
	(void)state;
	prove(ASSOC_AUTH_NTS);
}

/* With every fifth answer lost, what arrives interleaved is right, and no
 * exchange is counted twice. */
static void
test_loss(void **state)
{
	struct pair p;
	unsigned cnt = 0;
	int64_t last = 0;

	(void)state;
	pair_init(&p, ASSOC_AUTH_NONE);
	rig_start(&p.r, false);
	for (int i = 0; i < 90; i++) {
		pair_serve(&p, i % 5 != 4);
		if (i % 5 != 4 && p.verdict == ASSOC_GOOD) {
			assert_true(p.r.todo.sample.at.ns > last);
			last = p.r.todo.sample.at.ns;
			cnt += p.r.todo.sample.interleaved;
			assert_true(
			    fabs(error_s(&p) +
				(p.r.todo.sample.interleaved ? 0 : 10e-6)) <
			    0.1e-6);
		}
		assert_true(rig_next(&p.r));
	}
	assert_int_equal(cnt, 18 * 2 - 1);
	pair_fini(&p);
}

/* ---- one request at a time ---- */

static void
start(struct rig *r)
{
	rig_conf(r, ASSOC_AUTH_NONE);
	r->conf.xleave = true;
	r->conf.minpoll_log2s = r->conf.maxpoll_log2s = 4;
	rig_start(r, false);
}

/* An honest interleaved answer to the last request. */
static struct ntp_packet
interleaved(const struct rig *r, struct ntp_ts left)
{
	struct ntp_packet p = rig_honest(r);

	p.origin = r->asked.receive;
	p.transmit = left;
	return p;
}

/* Up to a request that asks when the answer left that says so itself. */
static struct ntp_ts
start_asking(struct rig *r)
{
	struct ntp_packet p;

	start(r);
	p = rig_honest(r);
	assert_int_equal(rig_answer(r, &p), ASSOC_GOOD);
	assert_true(rig_next(r));
	assert_int_equal(r->asked.origin.v, p.receive.v);
	p = interleaved(r, (struct ntp_ts){p.transmit.v + 1000});
	assert_int_equal(rig_answer(r, &p), ASSOC_NO_NEWS);
	assert_true(rig_status(r).reach & 1);
	p = rig_honest(r);
	assert_true(rig_next(r));
	assert_int_equal(r->asked.origin.v, p.receive.v);
	return p.transmit;
}

/* All but the server's own time is random, and nothing is sent twice. */
static void
test_requests(void **state)
{
	struct rig r;
	struct ntp_packet p;
	struct ntp_ts was = {0}, receive = {0};

	(void)state;
	start(&r);
	for (int i = 0; i < 1000; i++) {
		static const uint8_t zero[23];

		assert_memory_equal(r.request + 1, zero, sizeof zero);
		assert_int_equal(r.asked.reference.v, 0);
		assert_int_equal(r.asked.origin.v, was.v);
		assert_true((r.asked.receive.v == 0) == (i == 0));
		assert_true(r.asked.receive.v != r.asked.transmit.v);
		assert_true(i < 2 || r.asked.receive.v != receive.v);
		receive = r.asked.receive;
		p = rig_honest(&r);
		was = p.receive;
		rig_answer(&r, &p);
		assert_true(rig_next(&r));
	}
	rig_fini(&r);
}

/* Who did not ask for it gets none of it. */
static void
test_not_configured(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(r.asked.origin.v, 0);
		assert_int_equal(r.asked.receive.v, 0);
		assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		assert_true(rig_next(&r));
	}
	rig_fini(&r);
}

/* A server that never heard of it: a sample from every answer. */
static void
test_basic_server(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		assert_false(r.todo.sample.interleaved);
		assert_true(rig_next(&r));
	}
	rig_fini(&r);
}

static void
test_gives_up_after_four(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	start_asking(&r);
	for (int i = 0; i < 4; i++) {
		assert_true(r.asked.origin.v != 0);
		assert_true(rig_next(&r));
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(r.asked.origin.v, 0);
		assert_int_equal(r.asked.receive.v, 0);
		assert_true(rig_next(&r));
	}
	p = rig_honest(&r);
	assert_int_equal(rig_answer(&r, &p), ASSOC_GOOD);
	assert_true(rig_next(&r));
	assert_int_equal(r.asked.origin.v, p.receive.v);
	rig_fini(&r);
}

/* Nothing forged is taken, and then the real answer is. */
static void
refuse_then_good(
    struct rig *r, const struct ntp_packet *bad, struct ntp_ts left)
{
	struct ntp_packet p = interleaved(r, left);

	assert_int_equal(rig_answer(r, bad), ASSOC_BAD_ORIGIN);
	assert_int_equal(rig_answer(r, &p), ASSOC_GOOD);
	assert_true(r->todo.sample.interleaved);
	assert_true(fabs(r->todo.sample.offset_s - 0.25) < 2e-9);
	rig_fini(r);
}

static void
test_g9_forged_origin(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct rig r;
		struct ntp_ts left = start_asking(&r);
		struct ntp_packet p = interleaved(&r, left);

		switch (i) {
		case 0:
			p.origin = r.asked.origin; /* the server's own time */
			break;
		case 1:
			p.origin.v = 0;
			break;
		case 2:
			p.origin.v ^= 1ULL << 63;
			break;
		case 3:
			p.origin = p.receive;
			break;
		default:
			p.origin.v = UINT64_MAX;
			break;
		}
		refuse_then_good(&r, &p, left);
	}
}

/* G9: before anything was asked in interleaved mode. */
static void
test_g9_first_answer(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	start(&r);
	p = rig_honest(&r);
	p.origin.v = 0;
	assert_int_equal(rig_answer(&r, &p), ASSOC_BAD_ORIGIN);
	p.origin = p.receive;
	assert_int_equal(rig_answer(&r, &p), ASSOC_BAD_ORIGIN);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

/* G2: one answer to a request, in whichever mode. */
static void
test_g2_replays(void **state)
{
	struct rig r;
	struct ntp_packet basic, inter;
	struct ntp_ts left = start_asking(&r);

	(void)state;
	basic = rig_honest(&r);
	inter = interleaved(&r, left);
	assert_int_equal(rig_answer(&r, &inter), ASSOC_GOOD);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(rig_answer(&r, &inter), ASSOC_DUPLICATE);
		assert_int_equal(rig_answer(&r, &basic), ASSOC_DUPLICATE);
	}
	assert_true(rig_next(&r));
	assert_int_equal(rig_answer(&r, &inter), ASSOC_BAD_ORIGIN);
	assert_int_equal(rig_answer(&r, &basic), ASSOC_BAD_ORIGIN);
	inter = interleaved(&r, basic.transmit);
	assert_int_equal(rig_answer(&r, &inter), ASSOC_GOOD);
	rig_fini(&r);
}

/* The same receive or transmit time as in the last answer. */
static void
test_repeated_times(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig r;
		struct ntp_ts left = start_asking(&r);
		struct ntp_packet p = interleaved(&r, left);
		struct ntp_ts named = r.asked.origin;

		assert_int_equal(rig_answer(&r, &p), ASSOC_GOOD);
		assert_true(rig_next(&r));
		p = interleaved(&r, i == 0 ? left : p.transmit);
		if (i == 1)
			p.receive = r.asked.origin;
		assert_true(named.v != r.asked.origin.v);
		assert_int_equal(rig_answer(&r, &p), ASSOC_BAD_TIME);
		rig_fini(&r);
	}
}

/* O1: a step voids what was measured before it. */
static void
test_o1_clock_moved(void **state)
{
	struct rig r;
	struct ntp_ts left = start_asking(&r);
	struct ntp_packet p = interleaved(&r, left);

	(void)state;
	assoc_clock_moved(r.a);
	assert_int_equal(rig_answer(&r, &p), ASSOC_CLOCK_MOVED);
	assert_true(rig_next(&r));
	assert_int_equal(r.asked.origin.v, 0);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

/* Another server knows nothing of it. */
static void
test_another_address(void **state)
{
	struct rig r;
	struct addr addr;

	(void)state;
	start_asking(&r);
	assert_int_equal(addr_parse(&addr, "192.0.2.99"), 0);
	assoc_address(r.a, &addr, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.asked.origin.v, 0);
	assert_int_equal(r.asked.receive.v, 0);
	rig_fini(&r);
}

/* H1: transmit times that cannot be; a server that has no others is asked
 * in basic mode, and forgiven nothing but its mode. */
static void
test_h1_absurd_times(void **state)
{
	static const int64_t off_s[] = {-1, 3600, -3600 * 24 * 365, 5};
	struct rig r;
	struct ntp_ts left = start_asking(&r);
	struct ntp_packet p;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_true(r.asked.origin.v != 0);
		p = interleaved(&r,
		    (struct ntp_ts){
			left.v + ((uint64_t)off_s[i] << 32) + (unsigned)i});
		left = rig_honest(&r).transmit;
		assert_int_equal(rig_answer(&r, &p), ASSOC_BAD_TIME);
		assert_true(rig_next(&r));
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(r.asked.origin.v, 0);
		assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		assert_true(rig_next(&r));
	}
	rig_fini(&r);
}

/* Two requests about the same answer: only one of them completes it. */
static void
test_one_sample_per_exchange(void **state)
{
	struct rig r;
	struct ntp_ts left = start_asking(&r);
	struct ntp_packet one = interleaved(&r, left), two;
	unsigned first = r.exchange;

	(void)state;
	assoc_burst(r.a, 1, r.now, &r.todo);
	rig_obey(&r);
	assert_true(r.exchange != first);
	assert_int_equal(r.asked.origin.v != 0, 1);
	two = interleaved(&r, left);
	two.transmit.v += 2;
	ntp_packet_encode(&one, r.answer);
	r.answer_len = NTP_HEADER_LEN;
	assert_int_equal(rig_deliver_to(&r, first,
			     r.sent_at.ns + 2 * RIG_WAY_NS + RIG_STAY_NS),
	    ASSOC_GOOD);
	two.receive.v += 1ULL << 20;
	assert_int_equal(rig_answer(&r, &two), ASSOC_NO_NEWS);
	rig_fini(&r);
}

/* An answer whose receive and transmit times are the same cannot be named
 * without doubt. */
static void
test_equal_times(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	start(&r);
	p = rig_honest(&r);
	p.transmit = p.receive;
	assert_int_equal(rig_answer(&r, &p), ASSOC_GOOD);
	assert_true(rig_next(&r));
	assert_int_equal(r.asked.origin.v, 0);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_true_transmit_time),
	    cmocka_unit_test(test_true_transmit_time_nts),
	    cmocka_unit_test(test_loss),
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_not_configured),
	    cmocka_unit_test(test_basic_server),
	    cmocka_unit_test(test_gives_up_after_four),
	    cmocka_unit_test(test_g9_forged_origin),
	    cmocka_unit_test(test_g9_first_answer),
	    cmocka_unit_test(test_g2_replays),
	    cmocka_unit_test(test_repeated_times),
	    cmocka_unit_test(test_o1_clock_moved),
	    cmocka_unit_test(test_another_address),
	    cmocka_unit_test(test_h1_absurd_times),
	    cmocka_unit_test(test_one_sample_per_exchange),
	    cmocka_unit_test(test_equal_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
