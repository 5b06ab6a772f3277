/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What client (ef.c) and server (ef_server.c) share: the NTS authenticator
 * field, RFC 8915 section 5.6.
 */
#ifndef NTS_EF_PRIV_H
#define NTS_EF_PRIV_H

#include "ntp/packet.h"
#include "nts/ef.h"

#define NTS_EF_LENS_LEN 4 /* the two lengths at the start of its body */

/* The parts of an authenticator's body. */
struct nts_ef_auth {
	const uint8_t *nonce;
	size_t nonce_len;
	const uint8_t *sealed;
	size_t sealed_len;
};

/**
 * nts_ef_pad4 - up to a multiple of 4.
 */
static inline size_t
nts_ef_pad4(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/**
 * nts_ef_version - of an NTP packet; 0 for an empty one.
 */
static inline unsigned
nts_ef_version(const uint8_t *packet, size_t len)
{
	return len > 0 ? packet[0] >> 3 & 7 : 0;
}

/**
 * nts_ef_auth_len - octets of the whole field in the form we write; the
 * length of what it seals counts as it is.
 */
size_t nts_ef_auth_len(unsigned aead, size_t plain_len);

/**
 * nts_ef_read_auth - the parts of a body, borrowed from it.
 * Return: 0 or ERR_BAD.
 */
int nts_ef_read_auth(
    struct nts_ef_auth *a, const uint8_t *body, size_t len) MUST_CHECK;

/**
 * nts_ef_open_auth - verify, and decrypt into plain, under a key that is set.
 * @ad: the octets of the packet before the field.
 * Return: as crypto_aead_open.
 */
int nts_ef_open_auth(struct crypto_aead *aead, const struct nts_ef_auth *a,
    const struct bytes_in *ad, uint8_t *plain) MUST_CHECK;

/**
 * nts_ef_put_auth - append the field with its nonce and room for what it
 * seals: plain_len octets, to be put where crypto_aead_plain_at says.  Its
 * data are all octets of out before it, as they are when it is closed.
 * Return: 0 or ERR_FULL.
 */
int nts_ef_put_auth(struct crypto_aead *aead, struct rng *rng, size_t plain_len,
    struct bytes_out *out, struct nts_ef_seal *seal) MUST_CHECK;

/**
 * nts_ef_close_auth - seal it, under a key that is set.
 * Return: as crypto_aead_seal.
 */
int nts_ef_close_auth(const struct nts_ef_seal *seal) MUST_CHECK;

#endif
