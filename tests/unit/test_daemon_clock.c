/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock against a malicious sync (hostile cases I1-I9): the object that
 * the daemon runs, with a port that plays super and the recording back end in
 * place of the kernel's clock.
 */
#include <errno.h>
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
#include "discipline/limits.h"
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

static void
assert_near(double a, double b, double within)
{
	assert_true(fabs(a - b) <= within);
}

static struct os_clock_record machine;
static bool machine_lives; /* over a restart of the role */

/* In place of os/clock_kernel.o, which the linker then leaves out.  The
 * monotonic clock begins long ago, so that every moment of it is past for the
 * timers of the loop. */
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

static void
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

static void
port_quit(void *ctx, int code)
{
	struct rig *r = ctx;

	r->quit = code;
}

/* Super writes first and grants then. */
static void
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

static void
stop_loop(void *arg)
{
	net_loop_stop(arg);
}

/* What is due happens: moments of the made-up machine are long past on the
 * one that the loop's timers know. */
static void
turn(struct rig *r)
{
	struct net_timer soon = {0};

	assert_int_equal(net_timer_init(&soon, r->loop, stop_loop, r->loop), 0);
	net_timer_arm(&soon, (struct dur){MS});
	assert_int_equal(net_loop_run(r->loop), 0);
	net_timer_fini(&soon);
}

static void
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

static void
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

static void
end(struct rig *r)
{
	r->ops->close(r->role);
	net_loop_free(r->loop);
	r->role = NULL;
}

/* As after kill -9: nothing is saved but what super was told. */
static void
restart(struct rig *r)
{
	end(r);
	r->conf.base_known = r->based;
	r->conf.base_freq_sps = r->base.freq_sps;
	begin(r);
}

static unsigned
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

static unsigned
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

static void
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

static bool
is_synced(struct rig *r)
{
	struct timepage_clock page;

	assert_int_equal(timepage_get(r->page, &page, sizeof page), 0);
	return page.synced_until_boot_ns > 0;
}

/* What others see the clock off by, against its own oscillator. */
static double
moved_s(void)
{
	return (machine.mono_ns - machine.raw_ns +
		   (double)(machine.real_off_ns - NOW)) *
	    1e-9;
}

static int
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

static int
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
static void
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

static void
nothing_before_the_first_command(void **state)
{
	struct rig *r = *state;

	claim(r, false);
	assert_int_equal(machine.call_cnt, 0);
	restart(r);
	claim(r, false);
	assert_int_equal(machine.call_cnt, 0);
	assert_false(is_synced(r));
}

static void
i1_step_after_startup(void **state)
{
	struct rig *r = *state;
	struct os_clock_record before;

	settle(r);
	before = machine;
	assert_int_equal(step(r, S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_int_equal(machine.real_off_ns, before.real_off_ns);
	/* Frozen: whatever comes now is not even looked at. */
	before = machine;
	r->state.state.command_seq = 0;
	union ipc_any msg = {
	    .clock_adjust = {.seq = 99, .cmd = {.freq_sps = 1e-6}}};
	r->ops->message(r->role, IPC_CLOCK_ADJUST, &msg);
	assert_int_equal(machine.call_cnt, before.call_cnt);
	assert_int_equal(r->state.state.command_seq, 0);
}

static void
i1_step_without_makestep(void **state)
{
	struct rig *r = *state;

	end(r);
	r->conf.makestep = false;
	begin(r);
	assert_int_equal(step(r, S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_near(moved_s(), 0, 1e-6);
}

static void
i2_thousand_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	for (int i = 0; i < 1000 && r->quit == 0; i++)
		done += step(r, 100 * MS) == CLOCKCMD_OK;
	assert_int_equal(done, 3);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_near(moved_s(), 0.3, 1e-6);
}

/* makestep without an end is no way around the budget. */
static void
i2_endless_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	end(r);
	r->conf.makestep_limit = -1;
	begin(r);
	assert_int_equal(adjust(r, FREQ, 1000, S), CLOCKCMD_OK);
	pass(r, 2 * S);
	claim(r, true);
	for (int i = 0; i < 1000; i++)
		done += step(r, 100 * MS) == CLOCKCMD_OK;
	assert_in_range(done, 15, 20);
	assert_int_equal(r->state.state.refusal, CLOCKCMD_BUDGET);
	assert_true(fabs(moved_s()) < 2.2);
	claim(r, true);
	assert_false(is_synced(r)); /* and nobody is told otherwise */
}

static void
i2_thousand_slews(void **state)
{
	struct rig *r = *state;
	double by_itself;

	settle(r);
	for (int i = 0; i < 1000; i++) {
		unsigned got = adjust(r, FREQ, 5 * MS, 10 * S);

		if (got != CLOCKCMD_OK && got != CLOCKCMD_RESERVE)
			assert_int_equal(got, CLOCKCMD_BUDGET);
		pass(r, 9 * S);
	}
	/* 2 s a day, and what a good oscillator may do by itself. */
	by_itself =
	    (FREQ + 15e-6 + 2.0 / 86400) * (machine.raw_ns + AGO_NS) * 1e-9;
	assert_true(moved_s() < 2.0 + by_itself);
	assert_true(moved_s() > 1.5);
	assert_int_not_equal(r->state.state.refusal, CLOCKCMD_OK);
	assert_int_equal(r->quit, 0);
}

static void
i3_huge_numbers(void **state)
{
	static const struct {
		double freq;
		int64_t offset, duration;
		unsigned refusal;
	} tries[] = {
	    {1.0, 0, 0, CLOCKCMD_FREQUENCY},
	    {-1.0, 0, 0, CLOCKCMD_FREQUENCY},
	    {501e-6, 0, 0, CLOCKCMD_FREQUENCY},
	    {INFINITY, 0, 0, CLOCKCMD_MALFORMED},
	    {(double)NAN, 0, 0, CLOCKCMD_MALFORMED},
	    {0, INT64_MAX, S, CLOCKCMD_SLEW_RATE},
	    {0, INT64_MIN, S, CLOCKCMD_SLEW_RATE},
	    {0, 1, 0, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MIN, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MAX, CLOCKCMD_MALFORMED},
	    {0, 1, -1, CLOCKCMD_MALFORMED},
	};
	struct rig *r = *state;

	settle(r);
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		double was = machine.rate_sps;

		assert_int_equal(adjust(r, tries[i].freq, tries[i].offset,
				     tries[i].duration),
		    tries[i].refusal);
		assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
		assert_near(machine.rate_sps, was, 0);
		restart(r);
	}
	assert_true(fabs(machine.rate_sps) <= 500e-6);
}

/* I5: a flood costs nothing that lasts; the tokens of the role bound it even
 * where the switch's do not. */
static void
i5_flood(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.clock_adjust = {.seq = 1}};
	unsigned done = 0;

	settle(r);
	msg.clock_adjust.cmd.freq_sps = FREQ;
	for (uint32_t i = 0; i < 100000; i++) {
		msg.clock_adjust.seq = i + 100;
		r->ops->message(r->role, IPC_CLOCK_ADJUST, &msg);
		super_answers(r);
		done += r->state.state.refusal == CLOCKCMD_OK;
	}
	assert_true(done <= 16);
	assert_int_equal(r->state.state.refusal, CLOCKCMD_RATE);
	assert_int_equal(r->quit, 0);
}

static void
i6_restarts_give_no_more_steps(void **state)
{
	struct rig *r = *state;
	unsigned done = 0;

	for (int life = 0; life < 50; life++) {
		done += step(r, 100 * MS) == CLOCKCMD_OK;
		restart(r);
	}
	assert_int_equal(done, 3);
	assert_near(moved_s(), 0.3, 1e-6);
}

/* What was reserved on disc counts as spent after a crash. */
static void
i6_restarts_do_not_refill(void **state)
{
	struct rig *r = *state;
	double before;
	unsigned done = 0;

	settle(r);
	assert_int_equal(adjust(r, 0, 0, 0), CLOCKCMD_OK);
	before = moved_s();
	for (int life = 0; life < 50; life++) {
		for (int i = 0; i < 3; i++)
			done += adjust(r, 0, 20 * MS, 40 * S) == CLOCKCMD_OK;
		pass(r, 41 * S);
		restart(r);
	}
	assert_true(done > 0);
	assert_true(moved_s() - before < 2.2);
}

static void
i7_absurd_dates(void **state)
{
	static const int64_t at[] = {
	    0,            /* 1970 */
	    1600000000LL, /* before the build */
	    4294967296LL, /* 2106 */
	    1795000000LL + 21 * 365 * 86400LL,
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		assert_int_equal(step(r, at[i] * S - NOW), CLOCKCMD_WINDOW);
		assert_int_equal(machine.real_off_ns, NOW);
	}
	assert_int_equal(step(r, INT64_MIN), CLOCKCMD_MALFORMED);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
	assert_int_equal(machine.real_off_ns, NOW);
}

/* I8: sync dies in the middle of a slew. */
static void
i8_slew_ends_by_itself(void **state)
{
	struct rig *r = *state;

	settle(r);
	assert_int_equal(adjust(r, FREQ, MS, 4 * S), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ + 250e-6, 1e-7);
	assert_true(
	    r->state.state.slew_until.ns <= r->state.state.as_of.ns + 4 * S);
	pass(r, 5 * S);
	assert_near(machine.rate_sps, FREQ, 1e-12);
	assert_near(r->state.state.slew_rate_sps, 0, 0);
}

/* Clock itself dies in the middle of one: its next life begins with the base
 * frequency that super kept. */
static void
i8_clock_dies_in_a_slew(void **state)
{
	struct rig *r = *state;

	settle(r);
	assert_int_equal(adjust(r, FREQ, MS, 4 * S), CLOCKCMD_OK);
	assert_true(machine.rate_sps > 200e-6);
	restart(r);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

static void
i9_kernel_refuses(void **state)
{
	static const int errs[] = {EPERM, EINVAL, ERANGE};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
		uint32_t calls = machine.call_cnt;

		machine.fail_errno = errs[i];
		assert_int_equal(adjust(r, FREQ, 0, 0), CLOCKCMD_SYSTEM);
		assert_int_equal(step(r, S), CLOCKCMD_SYSTEM);
		assert_true(machine.call_cnt - calls < 8); /* no spinning */
		assert_int_equal(r->quit, 0);
	}
	machine.fail_errno = 0;
	assert_int_equal(adjust(r, FREQ, 0, 0), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

/* K6: with a disc that takes nothing the clock still runs at the right
 * frequency; only displacement has to wait. */
static void
k6_disc_full(void **state)
{
	struct rig *r = *state;
	unsigned got = CLOCKCMD_OK;

	r->disc_full = true;
	settle(r);
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	assert_int_equal(adjust(r, FREQ + PPM, 0, 0), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ + PPM, 1e-12);
	r->disc_full = false;
	adjust(r, FREQ, 5 * MS, 10 * S);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_OK);
}

/* An ask or its answer got lost: asked again, not waited for for ever. */
static void
lost_grant_is_asked_again(void **state)
{
	struct rig *r = *state;
	uint32_t cnt;
	unsigned got = CLOCKCMD_OK;

	settle(r);
	r->deaf = true;
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	r->deaf = false;
	r->asked = false;
	cnt = r->ask_cnt;
	pass(r, 60 * S);
	adjust(r, FREQ, 5 * MS, 10 * S);
	assert_true(r->ask_cnt > cnt);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_OK);
}

/* An answer to an older ask grants nothing that is not on disc. */
static void
stale_grant_grants_nothing(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.budget_grant = {.written = true}};
	unsigned got = CLOCKCMD_OK;

	settle(r);
	r->deaf = true;
	for (int i = 0; i < 100 && got == CLOCKCMD_OK; i++) {
		got = adjust(r, FREQ, 5 * MS, 10 * S);
		pass(r, 10 * S);
	}
	assert_int_equal(got, CLOCKCMD_RESERVE);
	msg.budget_grant.id = r->ask.id - 1;
	r->ops->message(r->role, IPC_BUDGET_GRANT, &msg);
	assert_int_equal(adjust(r, FREQ, 5 * MS, 10 * S), CLOCKCMD_RESERVE);
}

static void
stop_gives_back(void **state)
{
	struct rig *r = *state;
	struct limits_saved saved;

	settle(r);
	r->ops->stop(r->role);
	assert_int_equal(
	    discipline_limits_decode(&saved, r->ask.saved, r->ask.saved_len),
	    0);
	assert_true(saved.spent.ns < 10 * MS);
	assert_true(saved.over);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

/* What the kernel was told of a leap second last. */
static uint8_t
kernel_leap(void)
{
	uint8_t leap = 0;

	for (uint32_t i = 0; i < machine.call_cnt; i++)
		if (machine.calls[i].kind == OS_CLOCK_CALL_TELL)
			leap = machine.calls[i].truth.leap;
	return leap;
}

static void
claim_leap(struct rig *r, uint8_t leap, int32_t tai)
{
	union ipc_any msg = {.clock_truth = {.confirmed = false}};

	msg.clock_truth.truth.synced = true;
	msg.clock_truth.truth.leap = leap;
	msg.clock_truth.truth.tai_offset_s = tai;
	msg.clock_truth.truth.valid.ns = 3600 * S;
	r->ops->message(r->role, IPC_CLOCK_TRUTH, &msg);
	super_answers(r);
}

/* Synchronised, at a moment of the last day of 2037. */
static void
to_last_day(struct rig *r, double before_midnight_s)
{
	int64_t end = 2145916800LL * S; /* 2038-01-01 */
	int64_t now = (int64_t)machine.mono_ns + machine.slept_ns;

	machine.real_off_ns = end - (int64_t)(before_midnight_s * 1e9) - now;
	turn(r);
}

static struct timepage_clock
page_of(struct rig *r)
{
	struct timepage_clock page;

	assert_int_equal(timepage_get(r->page, &page, sizeof page), 0);
	return page;
}

/* leapsecmode system: the kernel is told, carries it out, and is told that
 * it is over; the TAI offset goes with it. */
static void
q4_kernel_leap(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.clock_conf = r->conf};
	int64_t foreign;

	settle(r);
	msg.clock_conf.kernel_leap = true;
	r->ops->message(r->role, IPC_CLOCK_CONF, &msg);
	to_last_day(r, 7200);
	claim_leap(r, 1, 37);
	assert_int_equal(kernel_leap(), 1);
	assert_int_equal(page_of(r).leap, 1);
	assert_int_equal(page_of(r).tai_offset_s, 37);
	turn(r);
	foreign = r->state.state.foreign.ns;
	pass(r, 7200 * S + S / 2);
	machine.real_off_ns -= S; /* as the kernel does at midnight */
	claim_leap(r, 0, 38);
	turn(r);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(page_of(r).leap, 0);
	assert_int_equal(r->state.state.foreign.ns, foreign);
	assert_int_equal(r->state.state.step_cnt, 0);
	/* Once: the second is shown again, and is no leap second again. */
	claim_leap(r, 1, 37);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(r->quit, 0);
}

/* The other modes: the kernel hears nothing of it, the readers of the page
 * do; a step is taken once. */
static void
q4_own_leap(void **state)
{
	struct rig *r = *state;

	settle(r);
	r->seq = 100;
	to_last_day(r, 7200);
	claim_leap(r, 1, 0);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(page_of(r).leap, 1);
	to_last_day(r, 5);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR); /* too early */
	to_last_day(r, 0.5);
	claim_leap(r, 1, 0);
	assert_int_equal(step(r, -S), CLOCKCMD_OK); /* a second later */
	assert_int_equal(page_of(r).leap, 0);
	assert_int_equal(r->state.state.stepped.ns, -S);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR);
	claim_leap(r, 1, 0);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR);
	assert_int_equal(r->state.state.stepped.ns, -S);
	assert_int_equal(r->quit, 0);
	/* Nowhere near the end of a month it is what it looks like. */
	pass(r, 120 * S);
	assert_int_equal(step(r, -S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
}

/* O1: somebody slews the clock, or moves CLOCK_MONOTONIC with it.  No step,
 * so no timer is cancelled; seen within a second all the same, in every mode,
 * and ended. */
static void
o1_slewed_by_another(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 2; i++) {
		int64_t before = r->state.state.foreign.ns;

		cancellable = i > 0;
		restart(r);
		settle(r);
		assert_int_equal(r->state.state.foreign.ns, i > 0 ? 0 : before);
		machine.mono_ns += 200e6;
		machine.rate_sps = -100 * PPM;
		pass(r, S);
		claim(r, true); /* a message does not put the look off */
		turn(r);
		assert_near(
		    (double)r->state.state.foreign.ns, 200e6 - 2 * 120e3, 20e3);
		assert_near(machine.rate_sps, FREQ, 1e-12);
		assert_int_equal(r->quit, 0);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(nothing_before_the_first_command),
	    TEST(i1_step_after_startup),
	    TEST(i1_step_without_makestep),
	    TEST(i2_thousand_steps),
	    TEST(i2_endless_steps),
	    TEST(i2_thousand_slews),
	    TEST(i3_huge_numbers),
	    TEST(i5_flood),
	    TEST(i6_restarts_give_no_more_steps),
	    TEST(i6_restarts_do_not_refill),
	    TEST(i7_absurd_dates),
	    TEST(i8_slew_ends_by_itself),
	    TEST(i8_clock_dies_in_a_slew),
	    TEST(i9_kernel_refuses),
	    TEST(k6_disc_full),
	    TEST(lost_grant_is_asked_again),
	    TEST(stale_grant_grants_nothing),
	    TEST(stop_gives_back),
	    TEST(o1_slewed_by_another),
	    TEST(q4_kernel_leap),
	    TEST(q4_own_leap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
