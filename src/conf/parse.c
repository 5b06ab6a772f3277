/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From files to struct conf: each line to its row of the table, each fault to
 * the list.  A fault ends its line, never the file.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf_priv.h"

static void
complain(struct conf_parse *p, enum conf_severity severity, const char *text)
{
	struct conf_where w = p->where;

	w.column = p->w.column;
	if (severity == CONF_ERROR)
		p->bad = true;
	/* Such files come from DHCP and the like: a bad line is left out. */
	if (p->in_sources)
		severity = CONF_WARNING;
	conf_fault_add(p->f, severity, p->c->file[w.file_idx], &w, text);
}

void
conf_error(struct conf_parse *p, const char *fmt, ...)
{
	char text[CONF_FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	complain(p, CONF_ERROR, text);
}

void
conf_warn(struct conf_parse *p, const char *fmt, ...)
{
	char text[CONF_FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	complain(p, CONF_WARNING, text);
}

/* Large and mostly empty: what is zero already is not written, so that fresh
 * memory stays untouched. */
static void
clear(struct conf *c)
{
	unsigned char *at = (unsigned char *)c;

	conf_fini(c);
	for (size_t i = 0; i < sizeof *c; i++)
		if (at[i] != 0)
			at[i] = 0;
}

void
conf_init(struct conf *c)
{
	clear(c);
	conf_value_init(&conf_directives, c);
	conf_value_init(&conf_limits_set, &c->ratelimit);
	conf_value_init(&conf_limits_set, &c->ntsratelimit);
	conf_value_init(&conf_limits_set, &c->cmdratelimit);
	c->ntsratelimit.interval = 6;
	c->cmdratelimit.interval = -4;
	c->maxslewrate_ppm = 1e6 / 12;
	c->maxchange_start = -1;
	c->drift_interval_s = 3600;
	c->ntsaead_cnt = 2;
	c->ntsaead[0] = 30;
	c->ntsaead[1] = 15;
}

/* ---- a directive ---- */

static const struct conf_entry *
find_directive(struct conf_parse *p, const char *name)
{
	const struct conf_entry *e = conf_set_find(&conf_directives, name);
	const char *near = e ? NULL : conf_set_near(&conf_directives, name);

	if (e)
		return e;
	if (conf_set_find(&conf_options, name))
		conf_error(p,
		    "'%.40s' is no directive but an option: write it "
		    "after a server or pool",
		    name);
	else if (near)
		conf_error(p, "unknown directive '%.40s'; did you mean '%s'?",
		    name, near);
	else
		conf_error(p, "unknown directive '%.40s'", name);
	return NULL;
}

/* What is not acted on is said once, however often it stands. */
static bool
admit(struct conf_parse *p, const struct conf_entry *e,
    const struct conf_where *before)
{
	if (e->state == CONF_REFUSED) {
		conf_error(p, "'%s' is refused: %s", e->name, e->why);
		return false;
	}
	if (e->state != CONF_ACTED && before->line == 0)
		conf_warn(p, "'%s' is accepted but not acted on%s%s", e->name,
		    e->why ? ": " : " yet", e->why ? e->why : "");
	return true;
}

static void
note_again(struct conf_parse *p, const struct conf_entry *e,
    const struct conf_where *before, bool changed)
{
	const char *file = p->c->file[before->file_idx];

	if (e->repeat == CONF_MANY || e->kind == CONF_CHOICE ||
	    e->kind == CONF_ANY || p->bad)
		return;
	if (e->repeat == CONF_ONCE && changed)
		conf_error(p, "'%s' has another value in line %u of %.100s",
		    e->name, (unsigned)before->line, file);
	else
		conf_warn(p, "'%s' replaces the one in line %u of %.100s",
		    e->name, (unsigned)before->line, file);
}

static void
directive(struct conf_parse *p, const struct conf_entry *e)
{
	struct conf_where *place = &p->c->place[e - conf_directives.entry];
	struct conf_where before = *place;
	uint16_t column = p->w.column;
	unsigned char old[CONF_PATH_MAX] = {0};
	const void *value = (const char *)p->c + e->offset;
	size_t len = e->repeat == CONF_ONCE ? e->size : 0;

	if (!admit(p, e, &before))
		return;
	*place = p->where;
	place->column = column;
	memcpy(old, value, len);
	conf_value_set(p, e, p->c);
	if (!p->bad && conf_words_take(&p->w))
		conf_error(p, "too many arguments to '%s'", e->name);
	p->w.column = column;
	if (before.line != 0)
		note_again(p, e, &before, memcmp(old, value, len) != 0);
}

/* ---- a line ---- */

static bool
line_is_text(struct conf_parse *p, const struct conf_line *l)
{
	if (l->too_long) {
		p->w.column = CONF_LINE_MAX;
		conf_error(
		    p, "the line is longer than %d octets", CONF_LINE_MAX - 1);
		return false;
	}
	if (l->nul_col != 0) {
		p->w.column = (uint16_t)l->nul_col;
		conf_error(p, "a NUL octet: this is no text file");
		return false;
	}
	return true;
}

static bool
has_control(struct conf_parse *p, const char *text)
{
	for (const char *at = text; *at; at++) {
		unsigned char ch = (unsigned char)*at;

		if (ch == 0x7f || (ch < ' ' && (ch < '\t' || ch > '\r'))) {
			p->w.column = (uint16_t)(at - text + 1);
			conf_error(p, "a control character");
			return true;
		}
	}
	return false;
}

static void
on_line(void *arg, struct conf_line *l)
{
	struct conf_parse *p = arg;
	const struct conf_entry *e;
	char *word;

	p->bad = false;
	p->where.line = l->number;
	p->w = (struct conf_words){.line = l->text, .next = l->text};
	if (!line_is_text(p, l))
		return;
	if (l->number == 1 && strncmp(l->text, "\xef\xbb\xbf", 3) == 0)
		p->w.next += 3; /* a byte order mark */
	if (!conf_words_more(&p->w))
		return;
	word = p->w.next + strspn(p->w.next, " \t\v\f\r");
	if (strchr("!;#%", *word) || has_control(p, l->text))
		return;
	if (p->in_sources && !l->ended) {
		conf_error(p,
		    "the last line has no end and is left out: the "
		    "file may be half written");
		return;
	}
	word = conf_words_take(&p->w);
	p->where.column = p->w.column;
	e = find_directive(p, word);
	if (!e)
		return;
	if (p->in_sources && e->parse != conf_own_source)
		conf_error(p,
		    "only server and pool may stand in files of a "
		    "source directory");
	else
		directive(p, e);
}

/* ---- a file ---- */

struct feed {
	struct conf_parse *p;
	struct conf_line line;
};

static void
on_data(void *arg, const char *data, size_t len)
{
	struct feed *feed = arg;

	conf_line_feed(&feed->line, data, len, on_line, feed->p);
}

static bool
enter(struct conf_parse *p, const char *path)
{
	struct conf *c = p->c;

	for (unsigned i = 0; i < p->level; i++)
		if (strcmp(c->file[p->stack[i]], path) == 0) {
			conf_error(p, "'%.100s' includes itself", path);
			return false;
		}
	if (p->level == CONF_LEVEL_MAX) {
		conf_error(p, "files include each other more than %d deep",
		    CONF_LEVEL_MAX);
		return false;
	}
	if (c->file_cnt == CONF_FILE_MAX) {
		conf_error(p, "more than %d files", CONF_FILE_MAX);
		return false;
	}
	if (strlen(path) >= CONF_PATH_MAX) {
		conf_error(p, "the path '%.60s...' is longer than %d octets",
		    path, CONF_PATH_MAX - 1);
		return false;
	}
	snprintf(c->file[c->file_cnt], CONF_PATH_MAX, "%s", path);
	p->where = (struct conf_where){.file_idx = (uint16_t)c->file_cnt};
	p->stack[p->level++] = (uint16_t)c->file_cnt++;
	return true;
}

static const char *
read_error(int err)
{
	if (err == ERR_ABSENT)
		return "there is no such file";
	if (err == ERR_DENIED)
		return "no permission to read it";
	return "it cannot be read";
}

int
conf_parse_file(struct conf_parse *p, const char *path)
{
	struct conf_words words = p->w;
	struct conf_where where = p->where;
	struct feed feed = {.p = p};
	int err;

	if (!enter(p, path))
		return ERR_FULL;
	conf_line_init(&feed.line);
	err = p->r->read(p->r->ctx, path, on_data, &feed);
	if (err == 0)
		conf_line_end(&feed.line, on_line, p);
	p->level--;
	p->w = words;
	p->where = where;
	p->bad = false;
	if (err < 0 && p->level == 0)
		conf_error(p, "%s", read_error(err));
	else if (err < 0)
		conf_error(p, "'%.150s': %s", path, read_error(err));
	return err;
}

static void
start(struct conf_parse *p, struct conf *c, const struct conf_reader *r,
    struct conf_faults *f)
{
	memset(p, 0, sizeof *p);
	p->c = c;
	p->r = r;
	p->f = f;
	conf_init(c);
}

int
conf_parse(struct conf *c, const struct conf_reader *r, const char *path,
    struct conf_faults *f)
{
	struct conf_parse p;
	uint32_t errors = f->error_cnt;

	start(&p, c, r, f);
	if (conf_parse_file(&p, path) == 0)
		conf_check(c, f);
	return f->error_cnt == errors ? 0 : ERR_BAD;
}

int
conf_parse_text(struct conf *c, const struct conf_reader *r, const char *name,
    const char *text, size_t len, struct conf_faults *f)
{
	struct conf_parse p;
	struct feed feed = {.p = &p};
	uint32_t errors = f->error_cnt;

	start(&p, c, r, f);
	if (enter(&p, name)) {
		conf_line_init(&feed.line);
		on_data(&feed, text, len);
		conf_line_end(&feed.line, on_line, &p);
	}
	conf_check(c, f);
	return f->error_cnt == errors ? 0 : ERR_BAD;
}
