/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for the error codes.
 */
#include "base/err.h"

#include <stddef.h>

static const char *const texts[] = {
    [0] = "success",
    [-ERR_AGAIN] = "not ready yet",
    [-ERR_BAD] = "malformed input",
    [-ERR_AUTH] = "authentication failed",
    [-ERR_FULL] = "no room left",
    [-ERR_ABSENT] = "not found",
    [-ERR_SYSTEM] = "system call failed",
    [-ERR_CLOSED] = "closed by the other side",
    [-ERR_DENIED] = "not allowed",
    [-ERR_LIBRARY] = "library call failed",
};

const char *
err_text(int err)
{
	if (err > 0 || err < ERR_MIN)
		return "unknown error";
	return texts[-err];
}
