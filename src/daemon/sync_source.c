/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the configured lines to servers that are asked: a directive owns a
 * range of slots and puts an association into each, once its name
 * (sync_name.c) has addresses; what an association wants done is done here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "os/clock.h"
#include "os/log.h"
#include "sync_priv.h"

#define SETTLE_NS (TSTAMP_NS_PER_S / 8) /* until we run smoothly */
#define PHASE_NS  (TSTAMP_NS_PER_S / 20)

static bool
addr_in_use(const struct sync *s, const struct addr *a)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++)
		if (s->slots[i].dir && addr_same_host(&s->slots[i].addr, a) &&
		    s->slots[i].dir->conf.port == a->port)
			return true;
	return false;
}

/* The next address of the name that no slot uses. */
static bool
spare_addr(struct sync_directive *d, struct addr *a)
{
	for (unsigned i = 0; i < d->addr_cnt; i++) {
		*a = d->addrs[(d->addr_next + i) % d->addr_cnt];
		a->port = d->conf.port;
		if (!addr_in_use(d->sync, a)) {
			d->addr_next =
			    (uint8_t)((d->addr_next + i + 1) % d->addr_cnt);
			return true;
		}
	}
	return false;
}

void
daemon_sync_source_save(struct sync_slot *sl, bool stop)
{
	struct ipc_cookies m = {0};
	struct sync *s = sl->sync;
	struct mono now = os_clock_mono();

	_Static_assert(ASSOC_SAVED_MAX <= IPC_BLOB_MAX, "fits its message");
	m.len = (uint32_t)assoc_save(
	    sl->assoc, stop, daemon_sync_wall(s, now), m.blob);
	if (m.len > 0) {
		m.ke_port = sl->dir->conf.ke_port;
		m.place = (uint16_t)(sl->slot - sl->dir->conf.slot);
		snprintf(m.host, sizeof m.host, "%s", sl->dir->conf.host);
		daemon_port_send(&s->port, IPC_COOKIES_SAVE, &m);
	}
	wipe_bytes(&m, sizeof m);
}

void
daemon_sync_source_close(struct sync_slot *sl)
{
	if (!sl->dir)
		return;
	daemon_sync_exchange_close(sl, ~0U);
	net_timer_stop(&sl->timer);
	discipline_close(sl->sync->discipline, sl->slot);
	assoc_free(sl->assoc);
	sl->assoc = NULL;
	daemon_sync_keys_drop(sl);
	sl->ke_id = 0;
	sl->cert_subject[0] = '\0';
	sl->tx_stamp = sl->rx_stamp = REPORT_STAMP_NONE;
	sl->why[0] = '\0';
	sl->dir = NULL;
	daemon_sync_report_dirty(sl);
}

static void
replace(struct sync_slot *sl)
{
	struct sync_directive *d = sl->dir;
	char text[ADDR_TEXT_MAX];

	os_log_info("source replaced name=%s addr=%s", d->conf.host,
	    addr_text_port(&sl->addr, text));
	d->addr_cnt = 0; /* a fresh look, not the same server again */
	daemon_sync_source_close(sl);
	daemon_sync_name_ask(d);
}

static void
obey(struct sync_slot *sl, const struct assoc_todo *todo)
{
	if (todo->what & ASSOC_CLOSE)
		daemon_sync_exchange_close(sl, todo->close);
	if (todo->what & ASSOC_TIMER) {
		if (todo->timer.ns == INT64_MAX)
			net_timer_stop(&sl->timer);
		else
			net_timer_arm_at(&sl->timer, todo->timer);
	}
	if (todo->what & ASSOC_SAVE)
		daemon_sync_source_save(sl, false);
	if (todo->what & ASSOC_NEED_KE)
		daemon_sync_keys_ask(sl);
	if (todo->what & ASSOC_REPORT)
		daemon_sync_report_dirty(sl);
	if (todo->what & ASSOC_NEED_ADDRESS)
		daemon_sync_name_ask(sl->dir);
	/* The packet lies in the association: send before the next event,
	 * and the sample is a copy that survives it. */
	struct sample sample = todo->sample;
	bool sampled = todo->what & ASSOC_SAMPLE;
	bool gone = todo->what & ASSOC_REPLACE;

	if (todo->what & ASSOC_SEND)
		daemon_sync_exchange_send(sl, todo);
	if (sampled)
		sl->sync->sampled(sl, &sample);
	if (gone && sl->dir)
		replace(sl);
}

static void
discipline_conf_of(const struct ipc_source_set *c, const struct addr *a,
    struct discipline_source_conf *to)
{
	discipline_source_conf_init(to);
	to->prefer = c->prefer;
	to->noselect = c->noselect;
	to->trust = c->trust;
	to->require = c->require;
	to->authenticated = c->nts || c->key_id != 0;
	to->is_public = !addr_is_private(a) && !addr_is_loopback(a);
	to->iburst = c->iburst;
	to->interleaved = c->xleave;
	to->minpoll = c->minpoll_log2s;
	to->maxpoll = c->maxpoll_log2s;
	to->maxdelay_s = c->maxdelay_s;
	to->maxdelayratio = c->maxdelayratio;
	to->maxdelaydevratio = c->maxdelaydevratio;
	to->maxdelayquant = c->maxdelayquant;
	to->mindelay_s = c->mindelay_s;
	to->offset_s = c->offset_s;
	/* Beyond its range it is the word for unknown, which a message cannot
	 * carry as it is. */
	to->asymmetry = fabs(c->asymmetry) <= 0.5 ? c->asymmetry : (double)NAN;
	to->minsamples = c->minsamples;
	to->maxsamples = c->maxsamples;
}

static const struct crypto_mac_key *
find_key(const struct sync *s, uint32_t id)
{
	for (size_t i = 0; i < s->key_cnt; i++)
		if (s->keys[i].id == id)
			return &s->keys[i];
	return NULL;
}

static int
assoc_conf_of(
    const struct sync *s, const struct ipc_source_set *c, struct assoc_conf *to)
{
	const struct crypto_mac_key *key;

	memset(to, 0, sizeof *to);
	to->iburst = c->iburst;
	to->burst = c->burst;
	to->offline = c->offline;
	to->xleave = c->xleave;
	to->pool = c->pool;
	to->local_ok = c->local_ok;
	to->version = c->version;
	to->minpoll_log2s = c->minpoll_log2s;
	to->maxpoll_log2s = c->maxpoll_log2s;
	to->precision_log2s = -24;
	to->port = c->port;
	to->maxdelay_s = c->maxdelay_s;
	to->refresh_s = s->conf.ntsrefresh_s;
	_Static_assert(ASSOC_AEADS_MAX == IPC_AEADS_MAX, "same lists");
	to->aead_cnt = s->conf.aead_cnt;
	memcpy(to->aeads, s->conf.aeads, sizeof to->aeads);
	to->floor = s->conf.last_known;
	snprintf(to->ke_name, sizeof to->ke_name, "%s", c->host);
	if (c->nts) {
		to->auth = ASSOC_AUTH_NTS;
	} else if (c->key_id != 0) {
		to->auth = ASSOC_AUTH_KEY;
		key = find_key(s, c->key_id);
		if (!key)
			return ERR_ABSENT;
		to->key = *key;
	}
	return 0;
}

/* Cookies from the last run; super has deleted the file already. */
static void
restore(struct sync_slot *sl)
{
	struct sync *s = sl->sync;

	for (size_t i = 0; i < s->saved_cnt; i++) {
		struct ipc_cookies *c = &s->saved[i];

		if (c->len == 0 || c->ke_port != sl->dir->conf.ke_port ||
		    strcmp(c->host, sl->dir->conf.host) != 0)
			continue;
		if (assoc_restore(sl->assoc, c->blob, c->len,
			daemon_sync_wall(s, os_clock_mono())) == 0)
			os_log_info("saved cookies taken up source=%s",
			    sl->dir->conf.host);
		wipe_bytes(c, sizeof *c);
		return;
	}
}

static void
slot_start(struct sync_slot *sl, const struct addr *a)
{
	struct sync *s = sl->sync;
	struct mono now = os_clock_mono();
	struct assoc_todo todo;
	bool hurry = s->conf.makestep && !s->stepped_once;
	struct dur phase = {PHASE_NS * (sl->slot % 4)};

	assoc_address(sl->assoc, a, now, &todo);
	obey(sl, &todo);
	/* With NTS the key exchange takes its time anyway. */
	if (!sl->dir->conf.nts)
		phase.ns += SETTLE_NS;
	assoc_start(sl->assoc, phase, hurry, now, &todo);
	obey(sl, &todo);
	daemon_sync_source_poll(sl);
}

static double
known_delay_s(const struct sync *s, const struct addr *a)
{
	for (size_t i = 0; i < s->path_cnt; i++)
		if (addr_same_host(&s->paths[i].addr, a))
			return s->paths[i].base_delay_s;
	return 0;
}

static void
timer_due(void *arg)
{
	struct sync_slot *sl = arg;
	struct assoc_todo todo;

	assoc_timer(sl->assoc, os_clock_mono(), &todo);
	obey(sl, &todo);
}

/* Timers and watches of a slot or a directive, made when it is first used:
 * most never are. */
static int
slot_ready(struct sync_slot *sl)
{
	if (sl->ready)
		return 0;
	if (net_timer_init(&sl->timer, sl->sync->loop, timer_due, sl) < 0 ||
	    daemon_sync_exchange_init(sl) < 0) {
		os_log_error("out of memory");
		return ERR_FULL;
	}
	sl->ready = true;
	return 0;
}

static void
slot_open(struct sync_slot *sl, struct sync_directive *d, const struct addr *a)
{
	struct sync *s = sl->sync;
	struct discipline_source_conf dc;
	struct assoc_conf ac;
	char text[ADDR_TEXT_MAX];

	if (slot_ready(sl) < 0)
		return;
	discipline_conf_of(&d->conf, a, &dc);
	dc.base_delay_s = known_delay_s(s, a);
	if (assoc_conf_of(s, &d->conf, &ac) < 0) {
		os_log_error("source not used: key is not in the keyfile "
			     "source=%s key=%u",
		    d->conf.host, d->conf.key_id);
		return;
	}
	sl->assoc = assoc_new(&ac, &s->tools);
	wipe_bytes(&ac, sizeof ac);
	if (!sl->assoc) {
		os_log_error("source not used: its key is of no use "
			     "source=%s",
		    d->conf.host);
		return;
	}
	if (discipline_open(s->discipline, sl->slot, &dc) < 0) {
		assoc_free(sl->assoc);
		sl->assoc = NULL;
		return;
	}
	sl->dir = d;
	sl->addr = *a;
	os_log_info("source added name=%s addr=%s%s", d->conf.host,
	    addr_text_port(a, text), d->conf.nts ? " nts" : "");
	if (d->conf.nts)
		restore(sl);
	slot_start(sl, a);
	daemon_sync_report_dirty(sl);
}

/* Put servers into the free slots, as far as there are addresses. */
static void
fill(struct sync_directive *d)
{
	struct addr a;

	for (unsigned i = 0; i < d->conf.slot_cnt; i++) {
		struct sync_slot *sl = &d->sync->slots[d->conf.slot + i];

		if (!sl->dir && spare_addr(d, &a))
			slot_open(sl, d, &a);
	}
	if (d->conf.slot_cnt == 1 && !d->sync->slots[d->conf.slot].dir)
		os_log_warn("source left out: all its addresses are asked "
			    "already name=%s",
		    d->conf.host);
}

/* A server's name has other addresses now, or its address does not answer:
 * move on to one that is not in use. */
static void
move_server(struct sync_directive *d)
{
	struct sync_slot *sl = &d->sync->slots[d->conf.slot];
	struct assoc_todo todo;
	struct addr a;
	char text[ADDR_TEXT_MAX];

	if (d->conf.pool || !sl->dir || !spare_addr(d, &a))
		return;
	os_log_info("source moved name=%s addr=%s", d->conf.host,
	    addr_text_port(&a, text));
	sl->addr = a;
	discipline_reset(d->sync->discipline, sl->slot);
	assoc_address(sl->assoc, &a, os_clock_mono(), &todo);
	obey(sl, &todo);
}

/* Clocks of interfaces are read as often as the busiest source is asked. */
static void
pace_clocks(struct sync *s, struct mono now)
{
	struct discipline_poll poll;
	int8_t least = INT8_MAX;

	for (unsigned i = 0; s->phcs.cnt > 0 && i < SYNC_SLOTS; i++)
		if (s->slots[i].dir &&
		    discipline_poll(s->discipline, i, now, &poll) == 0 &&
		    poll.poll_log2 < least)
			least = poll.poll_log2;
	if (least < INT8_MAX)
		daemon_phcs_follow(&s->phcs, least);
}

void
daemon_sync_source_poll(struct sync_slot *sl)
{
	struct mono now = os_clock_mono();
	struct discipline_poll poll;
	struct assoc_todo todo;

	if (!sl->dir ||
	    discipline_poll(sl->sync->discipline, sl->slot, now, &poll) < 0)
		return;
	assoc_poll(sl->assoc, &poll, now, &todo);
	obey(sl, &todo);
	pace_clocks(sl->sync, now);
}

/* The addresses of a name are there, for the first time or again. */
static void
named(struct sync_directive *d)
{
	if (d->sync->slots[d->conf.slot].dir)
		move_server(d);
	fill(d);
	daemon_sync_report_dirty(&d->sync->slots[d->conf.slot]);
}

static void
dir_begin(struct sync_directive *d)
{
	struct addr a;

	if (!d->ready && daemon_sync_name_init(d) < 0) {
		os_log_error("out of memory");
		return;
	}
	d->ready = true;
	if (addr_parse(&a, d->conf.host) == 0) {
		d->addrs[0] = a;
		d->addr_cnt = 1;
		fill(d);
	} else {
		daemon_sync_name_ask(d);
		daemon_sync_report_dirty(&d->sync->slots[d->conf.slot]);
	}
}

static void
dir_end(struct sync_directive *d)
{
	for (unsigned i = 0; i < d->conf.slot_cnt; i++)
		daemon_sync_source_close(&d->sync->slots[d->conf.slot + i]);
	net_timer_stop(&d->retry);
	os_log_info("source removed name=%s", d->conf.host);
	d->used = false;
	daemon_sync_report_dirty(&d->sync->slots[d->conf.slot]);
}

/* Same server asked the same way: its history stays. */
static bool
same_asking(const struct ipc_source_set *a, const struct ipc_source_set *b)
{
	return strcmp(a->host, b->host) == 0 && a->pool == b->pool &&
	    a->slot_cnt == b->slot_cnt && a->nts == b->nts &&
	    a->port == b->port && a->ke_port == b->ke_port &&
	    a->key_id == b->key_id && a->cert_set == b->cert_set &&
	    a->family == b->family && a->version == b->version &&
	    a->offline == b->offline && a->xleave == b->xleave;
}

static void
dir_modify(struct sync_directive *d, const struct ipc_source_set *conf)
{
	struct discipline_source_conf dc;

	d->conf = *conf;
	for (unsigned i = 0; i < conf->slot_cnt; i++) {
		struct sync_slot *sl = &d->sync->slots[conf->slot + i];

		if (!sl->dir)
			continue;
		discipline_conf_of(conf, &sl->addr, &dc);
		discipline_modify(d->sync->discipline, sl->slot, &dc);
	}
}

void
daemon_sync_source_set(struct sync *s, const struct ipc_source_set *conf)
{
	struct sync_directive *d;

	if (conf->slot_cnt == 0 || conf->slot >= SYNC_SLOTS ||
	    conf->slot_cnt > SYNC_SLOTS - conf->slot)
		return;
	d = &s->dirs[conf->slot];
	d->named = true;
	if (d->used && same_asking(&d->conf, conf)) {
		dir_modify(d, conf);
		return;
	}
	if (d->used)
		dir_end(d);
	d->used = true;
	d->conf = *conf;
	d->dns_id = 0;
	d->dns_tries = 0;
	d->addr_cnt = 0;
	if (s->running)
		dir_begin(d);
}

void
daemon_sync_source_end(struct sync *s)
{
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		if (s->running && s->dirs[i].used && !s->dirs[i].named)
			dir_end(&s->dirs[i]);
		s->dirs[i].named = false;
	}
}

void
daemon_sync_source_run(struct sync *s)
{
	s->todo = obey;
	s->named = named;
	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		s->dirs[i].sync = s;
		s->slots[i].sync = s;
		s->slots[i].slot = (uint16_t)i;
	}
	s->running = true;
	for (size_t i = 0; i < SYNC_SLOTS; i++)
		if (s->dirs[i].used)
			dir_begin(&s->dirs[i]);
}
