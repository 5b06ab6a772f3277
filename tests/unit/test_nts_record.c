/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE records: streams at every split, limits, names, contexts.
 */
#include "nts/record.h"
#include "nts_rig.h"

/* Three records: a cookie, an unknown one longer than is kept, the end. */
static size_t
sample(uint8_t *buf, size_t max)
{
	static uint8_t big[NTS_RECORD_BODY_MAX + 500];
	struct bytes_out out;

	memset(big, 0xa5, sizeof(big));
	bytes_out_init(&out, buf, max);
	nts_record_put(&out, NTS_RECORD_COOKIE, "abcdefgh", 8);
	nts_record_put(&out, 0x4abc, big, sizeof(big));
	nts_record_put(&out, NTS_RECORD_CRITICAL | NTS_RECORD_END, "", 0);
	assert_false(out.bad);
	return out.pos;
}

/* Return: how many records came out of a piece; each is checked. */
static unsigned
drain(struct nts_record_stream *s, const uint8_t *p, size_t len, unsigned from)
{
	struct nts_record rec;
	struct bytes_in in;
	int rc;

	bytes_in_init(&in, p, len);
	while ((rc = nts_record_stream_next(s, &in, &rec)) == 0) {
		if (from == 0) {
			assert_int_equal(rec.type, NTS_RECORD_COOKIE);
			assert_false(rec.critical);
			assert_int_equal(rec.len, 8);
			assert_memory_equal(rec.body, "abcdefgh", 8);
		} else if (from == 1) {
			assert_int_equal(rec.type, 0x4abc);
			assert_int_equal(rec.len, NTS_RECORD_BODY_MAX + 500);
			assert_int_equal(
			    rec.body[NTS_RECORD_BODY_MAX - 1], 0xa5);
			assert_int_equal(nts_record_u16(&rec, 511), 0xa5a5);
			assert_int_equal(nts_record_u16(&rec, 512), 0);
		} else {
			assert_int_equal(rec.type, NTS_RECORD_END);
			assert_true(rec.critical);
			assert_int_equal(rec.len, 0);
		}
		from++;
	}
	assert_int_equal(rc, ERR_AGAIN);
	assert_int_equal(bytes_left(&in), 0);
	return from;
}

static void
stream_at_every_split(void **state)
{
	static uint8_t buf[4096];
	struct nts_record_stream s;
	size_t len = sample(buf, sizeof(buf));

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		unsigned n;

		nts_record_stream_init(&s, NTS_KE_TOTAL_MAX);
		n = drain(&s, buf, cut, 0);
		n = drain(&s, buf + cut, len - cut, n);
		assert_int_equal(n, 3);
		assert_int_equal(s.total, len);
	}
}

static void
stream_byte_by_byte(void **state)
{
	static uint8_t buf[4096];
	struct nts_record_stream s;
	size_t len = sample(buf, sizeof(buf));
	unsigned n = 0;

	(void)state;
	nts_record_stream_init(&s, NTS_KE_TOTAL_MAX);
	for (size_t i = 0; i < len; i++)
		n = drain(&s, buf + i, 1, n);
	assert_int_equal(n, 3);
}

/* E7, F6: the declared length decides, before the body comes. */
static void
e7_f6_total_is_limited(void **state)
{
	uint8_t head[4] = {0x40, 0x00, 0x00, 0x10};
	uint8_t body[16] = {0};
	struct nts_record_stream s;
	struct nts_record rec;
	struct bytes_in in;

	(void)state;
	nts_record_stream_init(&s, 39);
	bytes_in_init(&in, head, 4);
	assert_int_equal(nts_record_stream_next(&s, &in, &rec), ERR_AGAIN);
	bytes_in_init(&in, body, 16);
	assert_int_equal(nts_record_stream_next(&s, &in, &rec), 0);
	bytes_in_init(&in, head, 4);
	assert_int_equal(nts_record_stream_next(&s, &in, &rec), ERR_FULL);
	bytes_in_init(&in, body, 16);
	assert_int_equal(nts_record_stream_next(&s, &in, &rec), ERR_FULL);
}

static void
record_count_is_limited(void **state)
{
	static uint8_t buf[4 * (NTS_KE_RECORDS_MAX + 1)];
	struct nts_record_stream s;
	struct nts_record rec;
	struct bytes_in in;

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i += 4)
		buf[i] = 0x40;
	nts_record_stream_init(&s, NTS_KE_TOTAL_MAX);
	bytes_in_init(&in, buf, sizeof(buf));
	for (int i = 0; i < NTS_KE_RECORDS_MAX; i++)
		assert_int_equal(nts_record_stream_next(&s, &in, &rec), 0);
	assert_int_equal(nts_record_stream_next(&s, &in, &rec), ERR_FULL);
}

static void
writer_says_when_full(void **state)
{
	const uint16_t list[2] = {15, 0x1234};
	static uint8_t huge[65536];
	uint8_t buf[8];
	struct bytes_out out;

	(void)state;
	bytes_out_init(&out, buf, sizeof(buf));
	nts_record_put_u16s(&out, 0x8004, list, 2);
	assert_false(out.bad);
	assert_memory_equal(buf, "\x80\x04\x00\x04\x00\x0f\x12\x34", 8);
	nts_record_put(&out, 0x8000, "", 0);
	assert_true(out.bad);
	bytes_out_init(&out, buf, sizeof(buf));
	nts_record_put(&out, 5, huge, sizeof(huge));
	assert_true(out.bad);
	assert_int_equal(out.pos, 0);
}

/* F5, and what resolvers take for numbers. */
static void
f5_names(void **state)
{
	static const struct {
		const char *name;
		bool ok, ok_on_loopback;
	} rows[] = {
	    {"time.example.com", true, true},
	    {"time.example.com.", true, true},
	    {"ntp", true, true},
	    {"_ntp.a-b.example", true, true},
	    {"1.pool.ntp.org", true, true},
	    {"192.0.2.1", true, true},
	    {"10.0.0.1", true, true},
	    {"2001:db8::1", true, true},
	    {"127.0.0.1", false, true},
	    {"::1", false, true},
	    {"localhost", false, true},
	    {"LocalHost.", false, true},
	    {"a.localhost", false, true},
	    {"notlocalhost", true, true},
	    {"", false, false},
	    {".", false, false},
	    {"..", false, false},
	    {"a..b", false, false},
	    {".a", false, false},
	    {"-a.b", false, false},
	    {"a-.b", false, false},
	    {"a b", false, false},
	    {"a/b", false, false},
	    {"a%n", false, false},
	    {"a\nb", false, false},
	    {"\xc3\xa4.example", false, false},
	    {"[2001:db8::1]", false, false},
	    {"2001:db8::1%eth0", false, false},
	    {"fe80::1", false, false},
	    {"169.254.1.1", false, false},
	    {"224.0.0.1", false, false},
	    {"255.255.255.255", false, false},
	    {"ff02::101", false, false},
	    {"0.0.0.0", false, false},
	    {"::", false, false},
	    {"127.1", false, false},
	    {"2130706433", false, false},
	    {"0x7f000001", false, false},
	    {"0177.0.0.1", false, false},
	    {"1.2.3.4.", false, false},
	    {"999.1.1.1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *n = (const uint8_t *)rows[i].name;
		size_t len = strlen(rows[i].name);

		if (nts_record_name_ok(n, len, false) != rows[i].ok ||
		    nts_record_name_ok(n, len, true) != rows[i].ok_on_loopback)
			fail_msg("%s", rows[i].name);
	}
	assert_false(nts_record_name_ok((const uint8_t *)"a\0b", 3, true));
}

static void
f5_names_at_their_limits(void **state)
{
	char name[301];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(nts_record_name_ok((uint8_t *)name, 63, false));
	assert_false(nts_record_name_ok((uint8_t *)name, 64, false));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	assert_true(nts_record_name_ok((uint8_t *)name, 253, false));
	assert_false(nts_record_name_ok((uint8_t *)name, 254, false));
	assert_false(nts_record_name_ok((uint8_t *)name, 255, false));
	assert_false(nts_record_name_ok((uint8_t *)name, 256, false));
	assert_false(nts_record_name_ok((uint8_t *)name, 300, false));
}

/* RFC 8915 section 5.1. */
static void
exporter_context(void **state)
{
	uint8_t ctx[NTS_KE_CONTEXT_LEN];

	(void)state;
	nts_record_context(ctx, 15, false);
	assert_memory_equal(ctx, "\x00\x00\x00\x0f\x00", 5);
	nts_record_context(ctx, 30, true);
	assert_memory_equal(ctx, "\x00\x00\x00\x1e\x01", 5);
}

static void
error_texts(void **state)
{
	(void)state;
	assert_string_equal(nts_record_error_text(1), "bad request");
	assert_string_equal(nts_record_error_text(77), "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stream_at_every_split),
	    cmocka_unit_test(stream_byte_by_byte),
	    cmocka_unit_test(e7_f6_total_is_limited),
	    cmocka_unit_test(record_count_is_limited),
	    cmocka_unit_test(writer_says_when_full),
	    cmocka_unit_test(f5_names),
	    cmocka_unit_test(f5_names_at_their_limits),
	    cmocka_unit_test(exporter_context),
	    cmocka_unit_test(error_texts),
	};

	return cmocka_run_group_tests_name("nts/record", tests, NULL, NULL);
}
