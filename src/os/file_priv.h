/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file in the making: a temporary beside its place, until it is renamed.
 */
#ifndef OS_FILE_PRIV_H
#define OS_FILE_PRIV_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

struct file_temp {
	int dir;
	int fd;
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1];
};

/**
 * os_file_temp_begin - open the directory of path and a fresh temporary.
 * Return: 0, ERR_DENIED when path is there and no regular file, ERR_SYSTEM.
 */
int os_file_temp_begin(
    struct file_temp *t, const char *path, mode_t mode) MUST_CHECK;

/**
 * os_file_temp_commit - make it durable under its name; t->fd stays open.
 */
int os_file_temp_commit(struct file_temp *t) MUST_CHECK;

/**
 * os_file_temp_abort - remove it and close both descriptors.
 */
void os_file_temp_abort(struct file_temp *t);

/**
 * os_file_write_all - all of len bytes to fd.
 */
int os_file_write_all(int fd, const void *data, size_t len) MUST_CHECK;

#endif
