/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot digests through libcrypto.
 */
#include "crypto/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

static int
digest(const char *name, const void *data, size_t len, uint8_t *out,
    size_t out_len)
{
	uint8_t buf[EVP_MAX_MD_SIZE];
	size_t got = 0;
	int done;

	memset(out, 0, out_len);
	ERR_set_mark();
	done = EVP_Q_digest(NULL, name, NULL, data, len, buf, &got);
	ERR_pop_to_mark();
	if (done != 1 || got != out_len)
		return ERR_ABSENT;
	memcpy(out, buf, out_len);
	return 0;
}

int
crypto_digest_md5(
    const void *data, size_t len, uint8_t out[CRYPTO_DIGEST_MD5_LEN])
{
	return digest("MD5", data, len, out, CRYPTO_DIGEST_MD5_LEN);
}

int
crypto_digest_sha256(
    const void *data, size_t len, uint8_t out[CRYPTO_DIGEST_SHA256_LEN])
{
	return digest("SHA256", data, len, out, CRYPTO_DIGEST_SHA256_LEN);
}
