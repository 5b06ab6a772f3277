/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the cage, inside the folder: the tables of roles.c and the
 * steps that cage.c puts in order.  Each step returns 0 or ERR_ and then has
 * written a sentence to why (SANDBOX_TEXT_MAX bytes).
 */
#ifndef SANDBOX_CAGE_PRIV_H
#define SANDBOX_CAGE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/cage.h"

/* (argument & mask) == value; mask 0: no condition. */
struct sandbox_cond {
	uint8_t arg;
	uint64_t mask;
	uint64_t value;
};

struct sandbox_rule {
	const char *name;
	struct sandbox_cond cond[2];
};

struct sandbox_list {
	const struct sandbox_rule *rules;
	size_t cnt;
};

enum sandbox_net {
	SANDBOX_NET_NONE, /* no TCP bind, no TCP connect */
	SANDBOX_NET_DIAL, /* connect to the ports of the plan */
	SANDBOX_NET_DNS,  /* connect to port 53 */
	SANDBOX_NET_FREE, /* not restricted: children need it */
};

/* One row per role. */
struct sandbox_role {
	uint64_t caps;        /* kept where they are held... */
	uint64_t caps_needed; /* ...and these must be */
	unsigned nofile_max;
	uint64_t as_max;
	enum sandbox_net net;
	bool may_exec;
	struct sandbox_list own; /* beside the base list */
	const struct sandbox_path *paths;
	size_t path_cnt;
};

/* The reserved call that every filter answers with an errno of its role, so
 * that the self-test can see which filter is in force without dying. */
#define SANDBOX_PROBE_NAME        "personality"
#define SANDBOX_PROBE_ERRNO(role) (2000U + (unsigned)(role))

/**
 * sandbox_role_row, sandbox_base_list, sandbox_hardware_list - the tables.
 */
const struct sandbox_role *sandbox_role_row(enum role role);
const struct sandbox_list *sandbox_base_list(void);
const struct sandbox_list *sandbox_hardware_list(void);

/**
 * sandbox_caps_drop - bounding set to what is wanted, while still allowed.
 */
int sandbox_caps_drop(const struct sandbox_plan *plan, char *why) MUST_CHECK;

/**
 * sandbox_caps_set - permitted, effective, inheritable and ambient.
 * @got: what is effective now.
 */
int sandbox_caps_set(
    const struct sandbox_plan *plan, uint64_t *got, char *why) MUST_CHECK;

/**
 * sandbox_caps_get - permitted | effective | inheritable of this process.
 */
int sandbox_caps_get(uint64_t *caps) MUST_CHECK;

/**
 * sandbox_landlock_enter - restrict files and TCP, and see that it holds.
 * @abi: the version found, 0 for none.
 */
int sandbox_landlock_enter(
    const struct sandbox_plan *plan, int *abi, char *why) MUST_CHECK;

/**
 * sandbox_trap_arm - catch SIGSYS: one line to log_fd, then die of it.
 */
int sandbox_trap_arm(enum role role, int log_fd, char *why) MUST_CHECK;

/**
 * sandbox_filter_load - the seccomp filter of the role.
 */
int sandbox_filter_load(const struct sandbox_plan *plan, char *why) MUST_CHECK;

/**
 * sandbox_fail - write why: what, the error and errno's text.
 * Return: err.
 */
int sandbox_fail(char *why, int err, const char *what);

#endif
