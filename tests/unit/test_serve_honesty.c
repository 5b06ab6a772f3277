/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server says of its time what is so: nothing while it knows none, more
 * dispersion as its knowledge ages (J6), a leap second when both pages have
 * it, and its own stratum only where that is configured.
 */
#include "serve_rig.h"

static void
assert_unsynced(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.leap, NTP_LEAP_UNSYNCED);
	assert_int_equal(r->head.stratum, 0);
	assert_int_equal(r->head.ref_id, 0);
}

static void
assert_synced(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.stratum, 3);
	assert_int_not_equal(r->head.leap, NTP_LEAP_UNSYNCED);
}

/* J6: the worse of what sync says and what clock confirms. */
static void
test_j6_unsynchronised(void **state)
{
	struct rig r, saved;

	(void)state;
	rig_init(&r, NULL);
	assert_synced(&r);
	saved = r;
	r.time.flags = 0;
	assert_unsynced(&r);
	r = saved;
	r.time.stratum = 16;
	assert_unsynced(&r);
	r = saved;
	r.time.stratum = 0;
	assert_unsynced(&r);
	r = saved;
	r.time.leap = 3;
	assert_unsynced(&r);
	r = saved;
	r.clock.leap = 3;
	assert_unsynced(&r);
	r = saved;
	r.clock.synced_until_boot_ns = r.now.boot_ns;
	assert_unsynced(&r);
	r = saved;
	r.now.boot_ns += TSTAMP_NS_PER_S; /* a suspend */
	assert_unsynced(&r);
	r = saved;
	assert_synced(&r);
	rig_fini(&r);
}

static void
test_j6_dispersion_grows(void **state)
{
	struct rig r;
	double was = 0, is;

	(void)state;
	rig_init(&r, NULL);
	r.time.flags = 0;
	for (int i = 0; i < 5; i++) {
		r.now.mono.ns += 1000 * TSTAMP_NS_PER_S;
		r.now.boot_ns += 1000 * TSTAMP_NS_PER_S;
		assert_unsynced(&r);
		is = tstamp_short_to_s(r.head.root_dispersion);
		assert_true(is > was + 0.01);
		was = is;
	}
	rig_fini(&r);
}

/* Without any page there is no claim at all. */
static void
test_no_pages(void **state)
{
	struct rig r;
	struct serve_conf conf = {.precision_log2s = -20};
	struct serve *bare;

	(void)state;
	rig_init(&r, NULL);
	conf.access = r.access;
	conf.rng = &r.rng;
	bare = serve_new(&conf);
	assert_non_null(bare);
	serve_free(r.serve);
	r.serve = bare;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	assert_true(tstamp_short_to_s(r.head.root_dispersion) >= 16);
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	rig_fini(&r);
}

/* A page that cannot be had now: the last copy holds while it may. */
static void
test_page_missing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.stratum, 3);
	r.now.boot_ns = r.now.mono.ns = r.clock.synced_until_boot_ns;
	serve_batch_time(r.serve, NULL, NULL, &r.now);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_int_equal(r.head.leap, 3);
	rig_fini(&r);
}

static void
test_leap_needs_both(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	r.time.leap = 1;
	assert_synced(&r);
	assert_int_equal(r.head.leap, 0);
	r.clock.leap = 1;
	assert_synced(&r);
	assert_int_equal(r.head.leap, 1);
	rig_fini(&r);
}

static void
assert_local(struct rig *r)
{
	rig_batch(r);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_int_equal(r->head.leap, 0);
	assert_int_equal(r->head.stratum, 10);
	assert_int_equal(r->head.ref_id, 0x7f7f0101);
	assert_true(tstamp_diff(r->head.transmit, r->head.reference).ns >= 0);
}

static void
test_local_stratum(void **state)
{
	struct serve_conf conf = {
	    .precision_log2s = -20,
	    .local_stratum = 10,
	    .local_distance_s = 1,
	};
	struct rig r;

	(void)state;
	rig_init(&r, &conf);
	assert_synced(&r);
	r.time.root_dispersion_ns = 2000000000; /* beyond the distance */
	assert_local(&r);
	r.time.root_dispersion_ns = 0;
	r.time.flags |= TIMEPAGE_LOCAL;
	assert_local(&r);
	r.time.flags = 0;
	assert_local(&r);
	serve_set_local(r.serve, 0, 0);
	assert_unsynced(&r);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_j6_unsynchronised),
	    cmocka_unit_test(test_j6_dispersion_grows),
	    cmocka_unit_test(test_no_pages),
	    cmocka_unit_test(test_page_missing),
	    cmocka_unit_test(test_leap_needs_both),
	    cmocka_unit_test(test_local_stratum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
