/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who asked, from workers to ctl.
 */
#ifndef DAEMON_CLIENTS_PRIV_H
#define DAEMON_CLIENTS_PRIV_H

#include "daemon/role.h"
#include "serve/clients.h"

/**
 * daemon_clients_report - send all clients of a table, then forget them.
 */
void daemon_clients_report(
    struct serve_clients *t, const struct daemon_port *port);

#endif
