/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's half of NTS-KE: requests good and bad at every split, and
 * its responses read by our own client.
 */
#include "nts/ke_server.h"
#include "nts_rig.h"

static const struct nts_ke_server_conf conf = {
    .aeads = {15, 17, 30},
    .aead_cnt = 3,
    .port = 123,
};

struct mint_rig {
	uint64_t seed;
	struct rng rng;
	struct nts_cookie_keys cookies;
	struct nts_keys session;
	struct nts_ke_mint mint;
};

static void
rig_init(struct mint_rig *r, unsigned aead)
{
	struct nts_keyring ring;

	r->seed = 7;
	r->rng = rig_rng(&r->seed);
	nts_keyring_init(&ring, (struct wall){0}, &r->rng);
	nts_cookie_keys_init(&r->cookies);
	assert_int_equal(nts_cookie_keys_load(&r->cookies, &ring), 0);
	r->session = rig_keys(aead, &r->rng);
	r->mint.session = &r->session;
	r->mint.cookies = &r->cookies;
	r->mint.rng = &r->rng;
}

#define PROTO    "800100020000"
#define AEAD     "80040002000f"
#define END      "80000000"
#define CRITICAL "800200020000" END
#define BAD      "800200020001" END

/* E3 to E6, E9: request and the whole response; "" for cookies given. */
static const struct {
	const char *request;
	enum nts_ke_verdict verdict;
	const char *response;
} rows[] = {
    {PROTO AEAD END, NTS_KE_AGREED, ""},
    {AEAD PROTO END, NTS_KE_AGREED, ""},
    {PROTO "00040002000f" END, NTS_KE_AGREED, ""},
    {"8001000480010000" AEAD END, NTS_KE_AGREED, ""},
    {PROTO "80040006000100020011" END, NTS_KE_AGREED, ""},
    {PROTO AEAD "4abc000101" END, NTS_KE_AGREED, ""},
    {PROTO AEAD "0006000161"
		"00070002007b" END,
	NTS_KE_AGREED, ""},
    {PROTO AEAD "04000000" END, NTS_KE_AGREED, ""},
    {PROTO AEAD END "deadbeef", NTS_KE_AGREED, ""},
    {PROTO AEAD END PROTO AEAD END, NTS_KE_AGREED, ""},
    /* E3 */
    {PROTO AEAD "c0010000" END, NTS_KE_CRITICAL, CRITICAL},
    {"c0010000" PROTO AEAD END, NTS_KE_CRITICAL, CRITICAL},
    {PROTO "c0010000" END, NTS_KE_CRITICAL, CRITICAL},
    /* E4 */
    {END, NTS_KE_BAD_REQUEST, BAD},
    {AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO PROTO AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO AEAD AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {"80010003000000" AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {"80010000" AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {"000100020000" AEAD END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO "80040001ff" END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO "80040000" END, NTS_KE_BAD_REQUEST, BAD},
    /* E5 */
    {PROTO "80040002000e" END, NTS_KE_NO_AEAD, PROTO "80040000" END},
    {PROTO "800400020010" END, NTS_KE_NO_AEAD, PROTO "80040000" END},
    {"800100028001" AEAD END, NTS_KE_NO_PROTOCOL, "80010000" END},
    {"800100028001" END, NTS_KE_NO_PROTOCOL, "80010000" END},
    /* E6 */
    {PROTO AEAD "0005000400000000" END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO AEAD "800200020001" END, NTS_KE_BAD_REQUEST, BAD},
    {PROTO AEAD "800300020001" END, NTS_KE_BAD_REQUEST, BAD},
    /* E9 */
    {PROTO AEAD "8000000100", NTS_KE_BAD_REQUEST, BAD},
    {PROTO AEAD "00000000", NTS_KE_BAD_REQUEST, BAD},
};

static int
feed_split(struct nts_ke_server *ke, const uint8_t *buf, size_t len, size_t cut)
{
	int rc;

	nts_ke_server_init(ke, &conf);
	rc = nts_ke_server_feed(ke, buf, cut);
	if (rc == ERR_AGAIN)
		rc = nts_ke_server_feed(ke, buf + cut, len - cut);
	return rc;
}

/* E3 to E6, E8, E9. */
static void
e3_to_e9_table(void **state)
{
	static struct nts_ke_server ke;
	struct mint_rig r;

	(void)state;
	rig_init(&r, 15);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t req[128], want[64], resp[NTS_KE_SERVER_RESPONSE_MAX];
		size_t len = rig_hex(req, sizeof(req), rows[i].request);
		size_t want_len = rig_hex(want, sizeof(want), rows[i].response);

		for (size_t cut = 0; cut <= len; cut++) {
			struct nts_ke_context ctx;
			struct bytes_out out;
			bool keys;

			if (feed_split(&ke, req, len, cut) != 0 ||
			    ke.verdict != rows[i].verdict)
				fail_msg("row %zu cut %zu: %u", i, cut,
				    (unsigned)ke.verdict);
			keys = nts_ke_server_wants_keys(&ke, &ctx);
			assert_int_equal(
			    keys, rows[i].verdict == NTS_KE_AGREED);
			r.session.aead = ke.aead;
			r.session.key_len =
			    (uint8_t)crypto_aead_key_len(ke.aead);
			bytes_out_init(&out, resp, sizeof(resp));
			assert_int_equal(nts_ke_server_respond(
					     &ke, keys ? &r.mint : NULL, &out),
			    0);
			if (keys) {
				assert_true(out.pos > 8 * 96);
				continue;
			}
			assert_int_equal(out.pos, want_len);
			assert_memory_equal(resp, want, want_len);
		}
	}
	nts_cookie_keys_fini(&r.cookies);
}

/* E9, E10: truncated at every byte, then closed. */
static void
e9_e10_truncated(void **state)
{
	static struct nts_ke_server ke;
	uint8_t req[64], resp[64], want[16];
	size_t len = rig_hex(req, sizeof(req), PROTO AEAD END);
	size_t want_len = rig_hex(want, sizeof(want), BAD);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct bytes_out out;

		nts_ke_server_init(&ke, &conf);
		assert_int_equal(nts_ke_server_feed(&ke, req, cut), ERR_AGAIN);
		assert_int_equal(nts_ke_server_eof(&ke), cut ? 0 : ERR_CLOSED);
		bytes_out_init(&out, resp, sizeof(resp));
		assert_int_equal(nts_ke_server_respond(&ke, NULL, &out), 0);
		assert_int_equal(out.pos, want_len);
		assert_memory_equal(resp, want, want_len);
	}
}

/* E7: one long record, an endless stream of short ones. */
static void
e7_too_long(void **state)
{
	static const uint8_t big[] = {0x40, 0, 0xff, 0xff};
	static const uint8_t small[] = {0x40, 0, 0, 0};
	static struct nts_ke_server ke;
	int rc = ERR_AGAIN;
	unsigned cnt = 0;

	(void)state;
	nts_ke_server_init(&ke, &conf);
	assert_int_equal(nts_ke_server_feed(&ke, big, 4), ERR_FULL);
	assert_int_equal(nts_ke_server_feed(&ke, big, 4), ERR_FULL);
	nts_ke_server_init(&ke, &conf);
	while (rc == ERR_AGAIN && cnt++ < 100000)
		rc = nts_ke_server_feed(&ke, small, 4);
	assert_int_equal(rc, ERR_FULL);
	assert_int_equal(cnt, NTS_KE_RECORDS_MAX + 1);
}

/* RFC 8915 section 4: requests of at least 1024 octets are read. */
static void
long_request_is_read(void **state)
{
	static uint8_t req[16384];
	static struct nts_ke_server ke;
	struct bytes_out out;
	const uint16_t list[] = {0, 15};

	(void)state;
	bytes_out_init(&out, req, sizeof(req));
	nts_record_put_u16s(&out, 0x8001, list, 1);
	nts_record_put_u16s(&out, 0x8004, list + 1, 1);
	bytes_put_u16(&out, 0x4123);
	bytes_put_u16(&out, 10000);
	bytes_put_zero(&out, 10000);
	nts_record_put(&out, 0x8000, "", 0);
	nts_ke_server_init(&ke, &conf);
	assert_int_equal(nts_ke_server_feed(&ke, req, out.pos), 0);
	assert_int_equal(ke.verdict, NTS_KE_AGREED);
}

/* The client's order decides; AEAD 30 asks for record 1024. */
static void
choice_of_aead(void **state)
{
	static const struct {
		const char *request;
		unsigned aead, context;
	} cases[] = {
	    {PROTO "80040004000f0011" END, 15, 15},
	    {PROTO "80040004"
		   "0011"
		   "000f" END,
		17, 17},
	    {PROTO "80040004001e000f" END, 15, 15},
	    {PROTO "80040004001e000f"
		   "04000000" END,
		30, 30},
	    {"04000000" PROTO "80040004001e000f" END, 30, 30},
	    {PROTO "80040004000f001e"
		   "04000000" END,
		15, 15},
	    {PROTO "80040002001e"
		   "04000000" END,
		30, 30},
	    {PROTO "80040002001e" END, 30, 15},
	    {PROTO "80040006001f0010000f" END, 15, 15},
	};
	static struct nts_ke_server ke;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nts_ke_context ctx;
		uint8_t req[64];
		size_t len = rig_hex(req, sizeof(req), cases[i].request);

		nts_ke_server_init(&ke, &conf);
		assert_int_equal(nts_ke_server_feed(&ke, req, len), 0);
		assert_int_equal(ke.aead, cases[i].aead);
		assert_true(nts_ke_server_wants_keys(&ke, &ctx));
		assert_int_equal(ctx.c2s[3], cases[i].context);
		assert_int_equal(ctx.c2s[4], 0);
		assert_int_equal(ctx.s2c[3], cases[i].context);
		assert_int_equal(ctx.s2c[4], 1);
	}
}

/* Our client, our server, all algorithms: cookies that hold the keys. */
static void
both_halves(void **state)
{
	static const uint16_t aeads[] = {15, 16, 17, 30, 31};
	static struct nts_ke_server srv;
	static struct nts_ke_client cli;
	struct nts_ke_server_conf c = {
	    .server = "ntp.example.org", .port = 11123};

	(void)state;
	memcpy(c.aeads, aeads, sizeof(aeads));
	c.aead_cnt = 5;
	for (size_t i = 0; i < 5; i++) {
		struct nts_ke_offer offer = {.aeads = &aeads[i], .aead_cnt = 1};
		uint8_t req[64], resp[NTS_KE_SERVER_RESPONSE_MAX];
		struct nts_ke_context ctx;
		struct bytes_out out;
		struct nts_keys got;
		struct mint_rig r;

		rig_init(&r, aeads[i]);
		assert_int_equal(nts_ke_client_init(&cli, &offer), 0);
		bytes_out_init(&out, req, sizeof(req));
		assert_int_equal(nts_ke_client_request(&cli, &out), 0);
		nts_ke_server_init(&srv, &c);
		assert_int_equal(nts_ke_server_feed(&srv, req, out.pos), 0);
		assert_true(nts_ke_server_wants_keys(&srv, &ctx));
		bytes_out_init(&out, resp, sizeof(resp));
		assert_int_equal(nts_ke_server_respond(&srv, &r.mint, &out), 0);
		assert_int_equal(nts_ke_client_feed(&cli, resp, out.pos), 0);
		assert_int_equal(cli.result.context_cnt, 1);
		assert_memory_equal(&cli.result.contexts[0], &ctx, sizeof(ctx));
		assert_string_equal(cli.result.server, "ntp.example.org");
		assert_int_equal(cli.result.port, 11123);
		assert_int_equal(cli.result.cookie_cnt, 8);
		for (unsigned n = 0; n < 8; n++) {
			assert_int_equal(cli.result.cookies[n].len,
			    nts_cookie_len(aeads[i]));
			assert_int_equal(nts_cookie_open(&r.cookies,
					     cli.result.cookies[n].data,
					     cli.result.cookies[n].len, &got),
			    0);
			assert_memory_equal(&got, &r.session, sizeof(got));
		}
		nts_cookie_keys_fini(&r.cookies);
	}
}

/* No keys, keys of another algorithm, no ring: error 2, and no cookie. */
static void
internal_errors(void **state)
{
	uint8_t req[64], resp[NTS_KE_SERVER_RESPONSE_MAX];
	size_t len = rig_hex(req, sizeof(req), PROTO AEAD END);
	static struct nts_ke_server ke;
	struct mint_rig r;

	(void)state;
	rig_init(&r, 17);
	for (int i = 0; i < 3; i++) {
		struct bytes_out out;

		if (i == 2) {
			nts_cookie_keys_fini(&r.cookies);
			r.session = rig_keys(15, &r.rng);
		}
		nts_ke_server_init(&ke, &conf);
		assert_int_equal(nts_ke_server_feed(&ke, req, len), 0);
		bytes_out_init(&out, resp, sizeof(resp));
		assert_int_equal(
		    nts_ke_server_respond(&ke, i ? &r.mint : NULL, &out), 0);
		assert_int_equal(ke.verdict, NTS_KE_INTERNAL);
		assert_int_equal(out.pos, 10);
		assert_memory_equal(
		    resp, "\x80\x02\x00\x02\x00\x02\x80\x00\x00\x00", 10);
	}
}

static void
response_that_does_not_fit(void **state)
{
	uint8_t req[64], resp[NTS_KE_SERVER_RESPONSE_MAX];
	size_t len = rig_hex(req, sizeof(req), PROTO AEAD END);
	static struct nts_ke_server ke;
	struct mint_rig r;

	(void)state;
	rig_init(&r, 15);
	for (size_t max = 0; max < 16 + 8 * 100; max++) {
		struct bytes_out out;

		nts_ke_server_init(&ke, &conf);
		assert_int_equal(nts_ke_server_feed(&ke, req, len), 0);
		bytes_out_init(&out, resp, max);
		assert_int_equal(
		    nts_ke_server_respond(&ke, &r.mint, &out), ERR_FULL);
	}
	nts_cookie_keys_fini(&r.cookies);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(e3_to_e9_table),
	    cmocka_unit_test(e9_e10_truncated),
	    cmocka_unit_test(e7_too_long),
	    cmocka_unit_test(long_request_is_read),
	    cmocka_unit_test(choice_of_aead),
	    cmocka_unit_test(both_halves),
	    cmocka_unit_test(internal_errors),
	    cmocka_unit_test(response_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("nts/ke_server", tests, NULL, NULL);
}
