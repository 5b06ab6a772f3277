/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header: field by field against bytes written by hand, every bit
 * pattern there and back, every truncation.
 */
#include "ntp/packet.h"

#include "hex.h"

/* A server's answer with every field different. */
static const char answer[] =
    "640306e9 00000c80 00000190 c0000201 eead29a0 00000001"
    "e7eaf410 23f67a4d eead29a1 80000000 eead29a2 40000000";

static void
fields(void **state)
{
	uint8_t raw[48], out[48];
	struct ntp_packet p;

	(void)state;
	assert_int_equal(hex(raw, sizeof raw, answer), 48);
	assert_int_equal(ntp_packet_decode(&p, raw, sizeof raw), 0);
	assert_int_equal(p.leap, NTP_LEAP_INSERT);
	assert_int_equal(p.version, 4);
	assert_int_equal(p.mode, NTP_MODE_SERVER);
	assert_int_equal(p.stratum, 3);
	assert_int_equal(p.poll, 6);
	assert_int_equal(p.precision, -23);
	assert_int_equal(p.root_delay.v, 0xc80);
	assert_int_equal(p.root_dispersion.v, 0x190);
	assert_int_equal(p.ref_id, 0xc0000201);
	assert_int_equal(p.reference.v, 0xeead29a000000001);
	assert_int_equal(p.origin.v, 0xe7eaf41023f67a4d);
	assert_int_equal(p.receive.v, 0xeead29a180000000);
	assert_int_equal(p.transmit.v, 0xeead29a240000000);
	ntp_packet_encode(&p, out);
	assert_memory_equal(out, raw, 48);
	assert_memory_equal(raw + NTP_OFFSET_ORIGIN, "\xe7\xea", 2);
	assert_memory_equal(raw + NTP_OFFSET_RECEIVE, "\xee\xad\x29\xa1", 4);
	assert_memory_equal(raw + NTP_OFFSET_TRANSMIT, "\xee\xad\x29\xa2", 4);
}

/* A6, A7, A10: nothing in 48 bytes is refused here, and nothing is lost. */
static void
a6_a7_a10_there_and_back(void **state)
{
	uint64_t x = 88172645463325252ULL;
	uint8_t raw[48], out[48];
	struct ntp_packet p;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof raw; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			raw[i] = round < 256 ? (uint8_t)round : (uint8_t)x;
		}
		memset(out, (uint8_t)~raw[0], sizeof out);
		assert_int_equal(ntp_packet_decode(&p, raw, sizeof raw), 0);
		ntp_packet_encode(&p, out);
		assert_memory_equal(out, raw, sizeof raw);
	}
}

/* A1: shorter than a header. */
static void
a1_truncated(void **state)
{
	uint8_t raw[48];
	struct ntp_packet p, zero;

	(void)state;
	memset(&zero, 0, sizeof zero);
	memset(raw, 0xff, sizeof raw);
	for (size_t len = 0; len < 48; len++) {
		memset(&p, 0xff, sizeof p);
		assert_int_equal(ntp_packet_decode(&p, raw, len), ERR_BAD);
		assert_memory_equal(&p, &zero, sizeof p);
	}
	assert_int_equal(ntp_packet_decode(&p, raw, 48), 0);
}

static void
bits_that_do_not_fit(void **state)
{
	struct ntp_packet p = {.leap = 0xff, .version = 0xfc, .mode = 0xfb};
	uint8_t out[48];

	(void)state;
	ntp_packet_encode(&p, out);
	assert_int_equal(out[0], 3 << 6 | 4 << 3 | 3);
}

/* A3, A4, A5: which version and mode is a request at all. */
static void
a3_a4_a5_requests(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 8; v++)
		for (unsigned mode = 0; mode < 8; mode++) {
			struct ntp_packet p = {
			    .version = (uint8_t)v, .mode = (uint8_t)mode};
			bool want = v >= 1 && v <= 4 &&
			    (mode == 3 || (v == 1 && mode == 0));

			assert_int_equal(ntp_packet_is_request(&p), want);
		}
}

static void
leap_texts(void **state)
{
	(void)state;
	assert_string_equal(ntp_packet_leap_text(0), "normal");
	assert_string_equal(ntp_packet_leap_text(1), "insert");
	assert_string_equal(ntp_packet_leap_text(2), "delete");
	assert_string_equal(ntp_packet_leap_text(3), "unsynchronised");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields),
	    cmocka_unit_test(a6_a7_a10_there_and_back),
	    cmocka_unit_test(a1_truncated),
	    cmocka_unit_test(bits_that_do_not_fit),
	    cmocka_unit_test(a3_a4_a5_requests),
	    cmocka_unit_test(leap_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
