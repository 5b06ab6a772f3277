/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extension fields, RFC 7822: one pass, every length checked against what is
 * left before anything is believed.
 */
#include "ntp/ext.h"

#include <string.h>

#include "ntp/packet.h"

#define MAC_MAX 24 /* key id and 20 bytes of digest */
#define MAC_MIN 20 /* key id and 16 bytes of digest */
#define NAK_LEN 4  /* a key id alone */

/* Bytes of the digests that do not fit that: only version 4 cuts them. */
static const uint8_t long_digests[] = {28, 32, 48, 64};

/* Take one field off the front.  Return false when its length is wrong. */
static inline bool
take_field(struct bytes_in *in, size_t len_min, struct ntp_ext *ext)
{
	struct bytes_in header;
	const uint8_t *at = bytes_take(in, NTP_EXT_HEADER_LEN);
	size_t len;

	if (!at)
		return false;
	bytes_in_init(&header, at, NTP_EXT_HEADER_LEN);
	ext->offset = (uint32_t)(in->pos - NTP_EXT_HEADER_LEN);
	ext->type = bytes_get_u16(&header);
	len = bytes_get_u16(&header);
	if (len < len_min || len % 4 != 0)
		return false;
	ext->body_len = (uint16_t)(len - NTP_EXT_HEADER_LEN);
	ext->body = bytes_take(in, ext->body_len);
	return ext->body;
}

int
ntp_ext_next(struct ntp_ext_pass *pass, struct ntp_ext *ext)
{
	if (bytes_left(&pass->in) <= pass->stop)
		return ERR_ABSENT;
	if (pass->cnt == NTP_EXT_MAX)
		return ERR_FULL;
	if (!take_field(&pass->in, pass->len_min, ext))
		return ERR_BAD;
	pass->cnt++;
	return 0;
}

static bool
trailer_len_ok(size_t left, unsigned version)
{
	if (left == NAK_LEN || (left >= MAC_MIN && left <= MAC_MAX))
		return true;
	if (version < NTP_VERSION)
		for (size_t i = 0; i < sizeof long_digests; i++)
			if (left == NAK_LEN + (size_t)long_digests[i])
				return true;
	return false;
}

static int
take_trailer(struct ntp_ext_list *list, struct bytes_in *in, unsigned version)
{
	size_t left = bytes_left(in);

	if (left == 0)
		return 0;
	if (!trailer_len_ok(left, version))
		return ERR_BAD;
	list->key_id = bytes_get_u32(in);
	list->trailer = NTP_EXT_TRAILER_NAK;
	if (left == NAK_LEN)
		return 0;
	list->trailer = NTP_EXT_TRAILER_MAC;
	list->digest_len = (uint8_t)(left - NAK_LEN);
	list->digest = bytes_take(in, list->digest_len);
	return 0;
}

static void
clear(struct ntp_ext_list *list)
{
	list->cnt = 0;
	list->trailer = NTP_EXT_TRAILER_NONE;
	list->digest_len = 0;
	list->key_id = 0;
	list->digest = NULL;
	list->end = 0;
}

int
ntp_ext_begin(struct ntp_ext_pass *pass, const uint8_t *packet, size_t len,
    unsigned version)
{
	bytes_in_init(&pass->in, packet, len);
	pass->len_min = NTP_EXT_LEN_MIN;
	pass->stop = version == NTP_VERSION ? MAC_MAX : SIZE_MAX;
	pass->cnt = 0;
	if (len < NTP_HEADER_LEN || len > UINT16_MAX || len % 4 != 0)
		return ERR_BAD;
	(void)bytes_take(&pass->in, NTP_HEADER_LEN);
	return 0;
}

int
ntp_ext_begin_inner(struct ntp_ext_pass *pass, const uint8_t *data, size_t len)
{
	bytes_in_init(&pass->in, data, len);
	pass->len_min = NTP_EXT_HEADER_LEN;
	pass->stop = 0;
	pass->cnt = 0;
	return len > UINT16_MAX || len % 4 != 0 ? ERR_BAD : 0;
}

bool
ntp_ext_ends(const struct ntp_ext_pass *pass, unsigned version)
{
	size_t left = bytes_left(&pass->in);

	return left == 0 || trailer_len_ok(left, version);
}

/* Return: 0 when there is no field left. */
static int
list_fields(struct ntp_ext_list *list, struct ntp_ext_pass *pass)
{
	int err;

	while ((err = ntp_ext_next(pass, &list->ext[list->cnt])) == 0)
		list->cnt++;
	list->end = pass->in.pos;
	return err == ERR_ABSENT ? 0 : err;
}

int
ntp_ext_walk(struct ntp_ext_list *list, const uint8_t *packet, size_t len,
    unsigned version)
{
	struct ntp_ext_pass pass;
	int err = ntp_ext_begin(&pass, packet, len, version);

	clear(list);
	if (err == 0)
		err = list_fields(list, &pass);
	if (err == 0)
		err = take_trailer(list, &pass.in, version);
	if (err < 0)
		clear(list);
	return err;
}

int
ntp_ext_walk_inner(struct ntp_ext_list *list, const uint8_t *data, size_t len)
{
	struct ntp_ext_pass pass;
	int err = ntp_ext_begin_inner(&pass, data, len);

	clear(list);
	if (err == 0)
		err = list_fields(list, &pass);
	if (err < 0)
		clear(list);
	return err;
}

unsigned
ntp_ext_find(const struct ntp_ext_list *list, unsigned type, unsigned from)
{
	while (from < list->cnt && list->ext[from].type != type)
		from++;
	return from < list->cnt ? from : list->cnt;
}

uint8_t *
ntp_ext_reserve(
    struct bytes_out *out, unsigned type, size_t body_len, size_t len_min)
{
	size_t len = NTP_EXT_HEADER_LEN + body_len;
	struct bytes_out header;
	uint8_t *field, *body;

	len = (len + 3) & ~(size_t)3;
	if (len < len_min)
		len = len_min;
	/* A sum that wrapped is as wrong as one that does not fit. */
	if (body_len > UINT16_MAX || len > UINT16_MAX) {
		out->bad = true;
		return NULL;
	}
	field = bytes_reserve(out, len);
	if (!field)
		return NULL;
	bytes_out_init(&header, field, NTP_EXT_HEADER_LEN);
	bytes_put_u16(&header, (uint16_t)type);
	bytes_put_u16(&header, (uint16_t)len);
	body = field + NTP_EXT_HEADER_LEN;
	if (len > NTP_EXT_HEADER_LEN + body_len)
		memset(body + body_len, 0, len - NTP_EXT_HEADER_LEN - body_len);
	return body;
}

void
ntp_ext_put(struct bytes_out *out, unsigned type, const void *body,
    size_t body_len, size_t len_min)
{
	uint8_t *to = ntp_ext_reserve(out, type, body_len, len_min);

	if (to && body_len > 0)
		memcpy(to, body, body_len);
}

void
ntp_ext_put_mac(struct bytes_out *out, uint32_t key_id, const uint8_t *digest,
    size_t digest_len)
{
	bytes_put_u32(out, key_id);
	bytes_put_raw(out, digest, digest_len);
}
