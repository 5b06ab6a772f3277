/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the cages share: a child per role that enters its own and
 * does there what it is told, and how it ends, with the line on the log pipe
 * that says so.
 */
#ifndef TESTS_UNIT_CAGE_RIG_H
#define TESTS_UNIT_CAGE_RIG_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/cage.h"

#define OTHER_ID 65534

enum { FAILED = 90, GOOD = 0 };

/* What a child does once it is caged; its return is the exit code. */
typedef int caged_fn(
    const struct sandbox_plan *plan, const struct sandbox_state *state);

struct outcome {
	int status;
	char log[1024];
};

static bool as_other;       /* change the user as well */
static unsigned more_flags; /* of the plan */
static const struct sandbox_path devices[] = {
    {"/dev", SANDBOX_READ | SANDBOX_DEVICE}};

static inline void
fill_plan(struct sandbox_plan *plan, enum role role, int log_fd)
{
	sandbox_plan_init(plan, role);
	plan->log_fd = log_fd;
	plan->parent = getppid();
	plan->change_user = as_other && role != ROLE_SUPER;
	plan->uid = OTHER_ID;
	plan->gid = OTHER_ID;
	/* Without root there is no CAP_SYS_TIME to keep. */
	if (geteuid() != 0)
		plan->flags |= SANDBOX_VIRTUAL;
	plan->flags |= more_flags;
	if (role == ROLE_SUPER && (more_flags & SANDBOX_HARDWARE)) {
		plan->paths = devices;
		plan->path_cnt = 1;
	}
}

static inline int
enter_and(enum role role, int log_fd, caged_fn *fn)
{
	struct sandbox_plan plan;
	struct sandbox_state state;
	char why[SANDBOX_TEXT_MAX];

	fill_plan(&plan, role, log_fd);
	if (sandbox_enter(&plan, &state, why) != 0 ||
	    sandbox_selftest(&plan, &state, why) != 0) {
		dprintf(log_fd, "E%s\n", why);
		return FAILED;
	}
	return fn(&plan, &state);
}

static inline void
run_caged(enum role role, caged_fn *fn, struct outcome *out)
{
	int fd[2];
	pid_t pid;
	size_t len = 0;
	ssize_t n;

	memset(out, 0, sizeof(*out));
	assert_int_equal(pipe(fd), 0);
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		_exit(enter_and(role, fd[1], fn));
	}
	close(fd[1]);
	while (
	    (n = read(fd[0], out->log + len, sizeof(out->log) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd[0]);
	assert_int_equal(waitpid(pid, &out->status, 0), pid);
}

static inline void
expect_good(enum role role, caged_fn *fn)
{
	struct outcome out;

	run_caged(role, fn, &out);
	if (!WIFEXITED(out.status) || WEXITSTATUS(out.status) != GOOD)
		fail_msg("%s: status %x, log: %s", role_name(role),
		    (unsigned)out.status, out.log);
}

/* Dies of SIGSYS; the log names the role and the call, or says nothing when
 * the kernel killed outright. */
static inline void
expect_death(enum role role, caged_fn *fn, const char *call)
{
	struct outcome out;
	char want[128] = "";

	run_caged(role, fn, &out);
	if (!WIFSIGNALED(out.status) || WTERMSIG(out.status) != SIGSYS)
		fail_msg("%s: %s gave status %x, log: %s", role_name(role),
		    call == NULL ? "exec" : call, (unsigned)out.status,
		    out.log);
	if (call == NULL) {
		assert_string_equal(out.log, "");
		return;
	}
	snprintf(want, sizeof(want),
	    "Eforbidden system call role=%s nr=", role_name(role));
	assert_ptr_equal(strstr(out.log, want), out.log);
	snprintf(want, sizeof(want), " name=%s\n", call);
	assert_non_null(strstr(out.log, want));
}

static const enum role children[] = {
    ROLE_CLOCK, ROLE_SYNC, ROLE_SERVE, ROLE_KE, ROLE_DIAL, ROLE_DNS, ROLE_CTL};
#define CHILD_CNT (sizeof(children) / sizeof(children[0]))

static inline int
do_common(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char text[SANDBOX_TEXT_MAX];
	struct timespec ts;
	struct rlimit r;
	void *p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, 1 << 16) != 0)
		return 1;
	for (size_t i = 0; i < 64; i++)
		free(malloc(1U << (i % 22)));
	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0 ||
	    syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) != 0)
		return 2;
	if (getenv("PATH") != NULL)
		return 3;
	if (getrlimit(RLIMIT_CORE, &r) != 0 || r.rlim_max != 0)
		return 4;
	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur > plan->nofile_max)
		return 5;
	sandbox_report(plan, state, text);
	if (strstr(text, role_name(plan->role)) == NULL ||
	    strstr(text, "seccomp=on") == NULL)
		return 6;
	if (plan->change_user && geteuid() != OTHER_ID)
		return 7;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 8;
	return GOOD;
}

static inline int
do_settime(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	/* An impossible time: refused even if it got through. */
	struct timespec ts = {.tv_sec = 0, .tv_nsec = -1};

	(void)plan, (void)state;
	return (int)syscall(SYS_clock_settime, CLOCK_REALTIME, &ts);
}

static inline int
use_other(void **state)
{
	(void)state;
	as_other = true;
	return 0;
}

/* The tests as the user that started them and, when that is root, also with
 * a change of user. */
static inline int
cage_run(const char *name, const struct CMUnitTest *tests, size_t cnt)
{
	int bad;

	if (!sandbox_built()) {
		printf("%s: skipped, this build has no filters\n", name);
		return 0;
	}
	bad =
	    _cmocka_run_group_tests("cage, same user", tests, cnt, NULL, NULL);
	if (geteuid() != 0)
		return bad;
	bad += _cmocka_run_group_tests(
	    "cage, other user", tests, cnt, use_other, NULL);
	/* And from the start as somebody ordinary. */
	if (setgid(OTHER_ID) != 0 || setuid(OTHER_ID) != 0)
		return 1;
	as_other = false;
	bad += _cmocka_run_group_tests(
	    "cage, ordinary user", tests, cnt, NULL, NULL);
	return bad;
}

#endif
