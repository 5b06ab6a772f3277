/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts: from a name in the configuration to the numbers that a cage
 * needs.  Looked up before any cage, because the lookup reads files.
 */
#ifndef SANDBOX_ACCOUNT_H
#define SANDBOX_ACCOUNT_H

#include <sys/types.h>

#include "base/err.h"

#define SANDBOX_USER      "truenoon"
#define SANDBOX_CLOCKUSER "truenoon-clock"
#define SANDBOX_NOBODY    "nobody"

struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/**
 * sandbox_user_find - the account of that name.
 * Return: 0; ERR_ABSENT when there is none (what then happens is the
 * caller's rule); ERR_SYSTEM when the lookup itself failed.
 */
int sandbox_user_find(const char *name, struct sandbox_user *user) MUST_CHECK;

#endif
