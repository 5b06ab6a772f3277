/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's half of NTS-KE against recorded servers and hostile ones.
 */
#include "nts/ke_client.h"
#include "nts_rig.h"

#define LINE_MAX_LEN 8192

static const uint16_t offer_15[] = {15};
static const uint16_t offer_30_15[] = {30, 15};

static void
begin(struct nts_ke_client *ke, bool gcm)
{
	struct nts_ke_offer offer = {
	    .aeads = gcm ? offer_30_15 : offer_15,
	    .aead_cnt = gcm ? 2 : 1,
	};

	assert_int_equal(nts_ke_client_init(ke, &offer), 0);
}

static void
check_recorded(const char *peer, unsigned cnt, size_t cookie_len,
    const struct nts_ke_client *ke)
{
	const struct nts_ke_result *r = &ke->result;

	assert_int_equal(r->aead, 15);
	assert_int_equal(r->cookie_cnt, cnt);
	assert_int_equal(r->cookie_seen, cnt);
	assert_int_equal(r->context_cnt, 1);
	assert_memory_equal(r->contexts[0].c2s, "\0\0\0\x0f\0", 5);
	assert_memory_equal(r->contexts[0].s2c, "\0\0\0\x0f\1", 5);
	assert_string_equal(r->server, "");
	for (unsigned i = 0; i < cnt; i++)
		assert_int_equal(r->cookies[i].len, cookie_len);
	if (strcmp(peer, "chrony-4.8") == 0)
		assert_int_equal(r->port, 11123);
	if (strcmp(peer, "ntpsec-1.2.2") == 0)
		assert_int_equal(r->port, 123);
}

static void
recorded_at_every_split(const char *peer, unsigned cnt, size_t cookie_len,
    const uint8_t *resp, size_t len)
{
	static struct nts_ke_client ke;

	for (size_t cut = 0; cut <= len; cut++) {
		begin(&ke, false);
		if (cut < len)
			assert_int_equal(
			    nts_ke_client_feed(&ke, resp, cut), ERR_AGAIN);
		else
			assert_int_equal(nts_ke_client_feed(&ke, resp, cut), 0);
		assert_int_equal(
		    nts_ke_client_feed(&ke, resp + cut, len - cut), 0);
		assert_int_equal(nts_ke_client_eof(&ke), 0);
		check_recorded(peer, cnt, cookie_len, &ke);
	}
}

static void
recorded_truncated(const uint8_t *resp, size_t len)
{
	static struct nts_ke_client ke;

	for (size_t cut = 0; cut < len; cut++) {
		begin(&ke, false);
		assert_int_equal(nts_ke_client_feed(&ke, resp, cut), ERR_AGAIN);
		assert_int_equal(nts_ke_client_eof(&ke), ERR_BAD);
		assert_int_equal(ke.fail, NTS_KE_FAIL_CLOSED);
		assert_int_equal(ke.result.cookie_cnt, 0);
		assert_int_equal(
		    nts_ke_client_feed(&ke, resp + cut, len - cut), ERR_BAD);
	}
}

/* E8, F1: each recorded exchange at every split and every truncation. */
static void
recorded_servers(void **state)
{
	FILE *f = fopen("tests/data/nts-ke.txt", "r");
	static char line[LINE_MAX_LEN];
	unsigned seen = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		static uint8_t req[256], resp[LINE_MAX_LEN / 2], ours[256];
		char *word[6], *save = NULL;
		static struct nts_ke_client ke;
		struct bytes_out out;
		size_t req_len, resp_len;

		if (line[0] == '#')
			continue;
		for (int i = 0; i < 6; i++)
			word[i] = strtok_r(i ? NULL : line, " \n", &save);
		assert_non_null(word[5]);
		req_len = rig_hex(req, sizeof(req), word[4]);
		resp_len = rig_hex(resp, sizeof(resp), word[5]);
		begin(&ke, false);
		bytes_out_init(&out, ours, sizeof(ours));
		assert_int_equal(nts_ke_client_request(&ke, &out), 0);
		assert_int_equal(out.pos, req_len);
		assert_memory_equal(ours, req, req_len);
		recorded_at_every_split(word[0],
		    (unsigned)strtoul(word[2], NULL, 10),
		    strtoul(word[3], NULL, 10), resp, resp_len);
		recorded_truncated(resp, resp_len);
		seen++;
	}
	(void)fclose(f);
	assert_int_equal(seen, 3);
}

static void
request_with_gcm_siv(void **state)
{
	struct nts_ke_client ke;
	uint8_t buf[NTS_KE_CLIENT_REQUEST_MAX];
	struct bytes_out out;

	(void)state;
	begin(&ke, true);
	bytes_out_init(&out, buf, sizeof(buf));
	assert_int_equal(nts_ke_client_request(&ke, &out), 0);
	assert_int_equal(out.pos, 22);
	assert_memory_equal(buf,
	    "\x80\x01\x00\x02\x00\x00\x80\x04\x00\x04\x00\x1e\x00\x0f"
	    "\x04\x00\x00\x00\x80\x00\x00\x00",
	    22);
	bytes_out_init(&out, buf, 21);
	assert_int_equal(nts_ke_client_request(&ke, &out), ERR_FULL);
}

static void
bad_offers(void **state)
{
	static const uint16_t many[9] = {15, 15, 15, 15, 15, 15, 15, 15, 15};
	static const uint16_t unknown[1] = {14};
	struct nts_ke_client ke;
	struct nts_ke_offer offer = {.aeads = many, .aead_cnt = 9};

	(void)state;
	assert_int_equal(nts_ke_client_init(&ke, &offer), ERR_BAD);
	offer.aead_cnt = 0;
	assert_int_equal(nts_ke_client_init(&ke, &offer), ERR_BAD);
	offer.aeads = unknown;
	offer.aead_cnt = 1;
	assert_int_equal(nts_ke_client_init(&ke, &offer), ERR_BAD);
	offer.aeads = many;
	offer.aead_cnt = 8;
	assert_int_equal(nts_ke_client_init(&ke, &offer), 0);
}

/* Parts of responses, hexadecimal. */
#define PROTO  "800100020000"
#define AEAD   "80040002000f"
#define AEAD30 "80040002001e"
#define GCM    "04000000"
#define COOKIE "00050010000102030405060708090a0b0c0d0e0f"
#define END    "80000000"
#define GOOD   PROTO AEAD COOKIE END

/* F4, F5, D7: what a server may say wrong, and one by one, what is right. */
static const struct {
	const char *hex;
	enum nts_ke_fail fail;
} rows[] = {
    {GOOD, NTS_KE_FAIL_NONE},
    {AEAD COOKIE PROTO END, NTS_KE_FAIL_NONE},
    {PROTO "00040002000f" COOKIE END, NTS_KE_FAIL_NONE},
    {PROTO AEAD "4abc0003010203" COOKIE END, NTS_KE_FAIL_NONE},
    {PROTO AEAD COOKIE GCM END, NTS_KE_FAIL_NONE},
    {END, NTS_KE_FAIL_PROTOCOL},
    {AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {PROTO PROTO AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {"000100020000" AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {"800100020001" AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {"8001000400000000" AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {"8001000100" AEAD COOKIE END, NTS_KE_FAIL_PROTOCOL},
    {"80010000" END, NTS_KE_FAIL_NO_PROTOCOL},
    {PROTO COOKIE END, NTS_KE_FAIL_AEAD},
    {PROTO AEAD AEAD COOKIE END, NTS_KE_FAIL_AEAD},
    {PROTO "80040004000f000f" COOKIE END, NTS_KE_FAIL_AEAD},
    {PROTO "800400030f0f0f" COOKIE END, NTS_KE_FAIL_AEAD},
    {PROTO "80040000" END, NTS_KE_FAIL_NO_AEAD},
    {PROTO "800400020011" COOKIE END, NTS_KE_FAIL_NOT_OFFERED},
    {PROTO AEAD30 COOKIE END, NTS_KE_FAIL_NOT_OFFERED},
    {"800200020000" END, NTS_KE_FAIL_PEER_CRITICAL},
    {"800200020001" END, NTS_KE_FAIL_PEER_BAD},
    {"800200020002" END, NTS_KE_FAIL_PEER_INTERNAL},
    {"80020002004d" END, NTS_KE_FAIL_PEER_OTHER},
    {"0002000100" END, NTS_KE_FAIL_PEER_OTHER},
    {PROTO AEAD COOKIE "800200020001" END, NTS_KE_FAIL_PEER_BAD},
    {PROTO AEAD COOKIE "800300020000" END, NTS_KE_FAIL_WARNING},
    {PROTO AEAD COOKIE "c00100020000" END, NTS_KE_FAIL_CRITICAL},
    {PROTO AEAD COOKIE "84010000" END, NTS_KE_FAIL_CRITICAL},
    {PROTO AEAD END, NTS_KE_FAIL_NO_COOKIE},
    {PROTO AEAD "00050000" END, NTS_KE_FAIL_COOKIE},
    {PROTO AEAD "0005000400010203" END, NTS_KE_FAIL_COOKIE},
    {PROTO AEAD "0005000d000102030405060708090a0b0c" END, NTS_KE_FAIL_COOKIE},
    {PROTO AEAD COOKIE "0006000b6e74702e6578616d706c65" END, NTS_KE_FAIL_NONE},
    {PROTO AEAD COOKIE "8006000b6e74702e6578616d706c65"
		       "8006000b6e74702e6578616d706c65" END,
	NTS_KE_FAIL_SERVER},
    {PROTO AEAD COOKIE "80060000" END, NTS_KE_FAIL_SERVER},
    {PROTO AEAD COOKIE "80060003610062" END, NTS_KE_FAIL_SERVER},
    {PROTO AEAD COOKIE "800600093132372e302e302e31" END, NTS_KE_FAIL_SERVER},
    {PROTO AEAD COOKIE "800600093232342e302e302e31" END, NTS_KE_FAIL_SERVER},
    {PROTO AEAD COOKIE "80070002007b" END, NTS_KE_FAIL_NONE},
    {PROTO AEAD COOKIE "800700020000" END, NTS_KE_FAIL_PORT},
    {PROTO AEAD COOKIE "80070003000100" END, NTS_KE_FAIL_PORT},
    {PROTO AEAD COOKIE "80070002007b80070002007b" END, NTS_KE_FAIL_PORT},
    {PROTO AEAD COOKIE "00000000", NTS_KE_FAIL_END},
    {PROTO AEAD COOKIE "8000000100", NTS_KE_FAIL_END},
    {GOOD "00", NTS_KE_FAIL_TRAILING},
    {GOOD COOKIE, NTS_KE_FAIL_TRAILING},
    {GOOD END, NTS_KE_FAIL_TRAILING},
};

/* The whole, and cut at each place: the same verdict. */
static void
f4_f5_d7_table(void **state)
{
	static struct nts_ke_client ke;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[512];
		size_t len = rig_hex(buf, sizeof(buf), rows[i].hex);
		int want = rows[i].fail == NTS_KE_FAIL_NONE ? 0 : ERR_BAD;

		for (size_t cut = 0; cut <= len; cut++) {
			int rc;

			begin(&ke, false);
			rc = nts_ke_client_feed(&ke, buf, cut);
			if (cut < len && rc != ERR_BAD)
				rc = nts_ke_client_feed(
				    &ke, buf + cut, len - cut);
			if (rc != want || ke.fail != rows[i].fail)
				fail_msg("row %zu cut %zu: rc %d, %s", i, cut,
				    rc, nts_ke_client_fail_text(ke.fail));
			if (want != 0)
				assert_int_equal(ke.result.cookie_cnt, 0);
		}
	}
}

static void
put_good_head(struct bytes_out *out, uint8_t *buf, size_t max)
{
	const uint16_t ntpv4 = 0;

	bytes_out_init(out, buf, max);
	nts_record_put_u16s(out, 0x8001, &ntpv4, 1);
	nts_record_put_u16s(out, 0x8004, offer_15, 1);
}

/* F4, D7: nine to a hundred cookies are cut to eight; a flood is not. */
static void
f4_d7_many_cookies(void **state)
{
	static const struct {
		unsigned cnt;
		bool ok;
	} cases[] = {{1, true}, {8, true}, {9, true}, {50, true}, {100, true},
	    {1000, false}};
	static uint8_t buf[65536];
	static struct nts_ke_client ke;

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct bytes_out out;
		int rc;

		put_good_head(&out, buf, sizeof(buf));
		for (unsigned i = 0; i < cases[c].cnt; i++) {
			uint8_t cookie[16] = {(uint8_t)i, (uint8_t)(i >> 8)};

			nts_record_put(&out, 5, cookie, sizeof(cookie));
		}
		nts_record_put(&out, 0x8000, "", 0);
		begin(&ke, false);
		rc = nts_ke_client_feed(&ke, buf, out.pos);
		assert_int_equal(rc, cases[c].ok ? 0 : ERR_BAD);
		if (!cases[c].ok) {
			assert_int_equal(ke.fail, NTS_KE_FAIL_TOO_LONG);
			continue;
		}
		assert_int_equal(ke.result.cookie_seen, cases[c].cnt);
		assert_int_equal(
		    ke.result.cookie_cnt, cases[c].cnt < 8 ? cases[c].cnt : 8);
		for (unsigned i = 0; i < ke.result.cookie_cnt; i++)
			assert_int_equal(ke.result.cookies[i].data[0], i);
	}
}

/* D7: lengths around the limits. */
static void
d7_cookie_lengths(void **state)
{
	static uint8_t buf[8192], body[4000];
	static struct nts_ke_client ke;

	(void)state;
	for (size_t len = 0; len <= sizeof(body); len++) {
		bool ok = len >= 12 && len <= 512 && len % 4 == 0;
		struct bytes_out out;

		put_good_head(&out, buf, sizeof(buf));
		nts_record_put(&out, 5, body, len);
		nts_record_put(&out, 0x8000, "", 0);
		begin(&ke, false);
		assert_int_equal(
		    nts_ke_client_feed(&ke, buf, out.pos), ok ? 0 : ERR_BAD);
		assert_int_equal(
		    ke.fail, ok ? NTS_KE_FAIL_NONE : NTS_KE_FAIL_COOKIE);
	}
}

/* F6: an endless response ends at 64 KiB, whatever its pieces. */
static void
f6_endless(void **state)
{
	static const uint8_t head[4] = {0x40, 0x00, 0x10, 0x00};
	static const uint8_t body[4096];
	static struct nts_ke_client ke;
	size_t total = 0;
	int rc = ERR_AGAIN;

	(void)state;
	begin(&ke, false);
	while (rc == ERR_AGAIN && total < 1000000) {
		rc = nts_ke_client_feed(&ke, head, sizeof(head));
		if (rc == ERR_AGAIN)
			rc = nts_ke_client_feed(&ke, body, sizeof(body));
		total += sizeof(head) + sizeof(body);
	}
	assert_int_equal(rc, ERR_BAD);
	assert_int_equal(ke.fail, NTS_KE_FAIL_TOO_LONG);
	assert_true(total <= 65536 + 4100);
}

/* RFC 8915 section 4: at least 65536 octets should be accepted; we stop one
 * short of that. */
static void
long_response_is_read(void **state)
{
	static uint8_t buf[65536], filler[60000];
	static struct nts_ke_client ke;
	struct bytes_out out;

	(void)state;
	put_good_head(&out, buf, sizeof(buf));
	nts_record_put(&out, 0x4000, filler, sizeof(filler));
	nts_record_put(&out, 5, filler, 100);
	nts_record_put(&out, 0x8000, "", 0);
	begin(&ke, false);
	assert_int_equal(nts_ke_client_feed(&ke, buf, out.pos), 0);
}

/* AEAD 30 and record 1024: which exporter contexts. */
static void
gcm_siv_contexts(void **state)
{
	static struct nts_ke_client ke;
	uint8_t buf[128];
	size_t len;

	(void)state;
	begin(&ke, true);
	len = rig_hex(buf, sizeof(buf), PROTO AEAD30 GCM COOKIE END);
	assert_int_equal(nts_ke_client_feed(&ke, buf, len), 0);
	assert_int_equal(ke.result.aead, 30);
	assert_int_equal(ke.result.context_cnt, 1);
	assert_memory_equal(ke.result.contexts[0].c2s, "\0\0\0\x1e\0", 5);

	begin(&ke, true);
	len = rig_hex(buf, sizeof(buf), PROTO AEAD30 COOKIE END);
	assert_int_equal(nts_ke_client_feed(&ke, buf, len), 0);
	assert_int_equal(ke.result.aead, 30);
	assert_int_equal(ke.result.context_cnt, 2);
	assert_memory_equal(ke.result.contexts[0].c2s, "\0\0\0\x0f\0", 5);
	assert_memory_equal(ke.result.contexts[0].s2c, "\0\0\0\x0f\1", 5);
	assert_memory_equal(ke.result.contexts[1].c2s, "\0\0\0\x1e\0", 5);
	assert_memory_equal(ke.result.contexts[1].s2c, "\0\0\0\x1e\1", 5);

	begin(&ke, true);
	len = rig_hex(buf, sizeof(buf), PROTO AEAD GCM COOKIE END);
	assert_int_equal(nts_ke_client_feed(&ke, buf, len), 0);
	assert_int_equal(ke.result.aead, 15);
	assert_int_equal(ke.result.context_cnt, 1);
	assert_memory_equal(ke.result.contexts[0].c2s, "\0\0\0\x0f\0", 5);
}

static void
server_and_port_are_given(void **state)
{
	static struct nts_ke_client ke;
	struct nts_ke_offer offer = {
	    .aeads = offer_15, .aead_cnt = 1, .loopback_ok = true};
	uint8_t buf[256];
	size_t len;

	(void)state;
	len = rig_hex(buf, sizeof(buf),
	    PROTO AEAD COOKIE "800600093132372e302e302e31800700022b73" END);
	assert_int_equal(nts_ke_client_init(&ke, &offer), 0);
	assert_int_equal(nts_ke_client_feed(&ke, buf, len), 0);
	assert_string_equal(ke.result.server, "127.0.0.1");
	assert_int_equal(ke.result.port, 11123);
}

static void
every_failure_has_its_words(void **state)
{
	(void)state;
	for (int i = 0; i < NTS_KE_FAIL_CNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    nts_ke_client_fail_text((enum nts_ke_fail)i),
			    nts_ke_client_fail_text((enum nts_ke_fail)j));
	assert_string_equal(
	    nts_ke_client_fail_text((enum nts_ke_fail)99), "unknown failure");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(recorded_servers),
	    cmocka_unit_test(request_with_gcm_siv),
	    cmocka_unit_test(bad_offers),
	    cmocka_unit_test(f4_f5_d7_table),
	    cmocka_unit_test(f4_d7_many_cookies),
	    cmocka_unit_test(d7_cookie_lengths),
	    cmocka_unit_test(f6_endless),
	    cmocka_unit_test(long_response_is_read),
	    cmocka_unit_test(gcm_siv_contexts),
	    cmocka_unit_test(server_and_port_are_given),
	    cmocka_unit_test(every_failure_has_its_words),
	};

	return cmocka_run_group_tests_name("nts/ke_client", tests, NULL, NULL);
}
