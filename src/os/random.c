/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom(2) straight into the caller's buffer.
 */
#include "os/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "os/log.h"

static int
fill(void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_SYSTEM;
		to += got;
		len -= (size_t)got;
	}
	return 0;
}

/* There is no safe way on without randomness, and no caller that could do
 * better than to end. */
void
os_random_bytes(void *buf, size_t len)
{
	if (fill(buf, len) < 0) {
		os_log_error("no randomness from the kernel errno=%d", errno);
		abort();
	}
}

static void
fill_or_die(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	os_random_bytes(buf, len);
}

int
os_random_init(struct rng *r)
{
	uint8_t probe[16];

	r->fill = fill_or_die;
	r->ctx = NULL;
	return fill(probe, sizeof probe);
}
