/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symmetric keys of NTP: AES-CMAC (RFC 8573) and the legacy digests
 * H(key || data) of RFC 5905 section 7.3, cut to 20 bytes as NTPv4's trailer
 * asks, whole in the versions before.  The type is part of the key: a MAC of another type never verifies.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The names are those of chrony.keys(5), without the prefix. */
enum crypto_mac_type {
	CRYPTO_MAC_NONE = 0,
	CRYPTO_MAC_MD5,
	CRYPTO_MAC_SHA1,
	CRYPTO_MAC_SHA256,
	CRYPTO_MAC_SHA384,
	CRYPTO_MAC_SHA512,
	CRYPTO_MAC_SHA3_224,
	CRYPTO_MAC_SHA3_256,
	CRYPTO_MAC_SHA3_384,
	CRYPTO_MAC_SHA3_512,
	CRYPTO_MAC_AES128,
	CRYPTO_MAC_AES256,
	CRYPTO_MAC_TYPE_CNT,
};

#define CRYPTO_MAC_KEY_MAX   128
#define CRYPTO_MAC_MAX       20 /* bytes of a MAC on the wire in NTPv4 */
#define CRYPTO_MAC_WHOLE_MAX 64 /* before NTPv4, where nothing is cut */

/* One entry of a key file.  @id: not 0. */
struct crypto_mac_key {
	uint32_t id;
	uint8_t type; /* enum crypto_mac_type */
	uint8_t len;
	uint8_t key[CRYPTO_MAC_KEY_MAX];
};

struct crypto_mac;

/**
 * crypto_mac_type_parse - "AES128", "SHA1"...; letters in any case.
 * Return: the type, or CRYPTO_MAC_NONE for an unknown name.
 */
enum crypto_mac_type crypto_mac_type_parse(const char *name);

/**
 * crypto_mac_type_name - as in key files; "none" for anything else.
 */
const char *crypto_mac_type_name(unsigned type);

/**
 * crypto_mac_type_len - bytes of its MAC in an NTPv4 trailer, at most
 * CRYPTO_MAC_MAX; 0 for an unknown type.
 */
size_t crypto_mac_type_len(unsigned type);

/**
 * crypto_mac_key_check - whether the key can be used: an id, a known type, a
 * length that the type allows.
 * Return: 0 or ERR_BAD.
 */
int crypto_mac_key_check(const struct crypto_mac_key *key) MUST_CHECK;

/**
 * crypto_mac_new - contexts for every type, made once: a CMAC never allocates
 * (libcrypto 3.0 itself remakes one small state per legacy digest).
 * Return: owned, NULL when libcrypto has no AES.  A type that libcrypto does
 * not offer (MD5 under some policies) gives ERR_ABSENT when it is used.
 */
struct crypto_mac *crypto_mac_new(void);

/**
 * crypto_mac_free - wipe and free; NULL is fine.
 */
void crypto_mac_free(struct crypto_mac *m);

/**
 * crypto_mac_compute - the MAC of len bytes at data.
 * Return: its length; ERR_BAD for a key that crypto_mac_key_check refuses;
 * ERR_ABSENT; ERR_LIBRARY.  out is zeroed on failure.
 */
int crypto_mac_compute(struct crypto_mac *m, const struct crypto_mac_key *key,
    const void *data, size_t len, uint8_t out[CRYPTO_MAC_MAX]) MUST_CHECK;

/**
 * crypto_mac_compute_whole - the same, not cut: what crypto_mac_compute gives
 * is how it begins.
 */
int crypto_mac_compute_whole(struct crypto_mac *m,
    const struct crypto_mac_key *key, const void *data, size_t len,
    uint8_t out[CRYPTO_MAC_WHOLE_MAX]) MUST_CHECK;

/* A MAC received, borrowed. */
struct crypto_mac_tag {
	const uint8_t *data;
	size_t len;
};

/**
 * crypto_mac_verify - whether tag is the MAC of data, cut or whole, in
 * constant time.
 * Return: 0, ERR_AUTH (another length included), or as crypto_mac_compute.
 */
int crypto_mac_verify(struct crypto_mac *m, const struct crypto_mac_key *key,
    const void *data, size_t len, struct crypto_mac_tag tag) MUST_CHECK;

#endif
