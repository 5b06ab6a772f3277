/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serverworkers NUMBER [pinned [PROCESSORS]]: how many answer requests, and
 * where.  Processors are written as the kernel writes them: 0-3,8.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_priv.h"

/* Not beyond what a set of the C library holds. */
#define CPU_TOP 1023

static bool
take_number(const char **at, unsigned *v)
{
	char *end;
	unsigned long n;

	if (**at < '0' || **at > '9')
		return false;
	n = strtoul(*at, &end, 10);
	*at = end;
	*v = (unsigned)n;
	return n <= CPU_TOP;
}

static bool
add_range(struct conf_pins *pins, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		if (pins->cnt == CONF_PIN_MAX)
			return false;
		pins->cpu[pins->cnt++] = (uint16_t)i;
	}
	return first <= last;
}

static bool
read_list(struct conf_pins *pins, const char *at)
{
	unsigned first, last;

	for (;;) {
		if (!take_number(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !take_number(&at, &last)))
			return false;
		if (!add_range(pins, first, last))
			return false;
		if (*at == '\0')
			return true;
		if (*at++ != ',')
			return false;
	}
}

void
conf_own_workers(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	struct conf_pins pins = {0};
	const char *word;
	int64_t cnt;

	if (!conf_take_int(p, e, &cnt))
		return;
	word = conf_words_take(&p->w);
	pins.on = word && strcasecmp(word, "pinned") == 0;
	if (word && !pins.on) {
		conf_error(p,
		    "unknown option '%.40s' of 'serverworkers'; it has "
		    "'pinned'",
		    word);
		return;
	}
	word = pins.on ? conf_words_take(&p->w) : NULL;
	if (word && !read_list(&pins, word)) {
		conf_error(p,
		    "'pinned' takes processors like 0-3,8, up to %d of them, "
		    "not '%.40s'",
		    CONF_PIN_MAX, word);
		return;
	}
	if (pins.cnt > 0 && cnt > pins.cnt)
		conf_warn(p, "more workers than processors for them: %d on %u",
		    (int)cnt, (unsigned)pins.cnt);
	c->serverworkers = (uint16_t)cnt;
	c->serverpins = pins;
}

void
conf_out_workers(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;
	char number[8];

	if ((c->serverworkers == 0 && !c->serverpins.on) != o->defaults)
		return;
	conf_out_text(o, e->name);
	conf_out_int(o, c->serverworkers);
	if (c->serverpins.on)
		conf_out_text(o, " pinned");
	for (unsigned i = 0; i < c->serverpins.cnt; i++) {
		snprintf(number, sizeof number, "%s%u", i == 0 ? " " : ",",
		    (unsigned)c->serverpins.cpu[i]);
		conf_out_text(o, number);
	}
	conf_out_text(o, "\n");
}
