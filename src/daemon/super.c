/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role super: its life.  It reads configuration, keys and certificates, binds
 * ports, starts and restarts the roles and writes the files; it parses
 * nothing that came over a network.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "daemon/conffile.h"
#include "daemon/daemon.h"
#include "net/tls.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "os/random.h"
#include "os/signal.h"
#include "super_priv.h"

static void rotate_due(void *arg);

/* A key is good for so many cookies, whoever of the workers seals them. */
static void
ring_used(struct super *s, const struct ipc_ring_used *m)
{
	struct dur period = {s->conf.ntsrotate_s * TSTAMP_NS_PER_S};

	if (m->id != s->ring.slots[NTS_KEYRING_CURRENT].id || period.ns <= 0)
		return;
	/* No worker seals more between two of these. */
	s->seal_cnt +=
	    m->seal_cnt < 2 * IPC_RING_STEP ? m->seal_cnt : 2 * IPC_RING_STEP;
	if (nts_keyring_due(&s->ring, os_clock_real(), period, s->seal_cnt))
		rotate_due(s);
}

/* ---- messages for super ---- */

static void
take_message(
    void *ctx, struct crew_member *m, unsigned type, const union ipc_any *msg)
{
	struct super *s = ctx;
	struct ipc_budget_grant grant;

	switch (type) {
	case IPC_CLOCK_BASE:
		s->base = msg->clock_base;
		s->base_known = true;
		break;
	case IPC_BUDGET_ASK:
		grant.id = msg->budget_ask.id;
		grant.written = s->opt.virtual_clock ||
		    daemon_store_limits(s, &msg->budget_ask);
		daemon_crew_send_to(m, IPC_BUDGET_GRANT, &grant);
		break;
	case IPC_DRIFT_SAVE:
		daemon_store_drift(s, &msg->drift_save);
		daemon_store_paths(s);
		break;
	case IPC_PATH_SAVE:
		daemon_store_path(s, &msg->path);
		break;
	case IPC_TIME_CONFIRMED:
		daemon_store_time(s, &msg->time_confirmed);
		break;
	case IPC_RING_USED:
		ring_used(s, &msg->ring_used);
		break;
	case IPC_COOKIES_SAVE:
		daemon_store_cookies(s, &msg->cookies);
		break;
	default:
		break;
	}
}

static void
report_role(struct super *s, const struct crew_member *m)
{
	struct report_role r = {
	    .role = (uint8_t)m->role,
	    .instance = m->instance,
	    .up = m->phase == CREW_UP,
	    .given_up = m->phase == CREW_GIVEN_UP,
	    .gone = m->phase == CREW_GONE,
	    .restart_cnt = m->restart_cnt,
	    .pid = m->pid > 0 ? m->pid : getpid(),
	    .since = m->since,
	};

	memcpy(r.cage, m->cage, sizeof r.cage);
	memcpy(r.last_death, m->last_death, sizeof r.last_death);
	daemon_crew_send(&s->crew, ROLE_CTL, IPC_REPORT_ROLE, &r);
}

/* A sync that comes anew must hear from clock before it may command it. */
static void
introduce_sync(struct super *s)
{
	struct ipc_clock_conf m;

	daemon_provision_clock(s, &m);
	daemon_crew_send(&s->crew, ROLE_CLOCK, IPC_CLOCK_CONF, &m);
}

static void
introduce_ctl(struct super *s)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (s->crew.members[i].phase != CREW_FREE)
			report_role(s, &s->crew.members[i]);
}

static void
role_changed(void *ctx, struct crew_member *m)
{
	struct super *s = ctx;
	struct ipc_peer peer = {
	    .role = (uint8_t)m->role,
	    .instance = m->instance,
	    .up = m->phase == CREW_UP,
	};

	if (s->crew.ending)
		return;
	if (m->role == ROLE_CTL && m->phase == CREW_UP)
		introduce_ctl(s);
	report_role(s, m);
	if (m->role == ROLE_SYNC && m->phase == CREW_UP)
		introduce_sync(s);
	/* A first start is no news; a death and a return are. */
	if (m->role != ROLE_SYNC && m->restart_cnt > 0 &&
	    m->phase != CREW_STARTING)
		daemon_crew_send(&s->crew, ROLE_SYNC, IPC_PEER, &peer);
	if (m->phase == CREW_UP)
		daemon_crewing_retire(s, m);
	if (m->phase == CREW_GIVEN_UP && !m->retired)
		daemon_listen_leave(s, m->role, m->place);
}

/* ---- the cookie key ring ---- */

static void
arm_rotation(struct super *s)
{
	struct dur period = {s->conf.ntsrotate_s * TSTAMP_NS_PER_S};
	struct dur wait = nts_keyring_wait(&s->ring, os_clock_real(), period);

	if (conf_serves_nts(&s->conf) && wait.ns != INT64_MAX)
		net_timer_arm(&s->rotate, wait);
}

static void
rotate_due(void *arg)
{
	struct super *s = arg;
	struct ipc_key_ring m = {0};

	s->seal_cnt = 0;
	nts_keyring_rotate(&s->ring, os_clock_real(), &s->rng);
	daemon_store_ring(s);
	daemon_provision_ring(s, &m);
	daemon_crew_send(&s->crew, ROLE_SERVE, IPC_KEY_RING, &m);
	daemon_crew_send(&s->crew, ROLE_KE, IPC_KEY_RING, &m);
	wipe_bytes(&m, sizeof m);
	os_log_info("cookie keys rotated");
	arm_rotation(s);
}

/* ---- signals ---- */

static void
begin_stop(struct super *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	os_log_info("stopping");
	s->crew.ending = true;
	for (size_t i = 0; i < CREW_MAX; i++)
		if (s->crew.members[i].phase != CREW_FREE)
			daemon_crew_stop(&s->crew.members[i], 0);
	if (!daemon_crew_running(&s->crew) || s->opt.single)
		net_loop_stop(s->loop);
}

static void
signalled(void *arg)
{
	struct super *s = arg;

	if (os_signal_take(SIGCHLD))
		s->crew.kind->reap(&s->crew);
	if (os_signal_take(SIGTERM) || os_signal_take(SIGINT))
		begin_stop(s);
	if (os_signal_take(SIGHUP) && !s->stopping) {
		daemon_crewing_reload(s);
		arm_rotation(s);
	}
	if (s->stopping && !daemon_crew_running(&s->crew))
		net_loop_stop(s->loop);
}

static int
catch_signals(void)
{
	static const int sigs[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		if (os_signal_catch(sigs[i]) < 0)
			return ERR_SYSTEM;
	return os_signal_ignore(SIGPIPE);
}

/* ---- from nothing to running ---- */

static int
load_conf(struct super *s)
{
	struct conf_faults *faults = calloc(1, sizeof *faults);
	char line[CONF_FAULT_LINE];
	int err;

	if (!faults)
		return ERR_FULL;
	err = daemon_conffile_load(&s->conf, s->opt.conf_path, faults);
	daemon_conffile_look(&s->conf, faults);
	if (faults->error_cnt > 0)
		err = ERR_BAD;
	for (uint32_t i = 0; i < faults->cnt; i++)
		fprintf(
		    stderr, "%s\n", conf_fault_text(&faults->list[i], line));
	free(faults);
	return err;
}

static void
begin_log(const struct super *s)
{
	bool journal = getenv("JOURNAL_STREAM") != NULL;
	const char *who = s->opt.single ? "truenoon" : "super";

	if (s->opt.foreground)
		os_log_init(OS_LOG_PLAIN, STDERR_FILENO, who, s->opt.level);
	else if (journal)
		os_log_init(OS_LOG_JOURNAL, STDERR_FILENO, who, s->opt.level);
	else
		os_log_init(OS_LOG_SYSLOG, -1, who, s->opt.level);
}

/* Once the cage is closed only who was to be asked for hardware stamps can
 * switch them on; in one process nobody can be started anew. */
static void
look_at_hardware(struct super *s)
{
	s->hardware.more_looks = !s->opt.single && s->conf.hardware_cnt > 0;
	s->hardware.next = s->hardware.more_looks
	    ? "a reload looks again"
	    : "the next start looks again";
	daemon_hardware_look(&s->hardware, &s->conf);
}

static int
make_ready(struct super *s)
{
	int64_t now_s = os_clock_real().ns / TSTAMP_NS_PER_S;
	int err;

	if (catch_signals() < 0 || os_random_init(&s->rng) < 0) {
		os_log_error("signals or randomness cannot be had");
		return ERR_SYSTEM;
	}
	rng_bytes(&s->rng, s->hash_key, sizeof s->hash_key);
	s->steer_secret = rng_u64(&s->rng);
	daemon_environ_read(s);
	daemon_setup_limits(s);
	err = daemon_setup_users(s);
	if (err == 0)
		err = daemon_setup_dirs(s);
	if (err == 0)
		err = daemon_setup_certs(&s->conf, now_s);
	if (err == 0)
		err = daemon_store_keys(&s->conf, &s->keys);
	if (err == 0)
		err = daemon_store_pid(s);
	if (err == 0)
		err = daemon_listen_control(s);
	if (err == 0)
		err = daemon_listen_open(s, &s->conf, true);
	if (err == 0)
		err = daemon_setup_pages(s);
	if (err < 0)
		return err;
	look_at_hardware(s);
	daemon_store_load(s);
	daemon_leap_read(s);
	daemon_slots_give(s);
	return 0;
}

static int
begin(struct super *s)
{
	struct crew_hooks hooks = {
	    .provision = daemon_provision_role,
	    .message = take_message,
	    .changed = role_changed,
	    .ctx = s,
	};
	const struct crew_kind *kind =
	    s->opt.single ? &daemon_crew_single : &daemon_crew_process;

	s->loop = net_loop_new(s->opt.single ? NET_LOOP_SINGLE : 0);
	if (!s->loop ||
	    net_timer_init(&s->rotate, s->loop, rotate_due, s) < 0 ||
	    daemon_leap_init(s) < 0)
		return ERR_LIBRARY;
	net_loop_on_signal(s->loop, signalled, s);
	if (daemon_crew_init(&s->crew, s->loop, kind, &hooks) < 0)
		return ERR_LIBRARY;
	if (s->opt.single)
		os_log_warn("single process: nothing confines the roles, do "
			    "not use it where strangers can reach it");
	else if (daemon_setup_cage(s) < 0)
		return ERR_DENIED;
	if (daemon_crewing_begin(s) < 0)
		return ERR_FULL;
	arm_rotation(s);
	os_process_trim();
	return 0;
}

static void
fini(struct super *s)
{
	daemon_listen_close(s);
	daemon_hardware_close(&s->hardware);
	daemon_store_unpid(s);
	if (s->has_control && os_file_remove(s->conf.controlsocket) < 0)
		os_log_debug("control socket stays");
	daemon_crew_free(&s->crew);
	net_timer_fini(&s->rotate);
	net_timer_fini(&s->leap_timer);
	net_loop_free(s->loop);
	nts_keyring_wipe(&s->ring);
	wipe_bytes(&s->keys, sizeof s->keys);
	free(s->saved_limits);
}

static int
run(struct super *s)
{
	os_process_thrift();
	if (load_conf(s) < 0) {
		fprintf(stderr, "truenoon: nothing started: mend %s\n",
		    s->opt.conf_path);
		return 2;
	}
	begin_log(s);
	os_log_info("truenoon %s starts conf=%s%s", PROG_VERSION,
	    s->opt.conf_path, s->opt.virtual_clock ? " clock=virtual" : "");
	s->control = -1;
	if (make_ready(s) < 0 || begin(s) < 0 || net_loop_run(s->loop) < 0)
		s->code = 1;
	fini(s);
	os_log_info("stopped");
	return s->code;
}

int
daemon_main(int argc, char **argv)
{
	struct super_options opt;
	struct super *s;
	int code = daemon_options_parse(&opt, argc, argv);

	if (code != 0)
		return code - 1;
	s = calloc(1, sizeof *s);
	if (!s)
		return 1;
	s->opt = opt;
	/* Keys are judged here, and then only ke may have them. */
	if (!opt.single && net_tls_wipe_freed() < 0)
		os_log_warn("copies of private keys may stay in memory");
	code = run(s);
	conf_fini(&s->conf);
	free(s);
	return code;
}
