/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What query shows: exact text and JSON, the interval over all servers, and
 * hostile strings (L5).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/result.h"

#define NOW_S     1772366400
#define NOT_KNOWN ((double)NAN)

static char out[8192];
static struct cli_result r[3];

static int
setup(void **state)
{
	(void)state;
	r[0] = (struct cli_result){.name = "time.example.net",
	    .heard = true,
	    .authenticated = true,
	    .offset_s = 120e-6,
	    .delay_s = 0.010,
	    .bound_s = 0.005,
	    .stratum = 1,
	    .ref_id = 0x47505300,
	    .aead = 15,
	    .cookie_cnt = 8,
	    .sent_cnt = 4,
	    .good_cnt = 4,
	    .kernel_stamps = true,
	    .tls = {"x25519", "TLS_AES_256_GCM_SHA384"},
	    .cert = {true, "CN=time.example.net", NOW_S - 1,
		NOW_S + 40 * 86400 + 7}};
	assert_int_equal(addr_parse(&r[0].addr, "192.0.2.1"), 0);
	r[1] = (struct cli_result){.name = "192.0.2.2",
	    .heard = true,
	    .offset_s = -0.003,
	    .delay_s = 0.002,
	    .bound_s = 0.0015,
	    .stratum = 2,
	    .ref_id = 0xc0000207,
	    .sent_cnt = 4,
	    .good_cnt = 3,
	    .no_nts = "TCP port 4460 refused"};
	assert_int_equal(addr_parse(&r[1].addr, "192.0.2.2"), 0);
	r[2] = (struct cli_result){.name = "bad\x1b[2J\"",
	    .offset_s = NOT_KNOWN,
	    .delay_s = NOT_KNOWN,
	    .bound_s = NOT_KNOWN,
	    .cert = {true, "CN=x", 0, NOW_S - 1},
	    .stage = REPORT_STAGE_TLS,
	    .error = "certificate expired\n\x9b"};
	return 0;
}

static const char *
text(size_t cnt)
{
	struct ctl_text t;

	ctl_text_init(&t, out, sizeof out);
	cli_result_text(&t, r, cnt, NOW_S);
	assert_false(t.full);
	return out;
}

static void
for_a_person(void **state)
{
	(void)state;
	assert_string_equal(text(3),
	    "time.example.net (192.0.2.1)\n"
	    "  Offset      +120.0 us +- 5.000 ms (this clock is right within "
	    "that bound)\n"
	    "  Delay       10.00 ms, 4 of 4 answered, stamped by the kernel\n"
	    "  Server      stratum 1, reference GPS, leap normal\n"
	    "  NTS         authenticated, AES-SIV-CMAC-256, 8 cookies in "
	    "stock\n"
	    "  TLS         x25519, TLS_AES_256_GCM_SHA384\n"
	    "  Certificate CN=time.example.net, 40 days left (2026-04-10 "
	    "12:00:07 UTC)\n"
	    "192.0.2.2\n"
	    "  Offset      -3.000 ms +- 1.500 ms (this clock is fast)\n"
	    "  Delay       2.000 ms, 3 of 4 answered\n"
	    "  Server      stratum 2, reference 192.0.2.7, leap normal\n"
	    "  NTS         none, this time is NOT AUTHENTICATED:\n"
	    "              TCP port 4460 refused\n"
	    "bad\\x1b[2J\"\n"
	    "  Certificate CN=x, expired (2026-03-01 11:59:59 UTC)\n"
	    "  Failed      at tls: certificate expired\\x0a\\x9b\n"
	    "\n"
	    "2 servers agree, 1 of them authenticated:\n"
	    "true time minus this clock is between -4.500 ms and -1.500 ms.\n");
}

static void
for_a_program(void **state)
{
	struct ctl_text t;

	(void)state;
	ctl_text_init(&t, out, sizeof out);
	r[1] = r[2];
	cli_result_json(&t, r, 2, NOW_S);
	assert_string_equal(out,
	    "{\n"
	    "  \"servers\": [\n"
	    "    {\n"
	    "      \"name\": \"time.example.net\",\n"
	    "      \"address\": \"192.0.2.1\",\n"
	    "      \"authenticated\": true,\n"
	    "      \"offset_s\": 0.000120000,\n"
	    "      \"delay_s\": 0.010000000,\n"
	    "      \"bound_s\": 0.005000000,\n"
	    "      \"stratum\": 1,\n"
	    "      \"refid\": \"GPS\",\n"
	    "      \"leap\": \"normal\",\n"
	    "      \"aead\": \"AES-SIV-CMAC-256\",\n"
	    "      \"cookies\": 8,\n"
	    "      \"tls_group\": \"x25519\",\n"
	    "      \"tls_cipher\": \"TLS_AES_256_GCM_SHA384\",\n"
	    "      \"certificate\": {\n"
	    "        \"subject\": \"CN=time.example.net\",\n"
	    "        \"not_after\": 1775822407,\n"
	    "        \"days_left\": 40\n"
	    "      },\n"
	    "      \"stage\": null,\n"
	    "      \"error\": null\n"
	    "    },\n"
	    "    {\n"
	    "      \"name\": \"bad\\u001b[2J\\\"\",\n"
	    "      \"address\": null,\n"
	    "      \"authenticated\": false,\n"
	    "      \"offset_s\": null,\n"
	    "      \"delay_s\": null,\n"
	    "      \"bound_s\": null,\n"
	    "      \"stratum\": null,\n"
	    "      \"refid\": null,\n"
	    "      \"leap\": null,\n"
	    "      \"aead\": null,\n"
	    "      \"cookies\": null,\n"
	    "      \"tls_group\": null,\n"
	    "      \"tls_cipher\": null,\n"
	    "      \"certificate\": {\n"
	    "        \"subject\": \"CN=x\",\n"
	    "        \"not_after\": 1772366399,\n"
	    "        \"days_left\": -1\n"
	    "      },\n"
	    "      \"stage\": \"tls\",\n"
	    "      \"error\": \"certificate expired\\n\\ufffd\"\n"
	    "    }\n"
	    "  ],\n"
	    "  \"agreed\": {\n"
	    "    \"earliest_s\": -0.004880000,\n"
	    "    \"latest_s\": 0.005120000\n"
	    "  }\n"
	    "}\n");
}

static void
intervals(void **state)
{
	struct cli_result_agreed a;

	(void)state;
	cli_result_agree(&a, r, 0);
	assert_false(a.agreed);
	cli_result_agree(&a, r + 2, 1);
	assert_int_equal(a.cnt, 0);
	assert_false(a.agreed);
	cli_result_agree(&a, r, 3);
	assert_int_equal(a.cnt, 2);
	assert_true(a.agreed);
	assert_true(fabs(a.earliest_s - -0.0045) < 1e-12);
	assert_true(fabs(a.latest_s - -0.0015) < 1e-12);
	/* Intervals that touch agree; a ns apart they do not. */
	r[0].offset_s = 1;
	r[0].bound_s = 0.5;
	r[1].offset_s = 2;
	r[1].bound_s = 0.5;
	cli_result_agree(&a, r, 2);
	assert_true(a.agreed);
	r[1].bound_s -= 1e-9;
	cli_result_agree(&a, r, 2);
	assert_false(a.agreed);
	assert_int_equal(a.earliest_of, 1);
	assert_int_equal(a.latest_of, 0);
	assert_non_null(strstr(text(2),
	    "The servers do not agree: by 192.0.2.2 the offset is at least "
	    "+1.500 s, by time.example.net at most +1.500 s.\n"));
}

static void
nothing_at_all(void **state)
{
	(void)state;
	r[0] = r[2];
	assert_non_null(strstr(text(1), "\nNo server gave the time.\n"));
	assert_null(strstr(out, "NTS"));
	/* A group without a name. */
	strcpy(r[0].tls.cipher, "TLS_X");
	assert_non_null(
	    strstr(text(1), "  TLS         unknown group, TLS_X\n"));
	/* Both ways failed: both reasons are said. */
	strcpy(r[0].no_nts, "TCP port 4460 refused");
	assert_non_null(strstr(text(1),
	    "  NTS         none:\n"
	    "              TCP port 4460 refused\n"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(for_a_person, setup),
	    cmocka_unit_test_setup(for_a_program, setup),
	    cmocka_unit_test_setup(intervals, setup),
	    cmocka_unit_test_setup(nothing_at_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
