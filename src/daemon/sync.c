/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role sync: measures the sources, estimates the time and tells clock what to
 * do.  Samples come from the associations; what clock really did comes back
 * as its state and is all that discipline books.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "ipc/start.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/random.h"
#include "os/timepage.h"
#include "sync_priv.h"

#define TRUTH_NS     (10 * TSTAMP_NS_PER_S)   /* repeated at least that often */
#define SAVE_NS      (3600 * TSTAMP_NS_PER_S) /* drift and last known time */
#define PATH_SAMPLES 16 /* before its least delay is worth keeping */
#define FIRST_NS     (60 * TSTAMP_NS_PER_S)

static void
arm_tick(struct sync *s)
{
	net_timer_arm_at(&s->tick, discipline_next(s->discipline));
}

/* Whether enough authenticated sources stand behind the time now. */
static bool
confirmed(struct sync *s, struct mono now)
{
	struct discipline_source_view v;
	unsigned cnt = 0;

	for (unsigned i = 0; i < SYNC_SLOTS; i++)
		cnt += s->slots[i].dir &&
		    discipline_look_source(s->discipline, i, now, &v) == 0 &&
		    v.state <= DISCIPLINE_AGREEING && v.authenticated;
	return cnt > 0 && cnt >= s->conf.minsources;
}

static void
log_change(struct sync *s, bool synced, struct mono now)
{
	char why[DISCIPLINE_WHY_MAX];

	discipline_reason(s->discipline, now, why);
	if (synced)
		os_log_info("%s", why);
	else
		os_log_warn("no longer synchronised: %s", why);
}

static void
tell_truth(struct sync *s, struct mono now)
{
	struct ipc_clock_truth m = {0};

	discipline_truth(s->discipline, now, &m.truth);
	if (m.truth.synced == s->told.synced && m.truth.leap == s->told.leap &&
	    m.truth.tai_offset_s == s->told.tai_offset_s &&
	    now.ns - s->told_at.ns < TRUTH_NS)
		return;
	if (m.truth.synced != s->told.synced)
		log_change(s, m.truth.synced, now);
	s->told = m.truth;
	s->told_at = now;
	m.confirmed = m.truth.synced && confirmed(s, now);
	daemon_port_send(&s->port, IPC_CLOCK_TRUTH, &m);
}

/* The least delay to each server, so that the next run need not learn it. */
static void
save_paths(struct sync *s, struct mono now)
{
	struct discipline_source_view v;

	for (unsigned i = 0; i < SYNC_SLOTS; i++) {
		struct ipc_path m = {.addr = s->slots[i].addr};

		if (!s->slots[i].dir ||
		    discipline_look_source(s->discipline, i, now, &v) < 0 ||
		    v.sample_cnt < PATH_SAMPLES || !(v.base_delay_s > 0))
			continue;
		m.base_delay_s = v.base_delay_s;
		daemon_port_send(&s->port, IPC_PATH_SAVE, &m);
	}
}

/* The drift file and the last known time, now and then. */
static void
save(struct sync *s, struct mono now)
{
	struct discipline_learned l;
	struct ipc_drift_save drift;
	struct ipc_time_confirmed known;

	discipline_learned(s->discipline, &l);
	if (l.valid) {
		drift.freq_sps = l.freq_sps;
		drift.error_sps = l.freq_error_sps;
		drift.wander_log10 = l.wander_log10;
		drift.wander_error_log10 = l.wander_error_log10;
		save_paths(s, now);
		daemon_port_send(&s->port, IPC_DRIFT_SAVE, &drift);
	}
	if (s->told.synced) {
		known.wall = daemon_sync_wall(s, now);
		daemon_port_send(&s->port, IPC_TIME_CONFIRMED, &known);
	}
	s->saved_at = now;
}

static void
discipline_settings(const struct sync *s, struct discipline_conf *to)
{
	const struct ipc_sync_conf *c = &s->conf;

	discipline_conf_init(to);
	to->minsources = c->minsources;
	to->makestep_s = c->makestep ? c->makestep_s : 0;
	to->makestep_limit = c->makestep ? c->makestep_limit : 0;
	to->maxchange_s = c->maxchange_s;
	to->maxchange_delay = c->maxchange_start;
	to->maxchange_ignore = c->maxchange_ignore;
	to->maxslewrate_ppm = c->maxslew_sps * 1e6;
	if (c->maxslew_given)
		to->slewrate_synced_ppm = to->maxslewrate_ppm;
	to->maxdrift_ppm = c->maxdrift_sps * 1e6;
	to->maxdistance_s = c->maxdistance_s;
	to->maxjitter_s = c->maxjitter_s;
	to->combinelimit = c->combinelimit;
	to->stratumweight_s = c->stratumweight_s;
	to->reselectdist_s = c->reselectdist_s;
	to->corrtimeratio = c->corrtimeratio;
	to->maxupdateskew_ppm = c->maxupdateskew_ppm;
	to->maxclockerror_ppm = c->maxclockerror_sps * 1e6;
	to->targeterror_s = c->targeterror_s;
	to->authmode = (enum discipline_authmode)c->authselect;
	to->leapmode = (enum discipline_leapmode)c->leapmode;
	/* The kernel's leap would not be that of our clock. */
	if (c->virtual_clock && to->leapmode == DISCIPLINE_LEAP_SYSTEM)
		to->leapmode = DISCIPLINE_LEAP_STEP;
	to->leap = s->leap;
	to->steers_mono = !c->virtual_clock;
	to->local = c->local;
	to->local_stratum = c->local_stratum;
	if (c->drift_error_sps > 0) {
		to->freq_sps = c->drift_sps;
		to->freq_error_sps = c->drift_error_sps;
	}
	if (c->wander_error_log10 > 0) {
		to->wander_log10 = c->wander_log10;
		to->wander_error_log10 = c->wander_error_log10;
	}
}

/* The list's word changes with time alone. */
static void
review_leap(struct sync *s, struct mono now)
{
	struct discipline_conf conf;

	if (!daemon_sync_leap_review(s, daemon_sync_wall(s, now)))
		return;
	discipline_settings(s, &conf);
	discipline_reconfigure(s->discipline, &conf);
}

static void
publish(struct sync *s, struct mono now)
{
	struct timepage_time page;
	struct os_clock_reading clocks;
	struct net_stamp clocks_wall;

	review_leap(s, now);
	os_clock_read(&clocks);
	memset(&page, 0, sizeof page);
	discipline_time(s->discipline, clocks.mono, &page);
	/* Discipline knows our sources by number only. */
	if (page.flags & TIMEPAGE_SYNCED)
		page.ref_id = daemon_sync_refid_now(s, clocks.mono);
	page.as_of_raw_ns = clocks.raw_ns;
	page.as_of_boot_ns = clocks.boot_ns;
	clocks_wall =
	    (struct net_stamp){.real = clocks.real, .mono = clocks.mono};
	page.as_of_wall_ns = daemon_sync_wall_of(s, &clocks_wall).ns;
	if (s->conf.virtual_clock)
		page.flags |= TIMEPAGE_VIRTUAL;
	if (s->time)
		timepage_put(s->time, &page, sizeof page);
	tell_truth(s, now);
	if (s->told.synced && now.ns - s->saved_at.ns >= SAVE_NS)
		save(s, now);
	daemon_sync_report_soon(s);
}

static void
command(struct sync *s, const struct discipline_out *out)
{
	struct ipc_clock_adjust adjust = {.cmd = out->adjust};
	struct ipc_clock_step step = {.cmd = out->step};

	if (out->cmd == DISCIPLINE_CMD_ADJUST) {
		adjust.seq = ++s->seq;
		daemon_port_send(&s->port, IPC_CLOCK_ADJUST, &adjust);
	} else if (out->cmd == DISCIPLINE_CMD_STEP) {
		step.seq = ++s->seq;
		daemon_port_send(&s->port, IPC_CLOCK_STEP, &step);
	}
}

static void
obey(struct sync *s, const struct discipline_out *out)
{
	command(s, out);
	if (out->publish)
		publish(s, os_clock_mono());
	for (unsigned i = 0; i < SYNC_SLOTS; i++)
		if (out->repoll & 1ULL << i)
			daemon_sync_source_poll(&s->slots[i]);
	arm_tick(s);
}

static void
sampled(struct sync_slot *sl, const struct sample *m)
{
	struct sync *s = sl->sync;
	struct discipline_out out;
	int err = discipline_sample(
	    s->discipline, sl->slot, m, os_clock_mono(), &out);

	os_log_debug("sample source=%s offset_us=%.3f delay_us=%.3f mode=%s%s",
	    sl->dir->conf.host, m->offset_s * 1e6, m->delay_s * 1e6,
	    m->interleaved ? "interleaved" : "basic",
	    err < 0 ? " dropped" : "");
	daemon_sync_report_dirty(sl);
	obey(s, &out);
	daemon_sync_source_poll(sl);
}

static void
tick_due(void *arg)
{
	struct sync *s = arg;
	struct discipline_out out;

	discipline_tick(s->discipline, os_clock_mono(), &out);
	obey(s, &out);
}

static void
clock_state(struct sync *s, const struct clockcmd_state *told)
{
	struct clockcmd_state st = *told;
	struct discipline_out out;
	bool moved;

	moved = st.stepped.ns != s->state.stepped.ns ||
	    st.foreign.ns != s->state.foreign.ns ||
	    st.suspended.ns != s->state.suspended.ns;
	if (st.step_cnt != s->state.step_cnt)
		s->stepped_once = true;
	s->state = st;
	for (size_t i = 0; moved && i < SYNC_SLOTS; i++)
		if (s->slots[i].dir)
			assoc_clock_moved(s->slots[i].assoc);
	discipline_clock(s->discipline, &st, os_clock_mono(), &out);
	obey(s, &out);
}

static void
peer(struct sync *s, const struct ipc_peer *p)
{
	/* Its sums begin anew, and what it did last nobody knows. */
	if (p->role == ROLE_CLOCK && !p->up) {
		discipline_clock_lost(s->discipline, os_clock_mono());
		memset(&s->state, 0, sizeof s->state);
	}
	if (p->role == ROLE_CTL && p->up)
		for (size_t i = 0; i < SYNC_SLOTS; i++)
			if (s->slots[i].dir)
				daemon_sync_report_dirty(&s->slots[i]);
	if (!p->up && p->role == ROLE_DNS)
		daemon_sync_name_lost(s);
	if (!p->up)
		daemon_sync_keys_lost(s, (enum role)p->role);
}

static void
take_conf(struct sync *s, const struct ipc_sync_conf *m)
{
	struct discipline_conf conf;

	s->conf = *m;
	if (!s->discipline)
		return;
	discipline_settings(s, &conf);
	discipline_reconfigure(s->discipline, &conf);
	wipe_bytes(s->keys, sizeof s->keys); /* the new ones follow */
	s->key_cnt = 0;
}

static void
take_key(struct sync *s, const struct ipc_sym_key *k)
{
	struct crypto_mac_key *to;

	_Static_assert(sizeof to->key >= IPC_SYM_KEY_MAX, "fits");
	/* A dozen digests that most clients never need. */
	if (!s->tools.mac)
		s->tools.mac = crypto_mac_new();
	if (s->key_cnt == SYNC_KEYS)
		return;
	to = &s->keys[s->key_cnt++];
	to->id = k->id;
	to->type = k->type;
	to->len = k->len;
	memcpy(to->key, k->key, k->len);
}

static void
sync_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct sync *s = state;

	switch (type) {
	case IPC_CLOCK_STATE:
		clock_state(s, &msg->clock_state.state);
		break;
	case IPC_DNS_ANSWER:
		if (!daemon_sync_name_take(s, &msg->dns_answer))
			daemon_sync_keys_name(s, &msg->dns_answer);
		break;
	case IPC_KE_ANSWER:
		daemon_sync_keys_take(s, &msg->ke_answer);
		break;
	case IPC_PEER:
		peer(s, &msg->peer);
		break;
	case IPC_SYNC_CONF:
		take_conf(s, &msg->sync_conf);
		break;
	case IPC_SOURCE_SET:
		daemon_sync_source_set(s, &msg->source_set);
		break;
	case IPC_SOURCES_END:
		daemon_sync_source_end(s);
		break;
	case IPC_LEAP_LIST:
		daemon_sync_leap_take(s, &msg->leap_list);
		break;
	case IPC_HARDWARE:
		daemon_phcs_add(&s->phcs, &msg->hardware);
		break;
	case IPC_SYM_KEY:
		take_key(s, &msg->sym_key);
		break;
	case IPC_PATH_SAVED:
		if (s->path_cnt < SYNC_SLOTS)
			s->paths[s->path_cnt++] = msg->path;
		break;
	default:
		break;
	}
}

static int
take_saved(struct sync *s, const struct ipc_cookies *c)
{
	struct ipc_cookies *more =
	    realloc(s->saved, (s->saved_cnt + 1) * sizeof *more);

	if (!more)
		return ERR_FULL;
	s->saved = more;
	s->saved[s->saved_cnt++] = *c;
	return 0;
}

static int
load(struct sync *s, const struct daemon_boot *boot)
{
	struct discipline_conf conf;
	struct ipc_start_record r;
	size_t pos = 0;
	int err = 0;

	for (size_t i = 0; i < SYNC_SLOTS; i++)
		s->dirs[i].sync = s->slots[i].sync = s;
	while (err == 0 &&
	    ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		if (r.type == IPC_COOKIES_SAVED)
			err = take_saved(s, &r.msg.cookies);
		else
			sync_message(s, r.type, &r.msg);
	}
	if (err < 0)
		return err;
	discipline_settings(s, &conf);
	s->discipline = discipline_new(&conf, os_clock_mono());
	s->tools.rng = &s->rng;
	s->tools.aeads = &s->aeads;
	return s->discipline ? nts_aeads_init(&s->aeads) : ERR_FULL;
}

static void
sync_close(void *state)
{
	struct sync *s = state;

	for (size_t i = 0; i < SYNC_SLOTS; i++) {
		daemon_sync_source_close(&s->slots[i]);
		net_timer_fini(&s->slots[i].timer);
		net_timer_fini(&s->dirs[i].retry);
		for (size_t j = 0; j < ASSOC_EXCHANGES; j++)
			net_watch_fini(&s->slots[i].exchanges[j].watch);
	}
	daemon_phcs_fini(&s->phcs);
	net_timer_fini(&s->tick);
	net_timer_fini(&s->report);
	discipline_free(s->discipline);
	crypto_mac_free(s->tools.mac);
	nts_aeads_fini(&s->aeads);
	if (s->saved)
		wipe_bytes(s->saved, s->saved_cnt * sizeof *s->saved);
	free(s->saved);
	os_timepage_unmap(s->time);
	os_timepage_unmap(s->clock);
	if (s->hold_fd >= 0)
		close(s->hold_fd);
	wipe_bytes(s->keys, sizeof s->keys);
	free(s);
}

static void *
sync_open(const struct daemon_boot *boot)
{
	struct sync *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->loop = boot->loop;
	s->port = boot->port;
	s->hold_fd = -1;
	s->time = os_timepage_map(boot->fds[DAEMON_FD_TIME]);
	s->clock = os_timepage_map_ro(boot->fds[DAEMON_FD_CLOCK]);
	close(boot->fds[DAEMON_FD_TIME]);
	close(boot->fds[DAEMON_FD_CLOCK]);
	if (os_random_init(&s->rng) < 0 || load(s, boot) < 0) {
		os_log_error("out of memory or randomness");
		sync_close(s);
		return NULL;
	}
	daemon_phcs_take(&s->phcs, boot);
	if (!boot->single)
		s->hold_fd = net_udp_hold_stamps();
	return s;
}

static int
sync_run(void *state)
{
	struct sync *s = state;
	struct mono now = os_clock_mono();

	if (net_timer_init(&s->tick, s->loop, tick_due, s) < 0 ||
	    net_timer_init(&s->report, s->loop, daemon_sync_report_all, s) < 0)
		return ERR_LIBRARY;
	if (daemon_phcs_run(&s->phcs, s->loop) < 0)
		return ERR_LIBRARY;
	s->saved_at = (struct mono){now.ns - SAVE_NS + FIRST_NS};
	s->told_at = (struct mono){now.ns - TRUTH_NS};
	s->sampled = sampled;
	daemon_sync_source_run(s);
	publish(s, now);
	arm_tick(s);
	return 0;
}

static void
sync_stop(void *state)
{
	struct sync *s = state;

	for (size_t i = 0; i < SYNC_SLOTS; i++)
		if (s->slots[i].dir && s->slots[i].dir->conf.nts)
			daemon_sync_source_save(&s->slots[i], true);
	save(s, os_clock_mono());
}

const struct daemon_role daemon_sync = {
    .open = sync_open,
    .run = sync_run,
    .message = sync_message,
    .stop = sync_stop,
    .close = sync_close,
};
