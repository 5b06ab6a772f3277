/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker learned of its clients, to ctl in bounded messages.
 */
#include "clients_priv.h"

#include <string.h>

#define MESSAGES_MAX 8 /* at once; who is then left is not listed */

void
daemon_clients_report(struct serve_clients *t, const struct daemon_port *port)
{
	struct report_clients m = {0};
	const struct report_seen *seen;
	size_t pos = 0;

	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		while (m.cnt < REPORT_CLIENTS_MAX &&
		    (seen = serve_clients_next(t, &pos)) != NULL)
			m.at[m.cnt++] = seen->sum;
		if (m.cnt == 0)
			break;
		daemon_port_send(port, IPC_REPORT_CLIENTS, &m);
		memset(&m, 0, sizeof m);
	}
	serve_clients_clear(t);
}
