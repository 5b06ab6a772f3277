/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A JSON writer (RFC 8259) over the bounded text writer.  It places commas
 * and indentation itself; the caller opens and closes in pairs.  Output is
 * ASCII: everything else is escaped, bytes that are not UTF-8 become U+FFFD.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/text.h"

#define CTL_JSON_DEPTH 8

/* @used: whether the open value at each depth has a member already. */
struct ctl_json {
	struct ctl_text *out;
	unsigned depth;
	bool used[CTL_JSON_DEPTH + 1];
};

/* In all calls key is NULL inside an array and at the top. */

/**
 * ctl_json_init - write one document to out; borrowed.
 */
void ctl_json_init(struct ctl_json *j, struct ctl_text *out);

/**
 * ctl_json_open, ctl_json_close - kind is '{' or '[', then '}' or ']'.
 */
void ctl_json_open(struct ctl_json *j, const char *key, char kind);
void ctl_json_close(struct ctl_json *j, char kind);

/**
 * ctl_json_string - s NULL or empty gives null.
 */
void ctl_json_string(struct ctl_json *j, const char *key, const char *s);

/**
 * ctl_json_int, _bool, _null - the value as it is.
 */
void ctl_json_int(struct ctl_json *j, const char *key, int64_t v);
void ctl_json_uint(struct ctl_json *j, const char *key, uint64_t v);
void ctl_json_bool(struct ctl_json *j, const char *key, bool v);
void ctl_json_null(struct ctl_json *j, const char *key);

/**
 * ctl_json_seconds - seconds to the nanosecond; not finite gives null.
 */
void ctl_json_seconds(struct ctl_json *j, const char *key, double s);

/**
 * ctl_json_number - nine significant digits; not finite gives null.
 */
void ctl_json_number(struct ctl_json *j, const char *key, double v);

#endif
