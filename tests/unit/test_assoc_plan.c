/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When an association asks: the start burst, haste at start, intervals and
 * their spread, kiss codes that slow down or stop, silence, and networks that
 * come and go.  Case P of the hostile list, and its KoD cases.
 */
#include "assoc_rig.h"

#include <math.h>

#include "ntp/kiss.h"

/* Requests leave at these ms after the first. */
static void
assert_times(struct rig *r, const int *ms, size_t cnt)
{
	int64_t first = r->sent_at.ns;

	for (size_t i = 0; i < cnt; i++) {
		assert_int_equal((r->sent_at.ns - first) / MS, ms[i]);
		assert_true(rig_next(r));
	}
}

static void
test_start_burst(void **state)
{
	static const int ms[] = {0, 2000, 4000, 8000, 16000, 32000, 48000};
	struct rig r;
	int64_t last;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, false);
	last = r.sent_at.ns + 48 * SEC;
	assert_times(&r, ms, 7);
	assert_in_range(r.sent_at.ns - last, 62080 * MS, 65920 * MS);
	rig_fini(&r);
}

static void
test_start_without_burst(void **state)
{
	struct rig r;
	int64_t first;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, true);
	assert_int_equal(r.sent_cnt, 1);
	first = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_in_range(r.sent_at.ns - first, 62080 * MS, 65920 * MS);
	rig_fini(&r);
}

/* Nobody answers: 0.2 s apart, but seven requests are all. */
static void
test_hurry_unanswered(void **state)
{
	static const int ms[] = {0, 200, 400, 600, 2600, 4600, 8600};
	struct rig r;
	int64_t last;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, true);
	last = r.sent_at.ns + 8600 * MS;
	assert_times(&r, ms, 7);
	assert_in_range(r.sent_at.ns - last, 62080 * MS, 65920 * MS);
	rig_fini(&r);
}

static void
test_hurry_answered(void **state)
{
	static const int ms[] = {0, 2000, 4000, 8000, 16000, 32000, 48000};
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, true);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_times(&r, ms, 7);
	rig_fini(&r);
}

/* A path longer than 0.2 s: the first request is still waiting when others
 * have left, and its answer counts. */
static void
test_hurry_long_path(void **state)
{
	struct rig r;
	struct ntp_packet p;
	unsigned exchange;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, true);
	p = rig_honest(&r);
	p.receive = p.transmit =
	    tstamp_from_wall(rig_true((struct mono){r.now.ns + 350 * MS}));
	exchange = r.exchange;
	ntp_packet_encode(&p, r.answer);
	r.answer_len = NTP_HEADER_LEN;
	assert_int_equal(
	    rig_deliver_to(&r, exchange, r.now.ns + 700 * MS), ASSOC_GOOD);
	assert_int_equal(r.sent_cnt, 4);
	assert_true(fabs(r.todo.sample.offset_s - 0.25) < 1e-6);
	assert_true(fabs(r.todo.sample.delay_s - 0.7) < 1e-6);
	rig_fini(&r);
}

static void
test_phase(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_make(&r);
	assoc_start(r.a, (struct dur){7 * SEC}, false, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 0);
	assert_int_equal(r.timer.ns, r.now.ns + 7 * SEC);
	rig_fini(&r);
}

static void
poll_at(struct rig *r, int log2s, double burst_s)
{
	struct discipline_poll p = {
	    .poll_log2 = (int8_t)log2s,
	    .burst = burst_s > 0,
	    .interval_s = burst_s > 0 ? burst_s : ldexp(1, log2s),
	};

	assoc_poll(r->a, &p, r->now, &r->todo);
	rig_obey(r);
}

/* The interval is uniform within 3 %, around what discipline wants, within
 * minpoll and maxpoll. */
static void
test_interval_spread(void **state)
{
	static const int want[] = {3, 6, 8, 10, 17};
	static const double is_s[] = {64, 64, 256, 1024, 1024};
	struct rig r;
	double low = 2, high = 0, sum = 0, q;
	int64_t was;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (size_t i = 0; i < 5; i++) {
		poll_at(&r, want[i], 0);
		assert_true(rig_next(&r));
		for (int n = 0; n < 200; n++) {
			was = r.sent_at.ns;
			rig_answer_honestly(&r);
			assert_true(rig_next(&r));
			q = (double)(r.sent_at.ns - was) * 1e-9 / is_s[i];
			low = q < low ? q : low;
			high = q > high ? q : high;
			sum += q;
		}
	}
	assert_true(low >= 0.97 && low < 0.971);
	assert_true(high <= 1.03 && high > 1.029);
	assert_true(fabs(sum / 1000 - 1) < 0.002);
	rig_fini(&r);
}

/* A shorter wish moves the request that is already planned. */
static void
test_wish_shortens(void **state)
{
	struct rig r;
	int64_t was;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	poll_at(&r, 10, 0);
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was > 990 * SEC);
	was = r.sent_at.ns;
	rig_until(&r, r.now.ns + 100 * SEC);
	poll_at(&r, 6, 0);
	assert_true(r.sent_at.ns == r.now.ns); /* overdue: at once */
	was = r.sent_at.ns;
	poll_at(&r, 6, 2);
	assert_true(rig_next(&r));
	assert_int_equal(r.sent_at.ns - was, 2 * SEC);
	rig_fini(&r);
}

static void
test_burst_command(void **state)
{
	static const int ms[] = {0, 2000, 4000};
	struct rig r;
	int64_t last;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	rig_until(&r, r.now.ns + 20 * SEC);
	assoc_burst(r.a, 3, r.now, &r.todo);
	rig_obey(&r);
	last = r.sent_at.ns + 4 * SEC;
	assert_times(&r, ms, 3);
	assert_true(r.sent_at.ns - last > 60 * SEC);
	rig_fini(&r);
}

/* `burst`: asks again after a loss, but not beyond what minpoll allows. */
static void
test_burst_option(void **state)
{
	struct rig r;
	int64_t was;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.burst = true;
	rig_start(&r, false);
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was > 60 * SEC);
	poll_at(&r, 8, 0);
	assert_true(rig_next(&r));
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_int_equal(r.sent_at.ns - was, 2 * SEC);
	was = r.sent_at.ns;
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was > 240 * SEC);
	rig_fini(&r);
}

static unsigned
kiss(struct rig *r, uint32_t code)
{
	struct ntp_packet p = rig_honest(r);

	p.stratum = 0;
	p.leap = NTP_LEAP_UNSYNCED;
	p.ref_id = code;
	return rig_answer(r, &p);
}

/* G6, G8: RATE ends bursts and raises the least interval for a day, never
 * above 2^13 s. */
static void
test_g8_rate(void **state)
{
	struct rig r;
	int64_t was;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, false);
	assert_int_equal(kiss(&r, NTP_KISS_CODE_RATE), ASSOC_KOD_RATE);
	assert_int_equal(rig_status(&r).poll_log2s, 7);
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was > 120 * SEC);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(kiss(&r, NTP_KISS_CODE_RATE), ASSOC_KOD_RATE);
		assert_true(rig_next(&r));
	}
	assert_int_equal(rig_status(&r).poll_log2s, 13);
	poll_at(&r, 6, 2); /* discipline's haste is not heard now */
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was > 7900 * SEC);
	rig_until(&r, r.now.ns + 86400 * SEC);
	assert_int_equal(rig_status(&r).poll_log2s, 6);
	rig_fini(&r);
}

static void
test_deny_stops(void **state)
{
	struct rig r;
	int64_t was;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	assert_int_equal(kiss(&r, NTP_KISS_CODE_DENY), ASSOC_KOD_DENY);
	assert_false(rig_status(&r).refused);
	assert_true(rig_next(&r));
	assert_int_equal(kiss(&r, NTP_KISS_CODE_RSTR), ASSOC_KOD_DENY);
	assert_true(rig_next(&r));
	assert_int_equal(kiss(&r, NTP_KISS_CODE_DENY), ASSOC_KOD_DENY);
	assert_true(rig_status(&r).refused);
	was = r.sent_at.ns;
	assert_true(rig_next(&r));
	assert_true(r.sent_at.ns - was >= 86400 * SEC);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_false(rig_status(&r).refused);
	rig_fini(&r);
}

static void
test_deny_pool(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.pool = true;
	rig_start(&r, false);
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			assert_true(rig_next(&r));
		assert_int_equal(kiss(&r, NTP_KISS_CODE_DENY), ASSOC_KOD_DENY);
	}
	assert_true(r.todo.what & ASSOC_REPLACE);
	rig_fini(&r);
}

/* A good answer in between: no stop. */
static void
test_deny_between(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (int i = 0; i < 12; i++) {
		if (i % 3 == 2)
			assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		else
			kiss(&r, NTP_KISS_CODE_DENY);
		assert_true(rig_next(&r));
	}
	assert_false(rig_status(&r).refused);
	rig_fini(&r);
}

static void
test_other_kisses(void **state)
{
	static const uint32_t codes[] = {
	    0x58595a30, 0x41424344, NTP_KISS_CODE_NTSN};
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kiss(&r, codes[i]), ASSOC_KOD_OTHER);
		assert_true(rig_next(&r));
		assert_int_equal(rig_status(&r).poll_log2s, 6);
	}
	assert_int_equal(kiss(&r, NTP_KISS_CODE_INIT), ASSOC_UNSYNC);
	rig_fini(&r);
}

static void
test_reach(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (unsigned i = 0; i < 8; i++) {
		rig_answer_honestly(&r);
		assert_int_equal(rig_status(&r).reach, (2U << i) - 1);
		assert_true(rig_next(&r));
	}
	assert_int_equal(rig_status(&r).reach, 0xfe);
	assert_true(rig_next(&r));
	assert_int_equal(rig_status(&r).reach, 0xfc);
	assert_int_equal(rig_status(&r).counters.timeout_cnt, 1);
	assert_int_equal(rig_status(&r).stage, REPORT_STAGE_UDP);
	rig_fini(&r);
}

/* Eight requests without an answer: the name is looked up again. */
static void
test_silence(void **state)
{
	struct rig r;
	struct addr addr;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, false);
	for (int i = 1; i < 8; i++) {
		assert_false(r.todo.what & ASSOC_NEED_ADDRESS);
		assert_true(rig_next(&r));
	}
	assert_int_equal(r.sent_cnt, 8);
	assert_true(r.todo.what & ASSOC_NEED_ADDRESS);
	/* The same address: nothing changes.  Another: at once. */
	assert_int_equal(addr_parse(&addr, "192.0.2.1"), 0);
	assoc_address(r.a, &addr, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 8);
	assert_int_equal(addr_parse(&addr, "192.0.2.99"), 0);
	addr.port = 7; /* not ours to take */
	assoc_address(r.a, &addr, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 9);
	assert_true(r.todo.what & ASSOC_CLOSE);
	assert_true(addr_same_host(&r.todo.to, &addr));
	assert_int_equal(r.todo.to.port, 123);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

static void
test_silence_pool(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.pool = true;
	rig_start(&r, false);
	for (int i = 1; i < 8; i++) {
		assert_false(r.todo.what & ASSOC_REPLACE);
		assert_true(rig_next(&r));
	}
	assert_true(r.todo.what & ASSOC_REPLACE);
	rig_fini(&r);
}

/* P2: without an address names are asked for with back-off, and nothing is
 * sent; P3: addresses where no server can be are refused. */
static void
test_p2_p3_addresses(void **state)
{
	static const char *const bad[] = {
	    "0.0.0.0", "::", "127.0.0.1", "::1", "224.0.1.1", "ff02::101"};
	struct rig r;
	struct addr addr;
	unsigned asked = 0;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.a = assoc_new(&r.conf, &r.tools);
	assoc_start(r.a, (struct dur){0}, false, r.now, &r.todo);
	rig_obey(&r);
	for (int i = 0; i < 10000 && r.timer.ns < 87400 * SEC; i++) {
		if (r.todo.what & ASSOC_NEED_ADDRESS) {
			assert_int_equal(
			    addr_parse(&addr, bad[asked++ % 6]), 0);
			assoc_address(r.a, &addr, r.now, &r.todo);
			rig_obey(&r);
			assert_false(r.todo.what & ASSOC_NEED_ADDRESS);
		}
		rig_until(&r, r.timer.ns);
	}
	assert_in_range(asked, 20, 40);
	assert_int_equal(r.sent_cnt, 0);
	assert_int_equal(addr_parse(&addr, "192.0.2.1"), 0);
	assoc_address(r.a, &addr, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 1);
	rig_fini(&r);
}

static void
test_local_ok(void **state)
{
	struct rig r;
	struct addr addr;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.local_ok = true;
	r.conf.port = 11123;
	rig_start(&r, false);
	assert_int_equal(addr_parse(&addr, "127.0.0.1"), 0);
	assoc_address(r.a, &addr, r.now, &r.todo);
	rig_obey(&r);
	assert_true(addr_is_loopback(&r.todo.to));
	assert_int_equal(r.todo.to.port, 11123);
	rig_fini(&r);
}

/* P1: sends fail, then the network is back: two polls at most, and never a
 * busy loop. */
static void
test_p1_unreachable(void **state)
{
	struct rig r;
	int64_t start;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.iburst = true;
	rig_start(&r, true);
	start = r.now.ns;
	for (int i = 0; i < 12; i++) {
		assoc_send_failed(r.a, r.exchange, r.now, &r.todo);
		assert_true(r.todo.what & ASSOC_CLOSE);
		assert_false(r.todo.what & ASSOC_SEND);
		rig_obey(&r);
		assert_true(rig_next(&r));
	}
	assert_true(r.now.ns - start > 300 * SEC);
	assert_int_equal(rig_status(&r).counters.send_fail_cnt, 12);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

static void
test_offline_online(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.offline = true;
	r.conf.iburst = true;
	rig_start(&r, false);
	rig_until(&r, r.now.ns + 100000 * SEC);
	assert_int_equal(r.sent_cnt, 0);
	assoc_online(r.a, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 1);
	assoc_offline(r.a, r.now, &r.todo);
	rig_obey(&r);
	assert_true(r.todo.what & ASSOC_CLOSE);
	rig_until(&r, r.now.ns + 100000 * SEC);
	assert_int_equal(r.sent_cnt, 1);
	rig_fini(&r);
}

/* O2: after a long sleep one request, not all those missed. */
static void
test_o2_no_catch_up(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	rig_answer_honestly(&r);
	r.now.ns += 8 * 3600 * SEC;
	r.timer.ns = INT64_MAX;
	assoc_timer(r.a, r.now, &r.todo);
	rig_obey(&r);
	assert_int_equal(r.sent_cnt, 2);
	assert_true(r.timer.ns > r.now.ns);
	rig_until(&r, r.now.ns + 60 * SEC);
	assert_int_equal(r.sent_cnt, 2);
	rig_fini(&r);
}

static void
test_refused_conf(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NTS);
	assert_null(assoc_new(&r.conf, &r.tools)); /* no aeads */
	rig_conf(&r, ASSOC_AUTH_KEY);
	r.tools.mac = crypto_mac_new();
	assert_null(assoc_new(&r.conf, &r.tools)); /* no key */
	crypto_mac_free(r.tools.mac);
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.version = 5;
	assert_null(assoc_new(&r.conf, &r.tools));
	r.conf.version = 4;
	r.conf.minpoll_log2s = 11;
	assert_null(assoc_new(&r.conf, &r.tools));
	assoc_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start_burst),
	    cmocka_unit_test(test_start_without_burst),
	    cmocka_unit_test(test_hurry_unanswered),
	    cmocka_unit_test(test_hurry_answered),
	    cmocka_unit_test(test_hurry_long_path),
	    cmocka_unit_test(test_phase),
	    cmocka_unit_test(test_interval_spread),
	    cmocka_unit_test(test_wish_shortens),
	    cmocka_unit_test(test_burst_command),
	    cmocka_unit_test(test_burst_option),
	    cmocka_unit_test(test_g8_rate),
	    cmocka_unit_test(test_deny_stops),
	    cmocka_unit_test(test_deny_pool),
	    cmocka_unit_test(test_deny_between),
	    cmocka_unit_test(test_other_kisses),
	    cmocka_unit_test(test_reach),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_silence_pool),
	    cmocka_unit_test(test_p2_p3_addresses),
	    cmocka_unit_test(test_local_ok),
	    cmocka_unit_test(test_p1_unreachable),
	    cmocka_unit_test(test_offline_online),
	    cmocka_unit_test(test_o2_no_catch_up),
	    cmocka_unit_test(test_refused_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
