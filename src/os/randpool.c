/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool is one page of secret memory.  Invariants: bytes[0, left) were
 * never given out, the rest is zero; the key is that of the next filling and
 * made none yet.
 */
#include "os/randpool.h"

#include <stdbool.h>
#include <string.h>

#include "base/wipe.h"
#include "os/random.h"
#include "os/secret.h"

_Static_assert(sizeof(struct os_randpool) <= 4096, "one page");

#define TAKE_MAX  (OS_RANDPOOL_LEN - OS_RANDPOOL_KEY_LEN) /* at once */
#define ID_SPREAD 0x9e3779b97f4a7c15ULL /* neighbours differ in many bits */

static inline void
add_mix(const struct os_randpool *p, uint8_t *to, size_t len)
{
	uint64_t word;

	if (len >= sizeof word) {
		memcpy(&word, to, sizeof word);
		word ^= p->mix;
		memcpy(to, &word, sizeof word);
		return;
	}
	for (size_t i = 0; i < len; i++)
		to[i] ^= (uint8_t)(p->mix >> 8 * i);
}

/* The last bytes of a filling become the next key before any are given out:
 * nobody can go back from what is found here to what was given. */
static bool
generate(struct os_randpool *p)
{
	struct os_randpool_generator *g = &p->generator;

	if (!g->fill)
		return false;
	if (p->refills == 0) {
		os_random_bytes(p->key, sizeof p->key);
		p->refills = OS_RANDPOOL_REFILLS;
		p->drawn = p->now;
	}
	add_mix(p, p->key, sizeof p->key);
	if (g->fill(g->ctx, p->key, p->bytes, sizeof p->bytes) < 0) {
		p->refills = 0;
		return false;
	}
	p->refills--;
	p->left = sizeof p->bytes - sizeof p->key;
	memcpy(p->key, p->bytes + p->left, sizeof p->key);
	wipe_bytes(p->bytes + p->left, sizeof p->key);
	return true;
}

static void
draw(struct os_randpool *p)
{
	if (generate(p))
		return;
	os_random_bytes(p->bytes, sizeof p->bytes);
	p->left = sizeof p->bytes;
	p->drawn = p->now;
}

static void
take(struct os_randpool *p, uint8_t *to, size_t len)
{
	const uint8_t *from;

	if (len > p->left)
		draw(p);
	p->left -= len;
	from = p->bytes + p->left;
	/* The lengths of a request, in line. */
	if (len == 16)
		memcpy(to, from, 16);
	else if (len == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, len);
	/* What was given away must not be found here later. */
	if (len == 16)
		memset(p->bytes + p->left, 0, 16);
	else
		wipe_bytes(p->bytes + p->left, len);
	add_mix(p, to, len);
}

static void
fill(void *ctx, void *buf, size_t len)
{
	struct os_randpool *p = ctx;
	uint8_t *to = buf;

	while (len > TAKE_MAX) {
		take(p, to, TAKE_MAX);
		to += TAKE_MAX;
		len -= TAKE_MAX;
	}
	if (len > 0)
		take(p, to, len);
}

void
os_randpool_stir(struct os_randpool *p, struct mono now, struct wall rx)
{
	p->now = now;
	p->mix = p->id * ID_SPREAD ^ (uint64_t)rx.ns;
	if ((p->left > 0 || p->refills > 0) &&
	    tstamp_mono_diff(now, p->drawn).ns >= OS_RANDPOOL_AGE_NS) {
		wipe_bytes(p->bytes, p->left);
		wipe_bytes(p->key, sizeof p->key);
		p->left = p->refills = 0;
	}
}

struct rng
os_randpool_rng(struct os_randpool *p)
{
	return (struct rng){fill, p};
}

void
os_randpool_set_generator(struct os_randpool *p, struct os_randpool_generator g)
{
	p->generator = g;
}

void
os_randpool_free(struct os_randpool *p)
{
	os_secret_free(p, sizeof *p);
}

struct os_randpool *
os_randpool_new(uint64_t id)
{
	struct os_randpool *p;
	struct rng probe;

	if (os_random_init(&probe) < 0)
		return NULL;
	p = os_secret_alloc(sizeof *p, NULL);
	if (p)
		p->id = id + 1;
	return p;
}
