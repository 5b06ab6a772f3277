/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap second lists: the published one and the time zone database's agree,
 * whatever is cut off, out of order or absurd is refused as a whole.  Hostile
 * cases Q1, Q2 (dates after 2036 and 2038) and Q5 (expiry).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "conf/leaplist.h"

#define S     TSTAMP_NS_PER_S
#define TEXT  "tests/data/leap-seconds.list"
#define TZIF  "tests/data/right-UTC.tzif"
#define Y2017 1483228800LL
#define Y2036 2082758400LL /* 2036-01-01 */
#define JUL36 2098483200LL
#define HEAD  "#@ 4400000000\n2272060800 10\n"
#define END   "#h 0\n"

static size_t
load(const char *path, char buf[8192])
{
	FILE *f = fopen(path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(buf, 1, 8192, f);
	fclose(f);
	assert_in_range(len, 100, 8000);
	return len;
}

static struct wall
at(int64_t s)
{
	return (struct wall){s * S};
}

static int
parse(struct conf_leaplist *l, const char *text)
{
	return conf_leaplist_parse(l, text, strlen(text));
}

static void
both_files_agree(void **state)
{
	struct conf_leaplist text, tz;
	struct conf_leap_outlook o;
	char buf[8192];

	(void)state;
	assert_int_equal(conf_leaplist_parse(&text, buf, load(TEXT, buf)), 0);
	assert_int_equal(conf_leaplist_parse(&tz, buf, load(TZIF, buf)), 0);
	assert_int_equal(text.cnt, 27);
	assert_int_equal(tz.cnt, 27);
	for (unsigned i = 0; i < 27; i++) {
		assert_int_equal(text.leap[i].at_s, tz.leap[i].at_s);
		assert_int_equal(
		    text.leap[i].tai_offset_s, tz.leap[i].tai_offset_s);
	}
	assert_int_equal(text.expires_s, 4023129600LL - 2208988800LL);
	assert_int_equal(tz.expires_s, CONF_LEAPLIST_NEVER);
	/* The last one, from both sides. */
	assert_int_equal(conf_leaplist_look(&text, at(Y2017 - 1), &o), 0);
	assert_int_equal(o.next.ns, Y2017 * S);
	assert_int_equal(o.sense, 1);
	assert_int_equal(o.tai_offset_s, 36);
	assert_int_equal(o.last.ns, 1435708800 * S);
	assert_int_equal(o.last_sense, 1);
	assert_int_equal(conf_leaplist_look(&text, at(Y2017), &o), 0);
	assert_int_equal(o.next.ns, 0);
	assert_int_equal(o.sense, 0);
	assert_int_equal(o.tai_offset_s, 37);
	assert_int_equal(o.last.ns, Y2017 * S);
	assert_int_equal(o.last_sense, 1);
	/* Before there was UTC as we know it. */
	assert_int_equal(conf_leaplist_look(&tz, at(1), &o), 0);
	assert_int_equal(o.tai_offset_s, 0);
	assert_int_equal(o.last.ns, 0);
	assert_int_equal(o.last_sense, 0);
	assert_int_equal(o.next.ns, 78796800 * S);
	assert_int_equal(o.expires.ns, INT64_MAX);
}

static void
q5_expiry(void **state)
{
	struct conf_leaplist l;
	struct conf_leap_outlook o;
	char buf[8192];

	(void)state;
	assert_int_equal(conf_leaplist_parse(&l, buf, load(TEXT, buf)), 0);
	assert_int_equal(conf_leaplist_look(&l, at(l.expires_s - 1), &o), 0);
	assert_int_equal(
	    conf_leaplist_look(&l, at(l.expires_s), &o), ERR_ABSENT);
	assert_int_equal(o.expires.ns, l.expires_s * S);
	assert_int_equal(o.tai_offset_s, 37);
}

static void
q1_q2_after_2036(void **state)
{
	struct conf_leaplist l;
	struct conf_leap_outlook o;

	(void)state;
	/* Seconds since 1900 beyond 2^32, and a deletion. */
	assert_int_equal(parse(&l,
			     "#@ 4600000000\n2272060800\t10 # 1972\n"
			     "4291747200 11\n4307472000 10\r\n"
			     "4449600000 11\n" END),
	    0);
	assert_int_equal(l.cnt, 3);
	assert_int_equal(conf_leaplist_look(&l, at(Y2036), &o), 0);
	assert_int_equal(o.next.ns, JUL36 * S);
	assert_int_equal(o.sense, -1);
	assert_int_equal(o.tai_offset_s, 11);
	assert_int_equal(conf_leaplist_look(&l, at(JUL36), &o), 0);
	assert_int_equal(o.sense, 1);
	assert_true(o.next.ns > (int64_t)INT32_MAX * S); /* after 2038 */
	assert_int_equal(o.tai_offset_s, 10);
	assert_int_equal(o.last.ns, JUL36 * S);
	assert_int_equal(o.last_sense, -1);
}

static void
text_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "\n",
	    "# nothing\n",
	    "2272060800 10\n" END,                /* no expiry */
	    "#@ 4400000000\n" END,                /* no beginning */
	    HEAD,                                 /* no end */
	    "#@ 4400000000\n2272060800 10\n#h",   /* cut off */
	    "#@ 4400000000\n2287785600 11\n" END, /* begins too late */
	    "#@ 4400000000\n2272060800 11\n" END, /* with a wrong offset */
	    "#@ 4400000000\n" HEAD END,           /* expires twice */
	    "#@ never\n2272060800 10\n" END,
	    "#@ 1\n2272060800 10\n" END, /* before it begins */
	    "#@ -5\n2272060800 10\n" END,
	    "#@ 99999999999999999999\n2272060800 10\n" END,
	    HEAD "2287785600\n" END,
	    HEAD "2287785600 11 x\n" END,
	    HEAD "2287785600 1x\n" END,
	    HEAD "2287785600 -11\n" END,
	    HEAD "2287785600 10\n" END, /* no leap */
	    HEAD "2287785600 12\n" END, /* two at once */
	    HEAD "2287785601 11\n" END, /* not at midnight */
	    HEAD "2287872000 11\n" END, /* not on a first */
	    HEAD "18446744073709551616 11\n" END,
	    HEAD "999999993600 11\n" END,
	    HEAD "2303683200 11\n2287785600 12\n" END, /* unsorted */
	    HEAD "2287785600 11\n2287785600 12\n" END, /* twice */
	    HEAD "\x01\n" END,
	};
	struct conf_leaplist l, none;

	(void)state;
	memset(&none, 0, sizeof none);
	assert_int_equal(parse(&l, HEAD "2287785600 11\n" END), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memset(&l, 0x55, sizeof l);
		if (parse(&l, bad[i]) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_memory_equal(&l, &none, sizeof l);
	}
}

/* More leap seconds than there is room for. */
static void
too_many(void **state)
{
	char text[8192] = HEAD;
	struct conf_leaplist l;
	size_t len = strlen(text);
	int64_t year_s = 2272060800; /* 1972-01-01 */

	(void)state;
	for (int i = 1; i <= CONF_LEAPLIST_MAX + 1; i++) {
		int year = 1972 + i;
		char *end = text + len;

		year_s += (((year - 1) % 4 == 0) ? 366 : 365) * 86400LL;
		len += (size_t)snprintf(end, sizeof text - len, "%lld %d\n" END,
		    (long long)year_s, 10 + i);
		assert_int_equal(conf_leaplist_parse(&l, text, len),
		    i <= CONF_LEAPLIST_MAX ? 0 : ERR_BAD);
	}
}

static void
cut_anywhere(const char *path)
{
	struct conf_leaplist l;
	char buf[8192];
	size_t len = load(path, buf);

	for (size_t i = 0; i < len; i++) {
		char *part = malloc(i + 1); /* so that a sanitizer sees */

		assert_non_null(part);
		memcpy(part, buf, i);
		assert_int_equal(conf_leaplist_parse(&l, part, i), ERR_BAD);
		free(part);
	}
	assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
}

static void
every_truncation(void **state)
{
	(void)state;
	cut_anywhere(TEXT);
	cut_anywhere(TZIF);
}

struct record {
	int64_t at;
	int32_t corr;
};

/* A file of one version, with these leap seconds. */
static size_t
tzif(uint8_t version, const struct record *r, uint32_t cnt, uint8_t *buf)
{
	struct bytes_out out;

	bytes_out_init(&out, buf, 4096);
	for (uint32_t block = version == 0; block < 2; block++) {
		bytes_put_raw(&out, "TZif", 4);
		bytes_put_u8(&out, version);
		bytes_put_zero(&out, 15);
		bytes_put_u32(&out, 1);
		bytes_put_u32(&out, 1);
		bytes_put_u32(&out, block ? cnt : 0);
		bytes_put_u32(&out, block); /* a transition */
		bytes_put_u32(&out, 1);
		bytes_put_u32(&out, 4);
		bytes_put_zero(&out, block ? (version ? 9 : 5) : 0);
		bytes_put_zero(&out, 6);
		bytes_put_raw(&out, "UTC", 4);
		for (uint32_t i = 0; block && i < cnt; i++) {
			if (version)
				bytes_put_u64(&out, (uint64_t)r[i].at);
			else
				bytes_put_u32(&out, (uint32_t)r[i].at);
			bytes_put_u32(&out, (uint32_t)r[i].corr);
		}
		bytes_put_zero(&out, 2);
	}
	if (version)
		bytes_put_raw(&out, "\nUTC0\n", 6);
	assert_false(out.bad);
	return out.pos;
}

static void
tzif_versions(void **state)
{
	/* Inserted, inserted, deleted, then the day it expires. */
	static const struct record r[] = {
	    {78796800, 1}, {94694401, 2}, {Y2036 + 1, 1}, {2200000001, 1}};
	struct conf_leaplist l;
	uint8_t buf[4096];
	size_t len;

	(void)state;
	len = tzif(0, r, 2, buf);
	assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
	assert_int_equal(l.cnt, 2);
	assert_int_equal(l.leap[1].at_s, 94694400);
	assert_int_equal(l.leap[1].tai_offset_s, 12);
	assert_int_equal(conf_leaplist_parse(&l, buf, len - 1), ERR_BAD);
	len = tzif('4', r, 4, buf);
	assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
	assert_int_equal(l.cnt, 3);
	assert_int_equal(l.leap[2].at_s, Y2036);
	assert_int_equal(l.leap[2].tai_offset_s, 11);
	assert_int_equal(l.expires_s, 2200000000);
	len = tzif('2', r, 3, buf);
	assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
	/* Only version 4 knows of expiry. */
	len = tzif('2', r, 4, buf);
	assert_int_equal(conf_leaplist_parse(&l, buf, len), ERR_BAD);
}

static void
tzif_refused(void **state)
{
	static const struct record bad[][2] = {{{78796800, 2}, {0, 0}},
	    {{78796801, 1}, {0, 0}},
	    {{78796800, 1}, {94694400, 2}}, /* leap second not counted */
	    {{78796800, 1}, {94694401, 3}}, {{94694400, 1}, {78796801, 2}},
	    {{-1, 1}, {94694401, 2}}, {{INT64_MAX, 1}, {0, 0}},
	    {{78796800, INT32_MIN}, {0, 0}}, {{78796800, INT32_MAX}, {0, 0}},
	    {{78796800, 1}, {INT64_MIN, 2}}};
	struct conf_leaplist l;
	uint8_t buf[4096];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		len = tzif('2', bad[i], bad[i][1].at ? 2 : 1, buf);
		if (conf_leaplist_parse(&l, buf, len) != ERR_BAD)
			fail_msg("taken: %zu", i);
	}
	len = tzif('2', bad[0], 0, buf); /* UTC that knows of none */
	assert_int_equal(conf_leaplist_parse(&l, buf, len), ERR_BAD);
	/* Counts that would overflow any sum. */
	for (size_t at = 20; at < 44; at += 4) {
		len = tzif(0, (const struct record[]){{78796800, 1}}, 1, buf);
		assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
		memset(buf + at, 0xff, 4);
		assert_int_equal(conf_leaplist_parse(&l, buf, len), ERR_BAD);
	}
	len = tzif(0, (const struct record[]){{78796800, 1}}, 1, buf);
	buf[4] = 'x';
	assert_int_equal(conf_leaplist_parse(&l, buf, len), ERR_BAD);
}

static void
too_long(void **state)
{
	size_t len = CONF_LEAPLIST_FILE_LEN;
	char *buf = malloc(len + 1);
	struct conf_leaplist l;

	(void)state;
	assert_non_null(buf);
	memset(buf, '\n', len + 1);
	memcpy(buf, HEAD END, strlen(HEAD END));
	assert_int_equal(conf_leaplist_parse(&l, buf, len), 0);
	assert_int_equal(conf_leaplist_parse(&l, buf, len + 1), ERR_BAD);
	free(buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_files_agree),
	    cmocka_unit_test(q5_expiry),
	    cmocka_unit_test(q1_q2_after_2036),
	    cmocka_unit_test(text_refused),
	    cmocka_unit_test(too_many),
	    cmocka_unit_test(every_truncation),
	    cmocka_unit_test(tzif_versions),
	    cmocka_unit_test(tzif_refused),
	    cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
