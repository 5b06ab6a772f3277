/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from our stamp to the wire: learned from few, added to answers
 * that are alone, and never to be pushed beyond the truth.
 */
#include "serve_rig.h"

#define WIRE_NS 30000

/* One request that is answered alone; the answer leaves so much after our
 * stamp.  Return: what its stamp got added. */
static int64_t
ask(struct rig *r, int64_t wire_ns, bool *looked_at)
{
	struct wall tx;

	r->now.mono.ns += TSTAMP_NS_PER_S;
	r->now.boot_ns += TSTAMP_NS_PER_S;
	r->clock.synced_until_boot_ns = r->now.boot_ns + TSTAMP_NS_PER_S;
	rig_batch(r);
	r->req.rx.ns += TSTAMP_NS_PER_S;
	r->req.now.ns = r->req.rx.ns + 50000;
	r->req.alone = true;
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	*looked_at = serve_wants_stamp(r->serve, 0);
	tx = r->req.now;
	if (*looked_at)
		assert_true(serve_sent(r->serve, r->out, r->out_len,
		    (struct wall){tx.ns + wire_ns}));
	assert_false(r->head.transmit.v & 1);
	return tstamp_diff(r->head.transmit, tstamp_from_wall(tx)).ns;
}

/* Precision of the rig's clock: what the fuzz may add. */
static void
assert_near(int64_t got_ns, int64_t want_ns)
{
	assert_in_range(got_ns - want_ns + 100, 0, 200);
}

/* Return: how many of cnt answers were looked at. */
static unsigned
learn(struct rig *r, unsigned cnt, int64_t wire_ns)
{
	unsigned seen = 0;
	bool looked_at;

	for (unsigned i = 0; i < cnt; i++) {
		ask(r, wire_ns, &looked_at);
		seen += looked_at;
	}
	return seen;
}

static void
learned_and_added(void **state)
{
	struct rig r;
	bool looked_at;
	unsigned seen;

	(void)state;
	rig_init(&r, NULL);
	for (unsigned i = 0; i < 8; i++) {
		assert_near(ask(&r, 12000, &looked_at), 0);
		assert_true(looked_at);
	}
	seen = learn(&r, 1600, 12000);
	assert_in_range(seen, 50, 160); /* about one in 16 */
	assert_near(ask(&r, 12000, &looked_at), 12000);
	/* Not when others are answered with it. */
	r.req.rx.ns += TSTAMP_NS_PER_S;
	r.req.now.ns += TSTAMP_NS_PER_S;
	r.req.alone = false;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_false(serve_wants_stamp(r.serve, 0));
	assert_near(
	    tstamp_diff(r.head.transmit, tstamp_from_wall(r.req.now)).ns, 0);
	rig_fini(&r);
}

/* Slowing us down moves nothing; the cap holds; the least is what counts. */
static void
cannot_be_pushed(void **state)
{
	struct rig r;
	uint32_t before;
	bool looked_at;

	(void)state;
	rig_init(&r, NULL);
	r.time.root_dispersion_growth_sps = 0;
	ask(&r, 9000, &looked_at);
	before = r.head.root_dispersion.v;
	learn(&r, 8, 9000);
	for (int i = 0; i < 20; i++)
		learn(&r, 1, 400000);
	assert_near(ask(&r, 9000, &looked_at), 9000);
	learn(&r, 3000, 400000); /* all that is kept */
	assert_near(ask(&r, 400000, &looked_at), 20000);
	/* As much again of what was cut off is told: 2 units of 15 us. */
	assert_int_equal(r.head.root_dispersion.v, before + 2);
	assert_int_equal(serve_counters_get(r.serve)->early_cnt, 0);
	learn(&r, 300, 3000);
	assert_in_range(serve_counters_get(r.serve)->early_cnt, 1, 8);
	assert_near(ask(&r, 3000, &looked_at), 3000);
	/* What cannot be is not learned. */
	learn(&r, 300, 5000000);
	assert_near(ask(&r, 3000, &looked_at), 3000);
	rig_fini(&r);
}

/* Each part of a batch has its own way; only batches after a pause teach, and
 * what stays open is told as dispersion. */
static void
places_in_a_batch(void **state)
{
	static const int64_t way_ns[] = {16000, 9000};
	struct rig r;
	uint32_t before;
	unsigned seen = 0;

	(void)state;
	rig_init(&r, NULL);
	r.req.place_cnt = 64;
	rig_ask(&r);
	before = r.head.root_dispersion.v;
	for (int i = 0; i < 8000; i++) {
		int last = i & 1;

		r.req.place = last ? 63 : 0;
		r.req.idle = i < 4000;
		r.req.rx.ns += TSTAMP_NS_PER_S;
		r.req.now.ns = r.req.rx.ns + 50000;
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		if (!serve_wants_stamp(r.serve, 0))
			continue;
		assert_true(r.req.idle);
		assert_true(serve_sent(r.serve, r.out, r.out_len,
		    (struct wall){r.req.now.ns + way_ns[last] + i % 3000}));
		seen++;
	}
	assert_in_range(seen, 30, 110);
	for (int last = 0; last < 2; last++) {
		r.req.place = last ? 63 : 0;
		rig_ask(&r);
		assert_in_range(
		    tstamp_diff(r.head.transmit, tstamp_from_wall(r.req.now))
			.ns,
		    way_ns[last] - 100, way_ns[last] + 1000);
		assert_int_equal(r.head.root_dispersion.v, before + 1);
	}
	/* The middle of it was never seen. */
	r.req.place = 32;
	rig_ask(&r);
	assert_near(
	    tstamp_diff(r.head.transmit, tstamp_from_wall(r.req.now)).ns, 0);
	rig_fini(&r);
}

/* After a pause, those that waited long are sent slowly: kept apart. */
static void
cold_and_warm(void **state)
{
	static const int64_t waited_ns[] = {10000, 90000, 2000000};
	static const int64_t way_ns[] = {4000, 9000, 15000};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.req.alone = r.req.idle = true;
	for (int i = 0; i < 900; i++) {
		int cold = i % 3;

		r.req.rx.ns += TSTAMP_NS_PER_S;
		r.req.now.ns = r.req.rx.ns + waited_ns[cold];
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		if (serve_wants_stamp(r.serve, 0))
			assert_true(serve_sent(r.serve, r.out, r.out_len,
			    (struct wall){r.req.now.ns + way_ns[cold]}));
		if (i >= 300)
			assert_near(tstamp_diff(r.head.transmit,
					tstamp_from_wall(r.req.now))
					.ns,
			    way_ns[cold]);
	}
	/* Nor is what is known of them used while busy. */
	r.req.idle = false;
	rig_ask(&r);
	assert_near(
	    tstamp_diff(r.head.transmit, tstamp_from_wall(r.req.now)).ns, 0);
	rig_fini(&r);
}

/* Nor does it matter how long a request waited where nobody had rested: it was
 * our work that it waited for. */
static void
rested_and_not(void **state)
{
	static const int64_t rested_ns[] = {-20000, 5000, 100000, 60000000};
	static const int64_t way_ns[] = {1400, 1400, 5000, 9000};
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.req.alone = r.req.idle = true;
	for (int i = 0; i < 1200; i++) {
		int rest = i % 4;

		r.req.rx.ns = r.req.now.ns + rested_ns[rest];
		r.req.now.ns = r.req.rx.ns + 40000 + rest % 2 * 15000;
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
		if (i > 0 && serve_wants_stamp(r.serve, 0))
			assert_true(serve_sent(r.serve, r.out, r.out_len,
			    (struct wall){r.req.now.ns + way_ns[rest]}));
		if (i >= 300)
			assert_near(tstamp_diff(r.head.transmit,
					tstamp_from_wall(r.req.now))
					.ns,
			    way_ns[rest]);
	}
	rig_fini(&r);
}

/* Nothing learned long ago is used. */
static void
forgotten(void **state)
{
	struct rig r;
	bool looked_at;

	(void)state;
	rig_init(&r, NULL);
	learn(&r, 100, 12000);
	assert_near(ask(&r, 12000, &looked_at), 12000);
	r.now.mono.ns += 700 * TSTAMP_NS_PER_S;
	r.now.boot_ns += 700 * TSTAMP_NS_PER_S;
	for (unsigned i = 0; i < 8; i++) {
		assert_near(ask(&r, 5000, &looked_at), 0);
		assert_true(looked_at);
	}
	assert_near(ask(&r, 5000, &looked_at), 5000);
	rig_fini(&r);
}

/* Stamps that are not of the answer awaited. */
static void
others_stamps(void **state)
{
	struct rig r;
	uint8_t other[NTP_HEADER_LEN];
	bool looked_at;

	(void)state;
	rig_init(&r, NULL);
	for (int i = 0; i < 20; i++) {
		r.req.rx.ns += TSTAMP_NS_PER_S;
		r.req.now.ns = r.req.rx.ns + 50000;
		r.req.alone = true;
		rig_ask(&r);
		memcpy(other, r.out, sizeof other);
		other[NTP_OFFSET_RECEIVE + 7] ^= 2;
		assert_false(serve_sent(r.serve, other, sizeof other,
		    (struct wall){r.req.now.ns + WIRE_NS}));
	}
	assert_near(ask(&r, WIRE_NS, &looked_at), 0);
	rig_fini(&r);
}

/* A kernel that tells nothing is not asked each time. */
static void
mute_kernel(void **state)
{
	struct rig r;
	unsigned asked = 0;

	(void)state;
	rig_init(&r, NULL);
	r.req.alone = true;
	for (int i = 0; i < 1664; i++) {
		r.req.rx.ns += TSTAMP_NS_PER_S;
		r.req.now.ns = r.req.rx.ns + 50000;
		rig_ask(&r);
		asked += serve_wants_stamp(r.serve, 0);
	}
	assert_in_range(asked, 64 + 50, 64 + 160);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(learned_and_added),
	    cmocka_unit_test(cannot_be_pushed),
	    cmocka_unit_test(places_in_a_batch),
	    cmocka_unit_test(cold_and_warm),
	    cmocka_unit_test(rested_and_not),
	    cmocka_unit_test(forgotten),
	    cmocka_unit_test(others_stamps),
	    cmocka_unit_test(mute_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
