/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people: a bounded writer, quantities with their unit, names of
 * protocol values, and the escaping of everything that came from outside.
 * What is written through here is printable ASCII, newlines and nothing else.
 */
#ifndef CTL_TEXT_H
#define CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A writer into borrowed memory; buf is always NUL-terminated.
 * @full: something did not fit and was left out. */
struct ctl_text {
	char *buf;
	size_t max;
	size_t len;
	bool full;
};

#define CTL_QTY_MAX  32 /* a quantity with its unit and the NUL */
#define CTL_DATE_MAX 32

/**
 * ctl_text_init - write into max bytes at buf, max > 0; borrowed.
 */
void ctl_text_init(struct ctl_text *t, char *buf, size_t max);

/**
 * ctl_text_put - append a string of ours as it is.
 */
void ctl_text_put(struct ctl_text *t, const char *s);

/**
 * ctl_text_printf - append formatted text of ours.
 */
void ctl_text_printf(struct ctl_text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * ctl_text_escape - append text from outside: what is not printable ASCII
 * becomes \xNN, a backslash is doubled.
 */
void ctl_text_escape(struct ctl_text *t, const char *s, size_t len);

/**
 * ctl_text_pad - append spaces until col characters stand after the last
 * newline; at least one when text precedes.
 */
void ctl_text_pad(struct ctl_text *t, size_t col);

/**
 * ctl_text_right - append s right-aligned so that it ends at column col of
 * the line, after at least one space when text precedes.
 */
void ctl_text_right(struct ctl_text *t, size_t col, const char *s);

/**
 * ctl_text_seconds - an interval in the unit that reads best ("12.3 us",
 * "1.204 ms"); "-" for what is not a finite number.
 * Return: buf.
 */
const char *ctl_text_seconds(char buf[CTL_QTY_MAX], double s);

/**
 * ctl_text_offset - as ctl_text_seconds with the sign always shown.
 */
const char *ctl_text_offset(char buf[CTL_QTY_MAX], double s);

/**
 * ctl_text_ppm - a frequency, given in s/s, in ppm with its sign.
 */
const char *ctl_text_ppm(char buf[CTL_QTY_MAX], double sps);

/**
 * ctl_text_age - whole seconds, minutes, hours or days ("47 s", "3.2 h");
 * "never" when negative.
 */
const char *ctl_text_age(char buf[CTL_QTY_MAX], double s);

/**
 * ctl_text_date - "2026-03-01 12:00:00" UTC; "-" outside years 1970..9999.
 */
const char *ctl_text_date(char buf[CTL_DATE_MAX], int64_t unix_s);

/**
 * ctl_text_refid - a reference id for a person: the clock's letters at
 * stratum 0 and 1, else as an IPv4 address (of an IPv6 source it is a hash).
 */
const char *ctl_text_refid(
    char buf[CTL_QTY_MAX], uint32_t ref_id, unsigned stratum);

/**
 * ctl_text_leap - "normal", "insert", "delete" or "unsynchronised".
 */
const char *ctl_text_leap(unsigned leap);

/**
 * ctl_text_aead - the short name of an AEAD number, "AEAD n" written to buf
 * for one without.
 */
const char *ctl_text_aead(char buf[CTL_QTY_MAX], unsigned id);

#endif
