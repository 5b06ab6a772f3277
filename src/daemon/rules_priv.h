/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access rules and rate limits out of start data, for serve and ke.
 */
#ifndef DAEMON_RULES_PRIV_H
#define DAEMON_RULES_PRIV_H

#include "daemon/role.h"
#include "ipc/message.h"
#include "serve/access.h"
#include "serve/limit.h"

/**
 * daemon_rules_load - the rules among a role's start data.
 * Return: owned, or NULL without memory.
 */
struct serve_access *daemon_rules_load(const struct daemon_boot *boot);

/**
 * daemon_rules_limit - the limiter that the start data asks for.
 * @limit: owned by the caller; NULL when none is asked for.
 * Return: 0, or ERR_FULL without memory.
 */
int daemon_rules_limit(const struct ipc_limit *conf, struct rng *rng,
    struct serve_limit **limit) MUST_CHECK;

#endif
