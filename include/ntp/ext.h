/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extension fields and the MAC behind them, RFC 7822 with the rule that
 * tells them apart: what is left and not longer than 24 bytes is a MAC, more
 * is a field.  A walk takes time linear in the number of fields, at most
 * NTP_EXT_MAX of them, and either covers the packet to its last byte or
 * refuses it whole.
 */
#ifndef NTP_EXT_H
#define NTP_EXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define NTP_EXT_MAX        32 /* fields in one packet */
#define NTP_EXT_HEADER_LEN 4
#define NTP_EXT_LEN_MIN    16 /* outside of the ciphertext */
#define NTP_EXT_LEN_LAST   28 /* of the last field when no MAC follows */

enum ntp_ext_type {
	NTP_EXT_UID = 0x0104,
	NTP_EXT_COOKIE = 0x0204,
	NTP_EXT_PLACEHOLDER = 0x0304,
	NTP_EXT_AUTH = 0x0404,
	NTP_EXT_CHECKSUM = 0x2005,
};

enum ntp_ext_trailer {
	NTP_EXT_TRAILER_NONE = 0,
	NTP_EXT_TRAILER_MAC,
	NTP_EXT_TRAILER_NAK, /* crypto-NAK, never to be trusted */
};

/* One field.  @offset: of its header, from the start of what was walked.
 * @body_len: with padding, a multiple of 4.  @body is borrowed. */
struct ntp_ext {
	uint16_t type;
	uint16_t body_len;
	uint32_t offset;
	const uint8_t *body;
};

/* What was found.  @end: where the fields end and the trailer begins, which
 * is also how many bytes its MAC covers. */
struct ntp_ext_list {
	uint8_t cnt;
	uint8_t trailer; /* enum ntp_ext_trailer */
	uint8_t digest_len;
	uint32_t key_id;
	const uint8_t *digest; /* borrowed */
	size_t end;
	struct ntp_ext ext[NTP_EXT_MAX];
};

/* On the way from field to field. */
struct ntp_ext_pass {
	struct bytes_in in;
	size_t len_min;
	size_t stop; /* no more bytes than these: not a field */
	unsigned cnt;
};

/**
 * ntp_ext_begin, ntp_ext_begin_inner - to go through the fields of what
 * ntp_ext_walk and ntp_ext_walk_inner take, without a list.
 * Return: 0; ERR_BAD when nothing of this length can have any.
 */
int ntp_ext_begin(struct ntp_ext_pass *pass, const uint8_t *packet, size_t len,
    unsigned version) MUST_CHECK;
int ntp_ext_begin_inner(
    struct ntp_ext_pass *pass, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * ntp_ext_next - the next field.
 * Return: 0; ERR_ABSENT when there is none; ERR_BAD; ERR_FULL.
 */
int ntp_ext_next(struct ntp_ext_pass *pass, struct ntp_ext *ext) MUST_CHECK;

/**
 * ntp_ext_ends - once there is no further field: whether what is left is
 * nothing, or as long as a trailer may be.
 */
bool ntp_ext_ends(const struct ntp_ext_pass *pass, unsigned version);

/**
 * ntp_ext_walk - list what follows the header.
 * @packet:  the whole datagram, borrowed as long as list is used.
 * @version: of its header; before 4 there are no fields, only a MAC, whose
 * digest is whole then and may be 28, 32, 48 or 64 bytes, too.
 * Return: 0; ERR_BAD when malformed; ERR_FULL for more than NTP_EXT_MAX
 * fields.  list is empty on error.
 */
int ntp_ext_walk(struct ntp_ext_list *list, const uint8_t *packet, size_t len,
    unsigned version) MUST_CHECK;

/**
 * ntp_ext_walk_inner - list the fields of a decrypted text: as short as 4
 * bytes, and no MAC.
 * Return: as ntp_ext_walk.
 */
int ntp_ext_walk_inner(
    struct ntp_ext_list *list, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * ntp_ext_find - the first field of this type at or after index from.
 * Return: its index, or list->cnt.
 */
unsigned ntp_ext_find(
    const struct ntp_ext_list *list, unsigned type, unsigned from);

/**
 * ntp_ext_reserve - append a field whose body the caller fills.  The body is
 * padded with zeros to a multiple of 4 and the field to len_min.
 * @len_min: NTP_EXT_LEN_MIN, or NTP_EXT_HEADER_LEN inside the ciphertext.
 * Return: the body (borrowed), or NULL, out then being bad.
 */
uint8_t *ntp_ext_reserve(
    struct bytes_out *out, unsigned type, size_t body_len, size_t len_min);

/**
 * ntp_ext_put - append a field with this body.
 */
void ntp_ext_put(struct bytes_out *out, unsigned type, const void *body,
    size_t body_len, size_t len_min);

/**
 * ntp_ext_put_mac - append the trailer: key id and digest.
 */
void ntp_ext_put_mac(struct bytes_out *out, uint32_t key_id,
    const uint8_t *digest, size_t digest_len);

#endif
