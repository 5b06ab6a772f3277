/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile requests against the server's side of NTS extension fields: no
 * time for what does not authenticate, no answer longer than its request.
 */
#include "../nts_alone.h"
#include "nts/ef.h"
#include "nts_packet.h"

static uint64_t seed = 21;
static struct rng rng;
static struct nts_server_ctx server;
static struct nts_keys keys;
static uint8_t cookie[NTS_COOKIE_OURS_MAX];
static uint8_t uid[NTS_UID_LEN_MAX + 4];
static struct pkt p;

#define COOKIE_LEN 96

/*
 * What a server does with a packet, and J1 for whatever it answers: never
 * longer than the request.  Return: 0 time given, else as the call said.
 */
static int
serve(const uint8_t *packet, size_t len, unsigned *cookie_cnt)
{
	uint8_t *copy = malloc(len ? len : 1), resp[2 * NTS_PACKET_LEN_MAX];
	struct nts_ef_exchange x;
	struct nts_ef_request *req = &x.req;
	struct bytes_out out;
	int rc;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	bytes_out_init(&out, resp, sizeof(resp));
	bytes_put_u8(&out, 0x24);
	bytes_put_zero(&out, 47);
	rc = nts_ef_find_request(copy, len, req);
	if (rc == 0)
		rc = nts_alone_open(&server, &x);
	if (rc == 0) {
		assert_int_equal(nts_alone_answer(&server, &x, &out), 0);
		assert_true(out.pos <= len);
		*cookie_cnt = 0;
		if (out.pos >= 48 + 4 + req->uid_len + 40)
			*cookie_cnt =
			    (unsigned)((out.pos - 48 - 4 - req->uid_len - 40) /
				(4 + COOKIE_LEN));
	} else if (rc == ERR_AUTH) {
		assert_int_equal(nts_ef_put_nak(req, &out), 0);
		assert_true(out.pos <= len);
		assert_memory_equal(resp + 52, req->uid, req->uid_len);
		assert_int_equal(x.session.aead, 0);
	}
	free(copy);
	return rc;
}

static int
serve_p(void)
{
	unsigned cnt;

	return serve(p.data, p.out.pos, &cnt);
}

static void
seal_with(const uint8_t *key, const void *plain, size_t plain_len)
{
	struct pkt_seal s = {
	    .aead = 15, .key = key, .plain = plain, .plain_len = plain_len};

	pkt_seal(&p, &s);
}

static void
start_good(void)
{
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
}

static void
good_request(unsigned placeholder_cnt)
{
	start_good();
	for (unsigned i = 0; i < placeholder_cnt; i++)
		pkt_field(&p, 0x0304, NULL, COOKIE_LEN);
	seal_with(keys.c2s, NULL, 0);
}

/* C1, C8: each bit of a good request flipped: never time, and never taken
 * for a plain request. */
static void
c1_c8_flips(void **state)
{
	(void)state;
	for (unsigned ph = 0; ph <= 1; ph++) {
		good_request(ph);
		assert_int_equal(serve_p(), 0);
		for (size_t bit = 0; bit < 8 * p.out.pos; bit++) {
			int rc;

			p.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			rc = serve_p();
			assert_true(rc == ERR_AUTH || rc == ERR_BAD);
			p.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* C2: a header, or a header and what has the length of a MAC, is for plain
 * NTP to judge; everything else is refused here. */
static void
c2_truncated(void **state)
{
	unsigned cnt;

	(void)state;
	good_request(2);
	for (size_t len = 0; len < p.out.pos; len++) {
		bool plain = len == 48 || len == 52 || len == 68 || len == 72;

		assert_int_equal(
		    serve(p.data, len, &cnt), plain ? ERR_ABSENT : ERR_BAD);
	}
}

static void
c3_lengths(void **state)
{
	static const uint16_t lens[] = {
	    0, 1, 12, 15, 17, 20, 36, 40, 255, 1000, 65532, 65535};
	size_t at = 48 + 36 + 100 + 4;

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t field = 0; field < 2; field++) {
			int rc;

			good_request(0);
			bytes_patch_u16(&p.out, at + 2 * field, lens[i]);
			rc = serve_p();
			assert_true(rc == ERR_AUTH || rc == ERR_BAD);
		}
}

static void
c4_bodies(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 64; len += 4) {
		start_good();
		pkt_field(&p, 0x0404, NULL, len);
		assert_int_equal(serve_p(), ERR_BAD);
	}
}

static void
c5_layout(void **state)
{
	(void)state;
	/* authenticator first */
	pkt_start(&p, 0x23);
	seal_with(keys.c2s, NULL, 0);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	assert_int_equal(serve_p(), ERR_BAD);
	/* before the cookie */
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	seal_with(keys.c2s, NULL, 0);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	assert_int_equal(serve_p(), ERR_BAD);
	/* twice */
	good_request(0);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), ERR_BAD);
	/* cookie before UID: any order in front is fine */
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0304, NULL, COOKIE_LEN);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), 0);
	/* none at all */
	start_good();
	assert_int_equal(serve_p(), ERR_BAD);
}

/* C6: what is not ours behind the authenticator changes nothing; what is
 * ours makes it bad. */
static void
c6_behind(void **state)
{
	unsigned cnt = 0;

	(void)state;
	good_request(0);
	pkt_field(&p, 0x1234, NULL, 600);
	assert_int_equal(serve(p.data, p.out.pos, &cnt), 0);
	assert_int_equal(cnt, 1);
	good_request(0);
	pkt_field(&p, 0x0304, NULL, COOKIE_LEN);
	assert_int_equal(serve_p(), ERR_BAD);
	good_request(0);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	assert_int_equal(serve_p(), ERR_BAD);
}

static void
c7_keys_swapped(void **state)
{
	(void)state;
	start_good();
	seal_with(keys.s2c, NULL, 0);
	assert_int_equal(serve_p(), ERR_AUTH);
}

static void
c9_inner(void **state)
{
	static const struct {
		const char *hex;
		int rc;
	} cases[] = {
	    {"00", ERR_BAD},
	    {"030400", ERR_BAD},
	    {"03040000", ERR_BAD},
	    {"03040003", ERR_BAD},
	    {"0304ffff", ERR_BAD},
	    {"12340004", 0},
	    {"1234000812345678", 0},
	    {"0304000812345678", ERR_BAD}, /* not as long as the cookie */
	    {"0204000812345678", ERR_BAD},
	    {"0104000812345678", ERR_BAD},
	    {"0404000812345678", ERR_BAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t plain[64];
		size_t len = rig_hex(plain, sizeof(plain), cases[i].hex);

		start_good();
		seal_with(keys.c2s, plain, len);
		if (serve_p() != cases[i].rc)
			fail_msg("%s", cases[i].hex);
	}
}

/* C10: version 3 has no fields; the bytes are then no packet at all. */
static void
c10_version_3(void **state)
{
	(void)state;
	good_request(0);
	p.data[0] = 0x1b;
	assert_int_equal(serve_p(), ERR_BAD);
}

static void
c11_uid(void **state)
{
	(void)state;
	for (size_t len = 0; len <= NTS_UID_LEN_MAX + 4; len += 4) {
		bool ok = len >= NTS_UID_LEN && len <= NTS_UID_LEN_MAX;

		pkt_start(&p, 0x23);
		if (len > 0)
			pkt_field(&p, 0x0104, uid, len);
		pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
		seal_with(keys.c2s, NULL, 0);
		assert_int_equal(serve_p(), ok ? 0 : ERR_BAD);
	}
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), ERR_BAD);
}

/* D1, D2: cookies of every length and kind. */
static void
d1_d2_cookies(void **state)
{
	uint8_t junk[1200];

	(void)state;
	for (size_t len = 12; len <= sizeof(junk); len += 4) {
		for (int kind = 0; kind < 3; kind++) {
			memset(junk, 0, sizeof(junk));
			if (kind == 1)
				rng_bytes(&rng, junk, len);
			if (kind == 2)
				memcpy(junk, cookie,
				    len < COOKIE_LEN ? len : COOKIE_LEN);
			if (kind == 2 && len == COOKIE_LEN)
				continue;
			pkt_start(&p, 0x23);
			pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
			pkt_field(&p, 0x0204, junk, len);
			seal_with(keys.c2s, NULL, 0);
			assert_int_equal(serve_p(), ERR_AUTH);
		}
	}
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0204, NULL, 0);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), ERR_BAD);
}

/* A request sealed with the zeros that a bad cookie stands for. */
static void
d1_zero_keys_do_not_help(void **state)
{
	static const uint8_t zero[CRYPTO_AEAD_KEY_MAX];

	(void)state;
	pkt_start(&p, 0x23);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0204, NULL, COOKIE_LEN);
	seal_with(zero, NULL, 0);
	assert_int_equal(serve_p(), ERR_AUTH);
}

static void
d3_other_session(void **state)
{
	struct nts_keys other = rig_keys(15, &rng);

	(void)state;
	start_good();
	seal_with(other.c2s, NULL, 0);
	assert_int_equal(serve_p(), ERR_AUTH);
}

static void
d4_two_cookies(void **state)
{
	(void)state;
	start_good();
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), ERR_BAD);
}

static void
d6_cookie_used_again(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		good_request(0);
		assert_int_equal(serve_p(), 0);
	}
}

/* J1, J8: placeholders, how many and how long. */
static void
j1_j8_placeholders(void **state)
{
	unsigned cnt = 0;

	(void)state;
	for (unsigned n = 0; n <= 7; n++) {
		good_request(n);
		assert_int_equal(serve(p.data, p.out.pos, &cnt), 0);
		assert_int_equal(cnt, 1 + n);
	}
	good_request(8);
	assert_int_equal(serve_p(), ERR_BAD);
	for (size_t len = 12; len <= 200; len += 4) {
		start_good();
		pkt_field(&p, 0x0304, NULL, len);
		seal_with(keys.c2s, NULL, 0);
		assert_int_equal(serve_p(), len == COOKIE_LEN ? 0 : ERR_BAD);
	}
	start_good();
	for (int i = 0; i < 300 && p.out.pos < 3900; i++)
		pkt_field(&p, 0x0304, NULL, 12);
	assert_int_equal(serve_p(), ERR_BAD);
}

/* J1: placeholders in the ciphertext count, up to the same limit. */
static void
j1_encrypted_placeholders(void **state)
{
	static struct pkt inner;

	(void)state;
	for (unsigned clear = 0; clear <= 8; clear++)
		for (unsigned hidden = 0; clear + hidden <= 9; hidden++) {
			bool ok = clear + hidden <= 7;
			unsigned cnt = 0;

			pkt_start(&inner, 0);
			for (unsigned i = 0; i < hidden; i++)
				pkt_field(&inner, 0x0304, NULL, COOKIE_LEN);
			start_good();
			for (unsigned i = 0; i < clear; i++)
				pkt_field(&p, 0x0304, NULL, COOKIE_LEN);
			seal_with(
			    keys.c2s, inner.data + 48, inner.out.pos - 48);
			assert_int_equal(
			    serve(p.data, p.out.pos, &cnt), ok ? 0 : ERR_BAD);
			if (ok)
				assert_int_equal(cnt, 1 + clear + hidden);
		}
}

/* RFC 8915 section 5.6: a short nonce needs padding, which keeps room for
 * the response. */
static void
j1_short_nonces(void **state)
{
	(void)state;
	for (size_t nonce_len = 1; nonce_len <= 24; nonce_len++)
		for (size_t padding = 0; padding <= 20; padding += 4) {
			struct pkt_seal s = {.aead = 15,
			    .key = keys.c2s,
			    .nonce_len = nonce_len,
			    .padding = padding};
			size_t padded = (nonce_len + 3) & ~(size_t)3;
			bool ok = padded + padding >= 16;

			start_good();
			pkt_seal(&p, &s);
			assert_int_equal(serve_p(), ok ? 0 : ERR_BAD);
		}
}

/* Fields of strangers in front are authenticated and ignored. */
static void
b4_unknown_fields(void **state)
{
	(void)state;
	pkt_start(&p, 0x23);
	pkt_field(&p, 0xffff, NULL, 16);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	pkt_field(&p, 0x0000, NULL, 12);
	pkt_field(&p, 0x0204, cookie, COOKIE_LEN);
	seal_with(keys.c2s, NULL, 0);
	assert_int_equal(serve_p(), 0);
	pkt_start(&p, 0x23);
	assert_int_equal(serve_p(), ERR_ABSENT);
	pkt_field(&p, 0x1234, NULL, 40);
	assert_int_equal(serve_p(), ERR_ABSENT);
	pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
	assert_int_equal(serve_p(), ERR_BAD);
}

/* Every algorithm whose cookies we make, also those this machine lacks. */
static void
other_algorithms(void **state)
{
	static const unsigned ids[] = {16, 17, 30, 31};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct nts_keys k = rig_keys(ids[i], &rng);
		struct pkt_seal s = {.aead = ids[i], .key = k.c2s};
		bool here = nts_aeads_get(&server.aeads, ids[i]) != NULL;
		uint8_t c[NTS_COOKIE_OURS_MAX];

		assert_int_equal(
		    nts_cookie_seal(&server.cookies, &k, &rng, c), 0);
		pkt_start(&p, 0x23);
		pkt_field(&p, 0x0104, uid, NTS_UID_LEN);
		pkt_field(&p, 0x0204, c, nts_cookie_len(ids[i]));
		if (!here)
			s.aead = 15;
		pkt_seal(&p, &s);
		assert_int_equal(serve_p(), here ? 0 : ERR_AUTH);
	}
}

/* J7: without keys every request is refused, and nothing breaks. */
static void
j7_no_keys(void **state)
{
	struct nts_server_ctx bare, keep = server;

	(void)state;
	good_request(0);
	assert_int_equal(nts_server_init(&bare, &rng), 0);
	server = bare;
	assert_int_equal(serve_p(), ERR_AUTH);
	nts_server_fini(&server);
	server = keep;
}

static int
setup(void **state)
{
	struct nts_keyring ring;

	(void)state;
	rng = rig_rng(&seed);
	nts_keyring_init(&ring, (struct wall){0}, &rng);
	if (nts_server_init(&server, &rng) != 0 ||
	    nts_cookie_keys_load(&server.cookies, &ring) != 0)
		return -1;
	keys = rig_keys(15, &rng);
	rng_bytes(&rng, uid, sizeof(uid));
	return nts_cookie_seal(&server.cookies, &keys, &rng, cookie);
}

static int
teardown(void **state)
{
	(void)state;
	nts_server_fini(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c1_c8_flips),
	    cmocka_unit_test(c2_truncated),
	    cmocka_unit_test(c3_lengths),
	    cmocka_unit_test(c4_bodies),
	    cmocka_unit_test(c5_layout),
	    cmocka_unit_test(c6_behind),
	    cmocka_unit_test(c7_keys_swapped),
	    cmocka_unit_test(c9_inner),
	    cmocka_unit_test(c10_version_3),
	    cmocka_unit_test(c11_uid),
	    cmocka_unit_test(d1_d2_cookies),
	    cmocka_unit_test(d1_zero_keys_do_not_help),
	    cmocka_unit_test(d3_other_session),
	    cmocka_unit_test(d4_two_cookies),
	    cmocka_unit_test(d6_cookie_used_again),
	    cmocka_unit_test(j1_j8_placeholders),
	    cmocka_unit_test(j1_encrypted_placeholders),
	    cmocka_unit_test(j1_short_nonces),
	    cmocka_unit_test(b4_unknown_fields),
	    cmocka_unit_test(other_algorithms),
	    cmocka_unit_test(j7_no_keys),
	};

	return cmocka_run_group_tests_name(
	    "nts/ef server", tests, setup, teardown);
}
