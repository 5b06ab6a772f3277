/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sequence lock of the time pages and the arithmetic on their contents.
 * Words are copied with relaxed atomic accesses, so that a torn copy is a
 * retry and never undefined behaviour.
 */
#include "base/timepage.h"

#include <string.h>

#define READ_TRIES 1000

_Static_assert(sizeof(struct timepage) <= TIMEPAGE_SIZE, "one page");
_Static_assert(sizeof(struct timepage_time) % 8 == 0, "whole words");
_Static_assert(sizeof(struct timepage_clock) % 8 == 0, "whole words");
_Static_assert(sizeof(struct timepage_time) <= 8 * TIMEPAGE_WORDS, "fits");

void
timepage_init(struct timepage *p)
{
	memset(p, 0, sizeof *p);
	p->version = TIMEPAGE_VERSION;
	p->magic = TIMEPAGE_MAGIC;
}

void
timepage_put(struct timepage *p, const void *data, size_t len)
{
	const uint8_t *from = data;
	uint32_t gen = __atomic_load_n(&p->generation, __ATOMIC_RELAXED) | 1;

	__atomic_store_n(&p->generation, gen, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (size_t i = 0; i < len / 8 && i < TIMEPAGE_WORDS; i++) {
		uint64_t word;

		memcpy(&word, from + 8 * i, 8);
		__atomic_store_n(&p->words[i], word, __ATOMIC_RELAXED);
	}
	/* 0 means never written, so the generation skips it when it wraps. */
	gen = gen == UINT32_MAX ? 2 : gen + 1;
	__atomic_store_n(&p->generation, gen, __ATOMIC_RELEASE);
}

static bool
try_get(const struct timepage *p, uint8_t *to, size_t len)
{
	uint32_t gen = __atomic_load_n(&p->generation, __ATOMIC_ACQUIRE);

	if (gen & 1)
		return false;
	for (size_t i = 0; i < len / 8 && i < TIMEPAGE_WORDS; i++) {
		uint64_t word = __atomic_load_n(&p->words[i], __ATOMIC_RELAXED);

		memcpy(to + 8 * i, &word, 8);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return gen == __atomic_load_n(&p->generation, __ATOMIC_RELAXED);
}

int
timepage_get(const struct timepage *p, void *data, size_t len)
{
	int err = ERR_AGAIN;

	if (p->magic != TIMEPAGE_MAGIC || p->version != TIMEPAGE_VERSION ||
	    __atomic_load_n(&p->generation, __ATOMIC_RELAXED) == 0)
		err = ERR_ABSENT;
	for (int i = 0; err == ERR_AGAIN && i < READ_TRIES; i++)
		if (try_get(p, data, len))
			err = 0;
	if (err < 0)
		memset(data, 0, len);
	return err;
}

struct dur
timepage_virtual(const struct timepage_clock *c, struct mono at)
{
	int64_t slewed =
	    at.ns < c->slew_until_mono_ns ? at.ns : c->slew_until_mono_ns;
	double ns = (double)(at.ns - c->as_of_mono_ns) * c->virt_rate_sps;

	if (slewed > c->as_of_mono_ns)
		ns += (double)(slewed - c->as_of_mono_ns) * c->slew_rate_sps;
	return (struct dur){
	    c->virt_offset_ns + tstamp_dur_from_s(ns * 1e-9).ns};
}

struct dur
timepage_remaining(const struct timepage_time *t, struct mono at)
{
	int64_t end =
	    at.ns < t->rate_until_mono_ns ? at.ns : t->rate_until_mono_ns;
	double ns = 0;

	if (end > t->as_of_mono_ns)
		ns = (double)(end - t->as_of_mono_ns) * t->rate_sps;
	return (struct dur){t->offset_ns + tstamp_dur_from_s(ns * 1e-9).ns};
}

double
timepage_dispersion_s(const struct timepage_time *t, struct mono at)
{
	double age_s = (double)(at.ns - t->as_of_mono_ns) * 1e-9;

	if (age_s < 0)
		age_s = 0;
	return (double)t->root_dispersion_ns * 1e-9 +
	    age_s * t->root_dispersion_growth_sps;
}
