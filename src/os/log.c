/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line in, one write out.  The static sink below is the log's only
 * state.  A write that would block is given up: the log never holds time up.
 */
#include "os/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"

#define ROLE_MAX 32

static struct {
	enum os_log_form form;
	enum os_log_level level;
	int fd;
	char role[ROLE_MAX];
} sink = {OS_LOG_PLAIN, OS_LOG_INFO, 2, "truenoon"};

static const char letters[] = "EWID";
static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

static void
stamp(char *buf, size_t max)
{
	time_t now = (time_t)(os_clock_real().ns / TSTAMP_NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&now, &tm) ||
	    strftime(buf, max, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
}

/* Nothing may end a line early or reach a terminal as a command. */
static void
tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void
put(enum os_log_level level, const char *role, const char *text)
{
	char line[OS_LOG_LINE_MAX + ROLE_MAX + 32], when[32];
	int len = 0;

	switch (sink.form) {
	case OS_LOG_SYSLOG:
		syslog(priorities[level], "%s: %s", role, text);
		return;
	case OS_LOG_PIPE:
		len =
		    snprintf(line, sizeof line, "%c%s\n", letters[level], text);
		break;
	case OS_LOG_JOURNAL:
		len = snprintf(line, sizeof line, "<%d>%s: %s\n",
		    priorities[level], role, text);
		break;
	case OS_LOG_PLAIN:
		stamp(when, sizeof when);
		len = snprintf(
		    line, sizeof line, "%s %s: %s\n", when, role, text);
		break;
	}
	if (len <= 0)
		return;
	if ((size_t)len >= sizeof line) {
		len = (int)sizeof line - 1;
		line[len - 1] = '\n';
	}
	if (write(sink.fd, line, (size_t)len) < 0)
		return; /* full or gone: the line is lost */
}

static void __attribute__((format(printf, 2, 0)))
say(enum os_log_level level, const char *fmt, va_list ap)
{
	char text[OS_LOG_LINE_MAX - 2];
	int saved = errno;

	if (level > sink.level)
		return;
	if (vsnprintf(text, sizeof text, fmt, ap) >= 0) {
		tame(text);
		put(level, sink.role, text);
	}
	errno = saved;
}

void
os_log_init(
    enum os_log_form form, int fd, const char *role, enum os_log_level level)
{
	sink.form = form;
	sink.fd = fd;
	sink.level = level;
	snprintf(sink.role, sizeof sink.role, "%s", role);
	if (form == OS_LOG_SYSLOG)
		openlog("truenoon", LOG_PID, LOG_DAEMON);
}

void
os_log_set_level(enum os_log_level level)
{
	sink.level = level;
}

enum os_log_level
os_log_level(void)
{
	return sink.level;
}

void
os_log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OS_LOG_ERROR, fmt, ap);
	va_end(ap);
}

void
os_log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OS_LOG_WARN, fmt, ap);
	va_end(ap);
}

void
os_log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OS_LOG_INFO, fmt, ap);
	va_end(ap);
}

void
os_log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OS_LOG_DEBUG, fmt, ap);
	va_end(ap);
}

static void
relay_line(const char *role, const char *line, size_t len)
{
	char text[OS_LOG_LINE_MAX];
	enum os_log_level level = OS_LOG_WARN;
	const char *at = len > 0 ? memchr(letters, line[0], 4) : NULL;

	if (at) {
		level = (enum os_log_level)(at - letters);
		line++;
		len--;
	}
	if (len == 0 || level > sink.level)
		return;
	if (len > sizeof text - 1)
		len = sizeof text - 1;
	for (size_t i = 0; i < len; i++) /* a NUL would hide the rest */
		text[i] = line[i] ? line[i] : '?';
	text[len] = '\0';
	tame(text);
	put(level, role, text);
}

size_t
os_log_relay(const char *role, const char *data, size_t len, size_t max)
{
	size_t used = 0;

	while (used < len) {
		const char *end = memchr(data + used, '\n', len - used);

		if (!end)
			break;
		relay_line(role, data + used, (size_t)(end - data) - used);
		used = (size_t)(end - data) + 1;
	}
	if (used == 0 && len >= max) {
		relay_line(role, data, len);
		used = len;
	}
	return used;
}

const char *
os_log_escape_bytes(const void *data, size_t len, char buf[OS_LOG_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *from = data;
	size_t n = 0;

	for (size_t i = 0; i < len && n + 5 <= OS_LOG_TEXT_MAX; i++) {
		if (from[i] > 0x20 && from[i] < 0x7f && from[i] != '\\' &&
		    from[i] != '"' && from[i] != '\'') {
			buf[n++] = (char)from[i];
			continue;
		}
		buf[n++] = '\\';
		buf[n++] = 'x';
		buf[n++] = hex[from[i] >> 4];
		buf[n++] = hex[from[i] & 15];
	}
	buf[n] = '\0';
	return buf;
}

const char *
os_log_escape(const char *text, char buf[OS_LOG_TEXT_MAX])
{
	return os_log_escape_bytes(text, strlen(text), buf);
}

bool
os_log_flow(struct os_log_flow *f, struct mono now, uint32_t *lost)
{
	if (!f->used || tstamp_mono_diff(now, f->since).ns >= TSTAMP_NS_PER_S) {
		f->used = true;
		f->since = now;
		f->cnt = 0;
	}
	if (lost)
		*lost = 0;
	if (f->cnt >= OS_LOG_FLOW_PER_S) {
		if (f->lost_cnt < UINT32_MAX)
			f->lost_cnt++;
		return false;
	}
	f->cnt++;
	if (lost)
		*lost = f->lost_cnt;
	f->lost_cnt = 0;
	return true;
}
