/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cages: a child per role enters its own, does what it may, and dies of
 * what it may not (M7), with the line on the log pipe that says so.  Run as
 * the user that started the test and, when that is root, also with a change
 * of user.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/account.h"
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

static void
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
}

static int
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

static void
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

static void
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
static void
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

/* ---- what every role may ---- */

static int
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

static void
test_every_role_enters(void **state)
{
	(void)state;
	expect_good(ROLE_SUPER, do_common);
	for (size_t i = 0; i < CHILD_CNT; i++)
		expect_good(children[i], do_common);
}

/* ---- what no child may ---- */

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
do_settime(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	/* An impossible time: refused even if it got through. */
	struct timespec ts = {.tv_sec = 0, .tv_nsec = -1};

	(void)plan, (void)state;
	return (int)syscall(SYS_clock_settime, CLOCK_REALTIME, &ts);
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

/* ---- what single roles may ---- */

static int
do_sync_work(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(9),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct mmsghdr m[1];
	int one = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)plan, (void)state;
	memset(m, 0, sizeof(m));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) != 0)
		return 2;
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) != 0)
		return 3;
	if (send(fd, "x", 1, 0) != 1)
		return 4;
	if (recvmmsg(fd, m, 1, 0, NULL) >= 0)
		return 5;
	return GOOD;
}

static int
do_bad_option(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	int one = 1;

	(void)plan, (void)state;
	return setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &one, sizeof(one));
}

static int
do_dns_work(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char text[16];
	int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);

	(void)plan;
	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		return 1;
	if (state->landlock_abi == 0)
		return GOOD;
	/* Landlock, not the mode, is in the way. */
	if (open("/", O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES)
		return 2;
	if (open("/proc/self/status", O_RDONLY) >= 0 || errno != EACCES)
		return 3;
	return GOOD;
}

static int
do_dns_write(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return open("/tmp/truenoon-cage", O_WRONLY | O_CREAT, 0600) < 0;
}

static int
do_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return EBADF;
	errno = 0;
	(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return errno;
}

static int
do_dns_ports(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan;
	if (state->landlock_abi < 4)
		return GOOD;
	return do_connect(80) == EACCES && do_connect(53) != EACCES ? GOOD : 1;
}

static int
do_dial_ports(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return do_connect(4460) != EACCES ? GOOD : 1;
}

/* No clock answers here; the cage alone is asked. */
static int
ask_clock(unsigned long request)
{
	struct ptp_sys_offset_extended room = {.n_samples = 1};

	return ioctl(STDIN_FILENO, request, &room) < 0 ? GOOD : FAILED;
}

static int
do_read_phc(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(PTP_SYS_OFFSET_PRECISE) +
	    ask_clock(PTP_SYS_OFFSET_EXTENDED) + ask_clock(PTP_SYS_OFFSET);
}

static int
do_use_phc(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(PTP_EXTTS_REQUEST);
}

static int
do_switch_stamps(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(SIOCSHWTSTAMP);
}

/* Clocks of interfaces: only to be read, and only where that is configured
 * and by those who stamp packets. */
static void
test_hardware_clocks(void **state)
{
	(void)state;
	expect_death(ROLE_SYNC, do_read_phc, "ioctl");
	expect_death(ROLE_SERVE, do_read_phc, "ioctl");
	more_flags = SANDBOX_HARDWARE;
	expect_good(ROLE_SYNC, do_read_phc);
	expect_good(ROLE_SERVE, do_read_phc);
	expect_death(ROLE_KE, do_read_phc, "ioctl");
	expect_death(ROLE_SYNC, do_use_phc, "ioctl");
	expect_death(ROLE_SERVE, do_use_phc, "ioctl");
	expect_death(ROLE_SYNC, do_switch_stamps, "ioctl");
	expect_death(ROLE_SERVE, do_switch_stamps, "ioctl");
	more_flags = 0;
}

static void
test_single_roles(void **state)
{
	(void)state;
	expect_good(ROLE_SYNC, do_sync_work);
	expect_death(ROLE_SYNC, do_bad_option, "setsockopt");
	expect_good(ROLE_DNS, do_dns_work);
	expect_death(ROLE_DNS, do_dns_write, "openat");
	expect_good(ROLE_DNS, do_dns_ports);
	expect_good(ROLE_DIAL, do_dial_ports);
}

/* dial with ports in its plan connects to no other. */
static void
test_dial_ports(void **state)
{
	static const uint16_t ports[] = {4460};
	struct sandbox_plan plan;
	struct sandbox_state got;
	char why[SANDBOX_TEXT_MAX];
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fill_plan(&plan, ROLE_DIAL, -1);
		plan.tcp_ports = ports;
		plan.tcp_port_cnt = 1;
		if (sandbox_enter(&plan, &got, why) != 0)
			_exit(FAILED);
		if (got.landlock_abi < 4)
			_exit(GOOD);
		_exit(do_connect(4460) != EACCES && do_connect(443) == EACCES
			? GOOD
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- capabilities ---- */

static int
do_caps_none(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	uint64_t want = plan->role == ROLE_CLOCK ? 1ULL << CAP_SYS_TIME : 0;

	if (plan->flags & SANDBOX_VIRTUAL)
		want = 0;
	if (state->caps != want)
		return 1;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		/* An ordinary user cannot shrink the bounding set. */
		if (geteuid() != 0 && !plan->change_user)
			break;
		if (in > 0 && (want >> cap & 1) == 0)
			return 2;
	}
	return GOOD;
}

static int
do_caps_super(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	if (geteuid() != 0)
		return (state->caps & ~plan->caps) == 0 ? GOOD : 1;
	return state->caps == plan->caps ? GOOD : 2;
}

static void
test_capabilities(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHILD_CNT; i++)
		expect_good(children[i], do_caps_none);
	expect_good(ROLE_SUPER, do_caps_super);
}

/* clock without the capability is refused in words. */
static void
test_clock_needs_its_capability(void **state)
{
	struct sandbox_plan plan;
	struct sandbox_state got;
	char why[SANDBOX_TEXT_MAX];
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setresgid(OTHER_ID, OTHER_ID, OTHER_ID) != 0 ||
			setresuid(OTHER_ID, OTHER_ID, OTHER_ID) != 0))
			_exit(FAILED);
		sandbox_plan_init(&plan, ROLE_CLOCK);
		_exit(sandbox_enter(&plan, &got, why) == ERR_DENIED &&
			    strstr(why, "CAP_SYS_TIME") != NULL
			? GOOD
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- super and what it starts ---- */

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

static void
test_accounts(void **state)
{
	struct sandbox_user user;

	(void)state;
	assert_int_equal(sandbox_user_find("root", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(
	    sandbox_user_find("no such account", &user), ERR_ABSENT);
	assert_int_equal(user.uid, (uid_t)-1);
}

static int
use_other(void **state)
{
	(void)state;
	as_other = true;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accounts),
	    cmocka_unit_test(test_every_role_enters),
	    cmocka_unit_test(test_m7_no_files_no_forks),
	    cmocka_unit_test(test_m7_exec_is_killed_outright),
	    cmocka_unit_test(test_m7_sockets_by_role),
	    cmocka_unit_test(test_m7_only_clock_adjusts),
	    cmocka_unit_test(test_hardware_clocks),
	    cmocka_unit_test(test_single_roles),
	    cmocka_unit_test(test_dial_ports),
	    cmocka_unit_test(test_capabilities),
	    cmocka_unit_test(test_clock_needs_its_capability),
	    cmocka_unit_test(test_super),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_descriptors),
	    cmocka_unit_test(test_m6_death_of_the_parent),
	};
	int bad;

	if (!sandbox_built()) {
		puts("test_sandbox_cage: skipped, this build has no filters");
		return 0;
	}
	bad = cmocka_run_group_tests_name("cage, same user", tests, NULL, NULL);
	if (geteuid() != 0)
		return bad;
	bad += cmocka_run_group_tests_name(
	    "cage, other user", tests, use_other, NULL);
	/* And from the start as somebody ordinary. */
	if (setgid(OTHER_ID) != 0 || setuid(OTHER_ID) != 0)
		return 1;
	as_other = false;
	bad += cmocka_run_group_tests_name(
	    "cage, ordinary user", tests, NULL, NULL);
	return bad;
}
