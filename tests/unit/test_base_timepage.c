/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time pages: published and read back, never a torn copy (two processes
 * on one mapping), a dead writer, and the arithmetic on the contents.
 */
#include "base/timepage.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hex.h"

static struct timepage *
shared_page(void)
{
	struct timepage *p = mmap(NULL, TIMEPAGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	timepage_init(p);
	return p;
}

static void
published_and_read(void **state)
{
	struct timepage *p = shared_page();
	struct timepage_time t, got;

	(void)state;
	memset(&got, 0xff, sizeof got);
	assert_int_equal(timepage_get(p, &got, sizeof got), ERR_ABSENT);
	assert_int_equal(got.as_of_mono_ns, 0);
	for (unsigned i = 0; i < 100; i++) {
		memset(&t, (int)i, sizeof t);
		timepage_put(p, &t, sizeof t);
		assert_int_equal(timepage_get(p, &got, sizeof got), 0);
		assert_memory_equal(&got, &t, sizeof t);
		assert_int_equal(p->generation, 2 * (i + 1));
	}
	munmap(p, TIMEPAGE_SIZE);
}

static void
looks_like_its_name(void **state)
{
	struct timepage *p = shared_page();

	(void)state;
	assert_memory_equal(p, "truenoon", 8);
	munmap(p, TIMEPAGE_SIZE);
}

static void
not_such_a_page(void **state)
{
	struct timepage *p = shared_page();
	struct timepage_clock c = {.as_of_mono_ns = 1};

	(void)state;
	timepage_put(p, &c, sizeof c);
	assert_int_equal(timepage_get(p, &c, sizeof c), 0);
	p->version++;
	assert_int_equal(timepage_get(p, &c, sizeof c), ERR_ABSENT);
	assert_int_equal(c.as_of_mono_ns, 0);
	p->version--;
	p->magic ^= 1;
	assert_int_equal(timepage_get(p, &c, sizeof c), ERR_ABSENT);
	munmap(p, TIMEPAGE_SIZE);
}

/* An odd generation that stays: reading ends, and the next writer heals. */
static void
a_dead_writer(void **state)
{
	struct timepage *p = shared_page();
	struct timepage_clock c = {.as_of_mono_ns = 1};

	(void)state;
	timepage_put(p, &c, sizeof c);
	p->generation++;
	assert_int_equal(timepage_get(p, &c, sizeof c), ERR_AGAIN);
	assert_int_equal(c.as_of_mono_ns, 0);
	c.as_of_mono_ns = 5;
	timepage_put(p, &c, sizeof c);
	assert_int_equal(p->generation % 2, 0);
	assert_int_equal(timepage_get(p, &c, sizeof c), 0);
	assert_int_equal(c.as_of_mono_ns, 5);
	munmap(p, TIMEPAGE_SIZE);
}

static void
the_generation_wraps_past_zero(void **state)
{
	struct timepage *p = shared_page();
	struct timepage_clock c = {.as_of_mono_ns = 7};

	(void)state;
	p->generation = UINT32_MAX - 1;
	timepage_put(p, &c, sizeof c);
	assert_int_equal(p->generation, 2);
	assert_int_equal(timepage_get(p, &c, sizeof c), 0);
	munmap(p, TIMEPAGE_SIZE);
}

static void
write_for_ever(struct timepage *p)
{
	uint64_t words[TIMEPAGE_WORDS];

	for (uint64_t i = 1;; i++) {
		for (size_t k = 0; k < TIMEPAGE_WORDS; k++)
			words[k] = i;
		timepage_put(p, words, sizeof words);
	}
}

static void
no_torn_copies(void **state)
{
	struct timepage *p = shared_page();
	uint64_t words[TIMEPAGE_WORDS] = {0}, last = 0;
	unsigned good = 0, moved = 0;
	pid_t writer = fork();

	(void)state;
	assert_true(writer >= 0);
	if (writer == 0)
		write_for_ever(p);
	for (unsigned i = 0; i < 2000000 && moved < 2000; i++) {
		if (timepage_get(p, words, sizeof words) < 0)
			continue;
		good++;
		for (size_t k = 1; k < TIMEPAGE_WORDS; k++)
			assert_true(words[k] == words[0]);
		assert_true(words[0] >= last);
		moved += words[0] != last;
		last = words[0];
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	munmap(p, TIMEPAGE_SIZE);
	assert_true(good > 0 && moved > 1);
}

static void
virtual_clock(void **state)
{
	struct timepage_clock c = {
	    .as_of_mono_ns = 1000000000,
	    .virt_offset_ns = 500,
	    .virt_rate_sps = 1e-6,
	    .slew_rate_sps = 1e-3,
	    .slew_until_mono_ns = 3000000000,
	};

	(void)state;
	/* 1 us and 1 ms per second, the slew for two seconds only. */
	assert_int_equal(
	    timepage_virtual(&c, (struct mono){1000000000}).ns, 500);
	assert_int_equal(
	    timepage_virtual(&c, (struct mono){2000000000}).ns, 1001500);
	assert_int_equal(
	    timepage_virtual(&c, (struct mono){3000000000}).ns, 2002500);
	assert_int_equal(
	    timepage_virtual(&c, (struct mono){13000000000}).ns, 2012500);
	c.slew_until_mono_ns = 0;
	assert_int_equal(
	    timepage_virtual(&c, (struct mono){2000000000}).ns, 1500);
}

static void
what_remains(void **state)
{
	struct timepage_time t = {
	    .as_of_mono_ns = 1000000000,
	    .offset_ns = 10000,
	    .rate_sps = -1e-6,
	    .rate_until_mono_ns = 11000000000,
	};

	(void)state;
	assert_int_equal(
	    timepage_remaining(&t, (struct mono){1000000000}).ns, 10000);
	assert_int_equal(
	    timepage_remaining(&t, (struct mono){6000000000}).ns, 5000);
	assert_int_equal(
	    timepage_remaining(&t, (struct mono){11000000000}).ns, 0);
	assert_int_equal(
	    timepage_remaining(&t, (struct mono){99000000000}).ns, 0);
	assert_int_equal(timepage_remaining(&t, (struct mono){0}).ns, 10000);
}

/* J6: dispersion grows with age. */
static void
j6_dispersion_grows(void **state)
{
	struct timepage_time t = {
	    .as_of_mono_ns = 1000000000,
	    .root_dispersion_ns = 1000000,
	    .root_dispersion_growth_sps = 15e-6,
	};

	(void)state;
	assert_true(fabs(timepage_dispersion_s(&t, (struct mono){1000000000}) -
			1e-3) < 1e-12);
	assert_true(
	    fabs(timepage_dispersion_s(&t, (struct mono){1001000000000}) -
		16e-3) < 1e-12);
	assert_true(
	    fabs(timepage_dispersion_s(&t, (struct mono){0}) - 1e-3) < 1e-12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_and_read),
	    cmocka_unit_test(looks_like_its_name),
	    cmocka_unit_test(not_such_a_page),
	    cmocka_unit_test(a_dead_writer),
	    cmocka_unit_test(the_generation_wraps_past_zero),
	    cmocka_unit_test(no_torn_copies),
	    cmocka_unit_test(virtual_clock),
	    cmocka_unit_test(what_remains),
	    cmocka_unit_test(j6_dispersion_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
