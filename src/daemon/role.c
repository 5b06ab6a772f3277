/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of role objects.
 */
#include "daemon/role.h"

static const struct daemon_role *const roles[ROLE_CNT] = {
    [ROLE_CLOCK] = &daemon_clock,
    [ROLE_SYNC] = &daemon_sync,
    [ROLE_SERVE] = &daemon_serve,
    [ROLE_KE] = &daemon_ke,
    [ROLE_DIAL] = &daemon_dial,
    [ROLE_DNS] = &daemon_dns,
    [ROLE_CTL] = &daemon_ctl,
};

const struct daemon_role *
daemon_role_of(enum role role)
{
	return role < ROLE_CNT ? roles[role] : NULL;
}

void
daemon_port_send(const struct daemon_port *p, unsigned type, const void *msg)
{
	p->send(p->ctx, type, msg);
}

void
daemon_port_quit(const struct daemon_port *p, int code)
{
	p->quit(p->ctx, code);
}
