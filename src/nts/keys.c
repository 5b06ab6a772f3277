/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AEAD contexts by id, made at start.  RFC 8915 section 5.1.
 */
#include "nts/keys.h"

#include <string.h>

int
nts_aeads_init(struct nts_aeads *set)
{
	memset(set, 0, sizeof(*set));
	for (unsigned i = 0; i < NTS_AEAD_CNT; i++) {
		unsigned id = NTS_AEAD_FIRST + i;

		if (crypto_aead_key_len(id) != 0)
			set->by_id[i] = crypto_aead_new(id);
	}
	if (set->by_id[CRYPTO_AEAD_SIV_256 - NTS_AEAD_FIRST])
		return 0;
	nts_aeads_fini(set);
	return ERR_LIBRARY;
}

void
nts_aeads_fini(struct nts_aeads *set)
{
	for (unsigned i = 0; i < NTS_AEAD_CNT; i++) {
		crypto_aead_free(set->by_id[i]);
		set->by_id[i] = NULL;
	}
}

struct crypto_aead *
nts_aeads_get(const struct nts_aeads *set, unsigned id)
{
	if (id < NTS_AEAD_FIRST || id - NTS_AEAD_FIRST >= NTS_AEAD_CNT)
		return NULL;
	return set->by_id[id - NTS_AEAD_FIRST];
}

bool
nts_keys_valid(const struct nts_keys *keys)
{
	return keys->key_len != 0 &&
	    keys->key_len == crypto_aead_key_len(keys->aead);
}
