/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cage of super, the others inside it, and what a child has of its parent:
 * no descriptor that is not planned, and not a moment longer to live (M6).
 */
#include "cage_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ptp_clock.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int
wait_exit(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
do_super_work(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char *argv[] = {(char[]){"true"}, NULL};
	char *envp[] = {NULL};
	pid_t pid = fork();

	(void)plan;
	if (pid == 0) {
		execve("/bin/true", argv, envp);
		_exit(1);
	}
	if (wait_exit(pid) != 0)
		return 1;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 2;
	if (state->landlock_abi == 0)
		return GOOD;
	if (open("/tmp/truenoon-cage", O_WRONLY | O_CREAT, 0600) >= 0 ||
	    errno != EACCES)
		return 3;
	if (open("/etc/hosts", O_RDONLY) < 0)
		return 4;
	return GOOD;
}

static int
do_mount(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return (int)syscall(SYS_umount2, "/nowhere", 0);
}

static int
do_unshare(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return (int)syscall(SYS_clone, 0x10000000 | SIGCHLD, 0, 0, 0, 0);
}

static void
test_super(void **state)
{
	(void)state;
	expect_good(ROLE_SUPER, do_super_work);
	expect_death(ROLE_SUPER, do_mount, "umount2");
	expect_death(ROLE_SUPER, do_unshare, "clone");
	expect_death(ROLE_SUPER, do_settime, "clock_settime");
}

/* Whether a device opened now could be a clock to read: no clock is one here,
 * so the device's own refusal is the good answer. */
static int
ask_device(void)
{
	struct ptp_sys_offset room = {.n_samples = 1};
	int fd = open("/dev/null", O_RDONLY);

	return fd >= 0 && ioctl(fd, PTP_SYS_OFFSET, &room) < 0 ? errno : 0;
}

static int
do_super_hardware(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	uint64_t admin = 1ULL << CAP_NET_ADMIN;

	if ((state->caps & ~(plan->caps | admin)) != 0)
		return 1;
	if (geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1 &&
	    (state->caps & admin) == 0)
		return 2;
	return ask_device() == ENOTTY ? GOOD : 3;
}

static int
do_super_no_hardware(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan;
	if (state->caps >> CAP_NET_ADMIN & 1)
		return 1;
	return ask_device() == (state->landlock_abi >= 5 ? EACCES : ENOTTY)
	    ? GOOD
	    : 2;
}

/* Only with hardware stamps super may switch on what comes later. */
static void
test_super_hardware(void **state)
{
	(void)state;
	expect_good(ROLE_SUPER, do_super_no_hardware);
	more_flags = SANDBOX_HARDWARE;
	expect_good(ROLE_SUPER, do_super_hardware);
	more_flags = 0;
}

/* Every role's cage fits inside that of super, and still is its own. */
static int
do_nested(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)state;
	for (size_t i = 0; i < CHILD_CNT; i++) {
		pid_t pid = fork();
		int code;

		if (pid == 0)
			_exit(enter_and(children[i], plan->log_fd, do_common));
		code = wait_exit(pid);
		if (code != 0) {
			dprintf(plan->log_fd, "E%s in super: %d\n",
			    role_name(children[i]), code);
			return 1;
		}
	}
	return GOOD;
}

static void
test_nested(void **state)
{
	(void)state;
	expect_good(ROLE_SUPER, do_nested);
}

/* Descriptors that are not in the plan are closed. */
static void
test_descriptors(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct sandbox_plan plan;
		struct sandbox_state got;
		char why[SANDBOX_TEXT_MAX];
		int keep = dup(0);
		int high = fcntl(0, F_DUPFD, 200);
		int low = fcntl(0, F_DUPFD, keep + 1);

		fill_plan(&plan, ROLE_SERVE, -1);
		plan.fds = &keep;
		plan.fd_cnt = 1;
		if (sandbox_enter(&plan, &got, why) != 0)
			_exit(FAILED);
		if (fcntl(keep, F_GETFD) < 0 || fcntl(0, F_GETFD) < 0)
			_exit(1);
		if (fcntl(high, F_GETFD) >= 0 || fcntl(low, F_GETFD) >= 0)
			_exit(2);
		_exit(GOOD);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* M6: the child of a parent that dies is gone at once. */
static void
test_m6_death_of_the_parent(void **state)
{
	int fd[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		pid_t child = fork();
		struct sandbox_plan plan;
		struct sandbox_state got;
		char why[SANDBOX_TEXT_MAX];

		if (child != 0) {
			close(fd[0]);
			close(fd[1]);
			usleep(200000);
			_exit(0);
		}
		fill_plan(&plan, ROLE_CTL, -1);
		if (sandbox_enter(&plan, &got, why) == 0)
			for (;;)
				usleep(1000000);
		_exit(0);
	}
	close(fd[1]);
	assert_int_equal(wait_exit(pid), 0);
	/* The last writer is gone when this reads the end. */
	alarm(3);
	assert_int_equal(read(fd[0], &byte, 1), 0);
	alarm(0);
	close(fd[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_super),
	    cmocka_unit_test(test_super_hardware),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_descriptors),
	    cmocka_unit_test(test_m6_death_of_the_parent),
	};

	return cage_run(
	    "sandbox_cage_super", tests, sizeof tests / sizeof *tests);
}
