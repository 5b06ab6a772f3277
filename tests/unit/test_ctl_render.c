/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rendering for people: exact texts for a fixed view.
 */
#include "ctl_rig.h"

static void
status_in_sentences(void **state)
{
	(void)state;
	assert_string_equal(ask("status\n", CTL_CODE_OK),
	    "Synchronised to time.example.net (192.0.2.1, NTS), stratum 2.\n"
	    "The clock is off by +12.30 us by estimate, by no more than "
	    "1.226 ms for certain.\n"
	    "Last update: 20 s ago. Sources: 3, 2 of them accepted.\n"
	    "truenoon 1.0, running for 900 s, roles up: 2 of 3.\n"
	    "Role sync/0 is down (restarts: 2): killed by SIGSEGV.\n");
}

static void
status_says_why_not(void **state)
{
	(void)state;
	sync_report.synced = false;
	strcpy(sync_report.reason, "2 of 3 sources disagree by 8.1 ms");
	assert_non_null(strstr(ask("status\n", CTL_CODE_UNSYNCED),
	    "Not synchronised: 2 of 3 sources disagree by 8.1 ms.\n"));
	/* Sync's word counts only while clock confirms it. */
	setup(NULL);
	clockpage.synced_until_boot_ns = 999 * S;
	assert_non_null(strstr(ask("status\n", CTL_CODE_UNSYNCED),
	    "Not synchronised: role clock no longer confirms it.\n"));
	setup(NULL);
	page.flags = 0;
	assert_non_null(strstr(ask("status json\n", CTL_CODE_UNSYNCED),
	    "\"leap\": "
	    "\"unsync"));
	view = (struct ctl_view){.privileged = true};
	assert_string_equal(ask("status\n", CTL_CODE_UNSYNCED),
	    "Not synchronised: no time has been published.\n"
	    "Last update: never.\n"
	    "truenoon , running for 0 s.\n");
}

static void
tracking_tells_of_leap_seconds(void **state)
{
	const char *text;

	(void)state;
	text = ask("tracking json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"leap_list_expires_at\": null"));
	page.leap = 1;
	page.leap_sense = 1;
	page.leap_mono_ns = view.now.ns + 3600 * S;
	page.tai_offset_s = 37;
	page.leap_expires_wall_ns = 1814140800 * S;
	text = ask("tracking\n", CTL_CODE_OK);
	assert_non_null(strstr(text,
	    "Leap                  insert\n"
	    "Leap second           inserted, in "));
	assert_non_null(strstr(text,
	    "TAI - UTC             37 s\n"
	    "Leap list             good until 2027-06-28 00:00:00 UTC\n"));
	text = ask("tracking json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"tai_offset_s\": 37"));
	assert_non_null(strstr(text, "\"leap_list_expires_at\": 1814140800,"));
	page.leap = 0;
	page.leap_sense = -1;
	page.leap_mono_ns = view.now.ns - 3600 * S;
	page.leap_expires_wall_ns = INT64_MAX;
	text = ask("tracking\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "Leap second           left out, "));
	assert_non_null(strstr(text, " ago\n"));
	assert_non_null(strstr(text, "Leap list             names no end\n"));
	assert_non_null(strstr(ask("tracking json\n", CTL_CODE_OK),
	    "\"leap_list_expires_at\": null"));
}

static void
who_made_the_stamps(void **state)
{
	const char *text;

	(void)state;
	sources[0].tx_stamp = REPORT_STAMP_KERNEL;
	sources[0].rx_stamp = REPORT_STAMP_HARDWARE;
	text = ask("sources json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"tx_stamp\": \"kernel\""));
	assert_non_null(strstr(text, "\"rx_stamp\": \"hardware\""));
	assert_non_null(strstr(text, "\"rx_stamp\": null"));
	sync_report.hardware_used_cnt = 71;
	sync_report.hardware_refused_cnt = 72;
	text = ask("tracking json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"hardware_stamps\": 71"));
	assert_non_null(strstr(text, "\"hardware_stamps_refused\": 72"));
}

static void
sources_as_a_table(void **state)
{
	(void)state;
	assert_string_equal(ask("sources\n", CTL_CODE_OK),
	    "Source                    State       Auth St Poll Reach    Last"
	    "     Offset      Bound      Delay\n"
	    "time.example.net          selected    nts   1    6   377    20 s"
	    "  +12.30 us   1.204 ms   2.410 ms\n"
	    "2001:db8:1234:5678:9abc:def0:1234:5678\n"
	    "                          falseticker none  2   10    21   990 s"
	    "  -8.100 ms   19.90 ms   31.20 ms\n"
	    "    8.1 ms away from 3 others\n"
	    "bad\\x1b[2J.example        unreachable nts   -    6     0   never"
	    "          -          -          -\n"
	    "    tls: certificate has expired\\x0a\n");
}

static void
nts_as_a_table(void **state)
{
	(void)state;
	assert_string_equal(ask("nts\n", CTL_CODE_OK),
	    "Source                    AEAD              Cookies Len  KE age "
	    "Tries    Cert ends\n"
	    "time.example.net          AES-SIV-CMAC-256        8 100   100 s "
	    "    0      40 days\n"
	    "bad\\x1b[2J.example        no keys yet             0   -   never "
	    "    3            -\n"
	    "    tls: certificate has expired\\x0a\n");
	/* What is not of NTS is not told here. */
	strcpy(sources[0].why, "carries all");
	assert_null(strstr(ask("nts json\n", CTL_CODE_OK), "carries"));
	assert_non_null(
	    strstr(answer, "\"reason\": \"certificate has expired\\n\""));
	assert_non_null(
	    strstr(ask("sources json\n", CTL_CODE_OK), "\"carries all\""));
}

static void
tracking_as_a_list(void **state)
{
	(void)state;
	assert_string_equal(ask("tracking\n", CTL_CODE_OK),
	    "Synchronised          yes\n"
	    "Reference             192.0.2.1 = time.example.net (192.0.2.1, "
	    "NTS)\n"
	    "Stratum               2\n"
	    "Leap                  normal\n"
	    "Last update           2026-03-01 11:59:40 UTC (20 s ago)\n"
	    "Offset now            +12.30 us +- 4.000 us (estimate, true time "
	    "minus clock)\n"
	    "Error bound           1.214 ms around that offset\n"
	    "Root delay            2.410 ms\n"
	    "Root dispersion       300.0 us\n"
	    "Frequency             -12.346 ppm +- 0.020 ppm (correction in "
	    "force)\n"
	    "Slewing               no\n"
	    "Last correction       -5.000 us\n"
	    "RMS offset            20.00 us\n"
	    "Update interval       64 s\n"
	    "Steps                 1\n"
	    "Budget left           2.000 s\n");
}

/* No update of the clock so far: no zeros that look like good ones. */
static void
tracking_before_the_first_update(void **state)
{
	const char *text;

	(void)state;
	sync_report.update_cnt = 0;
	page.ref_id = 0;
	page.stratum = 16;
	text = ask("tracking\n", CTL_CODE_OK);
	assert_null(strstr(text, "Last correction"));
	assert_null(strstr(text, "RMS offset"));
	assert_null(strstr(text, "Update interval"));
	assert_non_null(strstr(text,
	    "Reference             none yet, time.example.net (192.0.2.1, "
	    "NTS)\n"));
	assert_non_null(strstr(text, "Steps                 1\n"));
	text = ask("tracking json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"refid\": null,"));
	assert_non_null(strstr(text,
	    "\"last_correction_s\": null,\n"
	    "  \"rms_offset_s\": null,\n"
	    "  \"update_interval_s\": null,\n"));
	assert_non_null(strstr(text, "\"tai_offset_s\": null,"));
}

static void
a_virtual_clock_is_said(void **state)
{
	(void)state;
	clockpage.flags = TIMEPAGE_VIRTUAL;
	clockpage.virt_offset_ns = 250000000;
	assert_non_null(strstr(ask("tracking\n", CTL_CODE_OK),
	    "Virtual clock         +250.0 ms from the system clock, which is "
	    "left alone (-x)\n"));
	assert_non_null(strstr(ask("status\n", CTL_CODE_OK), "(-x)"));
}

static void
server_counters_are_summed(void **state)
{
	static const struct report_role workers[] = {
	    {.role = ROLE_SERVE, .up = true},
	    {.role = ROLE_SERVE, .instance = 1, .up = true},
	    {.role = ROLE_SERVE, .instance = 2},
	    {.role = ROLE_KE, .up = true},
	};
	const char *text;

	(void)state;
	view.roles = workers;
	view.role_cnt = 4;
	text = ask("serverstats\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "Workers                          2\n"));
	assert_non_null(strstr(text, "Requests                       200\n"));
	assert_non_null(strstr(text,
	    "  stamped by hardware          160\n"
	    "  stamped by kernel             38\n"
	    "  stamped by daemon              2\n"
	    "Answers"));
	assert_non_null(strstr(text,
	    "  stamped by hardware           60\n"
	    "  stamped by kernel              4\n"
	    "  unauth"));
	assert_non_null(strstr(text,
	    "Certificate           CN=\\x1b]0;x, valid until 2026-03-01 "
	    "12:00:00 UTC\n"));
	assert_non_null(strstr(text, "    in the handshake             3\n"));
	assert_non_null(strstr(text, "Cookie keys           60 s old\n"));
	assert_non_null(strstr(text,
	    "  within 16.38 us              160\n"
	    "  over 67.11 ms                 20\n"
	    "Dropped: denied                 20\n"));
	text = ask("serverstats json\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "\"workers\": 2,\n  \"requests\": 200,"));
	assert_non_null(strstr(text, "\"workers\": 1,\n    \"accepted\": 7,"));
	assert_non_null(strstr(text,
	    "\"request_stamps_hardware\": 160,\n"
	    "  \"request_stamps_kernel\": 38,\n"
	    "  \"request_stamps_daemon\": 2,\n"));
	assert_non_null(strstr(text,
	    "\"answer_stamps_hardware\": 60,\n"
	    "  \"answer_stamps_kernel\": 4,\n"));
	assert_non_null(strstr(text, "\"answered_early\": 2,"));
	assert_non_null(strstr(text, "\"timed_out_handshake\": 3,"));
	assert_non_null(strstr(text, "\"evicted\": 4,"));
	assert_non_null(strstr(text, "\"cookie_keys_age_s\": 60"));
	assert_non_null(strstr(text, "\"4\": 180"));
	assert_non_null(strstr(text, "\"certificate_not_after\": 1772366400"));
	/* Nobody has asked yet, but could. */
	view.serve_cnt = view.ke_cnt = 0;
	view.role_cnt = 3;
	text = ask("serverstats\n", CTL_CODE_OK);
	assert_non_null(strstr(text, "Requests                         0\n"));
	assert_non_null(strstr(text, "Key exchanges         not served\n"));
	view.role_cnt = 0;
	assert_non_null(
	    strstr(ask("serverstats\n", CTL_CODE_OK), "serves no time"));
}

/* L4: for root and the daemon's user, nobody else. */
static void
clients_as_a_table(void **state)
{
	(void)state;
	assert_string_equal(ask("clients\n", CTL_CODE_OK),
	    "Client                         NTP  Dropped    NTS     KE  "
	    "Interval      Last\n"
	    "192.0.2.7                      101        5    50%      2   "
	    "8.000 s     100 s\n"
	    "2001:db8::/64                    0        0      -      1         "
	    "-       1 s\n");
	assert_non_null(
	    strstr(ask("clients json\n", CTL_CODE_OK), "\"interval_s\": 8,"));
	view.privileged = false;
	assert_null(strstr(ask("clients\n", CTL_CODE_FAILED), "192.0.2.7"));
	assert_null(
	    strstr(ask("clients json\n", CTL_CODE_FAILED), "192.0.2.7"));
	(void)ask("sources\n", CTL_CODE_OK);
	view.limited = true;
	assert_non_null(
	    strstr(ask("sources\n", CTL_CODE_FAILED), "cmdratelimit"));
	view.limited = false;
	view.privileged = true;
	view.clients_kept = false;
	assert_non_null(strstr(ask("clients\n", CTL_CODE_OK), "noclientlog"));
	assert_null(strstr(ask("clients json\n", CTL_CODE_OK), "192.0.2.7"));
}

/* As many as are shown, at their longest, fit an answer. */
static void
many_clients_fit(void **state)
{
	static const struct report_seen *list[CTL_CLIENTS_MAX + 1];
	struct report_seen c = {.last = {INT64_C(1) << 40}};

	(void)state;
	c.sum.addr.family = ADDR_V6;
	memset(c.sum.addr.bytes, 0xff, sizeof c.sum.addr.bytes);
	c.sum.ask_cnt = c.sum.drop_cnt = c.sum.nts_cnt = c.sum.ke_cnt =
	    UINT64_MAX;
	for (size_t i = 0; i <= CTL_CLIENTS_MAX; i++)
		list[i] = &c;
	view.clients = list;
	view.client_cnt = CTL_CLIENTS_MAX + 1;
	assert_non_null(strstr(ask("clients\n", CTL_CODE_OK), "and 1 more\n"));
	(void)ask("clients json\n", CTL_CODE_OK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(status_in_sentences, setup),
	    cmocka_unit_test_setup(status_says_why_not, setup),
	    cmocka_unit_test_setup(tracking_tells_of_leap_seconds, setup),
	    cmocka_unit_test_setup(who_made_the_stamps, setup),
	    cmocka_unit_test_setup(sources_as_a_table, setup),
	    cmocka_unit_test_setup(nts_as_a_table, setup),
	    cmocka_unit_test_setup(tracking_as_a_list, setup),
	    cmocka_unit_test_setup(tracking_before_the_first_update, setup),
	    cmocka_unit_test_setup(a_virtual_clock_is_said, setup),
	    cmocka_unit_test_setup(server_counters_are_summed, setup),
	    cmocka_unit_test_setup(clients_as_a_table, setup),
	    cmocka_unit_test_setup(many_clients_fit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
