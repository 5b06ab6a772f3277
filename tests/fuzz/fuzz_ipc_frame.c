/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role messages: what decodes, encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ipc_frame f;
	union ipc_any msg;
	uint8_t buf[IPC_MSG_MAX];
	int out;

	if (ipc_frame_decode(&f, data, len, &msg) < 0)
		return 0;
	out = ipc_frame_encode(&f, &msg, buf);
	if (out < 0 || (size_t)out != len || memcmp(buf, data, len) != 0)
		abort();
	return 0;
}
