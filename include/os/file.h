/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: whole reads with a limit, and whole writes that are never seen half
 * done (a temporary in the same directory, fsync, rename).  Files of ours
 * are never reached through a symbolic link in their last component.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum os_file_rule {
	OS_FILE_NOFOLLOW = 1U << 0, /* refuse a symbolic link */
	OS_FILE_PRIVATE = 1U << 1,  /* refuse when others may read or write */
	OS_FILE_TRUSTED = 1U << 2,  /* refuse when others may write */
};

/**
 * os_file_read - the whole of a regular file.
 * @rules: enum os_file_rule, or 0.
 * @max:   more than this is ERR_FULL.
 * @data:  owned by the caller, to be given to os_file_free; a NUL follows
 *         the last byte.
 * Return: 0; ERR_ABSENT when there is none; ERR_DENIED when a rule forbids
 * it; ERR_BAD when it is no regular file; ERR_FULL; ERR_SYSTEM.
 */
int os_file_read(const char *path, unsigned rules, size_t max, uint8_t **data,
    size_t *len) MUST_CHECK;

/**
 * os_file_free - wipe and free what os_file_read gave.
 */
void os_file_free(uint8_t *data, size_t len);

/**
 * os_file_write - replace path by a file of these bytes and this mode, all
 * or nothing.
 * Return: 0; ERR_DENIED when path is there and no regular file; ERR_SYSTEM
 * (errno tells) with the old file as it was.
 */
int os_file_write(
    const char *path, const void *data, size_t len, mode_t mode) MUST_CHECK;

/**
 * os_file_remove - unlink; absent is fine.
 */
int os_file_remove(const char *path) MUST_CHECK;

/* @others_*: group or world may. */
struct os_file_facts {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool regular;
	bool directory;
	bool others_read;
	bool others_write;
};

/**
 * os_file_facts - what kind of file path is; a link is followed.
 * Return: 0, ERR_ABSENT, ERR_SYSTEM.
 */
int os_file_facts(const char *path, struct os_file_facts *f) MUST_CHECK;

/**
 * os_file_mkdir - make a directory with this mode, or find it made.
 * Return: 0; ERR_DENIED when path is there and no directory; ERR_SYSTEM.
 */
int os_file_mkdir(const char *path, mode_t mode) MUST_CHECK;

struct os_file_list {
	char **names; /* without the directory, sorted by byte */
	size_t cnt;
};

/**
 * os_file_list - regular files (or links to them) in dir whose name ends in
 * suffix and does not begin with a dot.
 * @max: more are ERR_FULL.
 * Return: 0, ERR_ABSENT, ERR_FULL, ERR_SYSTEM.
 */
int os_file_list(const char *dir, const char *suffix, size_t max,
    struct os_file_list *list) MUST_CHECK;

/**
 * os_file_list_free - free what os_file_list gave.
 */
void os_file_list_free(struct os_file_list *list);

#endif
