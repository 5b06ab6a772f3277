/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of clients, the sampling of requests, and what an overloaded
 * worker drops first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/clients.h"
#include "serve/crowd.h"
#include "serve_rig.h"

#define LEN 65536

static uint64_t seed;
static struct rng rng;

static int
setup(void **state)
{
	(void)state;
	seed = 1;
	rng = (struct rng){rig_fill, &seed};
	return 0;
}

static struct addr
host(uint32_t n)
{
	struct addr a = {.family = ADDR_V4, .port = 1};

	a.bytes[0] = (uint8_t)(n >> 24);
	a.bytes[1] = (uint8_t)(n >> 16);
	a.bytes[2] = (uint8_t)(n >> 8);
	a.bytes[3] = (uint8_t)n;
	return a;
}

static void
add(struct serve_clients *t, struct addr from, uint64_t cnt, int64_t at_s)
{
	struct report_client c = {.addr = from, .ask_cnt = cnt};

	serve_clients_add(t, serve_clients_hash(t, &from), &c,
	    (struct mono){at_s * TSTAMP_NS_PER_S});
}

static const struct report_seen *
find(const struct serve_clients *t, const char *text)
{
	const struct report_seen *c;
	struct addr a;
	size_t pos = 0;

	assert_int_equal(addr_parse(&a, text), 0);
	while ((c = serve_clients_next(t, &pos)) != NULL)
		if (addr_same_host(&c->sum.addr, &a))
			return c;
	return NULL;
}

static size_t
count(const struct serve_clients *t)
{
	size_t pos = 0, cnt = 0;

	while (serve_clients_next(t, &pos))
		cnt++;
	return cnt;
}

static void
sums_and_times(void **state)
{
	struct serve_clients *t = serve_clients_new(LEN, &rng);
	const struct report_seen *c;
	struct addr six;

	(void)state;
	assert_int_equal(addr_parse(&six, "2001:db8:1:2:3:4:5:6"), 0);
	add(t, host(0xc0000201), 1, 10);
	add(t, host(0xc0000201), 5, 20);
	add(t, host(0xc0000202), 7, 30);
	add(t, six, 1, 1);
	six.bytes[15] = 99;
	add(t, six, 1, 2);
	add(t, (struct addr){.family = ADDR_NONE}, 1, 3);
	assert_int_equal(count(t), 3);
	c = find(t, "192.0.2.1");
	assert_non_null(c);
	assert_int_equal(c->sum.ask_cnt, 6);
	assert_int_equal(c->first.ns, 10 * TSTAMP_NS_PER_S);
	assert_int_equal(c->last.ns, 20 * TSTAMP_NS_PER_S);
	assert_int_equal(c->sum.addr.port, 0);
	c = find(t, "2001:db8:1:2::");
	assert_non_null(c);
	assert_int_equal(c->sum.ask_cnt, 2);
	serve_clients_clear(t);
	assert_int_equal(count(t), 0);
	serve_clients_free(t);
}

/* J5: who keeps asking outlasts any number of those who ask once. */
static void
flood_of_addresses(void **state)
{
	struct serve_clients *t = serve_clients_new(LEN, &rng);
	size_t room = LEN / sizeof(struct report_seen);

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		add(t, host(0x0a000000 + i), 1, i);
		if (i % 100 == 0)
			add(t, host(0xc0000201), 64, i);
	}
	assert_non_null(find(t, "192.0.2.1"));
	assert_int_equal(find(t, "192.0.2.1")->sum.ask_cnt, 2000 * 64);
	assert_in_range(count(t), room / 4, room);
	serve_clients_free(t);
	/* A newcomer that asks on gets its place in the end. */
	t = serve_clients_new(0, &rng);
	for (uint32_t i = 0; i < 64; i++)
		add(t, host(0x0a000000 + i), 1000, 1);
	for (int i = 0; i < 300; i++)
		add(t, host(0xc0000201), 1, 2);
	assert_non_null(find(t, "192.0.2.1"));
	serve_clients_free(t);
}

/* All of the first, then some for all; the sum is right in the mean. */
static void
sampling(void **state)
{
	struct serve_crowd *c = serve_crowd_new(true, &rng);
	struct serve_crowd *off = serve_crowd_new(false, &rng);
	struct serve_clients *t = serve_crowd_clients(c);
	struct addr a = host(0xc0000201), b = host(0xc0000202);
	uint64_t sum;

	(void)state;
	for (int i = 0; i < 64; i++)
		serve_crowd_note(c, i % 2 ? &a : &b,
		    i % 4 == 1 ? SERVE_DROP_LIMITED : SERVE_ANSWERED_NTS, true,
		    (struct mono){5});
	assert_int_equal(find(t, "192.0.2.1")->sum.ask_cnt, 32);
	assert_int_equal(find(t, "192.0.2.1")->sum.drop_cnt, 16);
	assert_int_equal(find(t, "192.0.2.1")->sum.nts_cnt, 16);
	assert_int_equal(find(t, "192.0.2.2")->sum.nts_cnt, 32);
	for (int i = 0; i < 200000; i++)
		serve_crowd_note(
		    c, i % 4 ? &a : &b, SERVE_ANSWERED, true, (struct mono){6});
	sum = find(t, "192.0.2.1")->sum.ask_cnt;
	assert_in_range(sum, 125000, 175000);
	sum += find(t, "192.0.2.2")->sum.ask_cnt;
	assert_in_range(sum, 185000, 215000);
	serve_clients_clear(t);
	serve_crowd_period(c);
	serve_crowd_note(c, &a, SERVE_ANSWERED, true, (struct mono){7});
	assert_int_equal(find(t, "192.0.2.1")->sum.ask_cnt, 1);
	serve_crowd_note(off, &a, SERVE_ANSWERED, true, (struct mono){7});
	assert_int_equal(count(serve_crowd_clients(off)), 0);
	assert_true(serve_crowd_knows(off, &a));
	serve_crowd_note(NULL, &a, SERVE_ANSWERED, true, (struct mono){7});
	serve_crowd_free(c);
	serve_crowd_free(off);
}

static void
who_is_known(void **state)
{
	struct serve_crowd *c = serve_crowd_new(false, &rng);
	struct addr a = host(0xc0000201), b = host(0xc0000202);
	unsigned wrong = 0;

	(void)state;
	assert_false(serve_crowd_knows(c, &a));
	serve_crowd_note(c, &a, SERVE_ANSWERED, true, (struct mono){0});
	assert_true(serve_crowd_knows(c, &a));
	/* Neither under pressure nor by what is dropped. */
	serve_crowd_note(c, &b, SERVE_ANSWERED, false, (struct mono){0});
	serve_crowd_note(c, &b, SERVE_DROP_LIMITED, true, (struct mono){0});
	assert_false(serve_crowd_knows(c, &b));
	for (uint32_t i = 0; i < 20000; i++) {
		struct addr h = host(0x0a000000 + i);

		serve_crowd_period(c);
		serve_crowd_note(c, &h, SERVE_ANSWERED, true, (struct mono){0});
	}
	for (uint32_t i = 0; i < 20000; i++) {
		struct addr h = host(0x0b000000 + i);

		wrong += serve_crowd_knows(c, &h);
	}
	assert_in_range(wrong, 0, 5);
	serve_crowd_free(c);
}

/* Under pressure strangers go first, without a word; nobody else does. */
static void
pressure(void **state)
{
	struct serve_conf conf = {.precision_log2s = -24};
	struct serve_crowd *crowd = serve_crowd_new(false, &rng);
	struct report_serve report = {0};
	struct rig r;

	(void)state;
	conf.crowd = crowd;
	rig_init(&r, &conf);
	r.req.from = host(0xc0000263);
	r.req.from.port = 4000;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	serve_set_pressed(r.serve, true);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	r.req.from.bytes[3] = 100;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_ask(&r), SERVE_DROP_SHED);
	serve_report(r.serve, &report);
	assert_int_equal(report.shed_cnt, 3);
	assert_int_equal(report.rx_cnt, 5);
	serve_set_pressed(r.serve, false);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	rig_fini(&r);
	serve_crowd_free(crowd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(sums_and_times, setup),
	    cmocka_unit_test_setup(flood_of_addresses, setup),
	    cmocka_unit_test_setup(sampling, setup),
	    cmocka_unit_test_setup(who_is_known, setup),
	    cmocka_unit_test_setup(pressure, setup),
	};

	return cmocka_run_group_tests_name("serve_clients", tests, NULL, NULL);
}
