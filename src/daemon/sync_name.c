/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of sources: asked of role dns, asked again with back-off when there
 * is no answer.  What comes goes to sync_source.c by a call that it left here.
 */
#include <stdio.h>
#include <string.h>

#include "os/log.h"
#include "sync_priv.h"

#define ASK_NS      (15 * TSTAMP_NS_PER_S) /* dns is dead if it takes longer */
#define RETRY_MIN_S 4
#define RETRY_MAX_S 1024

uint32_t
daemon_sync_name_id(struct sync *s)
{
	s->id = s->id == UINT32_MAX ? 1 : s->id + 1;
	return s->id;
}

void
daemon_sync_name_ask(struct sync_directive *d)
{
	struct ipc_dns_ask m = {
	    .id = daemon_sync_name_id(d->sync),
	    .family = d->conf.family,
	    .local_ok = d->conf.local_ok,
	};

	if (d->dns_id != 0)
		return;
	d->dns_id = m.id;
	snprintf(m.name, sizeof m.name, "%s", d->conf.host);
	net_timer_arm(&d->retry, (struct dur){ASK_NS});
	daemon_port_send(&d->sync->port, IPC_DNS_ASK, &m);
}

static void
retry_due(void *arg)
{
	struct sync_directive *d = arg;

	d->dns_id = 0;
	daemon_sync_name_ask(d);
}

static void
retry_later(struct sync_directive *d)
{
	int64_t s = RETRY_MIN_S;

	for (unsigned i = 0; i < d->dns_tries && s < RETRY_MAX_S; i++)
		s *= 2;
	d->dns_tries++;
	daemon_sync_report_dirty(&d->sync->slots[d->conf.slot]);
	net_timer_arm(&d->retry, (struct dur){s * TSTAMP_NS_PER_S});
}

static void
take(struct sync_directive *d, const struct ipc_dns_answer *m)
{
	if (m->err != 0 || m->addr_cnt == 0) {
		if (d->dns_tries == 0)
			os_log_warn("name does not resolve, trying again "
				    "name=%s",
			    d->conf.host);
		retry_later(d);
		return;
	}
	d->dns_tries = 0;
	net_timer_stop(&d->retry);
	d->addr_cnt = m->addr_cnt;
	memcpy(d->addrs, m->addrs, sizeof d->addrs);
	d->addr_next = 0;
	d->sync->named(d);
}

bool
daemon_sync_name_take(struct sync *s, const struct ipc_dns_answer *m)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		struct sync_directive *d = &s->dirs[i];

		if (!d->used || d->dns_id == 0 || d->dns_id != m->id)
			continue;
		d->dns_id = 0;
		take(d, m);
		return true;
	}
	return false;
}

void
daemon_sync_name_lost(struct sync *s)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++)
		if (s->dirs[i].used && s->dirs[i].dns_id != 0) {
			s->dirs[i].dns_id = 0;
			retry_later(&s->dirs[i]);
		}
}

int
daemon_sync_name_init(struct sync_directive *d)
{
	return net_timer_init(&d->retry, d->sync->loop, retry_due, d);
}
