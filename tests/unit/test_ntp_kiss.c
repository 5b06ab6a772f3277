/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kiss codes: the ones that act, and all others that must not.
 */
#include "ntp/kiss.h"

#include "hex.h"
#include "ntp/refid.h"

static void
codes(void **state)
{
	static const struct {
		const char *text;
		enum ntp_kiss kiss;
	} want[] = {
	    {"DENY", NTP_KISS_DENY},
	    {"RSTR", NTP_KISS_RSTR},
	    {"RATE", NTP_KISS_RATE},
	    {"NTSN", NTP_KISS_NTSN},
	    {"INIT", NTP_KISS_UNSYNCED},
	    {"STEP", NTP_KISS_UNSYNCED},
	    {"", NTP_KISS_UNSYNCED},
	    {"XFUN", NTP_KISS_PRIVATE},
	    {"X", NTP_KISS_PRIVATE},
	    {"rate", NTP_KISS_OTHER},
	    {"RAT", NTP_KISS_OTHER},
	    {"AUTH", NTP_KISS_OTHER},
	    {"CRYP", NTP_KISS_OTHER},
	    {"\xff\xff\xff\xff", NTP_KISS_OTHER},
	};
	struct ntp_packet p = {.stratum = 0};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		p.ref_id = ntp_refid_from_text(want[i].text);
		assert_int_equal(ntp_kiss_classify(&p), want[i].kiss);
	}
}

static void
only_at_stratum_zero(void **state)
{
	struct ntp_packet p = {.ref_id = NTP_KISS_CODE_DENY};

	(void)state;
	for (unsigned s = 1; s < 256; s++) {
		p.stratum = (uint8_t)s;
		assert_int_equal(ntp_kiss_classify(&p), NTP_KISS_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes),
	    cmocka_unit_test(only_at_stratum_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
