/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The crew: starting, stopping, burying, and the switch between its members.
 * A crashed role is started again with back-off; after five deaths in a
 * minute it stays down.  The clock comes back at once.
 */
#include "crew_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "os/clock.h"
#include "os/process.h"

#define DEATHS_MAX 5 /* a minute */
#define MINUTE_NS  (60 * TSTAMP_NS_PER_S)
#define BACKOFF_NS (TSTAMP_NS_PER_S / 10)
#define STOP_NS    (3 * TSTAMP_NS_PER_S / 2) /* then it is killed */
#define PAUSE_NS   (30 * TSTAMP_NS_PER_S)    /* likewise */

static const char *const missing[ROLE_CNT] = {
    [ROLE_CLOCK] = "the clock is no longer adjusted",
    [ROLE_SYNC] = "no source is measured any more",
    [ROLE_SERVE] = "fewer workers answer requests",
    [ROLE_KE] = "fewer workers exchange keys with clients",
    [ROLE_DIAL] = "no new keys can be had from servers",
    [ROLE_DNS] = "names are no longer looked up",
    [ROLE_CTL] = "no questions are answered on the control socket",
};

static void
set_phase(struct crew_member *m, enum crew_phase phase)
{
	m->phase = phase;
	m->since = os_clock_mono();
	m->crew->hooks.changed(m->crew->hooks.ctx, m);
}

void
daemon_crew_start(struct crew_member *m)
{
	int err;

	net_timer_stop(&m->timer);
	memset(&m->rates, 0, sizeof m->rates);
	m->seq_in = 0;
	m->seq_out = 0;
	set_phase(m, CREW_STARTING);
	err = m->crew->kind->start(m);
	if (err < 0)
		daemon_crew_died(m, false, err_text(err));
}

void
daemon_crew_kill(struct crew_member *m, const char *why)
{
	os_log_error("role killed role=%s/%u reason=\"%s\"", role_name(m->role),
	    m->instance, why);
	if (m->crew->kind->single)
		return; /* our own code: the message is dropped */
	if (m->pid > 0 && os_process_kill(m->pid, SIGKILL) < 0)
		os_log_debug("already gone");
}

static void
timer_due(void *arg)
{
	struct crew_member *m = arg;

	if (m->phase == CREW_DOWN)
		daemon_crew_start(m);
	else if (m->phase == CREW_UP || m->phase == CREW_STARTING)
		daemon_crew_kill(m, "it was stopped and nobody resumed it");
	else if (m->phase == CREW_LEAVING && m->pid > 0 &&
	    os_process_kill(m->pid, SIGKILL) < 0)
		os_log_warn("role cannot be killed role=%s pid=%d",
		    role_name(m->role), (int)m->pid);
}

int
daemon_crew_init(struct crew *c, struct net_loop *loop,
    const struct crew_kind *kind, const struct crew_hooks *hooks)
{
	/* All zero as it comes: to clear the members would only touch their
	 * pages. */
	c->loop = loop;
	c->kind = kind;
	c->hooks = *hooks;
	return kind->init(c);
}

struct crew_member *
daemon_crew_add(struct crew *c, enum role role, uint16_t place)
{
	struct crew_member *m = NULL;
	uint16_t instance = 0;

	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_member *o = &c->members[i];

		if (o->phase == CREW_FREE && !m)
			m = o;
		if (o->phase != CREW_FREE && o->role == role &&
		    o->instance >= instance)
			instance = (uint16_t)(o->instance + 1);
	}
	if (!m)
		return NULL;
	memset(m, 0, sizeof *m);
	m->crew = c;
	m->role = role;
	m->instance = instance;
	m->place = place;
	m->channel = -1;
	m->pipe = -1;
	if (net_timer_init(&m->timer, c->loop, timer_due, m) < 0)
		return NULL;
	m->phase = CREW_DOWN;
	return m;
}

struct crew_member *
daemon_crew_find(struct crew *c, enum role role, uint16_t place)
{
	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_member *m = &c->members[i];

		if (m->phase != CREW_FREE && m->phase != CREW_LEAVING &&
		    m->role == role && m->place == place)
			return m;
	}
	return NULL;
}

bool
daemon_crew_running(const struct crew *c)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->members[i].phase == CREW_UP ||
		    c->members[i].phase == CREW_STARTING ||
		    c->members[i].phase == CREW_LEAVING)
			return true;
	return false;
}

static void
forget(struct crew_member *m)
{
	net_timer_fini(&m->timer);
	set_phase(m, CREW_GONE);
	m->phase = CREW_FREE;
}

static void
count_death(struct crew_member *m)
{
	struct mono now = os_clock_mono();

	if (now.ns - m->death_minute.ns > MINUTE_NS) {
		m->death_minute = now;
		m->death_cnt = 0;
	}
	m->death_cnt++;
}

void
daemon_crew_died(struct crew_member *m, bool violation, const char *cause)
{
	int64_t wait_ns = 0;

	m->crew->kind->close(m);
	m->pid = 0;
	if (m->phase == CREW_LEAVING && m->again && !m->crew->ending) {
		m->again = false;
		daemon_crew_start(m);
		return;
	}
	if (m->phase == CREW_LEAVING || m->crew->ending) {
		forget(m);
		return;
	}
	count_death(m);
	snprintf(m->last_death, sizeof m->last_death, "%s", cause);
	if (violation || m->death_cnt > DEATHS_MAX) {
		os_log_error("role stays down role=%s/%u cause=\"%s\" "
			     "effect=\"%s\"",
		    role_name(m->role), m->instance, cause, missing[m->role]);
		set_phase(m, CREW_GIVEN_UP);
		return;
	}
	if (m->role != ROLE_CLOCK)
		wait_ns = BACKOFF_NS << (m->death_cnt - 1);
	m->restart_cnt++;
	os_log_warn("role died role=%s/%u cause=\"%s\" next=\"restart in "
		    "%.1f s, time keeps running\"",
	    role_name(m->role), m->instance, cause, (double)wait_ns * 1e-9);
	set_phase(m, CREW_DOWN);
	net_timer_arm(&m->timer, (struct dur){wait_ns});
}

/* By a signal that no process can refuse: a debugger's, or an accident's.  It
 * gets a while to go on, then another takes its place. */
void
daemon_crew_paused(struct crew_member *m, bool stopped)
{
	if (m->phase != CREW_UP && m->phase != CREW_STARTING)
		return;
	if (!stopped) {
		net_timer_stop(&m->timer);
		return;
	}
	os_log_warn("role is stopped role=%s/%u next=\"another takes its place "
		    "unless it goes on within %d s\"",
	    role_name(m->role), m->instance, (int)(PAUSE_NS / TSTAMP_NS_PER_S));
	net_timer_arm(&m->timer, (struct dur){PAUSE_NS});
}

static void
tell_to_stop(struct crew_member *m, unsigned linger_s)
{
	struct ipc_stop msg = {.linger_s = (uint8_t)linger_s};

	set_phase(m, CREW_LEAVING);
	daemon_crew_send_to(m, IPC_STOP, &msg);
	net_timer_arm(&m->timer,
	    (struct dur){STOP_NS + (int64_t)linger_s * TSTAMP_NS_PER_S});
}

void
daemon_crew_stop(struct crew_member *m, unsigned linger_s)
{
	bool alive = m->phase == CREW_UP || m->phase == CREW_STARTING;

	if (m->phase == CREW_LEAVING || m->phase == CREW_FREE)
		return;
	m->retired = true;
	if (!alive) {
		forget(m);
		return;
	}
	tell_to_stop(m, linger_s);
}

/* With new start data, for a role that there can be only one of.  One that is
 * down has them when it comes back. */
void
daemon_crew_restart(struct crew_member *m)
{
	if (m->phase != CREW_UP && m->phase != CREW_STARTING)
		return;
	m->again = true;
	tell_to_stop(m, 0);
}

static void
deliver(struct crew_member *m, uint8_t *data, size_t len, enum role origin,
    uint16_t instance)
{
	ipc_frame_restamp(data, origin, instance, ++m->seq_out);
	m->crew->kind->deliver(m, data, len);
}

void
daemon_crew_send_to(struct crew_member *m, unsigned type, const void *msg)
{
	struct ipc_frame f = {
	    .type = (uint16_t)type,
	    .sent = os_clock_mono(),
	};
	uint8_t buf[IPC_MSG_MAX];
	int len = ipc_frame_encode(&f, msg, buf);

	if (len < 0 || !ipc_permit_allowed(type, ROLE_SUPER, m->role)) {
		os_log_error("message not sent type=%s role=%s",
		    ipc_permit_name(type), role_name(m->role));
		return;
	}
	deliver(m, buf, (size_t)len, ROLE_SUPER, 0);
	wipe_bytes(buf, (size_t)len);
}

void
daemon_crew_send(struct crew *c, enum role to, unsigned type, const void *msg)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->members[i].role == to &&
		    (c->members[i].phase == CREW_UP ||
			c->members[i].phase == CREW_STARTING))
			daemon_crew_send_to(&c->members[i], type, msg);
}

/* To the newest of its role: an older one is about to leave. */
static void
forward(struct crew_member *from, enum role to, uint8_t *data, size_t len)
{
	struct crew *c = from->crew;
	struct crew_member *best = NULL;

	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_member *m = &c->members[i];

		if (m->role == to &&
		    (m->phase == CREW_UP || m->phase == CREW_STARTING) &&
		    (!best || m->instance > best->instance))
			best = m;
	}
	if (best)
		deliver(best, data, len, from->role, from->instance);
}

static void
ready(struct crew_member *m, const struct ipc_ready *msg)
{
	snprintf(m->cage, sizeof m->cage, "%s", msg->cage);
	os_log_info(
	    "role up role=%s/%u %s", role_name(m->role), m->instance, m->cage);
	if (m->phase == CREW_STARTING)
		set_phase(m, CREW_UP);
}

static void
for_super(struct crew_member *from, const uint8_t *data, size_t len)
{
	union ipc_any msg;
	struct ipc_frame f;

	if (ipc_frame_decode(&f, data, len, &msg) < 0)
		daemon_crew_kill(from, "malformed message");
	else if (f.type == IPC_READY)
		ready(from, &msg.ready);
	else
		from->crew->hooks.message(
		    from->crew->hooks.ctx, from, f.type, &msg);
	wipe_bytes(&msg, sizeof msg);
}

/* The switch.  Payloads pass through unread. */
void
daemon_crew_route(struct crew_member *from, uint8_t *data, size_t len)
{
	struct ipc_frame f;
	struct mono now = os_clock_mono();
	enum role to;

	if (ipc_frame_peek(&f, data, len) < 0 || f.seq <= from->seq_in) {
		daemon_crew_kill(from, "malformed message");
		return;
	}
	from->seq_in = f.seq;
	to = ipc_permit_destination(f.type, from->role);
	if (to == ROLE_CNT) {
		daemon_crew_kill(from, "a message that its role may not send");
		return;
	}
	if (!ipc_permit_rate(&from->rates, f.type, now)) {
		if (os_log_flow(&from->flow, now, NULL))
			os_log_warn("message dropped: too many role=%s "
				    "type=%s",
			    role_name(from->role), ipc_permit_name(f.type));
		return;
	}
	if (to == ROLE_SUPER)
		for_super(from, data, len);
	else
		forward(from, to, data, len);
}

void
daemon_crew_free(struct crew *c)
{
	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_member *m = &c->members[i];

		if (m->phase == CREW_FREE)
			continue;
		m->crew->kind->close(m);
		net_timer_fini(&m->timer);
		m->phase = CREW_FREE;
	}
	net_defer_fini(&c->post);
}
