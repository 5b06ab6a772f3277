/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of the roles.
 */
#include "base/role.h"

#include <string.h>

#include "base/err.h"

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

int
role_find(const char *name)
{
	for (int i = 0; i < ROLE_CNT; i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	return ERR_ABSENT;
}
