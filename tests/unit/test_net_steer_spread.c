/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the choice of a worker by the source address spreads, over many drawn
 * secrets, always the same ones: neighbours as if by lot, and nobody outside
 * knows who comes to whom.  That the kernel chooses so: test_net_steer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "steer_rig.h"

#define DRAWS       400
#define WORKERS_MAX 16

static const unsigned workers[] = {2, 3, 4, 16};
static const unsigned lengths[] = {40, 254};

/* Neighbours: so far from one another, from a drawn address on. */
struct run {
	unsigned family;
	uint32_t prefix;
	uint32_t step;
};

static const struct run runs[] = {
    {ADDR_V4, 0, 1},                /* a /24, each address */
    {ADDR_V4, 0, 1 << 8},           /* the same one of each /24 */
    {ADDR_V4, 0, 1 << 16},          /* of each /16 */
    {ADDR_V6, 0x20010db8, 1},       /* the /64s of a site */
    {ADDR_V6, 0x20010db8, 1 << 8},  /* the first of each /56 */
    {ADDR_V6, 0x20010db8, 1 << 16}, /* of each /48 */
};

/* splitmix64 */
static uint64_t
draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Return: the statistic for equal shares; *idle: how many got none. */
static double
chi_square(const unsigned *cnt, unsigned n, unsigned *idle)
{
	double sum = 0, all = 0;

	*idle = 0;
	for (unsigned i = 0; i < n; i++) {
		all += cnt[i];
		sum += (double)cnt[i] * cnt[i];
		*idle += cnt[i] == 0;
	}
	return sum * n / all - all;
}

static double
run_of(const struct run *t, unsigned len, unsigned n, uint64_t *state,
    unsigned *idle)
{
	struct steer_rig r = steer_rig(t->family, n, draw(state));
	uint32_t at = (uint32_t)draw(state);
	unsigned cnt[WORKERS_MAX] = {0};

	for (unsigned i = 0; i < len; i++, at += t->step) {
		uint32_t to = steer_rig_pick(&r, t->prefix, at);

		assert_in_range(to, 0, n - 1);
		cnt[to]++;
	}
	return chi_square(cnt, n, idle);
}

/*
 * By lot the statistic is n - 1 on average (of 400, give or take 7 % with two
 * workers, less with more), and the largest of 400 draws is near 10, 13, 16
 * and 36 for 2, 3, 4 and 16 workers; over half a million draws it was at most
 * 26, 28, 32 and 67.  A product and its upper half alone, without the mixing,
 * is right on average by being too even at most secrets and far out at some:
 * then everybody is with one worker, and the statistic is len * (n - 1).  So
 * the average alone shows nothing, and the largest is demanded too.
 */
static void
expect_lots(const struct run *t, unsigned len, unsigned n)
{
	uint64_t state = 1;
	double sum = 0, worst = 0;
	unsigned idle;

	for (int d = 0; d < DRAWS; d++) {
		double chi = run_of(t, len, n, &state, &idle);

		sum += chi;
		worst = chi > worst ? chi : worst;
		if (len == 254 && n <= 4)
			assert_int_equal(idle, 0);
	}
	sum /= DRAWS * (n - 1);
	if (sum < 0.75 || sum > 1.25 || worst > 22 + 2 * (n - 1))
		fail_msg("step %u, %u on %u: chi-square %.2f of its mean, "
			 "%.1f at worst",
		    t->step, len, n, sum, worst);
}

static void
test_neighbours(void **state)
{
	(void)state;
	for (size_t t = 0; t < sizeof runs / sizeof runs[0]; t++)
		for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
			for (size_t w = 0; w < sizeof workers / sizeof *workers;
			     w++)
				expect_lots(&runs[t], lengths[l], workers[w]);
}

/* Return: of the draws, how often two addresses meet with one of two. */
static unsigned
meetings(unsigned family, const uint32_t a[2], uint32_t flip0, uint32_t flip1)
{
	uint64_t state = 2;
	unsigned cnt = 0;

	for (int d = 0; d < DRAWS; d++) {
		struct steer_rig r = steer_rig(family, 2, draw(&state));

		cnt += steer_rig_pick(&r, a[0], a[1]) ==
		    steer_rig_pick(&r, a[0] ^ flip0, a[1] ^ flip1);
	}
	return cnt;
}

/* Who chooses his addresses cannot choose that they meet, nor that they do
 * not: neither with one bit changed, nor with one in each word, where the one
 * could undo the other. */
static void
test_nobody_aims(void **state)
{
	const uint32_t v4[2] = {0, 0xc0000201}, v6[2] = {0x20010db8, 0x10000};
	unsigned met[4];

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flip = UINT32_C(1) << bit;

		met[0] = meetings(ADDR_V4, v4, 0, flip);
		met[1] = meetings(ADDR_V6, v6, 0, flip);
		met[2] = meetings(ADDR_V6, v6, flip, 0);
		met[3] = meetings(ADDR_V6, v6, flip, flip);
		for (int i = 0; i < 4; i++)
			if (met[i] < DRAWS / 3 || met[i] > DRAWS * 2 / 3)
				fail_msg("bit %u, case %d: %u of %d meet", bit,
				    i, met[i], DRAWS);
	}
}

/* Nor does an address have a worker of its own. */
static void
test_no_place_of_its_own(void **state)
{
	static const uint32_t at[] = {1, 0x10000, 0x0a000000, 0x7f000001,
	    0x80000000, 0xc0000000, 0xffffffff};
	unsigned idle;

	(void)state;
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		unsigned cnt[4] = {0};
		uint64_t seed = 3;

		for (int d = 0; d < DRAWS; d++) {
			struct steer_rig r = steer_rig(ADDR_V4, 4, draw(&seed));

			cnt[steer_rig_pick(&r, 0, at[i]) % 4]++;
		}
		if (chi_square(cnt, 4, &idle) > 28)
			fail_msg("address %#x: %u %u %u %u", at[i], cnt[0],
			    cnt[1], cnt[2], cnt[3]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_neighbours),
	    cmocka_unit_test(test_nobody_aims),
	    cmocka_unit_test(test_no_place_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
