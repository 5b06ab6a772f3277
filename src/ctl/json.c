/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A JSON writer, RFC 8259.  Output is ASCII only: text that is UTF-8 comes
 * out as \u escapes, bytes that are not as U+FFFD, so that no string from
 * the network can end the document or reach a terminal raw.
 */
#include "ctl/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The code point at s and its length; malformed input is one byte of it.
 * Overlong forms, surrogates and what is past U+10FFFF are malformed. */
static uint32_t
utf8_next(const unsigned char *s, size_t *len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1
	    : s[0] >> 5 == 6   ? 2
	    : s[0] >> 4 == 14  ? 3
	    : s[0] >> 3 == 30  ? 4
			       : 0;
	uint32_t c = n <= 1 ? s[0] : s[0] & (0x7fU >> n);

	*len = 1;
	if (n == 1)
		return c;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0xfffd;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n == 0 || c < least[n] || c > 0x10ffff || c >> 11 == 0x1b)
		return 0xfffd;
	*len = n;
	return c;
}

static void
put_code_point(struct ctl_text *t, uint32_t c)
{
	if (c == '"' || c == '\\')
		ctl_text_printf(t, "\\%c", (int)c);
	else if (c == '\n')
		ctl_text_put(t, "\\n");
	else if (c >= 0x20 && c < 0x7f)
		ctl_text_printf(t, "%c", (int)c);
	else if (c < 0x10000)
		ctl_text_printf(t, "\\u%04" PRIx32, c);
	else
		ctl_text_printf(t, "\\u%04" PRIx32 "\\u%04" PRIx32,
		    0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

static void
put_string(struct ctl_text *t, const char *s)
{
	const unsigned char *at = (const unsigned char *)s;
	size_t len;

	ctl_text_put(t, "\"");
	for (; *at; at += len)
		put_code_point(t, utf8_next(at, &len));
	ctl_text_put(t, "\"");
}

static void
newline(struct ctl_json *j)
{
	ctl_text_put(j->out, "\n");
	for (unsigned i = 0; i < j->depth; i++)
		ctl_text_put(j->out, "  ");
}

/* What stands before each value: comma, line, key. */
static void
lead_in(struct ctl_json *j, const char *key)
{
	if (j->used[j->depth])
		ctl_text_put(j->out, ",");
	j->used[j->depth] = true;
	if (j->depth > 0)
		newline(j);
	if (!key)
		return;
	put_string(j->out, key);
	ctl_text_put(j->out, ": ");
}

void
ctl_json_init(struct ctl_json *j, struct ctl_text *out)
{
	*j = (struct ctl_json){.out = out};
}

void
ctl_json_open(struct ctl_json *j, const char *key, char kind)
{
	lead_in(j, key);
	assert(j->depth < CTL_JSON_DEPTH);
	j->used[++j->depth] = false;
	ctl_text_put(j->out, kind == '{' ? "{" : "[");
}

void
ctl_json_close(struct ctl_json *j, char kind)
{
	bool used = j->used[j->depth];

	assert(j->depth > 0);
	j->depth--;
	if (used)
		newline(j);
	ctl_text_put(j->out, kind == '}' ? "}" : "]");
	if (j->depth == 0)
		ctl_text_put(j->out, "\n");
}

void
ctl_json_string(struct ctl_json *j, const char *key, const char *s)
{
	if (!s || !*s) {
		ctl_json_null(j, key);
		return;
	}
	lead_in(j, key);
	put_string(j->out, s);
}

void
ctl_json_int(struct ctl_json *j, const char *key, int64_t v)
{
	lead_in(j, key);
	ctl_text_printf(j->out, "%" PRId64, v);
}

void
ctl_json_uint(struct ctl_json *j, const char *key, uint64_t v)
{
	lead_in(j, key);
	ctl_text_printf(j->out, "%" PRIu64, v);
}

void
ctl_json_bool(struct ctl_json *j, const char *key, bool v)
{
	lead_in(j, key);
	ctl_text_put(j->out, v ? "true" : "false");
}

void
ctl_json_null(struct ctl_json *j, const char *key)
{
	lead_in(j, key);
	ctl_text_put(j->out, "null");
}

void
ctl_json_seconds(struct ctl_json *j, const char *key, double s)
{
	if (!isfinite(s) || fabs(s) > 1e15) {
		ctl_json_null(j, key);
		return;
	}
	lead_in(j, key);
	ctl_text_printf(j->out, "%.9f", s);
}

void
ctl_json_number(struct ctl_json *j, const char *key, double v)
{
	if (!isfinite(v)) {
		ctl_json_null(j, key);
		return;
	}
	lead_in(j, key);
	ctl_text_printf(j->out, "%.9g", v);
}
