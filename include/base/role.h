/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roles: the processes that truenoon runs as.  The same names are files
 * in src/daemon, rows of the sandbox tables, words in logs, ps and manual.
 */
#ifndef BASE_ROLE_H
#define BASE_ROLE_H

enum role {
	ROLE_SUPER,
	ROLE_CLOCK,
	ROLE_SYNC,
	ROLE_SERVE,
	ROLE_KE,
	ROLE_DIAL,
	ROLE_DNS,
	ROLE_CTL,
	ROLE_CNT,
};

/**
 * role_name - "super", "clock"...; "unknown" beyond the table.
 */
const char *role_name(unsigned role);

/**
 * role_find - the role with this name.
 * Return: it, or ROLE_CNT.
 */
enum role role_find(const char *name);

#endif
