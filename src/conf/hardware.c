/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hwtimestamp lines.
 */
#include <string.h>

#include "conf_priv.h"

/* The line of this interface, or room for a new one. */
static struct conf_hardware *
line_of(struct conf *c, const char *interface)
{
	uint32_t i = 0;

	while (i < c->hardware_cnt &&
	    strcmp(c->hardware[i].interface, interface) != 0)
		i++;
	return i < CONF_HARDWARE_MAX ? &c->hardware[i] : NULL;
}

void
conf_own_hardware(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	struct conf_hardware h, *to;

	memset(&h, 0, sizeof h);
	conf_value_init(&conf_hardware_set, &h);
	if (!conf_take_text(p, e, h.interface, sizeof h.interface))
		return;
	conf_options_read(p, &conf_hardware_set, &h);
	if (h.minsamples > h.maxsamples)
		conf_error(p, "minsamples %d is more than maxsamples %d",
		    (int)h.minsamples, (int)h.maxsamples);
	if (h.maxpoll != CONF_HARDWARE_MAXPOLL && h.maxpoll < h.minpoll)
		conf_warn(p,
		    "maxpoll %d is less than minpoll %d and taken "
		    "as that",
		    h.maxpoll, h.minpoll);
	if (p->bad)
		return;
	to = line_of(c, h.interface);
	if (!to) {
		conf_error(p,
		    "more than %d of '%s'; '*' stands for every "
		    "interface that can",
		    CONF_HARDWARE_MAX, e->name);
		return;
	}
	if (to == &c->hardware[c->hardware_cnt])
		c->hardware_cnt++;
	else
		conf_warn(
		    p, "'%s %s' replaces an earlier one", e->name, h.interface);
	*to = h;
}

void
conf_out_hardware(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	for (uint32_t i = 0; i < c->hardware_cnt; i++) {
		conf_out_text(o, e->name);
		conf_out_text(o, " ");
		conf_out_text(o, c->hardware[i].interface);
		conf_options_print(o, &conf_hardware_set, &c->hardware[i]);
		conf_out_text(o, "\n");
	}
}
