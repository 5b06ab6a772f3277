/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock: the only one that can adjust the clock.  Each command is judged
 * by discipline/limits against what this process itself reads and counts,
 * carried out by os/clock, booked, and answered with what was really done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/role.h"
#include "discipline/limits.h"
#include "ipc/start.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/timepage.h"

#define WATCH_NS (1 * TSTAMP_NS_PER_S)
#define GRANT_NS (10 * TSTAMP_NS_PER_S)   /* then the ask is taken as lost */
#define RIVAL_NS (3600 * TSTAMP_NS_PER_S) /* between words about one */

struct clock {
	struct net_loop *loop;
	struct daemon_port port;
	bool single;
	struct os_clock os;
	struct limits limits;
	struct ipc_clock_conf conf;
	struct timepage *page;
	struct limits_truth truth;
	struct net_timer slew_end;
	struct net_timer watch;
	struct net_watch cancel;
	int cancel_fd;
	struct mono looked_at;
	bool rival; /* somebody else adjusts the clock, said at... */
	struct mono rival_at;
	struct clockcmd_truth told;
	uint32_t ask_id;
	bool asking;
	struct mono asked_at;
	uint32_t seq;
	uint8_t refusal;
	bool frozen;
	double base_told;
	bool base_ever;
};

static void
reading(struct clock *c, struct limits_reading *r)
{
	struct os_clock_reading now;

	c->os.ops->read(c->os.ctx, &now);
	r->real = now.real;
	r->mono = now.mono;
	r->raw = (struct mono){now.raw_ns};
	r->boot = (struct mono){now.boot_ns};
	r->spread = now.spread;
	r->virt = (struct dur){0};
	if (c->conf.virtual_clock)
		r->virt = tstamp_wall_diff(os_clock_wall(&c->os), now.real);
}

static void
publish(struct clock *c)
{
	struct timepage_clock page = {0};

	if (!c->page)
		return;
	os_clock_page(&c->os, &page);
	page.synced_until_boot_ns =
	    c->truth.synced ? c->truth.synced_until_boot.ns : 0;
	page.leap = c->truth.leap;
	page.tai_offset_s = c->truth.tai_offset_s;
	timepage_put(c->page, &page, sizeof page);
}

static void
tell_state(struct clock *c)
{
	struct ipc_clock_state m = {0};

	discipline_limits_state(&c->limits, &m.state);
	os_clock_state(&c->os, &m.state);
	m.state.command_seq = c->seq;
	m.state.refusal = c->refusal;
	os_log_debug("state freq_ppm=%.4f slew_ppm=%.4f corrected_ns=%lld",
	    m.state.freq_sps * 1e6, m.state.slew_rate_sps * 1e6,
	    (long long)m.state.corrected.ns);
	daemon_port_send(&c->port, IPC_CLOCK_STATE, &m);
	publish(c);
}

/* Super keeps the base frequency for the case that we die. */
static void
tell_base(struct clock *c)
{
	struct ipc_clock_base m = {
	    .freq_sps = c->os.base_sps,
	    .synced_once = !discipline_limits_startup(&c->limits),
	};

	if (!c->os.taken || (c->base_ever && m.freq_sps == c->base_told))
		return;
	c->base_ever = true;
	c->base_told = m.freq_sps;
	daemon_port_send(&c->port, IPC_CLOCK_BASE, &m);
}

/* New state of the limits goes to disc before it may be relied on. */
static void
tell_saved(struct clock *c)
{
	struct ipc_budget_ask m = {0};
	struct limits_saved saved;
	struct limits_reading now;

	reading(c, &now);
	if (c->asking && now.mono.ns - c->asked_at.ns > GRANT_NS)
		discipline_limits_granted(&c->limits, false);
	if (!discipline_limits_save(&c->limits, &now, &saved))
		return;
	c->asking = true;
	c->asked_at = now.mono;
	m.id = ++c->ask_id;
	discipline_limits_encode(&saved, m.saved);
	m.saved_len = DISCIPLINE_LIMITS_SAVED_LEN;
	daemon_port_send(&c->port, IPC_BUDGET_ASK, &m);
}

/* Only the answer to the last ask: what an older one says of the disc is
 * out of date. */
static void
granted(struct clock *c, const struct ipc_budget_grant *m)
{
	if (!c->asking || m->id != c->ask_id)
		return;
	c->asking = false;
	discipline_limits_granted(&c->limits, m->written);
}

/* A second after the last look, however many messages come meanwhile.  The
 * timer that a step cancels is quicker, but sees only steps. */
static void
arm_watch(struct clock *c)
{
	struct limits_reading now;
	int64_t since;

	reading(c, &now);
	since = tstamp_mono_diff(now.mono, c->looked_at).ns;
	if (since < 0)
		since = 0;
	net_timer_arm(
	    &c->watch, (struct dur){since < WATCH_NS ? WATCH_NS - since : 0});
}

/* A violation is nothing that an honest sync does: stop for good. */
static void
freeze(
    struct clock *c, const char *what, unsigned refusal, const char *evidence)
{
	c->frozen = true;
	if (os_clock_end_slew(&c->os) < 0)
		os_log_error("slew cannot be ended");
	os_log_error("clock frozen after a violation of its limits command=%s "
		     "reason=\"%s\" %s",
	    what, clockcmd_refusal_text(refusal), evidence);
	tell_state(c);
	daemon_port_quit(&c->port, DAEMON_EXIT_VIOLATION);
}

static void
refused(
    struct clock *c, const char *what, unsigned refusal, const char *evidence)
{
	if (discipline_limits_is_violation((enum clockcmd_refusal)refusal))
		freeze(c, what, refusal, evidence);
	else if (refusal != CLOCKCMD_OK)
		os_log_warn("clock command refused command=%s reason=\"%s\" %s",
		    what, clockcmd_refusal_text(refusal), evidence);
}

static int
carry_out_adjust(struct clock *c, const struct clockcmd_adjust *cmd)
{
	int err = os_clock_set_base(&c->os, cmd->freq_sps);

	if (err == 0 && cmd->offset.ns != 0)
		err = os_clock_slew(&c->os, cmd->offset, cmd->duration, NULL);
	else if (err == 0)
		err = os_clock_end_slew(&c->os);
	if (c->os.slew_sps != 0)
		net_timer_arm_at(&c->slew_end, c->os.slew_until);
	else
		net_timer_stop(&c->slew_end);
	return err;
}

static void
adjust(struct clock *c, const struct ipc_clock_adjust *m)
{
	struct limits_reading now;
	char evidence[128];

	c->seq = m->seq;
	reading(c, &now);
	c->refusal =
	    (uint8_t)discipline_limits_adjust(&c->limits, &m->cmd, &now);
	if (c->refusal == CLOCKCMD_OK && carry_out_adjust(c, &m->cmd) < 0) {
		os_log_error("the kernel refused to adjust the clock");
		c->refusal = CLOCKCMD_SYSTEM;
	}
	reading(c, &now);
	if (c->refusal == CLOCKCMD_OK)
		discipline_limits_adjusted(&c->limits, &m->cmd, &now);
	snprintf(evidence, sizeof evidence,
	    "freq_ppm=%.3f offset_ns=%lld duration_s=%.1f",
	    m->cmd.freq_sps * 1e6, (long long)m->cmd.offset.ns,
	    tstamp_dur_to_s(m->cmd.duration));
	os_log_debug("adjust %s", evidence);
	refused(c, "adjust", c->refusal, evidence);
}

static void
step(struct clock *c, const struct ipc_clock_step *m)
{
	struct limits_reading now;
	char evidence[128];

	c->seq = m->seq;
	reading(c, &now);
	c->refusal = (uint8_t)discipline_limits_step(&c->limits, &m->cmd, &now);
	if (c->refusal == CLOCKCMD_OK) {
		if (os_clock_step(&c->os, m->cmd.offset) < 0) {
			os_log_error("the kernel refused to step the clock");
			c->refusal = CLOCKCMD_SYSTEM;
		} else {
			os_log_info("clock stepped offset_s=%.6f sources=%u",
			    tstamp_dur_to_s(m->cmd.offset),
			    m->cmd.evidence_cnt);
			net_timer_stop(&c->slew_end);
			c->truth.leap = 0; /* if that was it; else told anew */
		}
	}
	reading(c, &now);
	if (c->refusal == CLOCKCMD_OK)
		discipline_limits_stepped(&c->limits, &m->cmd, &now);
	snprintf(evidence, sizeof evidence, "offset_s=%.6f sources=%u",
	    tstamp_dur_to_s(m->cmd.offset), m->cmd.evidence_cnt);
	refused(c, "step", c->refusal, evidence);
}

static void
truth(struct clock *c, const struct ipc_clock_truth *m)
{
	struct clockcmd_truth told = m->truth;
	struct limits_reading now;
	uint8_t refusal;

	reading(c, &now);
	if (m->confirmed)
		discipline_limits_confirm(&c->limits, &now);
	refusal = (uint8_t)discipline_limits_truth(
	    &c->limits, &m->truth, &now, &c->truth);
	told.synced = c->truth.synced;
	told.leap = c->conf.kernel_leap ? c->truth.leap : 0;
	told.tai_offset_s = c->truth.tai_offset_s;
	c->told = told;
	if (os_clock_tell(&c->os, &told) < 0)
		os_log_debug("the kernel does not take the clock's state");
	refused(c, "truth", refusal, "");
}

static void
settings(const struct ipc_clock_conf *m, struct limits_conf *l)
{
	memset(l, 0, sizeof *l);
	l->step_allowed = m->makestep;
	l->step_threshold = tstamp_dur_from_s(m->makestep_s);
	l->step_limit = m->makestep_limit;
	l->slew_sps = m->maxslew_sps;
	l->later_slew_sps = m->maxslew_given ? m->maxslew_sps
					     : DISCIPLINE_LIMITS_LATER_SLEW_SPS;
	l->drift_sps = m->maxdrift_sps;
	l->minsources = m->minsources;
	l->slot_cnt = m->slot_cnt;
	l->build_date = m->build;
	l->boot_id = m->boot_id;
	l->virtual_clock = m->virtual_clock;
}

static void
clock_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct clock *c = state;
	struct limits_conf limits;

	if (c->frozen)
		return;
	switch (type) {
	case IPC_CLOCK_ADJUST:
		adjust(c, &msg->clock_adjust);
		break;
	case IPC_CLOCK_STEP:
		step(c, &msg->clock_step);
		break;
	case IPC_CLOCK_TRUTH:
		truth(c, &msg->clock_truth);
		break;
	case IPC_CLOCK_CONF:
		c->conf.kernel_leap = msg->clock_conf.kernel_leap;
		settings(&msg->clock_conf, &limits);
		discipline_limits_set_conf(&c->limits, &limits);
		break;
	case IPC_BUDGET_GRANT:
		granted(c, &msg->budget_grant);
		return;
	default:
		return;
	}
	if (c->frozen)
		return;
	tell_state(c);
	tell_base(c);
	tell_saved(c);
	arm_watch(c);
}

static void
slew_over(void *arg)
{
	struct clock *c = arg;

	if (os_clock_end_slew(&c->os) < 0)
		os_log_error("slew cannot be ended");
	tell_state(c);
	arm_watch(c);
}

/* Not enough budget: hold the frequency that we trust, and say so. */
static void
hold(struct clock *c)
{
	if (os_clock_end_slew(&c->os) < 0 ||
	    os_clock_set_base(&c->os, discipline_limits_hold_freq(&c->limits)) <
		0)
		os_log_error("the base frequency cannot be restored");
	net_timer_stop(&c->slew_end);
	c->truth.synced = false;
	os_log_warn("the daily displacement budget is spent, frequency held "
		    "freq_ppm=%.3f",
	    c->os.base_sps * 1e6);
}

/* Another master of the same clock.  With -x it is his; else it is ours, and
 * what he began is ended at once, not with our next command. */
static void
reclaim(struct clock *c, unsigned seen, struct dur by, struct mono now)
{
	const char *what = seen & OS_CLOCK_STRAYED ? "slewed" : "retuned";

	if (!c->rival || tstamp_mono_diff(now, c->rival_at).ns > RIVAL_NS) {
		os_log_warn("the clock is being %s by somebody else "
			    "offset_s=%.6f",
		    what, tstamp_dur_to_s(by));
		c->rival = true;
		c->rival_at = now;
	}
	if (c->os.taken &&
	    (os_clock_reclaim(&c->os) < 0 ||
		os_clock_tell(&c->os, &c->told) < 0))
		os_log_error("the clock cannot be taken back");
}

static void
look(struct clock *c)
{
	struct limits_reading now;
	struct dur by = {0};
	unsigned seen = os_clock_watch(&c->os, &by), events;

	reading(c, &now);
	c->looked_at = now.mono;
	events = discipline_limits_watch(&c->limits, &now);
	if (seen & OS_CLOCK_STEPPED)
		os_log_warn("the clock was stepped by somebody else "
			    "offset_s=%.6f",
		    tstamp_dur_to_s(by));
	if (seen & OS_CLOCK_SUSPENDED)
		os_log_info("the machine was suspended");
	if (seen & OS_CLOCK_LEAPT)
		os_log_info("the kernel carried out the leap second");
	if (seen & (OS_CLOCK_RETUNED | OS_CLOCK_STRAYED))
		reclaim(c, seen, by, now.mono);
	if (events & LIMITS_LEAP)
		c->truth.leap = 0;
	if (events & LIMITS_HOLD)
		hold(c);
	if (seen || events)
		tell_state(c);
	tell_saved(c);
	arm_watch(c);
}

static void
watch_due(void *arg)
{
	look(arg);
}

static void
cancelled(void *arg, unsigned what)
{
	struct clock *c = arg;

	(void)what;
	if (os_clock_cancel_rearm(c->cancel_fd))
		look(c);
}

static void
begin_limits(struct clock *c)
{
	struct limits_conf conf;
	struct limits_saved saved;
	struct limits_reading now;
	bool known = c->conf.saved_len > 0 &&
	    discipline_limits_decode(
		&saved, c->conf.saved, c->conf.saved_len) == 0;

	settings(&c->conf, &conf);
	reading(c, &now);
	discipline_limits_init(&c->limits, &conf, known ? &saved : NULL, &now);
}

static void
clock_close(void *state)
{
	struct clock *c = state;

	net_timer_fini(&c->slew_end);
	net_timer_fini(&c->watch);
	net_watch_fini(&c->cancel);
	if (c->cancel_fd >= 0)
		close(c->cancel_fd);
	os_timepage_unmap(c->page);
	free(c);
}

static void *
clock_open(const struct daemon_boot *boot)
{
	struct clock *c = calloc(1, sizeof *c);
	struct ipc_start_record r;
	size_t pos = 0;

	if (!c)
		return NULL;
	c->loop = boot->loop;
	c->port = boot->port;
	c->single = boot->single;
	c->cancel_fd = -1;
	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0)
		if (r.type == IPC_CLOCK_CONF)
			c->conf = r.msg.clock_conf;
	c->page = os_timepage_map(boot->fds[DAEMON_FD_CLOCK]);
	close(boot->fds[DAEMON_FD_CLOCK]);
	if (c->conf.virtual_clock)
		os_clock_init_virtual(&c->os);
	else if (os_clock_init_kernel(&c->os, c->conf.rtcsync) < 0) {
		os_log_error("the clock cannot be read");
		clock_close(c);
		return NULL;
	}
	begin_limits(c);
	if (!c->single)
		c->cancel_fd = os_clock_cancel_fd();
	return c;
}

static int
clock_run(void *state)
{
	struct clock *c = state;
	struct limits_reading now;

	if (net_timer_init(&c->slew_end, c->loop, slew_over, c) < 0 ||
	    net_timer_init(&c->watch, c->loop, watch_due, c) < 0 ||
	    net_watch_init(&c->cancel, c->loop, cancelled, c) < 0)
		return ERR_LIBRARY;
	if (c->cancel_fd >= 0)
		net_watch_set(&c->cancel, c->cancel_fd, NET_READ);
	/* We died in the middle of something: first of all back to a sane
	 * rate. */
	if (c->conf.base_known &&
	    os_clock_set_base(&c->os, c->conf.base_freq_sps) < 0)
		os_log_error("the base frequency cannot be restored");
	reading(c, &now);
	c->looked_at = now.mono;
	arm_watch(c);
	tell_state(c);
	tell_saved(c);
	return 0;
}

/* What was reserved and not spent is given back. */
static void
release(struct clock *c)
{
	struct ipc_budget_ask m = {
	    .id = ++c->ask_id,
	    .saved_len = DISCIPLINE_LIMITS_SAVED_LEN,
	};
	struct limits_saved saved;
	struct limits_reading now;

	reading(c, &now);
	discipline_limits_release(&c->limits, &now, &saved);
	discipline_limits_encode(&saved, m.saved);
	daemon_port_send(&c->port, IPC_BUDGET_ASK, &m);
}

static void
clock_stop(void *state)
{
	struct clock *c = state;

	if (os_clock_end_slew(&c->os) < 0)
		os_log_error("slew cannot be ended");
	tell_base(c);
	release(c);
}

const struct daemon_role daemon_clock = {
    .open = clock_open,
    .run = clock_run,
    .message = clock_message,
    .stop = clock_stop,
    .close = clock_close,
};
