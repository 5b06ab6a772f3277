/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way bytes from or for the wire are read and written: bounds are
 * checked at every step and an error sticks, so that a parser may read all
 * its fields and ask once at the end.  Network order, but for the _le calls.
 * What every packet does a lot of is in line.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A reader over borrowed memory.  @bad: something was read past the end. */
struct bytes_in {
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool bad;
};

/* A writer into borrowed memory.  @bad: something did not fit. */
struct bytes_out {
	uint8_t *data;
	size_t max;
	size_t pos;
	bool bad;
};

/**
 * bytes_in_init - read from len bytes at data; both are borrowed.
 */
static inline void
bytes_in_init(struct bytes_in *in, const void *data, size_t len)
{
	in->data = data;
	in->len = len;
	in->pos = 0;
	in->bad = false;
}

/**
 * bytes_left - bytes not yet read; 0 after an error.
 */
static inline size_t
bytes_left(const struct bytes_in *in)
{
	return in->bad ? 0 : in->len - in->pos;
}

/**
 * bytes_take - step over len bytes.
 * Return: where they start (borrowed), or NULL after an error.
 */
static inline const uint8_t *
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

/**
 * bytes_get_u8 and its like - the next number; 0 after an error.
 */
static inline uint8_t
bytes_get_u8(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 1);

	return p ? p[0] : 0;
}

static inline uint16_t
bytes_get_u16(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be16toh(v);
}

static inline uint32_t
bytes_get_u32(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static inline uint64_t
bytes_get_u64(struct bytes_in *in)
{
	const uint8_t *p = bytes_take(in, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be64toh(v);
}

uint16_t bytes_get_u16le(struct bytes_in *in);
uint32_t bytes_get_u32le(struct bytes_in *in);
uint64_t bytes_get_u64le(struct bytes_in *in);

/**
 * bytes_get_raw - copy the next len bytes to dst; dst is zeroed on error.
 */
void bytes_get_raw(struct bytes_in *in, void *dst, size_t len);

/**
 * bytes_out_init - write up to max bytes at data; borrowed.
 */
static inline void
bytes_out_init(struct bytes_out *out, void *data, size_t max)
{
	out->data = data;
	out->max = max;
	out->pos = 0;
	out->bad = false;
}

/**
 * bytes_room - whether len more bytes fit; out is bad when they do not.
 */
static inline bool
bytes_room(struct bytes_out *out, size_t len)
{
	out->bad |= len > out->max - out->pos;
	return !out->bad;
}

/**
 * bytes_reserve - append len bytes that the caller fills.
 * Return: where they start (borrowed), or NULL when they do not fit.
 */
static inline uint8_t *
bytes_reserve(struct bytes_out *out, size_t len)
{
	if (!bytes_room(out, len))
		return NULL;
	out->pos += len;
	return out->data + out->pos - len;
}

/**
 * bytes_put_u8 and its like - append a number.
 */
static inline void
bytes_put_u8(struct bytes_out *out, uint8_t v)
{
	if (bytes_room(out, 1))
		out->data[out->pos++] = v;
}

static inline void
bytes_put_u16(struct bytes_out *out, uint16_t v)
{
	v = htobe16(v);
	if (!bytes_room(out, sizeof v))
		return;
	memcpy(out->data + out->pos, &v, sizeof v);
	out->pos += sizeof v;
}

static inline void
bytes_put_u32(struct bytes_out *out, uint32_t v)
{
	v = htobe32(v);
	if (!bytes_room(out, sizeof v))
		return;
	memcpy(out->data + out->pos, &v, sizeof v);
	out->pos += sizeof v;
}

static inline void
bytes_put_u64(struct bytes_out *out, uint64_t v)
{
	v = htobe64(v);
	if (!bytes_room(out, sizeof v))
		return;
	memcpy(out->data + out->pos, &v, sizeof v);
	out->pos += sizeof v;
}

void bytes_put_u16le(struct bytes_out *out, uint16_t v);
void bytes_put_u32le(struct bytes_out *out, uint32_t v);
void bytes_put_u64le(struct bytes_out *out, uint64_t v);

/**
 * bytes_put_raw - append len bytes of src.
 */
static inline void
bytes_put_raw(struct bytes_out *out, const void *src, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	if (p && len > 0)
		memcpy(p, src, len);
}

/**
 * bytes_put_zero - append len zero bytes.
 */
static inline void
bytes_put_zero(struct bytes_out *out, size_t len)
{
	uint8_t *p = bytes_reserve(out, len);

	if (p && len > 0)
		memset(p, 0, len);
}

/**
 * bytes_patch_u16 - overwrite two bytes already written at offset pos.
 */
void bytes_patch_u16(struct bytes_out *out, size_t pos, uint16_t v);

#endif
