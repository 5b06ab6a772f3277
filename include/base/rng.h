/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where pure code gets its randomness: a callback that the caller supplies.
 * The daemon's draws from the kernel, a simulation's from a seed.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* @fill: put len bytes at buf; cannot fail (the daemon's ends the process
 * rather than return something predictable). */
struct rng {
	void (*fill)(void *ctx, void *buf, size_t len);
	void *ctx;
};

/**
 * rng_bytes - len random bytes to buf.
 */
void rng_bytes(struct rng *r, void *buf, size_t len);

/**
 * rng_u64 - 64 random bits.
 */
uint64_t rng_u64(struct rng *r);

/**
 * rng_unit - a double, uniform in [0, 1).
 */
double rng_unit(struct rng *r);

#endif
