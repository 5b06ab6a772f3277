/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shapes of randomness on top of the caller's source.
 */
#include "base/rng.h"

void
rng_bytes(struct rng *r, void *buf, size_t len)
{
	r->fill(r->ctx, buf, len);
}

uint64_t
rng_u64(struct rng *r)
{
	uint64_t v;

	rng_bytes(r, &v, sizeof v);
	return v;
}

double
rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}
