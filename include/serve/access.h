/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may ask: the allow and deny rules of chrony.conf(5) as a compressed
 * binary trie per address family.  Rules count in the order of the file: the
 * most specific prefix that holds an address decides, of equal prefixes the
 * later one, and a rule with `all` first removes the earlier ones inside its
 * prefix.  Nobody is allowed without a rule.  A lookup takes at most one step
 * per address bit, however many rules there are.
 */
#ifndef SERVE_ACCESS_H
#define SERVE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

/* One directive.  @prefix: family ADDR_NONE is both families entirely, as in
 * `allow` without a subnet. */
struct serve_access_rule {
	struct addr_prefix prefix;
	bool allow; /* else deny */
	bool all;   /* with the word `all` */
};

struct serve_access;

/**
 * serve_access_new - build the tries; the only allocation.
 * @rules: in the order of the configuration, borrowed for the call; bits
 *         past the prefix length are ignored.
 * Return: owned; NULL without memory or when a prefix is malformed.
 */
struct serve_access *serve_access_new(
    const struct serve_access_rule *rules, size_t rule_cnt);

/**
 * serve_access_free - give it back; NULL is fine.
 */
void serve_access_free(struct serve_access *access);

/**
 * serve_access_allows - whether the rules allow a host; the port is ignored.
 * @access: NULL allows nobody.
 */
bool serve_access_allows(
    const struct serve_access *access, const struct addr *from);

/**
 * serve_access_any - whether there is a host that may ask: if not, no socket
 * need be opened.
 */
bool serve_access_any(const struct serve_access *access);

#endif
