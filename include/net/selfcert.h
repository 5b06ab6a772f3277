/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A private certificate authority and a server certificate under it, for a
 * lab or a demonstration: EC P-256, SHA-256, PEM.
 */
#ifndef NET_SELFCERT_H
#define NET_SELFCERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define NET_SELFCERT_NAME_MAX 32
#define NET_SELFCERT_PEM_MAX  4096

/* @ca, @ca_key: PEM of an authority to use again, or both NULL to make
 * one.  @names: DNS names and numeric addresses; the first is the common
 * name. */
struct net_selfcert_ask {
	const char *const *names;
	size_t name_cnt;
	int64_t not_before_s;
	int64_t not_after_s;
	const char *ca;
	const char *ca_key;
};

/* NUL-terminated PEM texts. */
struct net_selfcert {
	char ca[NET_SELFCERT_PEM_MAX];
	char ca_key[NET_SELFCERT_PEM_MAX];
	char cert[NET_SELFCERT_PEM_MAX];
	char cert_key[NET_SELFCERT_PEM_MAX];
};

/**
 * net_selfcert_make - make them.
 * Return: 0; ERR_BAD (a name that cannot be in a certificate, none, or
 * too many); ERR_LIBRARY; out is wiped on error.
 */
int net_selfcert_make(
    const struct net_selfcert_ask *ask, struct net_selfcert *out) MUST_CHECK;

#endif
