/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes of a server worker, drawn in bulk so that a request costs no
 * system call: from the kernel, or, with a generator, from a key that the
 * kernel gave and that each refill replaces.  Key and bytes are at most 1 s
 * old, wiped as they are used, gone in a forked child, which asks the kernel
 * from then on; what comes out is mixed with the worker's
 * number and the time of the requests, so that copies of a machine do not
 * repeat each other.  A client has no need of it: it asks the kernel
 * (os/random) for every packet.
 */
#ifndef OS_RANDPOOL_H
#define OS_RANDPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/tstamp.h"

#define OS_RANDPOOL_LEN     4000 /* with the rest one page */
#define OS_RANDPOOL_AGE_NS  TSTAMP_NS_PER_S
#define OS_RANDPOOL_KEY_LEN 32
#define OS_RANDPOOL_REFILLS 256 /* of one key from the kernel */

/* Makes len bytes of a key, a multiple of 16, of which nobody without the key
 * can tell anything.  Return: 0 or negative. */
struct os_randpool_generator {
	int (*fill)(void *ctx, const uint8_t *key, uint8_t *buf, size_t len);
	void *ctx;
};

/* All zero is a pool that will draw before it gives: so is it after fork. */
struct os_randpool {
	struct os_randpool_generator generator;
	uint8_t key[OS_RANDPOOL_KEY_LEN];
	size_t refills; /* that the key is good for; 0: it is not */
	size_t left;    /* unused bytes, the first ones */
	uint64_t id;
	uint64_t mix;
	struct mono drawn; /* what came from the kernel last */
	struct mono now;   /* as told last */
	uint8_t bytes[OS_RANDPOOL_LEN];
};

/**
 * os_randpool_new - an empty pool in secret memory.
 * @id: the worker's number.
 * Return: owned; NULL without memory or without randomness: refuse to start.
 */
struct os_randpool *os_randpool_new(uint64_t id);

/**
 * os_randpool_set_generator - make the bytes of a key instead of asking the
 * kernel for all of them.  When it fails, the kernel is asked.
 * @ctx: borrowed as long as the pool is used.
 */
void os_randpool_set_generator(
    struct os_randpool *p, struct os_randpool_generator g);

/**
 * os_randpool_free - wipe and give back; NULL is fine.
 */
void os_randpool_free(struct os_randpool *p);

/**
 * os_randpool_stir - before each batch: what is too old is thrown away.
 * @rx: when the batch's first request came.
 */
void os_randpool_stir(struct os_randpool *p, struct mono now, struct wall rx);

/**
 * os_randpool_rng - the pool as pure code sees it; borrows it.  A failure of
 * the kernel's ends the process rather than return something predictable.
 */
struct rng os_randpool_rng(struct os_randpool *p);

#endif
