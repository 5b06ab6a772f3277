/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server and pool lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

static bool
is_option(uint64_t seen, const char *name)
{
	const struct conf_entry *e = conf_set_find(&conf_options, name);

	return e && (seen & 1ULL << (e - conf_options.entry)) != 0;
}

/* Letters, digits and what else stands in names; or a numeric address. */
static bool
name_is_good(struct conf_parse *p, const char *name)
{
	const char *colon = strchr(name, ':');
	struct addr a;

	if (addr_parse(&a, name) == 0) {
		if (!addr_is_unspecified(&a) && !addr_is_multicast(&a))
			return true;
		conf_error(p, "'%.60s' is not the address of one server", name);
		return false;
	}
	if (colon && strchr(colon + 1, ':') == NULL) {
		conf_error(p,
		    "'%.100s' is no host name; a port is written "
		    "'port N' after the name",
		    name);
		return false;
	}
	if (name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
		"UVWXYZ0123456789.-_")] != '\0' ||
	    name[0] == '.' || name[0] == '-' || strlen(name) > 253) {
		conf_error(
		    p, "'%.100s' is neither host name nor address", name);
		return false;
	}
	return true;
}

/* One bound moves with the other unless both are written, as in chrony. */
static void
order_polls(struct conf_parse *p, struct conf_source *s, uint64_t seen)
{
	bool min_seen = is_option(seen, "minpoll");
	bool max_seen = is_option(seen, "maxpoll");

	if (s->minpoll <= s->maxpoll)
		return;
	if (min_seen && max_seen) {
		conf_error(p, "minpoll %d is more than maxpoll %d", s->minpoll,
		    s->maxpoll);
		return;
	}
	if (max_seen)
		conf_warn(p,
		    "maxpoll %d is less than the default minpoll %d, "
		    "which holds; write 'minpoll %d' as well",
		    s->maxpoll, s->minpoll, s->maxpoll);
	s->maxpoll = s->minpoll;
}

void
conf_own_source(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	struct conf_source s;
	uint64_t seen;

	memset(&s, 0, sizeof s);
	conf_value_init(&conf_options, &s);
	s.kind = e->arg;
	s.from_dir = p->in_sources;
	s.where = p->where;
	if (!conf_take_text(p, e, s.name, sizeof s.name) ||
	    !name_is_good(p, s.name))
		return;
	seen = conf_options_read(p, &conf_options, &s);
	if (p->bad)
		return;
	order_polls(p, &s, seen);
	if (s.nts && s.key != 0)
		conf_error(p, "'nts' and 'key' exclude each other");
	if (is_option(seen, "maxsources") && e->arg != CONF_POOL)
		conf_warn(p, "'maxsources' means nothing for a server");
	if (is_option(seen, "ipv4") && is_option(seen, "ipv6"))
		conf_warn(p, "'ipv4' and 'ipv6' together: the last one holds");
	if (p->bad)
		return;
	if (c->source_cnt == CONF_SOURCE_MAX)
		conf_error(p, "more than %d sources", CONF_SOURCE_MAX);
	else
		c->source[c->source_cnt++] = s;
}

void
conf_own_extfield(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf_source *s = base;
	const char *word = conf_words_take(&p->w);
	unsigned long type = word ? strtoul(word, NULL, 16) : 0;

	if (type == 0xf323)
		s->extfields |= 1;
	else if (type == 0xf324)
		s->extfields |= 2;
	else
		conf_error(p, "'%s' takes F323 or F324", e->name);
}

void
conf_out_extfield(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf_source *s = base;

	(void)e;
	if (s->extfields & 1)
		conf_out_text(o, " extfield F323");
	if (s->extfields & 2)
		conf_out_text(o, " extfield F324");
}
