/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role dns: one name at a time through the system's resolver, which blocks;
 * that is why nobody else does it.  A lookup that takes longer than ten
 * seconds ends this process, and super starts another.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/role.h"
#include "net/names.h"
#include "os/log.h"

#define LOOKUP_MAX_S 10

struct dns {
	struct daemon_port port;
	bool single;
};

static void *
dns_open(const struct daemon_boot *boot)
{
	struct dns *d = calloc(1, sizeof *d);
	struct net_names warm;

	if (!d)
		return NULL;
	d->port = boot->port;
	d->single = boot->single;
	/* The first lookup loads the resolver's modules: before the cage,
	 * after which nothing executable can be mapped. */
	if (!boot->single &&
	    net_names_lookup("localhost", ADDR_NONE, true, &warm) < 0)
		os_log_debug("no answer for localhost while warming up");
	return d;
}

static int
dns_run(void *state)
{
	(void)state;
	return 0;
}

static void
dns_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct dns *d = state;
	const struct ipc_dns_ask *ask = &msg->dns_ask;
	struct ipc_dns_answer answer = {.id = ask->id};
	struct net_names names;
	int err;

	if (type != IPC_DNS_ASK)
		return;
	if (!d->single)
		alarm(LOOKUP_MAX_S);
	err = net_names_lookup(ask->name, ask->family, ask->local_ok, &names);
	if (!d->single)
		alarm(0);
	answer.err = (int8_t)err;
	if (err == 0) {
		answer.addr_cnt =
		    (uint8_t)(names.cnt < IPC_ADDRS_MAX ? names.cnt
							: IPC_ADDRS_MAX);
		memcpy(answer.addrs, names.at,
		    answer.addr_cnt * sizeof answer.addrs[0]);
	}
	daemon_port_send(&d->port, IPC_DNS_ANSWER, &answer);
}

static void
dns_stop(void *state)
{
	(void)state;
}

const struct daemon_role daemon_dns = {
    .open = dns_open,
    .run = dns_run,
    .message = dns_message,
    .stop = dns_stop,
    .close = free,
};
