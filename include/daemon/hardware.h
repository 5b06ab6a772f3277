/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that stamp packets in hardware (hwtimestamp), as super has them:
 * switched on, their clocks open.  Roles inherit the descriptors, so what a
 * later look finds reaches them at their next start.
 */
#ifndef DAEMON_HARDWARE_H
#define DAEMON_HARDWARE_H

#include "base/role.h"
#include "conf/conf.h"
#include "ipc/message.h"
#include "os/phc.h"

#define HARDWARE_MAX 8

/* One, switched on. */
struct hardware_one {
	struct os_phc_facts facts;
	struct conf_hardware conf;
	int fd; /* of its clock, owned */
};

/* How to get at them; tests have other ways. */
struct hardware_ways {
	os_phc_ioctl *call;
	int (*open)(int32_t phc_idx);
	size_t (*names)(char (*names)[OS_PHC_NAME_MAX], size_t max);
};

struct hardware {
	const struct hardware_ways *ways; /* borrowed; NULL: the system's */
	const char *next; /* when there is another look, for the log */
	bool more_looks;  /* the cage lets us switch on and open others */
	struct hardware_one at[HARDWARE_MAX];
	size_t cnt;
};

/**
 * daemon_hardware_look - those that the configuration names and that there
 * are now.  One that is as it was stays open; what it lacks is in the log.
 * Return: whether anything is not as it was before: roles that use them are
 * to start anew.
 */
bool daemon_hardware_look(struct hardware *h, const struct conf *c);

/**
 * daemon_hardware_close - all of them; a zeroed one is fine.
 */
void daemon_hardware_close(struct hardware *h);

/**
 * daemon_hardware_used - whether there are any for this role.
 */
bool daemon_hardware_used(const struct hardware *h, enum role role);

/**
 * daemon_hardware_give - start data about them: IPC_HARDWARE.
 */
void daemon_hardware_give(const struct hardware *h,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg);

/**
 * daemon_hardware_share - copies of their descriptors for a role, in the
 * order of the start data; what cannot be shared is -1.
 * Return: how many.
 */
size_t daemon_hardware_share(
    const struct hardware *h, enum role role, int *fds);

/**
 * daemon_hardware_sockets - let these server sockets have hardware stamps:
 * the cage of a server does not let it switch them on.
 */
void daemon_hardware_sockets(
    const struct hardware *h, const int *fds, size_t cnt);

#endif
