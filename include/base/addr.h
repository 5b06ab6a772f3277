/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IPv4 or IPv6 address with a port, and prefixes of them.  Plain data:
 * it travels in messages and lives in tables.  IPv4-mapped IPv6 addresses
 * become IPv4 when they come in.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sockaddr;
struct sockaddr_storage;

enum addr_family {
	ADDR_NONE = 0,
	ADDR_V4 = 4,
	ADDR_V6 = 6,
};

/* @bytes: network order, IPv4 in the first four, the rest zero. */
struct addr {
	uint8_t family; /* enum addr_family */
	uint16_t port;
	uint32_t scope; /* IPv6 zone index, else 0 */
	uint8_t bytes[16];
};

/* @bits: 0..32 or 0..128; bits past it in @addr are zero. */
struct addr_prefix {
	struct addr addr;
	uint8_t bits;
};

#define ADDR_TEXT_MAX 64 /* "[v6%scope]:port" and its NUL */

/**
 * addr_parse - a numeric address without port or brackets.
 * @text: NUL-terminated, borrowed.
 * Return: 0 or ERR_BAD.
 */
int addr_parse(struct addr *a, const char *text) MUST_CHECK;

/**
 * addr_parse_prefix - "1.2.3.0/24", "2001:db8::/32", "1.2.3.4", and the
 * short forms "1.2.3" and "10" of chrony.conf.
 * Return: 0 or ERR_BAD.
 */
int addr_parse_prefix(struct addr_prefix *p, const char *text) MUST_CHECK;

/**
 * addr_text - write "192.0.2.1" or "2001:db8::1" into buf.
 * Return: buf.
 */
const char *addr_text(const struct addr *a, char buf[ADDR_TEXT_MAX]);

/**
 * addr_text_port - as addr_text with ":port", IPv6 in brackets.
 */
const char *addr_text_port(const struct addr *a, char buf[ADDR_TEXT_MAX]);

/**
 * addr_same_host - same family, address and zone; ports ignored.
 */
bool addr_same_host(const struct addr *a, const struct addr *b);

/**
 * addr_in_prefix - whether a lies in p.
 */
bool addr_in_prefix(const struct addr *a, const struct addr_prefix *p);

/**
 * addr_kind checks - what an address may be used for.
 */
bool addr_is_unspecified(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_multicast(const struct addr *a); /* and IPv4 broadcast */
bool addr_is_link_local(const struct addr *a);
bool addr_is_private(const struct addr *a); /* RFC 1918, ULA, link-local */

/**
 * addr_from_sockaddr - from the kernel's form; an unknown family gives
 * ADDR_NONE.
 */
void addr_from_sockaddr(struct addr *a, const struct sockaddr *sa);

/**
 * addr_to_sockaddr - to the kernel's form.
 * Return: its length in bytes, 0 for ADDR_NONE.
 */
size_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);

#endif
