/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A role as a process of its own: read the start data, open the role, close
 * the cage, prove it, say so, and serve messages until told to stop or until
 * super is gone.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "child_priv.h"
#include "daemon/daemon.h"
#include "daemon/role.h"
#include "ipc/frame.h"
#include "ipc/permit.h"
#include "ipc/start.h"
#include "os/channel.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "os/memfile.h"
#include "os/process.h"
#include "os/signal.h"
#include "sandbox/cage.h"

#define START_MAX (64U << 20)
#define FD(place) (OS_PROCESS_FD_FIRST + (place))

struct child {
	enum role role;
	uint16_t instance;
	const struct daemon_role *ops;
	void *state;
	struct net_loop *loop;
	struct net_watch watch;
	struct net_timer linger;
	struct ipc_cage cage;
	uint64_t seq_out;
	uint64_t seq_in;
	int code;
};

static void
port_send(void *ctx, unsigned type, const void *msg)
{
	struct child *c = ctx;
	struct ipc_frame f = {
	    .type = (uint16_t)type,
	    .origin = c->role,
	    .instance = c->instance,
	    .seq = ++c->seq_out,
	    .sent = os_clock_mono(),
	};
	uint8_t buf[IPC_MSG_MAX];
	int len = ipc_frame_encode(&f, msg, buf);

	/* A full channel means that super is busy; what we have to say is
	 * said again when it changes. */
	if (len < 0 ||
	    os_channel_send(FD(DAEMON_CHILD_FD_CHANNEL), buf, (size_t)len) < 0)
		os_log_warn("message lost type=%s", ipc_permit_name(type));
	if (len > 0)
		wipe_bytes(buf, (size_t)len);
}

static void
port_quit(void *ctx, int code)
{
	struct child *c = ctx;

	c->code = code;
	net_loop_stop(c->loop);
}

static void
linger_over(void *arg)
{
	struct child *c = arg;

	net_loop_stop(c->loop);
}

static void
stop(struct child *c, const struct ipc_stop *m)
{
	c->ops->stop(c->state);
	if (m->linger_s == 0)
		net_loop_stop(c->loop);
	else
		net_timer_arm(
		    &c->linger, (struct dur){m->linger_s * TSTAMP_NS_PER_S});
}

static void
take(struct child *c, const uint8_t *data, size_t len)
{
	union ipc_any msg;
	struct ipc_frame f;

	if (ipc_frame_decode(&f, data, len, &msg) < 0 || f.seq <= c->seq_in ||
	    !ipc_permit_allowed(f.type, f.origin, c->role)) {
		os_log_warn("message refused: malformed or not for this role");
		return;
	}
	c->seq_in = f.seq;
	if (f.type == IPC_STOP)
		stop(c, &msg.stop);
	else
		c->ops->message(c->state, f.type, &msg);
	wipe_bytes(&msg, sizeof msg);
}

static void
channel_ready(void *arg, unsigned what)
{
	struct child *c = arg;
	uint8_t buf[IPC_MSG_MAX];
	size_t len;
	int err;

	(void)what;
	while ((err = os_channel_recv(
		    FD(DAEMON_CHILD_FD_CHANNEL), buf, sizeof buf, &len)) == 0) {
		take(c, buf, len);
		wipe_bytes(buf, len);
	}
	if (err != ERR_AGAIN)
		net_loop_stop(c->loop); /* super is gone */
}

/* The role, still outside the cage: files may be read, pages mapped. */
static int
open_role(struct child *c, const int *fds, size_t fd_cnt)
{
	struct ipc_start_record r;
	struct daemon_boot boot = {
	    .role = c->role,
	    .instance = c->instance,
	    .fds = fds,
	    .fd_cnt = fd_cnt,
	    .loop = c->loop,
	    .port = {.send = port_send, .quit = port_quit, .ctx = c},
	};
	uint8_t *data;
	size_t len, pos = 0;

	if (os_memfile_take(FD(DAEMON_CHILD_FD_START), START_MAX, &data, &len) <
	    0)
		return ERR_BAD;
	if (ipc_start_next(data, len, &pos, &r) == 0 && r.type == IPC_CAGE) {
		c->cage = r.msg.cage;
		os_log_set_level((enum os_log_level)c->cage.log_level);
		boot.start = data;
		boot.start_len = len;
		c->state = c->ops->open(&boot);
	}
	os_file_free(data, len);
	return c->state ? 0 : ERR_BAD;
}

/* Never less important than a busy machine: the operator's wish. */
static void
privileges(const struct child *c)
{
	struct sched_param p = {.sched_priority = c->cage.sched_priority};

	if (c->cage.lock_all && mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		os_log_warn("memory cannot be locked");
	if (c->cage.sched_priority > 0 &&
	    sched_setscheduler(0, SCHED_FIFO, &p) < 0)
		os_log_warn("real-time priority is not granted");
}

static int
enter(struct child *c, char *report)
{
	struct sandbox_plan plan;
	struct sandbox_state state;
	char why[SANDBOX_TEXT_MAX];

	sandbox_plan_init(&plan, c->role);
	plan.flags = c->cage.virtual_clock ? SANDBOX_VIRTUAL : 0;
	if (c->cage.hardware)
		plan.flags |= SANDBOX_HARDWARE;
	plan.change_user = c->cage.change_user;
	plan.uid = c->cage.uid;
	plan.gid = c->cage.gid;
	plan.parent = (pid_t)c->cage.parent;
	plan.log_fd = FD(DAEMON_CHILD_FD_LOG);
	plan.fds = NULL; /* spawn left open what is ours, and nothing else */
	plan.tcp_ports = c->cage.port_cnt ? c->cage.ports : NULL;
	plan.tcp_port_cnt = c->cage.port_cnt;
	if (c->cage.nofile > plan.nofile_max)
		plan.nofile_max = c->cage.nofile;
	if (sandbox_enter(&plan, &state, why) < 0 ||
	    sandbox_selftest(&plan, &state, why) < 0) {
		os_log_error("cage does not hold: %s", why);
		return ERR_DENIED;
	}
	sandbox_report(&plan, &state, report);
	return 0;
}

static void
say_ready(struct child *c, const char *report)
{
	struct ipc_ready msg = {0};

	snprintf(msg.cage, sizeof msg.cage, "%.*s", (int)sizeof msg.cage - 1,
	    report);
	port_send(c, IPC_READY, &msg);
}

static int
serve(struct child *c, const int *fds, size_t fd_cnt)
{
	char report[SANDBOX_TEXT_MAX];

	if (open_role(c, fds, fd_cnt) < 0 ||
	    net_timer_init(&c->linger, c->loop, linger_over, c) < 0 ||
	    net_watch_init(&c->watch, c->loop, channel_ready, c) < 0)
		return 1;
	privileges(c);
	tzset(); /* gmtime reads the time zone file when first called */
	if (enter(c, report) < 0)
		return 1;
	os_process_trim();
	say_ready(c, report);
	if (c->ops->run(c->state) < 0)
		return 1;
	net_watch_set(&c->watch, FD(DAEMON_CHILD_FD_CHANNEL), NET_READ);
	if (net_loop_run(c->loop) < 0)
		return 1;
	return c->code;
}

bool
daemon_child_is(int argc, char **argv)
{
	return argc == 4 && strcmp(argv[0], DAEMON_CHILD_ARGV0) == 0;
}

int
daemon_child_main(int argc, char **argv)
{
	struct child c = {.role = ROLE_CNT};
	int keep[OS_PROCESS_FD_MAX];
	size_t own_cnt = 0, cnt = 0;
	char name[16];
	int code;

	os_process_thrift();
	if (argc == 4) {
		c.role = role_find(argv[1]);
		c.instance = (uint16_t)atoi(argv[2]);
		own_cnt = (size_t)atoi(argv[3]);
	}
	c.ops = daemon_role_of(c.role);
	if (!c.ops || own_cnt > DAEMON_ROLE_FDS_MAX)
		return 2;
	snprintf(name, sizeof name, "tn-%s", argv[1]);
	prctl(PR_SET_NAME, name);
	os_log_init(OS_LOG_PIPE, FD(DAEMON_CHILD_FD_LOG), argv[1], OS_LOG_INFO);
	if (os_signal_ignore(SIGPIPE) < 0 || os_signal_ignore(SIGHUP) < 0 ||
	    os_signal_ignore(SIGTERM) < 0 || os_signal_ignore(SIGINT) < 0)
		return 1;
	c.loop = net_loop_new(
	    c.role == ROLE_SYNC || c.role == ROLE_CLOCK ? NET_LOOP_PRECISE : 0);
	if (!c.loop)
		return 1;
	for (size_t i = 0; i < own_cnt; i++)
		keep[cnt++] = FD(DAEMON_CHILD_FD_OWN) + (int)i;
	code = serve(&c, keep, own_cnt);
	if (c.state)
		c.ops->close(c.state);
	return code;
}
