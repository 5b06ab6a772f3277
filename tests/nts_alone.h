/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One exchange of an NTS server by itself, for tests and benchmarks.
 */
#ifndef NTS_ALONE_H
#define NTS_ALONE_H

#include "nts/ef.h"

/**
 * nts_alone_open - cookie and request of what nts_ef_find_request found.
 * Return: as nts_ef_open_request.
 */
static inline int
nts_alone_open(struct nts_server_ctx *server, struct nts_ef_exchange *x)
{
	nts_ef_open_cookies(server, &x, 1);
	return nts_ef_open_request(server, x);
}

/**
 * nts_alone_answer - the whole response.
 * Return: 0, or as the step that failed.
 */
static inline int
nts_alone_answer(struct nts_server_ctx *server, struct nts_ef_exchange *x,
    struct bytes_out *out)
{
	int rc = nts_ef_put_response(server, x, out);

	if (rc == 0)
		rc = nts_ef_put_cookies(server, &x, 1);
	return rc == 0 ? nts_ef_seal_response(server, x) : rc;
}

#endif
