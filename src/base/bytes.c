/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounds-checked reading and writing of bytes.  The position never passes
 * the end, whatever is asked for.
 */
#include "base/bytes.h"

#include <string.h>

void
bytes_in_init(struct bytes_in *in, const void *data, size_t len)
{
	in->data = data;
	in->len = len;
	in->pos = 0;
	in->bad = false;
}

size_t
bytes_left(const struct bytes_in *in)
{
	return in->bad ? 0 : in->len - in->pos;
}

const uint8_t *
bytes_take(struct bytes_in *in, size_t len)
{
	const uint8_t *at;

	if (in->bad || len > in->len - in->pos) {
		in->bad = true;
		return NULL;
	}
	at = in->data + in->pos;
	in->pos += len;
	return at;
}

uint8_t
bytes_get_u8(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 1);

	return p ? p[0] : 0;
}

uint16_t
bytes_get_u16(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t
bytes_get_u32(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 4);

	if (!p)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

uint64_t
bytes_get_u64(struct bytes_in *in)
{
	uint64_t v = 0;
	const uint8_t *p = bytes_take(in, 8);

	for (int i = 0; p && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static uint64_t
get_le(struct bytes_in *in, size_t len)
{
	uint64_t v = 0;
	const uint8_t *p = bytes_take(in, len);

	for (size_t i = len; p && i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

uint16_t
bytes_get_u16le(struct bytes_in *in)
{
	return (uint16_t)get_le(in, 2);
}

uint32_t
bytes_get_u32le(struct bytes_in *in)
{
	return (uint32_t)get_le(in, 4);
}

uint64_t
bytes_get_u64le(struct bytes_in *in)
{
	return get_le(in, 8);
}

void
bytes_get_raw(struct bytes_in *in, void *dst, size_t len)
{
	const uint8_t *p = bytes_take(in, len);

	if (p)
		memcpy(dst, p, len);
	else
		memset(dst, 0, len);
}

void
bytes_out_init(struct bytes_out *out, void *data, size_t max)
{
	out->data = data;
	out->max = max;
	out->pos = 0;
	out->bad = false;
}

uint8_t *
bytes_reserve(struct bytes_out *out, size_t len)
{
	uint8_t *at;

	if (out->bad || len > out->max - out->pos) {
		out->bad = true;
		return NULL;
	}
	at = out->data + out->pos;
	out->pos += len;
	return at;
}

static void
put_be(struct bytes_out *out, uint64_t v, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	for (size_t i = len; p && i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

static void
put_le(struct bytes_out *out, uint64_t v, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	for (size_t i = 0; p && i < len; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

void
bytes_put_u8(struct bytes_out *out, uint8_t v)
{
	put_be(out, v, 1);
}

void
bytes_put_u16(struct bytes_out *out, uint16_t v)
{
	put_be(out, v, 2);
}

void
bytes_put_u32(struct bytes_out *out, uint32_t v)
{
	put_be(out, v, 4);
}

void
bytes_put_u64(struct bytes_out *out, uint64_t v)
{
	put_be(out, v, 8);
}

void
bytes_put_u16le(struct bytes_out *out, uint16_t v)
{
	put_le(out, v, 2);
}

void
bytes_put_u32le(struct bytes_out *out, uint32_t v)
{
	put_le(out, v, 4);
}

void
bytes_put_u64le(struct bytes_out *out, uint64_t v)
{
	put_le(out, v, 8);
}

void
bytes_put_raw(struct bytes_out *out, const void *src, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	if (p && len > 0)
		memcpy(p, src, len);
}

void
bytes_put_zero(struct bytes_out *out, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	if (p && len > 0)
		memset(p, 0, len);
}

void
bytes_patch_u16(struct bytes_out *out, size_t pos, uint16_t v)
{
	if (out->bad || out->pos < 2 || pos > out->pos - 2) {
		out->bad = true;
		return;
	}
	out->data[pos] = (uint8_t)(v >> 8);
	out->data[pos + 1] = (uint8_t)v;
}
