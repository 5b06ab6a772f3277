/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every role is to those who run it: an object with four calls.  The
 * same objects run one to a process, caged, and all together in one process
 * with --single-process; they cannot tell the difference.
 */
#ifndef DAEMON_ROLE_H
#define DAEMON_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/role.h"
#include "base/tstamp.h"
#include "ipc/message.h"
#include "net/loop.h"

#define DAEMON_ROLE_FDS_MAX 40

/* The way to everybody else: messages go to super, who switches them.
 * @quit: end this role with an exit code, when it must not go on. */
struct daemon_port {
	void (*send)(void *ctx, unsigned type, const void *msg);
	void (*quit)(void *ctx, int code);
	void *ctx;
};

#define DAEMON_EXIT_VIOLATION 64 /* a limit was violated: no restart */

/* What a role starts with.  Borrowed until open returns, but for loop. */
struct daemon_boot {
	enum role role;
	uint16_t instance;
	bool single; /* one process: no own fds that a simulator refuses */
	const uint8_t *start; /* start data, ipc/start.h */
	size_t start_len;
	/* Descriptors, owned by the role: the time page, the clock page (-1
	 * for roles without), then what the start data says. */
	const int *fds;
	size_t fd_cnt;
	struct net_loop *loop;
	struct daemon_port port;
};

#define DAEMON_FD_TIME  0 /* places in fds */
#define DAEMON_FD_CLOCK 1
#define DAEMON_FD_OWN   2

/*
 * @open:    before the cage: read the start data, load files, map pages.
 *           Return: the state, or NULL after logging why not.
 * @run:     in the cage: arm timers and watches.  Return: 0 or an error.
 * @message: a message came; its type is one that this role may get.
 * @stop:    save what matters by messages; nothing comes after.
 * @close:   free the state.
 */
struct daemon_role {
	void *(*open)(const struct daemon_boot *boot);
	int (*run)(void *state);
	void (*message)(void *state, unsigned type, const union ipc_any *msg);
	void (*stop)(void *state);
	void (*close)(void *state);
};

/**
 * daemon_role_of - the object of a child role; NULL for super.
 */
const struct daemon_role *daemon_role_of(enum role role);

/**
 * daemon_port_send - say something; never waits, never fails visibly.
 */
void daemon_port_send(
    const struct daemon_port *p, unsigned type, const void *msg);

/**
 * daemon_port_quit - this role must not go on; returns, and the loop ends.
 */
void daemon_port_quit(const struct daemon_port *p, int code);

/* The roles, a file each. */
extern const struct daemon_role daemon_clock;
extern const struct daemon_role daemon_sync;
extern const struct daemon_role daemon_serve;
extern const struct daemon_role daemon_ke;
extern const struct daemon_role daemon_dial;
extern const struct daemon_role daemon_dns;
extern const struct daemon_role daemon_ctl;

#endif
