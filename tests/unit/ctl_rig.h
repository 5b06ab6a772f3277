/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of rendering share: a daemon's view of itself with something
 * of everything in it, made anew for each test, and asking for a verb.
 */
#ifndef TESTS_UNIT_CTL_RIG_H
#define TESTS_UNIT_CTL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/role.h"
#include "ctl/render.h"

#define S TSTAMP_NS_PER_S

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
	for (size_t i = 0; i < 2; i++) {
		serves[i] = (struct report_serve){.instance = (uint16_t)i,
		    .rx_cnt = 100,
		    .rx_bytes = 4800,
		    .tx_cnt = 90,
		    .by_version = {0, 0, 0, 10, 90},
		    .nts_cnt = 40,
		    .early_cnt = 1,
		    .rx_stamp_cnt = {0, 1, 19, 80},
		    .tx_stamp_cnt = {0, 0, 2, 30},
		    .denied_cnt = 10};
		serves[i].latency_cnt[2] = 80;
		serves[i].latency_cnt[REPORT_LATENCY_CNT - 1] = 10;
	}
	kes[0] = (struct report_ke){.accept_cnt = 7,
	    .done_cnt = 5,
	    .open_cnt = 1,
	    .timeout_cnt = 3,
	    .evicted_cnt = 4,
	    .ring_cnt = 1,
	    .ring_at = {940 * S},
	    .cert_not_after_s = 1772366400,
	    .cert_subject = "CN=\x1b]0;x"};
	kes[0].late_cnt[REPORT_KE_HANDSHAKE] = 3;
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

#endif
