/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of NTS sources: exchanged by role dial.  The server's name that may
 * come with them is looked up before they count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "os/clock.h"
#include "os/log.h"
#include "sync_priv.h"

#define NTP_PORT 123

void
daemon_sync_keys_drop(struct sync_slot *sl)
{
	if (sl->keys)
		wipe_bytes(sl->keys, sizeof *sl->keys);
	free(sl->keys);
	sl->keys = NULL;
	sl->name_id = 0;
}

/* The key exchange is complete once the server's name has an address. */
static void
complete(struct sync_slot *sl, const struct addr *a)
{
	struct assoc_keys *keys = sl->keys;
	uint16_t port = keys->addr.port;
	struct assoc_todo todo;

	keys->addr = *a;
	keys->addr.port = port;
	assoc_keys(sl->assoc, keys, os_clock_mono(), &todo);
	daemon_sync_keys_drop(sl);
	sl->sync->todo(sl, &todo);
}

static void
fail(struct sync_slot *sl, unsigned stage, bool permanent)
{
	struct assoc_keys keys = {
	    .stage = (uint8_t)stage,
	    .permanent = permanent,
	};
	struct assoc_todo todo;

	daemon_sync_keys_drop(sl);
	sl->ke_id = 0;
	assoc_keys(sl->assoc, &keys, os_clock_mono(), &todo);
	sl->sync->todo(sl, &todo);
}

void
daemon_sync_keys_ask(struct sync_slot *sl)
{
	struct sync *s = sl->sync;
	struct ipc_ke_ask m = {
	    .id = daemon_sync_name_id(s),
	    .addr = sl->addr,
	    .cert_set = sl->dir->conf.cert_set,
	    .check_at = daemon_sync_wall(s, os_clock_mono()),
	    .aead_cnt = s->conf.aead_cnt,
	};

	/* A clock from before the last known time cannot judge a
	 * certificate: the later of both is nearer to the truth. */
	if (m.check_at.ns < s->conf.last_known.ns)
		m.check_at = s->conf.last_known;
	m.addr.port = sl->dir->conf.ke_port;
	memcpy(m.aeads, s->conf.aeads, sizeof m.aeads);
	snprintf(m.host, sizeof m.host, "%s", sl->dir->conf.host);
	sl->ke_id = m.id;
	daemon_port_send(&s->port, IPC_KE_ASK, &m);
}

static void
unpack(struct assoc_keys *k, const struct ipc_ke_answer *m)
{
	_Static_assert(ASSOC_KEY_MAX == IPC_KEY_MAX, "same keys");
	_Static_assert(ASSOC_COOKIE_MAX == IPC_COOKIE_MAX, "same cookies");
	k->aead = m->aead;
	k->key_len = m->key_len;
	k->second_set = m->second_set;
	memcpy(k->c2s, m->c2s, sizeof k->c2s);
	memcpy(k->s2c, m->s2c, sizeof k->s2c);
	memcpy(k->c2s_second, m->c2s_second, sizeof k->c2s_second);
	memcpy(k->s2c_second, m->s2c_second, sizeof k->s2c_second);
	k->cookie_cnt = m->cookie_cnt;
	for (unsigned i = 0; i < m->cookie_cnt; i++) {
		k->cookie_len[i] = m->cookies[i].len;
		memcpy(k->cookies[i], m->cookies[i].data, sizeof k->cookies[i]);
	}
	k->cert_not_before_s = m->cert_not_before_s;
	k->cert_not_after_s = m->cert_not_after_s;
	k->addr.port = m->port ? m->port : NTP_PORT;
}

static void
came(struct sync_slot *sl, const struct ipc_ke_answer *m)
{
	struct ipc_dns_ask ask = {.family = ADDR_NONE};
	struct addr a = sl->addr;

	daemon_sync_keys_drop(sl);
	sl->keys = calloc(1, sizeof *sl->keys);
	if (!sl->keys) {
		fail(sl, REPORT_STAGE_NEGOTIATION, false);
		return;
	}
	unpack(sl->keys, m);
	if (m->server[0] == '\0' || addr_parse(&a, m->server) == 0) {
		complete(sl, &a);
		return;
	}
	sl->name_id = ask.id = daemon_sync_name_id(sl->sync);
	ask.local_ok = sl->dir->conf.local_ok;
	snprintf(ask.name, sizeof ask.name, "%s", m->server);
	daemon_port_send(&sl->sync->port, IPC_DNS_ASK, &ask);
}

void
daemon_sync_keys_take(struct sync *s, const struct ipc_ke_answer *m)
{
	struct sync_slot *sl = NULL;
	char addr[ADDR_TEXT_MAX];

	for (size_t i = 0; i < SYNC_SLOTS && !sl; i++)
		if (s->slots[i].dir && s->slots[i].ke_id == m->id)
			sl = &s->slots[i];
	if (!sl || m->id == 0)
		return;
	sl->ke_id = 0;
	snprintf(
	    sl->cert_subject, sizeof sl->cert_subject, "%s", m->cert_subject);
	snprintf(sl->why, sizeof sl->why, "%s", m->why);
	daemon_sync_report_dirty(sl);
	if (m->stage == REPORT_STAGE_NONE) {
		os_log_info("keys exchanged source=%s addr=%s aead=%u "
			    "cookies=%u",
		    sl->dir->conf.host, addr_text(&sl->addr, addr), m->aead,
		    m->cookie_cnt);
		came(sl, m);
		return;
	}
	os_log_warn("key exchange failed source=%s addr=%s stage=%s "
		    "reason=\"%s\"",
	    sl->dir->conf.host, addr_text(&sl->addr, addr),
	    report_stage_text(m->stage), m->why);
	fail(sl, m->stage, m->permanent);
}

void
daemon_sync_keys_name(struct sync *s, const struct ipc_dns_answer *m)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		struct sync_slot *sl = &s->slots[i];

		if (!sl->dir || !sl->keys || sl->name_id != m->id)
			continue;
		if (m->err == 0 && m->addr_cnt > 0)
			complete(sl, &m->addrs[0]);
		else
			fail(sl, REPORT_STAGE_NAME, false);
		return;
	}
}

void
daemon_sync_keys_lost(struct sync *s, enum role by)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		struct sync_slot *sl = &s->slots[i];

		if (by == ROLE_DNS && sl->dir && sl->keys)
			fail(sl, REPORT_STAGE_NAME, false);
		if (by == ROLE_DIAL && sl->dir && sl->ke_id != 0)
			fail(sl, REPORT_STAGE_TCP, false);
	}
}
