/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roles of the daemon: one process each, the same word in source files,
 * logs, ps, syscall tables and the manual.
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
 * role_name - "super", "clock" and so on.
 * Return: a constant string; "unknown" for what is no role.
 */
const char *role_name(unsigned role);

/**
 * role_find - the role with that name.
 * Return: an enum role, or ERR_ABSENT.
 */
int role_find(const char *name);

#endif
