/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clocks of network interfaces, inside a role that stamps packets: read
 * now and then, and used to tell hardware stamps on the system's clock.
 */
#ifndef DAEMON_PHCS_H
#define DAEMON_PHCS_H

#include "daemon/role.h"
#include "discipline/phc.h"
#include "net/stamp.h"
#include "os/phc.h"

#define PHCS_MAX 8

struct phc {
	struct ipc_hardware conf;
	struct os_phc dev; /* fd owned */
	struct discipline_phc line;
	struct mono due;
	struct dur interval; /* from the reading before that */
	bool ready_told;
	bool failure_told;
};

struct phcs {
	struct phc at[PHCS_MAX];
	size_t cnt;
	bool follows;      /* whoever uses them told its interval: */
	int8_t poll_log2s; /* the shortest of all polls */
	bool running;
	struct net_timer timer;
	struct discipline_phc_now now; /* for the stamps of one batch */
	struct net_hardware hardware;  /* for net/udp */
};

/**
 * daemon_phcs_add - an interface, as the start data has it.
 */
void daemon_phcs_add(struct phcs *p, const struct ipc_hardware *m);

/**
 * daemon_phcs_take - their descriptors, the role's last.
 * Return: how many descriptors are left for the role.
 */
size_t daemon_phcs_take(struct phcs *p, const struct daemon_boot *boot);

/**
 * daemon_phcs_run - begin to read.
 * Return: 0 or ERR_LIBRARY.
 */
int daemon_phcs_run(struct phcs *p, struct net_loop *loop) MUST_CHECK;

/**
 * daemon_phcs_follow - what the shortest poll is now.  Within the limits of
 * each interface its clock is read as often; nobody having said it, and while
 * it is not known how that clock runs, as often as those limits allow.
 */
void daemon_phcs_follow(struct phcs *p, int8_t poll_log2s);

/**
 * daemon_phcs_hardware - for those who stamp; NULL when there are none.
 */
struct net_hardware *daemon_phcs_hardware(struct phcs *p);

/**
 * daemon_phcs_fini - close them; a zeroed one is fine.
 */
void daemon_phcs_fini(struct phcs *p);

/**
 * daemon_phcs_map - of struct net_hardware; ctx is the struct phcs.
 */
int daemon_phcs_map(void *ctx, const struct net_stamp_raw *raw, bool rx,
    struct wall *real, struct dur *error);

/**
 * daemon_phcs_read - read those that are due, and say when the next is.
 */
struct mono daemon_phcs_read(struct phcs *p, struct mono now);

#endif
