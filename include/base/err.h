/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error codes, few on purpose: one per way in which the caller may react.
 * A bad packet is not an error of ours; it is a reason and a counter.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum {
	ERR_AGAIN = -1,   /* nothing wrong, not now: try again later */
	ERR_BAD = -2,     /* the input is malformed */
	ERR_AUTH = -3,    /* the input does not authenticate */
	ERR_FULL = -4,    /* no room in a fixed table or buffer */
	ERR_ABSENT = -5,  /* no such thing: not found, or not offered here */
	ERR_SYSTEM = -6,  /* a system call failed; errno says which way */
	ERR_CLOSED = -7,  /* the other side is gone */
	ERR_DENIED = -8,  /* the rules in force do not allow it */
	ERR_LIBRARY = -9, /* a library refused; its own error text is logged */
	ERR_MIN = -9,
};

/**
 * err_text - a few words for an error code, for logs.
 * @err: 0 or an ERR_ code.
 * Return: a constant string, never NULL.
 */
const char *err_text(int err);

#endif
