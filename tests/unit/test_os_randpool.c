/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool of a worker against a kernel that counts how often it is asked:
 * getrandom is the test's own here.
 */
#include "os/randpool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DRAW 16

static unsigned asked;
static size_t asked_len; /* at the last time */
static uint8_t source;
static bool constant;

/* Never zero, so that what was wiped shows. */
ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
	uint8_t *to = buf;

	(void)flags;
	asked++;
	asked_len = len;
	for (size_t i = 0; i < len; i++) {
		source = (uint8_t)(source % 251 + 1);
		to[i] = constant ? 0xa5 : source;
	}
	return (ssize_t)len;
}

static struct os_randpool *
make(uint64_t id)
{
	struct os_randpool *p;

	constant = false;
	p = os_randpool_new(id);
	assert_non_null(p);
	asked = 0;
	return p;
}

static void
stir(struct os_randpool *p, int64_t now_ns, int64_t rx_ns)
{
	os_randpool_stir(p, (struct mono){now_ns}, (struct wall){rx_ns});
}

static void
test_one_call_serves_many(void **state)
{
	struct os_randpool *p = make(0);
	struct rng r = os_randpool_rng(p);
	uint8_t out[DRAW];

	(void)state;
	stir(p, 5, 7);
	for (int i = 0; i < OS_RANDPOOL_LEN / DRAW; i++)
		rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 1);
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 2);
	os_randpool_free(p);
}

static void
test_wiped_as_used(void **state)
{
	static const size_t lens[] = {8, 16, 1, 100, 3};
	struct os_randpool *p = make(0);
	struct rng r = os_randpool_rng(p);
	uint8_t out[128];

	(void)state;
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		rng_bytes(&r, out, lens[i]);
		for (size_t at = 0; at < OS_RANDPOOL_LEN; at++)
			assert_int_equal(p->bytes[at] != 0, at < p->left);
	}
	assert_int_equal(p->left, OS_RANDPOOL_LEN - 128);
	os_randpool_free(p);
}

static void
test_never_the_same_twice(void **state)
{
	struct os_randpool *p = make(0);
	struct rng r = os_randpool_rng(p);
	uint8_t all[OS_RANDPOOL_LEN + 1000];

	(void)state;
	/* Longer than the pool: two fillings, in the source's order. */
	rng_bytes(&r, all, sizeof all);
	assert_int_equal(asked, 2);
	for (size_t i = 1; i < OS_RANDPOOL_LEN; i++)
		assert_int_not_equal(all[i], all[i - 1]);
	os_randpool_free(p);
}

static void
test_old_bytes_are_thrown_away(void **state)
{
	struct os_randpool *p = make(0);
	struct rng r = os_randpool_rng(p);
	uint8_t out[DRAW];

	(void)state;
	stir(p, 100, 0);
	rng_bytes(&r, out, sizeof out);
	stir(p, 100 + OS_RANDPOOL_AGE_NS - 1, 0);
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 1);
	stir(p, 100 + OS_RANDPOOL_AGE_NS, 0);
	for (size_t at = 0; at < OS_RANDPOOL_LEN; at++)
		assert_int_equal(p->bytes[at], 0);
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 2);
	os_randpool_free(p);
}

/* A machine copied while it runs has its pool twice. */
static void
test_copies_differ_by_worker_and_time(void **state)
{
	struct os_randpool *a = make(1), *b = make(2);
	struct rng ra = os_randpool_rng(a), rb = os_randpool_rng(b);
	uint8_t first[DRAW], second[DRAW];

	(void)state;
	constant = true;
	stir(a, 5, 1000);
	stir(b, 5, 1000);
	rng_bytes(&ra, first, sizeof first);
	rng_bytes(&rb, second, sizeof second);
	assert_memory_not_equal(first, second, 8);
	stir(a, 5, 1001);
	rng_bytes(&ra, second, sizeof second);
	assert_memory_not_equal(first, second, 8);
	os_randpool_free(a);
	os_randpool_free(b);
}

static void
test_empty_after_fork(void **state)
{
	struct os_randpool *p = make(0);
	struct rng r = os_randpool_rng(p);
	uint8_t out[DRAW];
	int status;
	pid_t pid;

	(void)state;
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool wiped = p->left == 0;

		rng_bytes(&r, out, sizeof out);
		_exit(wiped && asked == 2 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked, 1);
	os_randpool_free(p);
}

#define GIVEN (OS_RANDPOOL_LEN - OS_RANDPOOL_KEY_LEN) /* of a filling */

/* A generator that is easy to see through: the key again and again, each
 * byte one more than the one a key's length before it. */
struct plain {
	unsigned calls;
	bool broken;
	uint8_t key[OS_RANDPOOL_KEY_LEN]; /* the last */
};

static int
plain_fill(void *ctx, const uint8_t *key, uint8_t *buf, size_t len)
{
	struct plain *g = ctx;

	g->calls++;
	if (g->broken)
		return -1;
	memcpy(g->key, key, sizeof g->key);
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(key[i % 32] + i / 32 + 1);
	return 0;
}

static struct os_randpool *
make_generating(struct plain *g)
{
	struct os_randpool *p = make(0);

	*g = (struct plain){0};
	os_randpool_set_generator(
	    p, (struct os_randpool_generator){plain_fill, g});
	return p;
}

static void
take_all(struct rng *r)
{
	uint8_t out[GIVEN];

	rng_bytes(r, out, sizeof out);
}

/* The kernel is asked for a key only, and again by the rule. */
static void
test_one_key_for_many_fillings(void **state)
{
	struct plain g;
	struct os_randpool *p = make_generating(&g);
	struct rng r = os_randpool_rng(p);

	(void)state;
	stir(p, 5, 7);
	for (unsigned i = 1; i <= OS_RANDPOOL_REFILLS; i++) {
		take_all(&r);
		assert_int_equal(g.calls, i);
		assert_int_equal(asked, 1);
		assert_int_equal(asked_len, OS_RANDPOOL_KEY_LEN);
	}
	take_all(&r);
	assert_int_equal(asked, 2);
	stir(p, 5 + OS_RANDPOOL_AGE_NS - 1, 7);
	take_all(&r);
	assert_int_equal(asked, 2);
	stir(p, 5 + OS_RANDPOOL_AGE_NS, 7);
	for (size_t i = 0; i < sizeof p->key; i++)
		assert_int_equal(p->key[i], 0);
	take_all(&r);
	assert_int_equal(asked, 3);
	os_randpool_free(p);
}

/* What becomes the next key is not given out, and is not the old one. */
static void
test_key_erased_by_each_filling(void **state)
{
	struct plain g;
	struct os_randpool *p = make_generating(&g);
	struct rng r = os_randpool_rng(p);
	uint8_t out[DRAW], next[OS_RANDPOOL_KEY_LEN];

	(void)state;
	stir(p, 5, 7);
	for (unsigned round = 0; round < 3; round++) {
		rng_bytes(&r, out, sizeof out);
		assert_int_equal(g.calls, round + 1);
		for (size_t i = 0; i < sizeof next; i++)
			next[i] = (uint8_t)(g.key[i] + OS_RANDPOOL_LEN / 32);
		assert_memory_equal(p->key, next, sizeof next);
		assert_memory_not_equal(p->key, g.key, sizeof next);
		for (size_t at = p->left; at < OS_RANDPOOL_LEN; at++)
			assert_int_equal(p->bytes[at], 0);
		assert_int_equal(p->left, GIVEN - sizeof out);
		take_all(&r); /* a new filling, since one is short */
		assert_int_equal(g.calls, round + 2);
		g.calls--;
	}
	os_randpool_free(p);
}

/* A machine copied while it runs: the next filling is made of another key. */
static void
test_copies_part_with_the_next_filling(void **state)
{
	struct plain g;
	struct os_randpool *a = make_generating(&g), *b = make(0);
	struct rng ra = os_randpool_rng(a), rb = os_randpool_rng(b);
	uint8_t key[OS_RANDPOOL_KEY_LEN];

	(void)state;
	stir(a, 5, 1000);
	take_all(&ra);
	*b = *a;
	stir(a, 6, 1000);
	stir(b, 6, 1001);
	take_all(&ra);
	memcpy(key, g.key, sizeof key);
	take_all(&rb);
	assert_memory_not_equal(key, g.key, 8);
	os_randpool_free(a);
	os_randpool_free(b);
}

static void
test_a_broken_generator_is_not_needed(void **state)
{
	struct plain g;
	struct os_randpool *p = make_generating(&g);
	struct rng r = os_randpool_rng(p);
	uint8_t out[DRAW] = {0};

	(void)state;
	g.broken = true;
	rng_bytes(&r, out, sizeof out);
	assert_int_equal(asked_len, OS_RANDPOOL_LEN);
	assert_int_equal(p->left, OS_RANDPOOL_LEN - DRAW);
	for (size_t i = 0; i < sizeof out; i++)
		assert_int_not_equal(out[i], 0);
	g.broken = false;
	take_all(&r);
	take_all(&r);
	assert_int_equal(asked_len, OS_RANDPOOL_KEY_LEN);
	os_randpool_free(p);
}

/* The child has neither bytes nor key, and asks the kernel itself. */
static void
test_no_key_after_fork(void **state)
{
	struct plain g;
	struct os_randpool *p = make_generating(&g);
	struct rng r = os_randpool_rng(p);
	uint8_t mine[DRAW], theirs[DRAW];
	int pipes[2], status;
	pid_t pid;

	(void)state;
	rng_bytes(&r, mine, sizeof mine);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	rng_bytes(&r, mine, sizeof mine);
	if (pid == 0)
		_exit(asked == 2 && g.calls == 1 && p->refills == 0 &&
			    write(pipes[1], mine, DRAW) == DRAW
			? 0
			: 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(asked, 1);
	assert_int_equal(read(pipes[0], theirs, DRAW), DRAW);
	assert_memory_not_equal(mine, theirs, DRAW);
	close(pipes[0]);
	close(pipes[1]);
	os_randpool_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_call_serves_many),
	    cmocka_unit_test(test_wiped_as_used),
	    cmocka_unit_test(test_never_the_same_twice),
	    cmocka_unit_test(test_old_bytes_are_thrown_away),
	    cmocka_unit_test(test_copies_differ_by_worker_and_time),
	    cmocka_unit_test(test_empty_after_fork),
	    cmocka_unit_test(test_one_key_for_many_fillings),
	    cmocka_unit_test(test_key_erased_by_each_filling),
	    cmocka_unit_test(test_copies_part_with_the_next_filling),
	    cmocka_unit_test(test_a_broken_generator_is_not_needed),
	    cmocka_unit_test(test_no_key_after_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
