/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and mapping the time pages.
 */
#include "os/timepage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"

int
os_timepage_create(const char *path)
{
	union {
		struct timepage page;
		uint8_t room[TIMEPAGE_SIZE];
	} fresh;
	struct file_temp t;
	int err = os_file_temp_begin(&t, path, 0644);

	if (err < 0)
		return err;
	memset(&fresh, 0, sizeof fresh);
	timepage_init(&fresh.page);
	err = os_file_write_all(t.fd, &fresh, sizeof fresh);
	if (err == 0)
		err = os_file_temp_commit(&t);
	if (err < 0) {
		os_file_temp_abort(&t);
		return err;
	}
	return t.fd;
}

/* A file cut short would be SIGBUS at the first read. */
static void *
map(int fd, int prot)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || st.st_size < TIMEPAGE_SIZE)
		return NULL;
	p = mmap(NULL, TIMEPAGE_SIZE, prot, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

struct timepage *
os_timepage_map(int fd)
{
	return map(fd, PROT_READ | PROT_WRITE);
}

const struct timepage *
os_timepage_map_ro(int fd)
{
	return map(fd, PROT_READ);
}

const struct timepage *
os_timepage_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const struct timepage *p;

	if (fd < 0)
		return NULL;
	p = map(fd, PROT_READ);
	close(fd);
	return p;
}

void
os_timepage_unmap(const struct timepage *p)
{
	void *at;

	if (!p)
		return;
	memcpy(&at, &p, sizeof p); /* munmap takes no const */
	munmap(at, TIMEPAGE_SIZE);
}
