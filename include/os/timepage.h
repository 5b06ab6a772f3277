/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the pages of base/timepage.h live: one-page regular files in RUNDIR,
 * mode 0644, made by super and mapped by whoever may.
 */
#ifndef OS_TIMEPAGE_H
#define OS_TIMEPAGE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/timepage.h"

/**
 * os_timepage_create - put a fresh, never written page at path, in place of
 * an older one, whose readers keep the old file.
 * Return: a read-write descriptor, owned, or ERR_SYSTEM, or ERR_DENIED when
 * path is there and no regular file.
 */
int os_timepage_create(const char *path) MUST_CHECK;

/**
 * os_timepage_open - an existing page by path, read-only, closed again.
 * Return: the mapping, to be given to os_timepage_unmap, or NULL.
 */
const struct timepage *os_timepage_open(const char *path) MUST_CHECK;

/**
 * os_timepage_map - map a descriptor read-write; it may be closed after.
 * Return: the mapping or NULL.
 */
struct timepage *os_timepage_map(int fd) MUST_CHECK;

/**
 * os_timepage_map_ro - map a descriptor read-only.
 */
const struct timepage *os_timepage_map_ro(int fd) MUST_CHECK;

/**
 * os_timepage_unmap - end a mapping; NULL is fine.
 */
void os_timepage_unmap(const struct timepage *p);

#endif
