/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and prefixes: parsing, printing, comparing.  RFC 4291, RFC 1918,
 * RFC 4193.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void
set_v6(struct addr *a, const uint8_t bytes[16])
{
	memset(a, 0, sizeof *a);
	if (memcmp(bytes, mapped, sizeof mapped) == 0) {
		a->family = ADDR_V4;
		memcpy(a->bytes, bytes + 12, 4);
	} else {
		a->family = ADDR_V6;
		memcpy(a->bytes, bytes, 16);
	}
}

/* "fe80::1%2": the zone must be a number, names need the kernel. */
static int
parse_zone(const char *text, char *host, size_t host_max, uint32_t *zone)
{
	const char *sign = strchr(text, '%');
	size_t len = sign ? (size_t)(sign - text) : strlen(text);
	char *end;
	unsigned long v = 0;

	*zone = 0;
	if (len >= host_max)
		return ERR_BAD;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!sign)
		return 0;
	v = strtoul(sign + 1, &end, 10);
	if (sign[1] < '0' || sign[1] > '9' || *end || v > UINT32_MAX)
		return ERR_BAD;
	*zone = (uint32_t)v;
	return 0;
}

int
addr_parse(struct addr *a, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t raw[16];
	uint32_t zone;

	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, text, raw) == 1) {
		a->family = ADDR_V4;
		memcpy(a->bytes, raw, 4);
		return 0;
	}
	if (parse_zone(text, host, sizeof host, &zone) < 0 ||
	    inet_pton(AF_INET6, host, raw) != 1)
		return ERR_BAD;
	set_v6(a, raw);
	a->scope = zone;
	return 0;
}

static uint8_t
bits_max(const struct addr *a)
{
	return a->family == ADDR_V4 ? 32 : 128;
}

static void
mask(struct addr_prefix *p)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = p->bits > 8 * i ? p->bits - 8 * i : 0;

		if (keep < 8)
			p->addr.bytes[i] &= (uint8_t)(0xff00U >> keep);
	}
}

/* The dotted short forms: "10", "10.1", "10.1.2" stand for /8, /16, /24. */
static int
parse_short_v4(struct addr_prefix *p, const char *text)
{
	unsigned n = 0;

	memset(p, 0, sizeof *p);
	for (;;) {
		char *end;
		unsigned long v = strtoul(text, &end, 10);

		/* "010" might be meant as octal: not in an access list. */
		if (*text < '0' || *text > '9' || end - text > 3 || v > 255 ||
		    (*text == '0' && end - text > 1))
			return ERR_BAD;
		p->addr.bytes[n++] = (uint8_t)v;
		if (*end == '\0')
			break;
		if (*end != '.' || n == 3)
			return ERR_BAD;
		text = end + 1;
	}
	p->addr.family = ADDR_V4;
	p->bits = (uint8_t)(8 * n);
	return 0;
}

int
addr_parse_prefix(struct addr_prefix *p, const char *text)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN + 12], *end;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;

	memset(p, 0, sizeof *p);
	if (len >= sizeof host)
		return ERR_BAD;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(&p->addr, host) < 0 && parse_short_v4(p, host) < 0) {
		memset(p, 0, sizeof *p);
		return ERR_BAD;
	}
	if (p->bits == 0)
		p->bits = bits_max(&p->addr);
	if (slash) {
		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end ||
		    bits > bits_max(&p->addr)) {
			memset(p, 0, sizeof *p);
			return ERR_BAD;
		}
		p->bits = (uint8_t)bits;
	}
	mask(p);
	return 0;
}

const char *
addr_text(const struct addr *a, char buf[ADDR_TEXT_MAX])
{
	char zone[12];

	buf[0] = '\0';
	if (a->family == ADDR_V4)
		inet_ntop(AF_INET, a->bytes, buf, ADDR_TEXT_MAX);
	else if (a->family == ADDR_V6)
		inet_ntop(AF_INET6, a->bytes, buf, ADDR_TEXT_MAX);
	else
		memcpy(buf, "none", 5);
	if (a->family == ADDR_V6 && a->scope != 0) {
		snprintf(zone, sizeof zone, "%%%u", (unsigned)a->scope);
		strncat(buf, zone, ADDR_TEXT_MAX - strlen(buf) - 1);
	}
	return buf;
}

const char *
addr_text_port(const struct addr *a, char buf[ADDR_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX];

	addr_text(a, host);
	snprintf(buf, ADDR_TEXT_MAX,
	    a->family == ADDR_V6 ? "[%.54s]:%u" : "%.54s:%u", host, a->port);
	return buf;
}

bool
addr_same_host(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	    memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
addr_in_prefix(const struct addr *a, const struct addr_prefix *p)
{
	struct addr_prefix own = {.addr = *a, .bits = p->bits};

	if (a->family != p->addr.family || a->family == ADDR_NONE)
		return false;
	mask(&own);
	return memcmp(own.addr.bytes, p->addr.bytes, 16) == 0;
}

bool
addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->bytes, zero, sizeof zero) == 0;
}

bool
addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == ADDR_V4)
		return a->bytes[0] == 127;
	return a->family == ADDR_V6 && memcmp(a->bytes, one, 16) == 0;
}

bool
addr_is_multicast(const struct addr *a)
{
	static const uint8_t all[4] = {255, 255, 255, 255};

	if (a->family == ADDR_V4)
		return (a->bytes[0] & 0xf0) == 0xe0 ||
		    memcmp(a->bytes, all, 4) == 0;
	return a->family == ADDR_V6 && a->bytes[0] == 0xff;
}

bool
addr_is_link_local(const struct addr *a)
{
	if (a->family == ADDR_V4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->family == ADDR_V6 && a->bytes[0] == 0xfe &&
	    (a->bytes[1] & 0xc0) == 0x80;
}

bool
addr_is_private(const struct addr *a)
{
	const uint8_t *b = a->bytes;

	if (addr_is_link_local(a))
		return true;
	if (a->family == ADDR_V4)
		return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		    (b[0] == 192 && b[1] == 168);
	return a->family == ADDR_V6 && (b[0] & 0xfe) == 0xfc;
}

void
addr_from_sockaddr(struct addr *a, const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(a, 0, sizeof *a);
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof in);
		a->family = ADDR_V4;
		memcpy(a->bytes, &in.sin_addr, 4);
		a->port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof in6);
		set_v6(a, in6.sin6_addr.s6_addr);
		a->port = ntohs(in6.sin6_port);
		a->scope = in6.sin6_scope_id;
	}
}

size_t
addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(ss, 0, sizeof *ss);
	if (a->family == ADDR_V4) {
		memcpy(&in.sin_addr, a->bytes, 4);
		in.sin_port = htons(a->port);
		memcpy(ss, &in, sizeof in);
		return sizeof in;
	}
	if (a->family == ADDR_V6) {
		memcpy(&in6.sin6_addr, a->bytes, 16);
		in6.sin6_port = htons(a->port);
		in6.sin6_scope_id = a->scope;
		memcpy(ss, &in6, sizeof in6);
		return sizeof in6;
	}
	return 0;
}
