/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the roles.
 */
#include "base/role.h"

#include <string.h>

static const char *const names[ROLE_CNT] = {
    [ROLE_SUPER] = "super",
    [ROLE_CLOCK] = "clock",
    [ROLE_SYNC] = "sync",
    [ROLE_SERVE] = "serve",
    [ROLE_KE] = "ke",
    [ROLE_DIAL] = "dial",
    [ROLE_DNS] = "dns",
    [ROLE_CTL] = "ctl",
};

const char *
role_name(unsigned role)
{
	return role < ROLE_CNT ? names[role] : "unknown";
}

enum role
role_find(const char *name)
{
	unsigned role = 0;

	while (role < ROLE_CNT && strcmp(name, names[role]) != 0)
		role++;
	return (enum role)role;
}
