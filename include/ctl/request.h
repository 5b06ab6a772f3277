/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status protocol on the control socket.  The client sends one line,
 * "VERB\n" or "VERB json\n"; the daemon answers with a head of fixed length,
 * the exit code for the client and the length of what follows, then that
 * many bytes of ASCII, and closes.  Nothing else is ever read: one request
 * per connection, CTL_REQUEST_MAX bytes at most.
 */
#ifndef CTL_REQUEST_H
#define CTL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CTL_REQUEST_MAX 32
#define CTL_HEAD_LEN    22           /* "truenoon 1 C LLLLLLLL\n" */
#define CTL_ANSWER_MAX  (256 * 1024) /* head included */

enum ctl_verb {
	CTL_STATUS,
	CTL_SOURCES,
	CTL_TRACKING,
	CTL_SERVERSTATS,
	CTL_NTS,
	CTL_CLIENTS,
	CTL_VERB_CNT,
};

/* Exit codes that an answer may ask of the client. */
enum ctl_code {
	CTL_CODE_OK = 0,
	CTL_CODE_FAILED = 1,   /* the daemon could not answer */
	CTL_CODE_USAGE = 2,    /* not a request this daemon knows */
	CTL_CODE_UNSYNCED = 3, /* status: answered, but not synchronised */
};

struct ctl_request {
	enum ctl_verb verb;
	bool json;
};

/**
 * ctl_request_parse - the request in len bytes received so far.
 * Return: 0; ERR_AGAIN when the line is not complete yet; ERR_BAD for
 * anything else than one known request.  CTL_REQUEST_MAX bytes without a
 * newline are ERR_BAD.
 */
int ctl_request_parse(
    struct ctl_request *r, const char *data, size_t len) MUST_CHECK;

/**
 * ctl_request_format - the line to send, NUL-terminated.
 * Return: its length.
 */
size_t ctl_request_format(
    char buf[CTL_REQUEST_MAX], const struct ctl_request *r);

/**
 * ctl_request_verb - the name of a verb, NULL past the last.
 */
const char *ctl_request_verb(unsigned verb);

/**
 * ctl_head_format - exactly CTL_HEAD_LEN bytes at buf, no NUL.
 */
void ctl_head_format(char *buf, enum ctl_code code, size_t body_len);

/**
 * ctl_head_parse - read a head of CTL_HEAD_LEN bytes.
 * Return: 0 or ERR_BAD.
 */
int ctl_head_parse(
    const char *buf, enum ctl_code *code, size_t *body_len) MUST_CHECK;

#endif
