/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS extension fields: exchanges recorded with real servers, our client
 * against our server, and the client's side of the hostile cases.
 */
#include "../nts_alone.h"
#include "nts/ef.h"
#include "nts_packet.h"

#define LINE_MAX_LEN 10000

static struct nts_aeads aeads;

/* ---- recorded ---- */

/* Randomness that repeats a recorded nonce. */
static void
replay_fill(void *ctx, void *buf, size_t len)
{
	memcpy(buf, ctx, len);
}

struct recorded {
	struct nts_keys keys;
	bool good;
	unsigned placeholder_cnt;
	uint8_t request[2048], response[2048];
	size_t request_len, response_len;
};

static struct nts_cookie
cookie_of(const struct nts_ef_request *req)
{
	struct nts_cookie c = {.len = (uint16_t)req->cookie_len};

	assert_true(req->cookie_len <= sizeof(c.data));
	memcpy(c.data, req->cookie, req->cookie_len);
	return c;
}

/* The independent encoder and ours write the same bytes. */
static void
check_request(struct recorded *r)
{
	struct rng rng = {.fill = replay_fill};
	struct nts_ef_request req;
	struct nts_cookie cookie;
	struct nts_ef_ask ask;
	struct bytes_out out;
	uint8_t ours[2048];

	assert_int_equal(
	    nts_ef_find_request(r->request, r->request_len, &req), 0);
	assert_int_equal(req.placeholder_cnt, r->placeholder_cnt);
	assert_int_equal(req.uid_len, NTS_UID_LEN);
	cookie = cookie_of(&req);
	ask.uid = req.uid;
	ask.cookie = &cookie;
	ask.placeholder_cnt = r->placeholder_cnt;
	rng.ctx = r->request + req.ad_len + 8;
	bytes_out_init(&out, ours, sizeof(ours));
	bytes_put_raw(&out, r->request, 48);
	assert_int_equal(
	    nts_ef_put_request(&aeads, &r->keys, &ask, &rng, &out), 0);
	assert_int_equal(out.pos, r->request_len);
	assert_int_equal(
	    out.pos, nts_ef_request_len(15, cookie.len, r->placeholder_cnt));
	assert_int_equal(memcmp(ours, r->request, out.pos) == 0, r->good);
}

static int
open_with(const struct recorded *r, const uint8_t *uid, size_t len,
    struct nts_ef_answer *answer)
{
	/* A copy of exact size, so that sanitizers see a byte too far. */
	uint8_t *copy = malloc(len ? len : 1);
	struct bytes_in in;
	int rc;

	assert_non_null(copy);
	memcpy(copy, r->response, len);
	bytes_in_init(&in, copy, len);
	rc = nts_ef_open_response(&aeads, &r->keys, &in, uid, answer);
	free(copy);
	return rc;
}

static void
check_response(struct recorded *r)
{
	static struct nts_ef_answer answer;
	const uint8_t *uid = r->request + 52;
	uint8_t other[NTS_UID_LEN];

	assert_int_equal(open_with(r, uid, r->response_len, &answer), 0);
	assert_int_equal(answer.cookie_cnt, 1 + r->placeholder_cnt);
	for (unsigned i = 0; i < answer.cookie_cnt; i++)
		assert_int_equal(answer.cookies[i].len,
		    (size_t)r->request[86] * 256 + r->request[87] - 4);
	assert_false(nts_ef_is_nak(r->response, r->response_len, uid));
	/* C12 */
	memcpy(other, uid, sizeof(other));
	other[31] ^= 1;
	assert_int_equal(
	    open_with(r, other, r->response_len, &answer), ERR_AUTH);
	/* C2 */
	for (size_t len = 0; len < r->response_len; len++)
		assert_int_not_equal(open_with(r, uid, len, &answer), 0);
	/* C1, as seen from the client */
	for (size_t i = 0; i < r->response_len; i++) {
		r->response[i] ^= 1;
		assert_int_not_equal(
		    open_with(r, uid, r->response_len, &answer), 0);
		assert_int_equal(answer.cookie_cnt, 0);
		r->response[i] ^= 1;
	}
}

static void
check_nak(const struct recorded *r)
{
	static struct nts_ef_answer answer;
	const uint8_t *uid = r->request + 52;
	uint8_t other[NTS_UID_LEN] = {0};

	assert_int_equal(open_with(r, uid, r->response_len, &answer), ERR_BAD);
	assert_true(nts_ef_is_nak(r->response, r->response_len, uid));
	assert_false(nts_ef_is_nak(r->response, r->response_len, other));
	for (size_t len = 0; len < r->response_len; len++)
		assert_false(nts_ef_is_nak(r->response, len, uid));
}

static void
recorded_exchanges(void **state)
{
	FILE *f = fopen("tests/data/nts-exchanges.txt", "r");
	static char line[LINE_MAX_LEN];
	static struct recorded r;
	unsigned good = 0, nak = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *w[6] = {0}, *save = NULL;

		if (line[0] == '#')
			continue;
		for (int i = 0; i < 5; i++)
			w[i] = strtok_r(i ? NULL : line, " \n", &save);
		if (strcmp(w[0], "session") == 0) {
			r.keys = (struct nts_keys){.aead = 15, .key_len = 32};
			assert_int_equal(rig_hex(r.keys.c2s, 32, w[2]), 32);
			assert_int_equal(rig_hex(r.keys.s2c, 32, w[3]), 32);
			continue;
		}
		assert_non_null(w[4]);
		r.good = strcmp(w[1], "good") == 0;
		r.placeholder_cnt = (unsigned)strtoul(w[2], NULL, 10);
		r.request_len = rig_hex(r.request, sizeof(r.request), w[3]);
		check_request(&r);
		if (strcmp(w[4], "-") == 0)
			continue;
		r.response_len = rig_hex(r.response, sizeof(r.response), w[4]);
		if (r.good) {
			check_response(&r);
			good++;
		} else {
			check_nak(&r);
			nak++;
		}
	}
	(void)fclose(f);
	assert_int_equal(good, 12);
	assert_true(nak >= 1);
}

/* ---- our client and our server ---- */

struct duo {
	uint64_t seed;
	struct rng rng;
	struct nts_server_ctx server;
	struct nts_keys keys;
	struct nts_cookie cookie;
	uint8_t uid[NTS_UID_LEN];
	uint8_t req[2048];
	size_t req_len;
};

static void
duo_init(struct duo *d, unsigned aead)
{
	struct nts_keyring ring;

	d->seed = 3;
	d->rng = rig_rng(&d->seed);
	nts_keyring_init(&ring, (struct wall){0}, &d->rng);
	assert_int_equal(nts_server_init(&d->server, &d->rng), 0);
	assert_int_equal(nts_cookie_keys_load(&d->server.cookies, &ring), 0);
	d->keys = rig_keys(aead, &d->rng);
	d->cookie.len = (uint16_t)nts_cookie_len(aead);
	assert_int_equal(nts_cookie_seal(&d->server.cookies, &d->keys, &d->rng,
			     d->cookie.data),
	    0);
}

static void
duo_ask(struct duo *d, unsigned placeholder_cnt)
{
	struct nts_ef_ask ask = {.uid = d->uid,
	    .cookie = &d->cookie,
	    .placeholder_cnt = placeholder_cnt};
	struct bytes_out out;

	rng_bytes(&d->rng, d->uid, sizeof(d->uid));
	bytes_out_init(&out, d->req, sizeof(d->req));
	bytes_put_u8(&out, 0x23);
	bytes_put_zero(&out, 47);
	assert_int_equal(
	    nts_ef_put_request(&aeads, &d->keys, &ask, &d->rng, &out), 0);
	d->req_len = out.pos;
}

static void
both_sides(unsigned aead, unsigned placeholder_cnt)
{
	static struct nts_ef_answer answer;
	static struct duo d;
	struct nts_ef_exchange x;
	struct nts_keys got;
	struct bytes_out out;
	struct bytes_in in;
	uint8_t resp[2048];

	duo_init(&d, aead);
	duo_ask(&d, placeholder_cnt);
	assert_int_equal(nts_ef_find_request(d.req, d.req_len, &x.req), 0);
	assert_int_equal(nts_alone_open(&d.server, &x), 0);
	assert_memory_equal(&x.session, &d.keys, sizeof(x.session));
	bytes_out_init(&out, resp, sizeof(resp));
	bytes_put_u8(&out, 0x24);
	bytes_put_zero(&out, 47);
	assert_int_equal(nts_alone_answer(&d.server, &x, &out), 0);
	assert_int_equal(out.pos, d.req_len);
	bytes_in_init(&in, resp, out.pos);
	assert_int_equal(
	    nts_ef_open_response(&aeads, &d.keys, &in, d.uid, &answer), 0);
	assert_int_equal(answer.cookie_cnt, 1 + placeholder_cnt);
	for (unsigned i = 0; i < answer.cookie_cnt; i++) {
		assert_int_equal(answer.cookies[i].len, nts_cookie_len(aead));
		assert_int_equal(
		    nts_cookie_open(&d.server.cookies, answer.cookies[i].data,
			answer.cookies[i].len, &got),
		    0);
		assert_memory_equal(&got, &d.keys, sizeof(got));
	}
	nts_server_fini(&d.server);
}

static void
round_trip(void **state)
{
	static const unsigned ids[] = {15, 16, 17, 30, 31};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (unsigned p = 0; p <= 7; p++)
			if (nts_aeads_get(&aeads, ids[i]))
				both_sides(ids[i], p);
}

/* C13: nonces and UIDs of a client never repeat. */
static void
c13_nonces_differ(void **state)
{
	static uint8_t seen[500][16];
	static struct duo d;

	(void)state;
	duo_init(&d, 15);
	for (unsigned n = 0; n < 500; n++) {
		duo_ask(&d, 0);
		memcpy(seen[n], d.req + d.req_len - 32, 16);
		for (unsigned i = 0; i < n; i++)
			assert_memory_not_equal(seen[i], seen[n], 16);
	}
	nts_server_fini(&d.server);
}

/* D9: no request of ours is longer than 1280, whatever the cookies. */
static void
d9_sizes(void **state)
{
	static struct duo d;

	(void)state;
	duo_init(&d, 15);
	for (size_t len = NTS_COOKIE_LEN_MIN; len <= NTS_COOKIE_LEN_MAX;
	     len += 4) {
		d.cookie.len = (uint16_t)len;
		for (unsigned want = 0; want < 10; want++) {
			unsigned n = nts_ef_fitting_placeholders(15, len, want);

			assert_true(n <= want && n <= 7);
			duo_ask(&d, n);
			assert_int_equal(
			    d.req_len, nts_ef_request_len(15, len, n));
			assert_true(d.req_len <= NTS_REQUEST_LEN_MAX);
			if (n < want && n < 7)
				assert_true(nts_ef_request_len(15, len, n + 1) >
				    NTS_REQUEST_LEN_MAX);
		}
	}
	assert_int_equal(nts_ef_fitting_placeholders(15, 96, 7), 7);
	nts_server_fini(&d.server);
}

static void
bad_arguments(void **state)
{
	static struct duo d;
	struct nts_ef_ask ask = {.uid = d.uid, .cookie = &d.cookie};
	struct bytes_out out;

	(void)state;
	duo_init(&d, 15);
	for (size_t max = 48; max < 224; max++) {
		bytes_out_init(&out, d.req, max);
		bytes_put_zero(&out, 48);
		assert_int_equal(
		    nts_ef_put_request(&aeads, &d.keys, &ask, &d.rng, &out),
		    ERR_FULL);
	}
	ask.placeholder_cnt = 8;
	assert_int_equal(
	    nts_ef_put_request(&aeads, &d.keys, &ask, &d.rng, &out), ERR_BAD);
	ask.placeholder_cnt = 0;
	d.cookie.len = 102;
	assert_int_equal(
	    nts_ef_put_request(&aeads, &d.keys, &ask, &d.rng, &out), ERR_BAD);
	d.cookie.len = 516;
	assert_int_equal(
	    nts_ef_put_request(&aeads, &d.keys, &ask, &d.rng, &out), ERR_BAD);
	d.cookie.len = 96;
	d.keys.aead = 14;
	assert_int_equal(
	    nts_ef_put_request(&aeads, &d.keys, &ask, &d.rng, &out), ERR_BAD);
	nts_server_fini(&d.server);
}

/* ---- hostile responses ---- */

static const uint8_t the_uid[NTS_UID_LEN] = {1, 2, 3};
static const struct nts_keys the_keys = {
    .aead = 15, .key_len = 32, .s2c = {9, 8, 7}};

static int
client_opens(const struct pkt *p, struct nts_ef_answer *answer)
{
	struct bytes_in in;

	bytes_in_init(&in, p->data, p->out.pos);
	return nts_ef_open_response(&aeads, &the_keys, &in, the_uid, answer);
}

static void
response_with(struct pkt *p, const void *plain, size_t plain_len)
{
	struct pkt_seal seal = {.aead = 15,
	    .key = the_keys.s2c,
	    .plain = plain,
	    .plain_len = plain_len};

	pkt_start(p, 0x24);
	pkt_field(p, 0x0104, the_uid, sizeof(the_uid));
	pkt_seal(p, &seal);
}

/* C9, D7: what may stand in the ciphertext. */
static void
c9_d7_inner_fields(void **state)
{
	static const struct {
		const char *hex;
		int rc;
		unsigned cookie_cnt;
	} cases[] = {
	    {"", 0, 0},
	    {"02040010000102030405060708090a0b", 0, 1},
	    {"02040010000102030405060708090a0b"
	     "02040010000102030405060708090a0b",
		0, 2},
	    {"12340004", 0, 0},
	    {"1234000800000000"
	     "02040010000102030405060708090a0b",
		0, 1},
	    {"02040004", 0, 0},
	    {"0204000800000000", 0, 0},
	    {"00", ERR_BAD, 0},
	    {"0204", ERR_BAD, 0},
	    {"02040000", ERR_BAD, 0},
	    {"02040003", ERR_BAD, 0},
	    {"02040005ff", ERR_BAD, 0},
	    {"02040014000102030405060708090a0b", ERR_BAD, 0},
	    {"0204ffff000102030405060708090a0b", ERR_BAD, 0},
	    {"02040010000102030405060708090a0b"
	     "0204",
		ERR_BAD, 0},
	};
	static struct nts_ef_answer answer;
	static struct pkt p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t plain[128];
		size_t len = rig_hex(plain, sizeof(plain), cases[i].hex);

		response_with(&p, plain, len);
		if (client_opens(&p, &answer) != cases[i].rc ||
		    answer.cookie_cnt != cases[i].cookie_cnt)
			fail_msg("%s", cases[i].hex);
	}
}

/* D7: cookies too many and too long, authenticated as they may be. */
static void
d7_many_and_long(void **state)
{
	static struct nts_ef_answer answer;
	static struct pkt p, inner;

	(void)state;
	for (unsigned cnt = 0; cnt < 60; cnt++) {
		pkt_start(&inner, 0);
		for (unsigned i = 0; i < cnt; i++)
			pkt_field(&inner, 0x0204, NULL, 16);
		response_with(&p, inner.data + 48, inner.out.pos - 48);
		/* The walk stops at 32 fields. */
		assert_int_equal(
		    client_opens(&p, &answer), cnt <= 32 ? 0 : ERR_BAD);
		assert_int_equal(
		    answer.cookie_cnt, cnt > 32 ? 0 : (cnt > 8 ? 8 : cnt));
	}
	for (size_t len = 0; len <= 1800; len += 4) {
		pkt_start(&inner, 0);
		pkt_field(&inner, 0x0204, NULL, len);
		response_with(&p, inner.data + 48, inner.out.pos - 48);
		assert_int_equal(client_opens(&p, &answer), 0);
		assert_int_equal(answer.cookie_cnt, len >= 12 && len <= 512);
	}
	pkt_start(&inner, 0);
	pkt_field(&inner, 0x0204, NULL, 3000);
	response_with(&p, inner.data + 48, inner.out.pos - 48);
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
}

/* D8: a cookie in the clear, before or behind, is not taken. */
static void
d8_c6_clear_cookies(void **state)
{
	struct pkt_seal seal = {.aead = 15, .key = the_keys.s2c};
	static struct nts_ef_answer answer;
	static struct pkt p;

	(void)state;
	pkt_start(&p, 0x24);
	pkt_field(&p, 0x0104, the_uid, sizeof(the_uid));
	pkt_field(&p, 0x0204, NULL, 100);
	pkt_seal(&p, &seal);
	pkt_field(&p, 0x0204, NULL, 100);
	pkt_field(&p, 0x0104, NULL, 32);
	assert_int_equal(client_opens(&p, &answer), 0);
	assert_int_equal(answer.cookie_cnt, 0);
}

/* C5, C10, C11, C12, as seen from the client. */
static void
c5_c12_response_layout(void **state)
{
	struct pkt_seal seal = {.aead = 15, .key = the_keys.s2c};
	struct pkt_seal wrong = {.aead = 15, .key = the_keys.c2s};
	static struct nts_ef_answer answer;
	static struct pkt p;

	(void)state;
	response_with(&p, "", 0);
	assert_int_equal(client_opens(&p, &answer), 0);
	p.data[0] = 0x1c; /* version 3 */
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	pkt_start(&p, 0x24);
	pkt_seal(&p, &seal); /* no UID */
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	pkt_field(&p, 0x0104, the_uid, 32); /* UID not authenticated */
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	pkt_start(&p, 0x24);
	pkt_field(&p, 0x0104, the_uid, 32);
	pkt_field(&p, 0x0104, the_uid, 32);
	pkt_seal(&p, &seal);
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	pkt_start(&p, 0x24);
	pkt_field(&p, 0x0104, the_uid, 28);
	pkt_seal(&p, &seal);
	assert_int_equal(client_opens(&p, &answer), ERR_AUTH);
	pkt_start(&p, 0x24);
	pkt_field(&p, 0x0104, the_uid, 32);
	assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	pkt_seal(&p, &wrong); /* C7 */
	assert_int_equal(client_opens(&p, &answer), ERR_AUTH);
	pkt_seal(&p, &seal); /* a second one does not help */
	assert_int_equal(client_opens(&p, &answer), ERR_AUTH);
}

/* C3: the two lengths in the authenticator. */
static void
c3_response_lengths(void **state)
{
	static const uint16_t lens[] = {
	    0, 1, 12, 15, 17, 20, 32, 40, 255, 1000, 65532, 65535};
	static struct nts_ef_answer answer;
	static struct pkt p;

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		response_with(&p, "", 0);
		bytes_patch_u16(&p.out, 88, lens[i]);
		assert_int_not_equal(client_opens(&p, &answer), 0);
		response_with(&p, "", 0);
		bytes_patch_u16(&p.out, 90, lens[i]);
		assert_int_not_equal(client_opens(&p, &answer), 0);
	}
}

static void
c4_response_bodies(void **state)
{
	static struct nts_ef_answer answer;
	static struct pkt p;

	(void)state;
	for (size_t len = 0; len <= 64; len += 4) {
		pkt_start(&p, 0x24);
		pkt_field(&p, 0x0104, the_uid, 32);
		pkt_field(&p, 0x0404, NULL, len);
		assert_int_equal(client_opens(&p, &answer), ERR_BAD);
	}
}

/* A kiss that is something else is not NTSN. */
static void
g7_nak_is_recognised(void **state)
{
	static struct pkt p;

	(void)state;
	pkt_start(&p, 0xe4);
	memcpy(p.data + 12, "NTSN", 4);
	assert_false(nts_ef_is_nak(p.data, p.out.pos, the_uid));
	pkt_field(&p, 0x0104, the_uid, 32);
	assert_true(nts_ef_is_nak(p.data, p.out.pos, the_uid));
	p.data[1] = 1;
	assert_false(nts_ef_is_nak(p.data, p.out.pos, the_uid));
	p.data[1] = 0;
	p.data[12] = 'M';
	assert_false(nts_ef_is_nak(p.data, p.out.pos, the_uid));
	p.data[12] = 'N';
	pkt_field(&p, 0x0104, the_uid, 32);
	assert_false(nts_ef_is_nak(p.data, p.out.pos, the_uid));
}

static int
setup(void **state)
{
	(void)state;
	return nts_aeads_init(&aeads);
}

static int
teardown(void **state)
{
	(void)state;
	nts_aeads_fini(&aeads);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(recorded_exchanges),
	    cmocka_unit_test(round_trip),
	    cmocka_unit_test(c13_nonces_differ),
	    cmocka_unit_test(d9_sizes),
	    cmocka_unit_test(bad_arguments),
	    cmocka_unit_test(c9_d7_inner_fields),
	    cmocka_unit_test(d7_many_and_long),
	    cmocka_unit_test(d8_c6_clear_cookies),
	    cmocka_unit_test(c5_c12_response_layout),
	    cmocka_unit_test(c3_response_lengths),
	    cmocka_unit_test(c4_response_bodies),
	    cmocka_unit_test(g7_nak_is_recognised),
	};

	return cmocka_run_group_tests_name("nts/ef", tests, setup, teardown);
}
