/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only the whole configuration can tell: things that need each other,
 * exclude each other, or can never work together.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf_priv.h"

#define SOCKET_PATH_MAX 107 /* sun_path without its NUL */

void
conf_check_fault(const struct conf *c, struct conf_faults *f,
    enum conf_severity s, const struct conf_where *w, const char *fmt, ...)
{
	char text[CONF_FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	conf_fault_add(
	    f, s, w->line ? c->file[w->file_idx] : c->file[0], w, text);
}

/* Paths that were not given follow statedir and rundir. */
static void
fill_paths(struct conf *c, struct conf_faults *f)
{
	char buf[CONF_PATH_MAX + 32];

	for (size_t i = 0; i < conf_directives.cnt; i++) {
		const struct conf_entry *e = &conf_directives.entry[i];
		char *at = (char *)c + e->offset;

		if (!e->text || e->text[0] != '%' || at[0] != '\0')
			continue;
		conf_value_text(e, c, buf);
		if (strlen(buf) >= e->size) {
			conf_check_fault(c, f, CONF_ERROR,
			    conf_place(
				c, e->text[1] == 'S' ? "statedir" : "rundir"),
			    "the path is too long");
			continue;
		}
		memcpy(at, buf, strlen(buf) + 1);
	}
	if (strlen(c->controlsocket) > SOCKET_PATH_MAX)
		conf_check_fault(c, f, CONF_ERROR,
		    conf_place(c, "controlsocket"),
		    "the path of the control socket is longer than %d octets",
		    SOCKET_PATH_MAX);
}

static bool
same_server(const struct conf_source *a, const struct conf_source *b)
{
	if (a->kind != b->kind || strcasecmp(a->name, b->name) != 0 ||
	    a->nts != b->nts)
		return false;
	return a->nts ? a->ntsport == b->ntsport : a->port == b->port;
}

/* A source given twice would be one voice with two votes. */
static void
drop_duplicates(struct conf *c, struct conf_faults *f)
{
	for (uint32_t i = 1; i < c->source_cnt; i++) {
		struct conf_source *s = &c->source[i];
		uint32_t j = 0;

		while (j < i && !same_server(s, &c->source[j]))
			j++;
		if (j == i)
			continue;
		conf_check_fault(c, f, CONF_WARNING, &s->where,
		    "%.100s is configured in line %u of %.60s already; this "
		    "line is left out",
		    s->name, (unsigned)c->source[j].where.line,
		    c->file[c->source[j].where.file_idx]);
		memmove(s, s + 1, (c->source_cnt - i - 1) * sizeof *s);
		c->source_cnt--;
		memset(&c->source[c->source_cnt], 0, sizeof *s);
		i--;
	}
}

static bool
has_trust(const struct conf *c, uint32_t set)
{
	if (set == 0 && !c->nosystemcert)
		return true;
	for (uint32_t i = 0; i < c->trust_cnt; i++)
		if (c->trust[i].set == set)
			return true;
	return false;
}

static void
check_source(
    const struct conf *c, const struct conf_source *s, struct conf_faults *f)
{
	enum conf_severity sev = s->from_dir ? CONF_WARNING : CONF_ERROR;

	if (s->nts && !has_trust(c, s->certset))
		conf_check_fault(c, f, sev, &s->where,
		    "no certificate is trusted for %.100s: %s", s->name,
		    s->certset == 0 ? "nosystemcert needs an ntstrustedcerts"
				    : "its certset needs an ntstrustedcerts "
				      "with that number");
	if (s->key != 0 && c->keyfile[0] == '\0')
		conf_check_fault(c, f, sev, &s->where,
		    "%.100s has key %u but there is no keyfile", s->name,
		    (unsigned)s->key);
	if (s->noselect && (s->prefer || s->require || s->trust))
		conf_check_fault(c, f, CONF_WARNING, &s->where,
		    "%.100s is never selected: noselect leaves prefer, trust "
		    "and require without effect",
		    s->name);
}

static void
check_selection(const struct conf *c, struct conf_faults *f)
{
	uint64_t usable = 0, authenticated = 0;

	for (uint32_t i = 0; i < c->source_cnt; i++) {
		const struct conf_source *s = &c->source[i];
		uint64_t n = s->kind == CONF_POOL ? s->maxsources : 1;

		if (s->noselect)
			continue;
		usable += n;
		if (s->nts || s->key != 0)
			authenticated += n;
	}
	if (usable > 0 && (uint64_t)c->minsources > usable)
		conf_check_fault(c, f,
		    c->dir_cnt > 0 ? CONF_WARNING : CONF_ERROR,
		    conf_place(c, "minsources"),
		    "minsources %d can never be "
		    "met by %u configured sources",
		    (int)c->minsources, (unsigned)usable);
	if (usable > 0 && authenticated == 0 &&
	    c->authselectmode == CONF_AUTHSELECT_REQUIRE)
		conf_check_fault(c, f, CONF_WARNING,
		    conf_place(c, "authselectmode"),
		    "authselectmode require, "
		    "but no source is authenticated: none will be used");
	if (c->source_cnt == 0 && c->dir_cnt == 0 && !c->local.on)
		conf_check_fault(c, f, CONF_WARNING, conf_place(c, "server"),
		    "no source of time is configured");
}

/* What is asked for is a file of the time zone database. */
static void
check_leap(const struct conf *c, struct conf_faults *f)
{
	const char *tz = c->leapsectz;

	if (tz[0] == '/' || strncmp(tz, "../", 3) == 0 ||
	    strstr(tz, "/../") != NULL)
		conf_check_fault(c, f, CONF_ERROR, conf_place(c, "leapsectz"),
		    "leapsectz takes the name of a time zone, such as "
		    "right/UTC, not a path: leapseclist takes one");
	if (c->leapseclist[0] != '\0' && c->leapseclist[0] != '/')
		conf_check_fault(c, f, CONF_ERROR, conf_place(c, "leapseclist"),
		    "leapseclist takes a path that begins with '/'");
	if (c->leapseclist[0] != '\0' && tz[0] != '\0')
		conf_check_fault(c, f, CONF_WARNING, conf_place(c, "leapsectz"),
		    "leapseclist is configured: leapsectz is not looked at");
}

/* All of a subnet, from its first to its last address: private blocks have no
 * holes. */
static bool
is_private(const struct addr_prefix *net)
{
	struct addr high = net->addr;
	unsigned len = net->addr.family == ADDR_V4 ? 4 : 16;

	if (net->addr.family == ADDR_NONE)
		return false;
	for (unsigned i = 0; i < len; i++) {
		unsigned fixed = net->bits > 8 * i ? net->bits - 8 * i : 0;

		if (fixed < 8)
			high.bytes[i] |= (uint8_t)(0xff >> fixed);
	}
	return (addr_is_private(&net->addr) && addr_is_private(&high)) ||
	    (addr_is_loopback(&net->addr) && addr_is_loopback(&high));
}

/* RFC 8633 section 3.7.1: a smear is for those who know of it. */
static void
check_smear(const struct conf *c, struct conf_faults *f)
{
	if (!c->smooth.leaponly || c->smooth.force)
		return;
	for (uint32_t i = 0; i < c->access.cnt; i++) {
		const struct conf_access *r = &c->access.rule[i];

		if (!r->allow || is_private(&r->net))
			continue;
		conf_check_fault(c, f, CONF_ERROR, conf_place(c, "smoothtime"),
		    "smoothtime leaponly serves a time that is off by up to a "
		    "second around a leap second, and 'allow' holds addresses "
		    "that are not private: their clients mix it with the time "
		    "of others; allow your own networks only, or add 'force'");
		return;
	}
}

static void
check_server(const struct conf *c, struct conf_faults *f)
{
	const char *more =
	    c->cert_cnt > c->key_cnt ? "ntsservercert" : "ntsserverkey";

	if (c->cert_cnt != c->key_cnt)
		conf_check_fault(c, f, CONF_ERROR, conf_place(c, more),
		    "%u ntsservercert but %u ntsserverkey: each certificate "
		    "needs its key, in the same order",
		    (unsigned)c->cert_cnt, (unsigned)c->key_cnt);
	else if (c->cert_cnt > 0 && c->access.cnt == 0)
		conf_check_fault(c, f, CONF_WARNING, conf_place(c, more),
		    "certificates are configured but nobody is allowed: NTS "
		    "is served after an 'allow'");
	if (c->port == 0 && c->access.cnt > 0 && c->cert_cnt == 0)
		conf_check_fault(c, f, CONF_WARNING, conf_place(c, "port"),
		    "port 0: nobody is served in spite of 'allow' and 'deny'");
}

void
conf_check(struct conf *c, struct conf_faults *f)
{
	fill_paths(c, f);
	drop_duplicates(c, f);
	for (uint32_t i = 0; i < c->source_cnt; i++)
		check_source(c, &c->source[i], f);
	check_selection(c, f);
	check_leap(c, f);
	check_smear(c, f);
	check_server(c, f);
}

static bool
anybody_allowed(const struct conf *c)
{
	for (uint32_t i = 0; i < c->access.cnt; i++)
		if (c->access.rule[i].allow)
			return true;
	return false;
}

bool
conf_serves_ntp(const struct conf *c)
{
	return c->port != 0 && anybody_allowed(c);
}

bool
conf_serves_nts(const struct conf *c)
{
	return c->ntsport != 0 && c->cert_cnt > 0 && anybody_allowed(c);
}
