/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leap seconds there have been and the next one, from one of two files:
 * leap-seconds.list as the IERS publishes it, and the time zone database's
 * right/UTC (TZif, RFC 9636).  Who can write these files can announce a leap
 * second: the checksum in the one is no proof and is not looked at.
 * Everything odd is refused as a whole; a list that is only half understood
 * would be worse than none.
 */
#ifndef CONF_LEAPLIST_H
#define CONF_LEAPLIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

#define CONF_LEAPLIST_MAX      64 /* leap seconds */
#define CONF_LEAPLIST_FILE_LEN (256U * 1024)
#define CONF_LEAPLIST_FIRST    63072000LL /* 1972-01-01, TAI - UTC is 10 s */
#define CONF_LEAPLIST_NEVER    INT64_MAX  /* the list names no end */

/* @at_s: the first second after it (midnight UTC), as time_t counts.
 * @tai_offset_s: TAI - UTC from there on. */
struct conf_leap {
	int64_t at_s;
	int32_t tai_offset_s;
};

/* In the order of time; @expires_s: nothing is known from then on. */
struct conf_leaplist {
	struct conf_leap leap[CONF_LEAPLIST_MAX];
	uint32_t cnt;
	int64_t expires_s;
};

/* What holds at a moment.  @next: the first instant after the next leap
 * second, ns 0 when none is listed; @sense: +1 it is inserted, -1 deleted,
 * 0 none.  @tai_offset_s: TAI - UTC until then; 0 before 1972.
 * @expires: ns INT64_MAX: never. */
struct conf_leap_outlook {
	struct wall next;
	struct wall expires;
	struct wall last; /* as next, of the one before; ns 0 none */
	int32_t tai_offset_s;
	int8_t sense;
	int8_t last_sense;
};

/**
 * conf_leaplist_parse - read either format; which one, the first bytes say.
 * Return: 0, ERR_BAD (l is then empty).
 */
int conf_leaplist_parse(
    struct conf_leaplist *l, const void *data, size_t len) MUST_CHECK;

/**
 * conf_leaplist_check - whether a list is one that _parse may give: sorted,
 * one second at a time, at the beginning of months.
 * Return: 0, ERR_BAD.
 */
int conf_leaplist_check(const struct conf_leaplist *l) MUST_CHECK;

/**
 * conf_leaplist_look - what the list says of a moment.
 * Return: 0; ERR_ABSENT when the list has expired by then (out is filled all
 * the same: the past does not expire).
 */
int conf_leaplist_look(const struct conf_leaplist *l, struct wall now,
    struct conf_leap_outlook *out) MUST_CHECK;

#endif
