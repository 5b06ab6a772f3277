/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap second lists.  The text counts seconds since 1900 as NTP does, but
 * never starts again at zero; TZif counts leap seconds in, so that each
 * record must be set back by those before it (RFC 9636 section 3.2).
 */
#include "conf/leaplist.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

#define DAY_S       86400
#define AT_MAX_S    (INT64_MAX / TSTAMP_NS_PER_S) /* 2262 */
#define TAI_FIRST_S 10
#define TAI_MIN_S   (-128)
#define TAI_MAX_S   255
#define NUMBER_MAX  (1LL << 50)
#define TZIF_MAGIC  0x545a6966U /* "TZif" */

static struct wall
wall_of(int64_t s)
{
	struct wall w = {INT64_MAX};

	if (s < AT_MAX_S)
		w.ns = s * TSTAMP_NS_PER_S;
	return w;
}

int
conf_leaplist_check(const struct conf_leaplist *l)
{
	int64_t last_s = CONF_LEAPLIST_FIRST;
	int32_t tai = TAI_FIRST_S;

	if (l->cnt > CONF_LEAPLIST_MAX || l->expires_s <= last_s)
		return ERR_BAD;
	for (uint32_t i = 0; i < l->cnt; i++) {
		const struct conf_leap *p = &l->leap[i];
		int64_t by = (int64_t)p->tai_offset_s - tai;

		if (p->at_s <= last_s || p->at_s >= AT_MAX_S ||
		    p->at_s % DAY_S != 0 ||
		    tstamp_wall_mday(wall_of(p->at_s)) != 1 ||
		    (by != 1 && by != -1) || p->tai_offset_s < TAI_MIN_S ||
		    p->tai_offset_s > TAI_MAX_S)
			return ERR_BAD;
		last_s = p->at_s;
		tai = p->tai_offset_s;
	}
	return 0;
}

static bool
append(struct conf_leaplist *l, int64_t at_s, int64_t tai_offset_s)
{
	if (l->cnt == CONF_LEAPLIST_MAX || tai_offset_s < TAI_MIN_S ||
	    tai_offset_s > TAI_MAX_S)
		return false;
	l->leap[l->cnt].at_s = at_s;
	l->leap[l->cnt].tai_offset_s = (int32_t)tai_offset_s;
	l->cnt++;
	return true;
}

/* ---- leap-seconds.list ---- */

struct text {
	const char *at;
	const char *end; /* of the line */
};

/* @first: the line that says with what TAI - UTC began. */
struct seen {
	bool first;
	bool hash;
};

static void
skip_blanks(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
}

/* A run of digits, with a blank or the end of the line after it. */
static bool
take_number(struct text *t, int64_t *v)
{
	const char *from;

	*v = 0;
	skip_blanks(t);
	from = t->at;
	while (t->at < t->end && *t->at >= '0' && *t->at <= '9') {
		*v = *v * 10 + (*t->at++ - '0');
		if (*v > NUMBER_MAX)
			return false;
	}
	return t->at > from &&
	    (t->at == t->end || *t->at == ' ' || *t->at == '\t');
}

static bool
ends(struct text *t)
{
	skip_blanks(t);
	return t->at == t->end || *t->at == '#';
}

/* What follows '#': the expiry, "#@ seconds", and the hash, which the list
 * ends with: without it something has been cut off. */
static bool
take_comment(struct conf_leaplist *l, struct text *t, struct seen *seen)
{
	int64_t v;

	if (t->at < t->end && *t->at == 'h')
		seen->hash = true;
	if (t->at == t->end || *t->at != '@')
		return true;
	t->at++;
	if (l->expires_s != 0 || !take_number(t, &v) || !ends(t))
		return false;
	l->expires_s = v - TSTAMP_UNIX_OFFSET_S;
	return l->expires_s > 0;
}

static bool
take_line(struct conf_leaplist *l, struct text *t, struct seen *seen)
{
	int64_t at, tai;

	if (ends(t)) {
		if (t->at == t->end)
			return true;
		t->at++;
		return take_comment(l, t, seen);
	}
	if (!take_number(t, &at) || !take_number(t, &tai) || !ends(t))
		return false;
	at -= TSTAMP_UNIX_OFFSET_S;
	if (seen->first)
		return append(l, at, tai);
	seen->first = true;
	return at == CONF_LEAPLIST_FIRST && tai == TAI_FIRST_S;
}

static int
parse_text(struct conf_leaplist *l, const char *text, size_t len)
{
	const char *end = text + len;
	struct seen seen = {false, false};

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		struct text line = {text, nl ? nl : end};

		if (!nl)
			return ERR_BAD; /* cut off */
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		if (!take_line(l, &line, &seen))
			return ERR_BAD;
		text = nl + 1;
	}
	return seen.first && seen.hash && l->expires_s != 0 ? 0 : ERR_BAD;
}

/* ---- TZif ---- */

struct tzif {
	uint8_t version; /* 0: the first, else a digit */
	uint32_t isut_cnt, isstd_cnt, leap_cnt, time_cnt, type_cnt, char_cnt;
};

static bool
take_head(struct bytes_in *in, struct tzif *h)
{
	uint32_t most;

	if (bytes_get_u32(in) != TZIF_MAGIC)
		return false;
	h->version = bytes_get_u8(in);
	bytes_take(in, 15);
	h->isut_cnt = bytes_get_u32(in);
	h->isstd_cnt = bytes_get_u32(in);
	h->leap_cnt = bytes_get_u32(in);
	h->time_cnt = bytes_get_u32(in);
	h->type_cnt = bytes_get_u32(in);
	h->char_cnt = bytes_get_u32(in);
	most = CONF_LEAPLIST_FILE_LEN; /* none can be longer than the file */
	return !in->bad && h->isut_cnt <= most && h->isstd_cnt <= most &&
	    h->leap_cnt <= most && h->time_cnt <= most && h->type_cnt <= most &&
	    h->char_cnt <= most &&
	    (h->version == 0 || (h->version >= '2' && h->version <= '9'));
}

/* Transitions, types and names, of which UTC has hardly any. */
static void
skip_zone(struct bytes_in *in, const struct tzif *h, size_t time_len)
{
	bytes_take(
	    in, h->time_cnt * (time_len + 1) + h->type_cnt * 6 + h->char_cnt);
}

static int64_t
take_time(struct bytes_in *in, size_t time_len)
{
	if (time_len == 8)
		return (int64_t)bytes_get_u64(in);
	return (int32_t)bytes_get_u32(in);
}

/* Since version 4 a last record that corrects nothing says when the list
 * expires. */
static bool
take_records(struct conf_leaplist *l, struct bytes_in *in, const struct tzif *h,
    size_t time_len)
{
	int32_t before = 0;

	for (uint32_t i = 0; i < h->leap_cnt && !in->bad; i++) {
		int64_t at = take_time(in, time_len);
		int32_t corr = (int32_t)bytes_get_u32(in);

		if (at <= 0 || at >= AT_MAX_S || corr > TAI_MAX_S ||
		    corr < TAI_MIN_S)
			return false;
		at -= before;
		if (corr == before) {
			l->expires_s = at;
			return h->version >= '4' && i + 1 == h->leap_cnt;
		}
		/* A deleted second has no moment of its own. */
		if (corr < before)
			at++;
		if (!append(l, at, TAI_FIRST_S + corr))
			return false;
		before = corr;
	}
	return !in->bad;
}

static int
parse_tzif(struct conf_leaplist *l, const void *data, size_t len)
{
	struct bytes_in in;
	struct tzif h;
	size_t time_len = 4;

	bytes_in_init(&in, data, len);
	if (!take_head(&in, &h))
		return ERR_BAD;
	if (h.version != 0) {
		uint8_t version = h.version;

		skip_zone(&in, &h, 4);
		bytes_take(&in, h.leap_cnt * 8 + h.isstd_cnt + h.isut_cnt);
		if (!take_head(&in, &h) || h.version != version)
			return ERR_BAD;
		time_len = 8;
	}
	skip_zone(&in, &h, time_len);
	if (in.bad || h.leap_cnt == 0 || !take_records(l, &in, &h, time_len))
		return ERR_BAD;
	bytes_take(&in, h.isstd_cnt + h.isut_cnt);
	if (in.bad)
		return ERR_BAD;
	/* What the version 2 footer says of UTC is nothing; but it is there. */
	if (h.version != 0 &&
	    (bytes_left(&in) < 2 || bytes_get_u8(&in) != '\n' ||
		((const uint8_t *)data)[len - 1] != '\n'))
		return ERR_BAD;
	if (h.version == 0 && bytes_left(&in) != 0)
		return ERR_BAD;
	if (l->expires_s == 0)
		l->expires_s = CONF_LEAPLIST_NEVER;
	return 0;
}

int
conf_leaplist_parse(struct conf_leaplist *l, const void *data, size_t len)
{
	int err = ERR_BAD;

	memset(l, 0, sizeof *l);
	if (len >= 4 && len <= CONF_LEAPLIST_FILE_LEN)
		err = memcmp(data, "TZif", 4) == 0 ? parse_tzif(l, data, len)
						   : parse_text(l, data, len);
	if (err == 0)
		err = conf_leaplist_check(l);
	if (err < 0)
		memset(l, 0, sizeof *l);
	return err;
}

/* The last leap second before entry @i. */
static void
look_back(
    const struct conf_leaplist *l, uint32_t i, struct conf_leap_outlook *out)
{
	int32_t before = i > 1 ? l->leap[i - 2].tai_offset_s : TAI_FIRST_S;

	if (i == 0)
		return;
	out->last = wall_of(l->leap[i - 1].at_s);
	out->last_sense = l->leap[i - 1].tai_offset_s > before ? 1 : -1;
}

int
conf_leaplist_look(const struct conf_leaplist *l, struct wall now,
    struct conf_leap_outlook *out)
{
	int32_t tai = TAI_FIRST_S;
	uint32_t i = 0;

	memset(out, 0, sizeof *out);
	out->expires = wall_of(l->expires_s);
	for (; i < l->cnt && wall_of(l->leap[i].at_s).ns <= now.ns; i++)
		tai = l->leap[i].tai_offset_s;
	if (now.ns >= wall_of(CONF_LEAPLIST_FIRST).ns)
		out->tai_offset_s = tai;
	look_back(l, i, out);
	if (i < l->cnt) {
		out->next = wall_of(l->leap[i].at_s);
		out->sense = l->leap[i].tai_offset_s > tai ? 1 : -1;
	}
	return now.ns < out->expires.ns ? 0 : ERR_ABSENT;
}
