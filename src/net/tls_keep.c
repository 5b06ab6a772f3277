/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A handshake is some thousand allocations, most of them of sizes that the
 * last one freed.  What libcrypto gives back is kept by size, as far as there
 * is room on the shelves, and given out again without a search; what is kept
 * has no link inside that somebody could overwrite.  Invariant: a piece on a
 * shelf is as long as the shelf says, or longer.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "net/tls.h"

#define STEP       16 /* up to 8 of these, then eighths of powers of two */
#define SHELF_CNT  72
#define LEN_MAX    32768
#define PIECES_MAX 256
#define PIECES_MIN 16
#define SHELF_LEN  65536 /* bytes, with more than PIECES_MIN of them */

struct shelf {
	unsigned cnt;
	void *piece[PIECES_MAX];
};

#ifdef __SANITIZE_ADDRESS__

int
net_tls_keep_freed(void)
{
	return ERR_ABSENT;
}

#else

/* libcrypto's hooks come without an argument. */
static struct shelf shelves[SHELF_CNT];

/* The shortest that holds len, 1 to LEN_MAX.  Return: its shelf. */
static unsigned
shelf_for(size_t len, size_t *size)
{
	size_t last = len - 1;
	unsigned shift = 4;

	if (last >= 8 * (size_t)STEP)
		shift = 60 - (unsigned)__builtin_clzll(last);
	*size = ((last >> shift) + 1) << shift;
	return 8 * (shift - 4) + (unsigned)(last >> shift);
}

static void *
take(size_t len, const char *file, int line)
{
	struct shelf *s;
	size_t size;

	(void)file;
	(void)line;
	if (len == 0)
		return NULL;
	if (len > LEN_MAX)
		return malloc(len);
	s = &shelves[shelf_for(len, &size)];
	return s->cnt > 0 ? s->piece[--s->cnt] : malloc(size);
}

static bool
has_room(const struct shelf *s, size_t len)
{
	return s->cnt < PIECES_MIN ||
	    (s->cnt < PIECES_MAX && (s->cnt + 1) * len <= SHELF_LEN);
}

static void
give(void *at, const char *file, int line)
{
	size_t len = at ? malloc_usable_size(at) : 0, size;
	struct shelf *s;

	(void)file;
	(void)line;
	/* The longest that it fills: the one before what holds a byte more. */
	if (len < STEP || len >= LEN_MAX) {
		free(at);
		return;
	}
	s = &shelves[shelf_for(len + 1, &size) - 1];
	if (has_room(s, len))
		s->piece[s->cnt++] = at;
	else
		free(at);
}

static void *
move(void *at, size_t len, const char *file, int line)
{
	size_t old = at ? malloc_usable_size(at) : 0;
	void *to = NULL;

	if (at && len > 0 && len <= old)
		return at;
	if (len > 0)
		to = take(len, file, line);
	if (to && at)
		memcpy(to, at, old);
	if (to || len == 0)
		give(at, file, line);
	return to;
}

int
net_tls_keep_freed(void)
{
	return CRYPTO_set_mem_functions(take, move, give) == 1 ? 0
							       : ERR_LIBRARY;
}

#endif
