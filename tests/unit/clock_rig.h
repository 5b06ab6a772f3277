/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of role clock share: the object that the daemon runs, with a
 * port that plays super and the recording back end in place of the kernel's
 * clock.
 */
#ifndef TESTS_UNIT_CLOCK_RIG_H
#define TESTS_UNIT_CLOCK_RIG_H

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/role.h"
#include "ipc/start.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/timepage.h"

#define S      TSTAMP_NS_PER_S
#define MS     1000000LL
#define NOW    (1795300000LL * S)
#define BUILD  (1795000000LL * S)
#define PPM    1e-6
#define AGO_NS (1000000 * S)
#define FREQ   20e-6 /* what an honest sync has set before */

static inline void
assert_near(double a, double b, double within)
{
	assert_true(fabs(a - b) <= within);
}

static struct os_clock_record machine;
static bool machine_lives; /* over a restart of the role */

/* In place of os/clock_kernel.o, which the linker then leaves out.  The
 * monotonic clock begins long ago, so that every moment of it is past for the
 * timers of the loop.  Not static: a program has one file that includes this. */
int
os_clock_init_kernel(struct os_clock *c, bool rtcsync)
{
	struct os_clock_record was = machine;

	os_clock_init_record(c, &machine, (struct wall){NOW});
	machine.mono_ns = machine.raw_ns = -AGO_NS;
	machine.slept_ns = AGO_NS;
	if (machine_lives)
		machine = was;
	machine_lives = true;
	os_clock_init_with(c, c->ops, &machine);
	c->rtcsync = rtcsync;
	return 0;
}

void
os_clock_init_virtual(struct os_clock *c)
{
	assert_int_equal(os_clock_init_kernel(c, false), 0);
}

bool
os_clock_may_adjust(void)
{
	return true;
}

static bool cancellable; /* a timer that tells of steps; nobody steps */

int
os_clock_cancel_fd(void)
{
	return cancellable ? eventfd(0, EFD_CLOEXEC) : ERR_SYSTEM;
}

bool
os_clock_cancel_rearm(int fd)
{
	(void)fd;
	return false;
}

/* Super and the way there. */
struct rig {
	struct net_loop *loop;
	void *role;
	const struct daemon_role *ops;
	const struct timepage *page;
	char dir[32];
	struct ipc_clock_conf conf;
	struct ipc_clock_state state;
	struct ipc_clock_base base;
	bool based;
	struct ipc_budget_ask ask;
	bool asked;
	bool disc_full;
	bool deaf; /* super does not answer asks */
	uint32_t ask_cnt;
	uint32_t seq;
	int quit; /* 0: still running */
};

static inline void
port_send(void *ctx, unsigned type, const void *msg)
{
	struct rig *r = ctx;

	if (type == IPC_CLOCK_STATE) {
		r->state = *(const struct ipc_clock_state *)msg;
	} else if (type == IPC_CLOCK_BASE) {
		r->base = *(const struct ipc_clock_base *)msg;
		r->based = true;
	} else if (type == IPC_BUDGET_ASK) {
		r->ask = *(const struct ipc_budget_ask *)msg;
		r->asked = true;
		r->ask_cnt++;
	}
}

static inline void
port_quit(void *ctx, int code)
{
	struct rig *r = ctx;

	r->quit = code;
}

/* Super writes first and grants then. */
static inline void
super_answers(struct rig *r)
{
	while (r->asked && !r->deaf) {
		union ipc_any msg = {.budget_grant = {.id = r->ask.id,
					 .written = !r->disc_full}};

		r->asked = false;
		if (!r->disc_full) {
			r->conf.saved_len = r->ask.saved_len;
			memcpy(r->conf.saved, r->ask.saved, r->ask.saved_len);
		}
		r->ops->message(r->role, IPC_BUDGET_GRANT, &msg);
		if (r->disc_full)
			return;
	}
}

static inline void
stop_loop(void *arg)
{
	net_loop_stop(arg);
}

/* What is due happens: moments of the made-up machine are long past on the
 * one that the loop's timers know. */
static inline void
turn(struct rig *r)
{
	struct net_timer soon = {0};

	assert_int_equal(net_timer_init(&soon, r->loop, stop_loop, r->loop), 0);
	net_timer_arm(&soon, (struct dur){MS});
	assert_int_equal(net_loop_run(r->loop), 0);
	net_timer_fini(&soon);
}

static inline void
pass(struct rig *r, int64_t ns)
{
	const struct clockcmd_state *st = &r->state.state;
	int64_t left = st->slew_until.ns - (int64_t)machine.mono_ns;

	if (st->slew_rate_sps != 0 && left >= 0 && left <= ns) {
		os_clock_record_pass(&machine, (struct dur){left + 1});
		turn(r);
		ns -= left;
	}
	os_clock_record_pass(&machine, (struct dur){ns});
}

static inline void
begin(struct rig *r)
{
	struct ipc_start start = {0};
	struct daemon_boot boot = {.role = ROLE_CLOCK, .single = !cancellable};
	char path[64];
	int fds[2] = {-1, -1};

	snprintf(path, sizeof path, "%s/clock", r->dir);
	fds[DAEMON_FD_CLOCK] = os_timepage_create(path);
	assert_true(fds[DAEMON_FD_CLOCK] >= 0);
	os_timepage_unmap(r->page);
	r->page = os_timepage_open(path);
	assert_non_null(r->page);
	assert_int_equal(ipc_start_put(&start, IPC_CLOCK_CONF, &r->conf), 0);
	r->loop = net_loop_new(NET_LOOP_SINGLE);
	assert_non_null(r->loop);
	boot.start = start.data;
	boot.start_len = start.len;
	boot.fds = fds;
	boot.fd_cnt = 2;
	boot.loop = r->loop;
	boot.port.send = port_send;
	boot.port.quit = port_quit;
	boot.port.ctx = r;
	r->ops = daemon_role_of(ROLE_CLOCK);
	r->role = r->ops->open(&boot);
	assert_non_null(r->role);
	ipc_start_fini(&start);
	r->quit = 0;
	assert_int_equal(r->ops->run(r->role), 0);
	super_answers(r);
}

static inline void
end(struct rig *r)
{
	r->ops->close(r->role);
	net_loop_free(r->loop);
	r->role = NULL;
}

/* As after kill -9: nothing is saved but what super was told. */
static inline void
restart(struct rig *r)
{
	end(r);
	r->conf.base_known = r->based;
	r->conf.base_freq_sps = r->base.freq_sps;
	begin(r);
}

static inline unsigned
adjust(struct rig *r, double freq_sps, int64_t offset_ns, int64_t duration_ns)
{
	union ipc_any msg = {.clock_adjust = {.seq = ++r->seq}};

	msg.clock_adjust.cmd.freq_sps = freq_sps;
	msg.clock_adjust.cmd.offset.ns = offset_ns;
	msg.clock_adjust.cmd.duration.ns = duration_ns;
	pass(r, S); /* within four commands a second */
	r->ops->message(r->role, IPC_CLOCK_ADJUST, &msg);
	super_answers(r);
	assert_int_equal(r->state.state.command_seq, r->seq);
	return r->state.state.refusal;
}

static inline unsigned
step(struct rig *r, int64_t by_ns)
{
	union ipc_any msg = {.clock_step = {.seq = ++r->seq}};
	struct clockcmd_step *cmd = &msg.clock_step.cmd;

	cmd->offset.ns = by_ns;
	cmd->evidence_cnt = 2;
	for (uint16_t i = 0; i < 2; i++)
		cmd->evidence[i] = (struct clockcmd_evidence){
		    .slot = i, .offset = {by_ns}, .root_distance = {MS}};
	pass(r, S);
	r->ops->message(r->role, IPC_CLOCK_STEP, &msg);
	super_answers(r);
	return r->state.state.refusal;
}

static inline void
claim(struct rig *r, bool synced)
{
	union ipc_any msg = {.clock_truth = {.confirmed = false}};

	msg.clock_truth.truth.synced = synced;
	msg.clock_truth.truth.valid.ns = 600 * S;
	msg.clock_truth.truth.max_error.ns = MS;
	pass(r, S);
	r->ops->message(r->role, IPC_CLOCK_TRUTH, &msg);
	super_answers(r);
}

static inline bool
is_synced(struct rig *r)
{
	struct timepage_clock page;

	assert_int_equal(timepage_get(r->page, &page, sizeof page), 0);
	return page.synced_until_boot_ns > 0;
}

/* What others see the clock off by, against its own oscillator. */
static inline double
moved_s(void)
{
	return (machine.mono_ns - machine.raw_ns +
		   (double)(machine.real_off_ns - NOW)) *
	    1e-9;
}

static inline int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);

	assert_non_null(r);
	os_log_init(OS_LOG_PLAIN, open("/dev/null", O_WRONLY | O_CLOEXEC),
	    "test", OS_LOG_ERROR);
	snprintf(r->dir, sizeof r->dir, "/tmp/clock.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	machine_lives = false;
	cancellable = false;
	r->conf = (struct ipc_clock_conf){.makestep = true,
	    .makestep_s = 0.05,
	    .makestep_limit = 3,
	    .maxslew_sps = 83333.333 * PPM,
	    .maxdrift_sps = 500 * PPM,
	    .minsources = 2,
	    .slot_cnt = 8,
	    .boot_id = 77,
	    .build = {BUILD}};
	begin(r);
	*state = r;
	return 0;
}

static inline int
teardown(void **state)
{
	struct rig *r = *state;
	char path[64];

	end(r);
	os_timepage_unmap(r->page);
	snprintf(path, sizeof path, "%s/clock", r->dir);
	unlink(path);
	rmdir(r->dir);
	free(r);
	return 0;
}

/* A clock that is synchronised, start-up behind it. */
static inline void
settle(struct rig *r)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(adjust(r, FREQ, 1000, S), CLOCKCMD_OK);
	pass(r, 2 * S);
	claim(r, true);
	assert_near(machine.rate_sps, FREQ, 1e-12);
	assert_true(is_synced(r));
	assert_false(r->state.state.startup);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
