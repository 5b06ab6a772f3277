/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getaddrinfo, its answer cut to size and cleaned (hostile cases P3, P5).
 */
#include "net/names.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_LEN_MAX 255

bool
net_names_usable(const struct addr *a, bool local)
{
	static const uint8_t zero[16];
	size_t len = a->family == ADDR_V6 ? 16 : 4;

	if (a->family == ADDR_NONE || addr_is_unspecified(a) ||
	    addr_is_multicast(a) || memcmp(a->bytes, zero, len) == 0)
		return false;
	/* 0.0.0.0/8 is "this host" too. */
	if (a->family == ADDR_V4 && a->bytes[0] == 0)
		return false;
	return local || !(addr_is_loopback(a) || addr_is_link_local(a));
}

static bool
has(const struct net_names *out, const struct addr *a)
{
	for (size_t i = 0; i < out->cnt; i++)
		if (addr_same_host(&out->at[i], a))
			return true;
	return false;
}

static void
take(struct net_names *out, const struct addrinfo *ai, bool local)
{
	struct addr a;

	addr_from_sockaddr(&a, ai->ai_addr);
	a.port = 0;
	if (!net_names_usable(&a, local))
		out->refused_cnt++;
	else if (out->cnt < NET_NAMES_MAX && !has(out, &a))
		out->at[out->cnt++] = a;
}

static int
err_of_resolver(int code)
{
	switch (code) {
	case EAI_AGAIN:
		return ERR_AGAIN;
	case EAI_SYSTEM:
	case EAI_MEMORY:
		return ERR_SYSTEM;
	default:
		return ERR_ABSENT;
	}
}

int
net_names_lookup(
    const char *name, unsigned family, bool local, struct net_names *out)
{
	struct addrinfo hints = {
	    .ai_family = family == ADDR_V4 ? AF_INET
		: family == ADDR_V6        ? AF_INET6
					   : AF_UNSPEC,
	    .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_ADDRCONFIG,
	};
	struct addrinfo *list = NULL;
	size_t len = strnlen(name, NAME_LEN_MAX + 1);
	int code;

	memset(out, 0, sizeof *out);
	if (len == 0 || len > NAME_LEN_MAX)
		return ERR_BAD;
	if (addr_parse(&out->at[0], name) == 0) {
		if (family != ADDR_NONE && family != out->at[0].family)
			return ERR_ABSENT;
		out->cnt = 1;
		return 0;
	}
	code = getaddrinfo(name, NULL, &hints, &list);
	if (code == EAI_BADFLAGS || (code == EAI_NONAME && local)) {
		/* Loopback alone does not count as a configured address. */
		hints.ai_flags = 0;
		code = getaddrinfo(name, NULL, &hints, &list);
	}
	if (code != 0)
		return err_of_resolver(code);
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
		take(out, ai, local);
	freeaddrinfo(list);
	return out->cnt > 0 ? 0 : ERR_ABSENT;
}
