/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spawning a role.  Between fork and exec only async-signal-safe calls.
 */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_EXEC 126

static void
close_from(unsigned first)
{
	long top;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
		return;
#endif
	top = sysconf(_SC_OPEN_MAX);
	if (top < 0 || top > 65536)
		top = 65536;
	for (int fd = (int)first; fd < (int)top; fd++)
		close(fd);
}

/* First out of the way of each other, then into their places. */
static int
place_fds(const struct os_process_plan *plan)
{
	int high[OS_PROCESS_FD_MAX];
	int above = OS_PROCESS_FD_FIRST + (int)plan->fd_cnt;

	for (size_t i = 0; i < plan->fd_cnt; i++) {
		high[i] = -1;
		if (plan->fds[i] < 0)
			continue;
		high[i] = fcntl(plan->fds[i], F_DUPFD, above);
		if (high[i] < 0)
			return ERR_SYSTEM;
	}
	for (size_t i = 0; i < plan->fd_cnt; i++) {
		int place = OS_PROCESS_FD_FIRST + (int)i;

		if (high[i] < 0)
			close(place);
		else if (dup2(high[i], place) < 0)
			return ERR_SYSTEM;
	}
	close_from((unsigned)above);
	return 0;
}

static int
quiet_standard(bool keep_stderr)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return ERR_SYSTEM;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    (!keep_stderr && dup2(null, 2) < 0))
		return ERR_SYSTEM;
	if (null > 2)
		close(null);
	return 0;
}

static void
default_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* execve promises not to write through these, its type does not. */
static char *const *
strings(const char *const *v)
{
	char *const *out;

	memcpy(&out, &v, sizeof v);
	return out;
}

static void
become(const struct os_process_plan *plan, pid_t parent)
{
	static const char *const nothing[] = {NULL};

	os_process_die_with_parent(parent);
	if (place_fds(plan) < 0 || quiet_standard(plan->keep_stderr) < 0)
		_exit(EXIT_NO_EXEC);
	execve("/proc/self/exe", strings(plan->argv),
	    strings(plan->envp ? plan->envp : nothing));
	_exit(EXIT_NO_EXEC);
}

int
os_process_spawn(const struct os_process_plan *plan, pid_t *pid)
{
	pid_t parent = getpid();
	sigset_t all, before;

	*pid = -1;
	if (plan->fd_cnt > OS_PROCESS_FD_MAX)
		return ERR_FULL;
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	*pid = fork();
	if (*pid == 0) {
		default_signals();
		become(plan, parent);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return *pid < 0 ? ERR_SYSTEM : 0;
}

void
os_process_die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the call above. */
	if (getppid() != parent)
		_exit(EXIT_NO_EXEC);
}

int
os_process_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return ERR_ABSENT;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) == 0)
		return 0;
	return errno == EINVAL ? ERR_ABSENT : ERR_SYSTEM;
}

int
os_process_reap(struct os_process_end *end)
{
	int status;
	pid_t pid;

	memset(end, 0, sizeof *end);
	do
		pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return ERR_AGAIN;
	if (pid < 0)
		return ERR_ABSENT;
	end->pid = pid;
	end->stopped = WIFSTOPPED(status);
	end->resumed = WIFCONTINUED(status);
	end->killed = WIFSIGNALED(status);
	if (end->stopped || end->resumed)
		return 0;
	if (end->killed) {
		end->code = WTERMSIG(status);
		end->dumped = WCOREDUMP(status);
	} else {
		end->code = WEXITSTATUS(status);
	}
	return 0;
}

int
os_process_kill(pid_t pid, int sig)
{
	if (pid <= 1) /* never a group, never everybody */
		return ERR_ABSENT;
	if (kill(pid, sig) == 0)
		return 0;
	return errno == ESRCH ? ERR_ABSENT : ERR_SYSTEM;
}

#ifdef __GLIBC__
#define LARGE 65536

void
os_process_thrift(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, LARGE);
}

void
os_process_trim(void)
{
	malloc_trim(0);
}
#else
void
os_process_thrift(void)
{
}

void
os_process_trim(void)
{
}
#endif
