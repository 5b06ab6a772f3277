/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cage of a role: descriptors, limits, account, capabilities,
 * no_new_privs, Landlock and seccomp, put on in the one order that works and
 * proved to hold before the first byte from outside is read.
 *
 * Filters and Landlock domains are inherited: a role can only be narrower
 * than super was when it started the role.
 */
#ifndef SANDBOX_CAGE_H
#define SANDBOX_CAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/role.h"

#define SANDBOX_TEXT_MAX 256

/* What may be done below a path.  WRITE includes making and removing. */
enum sandbox_access {
	SANDBOX_READ = 1U << 0,
	SANDBOX_EXEC = 1U << 1,
	SANDBOX_WRITE = 1U << 2,
	SANDBOX_DEVICE = 1U << 3, /* ioctl of devices opened there */
};

struct sandbox_path {
	const char *path; /* borrowed; one that does not exist is skipped */
	unsigned access;  /* enum sandbox_access */
};

enum sandbox_flag {
	SANDBOX_VIRTUAL = 1U << 0,  /* -x: CAP_SYS_TIME is not kept at all */
	SANDBOX_HARDWARE = 1U << 1, /* hardware stamps: PTP ioctls for sync
				     * and serve; super keeps CAP_NET_ADMIN,
				     * to switch them on */
};

/* Filled by sandbox_plan_init with what the role's table says; the caller
 * adds what only the configuration knows.  All pointers are borrowed. */
struct sandbox_plan {
	enum role role;
	unsigned flags;   /* enum sandbox_flag */
	bool change_user; /* false: keep uid and gid as they are */
	uid_t uid;
	gid_t gid;
	pid_t parent; /* die with this process; 0: with nobody */
	int log_fd;   /* where the line about a forbidden call goes; -1 none */
	const int *fds; /* kept open besides 0, 1, 2 and log_fd; NULL: leave
	                 * descriptors alone (the spawner closed the rest) */
	size_t fd_cnt;
	const struct sandbox_path *paths; /* added to the role's own */
	size_t path_cnt;
	const uint16_t *tcp_ports; /* dial: may connect to these; none: any */
	size_t tcp_port_cnt;
	unsigned nofile_max; /* from the table; raise for many sources */
	uint64_t as_max;     /* address space, bytes; 0 no limit */
	uint64_t caps;       /* capabilities kept, 1 << CAP_ bits */
};

/* What came of it; sandbox_report puts it into words. */
struct sandbox_state {
	uint64_t caps;    /* permitted and effective now */
	int landlock_abi; /* 0: the kernel has none */
	bool seccomp;     /* false only in builds that cannot have it */
};

/**
 * sandbox_plan_init - the role's defaults: capabilities, limits, log_fd -1.
 */
void sandbox_plan_init(struct sandbox_plan *plan, enum role role);

/**
 * sandbox_enter - put on the cage.  Cannot be undone.  Afterwards the
 * environment is empty, and everything that opens a file (names, time zone,
 * libraries) must already have happened, but for super and dns.  Must run
 * before super holds threads; super calls it before it starts the first role.
 * @plan:  borrowed.
 * @state: what was reached.
 * @why:   at least SANDBOX_TEXT_MAX bytes; a sentence when it failed.
 * Return: 0; ERR_DENIED when a needed capability is missing; ERR_SYSTEM when
 * a step failed.  After a failure the process must exit.
 */
int sandbox_enter(const struct sandbox_plan *plan, struct sandbox_state *state,
    char *why) MUST_CHECK;

/**
 * sandbox_selftest - whether the cage around this process holds: user,
 * capabilities, no_new_privs, seccomp with this role's own table in force.
 * (Landlock is proved inside sandbox_enter, while opening still is legal.)
 * Return: 0 or ERR_DENIED with a sentence in why.  A role that fails exits.
 */
int sandbox_selftest(const struct sandbox_plan *plan,
    const struct sandbox_state *state, char *why) MUST_CHECK;

/**
 * sandbox_report - "cage role=serve uid=997 caps=none seccomp=on landlock=4".
 * @text: at least SANDBOX_TEXT_MAX bytes.
 * Return: text.
 */
const char *sandbox_report(const struct sandbox_plan *plan,
    const struct sandbox_state *state, char *text);

/**
 * sandbox_built - false in builds whose instrumentation cannot run under
 * filters (sanitizers, coverage); sandbox_enter then leaves out seccomp,
 * Landlock, closed descriptors and memory limits, and the log must say so.
 */
bool sandbox_built(void);

#endif
