/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's jar against our server: stock, answers, kisses, two key sets,
 * and the saved form.
 */
#include "../nts_alone.h"
#include "nts/jar.h"
#include "nts_rig.h"

static uint64_t seed = 77;
static struct rng rng;
static struct nts_aeads aeads;
static struct nts_server_ctx server;

/* ---- a server to talk to ---- */

struct packet {
	uint8_t data[2048];
	struct bytes_out out;
};

static void
put_header(struct packet *p, uint8_t first)
{
	bytes_out_init(&p->out, p->data, sizeof(p->data));
	bytes_put_u8(&p->out, first);
	bytes_put_zero(&p->out, 47);
}

static int
ask(struct nts_jar *jar, unsigned exchange, struct packet *req)
{
	put_header(req, 0x23);
	return nts_jar_request(jar, exchange, &aeads, &rng, &req->out);
}

/* Return: how many cookies the answer holds; 0 for a kiss. */
static unsigned
answer(const struct packet *req, struct packet *resp)
{
	struct nts_ef_exchange x;

	assert_int_equal(
	    nts_ef_find_request(req->data, req->out.pos, &x.req), 0);
	put_header(resp, 0x24);
	if (nts_alone_open(&server, &x) != 0) {
		memcpy(resp->data + 12, "NTSN", 4);
		assert_int_equal(nts_ef_put_nak(&x.req, &resp->out), 0);
		return 0;
	}
	resp->data[1] = 1;
	assert_int_equal(nts_alone_answer(&server, &x, &resp->out), 0);
	return 1 + x.req.placeholder_cnt;
}

static int
hear(struct nts_jar *jar, unsigned exchange, const struct packet *resp)
{
	return nts_jar_response(
	    jar, exchange, &aeads, resp->data, resp->out.pos);
}

static void
fill(struct nts_jar *jar, const struct nts_keys *sets, unsigned set_cnt,
    const struct nts_keys *inside, unsigned cnt)
{
	assert_int_equal(nts_jar_init(jar, sets, set_cnt), 0);
	for (unsigned i = 0; i < cnt; i++) {
		uint8_t c[NTS_COOKIE_OURS_MAX];

		assert_int_equal(
		    nts_cookie_seal(&server.cookies, inside, &rng, c), 0);
		assert_int_equal(
		    nts_jar_add(jar, c, nts_cookie_len(inside->aead)), 0);
	}
	assert_true(nts_jar_valid(jar));
}

static void
fill_15(struct nts_jar *jar, unsigned cnt)
{
	struct nts_keys k = rig_keys(15, &rng);

	fill(jar, &k, 1, &k, cnt);
}

/* ---- polling ---- */

static void
exchanges_keep_the_stock(void **state)
{
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 8);
	for (int i = 0; i < 50; i++) {
		assert_false(nts_jar_wants_exchange(&jar));
		assert_int_equal(ask(&jar, 0, &req), 0);
		assert_int_equal(req.out.pos, 224);
		assert_int_equal(jar.cookie_cnt, 7);
		assert_int_equal(answer(&req, &resp), 1);
		assert_int_equal(hear(&jar, 0, &resp), 0);
		assert_int_equal(jar.cookie_cnt, 8);
		assert_true(jar.proven);
		assert_int_equal(jar.unanswered, 0);
	}
}

/* D6, D10, unlinkability: never a cookie twice, and what was lost is made up
 * for with placeholders. */
static void
d6_d10_losses(void **state)
{
	static uint8_t seen[200][96];
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 8);
	for (unsigned i = 0; i < 200; i++) {
		unsigned before = jar.cookie_cnt;

		assert_int_equal(ask(&jar, i % 4, &req), 0);
		memcpy(seen[i], req.data + 88, 96);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 96);
		assert_int_equal(
		    req.out.pos, nts_ef_request_len(15, 96, 8 - before));
		if (i % 5 != 4)
			continue;
		assert_int_equal(answer(&req, &resp), 1 + 8 - before);
		assert_int_equal(hear(&jar, i % 4, &resp), 0);
		assert_int_equal(jar.cookie_cnt, 8);
	}
}

static void
silence_asks_for_new_keys(void **state)
{
	static struct packet req;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(nts_jar_wants_exchange(&jar), i >= 4);
		assert_int_equal(ask(&jar, i % 4, &req), 0);
	}
	assert_true(nts_jar_wants_exchange(&jar));
	assert_int_equal(ask(&jar, 0, &req), ERR_ABSENT);
	nts_jar_wipe(&jar);
	assert_true(nts_jar_valid(&jar));
	assert_true(nts_jar_wants_exchange(&jar));
	assert_int_equal(ask(&jar, 0, &req), ERR_ABSENT);
}

/* G2, G5: one answer for one request, and none after it was given up. */
static void
g2_g5_one_answer(void **state)
{
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 4);
	assert_int_equal(ask(&jar, 1, &req), 0);
	(void)answer(&req, &resp);
	assert_int_equal(hear(&jar, 0, &resp), ERR_ABSENT);
	assert_int_equal(hear(&jar, 4, &resp), ERR_ABSENT);
	assert_int_equal(hear(&jar, 1, &resp), 0);
	assert_int_equal(jar.cookie_cnt, 8);
	for (int i = 0; i < 50; i++)
		assert_int_equal(hear(&jar, 1, &resp), ERR_ABSENT);
	assert_int_equal(jar.cookie_cnt, 8);
	assert_int_equal(ask(&jar, 2, &req), 0);
	(void)answer(&req, &resp);
	nts_jar_give_up(&jar, 2);
	nts_jar_give_up(&jar, 99);
	assert_int_equal(hear(&jar, 2, &resp), ERR_ABSENT);
	/* an answer to another request */
	assert_int_equal(ask(&jar, 3, &req), 0);
	assert_int_equal(hear(&jar, 3, &resp), ERR_AUTH);
}

/* G1 as it is for NTS: forgeries first, then the real answer. */
static void
g1_forged_then_good(void **state)
{
	static struct packet req, resp, bad;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 4);
	assert_int_equal(ask(&jar, 0, &req), 0);
	(void)answer(&req, &resp);
	for (size_t i = 0; i < resp.out.pos; i++) {
		bad = resp;
		bad.data[i] ^= 0x80;
		assert_true(hear(&jar, 0, &bad) < 0);
	}
	bad = resp;
	bad.out.pos = 48; /* C: unprotected answer to a protected request */
	assert_int_equal(hear(&jar, 0, &bad), ERR_BAD);
	assert_int_equal(jar.cookie_cnt, 3);
	assert_false(jar.proven);
	assert_int_equal(hear(&jar, 0, &resp), 0);
}

/* D5, G7: NTSN asks for new keys; the wrong UID is ignored; an answer that
 * verifies wins over a kiss. */
static void
d5_g7_nak(void **state)
{
	static struct packet req, resp, nak;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 8);
	assert_int_equal(ask(&jar, 0, &req), 0);
	assert_int_equal(answer(&req, &resp), 1);
	nak = req;
	nak.data[nak.out.pos - 1] ^= 1;
	req = nak;
	assert_int_equal(answer(&req, &nak), 0);
	nak.data[60] ^= 1;
	assert_int_equal(hear(&jar, 0, &nak), ERR_BAD);
	assert_false(jar.nak);
	nak.data[60] ^= 1;
	assert_int_equal(hear(&jar, 0, &nak), ERR_DENIED);
	assert_true(nts_jar_wants_exchange(&jar));
	assert_int_equal(hear(&jar, 0, &nak), ERR_DENIED);
	assert_int_equal(hear(&jar, 0, &resp), 0);
	assert_false(nts_jar_wants_exchange(&jar));
	assert_int_equal(jar.cookie_cnt, 8);
}

/* Two key sets: the first is refused, the second is tried, then it stays. */
static void
second_key_set(void **state)
{
	struct nts_keys sets[2] = {rig_keys(15, &rng), rig_keys(15, &rng)};
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill(&jar, sets, 2, &sets[1], 8);
	assert_int_equal(ask(&jar, 0, &req), 0);
	assert_int_equal(answer(&req, &resp), 0);
	assert_int_equal(hear(&jar, 0, &resp), ERR_DENIED);
	assert_false(nts_jar_wants_exchange(&jar));
	assert_int_equal(ask(&jar, 1, &req), 0);
	assert_int_equal(jar.set_cnt, 1);
	assert_memory_equal(&jar.sets[0], &sets[1], sizeof(sets[1]));
	/* what was asked with the first set is given up */
	assert_int_equal(hear(&jar, 0, &resp), ERR_ABSENT);
	assert_int_equal(answer(&req, &resp), 2);
	assert_int_equal(hear(&jar, 1, &resp), 0);
	assert_true(jar.proven);

	/* neither is right */
	fill(&jar, sets, 2, &(struct nts_keys){15, 32, {1}, {2}}, 8);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(nts_jar_wants_exchange(&jar));
		assert_int_equal(ask(&jar, 0, &req), 0);
		assert_int_equal(answer(&req, &resp), 0);
		assert_int_equal(hear(&jar, 0, &resp), ERR_DENIED);
	}
	assert_true(nts_jar_wants_exchange(&jar));

	/* the first is right: the second is forgotten */
	fill(&jar, sets, 2, &sets[0], 8);
	assert_int_equal(ask(&jar, 0, &req), 0);
	assert_int_equal(answer(&req, &resp), 1);
	assert_int_equal(hear(&jar, 0, &resp), 0);
	assert_int_equal(jar.set_cnt, 1);
	assert_memory_equal(&jar.sets[0], &sets[0], sizeof(sets[0]));
}

static void
second_set_is_wiped(void **state)
{
	struct nts_keys sets[2] = {rig_keys(15, &rng), rig_keys(15, &rng)};
	static const struct nts_keys zero;
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill(&jar, sets, 2, &sets[0], 8);
	assert_int_equal(ask(&jar, 0, &req), 0);
	(void)answer(&req, &resp);
	assert_int_equal(hear(&jar, 0, &resp), 0);
	assert_memory_equal(&jar.sets[1], &zero, sizeof(zero));
	nts_jar_wipe(&jar);
	assert_memory_equal(&jar.sets[0], &zero, sizeof(zero));
}

/* A sent cookie leaves no copy behind. */
static void
sent_cookie_is_wiped(void **state)
{
	static struct packet req;
	struct nts_jar jar;
	uint8_t first[16];

	(void)state;
	fill_15(&jar, 3);
	memcpy(first, jar.cookies[0].data + 8, sizeof(first));
	assert_int_equal(ask(&jar, 0, &req), 0);
	assert_null(memmem(&jar, sizeof(jar), first, sizeof(first)));
}

/* ---- what comes in ---- */

static void
d7_adding(void **state)
{
	static const uint8_t body[600];
	uint8_t c[16] = {0};
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 0);
	for (size_t len = 0; len <= sizeof(body); len++) {
		bool ok = len >= 12 && len <= 512 && len % 4 == 0;

		jar.cookie_cnt = 0;
		assert_int_equal(
		    nts_jar_add(&jar, body, len), ok ? 0 : ERR_BAD);
	}
	jar.cookie_cnt = 0;
	for (unsigned i = 0; i < 20; i++) {
		c[0] = (uint8_t)i;
		assert_int_equal(
		    nts_jar_add(&jar, c, sizeof(c)), i < 8 ? 0 : ERR_FULL);
		c[0] = 3; /* the same again is no second one */
		if (i >= 3 && i < 8)
			assert_int_equal(nts_jar_add(&jar, c, sizeof(c)), 0);
		assert_int_equal(jar.cookie_cnt, i < 8 ? i + 1 : 8);
	}
}

static void
bad_key_sets(void **state)
{
	struct nts_keys sets[2] = {rig_keys(15, &rng), rig_keys(17, &rng)};
	struct nts_jar jar;

	(void)state;
	assert_int_equal(nts_jar_init(&jar, sets, 0), ERR_BAD);
	assert_int_equal(nts_jar_init(&jar, sets, 2), ERR_BAD);
	assert_int_equal(nts_jar_init(&jar, sets, 3), ERR_BAD);
	assert_int_equal(jar.set_cnt, 0);
	sets[0].key_len = 16;
	assert_int_equal(nts_jar_init(&jar, sets, 1), ERR_BAD);
}

static void
loading_a_result(void **state)
{
	struct nts_keys sets[2] = {rig_keys(30, &rng), rig_keys(30, &rng)};
	static struct nts_ke_result r;
	struct nts_jar jar;

	(void)state;
	r.aead = 30;
	r.context_cnt = 2;
	r.cookie_cnt = 8;
	for (unsigned i = 0; i < 8; i++) {
		r.cookies[i].len = 64;
		r.cookies[i].data[0] = (uint8_t)i;
	}
	assert_int_equal(nts_jar_load(&jar, &r, sets), 0);
	assert_int_equal(jar.cookie_cnt, 8);
	assert_int_equal(jar.set_cnt, 2);
	r.aead = 15;
	assert_int_equal(nts_jar_load(&jar, &r, sets), ERR_BAD);
	r.aead = 30;
	r.cookie_cnt = 0;
	assert_int_equal(nts_jar_load(&jar, &r, sets), ERR_BAD);
	assert_int_equal(jar.set_cnt, 0);
	r.cookie_cnt = 9;
	assert_int_equal(nts_jar_load(&jar, &r, sets), ERR_BAD);
	r.cookie_cnt = 2;
	r.cookies[1].len = 1000;
	assert_int_equal(nts_jar_load(&jar, &r, sets), ERR_BAD);
	assert_int_equal(jar.cookie_cnt, 0);
}

static void
validity(void **state)
{
	struct nts_jar good, jar;

	(void)state;
	fill_15(&good, 8);
	for (int what = 0; what < 7; what++) {
		jar = good;
		switch (what) {
		case 0:
			jar.set_cnt = 3;
			break;
		case 1:
			jar.cookie_cnt = 9;
			break;
		case 2:
			jar.cookie_idx = 8;
			break;
		case 3:
			jar.sets[0].key_len = 31;
			break;
		case 4:
			jar.cookies[7].len = 513;
			break;
		case 5:
			jar.set_cnt = 0;
			break;
		default:
			jar.set_cnt = 2;
		}
		assert_false(nts_jar_valid(&jar));
	}
}

/* ---- the saved form ---- */

static const struct wall then = {1800000000 * TSTAMP_NS_PER_S};

static void
sample(struct nts_jar_saved *saved, unsigned cnt)
{
	struct nts_jar jar;

	fill_15(&jar, 8);
	assert_int_equal(nts_jar_set_aside(&jar, cnt, saved), cnt);
	assert_int_equal(jar.cookie_cnt, 8 - cnt);
	(void)snprintf(
	    saved->ke_name, sizeof(saved->ke_name), "time.example.org");
	assert_int_equal(addr_parse(&saved->server, "2001:db8::1"), 0);
	saved->server.port = 11123;
	saved->exchanged = then;
	saved->not_after.ns = then.ns + 90 * 86400 * TSTAMP_NS_PER_S;
}

static void
saved_form_comes_back(void **state)
{
	static struct nts_jar_saved a, b;
	uint8_t buf[NTS_JAR_SAVED_MAX], again[NTS_JAR_SAVED_MAX];

	(void)state;
	for (unsigned cnt = 0; cnt <= 8; cnt++) {
		size_t len;

		sample(&a, cnt);
		len = nts_jar_encode(&a, buf);
		assert_true(len > 0);
		assert_int_equal(nts_jar_decode(&b, buf, len), 0);
		assert_string_equal(b.ke_name, a.ke_name);
		assert_true(addr_same_host(&b.server, &a.server));
		assert_int_equal(b.server.port, 11123);
		assert_int_equal(b.exchanged.ns, a.exchanged.ns);
		assert_int_equal(b.not_after.ns, a.not_after.ns);
		assert_int_equal(b.jar.cookie_cnt, cnt);
		assert_memory_equal(
		    &b.jar.sets[0], &a.jar.sets[0], sizeof(a.jar.sets[0]));
		assert_int_equal(nts_jar_encode(&b, again), len);
		assert_memory_equal(again, buf, len);
	}
}

static void
largest_saved_form_fits(void **state)
{
	struct nts_keys sets[2] = {rig_keys(17, &rng), rig_keys(17, &rng)};
	static struct nts_jar_saved a, b;
	uint8_t buf[NTS_JAR_SAVED_MAX], c[512];
	size_t len;

	(void)state;
	sample(&a, 0);
	memset(a.ke_name, 'a', sizeof(a.ke_name) - 1);
	assert_int_equal(nts_jar_init(&a.jar, sets, 2), 0);
	for (unsigned i = 0; i < 8; i++) {
		rng_bytes(&rng, c, sizeof(c));
		assert_int_equal(nts_jar_add(&a.jar, c, sizeof(c)), 0);
	}
	len = nts_jar_encode(&a, buf);
	assert_true(len > 4000);
	assert_int_equal(nts_jar_decode(&b, buf, len), 0);
	assert_int_equal(b.jar.set_cnt, 2);
	assert_memory_equal(b.jar.sets, a.jar.sets, sizeof(sets));
	assert_memory_equal(b.jar.cookies[7].data, c, sizeof(c));
}

/* The live jar and the saved one have no cookie in common, and the saved one
 * works where the live one's keys are gone. */
static void
set_aside_is_not_sent(void **state)
{
	static struct nts_jar_saved saved;
	static struct packet req, resp;
	struct nts_jar jar;

	(void)state;
	fill_15(&jar, 8);
	assert_int_equal(nts_jar_set_aside(&jar, 3, &saved), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_null(
		    memmem(&jar, sizeof(jar), saved.jar.cookies[i].data, 96));
	assert_int_equal(jar.cookie_cnt, 5);
	assert_int_equal(ask(&jar, 0, &req), 0);
	assert_int_equal(answer(&req, &resp), 4);
	assert_int_equal(hear(&jar, 0, &resp), 0);
	assert_int_equal(jar.cookie_cnt, 8);
	assert_int_equal(ask(&saved.jar, 0, &req), 0);
	assert_int_equal(answer(&req, &resp), 6);
	assert_int_equal(hear(&saved.jar, 0, &resp), 0);
	assert_int_equal(nts_jar_set_aside(&jar, NTS_COOKIES_MAX, &saved), 8);
	assert_int_equal(jar.cookie_cnt, 0);
	nts_jar_wipe(&jar);
	assert_int_equal(nts_jar_set_aside(&jar, 8, &saved), 0);
	assert_int_equal(saved.jar.set_cnt, 0);
}

static void
assert_refused(const uint8_t *buf, size_t len)
{
	static const struct nts_jar_saved zero;
	static struct nts_jar_saved got;

	memset(&got, 0xff, sizeof(got));
	assert_int_equal(nts_jar_decode(&got, buf, len), ERR_BAD);
	assert_memory_equal(&got, &zero, sizeof(zero));
}

/* K4 for cookies: truncated, longer, one bit wrong, foreign. */
static void
k4_damaged_form(void **state)
{
	static struct nts_jar_saved a;
	uint8_t buf[NTS_JAR_SAVED_MAX + 1] = {0};
	size_t len;

	(void)state;
	sample(&a, 2);
	len = nts_jar_encode(&a, buf);
	for (size_t n = 0; n < len; n++)
		assert_refused(buf, n);
	assert_refused(buf, len + 1);
	assert_refused(buf, sizeof(buf));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(buf, len);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(buf, 0x20, sizeof(buf));
	assert_refused(buf, len);
}

static void
when_saved_is_usable(void **state)
{
	const struct dur day = {86400 * TSTAMP_NS_PER_S};
	const struct dur month = {28 * day.ns};
	static struct nts_jar_saved s;
	const char *name = "time.example.org";

	(void)state;
	sample(&s, 2);
	assert_true(nts_jar_saved_usable(&s, name, then, month));
	assert_true(
	    nts_jar_saved_usable(&s, name, tstamp_wall_add(then, day), month));
	assert_false(nts_jar_saved_usable(
	    &s, name, tstamp_wall_add(then, month), month));
	assert_true(nts_jar_saved_usable(
	    &s, name, tstamp_wall_add(then, month), (struct dur){0}));
	/* without a battery-backed clock */
	assert_true(nts_jar_saved_usable(&s, name, (struct wall){0}, month));
	/* past the end of the certificate */
	assert_false(nts_jar_saved_usable(
	    &s, name, (struct wall){s.not_after.ns + 1}, (struct dur){0}));
	/* F8: keys belong to the configured name */
	assert_false(nts_jar_saved_usable(&s, "time.example.com", then, month));
	s.jar.cookie_cnt = 0;
	assert_false(nts_jar_saved_usable(&s, name, then, month));
}

static int
setup(void **state)
{
	struct nts_keyring ring;

	(void)state;
	rng = rig_rng(&seed);
	nts_keyring_init(&ring, (struct wall){0}, &rng);
	if (nts_aeads_init(&aeads) != 0 || nts_server_init(&server, &rng) != 0)
		return -1;
	return nts_cookie_keys_load(&server.cookies, &ring);
}

static int
teardown(void **state)
{
	(void)state;
	nts_server_fini(&server);
	nts_aeads_fini(&aeads);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exchanges_keep_the_stock),
	    cmocka_unit_test(d6_d10_losses),
	    cmocka_unit_test(silence_asks_for_new_keys),
	    cmocka_unit_test(g2_g5_one_answer),
	    cmocka_unit_test(g1_forged_then_good),
	    cmocka_unit_test(d5_g7_nak),
	    cmocka_unit_test(second_key_set),
	    cmocka_unit_test(second_set_is_wiped),
	    cmocka_unit_test(sent_cookie_is_wiped),
	    cmocka_unit_test(d7_adding),
	    cmocka_unit_test(bad_key_sets),
	    cmocka_unit_test(loading_a_result),
	    cmocka_unit_test(validity),
	    cmocka_unit_test(saved_form_comes_back),
	    cmocka_unit_test(largest_saved_form_fits),
	    cmocka_unit_test(set_aside_is_not_sent),
	    cmocka_unit_test(k4_damaged_form),
	    cmocka_unit_test(when_saved_is_usable),
	};

	return cmocka_run_group_tests_name("nts/jar", tests, setup, teardown);
}
