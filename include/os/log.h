/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log sink, one of the two globals that the house allows.  One bounded
 * line per event: lower case, no full stop, then key=value.  A role writes
 * to a pipe from super, one write per line; super adds role and time and
 * writes standard error, the journal's form of it, or syslog.  A line that
 * does not fit the pipe is lost rather than waited for.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

#define OS_LOG_LINE_MAX   512 /* bytes of a line with its level and newline */
#define OS_LOG_TEXT_MAX   256 /* an escaped text with its NUL */
#define OS_LOG_FLOW_PER_S 10  /* lines per second and class */

enum os_log_level {
	OS_LOG_ERROR = 0,
	OS_LOG_WARN = 1,
	OS_LOG_INFO = 2,
	OS_LOG_DEBUG = 3,
};

enum os_log_form {
	OS_LOG_PLAIN,   /* "2026-11-22T11:30:00Z role: text" to the fd */
	OS_LOG_JOURNAL, /* "<4>role: text" to the fd */
	OS_LOG_SYSLOG,  /* syslog(3) */
	OS_LOG_PIPE,    /* "Wtext" to the fd: a role's way to super */
};

#define OS_LOG_LIKE(n) __attribute__((format(printf, n, n + 1)))

/**
 * os_log_init - where lines go from now on; before it, PLAIN to fd 2.
 * @role: name put before each line, copied; not used by OS_LOG_PIPE.
 */
void os_log_init(
    enum os_log_form form, int fd, const char *role, enum os_log_level level);

/**
 * os_log_set_level - drop what is less urgent than level.
 */
void os_log_set_level(enum os_log_level level);

/**
 * os_log_level - the level in force.
 */
enum os_log_level os_log_level(void);

/**
 * os_log_error and its like - one line.  printf-like; control bytes become
 * '?', what is too long is cut.  errno is kept.
 */
void os_log_error(const char *fmt, ...) OS_LOG_LIKE(1);
void os_log_warn(const char *fmt, ...) OS_LOG_LIKE(1);
void os_log_info(const char *fmt, ...) OS_LOG_LIKE(1);
void os_log_debug(const char *fmt, ...) OS_LOG_LIKE(1);

/**
 * os_log_relay - what super read from a role's pipe, many lines perhaps:
 * "Wtext\n" each.  Unknown level letters count as warnings.
 * @role: put before each line in place of our own.
 * Return: bytes of whole lines consumed; the rest is an unfinished line
 * (a full buffer without a newline is consumed whole).
 */
size_t os_log_relay(const char *role, const char *data, size_t len, size_t max);

/**
 * os_log_escape - text from the network made printable: what is not
 * printable ASCII, quotes, backslash and blanks become \xNN; cut to fit.
 * Return: buf.
 */
const char *os_log_escape(const char *text, char buf[OS_LOG_TEXT_MAX]);
const char *os_log_escape_bytes(
    const void *data, size_t len, char buf[OS_LOG_TEXT_MAX]);

/* The rate limit of one class of lines that a stranger can cause. */
struct os_log_flow {
	struct mono since;
	uint32_t cnt;
	uint32_t lost_cnt; /* suppressed since the last line let through */
	bool used;
};

/**
 * os_log_flow - whether a line of this class may be written now.
 * @lost: lines suppressed since the last one let through; may be NULL.
 */
bool os_log_flow(struct os_log_flow *f, struct mono now, uint32_t *lost);

#endif
