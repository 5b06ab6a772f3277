/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory files: written once, sealed, read once.
 */
#include "os/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"
#include "os/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
os_memfile_make(const void *data, size_t len)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("truenoon", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("truenoon", flags);
	if (fd < 0)
		return ERR_SYSTEM;
	if (os_file_write_all(fd, data, len) < 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		close(fd);
		return ERR_SYSTEM;
	}
	return fd;
}

/* From offset 0: the position is shared with whoever wrote it. */
static int
read_exact(int fd, uint8_t *to, size_t len)
{
	off_t at = 0;

	while (len > 0) {
		ssize_t n = pread(fd, to + at, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_SYSTEM;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
take(int fd, size_t max, uint8_t **data, size_t *len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return ERR_BAD;
	if (fstat(fd, &st) < 0)
		return ERR_SYSTEM;
	if ((uintmax_t)st.st_size > max)
		return ERR_FULL;
	*len = (size_t)st.st_size;
	*data = malloc(*len + 1);
	if (!*data)
		return ERR_SYSTEM;
	(*data)[*len] = '\0';
	return read_exact(fd, *data, *len);
}

int
os_memfile_take(int fd, size_t max, uint8_t **data, size_t *len)
{
	int err;

	*data = NULL;
	*len = 0;
	err = take(fd, max, data, len);
	close(fd);
	if (err < 0) {
		os_file_free(*data, *len);
		*data = NULL;
		*len = 0;
	}
	return err;
}
