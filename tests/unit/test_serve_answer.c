/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server without NTS: what an answer holds, its stamps to the nanosecond,
 * and what is counted of it.
 */
#include "serve_rig.h"

#include <math.h>

static void
test_header(void **state)
{
	struct rig r;
	struct dur to_rx, took;

	(void)state;
	rig_init(&r, NULL);
	r.in[2] = 7; /* poll */
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.out_len, NTP_HEADER_LEN);
	assert_int_equal(r.head.version, 4);
	assert_int_equal(r.head.mode, NTP_MODE_SERVER);
	assert_int_equal(r.head.leap, 0);
	assert_int_equal(r.head.stratum, 3);
	assert_int_equal(r.head.poll, 7);
	assert_int_equal(r.head.precision, -24);
	assert_int_equal(r.head.ref_id, RIG_REF_ID);
	assert_int_equal(r.head.origin.v, RIG_TRANSMIT);
	assert_true(fabs(tstamp_short_to_s(r.head.root_delay) - 0.02) < 2e-5);
	assert_true(
	    fabs(tstamp_short_to_s(r.head.root_dispersion) - 0.00103) < 2e-5);
	to_rx = tstamp_diff(
	    r.head.receive, tstamp_from_wall((struct wall){RIG_WALL_NS}));
	assert_in_range(to_rx.ns + 60, 0, 120); /* 2^-24 s */
	took = tstamp_diff(r.head.transmit, r.head.receive);
	assert_in_range(took.ns, 20000 - 120, 20000 + 120);
	assert_int_equal(
	    tstamp_diff(r.head.reference,
		tstamp_from_wall((struct wall){RIG_WALL_NS - 2000000000}))
		.ns,
	    0);
	rig_fini(&r);
}

/* Receive stamps odd, transmit stamps even, later, and random below the
 * precision. */
static void
test_stamps(void **state)
{
	struct rig r;
	uint64_t seen_rx = 0, seen_tx = 0;

	(void)state;
	rig_init(&r, NULL);
	r.req.now.ns = r.req.rx.ns + 500;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		assert_int_equal(r.head.receive.v & 1, 1);
		assert_int_equal(r.head.transmit.v & 1, 0);
		assert_true(
		    tstamp_diff(r.head.transmit, r.head.receive).ns >= 0);
		assert_true(r.head.transmit.v != r.head.receive.v);
		seen_rx |= UINT64_C(1) << (r.head.receive.v >> 2 & 63);
		seen_tx |= UINT64_C(1) << (r.head.transmit.v >> 2 & 63);
	}
	assert_true(seen_rx == UINT64_MAX && seen_tx == UINT64_MAX);
	r.req.now = r.req.rx;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		assert_true(r.head.transmit.v > r.head.receive.v);
	}
	/* The clock went back, or the stamp is from long ago. */
	r.req.now.ns = r.req.rx.ns - 1;
	assert_int_equal(rig_ask(&r), SERVE_DROP_STAMP);
	r.req.now.ns = r.req.rx.ns + 2 * TSTAMP_NS_PER_S;
	assert_int_equal(rig_ask(&r), SERVE_DROP_STAMP);
	rig_fini(&r);
}

/* True time = CLOCK_REALTIME + virtual clock + what is to be corrected. */
static void
test_correction(void **state)
{
	struct rig r;
	struct dur d;

	(void)state;
	rig_init(&r, NULL);
	r.clock.virt_offset_ns = 3000000000;
	r.clock.as_of_mono_ns = RIG_MONO_NS;
	r.time.offset_ns = -500000000;
	rig_batch(&r);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	d = tstamp_diff(r.head.receive,
	    tstamp_from_wall((struct wall){RIG_WALL_NS + 2500000000}));
	assert_in_range(d.ns + 60, 0, 120);
	rig_fini(&r);
}

static void
test_report(void **state)
{
	struct report_serve report = {0};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	rig_ask(&r);
	r.req.len = 3;
	rig_ask(&r);
	rig_plain(&r, 3, 6);
	rig_ask(&r);
	serve_report(r.serve, &report);
	assert_int_equal(report.rx_cnt, 3);
	assert_int_equal(report.rx_bytes, 99);
	assert_int_equal(report.tx_cnt, 1);
	assert_int_equal(report.tx_bytes, 48);
	assert_int_equal(report.ntp_cnt, 1);
	assert_int_equal(report.malformed_cnt, 1);
	assert_int_equal(report.mode_cnt, 1);
	assert_int_equal(report.by_version[4], 1);
	assert_int_equal(report.by_version[3], 1);
	for (unsigned i = 0; i < SERVE_VERDICT_CNT; i++)
		assert_non_null(serve_verdict_text(i));
	assert_non_null(serve_verdict_text(99));
	rig_fini(&r);
}

/* By powers of two, from the arrival to the reading of the transmit time. */
static void
latency_is_counted(void **state)
{
	static const struct {
		int64_t ns;
		unsigned idx;
	} cases[] = {{-1, 0}, {0, 0}, {4095, 0}, {4096, 1}, {8191, 1},
	    {8192, 2}, {1000000, 8}, {67108863, 14}, {67108864, 15},
	    {999999999, 15}};
	const struct serve_counters *c;
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	c = serve_counters_get(r.serve);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wall tx = {r.req.rx.ns + cases[i].ns};
		uint64_t before = c->latency_cnt[cases[i].idx];

		assert_true(serve_request(r.serve, &r.req, r.out, sizeof r.out,
				&r.verdict) > 0);
		assert_int_equal(serve_finish(r.serve, 0, tx), 0);
		assert_int_equal(c->latency_cnt[cases[i].idx], before + 1);
	}
	rig_fini(&r);
}

/* From the last answer on; a request that came before that has not waited for
 * anything to become cold. */
static void
a_rest(void **state)
{
	static const struct {
		int64_t ns;
		bool rested;
	} cases[] = {{-1000000000, false}, {0, false}, {999999, false},
	    {1000000, true}, {3600000000000, true}};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	assert_true(serve_rested(r.serve, r.req.rx));
	rig_plain(&r, 4, NTP_MODE_CLIENT);
	assert_true(rig_ask(&r) < SERVE_DROP_SHORT);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wall rx = {r.req.now.ns + cases[i].ns};

		assert_int_equal(serve_rested(r.serve, rx), cases[i].rested);
	}
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_stamps),
	    cmocka_unit_test(test_correction),
	    cmocka_unit_test(test_report),
	    cmocka_unit_test(latency_is_counted),
	    cmocka_unit_test(a_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
