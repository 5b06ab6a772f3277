/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the configured AEAD algorithms libcrypto can do.
 */
#include "aeads_priv.h"

#include "crypto/aead.h"

size_t
daemon_aeads_offered(uint16_t *list, size_t cnt)
{
	size_t left = 0;

	for (size_t i = 0; i < cnt; i++)
		/* AES-SIV is there always, and to prove it takes memory. */
		if (list[i] <= CRYPTO_AEAD_SIV_512 ||
		    crypto_aead_offered(list[i]))
			list[left++] = list[i];
	return left;
}
