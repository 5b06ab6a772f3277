/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values by the table: defaults, reading, printing, comparing.  A row says
 * where a value lives and what it may be; nothing here knows a directive by
 * its name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_priv.h"

static void
put_int(const struct conf_entry *e, void *base, int64_t v)
{
	void *at = (char *)base + e->offset;
	uint8_t u8 = (uint8_t)v;
	uint16_t u16 = (uint16_t)v;
	uint32_t u32 = (uint32_t)v;

	if (e->size == 1)
		memcpy(at, &u8, 1);
	else if (e->size == 2)
		memcpy(at, &u16, 2);
	else if (e->size == 4)
		memcpy(at, &u32, 4);
	else
		memcpy(at, &v, 8);
}

static int64_t
get_int(const struct conf_entry *e, const void *base)
{
	const void *at = (const char *)base + e->offset;
	bool is_signed = e->min < 0.0 || e->def < 0.0;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	int64_t v;

	if (e->size == 1) {
		memcpy(&u8, at, 1);
		return is_signed ? (int8_t)u8 : u8;
	}
	if (e->size == 2) {
		memcpy(&u16, at, 2);
		return is_signed ? (int16_t)u16 : u16;
	}
	if (e->size == 4) {
		memcpy(&u32, at, 4);
		return is_signed ? (int32_t)u32 : (int64_t)u32;
	}
	memcpy(&v, at, 8);
	return v;
}

static double
get_real(const struct conf_entry *e, const void *base)
{
	double v;

	memcpy(&v, (const char *)base + e->offset, sizeof v);
	return v;
}

static const char *
get_text(const struct conf_entry *e, const void *base)
{
	return (const char *)base + e->offset;
}

void
conf_value_init(const struct conf_set *s, void *base)
{
	for (size_t i = 0; i < s->cnt; i++) {
		const struct conf_entry *e = &s->entry[i];

		if (e->kind == CONF_INT)
			put_int(e, base, (int64_t)e->def);
		else if (e->kind == CONF_REAL)
			memcpy(
			    (char *)base + e->offset, &e->def, sizeof e->def);
		else if (e->kind == CONF_TEXT && e->text && e->text[0] != '%')
			snprintf(
			    (char *)base + e->offset, e->size, "%s", e->text);
	}
}

/* ---- reading ---- */

static void
missing(struct conf_parse *p, const struct conf_entry *e)
{
	switch ((enum conf_value)e->kind) {
	case CONF_INT:
		conf_error(p, "'%s' needs a whole number from %.0f to %.0f",
		    e->name, e->min, e->max);
		break;
	case CONF_REAL:
		conf_error(p, "'%s' needs a number", e->name);
		break;
	case CONF_CHOICE:
	case CONF_TEXT:
	case CONF_ENUM:
	case CONF_OWN:
	case CONF_ANY:
		conf_error(p, "'%s' needs more arguments", e->name);
		break;
	}
}

bool
conf_take_int(struct conf_parse *p, const struct conf_entry *e, int64_t *v)
{
	const char *word = conf_words_take(&p->w);
	double limit;

	*v = 0;
	if (!word) {
		missing(p, e);
		return false;
	}
	if (conf_number_int(word, v) < 0 ||
	    (!e->clamp && ((double)*v < e->min || (double)*v > e->max))) {
		conf_error(p,
		    "'%s' takes a whole number from %.0f to %.0f, not '%.40s'",
		    e->name, e->min, e->max, word);
		return false;
	}
	if ((double)*v < e->min || (double)*v > e->max) {
		limit = (double)*v < e->min ? e->min : e->max;
		conf_warn(p, "'%s %.40s' is out of range and taken as %.0f",
		    e->name, word, limit);
		*v = (int64_t)limit;
	}
	return true;
}

bool
conf_take_real(struct conf_parse *p, const struct conf_entry *e, double *v)
{
	const char *word = conf_words_take(&p->w);

	*v = 0.0;
	if (!word) {
		missing(p, e);
		return false;
	}
	if (conf_number_real(word, v) < 0) {
		conf_error(
		    p, "'%s' takes a number, not '%.40s'", e->name, word);
		return false;
	}
	if (e->max <= e->min || (*v >= e->min && *v <= e->max))
		return true;
	if (!e->clamp) {
		conf_error(p, "'%s' takes a number from %g to %g, not '%.40s'",
		    e->name, e->min, e->max, word);
		return false;
	}
	*v = *v < e->min ? e->min : e->max;
	conf_warn(
	    p, "'%s %.40s' is out of range and taken as %g", e->name, word, *v);
	return true;
}

bool
conf_take_text(
    struct conf_parse *p, const struct conf_entry *e, char *to, size_t max)
{
	const char *word = conf_words_take(&p->w);

	if (!word) {
		missing(p, e);
		return false;
	}
	if (strlen(word) >= max) {
		conf_error(p, "the argument of '%s' is longer than %zu octets",
		    e->name, max - 1);
		return false;
	}
	memset(to, 0, max);
	memcpy(to, word, strlen(word));
	return true;
}

static void
take_enum(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	const char *word = conf_words_take(&p->w);
	char all[128] = "";

	for (uint8_t i = 0; e->names[i]; i++) {
		if (word && strcasecmp(word, e->names[i]) == 0) {
			put_int(e, base, i);
			return;
		}
		if (i > 0)
			strncat(all, ", ", sizeof all - strlen(all) - 1);
		strncat(all, e->names[i], sizeof all - strlen(all) - 1);
	}
	conf_error(p, "'%s' takes one of: %s", e->name, all);
}

static void
take_any(struct conf_parse *p, const struct conf_entry *e)
{
	unsigned n = 0;

	while (conf_words_take(&p->w))
		n++;
	if (n < e->arg)
		missing(p, e);
}

void
conf_value_set(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	int64_t i;
	double d;

	switch ((enum conf_value)e->kind) {
	case CONF_CHOICE:
		put_int(e, base, e->arg);
		break;
	case CONF_INT:
		if (conf_take_int(p, e, &i))
			put_int(e, base, i);
		break;
	case CONF_REAL:
		if (conf_take_real(p, e, &d))
			memcpy((char *)base + e->offset, &d, sizeof d);
		break;
	case CONF_TEXT:
		conf_take_text(p, e, (char *)base + e->offset, e->size);
		break;
	case CONF_ENUM:
		take_enum(p, e, base);
		break;
	case CONF_OWN:
		e->parse(p, e, base);
		break;
	case CONF_ANY:
		take_any(p, e);
		break;
	}
}

static const struct conf_entry *
find_option(struct conf_parse *p, const struct conf_set *s, const char *word)
{
	const struct conf_entry *e = conf_set_find(s, word);
	const char *near = e ? NULL : conf_set_near(s, word);

	if (!e && near)
		conf_error(p, "unknown %s '%.40s'; did you mean '%s'?", s->what,
		    word, near);
	else if (!e)
		conf_error(p, "unknown %s '%.40s'", s->what, word);
	else if (e->state == CONF_REFUSED)
		conf_error(p, "'%s' is refused: %s", e->name, e->why);
	else
		return e;
	return NULL;
}

/* Once for each option of sources, however many lines have it. */
static void
warn_state(
    struct conf_parse *p, const struct conf_set *s, const struct conf_entry *e)
{
	uint64_t bit = 1ULL << (e - s->entry);

	if (e->state == CONF_ACTED)
		return;
	if (s == &conf_options) {
		if (p->options_warned & bit)
			return;
		p->options_warned |= bit;
	}
	conf_warn(p, "option '%s' is accepted but not acted on%s%s", e->name,
	    e->why ? ": " : " yet", e->why ? e->why : "");
}

/* The same option twice on a line: harmless unless the values differ. */
static void
note_again(struct conf_parse *p, const struct conf_entry *e, int64_t before,
    const void *base)
{
	if (e->kind == CONF_CHOICE || e->kind == CONF_OWN)
		return;
	if (e->repeat == CONF_ONCE && get_int(e, base) != before)
		conf_error(
		    p, "'%s' stands twice with different values", e->name);
	else
		conf_warn(p, "'%s' stands twice; the last one holds", e->name);
}

uint64_t
conf_options_read(struct conf_parse *p, const struct conf_set *s, void *base)
{
	const char *word;
	uint64_t seen = 0;

	while ((word = conf_words_take(&p->w)) != NULL) {
		const struct conf_entry *e = find_option(p, s, word);
		int64_t before;
		uint64_t bit;

		/* What follows an unknown option cannot be understood. */
		if (!e)
			return seen;
		warn_state(p, s, e);
		bit = 1ULL << (e - s->entry);
		before = e->repeat == CONF_ONCE ? get_int(e, base) : 0;
		conf_value_set(p, e, base);
		if (seen & bit)
			note_again(p, e, before, base);
		seen |= bit;
	}
	return seen;
}

/* ---- printing and comparing ---- */

void
conf_out_text(const struct conf_out *o, const char *text)
{
	o->sink(o->arg, text, strlen(text));
}

void
conf_out_int(const struct conf_out *o, int64_t v)
{
	char buf[24];

	snprintf(buf, sizeof buf, " %" PRId64, v);
	conf_out_text(o, buf);
}

/* The shortest form that reads back to the same number. */
void
conf_out_real(const struct conf_out *o, double v)
{
	char buf[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(buf, sizeof buf, " %.*g", digits, v);
		if (!(strtod(buf, NULL) < v) && !(strtod(buf, NULL) > v))
			break;
	}
	conf_out_text(o, buf);
}

void
conf_value_text(const struct conf_entry *e, const struct conf *c,
    char buf[CONF_PATH_MAX + 32])
{
	const char *t = e->text ? e->text : "";

	if (t[0] == '%')
		snprintf(buf, CONF_PATH_MAX + 32, "%s%s",
		    t[1] == 'S' ? c->statedir : c->rundir, t + 2);
	else
		snprintf(buf, CONF_PATH_MAX + 32, "%s", t);
}

bool
conf_value_is_default(const struct conf_entry *e, const void *base)
{
	char buf[CONF_PATH_MAX + 32];
	double v;

	switch ((enum conf_value)e->kind) {
	case CONF_CHOICE:
		return get_int(e, base) != e->arg;
	case CONF_INT:
		return get_int(e, base) == (int64_t)e->def;
	case CONF_REAL:
		v = get_real(e, base);
		return !(v < e->def) && !(v > e->def);
	case CONF_TEXT:
		/* Only directives have defaults that depend on others. */
		if (e->text && e->text[0] == '%')
			conf_value_text(e, base, buf);
		else
			snprintf(buf, sizeof buf, "%s", e->text ? e->text : "");
		return strcmp(get_text(e, base), buf) == 0;
	case CONF_ENUM:
		return get_int(e, base) == 0;
	case CONF_OWN:
	case CONF_ANY:
		break;
	}
	return false;
}

void
conf_value_print(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	if (e->kind == CONF_OWN) {
		if (e->print)
			e->print(o, e, base);
		return;
	}
	conf_out_text(o, e->name);
	if (e->kind == CONF_INT)
		conf_out_int(o, get_int(e, base));
	else if (e->kind == CONF_REAL)
		conf_out_real(o, get_real(e, base));
	else if (e->kind == CONF_ENUM || e->kind == CONF_TEXT)
		conf_out_text(o, " ");
	if (e->kind == CONF_ENUM)
		conf_out_text(o, e->names[get_int(e, base)]);
	if (e->kind == CONF_TEXT)
		conf_out_text(o, get_text(e, base));
}

void
conf_options_print(
    const struct conf_out *o, const struct conf_set *s, const void *base)
{
	for (size_t i = 0; i < s->cnt; i++) {
		const struct conf_entry *e = &s->entry[i];

		if (e->kind == CONF_OWN) {
			e->print(o, e, base);
		} else if (e->kind != CONF_ANY &&
		    !conf_value_is_default(e, base)) {
			conf_out_text(o, " ");
			conf_value_print(o, e, base);
		}
	}
}

bool
conf_value_same(const struct conf_set *s, const void *a, const void *b)
{
	for (size_t i = 0; i < s->cnt; i++) {
		const struct conf_entry *e = &s->entry[i];
		const char *x = (const char *)a + e->offset;
		const char *y = (const char *)b + e->offset;

		if (e->kind != CONF_ANY && memcmp(x, y, e->size) != 0)
			return false;
	}
	return true;
}
