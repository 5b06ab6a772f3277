/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start data: records of u32 kind, u32 number, u32 length, then the bytes.
 * Kind 0 is a framed message.
 */
#include "ipc/start.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/wipe.h"
#include "ipc/frame.h"

#define HEAD_LEN  12
#define GROW_STEP 16384

/* realloc would leave a copy of a private key behind: move by hand. */
static int
reserve(struct ipc_start *s, size_t more)
{
	size_t max = s->max;
	uint8_t *data;

	while (max - s->len < more)
		max += max > GROW_STEP ? max : GROW_STEP;
	if (max == s->max)
		return 0;
	data = malloc(max);
	if (!data)
		return ERR_FULL;
	if (s->len > 0)
		memcpy(data, s->data, s->len);
	if (s->data)
		wipe_bytes(s->data, s->max);
	free(s->data);
	s->data = data;
	s->max = max;
	return 0;
}

static int
append(struct ipc_start *s, uint32_t kind, uint32_t number, const void *data,
    size_t len)
{
	struct bytes_out out;

	if (reserve(s, HEAD_LEN + len) < 0)
		return ERR_FULL;
	bytes_out_init(&out, s->data + s->len, s->max - s->len);
	bytes_put_u32le(&out, kind);
	bytes_put_u32le(&out, number);
	bytes_put_u32le(&out, (uint32_t)len);
	bytes_put_raw(&out, data, len);
	s->len += out.pos;
	return out.bad ? ERR_FULL : 0;
}

int
ipc_start_put(struct ipc_start *s, unsigned type, const void *msg)
{
	uint8_t buf[IPC_MSG_MAX];
	struct ipc_frame f = {.type = (uint16_t)type, .origin = ROLE_SUPER};
	int len = ipc_frame_encode(&f, msg, buf), err;

	if (len < 0)
		return len;
	err = append(s, 0, 0, buf, (size_t)len);
	wipe_bytes(buf, (size_t)len);
	return err;
}

int
ipc_start_put_blob(struct ipc_start *s, enum ipc_blob kind, uint32_t number,
    const void *data, size_t len)
{
	if (len > UINT32_MAX)
		return ERR_FULL;
	return append(s, kind, number, data, len);
}

int
ipc_start_next(
    const void *data, size_t len, size_t *pos, struct ipc_start_record *r)
{
	struct ipc_frame f;
	struct bytes_in in;

	memset(r, 0, sizeof *r);
	if (*pos == len)
		return ERR_ABSENT;
	bytes_in_init(&in, (const uint8_t *)data + *pos, len - *pos);
	r->blob = bytes_get_u32le(&in);
	r->number = bytes_get_u32le(&in);
	r->len = bytes_get_u32le(&in);
	r->data = bytes_take(&in, r->len);
	if (in.bad || r->blob >= IPC_BLOB_CNT)
		return ERR_BAD;
	*pos += in.pos;
	if (r->blob != 0)
		return 0;
	if (ipc_frame_decode(&f, r->data, r->len, &r->msg) < 0 ||
	    f.origin != ROLE_SUPER)
		return ERR_BAD;
	r->type = f.type;
	return 0;
}

void
ipc_start_fini(struct ipc_start *s)
{
	if (s->data)
		wipe_bytes(s->data, s->max);
	free(s->data);
	memset(s, 0, sizeof *s);
}
