/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start data of variable size for a role: a memory file, sealed against any
 * change, inherited at spawn, read whole and closed before the cage.
 */
#ifndef OS_MEMFILE_H
#define OS_MEMFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/**
 * os_memfile_make - a sealed memory file of these bytes, close on exec.
 * Return: its descriptor, owned by the caller, or ERR_SYSTEM.
 */
int os_memfile_make(const void *data, size_t len) MUST_CHECK;

/**
 * os_memfile_take - read all of it and close fd, whatever happens.
 * @data: owned by the caller, to be given to os_file_free; a NUL follows the
 *        last byte.
 * Return: 0; ERR_FULL beyond max; ERR_BAD when not sealed; ERR_SYSTEM.
 */
int os_memfile_take(int fd, size_t max, uint8_t **data, size_t *len) MUST_CHECK;

#endif
