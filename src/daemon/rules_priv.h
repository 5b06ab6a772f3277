/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access rules out of start data, for serve and ke.
 */
#ifndef DAEMON_RULES_PRIV_H
#define DAEMON_RULES_PRIV_H

#include "daemon/role.h"
#include "serve/access.h"

/**
 * daemon_rules_load - the rules among a role's start data.
 * Return: owned, or NULL without memory.
 */
struct serve_access *daemon_rules_load(const struct daemon_boot *boot);

#endif
