/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status request: what is accepted is exactly what would be sent, a
 * prefix of it is waited for, and every input has an answer that fits.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ctl/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char answer[4096];
	struct ctl_view view = {.version = "fuzz"};
	char in[2 * CTL_REQUEST_MAX], line[CTL_REQUEST_MAX];
	struct ctl_request r;
	enum ctl_code code;
	size_t body;
	long n;
	int err;

	if (len > sizeof in)
		len = sizeof in;
	if (len > 0)
		memcpy(in, data, len);
	err = ctl_request_parse(&r, in, len);
	n = ctl_render_answer(&view, in, len, answer, sizeof answer);
	if (err == ERR_AGAIN) {
		assert(n == ERR_AGAIN && len < CTL_REQUEST_MAX);
		return 0;
	}
	assert(n >= CTL_HEAD_LEN && (size_t)n <= sizeof answer);
	assert(ctl_head_parse(answer, &code, &body) == 0);
	assert(body + CTL_HEAD_LEN == (size_t)n);
	assert((code == CTL_CODE_USAGE) == (err != 0));
	if (err)
		return 0;
	assert(ctl_request_format(line, &r) == len);
	assert(memcmp(line, in, len) == 0);
	for (size_t cut = 0; cut < len; cut++)
		assert(ctl_request_parse(&r, in, cut) == ERR_AGAIN);
	return 0;
}
