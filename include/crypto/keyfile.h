/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a symmetric key file as chrony.keys(5) has them: "ID [TYPE] KEY",
 * the key as ASCII, "ASCII:..." or "HEX:...".  Without a type it is MD5.
 */
#ifndef CRYPTO_KEYFILE_H
#define CRYPTO_KEYFILE_H

#include "base/err.h"
#include "crypto/mac.h"

/**
 * crypto_keyfile_parse_line - one line, with or without its line end.
 * @key:  zeroed on failure; the caller wipes it when done.
 * @line: NUL-terminated, borrowed.
 * @why:  on ERR_BAD what is wrong, a constant that holds no secret; may be
 *        NULL.
 * Return: 0; ERR_ABSENT for a blank line or a comment; ERR_BAD.
 */
int crypto_keyfile_parse_line(
    struct crypto_mac_key *key, const char *line, const char **why) MUST_CHECK;

#endif
