/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking up accounts, in a child: the modules that the C library loads for
 * it would stay in this process for ever.
 */
#include "sandbox/account.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static int
look_up(const char *name, struct sandbox_user *user)
{
	struct passwd *pw;

	*user = (struct sandbox_user){(uid_t)-1, (gid_t)-1};
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL) {
		/* The C library may leave these behind for "not found". */
		if (errno == 0 || errno == ENOENT || errno == ESRCH)
			return ERR_ABSENT;
		return ERR_SYSTEM;
	}
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	return 0;
}

struct found {
	int err;
	struct sandbox_user user;
};

static void
look_up_and_tell(const char *name, int fd)
{
	struct found f = {0};

	f.err = look_up(name, &f.user);
	_exit(write(fd, &f, sizeof f) == (ssize_t)sizeof f ? 0 : 1);
}

int
sandbox_user_find(const char *name, struct sandbox_user *user)
{
	struct found f = {.err = ERR_SYSTEM};
	int fds[2];
	ssize_t n;
	pid_t pid;

	*user = (struct sandbox_user){(uid_t)-1, (gid_t)-1};
	if (pipe(fds) < 0)
		return ERR_SYSTEM;
	pid = fork();
	if (pid == 0)
		look_up_and_tell(name, fds[1]);
	close(fds[1]);
	n = pid < 0 ? -1 : read(fds[0], &f, sizeof f);
	close(fds[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	if (n != (ssize_t)sizeof f)
		return ERR_SYSTEM;
	if (f.err == 0)
		*user = f.user;
	return f.err;
}
