/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The effective configuration as text that reads back to the same.
 */
#include "conf_priv.h"

static void
print_source(const struct conf_out *o, const struct conf_source *s)
{
	conf_out_text(o, s->kind == CONF_POOL ? "pool " : "server ");
	conf_out_text(o, s->name);
	conf_options_print(o, &conf_options, s);
	conf_out_text(o, "\n");
}

static void
print_values(const struct conf_out *o)
{
	for (size_t i = 0; i < conf_directives.cnt; i++) {
		const struct conf_entry *e = &conf_directives.entry[i];

		if (e->kind == CONF_OWN) {
			if (e->print && (e->text || !o->defaults))
				e->print(o, e, o->c);
			continue;
		}
		if (e->kind == CONF_ANY ||
		    conf_value_is_default(e, o->c) != o->defaults)
			continue;
		/* What is off or nowhere by default has no line. */
		if (o->defaults &&
		    (e->kind == CONF_CHOICE || e->state != CONF_ACTED ||
			(e->kind == CONF_TEXT && e->text[0] == '\0')))
			continue;
		conf_value_print(o, e, o->c);
		conf_out_text(o, "\n");
	}
}

void
conf_print(const struct conf *c, conf_sink *sink, void *arg)
{
	struct conf_out o = {.sink = sink, .arg = arg, .c = c};

	for (uint32_t i = 0; i < c->source_cnt; i++)
		print_source(&o, &c->source[i]);
	for (uint32_t i = 0; i < c->dir_cnt; i++) {
		conf_out_text(&o, "# with the sources in ");
		conf_out_text(&o, c->sourcedir[i]);
		conf_out_text(&o, "\n");
	}
	print_values(&o);
	conf_out_text(&o, "# defaults\n");
	o.defaults = true;
	print_values(&o);
}
