/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounds-checked reading and writing of bytes: what is not in line.  The
 * position never passes the end, whatever is asked for.
 */
#include "base/bytes.h"

#include <string.h>

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

static void
put_le(struct bytes_out *out, uint64_t v, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	for (size_t i = 0; p && i < len; i++, v >>= 8)
		p[i] = (uint8_t)v;
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
bytes_patch_u16(struct bytes_out *out, size_t pos, uint16_t v)
{
	if (out->bad || out->pos < 2 || pos > out->pos - 2) {
		out->bad = true;
		return;
	}
	out->data[pos] = (uint8_t)(v >> 8);
	out->data[pos + 1] = (uint8_t)v;
}
