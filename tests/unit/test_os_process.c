/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spawning, channels, secrets, randomness and the log.  Spawned again with
 * "child" as its argument this test is the child and reports what it sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/channel.h"
#include "os/log.h"
#include "os/process.h"
#include "os/random.h"
#include "os/secret.h"

struct told {
	pid_t parent;
	int env_cnt;
	int open_cnt;
	int death_signal;
	int usr1_default;
};

/* Descriptors 3: report here; 4: closed; 5: wait for its end. */
static int
child(void)
{
	struct told t = {.parent = getppid()};
	struct sigaction sa;
	char c;

	for (char **e = environ; *e; e++)
		t.env_cnt++;
	for (int fd = 0; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			t.open_cnt += fd > 2 ? 1 << (fd - 3) : 0;
	prctl(PR_GET_PDEATHSIG, &t.death_signal);
	sigaction(SIGUSR1, NULL, &sa);
	t.usr1_default = sa.sa_handler == SIG_DFL;
	if (os_channel_send(3, &t, sizeof t) < 0)
		return 9;
	return read(5, &c, 1) == 0 ? 42 : 8;
}

static int
reap(struct os_process_end *end)
{
	int err = ERR_AGAIN;

	for (int i = 0; err == ERR_AGAIN && i < 2000; i++) {
		err = os_process_reap(end);
		if (err == ERR_AGAIN)
			usleep(1000);
	}
	return err;
}

static int
recv_wait(int fd, void *buf, size_t max, size_t *len)
{
	int err = ERR_AGAIN;

	for (int i = 0; err == ERR_AGAIN && i < 2000; i++) {
		err = os_channel_recv(fd, buf, max, len);
		if (err == ERR_AGAIN)
			usleep(1000);
	}
	return err;
}

static void
spawned_child_is_bare(void **state)
{
	static const char *const argv[] = {"truenoon: test", "child", NULL};
	int pair[2], wait[2], fds[3];
	struct os_process_plan plan = {
	    .argv = argv, .fds = fds, .fd_cnt = 3, .keep_stderr = true};
	struct os_process_end end;
	struct told t;
	size_t len;
	pid_t pid;

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	assert_int_equal(os_channel_pair(pair), 0);
	assert_int_equal(pipe2(wait, O_CLOEXEC), 0);
	fds[0] = pair[1];
	fds[1] = -1;
	fds[2] = wait[0];
	assert_int_equal(os_process_spawn(&plan, &pid), 0);
	close(pair[1]);
	close(wait[0]);
	assert_int_equal(recv_wait(pair[0], &t, sizeof t, &len), 0);
	assert_int_equal(len, sizeof t);
	assert_int_equal(t.parent, getpid());
	assert_int_equal(t.env_cnt, 0);
	assert_int_equal(t.open_cnt, 1 | 4);
	assert_int_equal(t.death_signal, SIGKILL);
	assert_int_equal(t.usr1_default, 1);
	assert_int_equal(os_process_reap(&end), ERR_AGAIN);
	assert_int_equal(os_process_kill(pid, SIGSTOP), 0);
	assert_int_equal(reap(&end), 0);
	assert_true(end.pid == pid && end.stopped && !end.resumed);
	assert_int_equal(os_process_kill(pid, SIGCONT), 0);
	assert_int_equal(reap(&end), 0);
	assert_true(end.pid == pid && !end.stopped && end.resumed);
	close(wait[1]);
	assert_int_equal(reap(&end), 0);
	assert_int_equal(end.pid, pid);
	assert_false(end.killed || end.stopped || end.resumed);
	assert_int_equal(end.code, 42);
	assert_int_equal(recv_wait(pair[0], &t, sizeof t, &len), ERR_CLOSED);
	close(pair[0]);
	assert_int_equal(os_process_reap(&end), ERR_ABSENT);
	assert_int_equal(os_process_kill(pid, 0), ERR_ABSENT);
	assert_int_equal(os_process_kill(0, SIGKILL), ERR_ABSENT);
	assert_int_equal(os_process_kill(-1, SIGKILL), ERR_ABSENT);
	plan.fd_cnt = OS_PROCESS_FD_MAX + 1;
	assert_int_equal(os_process_spawn(&plan, &pid), ERR_FULL);
	signal(SIGUSR1, SIG_DFL);
}

static void
killed_child_is_told(void **state)
{
	static const char *const argv[] = {"x", "child", NULL};
	int pair[2], wait[2], fds[3];
	struct os_process_plan plan = {.argv = argv, .fds = fds, .fd_cnt = 3};
	struct os_process_end end;
	struct told t;
	size_t len;
	pid_t pid;

	(void)state; /* M1 */
	assert_int_equal(os_channel_pair(pair), 0);
	assert_int_equal(pipe2(wait, O_CLOEXEC), 0);
	fds[0] = pair[1];
	fds[1] = -1;
	fds[2] = wait[0];
	assert_int_equal(os_process_spawn(&plan, &pid), 0);
	assert_int_equal(recv_wait(pair[0], &t, sizeof t, &len), 0);
	assert_int_equal(os_process_kill(pid, SIGKILL), 0);
	assert_int_equal(reap(&end), 0);
	assert_true(end.killed);
	assert_int_equal(end.code, SIGKILL);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(wait[i]);
	}
}

static int
fd_cnt(void)
{
	int cnt = 0;

	for (int fd = 0; fd < 200; fd++)
		cnt += fcntl(fd, F_GETFD) >= 0;
	return cnt;
}

static void
send_fds(int to, int cnt)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control = {0};
	struct iovec iov = {&(char){'x'}, 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_SPACE((size_t)cnt * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)cnt * sizeof(int));
	for (int i = 0; i < cnt; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &(int){2},
		    sizeof(int));
	assert_int_equal(sendmsg(to, &msg, 0), 1);
}

static void
channel_rules(void **state)
{
	char buf[64], big[4096] = {0};
	int fd[2], before, err = 0, cnt = 0;
	size_t len;

	(void)state;
	assert_int_equal(os_channel_pair(fd), 0);
	assert_int_equal(os_channel_recv(fd[0], buf, 64, &len), ERR_AGAIN);
	assert_int_equal(os_channel_send(fd[1], "one", 3), 0);
	assert_int_equal(os_channel_send(fd[1], "three", 5), 0);
	assert_int_equal(os_channel_recv(fd[0], buf, 64, &len), 0);
	assert_int_equal(len, 3);
	assert_int_equal(os_channel_recv(fd[0], buf, 5, &len), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(buf, "three", 5);
	/* I4: too long, or with a descriptor, is a violation. */
	assert_int_equal(os_channel_send(fd[1], big, 65), 0);
	assert_int_equal(os_channel_recv(fd[0], buf, 64, &len), ERR_BAD);
	assert_int_equal(len, 0);
	before = fd_cnt();
	send_fds(fd[1], 1);
	assert_int_equal(os_channel_recv(fd[0], buf, 64, &len), ERR_BAD);
	send_fds(fd[1], 40);
	assert_int_equal(os_channel_recv(fd[0], buf, 64, &len), ERR_BAD);
	assert_int_equal(fd_cnt(), before);
	/* A full queue never waits. */
	while (err == 0 && cnt++ < 100000)
		err = os_channel_send(fd[1], big, sizeof big);
	assert_int_equal(err, ERR_AGAIN);
	close(fd[0]);
	assert_int_equal(os_channel_send(fd[1], "x", 1), ERR_CLOSED);
	close(fd[1]);
}

static void
secrets_do_not_fork(void **state)
{
	bool locked;
	uint8_t *p = os_secret_alloc(5000, &locked);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(p);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 0xaa, 5000);
	pid = fork();
	if (pid == 0)
		_exit(p[0] == 0 && p[4999] == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(p[4999], 0xaa);
	os_secret_free(p, 5000);
	os_secret_free(NULL, 5000);
}

static void
randomness_differs(void **state)
{
	uint8_t a[1000], b[1000];
	struct rng r;
	int ones = 0;

	(void)state;
	assert_int_equal(os_random_init(&r), 0);
	rng_bytes(&r, a, sizeof a);
	rng_bytes(&r, b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		ones += __builtin_popcount(a[i]);
	assert_in_range(ones, 3700, 4300);
}

static void
expect_line(int fd, const char *want)
{
	char buf[2048];
	ssize_t n = read(fd, buf, sizeof buf - 1);

	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, want);
}

static void
log_lines_are_bounded(void **state)
{
	char longer[1000], esc[OS_LOG_TEXT_MAX], buf[2048];
	int fd[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	os_log_init(OS_LOG_PIPE, fd[1], "test", OS_LOG_INFO);
	errno = 77;
	os_log_warn("source rejected addr=%s", "192.0.2.1");
	assert_int_equal(errno, 77);
	expect_line(fd[0], "Wsource rejected addr=192.0.2.1\n");
	os_log_debug("not said");
	os_log_error("a\nWforged\x1b[2J");
	expect_line(fd[0], "Ea?Wforged?[2J\n");
	memset(longer, 'x', sizeof longer);
	longer[999] = '\0';
	os_log_info("%s", longer);
	n = read(fd[0], buf, sizeof buf);
	assert_in_range(n, 500, OS_LOG_LINE_MAX);
	assert_int_equal(buf[n - 1], '\n');
	/* A full pipe loses lines, it does not wait. */
	for (int i = 0; i < 10000; i++)
		os_log_info("%s", longer);
	while (read(fd[0], buf, sizeof buf) > 0)
		;
	assert_string_equal(os_log_escape("a b\x01\"\\%n\xff", esc),
	    "a\\x20b\\x01\\x22\\x5c%n\\xff"); /* E11 */
	os_log_escape(longer, esc);
	assert_true(strlen(esc) < OS_LOG_TEXT_MAX);

	os_log_init(OS_LOG_JOURNAL, fd[1], "super", OS_LOG_INFO);
	assert_int_equal(
	    os_log_relay("sync", "Wone\nItwo\nDthree\nEfo", 19, 64), 17);
	expect_line(fd[0], "<4>sync: one\n<6>sync: two\n");
	assert_int_equal(os_log_relay("sync", "?x\n\n", 4, 64), 4);
	expect_line(fd[0], "<4>sync: ?x\n");
	/* A role that never ends its line does not get stuck. */
	assert_int_equal(os_log_relay("sync", longer, 600, 600), 600);
	n = read(fd[0], buf, sizeof buf);
	assert_in_range(n, 500, 560);
	os_log_init(OS_LOG_PLAIN, 2, "test", OS_LOG_INFO);
	close(fd[0]);
	close(fd[1]);
}

static void
floods_are_cut(void **state)
{
	struct os_log_flow f = {0};
	uint32_t lost, said = 0;

	(void)state; /* N6 */
	for (int ms = 0; ms < 3000; ms++)
		said += os_log_flow(&f, (struct mono){ms * 1000000LL}, NULL);
	assert_int_equal(said, 3 * OS_LOG_FLOW_PER_S);
	assert_true(os_log_flow(&f, (struct mono){3000000000LL}, &lost));
	assert_int_equal(lost, 1000 - OS_LOG_FLOW_PER_S);
}

/* In a child: pinned is pinned. */
static void
pinned_to_one_processor(void **state)
{
	cpu_set_t before, now;
	size_t cpu = 0;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	assert_int_equal(os_process_pin(-1), ERR_ABSENT);
	assert_int_equal(os_process_pin(CPU_SETSIZE), ERR_ABSENT);
	assert_int_equal(os_process_pin(CPU_SETSIZE - 1), ERR_ABSENT);
	pid = fork();
	if (pid == 0) {
		if (os_process_pin((int)cpu) < 0 ||
		    sched_getaffinity(0, sizeof now, &now) < 0)
			_exit(1);
		_exit(CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now) ? 42 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spawned_child_is_bare),
	    cmocka_unit_test(killed_child_is_told),
	    cmocka_unit_test(pinned_to_one_processor),
	    cmocka_unit_test(channel_rules),
	    cmocka_unit_test(secrets_do_not_fork),
	    cmocka_unit_test(randomness_differs),
	    cmocka_unit_test(log_lines_are_bounded),
	    cmocka_unit_test(floods_are_cut),
	};

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
