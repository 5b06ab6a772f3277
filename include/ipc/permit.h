/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may say what to whom, and how often: the one table that super's switch
 * and every receiver apply.
 */
#ifndef IPC_PERMIT_H
#define IPC_PERMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/role.h"
#include "base/tstamp.h"
#include "ipc/message.h"

/**
 * ipc_permit_allowed - whether a role may send this type to another.
 */
bool ipc_permit_allowed(unsigned type, enum role from, enum role to);

/**
 * ipc_permit_destination - to whom a child's message of this type goes.
 * Return: the one role it is for, ROLE_CNT when from may not send it at all.
 */
enum role ipc_permit_destination(unsigned type, enum role from);

/* The rates of one child: a token bucket per type. */
struct ipc_rates {
	struct {
		float tokens;
		bool started;
		struct mono at;
	} bucket[IPC_TYPE_CNT];
};

/**
 * ipc_permit_rate - take a token for a message that just came in.
 * Return: false when the sender speaks faster than its row says.
 */
bool ipc_permit_rate(struct ipc_rates *r, unsigned type, struct mono now);

/**
 * ipc_permit_name - the name of a message type, for logs.
 */
const char *ipc_permit_name(unsigned type);

#endif
