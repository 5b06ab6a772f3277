/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are a list of lines, such as symmetric keys: what every such
 * file shares, so that a bad line is named by its number and the rest of the
 * file still counts.
 */
#ifndef CONF_LINES_H
#define CONF_LINES_H

#include <stddef.h>

#include "base/err.h"
#include "conf/fault.h"

/**
 * conf_lines_fn - takes a line, without its end.
 * @why: set with ERR_BAD: what is wrong, a constant that quotes no secret.
 * Return: 0 or ERR_ABSENT (nothing on this line) to go on; any other error
 * makes a fault.
 */
typedef int conf_lines_fn(void *arg, const char *line, const char **why);

/**
 * conf_lines_read - hand each line of len octets of text to fn.  Lines with a
 * NUL and lines longer than 2047 octets are faults.  The copy of each line
 * is wiped.
 * @name: of the file, for the faults; NULL: none.
 * Return: 0, or ERR_BAD when there was a fault; the other lines were handed
 * over all the same.
 */
int conf_lines_read(const char *name, const char *text, size_t len,
    conf_lines_fn *fn, void *arg, struct conf_faults *f) MUST_CHECK;

#endif
