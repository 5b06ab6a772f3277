/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rendering: exact texts for a fixed view, JSON that a strict checker
 * accepts for every verb with full, empty and hostile views, and answers
 * that never exceed their buffer.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/role.h"
#include "ctl/render.h"

#define S TSTAMP_NS_PER_S

/* ---- a strict JSON checker: returns what follows a value, or NULL ------- */

static const char *
blanks(const char *s)
{
	while (*s == ' ' || *s == '\n')
		s++;
	return s;
}

static const char *
check_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if (*s < 0x20 || *s > 0x7e)
			return NULL;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u') {
			for (int i = 1; i < 5; i++)
				if (!isxdigit((unsigned char)s[i]))
					return NULL;
			s += 4;
		} else if (!strchr("\"\\n", *s) || !*s) {
			return NULL;
		}
	}
	return s + 1;
}

static const char *
check_number(const char *s)
{
	const char *digits = *s == '-' ? s + 1 : s;
	char *end;

	if (!isdigit((unsigned char)*digits) ||
	    (digits[0] == '0' && isdigit((unsigned char)digits[1])))
		return NULL;
	(void)strtod(s, &end);
	return end;
}

static const char *
check_word(const char *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	return check_number(s);
}

/* Containers by a stack of closing brackets rather than by recursion. */
static const char *
check_value(const char *s)
{
	char open[32];
	size_t depth = 0;

	for (;;) {
		s = blanks(s);
		if (*s == '{' || *s == '[') {
			if (depth == sizeof open)
				return NULL;
			open[depth++] = *s == '{' ? '}' : ']';
			s = blanks(s + 1);
			if (*s != open[depth - 1]) {
				if (open[depth - 1] == '}') {
					s = check_string(s);
					if (!s || *s++ != ':')
						return NULL;
				}
				continue;
			}
		} else {
			s = *s == '"' ? check_string(s) : check_word(s);
			if (!s)
				return NULL;
			s = blanks(s);
		}
		while (depth > 0 && *s == open[depth - 1]) {
			depth--;
			s = blanks(s + 1);
		}
		if (depth == 0)
			return s;
		if (*s != ',')
			return NULL;
		s = blanks(s + 1);
		if (open[depth - 1] == '}') {
			s = check_string(s);
			if (!s || *s++ != ':')
				return NULL;
		}
	}
}

static void
the_checker_can_fail(void **state)
{
	static const char *const good[] = {
	    "{}", "[]", "{\"a\": [1, -0.5, null, \"x\\u0041\"]}", "[[], {}]"};
	static const char *const bad[] = {"{", "[1,]", "{\"a\"}", "{\"a\":}",
	    "[01]", "[nan]", "[\"\\x\"]", "[\"a\nb\"]", "[1 2]", "{1: 2}", "[}",
	    "[\"\x1b\"]", "[1}"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *end = check_value(good[i]);

		assert_non_null(end);
		assert_int_equal(*end, 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(check_value(bad[i]));
}

/* ---- the view ------------------------------------------------------------ */

static struct timepage_time page;
static struct timepage_clock clockpage;
static struct report_sync sync_report;
static struct report_source sources[4];
static struct report_serve serves[2];
static struct report_ke kes[1];
static struct report_role roles[3];
static const struct report_seen often = {
    .sum = {.addr = {.family = ADDR_V4, .bytes = {192, 0, 2, 7}},
	.ask_cnt = 101,
	.drop_cnt = 5,
	.nts_cnt = 50,
	.ke_cnt = 2},
    .first = {100000000000},
    .last = {900000000000}};
static const struct report_seen once = {
    .sum = {.addr = {.family = ADDR_V6, .bytes = {0x20, 1, 0xd, 0xb8}},
	.ke_cnt = 1},
    .first = {999000000000},
    .last = {999000000000}};
static const struct report_seen *const clients[] = {&often, &once};
static struct ctl_view view;

static void
fill_sources(void)
{
	sources[0] = (struct report_source){.used = true,
	    .auth = REPORT_AUTH_NTS,
	    .select = REPORT_SELECTED,
	    .stratum = 1,
	    .poll_log2s = 6,
	    .reach = 0377,
	    .ref_id = 0x47505300,
	    .last_rx = {980 * S},
	    .sample_cnt = 17,
	    .offset_s = 12.3e-6,
	    .sigma_s = 4e-6,
	    .delay_s = 2.41e-3,
	    .bound_s = 1.204e-3,
	    .aead = 15,
	    .cookie_cnt = 8,
	    .cookie_len = 100,
	    .ke_at = {900 * S},
	    .cert_not_after_s = 1772366400 + 40 * 86400 + 5,
	    .name = "time.example.net",
	    .cert_subject = "CN=time.example.net"};
	assert_int_equal(addr_parse(&sources[0].addr, "192.0.2.1"), 0);
	sources[2] = (struct report_source){.used = true,
	    .pool = true,
	    .select = REPORT_FALSETICKER,
	    .stratum = 2,
	    .poll_log2s = 10,
	    .reach = 0x11,
	    .last_rx = {10 * S},
	    .sample_cnt = 3,
	    .offset_s = -8.1e-3,
	    .delay_s = 0.0312,
	    .bound_s = 0.0199,
	    .ke_at = {INT64_MIN},
	    .name = "pool.example.org",
	    .why = "8.1 ms away from 3 others"};
	assert_int_equal(addr_parse(&sources[2].addr,
			     "2001:db8:1234:5678:9abc:def0:1234:5678"),
	    0);
	sources[3] = (struct report_source){.used = true,
	    .auth = REPORT_AUTH_NTS,
	    .select = REPORT_UNREACHABLE,
	    .stage = REPORT_STAGE_TLS,
	    .poll_log2s = 6,
	    .last_rx = {INT64_MIN},
	    .ke_at = {INT64_MIN},
	    .ke_try_cnt = 3,
	    .name = "bad\x1b[2J.example",
	    .why = "certificate has expired\n"};
}

static int
setup(void **state)
{
	(void)state;
	page = (struct timepage_time){.as_of_mono_ns = 990 * S,
	    .as_of_wall_ns = 1772366390 * S,
	    .ref_wall_ns = 1772366380 * S,
	    .offset_ns = 12300,
	    .sigma_ns = 4000,
	    .bound_ns = 1204000,
	    .bound_growth_sps = 1e-6,
	    .freq_sps = -12.3456e-6,
	    .freq_error_sps = 0.02e-6,
	    .root_delay_ns = 2410000,
	    .root_dispersion_ns = 300000,
	    .ref_id = 0xc0000201,
	    .stratum = 2,
	    .flags = TIMEPAGE_SYNCED | TIMEPAGE_BOUNDED,
	    .source_cnt = 3};
	clockpage = (struct timepage_clock){
	    .as_of_mono_ns = 990 * S, .synced_until_boot_ns = 5000 * S};
	sync_report = (struct report_sync){.synced = true,
	    .source_cnt = 3,
	    .accepted_cnt = 2,
	    .step_cnt = 1,
	    .budget_left = {2 * S},
	    .update_cnt = 3,
	    .last_offset = {-5000},
	    .rms_offset_s = 20e-6,
	    .update_interval_s = 64};
	fill_sources();
	for (size_t i = 0; i < 2; i++)
		serves[i] = (struct report_serve){.instance = (uint16_t)i,
		    .rx_cnt = 100,
		    .rx_bytes = 4800,
		    .tx_cnt = 90,
		    .by_version = {0, 0, 0, 10, 90},
		    .nts_cnt = 40,
		    .early_cnt = 1,
		    .rx_stamp_cnt = {0, 1, 19, 80},
		    .tx_stamp_cnt = {0, 0, 2, 30},
		    .latency_cnt = {[2] = 80, [REPORT_LATENCY_CNT - 1] = 10},
		    .denied_cnt = 10};
	kes[0] = (struct report_ke){.accept_cnt = 7,
	    .done_cnt = 5,
	    .open_cnt = 1,
	    .timeout_cnt = 3,
	    .late_cnt = {[REPORT_KE_HANDSHAKE] = 3},
	    .evicted_cnt = 4,
	    .ring_cnt = 1,
	    .ring_at = {940 * S},
	    .cert_not_after_s = 1772366400,
	    .cert_subject = "CN=\x1b]0;x"};
	roles[0] = (struct report_role){.role = 0, .up = true, .pid = 100};
	roles[1] = (struct report_role){.role = 1, .up = true, .pid = 101};
	roles[2] = (struct report_role){
	    .role = 2, .restart_cnt = 2, .last_death = "killed by SIGSEGV"};
	view = (struct ctl_view){.time = &page,
	    .clock = &clockpage,
	    .sync = &sync_report,
	    .sources = sources,
	    .source_cnt = 4,
	    .serves = serves,
	    .serve_cnt = 2,
	    .kes = kes,
	    .ke_cnt = 1,
	    .roles = roles,
	    .role_cnt = 3,
	    .version = "1.0",
	    .started = {100 * S},
	    .now = {1000 * S},
	    .wall = {1772366400 * S},
	    .clients = clients,
	    .client_cnt = 2,
	    .clients_kept = true,
	    .privileged = true,
	    .now_boot_ns = 1000 * S};
	return 0;
}

static char answer[CTL_ANSWER_MAX];

static const char *
ask(const char *line, int want_code)
{
	enum ctl_code code;
	size_t body;
	long len =
	    ctl_render_answer(&view, line, strlen(line), answer, sizeof answer);

	assert_true(len >= CTL_HEAD_LEN);
	assert_int_equal(ctl_head_parse(answer, &code, &body), 0);
	assert_int_equal(body, len - CTL_HEAD_LEN);
	assert_int_equal(strlen(answer + CTL_HEAD_LEN), body);
	assert_int_equal(code, want_code);
	return answer + CTL_HEAD_LEN;
}

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

/* L5: ASCII and newlines only, whatever the reports hold. */
static void
check_all_forms(int status_code)
{
	for (unsigned i = 0; i < 2 * CTL_VERB_CNT; i++) {
		struct ctl_request r = {(enum ctl_verb)(i / 2), i % 2 != 0};
		char line[CTL_REQUEST_MAX];
		const char *text, *end;

		(void)ctl_request_format(line, &r);
		text = ask(line, r.verb == CTL_STATUS ? status_code : 0);
		for (const char *p = text; *p; p++)
			assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
		if (!r.json)
			continue;
		end = check_value(text);
		assert_non_null(end);
		assert_int_equal(*end, 0);
	}
}

static void
every_form_of_every_view(void **state)
{
	(void)state;
	check_all_forms(CTL_CODE_OK);
	/* Strings without their NUL, numbers that are not numbers. */
	memset(sources[3].name, 0xff, sizeof sources[3].name);
	memset(sources[3].why, 0x9b, sizeof sources[3].why);
	sources[3].name[sizeof sources[3].name - 1] = '\0';
	sources[3].why[sizeof sources[3].why - 1] = '\0';
	sources[0].offset_s = (double)__builtin_nan("");
	sources[0].jitter_s = (double)__builtin_inf();
	sources[0].poll_log2s = -128;
	sources[0].leap = sources[0].stratum = sources[0].auth = 0xff;
	sources[0].select = REPORT_SELECTED;
	sources[2].select = 0xee;
	sources[2].stage = 0xee;
	sources[2].last_rx.ns = INT64_MAX;
	sync_report.rms_offset_s = (double)__builtin_nan("");
	sync_report.refusal = 0xff;
	page.freq_sps = (double)__builtin_inf();
	page.ref_wall_ns = INT64_MIN;
	clockpage.flags = TIMEPAGE_VIRTUAL;
	clockpage.virt_offset_ns = INT64_MIN;
	roles[0].role = 77;
	check_all_forms(CTL_CODE_OK);
	view = (struct ctl_view){.privileged = true};
	check_all_forms(CTL_CODE_UNSYNCED);
}

static void
answers_fit_or_say_so(void **state)
{
	static struct report_source many[400];
	char small[512];
	enum ctl_code code;
	size_t body;
	long len;

	(void)state;
	/* As many sources as there can be, with the longest texts. */
	for (size_t i = 0; i < 64; i++) {
		many[i] = sources[3];
		memset(many[i].name, 1, sizeof many[i].name - 1);
		memset(many[i].why, 1, sizeof many[i].why - 1);
	}
	view.sources = many;
	view.source_cnt = 64;
	check_all_forms(CTL_CODE_OK);
	len =
	    ctl_render_answer(&view, "sources json\n", 13, small, sizeof small);
	assert_true(len > 0 && (size_t)len <= sizeof small);
	assert_int_equal(ctl_head_parse(small, &code, &body), 0);
	assert_int_equal(code, CTL_CODE_FAILED);
	assert_int_equal(
	    ctl_render_answer(&view, "sour", 4, small, sizeof small),
	    ERR_AGAIN);
	assert_non_null(strstr(ask("settime 1\n", CTL_CODE_USAGE), "knows"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_checker_can_fail),
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
	    cmocka_unit_test_setup(every_form_of_every_view, setup),
	    cmocka_unit_test_setup(answers_fit_or_say_so, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
