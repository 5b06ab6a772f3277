/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens on a forbidden system call: the kernel sends SIGSYS, the
 * handler writes one line and the process dies of that signal.
 *
 * A handler has no argument of ours, so what it needs is static here: one
 * line's beginning and the names of the system calls, looked up beforehand.
 * Only write, getpid, gettid and tgkill are called in it.
 */
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage_priv.h"

#define CALL_MAX     512
#define NAMES_LEN    8192
#define LINE_MAX_LEN 160

static struct {
	int fd;
	size_t head_len;
	char head[64];
	uint16_t at[CALL_MAX]; /* where its name begins; 0 none */
	size_t names_len;
	char names[NAMES_LEN];
} trap;

static void
learn_names(void)
{
	trap.names_len = 1;
	for (int nr = 0; nr < CALL_MAX; nr++) {
		char *name =
		    seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
		size_t len = name != NULL ? strlen(name) + 1 : 0;

		if (len > 1 && trap.names_len + len <= NAMES_LEN) {
			memcpy(trap.names + trap.names_len, name, len);
			trap.at[nr] = (uint16_t)trap.names_len;
			trap.names_len += len;
		}
		free(name);
	}
}

static size_t
put_text(char *line, size_t at, const char *text)
{
	while (*text != '\0' && at < LINE_MAX_LEN - 1)
		line[at++] = *text++;
	return at;
}

static size_t
put_number(char *line, size_t at, unsigned n)
{
	char digits[12];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	return put_text(line, at, digits + i);
}

static void
on_sigsys(int sig, siginfo_t *info, void *context)
{
	char line[LINE_MAX_LEN];
	unsigned nr = (unsigned)info->si_syscall;
	const char *name = "unknown";
	size_t len;

	(void)context;
	if (nr < CALL_MAX && trap.at[nr] != 0)
		name = trap.names + trap.at[nr];
	memcpy(line, trap.head, trap.head_len);
	len = put_number(line, trap.head_len, nr);
	len = put_text(line, len, " name=");
	len = put_text(line, len, name);
	line[len++] = '\n';
	if (trap.fd >= 0 && write(trap.fd, line, len) < 0)
		len = 0; /* nobody reads: dying is all that is left */
	/* SA_RESETHAND put back the default action: this is the end. */
	(void)syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), sig);
	_exit(128 + sig);
}

int
sandbox_trap_arm(enum role role, int log_fd, char *why)
{
	struct sigaction sa = {.sa_sigaction = on_sigsys,
	    .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER)};
	int n;

	learn_names();
	/* The first letter is the level, as os/log reads it. */
	n = snprintf(trap.head, sizeof(trap.head),
	    "Eforbidden system call role=%s nr=", role_name(role));
	trap.head_len = (size_t)n;
	trap.fd = log_fd;
	(void)sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSYS, &sa, NULL) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot catch SIGSYS");
	return 0;
}
