/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages to and from bytes, driven by the field tables.  A decoder trusts
 * nothing: what the encoder could not have written is ERR_BAD.
 */
#include "ipc/frame.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "fields_priv.h"

#define MAGIC     0x6e6f6f6eU /* "noon" */
#define ORIGIN_AT 8
#define SEQ_AT    16

static uint64_t
load_int(const uint8_t *at, size_t size)
{
	uint64_t v = 0;
	uint32_t v32;
	uint16_t v16;

	if (size == 8) {
		memcpy(&v, at, 8);
	} else if (size == 4) {
		memcpy(&v32, at, 4);
		v = v32;
	} else if (size == 2) {
		memcpy(&v16, at, 2);
		v = v16;
	} else {
		v = *at;
	}
	return v;
}

static void
store_int(uint8_t *at, size_t size, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;
	uint16_t v16 = (uint16_t)v;

	if (size == 8)
		memcpy(at, &v, 8);
	else if (size == 4)
		memcpy(at, &v32, 4);
	else if (size == 2)
		memcpy(at, &v16, 2);
	else
		*at = (uint8_t)v;
}

static void
put_le(struct bytes_out *out, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++, v >>= 8)
		bytes_put_u8(out, (uint8_t)v);
}

static uint64_t
get_le(struct bytes_in *in, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)bytes_get_u8(in) << (8 * i);
	return v;
}

static void
put_string(struct bytes_out *out, const uint8_t *at, size_t size)
{
	const uint8_t *end = memchr(at, '\0', size);

	if (!end) {
		out->bad = true;
		return;
	}
	bytes_put_raw(out, at, (size_t)(end - at));
	bytes_put_zero(out, size - (size_t)(end - at));
}

static void
put_addr(struct bytes_out *out, const uint8_t *at)
{
	struct addr a;

	memcpy(&a, at, sizeof a);
	bytes_put_u16le(out, a.family);
	bytes_put_u16le(out, a.port);
	bytes_put_u32le(out, a.scope);
	bytes_put_raw(out, a.bytes, 16);
}

static void
put_bool(struct bytes_out *out, const uint8_t *at)
{
	bytes_put_u8(out, *at ? 1 : 0);
}

/* One element of a plain kind; FIELD_SUB is the caller's. */
static void
put_one(struct bytes_out *out, const struct field *f, const uint8_t *at)
{
	if (f->kind == FIELD_STR)
		put_string(out, at, f->size);
	else if (f->kind == FIELD_RAW)
		bytes_put_raw(out, at, f->size);
	else if (f->kind == FIELD_ADDR)
		put_addr(out, at);
	else if (f->kind == FIELD_BOOL)
		put_bool(out, at);
	else
		put_le(out, load_int(at, f->size), f->size);
}

static void
put_table(struct bytes_out *out, const struct field *table, const uint8_t *msg)
{
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		for (size_t i = 0; i < f->cnt; i++) {
			const uint8_t *at = msg + f->offset + i * f->size;

			if (f->kind == FIELD_SUB)
				put_table(out, f->sub, at);
			else
				put_one(out, f, at);
		}
}

static void
get_string(struct bytes_in *in, uint8_t *at, size_t size)
{
	size_t len;

	bytes_get_raw(in, at, size);
	len = strnlen((const char *)at, size);
	if (len == size)
		in->bad = true;
	for (size_t i = len; i < size; i++)
		if (at[i] != 0)
			in->bad = true;
}

static void
get_addr(struct bytes_in *in, uint8_t *at)
{
	struct addr a = {0};
	uint16_t family = bytes_get_u16le(in);

	a.port = bytes_get_u16le(in);
	a.scope = bytes_get_u32le(in);
	bytes_get_raw(in, a.bytes, 16);
	if (family != ADDR_NONE && family != ADDR_V4 && family != ADDR_V6)
		in->bad = true;
	a.family = (uint8_t)family;
	memcpy(at, &a, sizeof a);
}

static void
get_number(struct bytes_in *in, const struct field *f, uint8_t *at)
{
	uint64_t v = get_le(in, f->size);
	double d;

	if (f->kind == FIELD_COUNT && v > f->most)
		in->bad = true;
	if (f->kind == FIELD_F64) {
		memcpy(&d, &v, 8);
		if (!isfinite(d))
			in->bad = true;
	}
	if (!in->bad)
		store_int(at, f->size, v);
}

static void
get_bool(struct bytes_in *in, uint8_t *at)
{
	uint8_t v = bytes_get_u8(in);
	bool truth = v == 1;

	if (v > 1)
		in->bad = true;
	memcpy(at, &truth, sizeof truth);
}

static void
get_one(struct bytes_in *in, const struct field *f, uint8_t *at)
{
	if (f->kind == FIELD_STR)
		get_string(in, at, f->size);
	else if (f->kind == FIELD_RAW)
		bytes_get_raw(in, at, f->size);
	else if (f->kind == FIELD_ADDR)
		get_addr(in, at);
	else if (f->kind == FIELD_BOOL)
		get_bool(in, at);
	else
		get_number(in, f, at);
}

static void
get_table(struct bytes_in *in, const struct field *table, uint8_t *msg)
{
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		for (size_t i = 0; i < f->cnt; i++) {
			uint8_t *at = msg + f->offset + i * f->size;

			if (f->kind == FIELD_SUB)
				get_table(in, f->sub, at);
			else
				get_one(in, f, at);
		}
}

int
ipc_frame_encode(
    const struct ipc_frame *f, const void *msg, uint8_t buf[IPC_MSG_MAX])
{
	const struct field *table = ipc_fields_of(f->type);
	struct bytes_out out;

	if (!table)
		return ERR_BAD;
	bytes_out_init(&out, buf, IPC_MSG_MAX);
	bytes_put_u32le(&out, MAGIC);
	bytes_put_u16le(&out, f->type);
	bytes_put_u16le(&out, (uint16_t)ipc_fields_len(table));
	bytes_put_u16le(&out, (uint16_t)f->origin);
	bytes_put_u16le(&out, f->instance);
	bytes_put_u32le(&out, 0);
	bytes_put_u64le(&out, f->seq);
	bytes_put_u64le(&out, (uint64_t)f->sent.ns);
	put_table(&out, table, msg);
	return out.bad ? ERR_BAD : (int)out.pos;
}

int
ipc_frame_peek(struct ipc_frame *f, const uint8_t *data, size_t len)
{
	const struct field *table;
	struct bytes_in in;
	uint32_t magic, zero;
	uint16_t origin;

	memset(f, 0, sizeof *f);
	bytes_in_init(&in, data, len);
	magic = bytes_get_u32le(&in);
	f->type = bytes_get_u16le(&in);
	f->payload_len = bytes_get_u16le(&in);
	origin = bytes_get_u16le(&in);
	f->instance = bytes_get_u16le(&in);
	zero = bytes_get_u32le(&in);
	f->seq = bytes_get_u64le(&in);
	f->sent.ns = (int64_t)bytes_get_u64le(&in);
	table = ipc_fields_of(f->type);
	if (in.bad || magic != MAGIC || zero != 0 || origin >= ROLE_CNT ||
	    !table || f->payload_len != bytes_left(&in) ||
	    f->payload_len != ipc_fields_len(table))
		return ERR_BAD;
	f->origin = (enum role)origin;
	return 0;
}

int
ipc_frame_decode(
    struct ipc_frame *f, const uint8_t *data, size_t len, union ipc_any *msg)
{
	struct bytes_in in;
	int err;

	memset(msg, 0, sizeof *msg);
	err = ipc_frame_peek(f, data, len);
	if (err < 0)
		return err;
	bytes_in_init(&in, data + IPC_FRAME_LEN, f->payload_len);
	get_table(&in, ipc_fields_of(f->type), (uint8_t *)msg);
	if (in.bad) {
		memset(msg, 0, sizeof *msg);
		return ERR_BAD;
	}
	return 0;
}

void
ipc_frame_restamp(
    uint8_t *data, enum role origin, uint16_t instance, uint64_t seq)
{
	struct bytes_out out;

	bytes_out_init(&out, data + ORIGIN_AT, IPC_FRAME_LEN - ORIGIN_AT);
	bytes_put_u16le(&out, (uint16_t)origin);
	bytes_put_u16le(&out, instance);
	bytes_out_init(&out, data + SEQ_AT, 8);
	bytes_put_u64le(&out, seq);
}
