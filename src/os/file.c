/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole files in and out.  A write goes to ".NAME.tmp" in the same directory,
 * reached through a descriptor of that directory, so that neither a link nor
 * a death in the middle can harm what was there.  Super is the only writer,
 * so the temporary's name may be fixed: a leftover is replaced.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wipe.h"
#include "file_priv.h"

#define READ_FIRST 4096

static int
err_of_errno(void)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return ERR_ABSENT;
	if (errno == ELOOP)
		return ERR_DENIED;
	return ERR_SYSTEM;
}

static bool
rules_hold(const struct stat *st, unsigned rules)
{
	if ((rules & OS_FILE_PRIVATE) && (st->st_mode & 027))
		return false;
	return !(rules & OS_FILE_TRUSTED) || !(st->st_mode & 022);
}

/* Growing by hand: realloc would leave copies of secrets behind. */
static uint8_t *
grow(uint8_t *data, size_t len, size_t room)
{
	uint8_t *more = malloc(room + 1);

	if (more && data)
		memcpy(more, data, len);
	os_file_free(data, len);
	return more;
}

static int
read_all(int fd, size_t first, size_t max, uint8_t **data, size_t *len)
{
	size_t room = first < max ? first + 1 : max + 1;

	*len = 0;
	*data = grow(NULL, 0, room);
	while (*data) {
		ssize_t n = read(fd, *data + *len, room - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		*len += (size_t)n;
		if (*len > max)
			return ERR_FULL;
		if (n == 0) {
			(*data)[*len] = '\0';
			return 0;
		}
		if (*len < room)
			continue;
		room = room < max / 2 ? 2 * room : max + 1;
		*data = grow(*data, *len, room);
	}
	return ERR_SYSTEM;
}

int
os_file_read(
    const char *path, unsigned rules, size_t max, uint8_t **data, size_t *len)
{
	/* Not blocking, so that a FIFO put there cannot hold us. */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	size_t first = READ_FIRST;
	int err, fd;

	*data = NULL;
	*len = 0;
	fd = open(path, rules & OS_FILE_NOFOLLOW ? flags | O_NOFOLLOW : flags);
	if (fd < 0)
		return err_of_errno();
	if (fstat(fd, &st) < 0)
		err = ERR_SYSTEM;
	else if (!S_ISREG(st.st_mode))
		err = ERR_BAD;
	else if (!rules_hold(&st, rules))
		err = ERR_DENIED;
	else if ((uintmax_t)st.st_size > max)
		err = ERR_FULL;
	else {
		if (st.st_size > 0)
			first = (size_t)st.st_size;
		err = read_all(fd, first, max, data, len);
	}
	close(fd);
	if (err < 0) {
		os_file_free(*data, *len);
		*data = NULL;
		*len = 0;
	}
	return err;
}

void
os_file_free(uint8_t *data, size_t len)
{
	if (data)
		wipe_bytes(data, len);
	free(data);
}

static int
split(struct file_temp *t, const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t dir_len = slash ? (size_t)(slash - path) : 0;

	if (dir_len >= PATH_MAX || name[0] == '\0' ||
	    strlen(name) + sizeof "..tmp" > sizeof t->temp) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(dir, path, dir_len);
	strcpy(dir + dir_len, slash ? dir_len ? "" : "/" : ".");
	strcpy(t->name, name);
	t->temp[0] = '.';
	strcpy(t->temp + 1, name);
	strcat(t->temp, ".tmp");
	return 0;
}

int
os_file_temp_begin(struct file_temp *t, const char *path, mode_t mode)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char dir[PATH_MAX];
	struct stat st;
	int err = split(t, path, dir);

	t->dir = t->fd = -1;
	if (err < 0)
		return err;
	t->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return ERR_SYSTEM;
	if (fstatat(t->dir, t->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode)) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : EINVAL;
		os_file_temp_abort(t);
		return ERR_DENIED;
	}
	t->fd = openat(t->dir, t->temp, flags, 0600);
	if (t->fd < 0 && errno == EEXIST && unlinkat(t->dir, t->temp, 0) == 0)
		t->fd = openat(t->dir, t->temp, flags, 0600);
	if (t->fd < 0 || fchmod(t->fd, mode) < 0) {
		os_file_temp_abort(t);
		return ERR_SYSTEM;
	}
	return 0;
}

int
os_file_temp_commit(struct file_temp *t)
{
	if (fsync(t->fd) < 0 && errno != EINVAL && errno != ENOSYS)
		return ERR_SYSTEM;
	if (renameat(t->dir, t->temp, t->dir, t->name) < 0)
		return ERR_SYSTEM;
	/* The new name is there; that it survives a power cut is a wish. */
	(void)fsync(t->dir);
	close(t->dir);
	t->dir = -1;
	return 0;
}

void
os_file_temp_abort(struct file_temp *t)
{
	int saved = errno;

	if (t->fd >= 0) {
		close(t->fd);
		unlinkat(t->dir, t->temp, 0);
	}
	if (t->dir >= 0)
		close(t->dir);
	t->dir = t->fd = -1;
	errno = saved;
}

int
os_file_write_all(int fd, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len > 0) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_SYSTEM;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int
os_file_write(const char *path, const void *data, size_t len, mode_t mode)
{
	struct file_temp t;
	int err = os_file_temp_begin(&t, path, mode);

	if (err < 0)
		return err;
	err = os_file_write_all(t.fd, data, len);
	if (err == 0)
		err = os_file_temp_commit(&t);
	if (err < 0) {
		os_file_temp_abort(&t);
		return err;
	}
	close(t.fd);
	return 0;
}

int
os_file_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? 0 : ERR_SYSTEM;
}

int
os_file_facts(const char *path, struct os_file_facts *f)
{
	struct stat st;

	memset(f, 0, sizeof *f);
	if (stat(path, &st) < 0)
		return err_of_errno();
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	f->regular = S_ISREG(st.st_mode);
	f->directory = S_ISDIR(st.st_mode);
	f->others_read = st.st_mode & 004;
	f->others_write = st.st_mode & 022;
	return 0;
}

int
os_file_mkdir(const char *path, mode_t mode)
{
	struct stat st;
	int fd, err = 0;

	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST)
			return ERR_SYSTEM;
		if (stat(path, &st) < 0)
			return ERR_SYSTEM;
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
		return ERR_DENIED;
	}
	/* The mode asked for, whatever the umask. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR_SYSTEM;
	if (fchmod(fd, mode) < 0)
		err = ERR_SYSTEM;
	close(fd);
	return err;
}
