/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people.  Invariant: the buffer always ends in a NUL within its
 * size, and what comes from outside reaches it only through the escape.
 */
#include "ctl/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

static void
append(struct ctl_text *t, const char *s, size_t len)
{
	size_t room = t->max - 1 - t->len;

	if (len > room) {
		t->full = true;
		len = room;
	}
	memcpy(t->buf + t->len, s, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

static size_t
column(const struct ctl_text *t)
{
	size_t at = t->len;

	while (at > 0 && t->buf[at - 1] != '\n')
		at--;
	return t->len - at;
}

static void
spaces(struct ctl_text *t, size_t n)
{
	while (n-- > 0)
		append(t, " ", 1);
}

void
ctl_text_init(struct ctl_text *t, char *buf, size_t max)
{
	*t = (struct ctl_text){.buf = buf, .max = max};
	buf[0] = '\0';
}

void
ctl_text_put(struct ctl_text *t, const char *s)
{
	append(t, s, strlen(s));
}

void
ctl_text_printf(struct ctl_text *t, const char *fmt, ...)
{
	size_t room = t->max - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		t->buf[t->len] = '\0';
		return;
	}
	if ((size_t)n >= room) {
		t->full = true;
		n = (int)(room - 1);
	}
	t->len += (size_t)n;
}

void
ctl_text_escape(struct ctl_text *t, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char seq[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

		if (c == '\\')
			append(t, "\\\\", 2);
		else if (c >= 0x20 && c < 0x7f)
			append(t, &s[i], 1);
		else
			append(t, seq, sizeof seq);
	}
}

void
ctl_text_pad(struct ctl_text *t, size_t col)
{
	size_t at = column(t);

	if (at < col)
		spaces(t, col - at);
	else if (at > 0)
		spaces(t, 1);
}

void
ctl_text_right(struct ctl_text *t, size_t col, const char *s)
{
	size_t at = column(t), len = strlen(s);

	if (at + len + (at > 0) <= col)
		spaces(t, col - at - len);
	else if (at > 0)
		spaces(t, 1);
	append(t, s, len);
}

/* Four significant digits at most, never fewer than the ns has. */
static const char *
quantity(char buf[CTL_QTY_MAX], double s, bool sign)
{
	static const struct {
		double below, scale;
		const char *unit;
	} steps[] = {
	    {0.9995e-6, 1e9, "ns"},
	    {0.99995e-3, 1e6, "us"},
	    {0.99995, 1e3, "ms"},
	    {9999.95, 1, "s"},
	    {1e6, 1.0 / 3600, "h"},
	    {HUGE_VAL, 1.0 / 86400, "d"},
	};
	double size = fabs(s), v;
	size_t i = 0;
	int places;

	if (!isfinite(s) || size > 1e15)
		return strcpy(buf, "-");
	while (size >= steps[i].below)
		i++;
	v = s * steps[i].scale;
	size = fabs(v);
	places = size < 9.9995 ? 3 : size < 99.995 ? 2 : size < 999.95 ? 1 : 0;
	if (i == 0)
		places = 0;
	/* A zero has no sign. */
	if (i == 0 && size < 0.5) {
		v = 0;
		sign = false;
	}
	snprintf(buf, CTL_QTY_MAX, sign ? "%+.*f %s" : "%.*f %s", places, v,
	    steps[i].unit);
	return buf;
}

const char *
ctl_text_seconds(char buf[CTL_QTY_MAX], double s)
{
	return quantity(buf, s, false);
}

const char *
ctl_text_offset(char buf[CTL_QTY_MAX], double s)
{
	return quantity(buf, s, true);
}

const char *
ctl_text_ppm(char buf[CTL_QTY_MAX], double sps)
{
	if (!isfinite(sps) || fabs(sps) > 1)
		return strcpy(buf, "-");
	snprintf(buf, CTL_QTY_MAX, "%+.3f ppm", sps * 1e6);
	return buf;
}

const char *
ctl_text_age(char buf[CTL_QTY_MAX], double s)
{
	if (!isfinite(s) || s < 0)
		return strcpy(buf, "never");
	if (s < 999.5)
		snprintf(buf, CTL_QTY_MAX, "%.0f s", s);
	else if (s < 100 * 60)
		snprintf(buf, CTL_QTY_MAX, "%.0f min", s / 60);
	else if (s < 100 * 3600)
		snprintf(buf, CTL_QTY_MAX, "%.1f h", s / 3600);
	else
		snprintf(buf, CTL_QTY_MAX, "%.0f d", fmin(s / 86400, 1e9));
	return buf;
}

/* Days since 1970 to a Gregorian date, counting years from March so that
 * the leap day is the last; gmtime() may open the zone files. */
static void
civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

const char *
ctl_text_date(char buf[CTL_DATE_MAX], int64_t unix_s)
{
	int year, month, day, in_day;

	if (unix_s < 0 || unix_s > 253402300799)
		return strcpy(buf, "-");
	civil(unix_s / 86400, &year, &month, &day);
	in_day = (int)(unix_s % 86400);
	snprintf(buf, CTL_DATE_MAX, "%04d-%02d-%02d %02d:%02d:%02d", year,
	    month, day, in_day / 3600, in_day / 60 % 60, in_day % 60);
	return buf;
}

const char *
ctl_text_refid(char buf[CTL_QTY_MAX], uint32_t ref_id, unsigned stratum)
{
	struct ctl_text t;
	char raw[4];
	size_t len = 4;

	for (size_t i = 0; i < 4; i++)
		raw[i] = (char)(ref_id >> (24 - 8 * i) & 0xff);
	ctl_text_init(&t, buf, CTL_QTY_MAX);
	if (stratum > 1) {
		ctl_text_printf(&t, "%u.%u.%u.%u", ref_id >> 24,
		    ref_id >> 16 & 0xff, ref_id >> 8 & 0xff, ref_id & 0xff);
		return buf;
	}
	while (len > 0 && raw[len - 1] == '\0')
		len--;
	ctl_text_escape(&t, raw, len);
	return buf;
}

const char *
ctl_text_leap(unsigned leap)
{
	static const char *const names[] = {
	    "normal", "insert", "delete", "unsynchronised"};

	return names[leap < 3 ? leap : 3];
}

const char *
ctl_text_aead(char buf[CTL_QTY_MAX], unsigned id)
{
	static const struct {
		unsigned id;
		const char *name;
	} names[] = {
	    {15, "AES-SIV-CMAC-256"},
	    {16, "AES-SIV-CMAC-384"},
	    {17, "AES-SIV-CMAC-512"},
	    {30, "AES-128-GCM-SIV"},
	    {31, "AES-256-GCM-SIV"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].id == id)
			return strcpy(buf, names[i].name);
	snprintf(buf, CTL_QTY_MAX, "AEAD %u", id);
	return buf;
}
