/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a private key leaves copies of it in what libcrypto gives back to
 * the C library: its decoders wipe the key, not the text and the bytes that
 * it came in.  Who reads keys only to judge them and then lives on has all
 * of libcrypto's memory wiped when it is freed.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/wipe.h"
#include "net/tls.h"

static void *
take(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(len);
}

static void
give(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	if (at)
		wipe_bytes(at, malloc_usable_size(at));
	free(at);
}

static void *
move(void *at, size_t len, const char *file, int line)
{
	size_t old = at ? malloc_usable_size(at) : 0;
	void *to;

	if (len == 0) {
		give(at, file, line);
		return NULL;
	}
	to = take(len, file, line);
	if (!to)
		return NULL;
	if (at)
		memcpy(to, at, old < len ? old : len);
	give(at, file, line);
	return to;
}

int
net_tls_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(take, move, give) == 1 ? 0
							       : ERR_LIBRARY;
}
