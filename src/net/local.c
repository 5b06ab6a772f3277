/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unix stream sockets.  A socket left by a dead daemon refuses connections,
 * that of a live one takes them: this tells a stale path from a busy one.
 */
#include "net/local.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "sock_priv.h"

static int
name(struct sockaddr_un *un, const char *path)
{
	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	if (path[0] == '\0' || strlen(path) >= sizeof un->sun_path)
		return ERR_BAD;
	strcpy(un->sun_path, path);
	return 0;
}

static int
err_of_connect(void)
{
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		return ERR_ABSENT;
	return errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_SYSTEM;
}

static int
open_connected(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_SYSTEM;
	if (connect(fd, (const struct sockaddr *)un, sizeof *un) < 0)
		return net_sock_fail(fd, err_of_connect());
	return fd;
}

/* Make room at path: only a socket that nobody serves is removed. */
static int
clear_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : ERR_SYSTEM;
	if (!S_ISSOCK(st.st_mode))
		return ERR_DENIED;
	fd = open_connected(un);
	if (fd >= 0) {
		close(fd);
		return ERR_FULL;
	}
	if (fd != ERR_ABSENT)
		return fd;
	return unlink(un->sun_path) < 0 && errno != ENOENT ? ERR_SYSTEM : 0;
}

int
net_local_listen(const char *path, mode_t mode)
{
	struct sockaddr_un un;
	mode_t before;
	int fd, err = name(&un, path);

	if (err == 0)
		err = clear_stale(&un);
	if (err < 0)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT || errno == EINVAL ? ERR_ABSENT
								: ERR_SYSTEM;
	before = umask(0177); /* nobody else until the mode is set */
	if (bind(fd, (struct sockaddr *)&un, sizeof un) < 0)
		err = errno == EADDRINUSE ? ERR_FULL : ERR_SYSTEM;
	umask(before);
	if (err == 0 && (chmod(path, mode) < 0 || listen(fd, 16) < 0))
		err = ERR_SYSTEM;
	return err < 0 ? net_sock_fail(fd, err) : fd;
}

int
net_local_accept(int fd)
{
	struct sockaddr_storage ss;

	return net_sock_accept(fd, &ss);
}

int
net_local_connect(const char *path, int timeout_ms)
{
	struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	struct sockaddr_un un;
	int fd, err = name(&un, path);

	if (err < 0)
		return err;
	fd = open_connected(&un);
	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) < 0)
		return net_sock_fail(fd, ERR_SYSTEM);
	return fd;
}

int
net_local_peer_uid(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return ERR_SYSTEM;
	*uid = cred.uid;
	return 0;
}
