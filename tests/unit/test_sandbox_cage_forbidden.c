/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cages: a child of any role dies of what no child may, and of what only
 * others may (M7).
 */
#include "cage_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/timex.h>

static int
do_open(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return (int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static int
do_fork(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int
do_adjtime(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	struct timex t = {.modes = 0};

	(void)plan, (void)state;
	return clock_adjtime(CLOCK_REALTIME, &t) < 0 ? 1 : GOOD;
}

static int
do_unix_socket(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int
do_udp_socket(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0;
}

static int
do_tcp_socket(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0) < 0 &&
	    errno != EAFNOSUPPORT;
}

static int
do_raw_socket(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0;
}

static int
do_map_code(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int
do_make_code(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)plan, (void)state;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
do_new_privs(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

static int
do_kill(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return kill(getppid(), 0);
}

static int
do_exec(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char *argv[] = {NULL};

	(void)plan, (void)state;
	return execve("/bin/true", argv, argv);
}

static int
do_execveat(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char *argv[] = {NULL};

	(void)plan, (void)state;
	return (int)syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv, 0);
}

static int
do_ptrace(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void
test_m7_no_files_no_forks(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHILD_CNT; i++) {
		expect_death(children[i], do_fork, "clone");
		expect_death(children[i], do_settime, "clock_settime");
		expect_death(children[i], do_new_privs, "prctl");
		expect_death(children[i], do_kill, "kill");
		expect_death(children[i], do_map_code, "mmap");
		expect_death(children[i], do_make_code, "mprotect");
		if (children[i] != ROLE_DNS)
			expect_death(children[i], do_open, "openat");
	}
}

static void
test_m7_exec_is_killed_outright(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHILD_CNT; i++) {
		expect_death(children[i], do_exec, NULL);
		expect_death(children[i], do_execveat, NULL);
		expect_death(children[i], do_ptrace, NULL);
	}
	expect_death(ROLE_SUPER, do_ptrace, NULL);
}

static void
test_m7_sockets_by_role(void **state)
{
	static const struct {
		caged_fn *fn;
		unsigned allowed; /* bits by role */
	} cases[] = {
	    {do_udp_socket, 1U << ROLE_SYNC | 1U << ROLE_DNS},
	    {do_tcp_socket, 1U << ROLE_DIAL | 1U << ROLE_DNS},
	    {do_unix_socket, 1U << ROLE_DNS},
	    {do_raw_socket, 0},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		for (size_t i = 0; i < CHILD_CNT; i++) {
			if (cases[c].allowed >> children[i] & 1)
				expect_good(children[i], cases[c].fn);
			else
				expect_death(
				    children[i], cases[c].fn, "socket");
		}
	}
}

static void
test_m7_only_clock_adjusts(void **state)
{
	(void)state;
	expect_good(ROLE_CLOCK, do_adjtime);
	for (size_t i = 0; i < CHILD_CNT; i++) {
		if (children[i] != ROLE_CLOCK)
			expect_death(children[i], do_adjtime, "clock_adjtime");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_m7_no_files_no_forks),
	    cmocka_unit_test(test_m7_exec_is_killed_outright),
	    cmocka_unit_test(test_m7_sockets_by_role),
	    cmocka_unit_test(test_m7_only_clock_adjusts),
	};

	return cage_run(
	    "sandbox_cage_forbidden", tests, sizeof tests / sizeof *tests);
}
