/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference ids: from names and addresses, and printed without letting
 * anything from the network through to a terminal.
 */
#include "ntp/refid.h"

#include "crypto/digest.h"
#include "hex.h"

static void
from_text(void **state)
{
	(void)state;
	assert_int_equal(ntp_refid_from_text("GPS"), 0x47505300);
	assert_int_equal(ntp_refid_from_text("GOES"), 0x474f4553);
	assert_int_equal(ntp_refid_from_text("LONGER"), 0x4c4f4e47);
	assert_int_equal(ntp_refid_from_text(""), 0);
}

static void
from_addresses(void **state)
{
	struct addr a;
	uint8_t md5[16];

	(void)state;
	assert_int_equal(addr_parse(&a, "192.0.2.1"), 0);
	assert_int_equal(ntp_refid_from_addr(&a, NULL), 0xc0000201);
	/* The MD5 of the 16 bytes, by another tool. */
	assert_int_equal(addr_parse(&a, "2001:db8::1"), 0);
	assert_int_equal(crypto_digest_md5(a.bytes, 16, md5), 0);
	assert_int_equal(ntp_refid_from_addr(&a, md5), 0x39ab9b37);
	assert_int_equal(ntp_refid_from_addr(&a, NULL), 0);
	memset(&a, 0, sizeof a);
	assert_int_equal(ntp_refid_from_addr(&a, md5), 0);
}

static void
texts(void **state)
{
	static const struct {
		uint32_t id;
		unsigned stratum;
		const char *text;
	} want[] = {
	    {0x47505300, 1, "GPS"},
	    {0x52415445, 0, "RATE"},
	    {0x47505300, 2, "71.80.83.0"},
	    {0xffffffff, 3, "255.255.255.255"},
	    {NTP_REFID_LOCAL, 1, "127.127.1.1"},
	    {0, 1, ""},
	    {0, 0, ""},
	    {0, 2, "0.0.0.0"},
	    {0x1b5b3041, 1, "\\x1b[0A"},
	    {0xffffffff, 0, "\\xff\\xff\\xff\\xff"},
	    {0x41005c20, 1, "A\\x00\\x5c\\x20"},
	};
	char buf[NTP_REFID_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_string_equal(
		    ntp_refid_text(want[i].id, want[i].stratum, buf),
		    want[i].text);
}

static void
only_printable(void **state)
{
	char buf[NTP_REFID_TEXT_MAX];

	(void)state;
	for (uint32_t c = 0; c < 256; c++) {
		ntp_refid_text(c << 24 | c << 16 | c << 8 | c, 1, buf);
		for (const char *s = buf; *s; s++)
			assert_true(*s > 0x20 && *s < 0x7f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(from_text),
	    cmocka_unit_test(from_addresses),
	    cmocka_unit_test(texts),
	    cmocka_unit_test(only_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
