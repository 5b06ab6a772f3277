/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authenticator of either side.
 */
#include "ef_priv.h"

#include "ntp/ext.h"

int
nts_ef_read_auth(struct nts_ef_auth *a, const uint8_t *body, size_t len)
{
	struct bytes_in in;

	bytes_in_init(&in, body, len);
	a->nonce_len = bytes_get_u16(&in);
	a->sealed_len = bytes_get_u16(&in);
	a->nonce = bytes_take(&in, nts_ef_pad4(a->nonce_len));
	a->sealed = bytes_take(&in, nts_ef_pad4(a->sealed_len));
	/* An empty nonce would turn SIV into its deterministic mode. */
	if (in.bad || a->nonce_len == 0 || a->sealed_len < CRYPTO_AEAD_TAG_LEN)
		return ERR_BAD;
	return 0;
}

int
nts_ef_open_auth(struct crypto_aead *aead, const struct nts_ef_auth *a,
    const struct bytes_in *ad, uint8_t *plain)
{
	struct crypto_aead_msg msg = {
	    .nonce = a->nonce,
	    .nonce_len = a->nonce_len,
	    .ad = ad->data,
	    .ad_len = ad->len,
	};

	return crypto_aead_open(aead, &msg, a->sealed, a->sealed_len, plain);
}

int
nts_ef_put_auth(struct crypto_aead *aead, struct rng *rng, size_t plain_len,
    struct bytes_out *out, struct nts_ef_seal *seal)
{
	size_t nonce_len = crypto_aead_nonce_len(crypto_aead_id(aead));
	size_t sealed_len = plain_len + CRYPTO_AEAD_TAG_LEN;
	size_t body_len = NTS_EF_LENS_LEN + nts_ef_pad4(nonce_len) + sealed_len;
	struct bytes_out auth;
	uint8_t *body, *nonce;

	seal->aead = aead;
	seal->msg.ad = out->data;
	seal->msg.ad_len = out->pos;
	seal->plain_len = plain_len;
	body = ntp_ext_reserve(out, NTP_EXT_AUTH, body_len, NTP_EXT_LEN_LAST);
	if (!body)
		return ERR_FULL;
	bytes_out_init(&auth, body, body_len);
	bytes_put_u16(&auth, (uint16_t)nonce_len);
	bytes_put_u16(&auth, (uint16_t)sealed_len);
	nonce = bytes_reserve(&auth, nonce_len);
	bytes_put_zero(&auth, nts_ef_pad4(nonce_len) - nonce_len);
	seal->sealed = bytes_reserve(&auth, sealed_len);
	if (!nonce || !seal->sealed)
		return ERR_FULL;
	rng_bytes(rng, nonce, nonce_len);
	seal->msg.nonce = nonce;
	seal->msg.nonce_len = nonce_len;
	return 0;
}

int
nts_ef_close_auth(const struct nts_ef_seal *seal)
{
	const uint8_t *plain = seal->sealed + crypto_aead_plain_at(seal->aead);

	return crypto_aead_seal(
	    seal->aead, &seal->msg, plain, seal->plain_len, seal->sealed);
}

size_t
nts_ef_auth_len(unsigned aead, size_t plain_len)
{
	return NTP_EXT_HEADER_LEN + NTS_EF_LENS_LEN +
	    nts_ef_pad4(crypto_aead_nonce_len(aead)) + CRYPTO_AEAD_TAG_LEN +
	    plain_len;
}
