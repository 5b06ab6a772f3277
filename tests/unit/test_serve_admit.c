/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who keeps a place among many connections (hostile case N1): idle and slow
 * ones go first, nobody takes the share of others, and the tables agree with
 * a plain list that is searched from end to end.
 */
#include "serve/admit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS_NS  1000000LL
#define PLACES 64

static uint64_t seed = 7;

static void
fill(void *ctx, void *buf, size_t len)
{
	uint8_t *p = buf;

	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(seed >> 56);
	}
}

static struct rng rng = {fill, NULL};

static struct serve_admit *
make(uint32_t host_max, uint32_t net_max)
{
	struct serve_admit_conf conf = {
	    .place_cnt = PLACES,
	    .host_max = host_max,
	    .net_max = net_max,
	    .patience = {{2000 * MS_NS}, {4000 * MS_NS}, {2000 * MS_NS},
		{2000 * MS_NS}},
	};
	struct serve_admit *a = serve_admit_new(&conf, &rng);

	assert_non_null(a);
	return a;
}

static struct mono
ms(int64_t n)
{
	return (struct mono){n * MS_NS};
}

static struct addr
host(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text), 0);
	return a;
}

/* As a server does it: victims leave, then the newcomer has a place. */
static uint32_t
come(struct serve_admit *a, const char *from, int64_t at_ms)
{
	struct addr h = host(from);
	uint32_t v, i;

	while ((v = serve_admit_victim(a, &h, ms(at_ms))) != SERVE_ADMIT_NONE)
		serve_admit_leave(a, v);
	i = serve_admit_enter(a, &h, ms(at_ms));
	assert_int_not_equal(i, SERVE_ADMIT_NONE);
	return i;
}

static uint32_t
victim(const struct serve_admit *a, const char *from, int64_t at_ms)
{
	struct addr h = host(from);

	return serve_admit_victim(a, &h, ms(at_ms));
}

static void
an_address_pays_for_itself(void **state)
{
	struct serve_admit *a = make(4, PLACES);
	uint32_t other = come(a, "192.0.2.1", 0);
	uint32_t own[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		own[i] = come(a, "198.51.100.7", 1 + i);
	assert_int_equal(victim(a, "198.51.100.7", 10), own[0]);
	assert_int_equal(victim(a, "198.51.100.8", 10), SERVE_ADMIT_NONE);
	come(a, "198.51.100.7", 10);
	assert_int_equal(victim(a, "198.51.100.7", 11), own[1]);
	assert_int_equal(serve_admit_cnt(a), 5);
	assert_int_equal(serve_admit_stage(a, other), SERVE_ADMIT_SILENT);
	serve_admit_free(a);
}

static void
a_network_pays_for_itself(void **state)
{
	struct serve_admit *a = make(4, 6);
	uint32_t first = come(a, "198.51.100.1", 1);

	(void)state;
	come(a, "192.0.2.1", 0);
	come(a, "198.51.100.1", 2);
	come(a, "198.51.100.2", 3);
	come(a, "198.51.100.2", 4);
	come(a, "198.51.100.3", 5);
	come(a, "198.51.100.3", 6);
	assert_int_equal(victim(a, "198.51.100.200", 7), first);
	assert_int_equal(victim(a, "198.51.101.1", 7), SERVE_ADMIT_NONE);
	serve_admit_free(a);
}

static void
ipv6_counts_by_64_and_56(void **state)
{
	struct serve_admit *a = make(2, 3);
	uint32_t first = come(a, "2001:db8:0:ff00::1", 0), second;

	(void)state;
	second = come(a, "2001:db8:0:ff00:ffff::2", 1);
	assert_int_equal(victim(a, "2001:db8:0:ff00:1::3", 2), first);
	assert_int_equal(victim(a, "2001:db8:0:ff01::1", 2), SERVE_ADMIT_NONE);
	come(a, "2001:db8:0:ff01::1", 2);
	assert_int_equal(victim(a, "2001:db8:0:ffff::1", 3), first);
	assert_int_equal(victim(a, "2001:db8:0:fe00::1", 3), SERVE_ADMIT_NONE);
	serve_admit_leave(a, first);
	assert_int_equal(victim(a, "2001:db8:0:ffff::1", 3), SERVE_ADMIT_NONE);
	serve_admit_leave(a, second);
	serve_admit_free(a);
}

/* Full of idle ones from everywhere: they go, whoever gets on stays. */
static void
the_slowest_makes_room(void **state)
{
	struct serve_admit *a = make(PLACES, PLACES);
	uint32_t idle[PLACES - 2], shaking, asking;
	char text[32];

	(void)state;
	shaking = come(a, "192.0.2.1", 0);
	asking = come(a, "198.51.100.2", 0);
	for (unsigned i = 0; i < PLACES - 2; i++) {
		snprintf(text, sizeof text, "10.%u.1.1", i);
		idle[i] = come(a, text, 10 + i);
	}
	serve_admit_move(a, shaking, SERVE_ADMIT_HELLO, ms(20));
	serve_admit_move(a, asking, SERVE_ADMIT_HELLO, ms(20));
	serve_admit_move(a, asking, SERVE_ADMIT_REQUEST, ms(90));
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof text, "10.%u.1.1", 100 + i);
		assert_int_equal(victim(a, text, 100), idle[i]);
		come(a, text, 100);
	}
	/* Half the patience of stage HELLO is over, none of REQUEST's. */
	serve_admit_move(a, asking, SERVE_ADMIT_ANSWER, ms(2020));
	for (unsigned i = 0; i < PLACES - 2; i++) {
		snprintf(text, sizeof text, "10.%u.2.1", i);
		come(a, text, 2019);
	}
	assert_int_equal(victim(a, "203.0.113.1", 2021), shaking);
	serve_admit_free(a);
}

/* New ones from two networks, faster than anybody can answer from afar: each
 * pushes out one of theirs, and not those who come from elsewhere, until these
 * have waited as much longer as there are of them. */
static void
a_flood_pushes_out_its_own(void **state)
{
	struct serve_admit *a = make(PLACES, PLACES / 2);
	uint32_t far[2];
	char text[32];

	(void)state;
	far[0] = come(a, "192.0.2.1", 0);
	far[1] = come(a, "203.0.113.1", 0);
	serve_admit_move(a, far[1], SERVE_ADMIT_HELLO, ms(1));
	for (unsigned i = 0; i < 1000; i++) {
		int64_t at_ms = 2 + i / 10;

		snprintf(text, sizeof text, "10.0.%u.%u", i % 2, i / 2 % 250);
		assert_int_not_equal(victim(a, text, at_ms), far[0]);
		assert_int_not_equal(victim(a, text, at_ms), far[1]);
		come(a, text, at_ms);
	}
	/* Those who do nothing do not stay for being few. */
	for (unsigned i = 0; i < PLACES - 2; i++) {
		snprintf(text, sizeof text, "10.0.%u.7", i % 2);
		come(a, text, 1900);
	}
	assert_int_equal(victim(a, "10.1.0.1", 1900), far[0]);
	serve_admit_free(a);
}

static void
each_stage_has_its_time(void **state)
{
	struct serve_admit *a = make(PLACES, PLACES);
	struct mono at;
	uint32_t x, y;

	(void)state;
	assert_false(serve_admit_next(a, &at));
	assert_int_equal(serve_admit_late(a, ms(0)), SERVE_ADMIT_NONE);
	x = come(a, "192.0.2.1", 100);
	y = come(a, "192.0.2.2", 200);
	assert_true(serve_admit_next(a, &at));
	assert_int_equal(at.ns, 2100 * MS_NS);
	assert_int_equal(serve_admit_late(a, ms(2099)), SERVE_ADMIT_NONE);
	assert_int_equal(serve_admit_late(a, ms(2100)), x);
	serve_admit_move(a, x, SERVE_ADMIT_HELLO, ms(2000));
	/* To be again where one is does not buy time. */
	serve_admit_move(a, x, SERVE_ADMIT_HELLO, ms(2100));
	assert_int_equal(serve_admit_late(a, ms(2200)), y);
	serve_admit_leave(a, y);
	assert_int_equal(serve_admit_late(a, ms(5999)), SERVE_ADMIT_NONE);
	assert_int_equal(serve_admit_late(a, ms(6000)), x);
	serve_admit_leave(a, x);
	assert_int_equal(serve_admit_cnt(a), 0);
	serve_admit_free(a);
}

/* What a newcomer causes, by searching everything. */
struct row {
	bool taken;
	struct addr from;
	int64_t came, since;
	unsigned stage;
	unsigned order;
};

static bool
same(const struct addr *a, const struct addr *b, size_t len)
{
	return memcmp(a->bytes, b->bytes, len) == 0;
}

static uint32_t
oldest(const struct row *r, const struct addr *from, size_t len, unsigned max)
{
	uint32_t best = SERVE_ADMIT_NONE;
	unsigned cnt = 0;

	for (uint32_t i = 0; i < PLACES; i++) {
		if (!r[i].taken || !same(&r[i].from, from, len))
			continue;
		cnt++;
		if (best == SERVE_ADMIT_NONE || r[i].order < r[best].order)
			best = i;
	}
	return cnt >= max ? best : SERVE_ADMIT_NONE;
}

static double
share(const struct row *r, int64_t now)
{
	return (double)(now - r->since) / (r->stage == 1 ? 4000 : 2000);
}

static unsigned
in_net(const struct row *r, const struct addr *from)
{
	unsigned cnt = 0;

	for (uint32_t i = 0; i < PLACES; i++)
		cnt += r[i].taken && same(&r[i].from, from, 3);
	return cnt;
}

static bool
first_of_stage(const struct row *r, uint32_t i)
{
	for (uint32_t j = 0; j < PLACES; j++)
		if (r[j].stage == r[i].stage && r[j].since < r[i].since)
			return false;
	return true;
}

static bool
first_of_a_crowd(const struct row *r, uint32_t i)
{
	for (uint32_t j = 0; j < PLACES; j++)
		if (in_net(r, &r[j].from) > in_net(r, &r[i].from))
			return false;
	return oldest(r, &r[i].from, 3, 0) == i;
}

static double
burden(const struct row *r, uint32_t i, int64_t now)
{
	return share(&r[i], now) * in_net(r, &r[i].from);
}

/* All are taken: it goes whose burden is greatest of the first of each stage,
 * or the first of a network that is the most crowded, if that has more. */
static void
check_victim(const struct row *r, const struct addr *from, uint32_t got,
    unsigned cnt, int64_t now)
{
	uint32_t want = oldest(r, from, 4, 5);

	if (want == SERVE_ADMIT_NONE)
		want = oldest(r, from, 3, 12);
	if (want != SERVE_ADMIT_NONE || cnt < PLACES) {
		assert_int_equal(got, want);
		return;
	}
	assert_in_range(got, 0, PLACES - 1);
	assert_true(first_of_stage(r, got) || first_of_a_crowd(r, got));
	for (uint32_t i = 0; i < PLACES; i++)
		if (first_of_stage(r, i))
			assert_true(
			    burden(r, i, now) <= burden(r, got, now) + 1e-6);
}

static void
agrees_with_a_search(void **state)
{
	struct serve_admit *a = make(5, 12);
	static struct row rows[PLACES];
	unsigned order = 0, cnt = 0;

	(void)state;
	for (int64_t t = 0; t < 20000; t++) {
		uint64_t dice = rng_u64(&rng);
		struct addr from = {.family = ADDR_V4,
		    .bytes = {10, 0, (uint8_t)(dice >> 8 & 7),
			(uint8_t)(dice >> 16 & 3)}};
		uint32_t i = (uint32_t)(dice >> 24) % PLACES;

		if (rows[i].taken && dice % 8 < 2) {
			serve_admit_leave(a, i);
			rows[i].taken = false;
			cnt--;
		} else if (rows[i].taken && dice % 8 < 4 && rows[i].stage < 3) {
			rows[i].stage++;
			rows[i].since = t;
			serve_admit_move(
			    a, i, (enum serve_admit_stage)rows[i].stage, ms(t));
		} else {
			uint32_t v;

			while ((v = serve_admit_victim(a, &from, ms(t))) !=
			    SERVE_ADMIT_NONE) {
				check_victim(rows, &from, v, cnt, t);
				serve_admit_leave(a, v);
				rows[v].taken = false;
				cnt--;
			}
			check_victim(rows, &from, v, cnt, t);
			i = serve_admit_enter(a, &from, ms(t));
			assert_in_range(i, 0, PLACES - 1);
			assert_false(rows[i].taken);
			rows[i] = (struct row){true, from, t, t, 0, order++};
			cnt++;
		}
		assert_int_equal(serve_admit_cnt(a), cnt);
	}
	serve_admit_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_pays_for_itself),
	    cmocka_unit_test(a_network_pays_for_itself),
	    cmocka_unit_test(ipv6_counts_by_64_and_56),
	    cmocka_unit_test(the_slowest_makes_room),
	    cmocka_unit_test(a_flood_pushes_out_its_own),
	    cmocka_unit_test(each_stage_has_its_time),
	    cmocka_unit_test(agrees_with_a_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
