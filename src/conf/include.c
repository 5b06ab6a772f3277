/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include, confdir, sourcedir: directives that read more files.  The paths
 * come from the reader; which of them count, and in what order, is decided
 * here: by base name, the first directory that has one wins.
 */
#include <stdio.h>
#include <string.h>

#include "conf_priv.h"

#define PATHS_MAX 128
#define DIRS_MAX  10 /* in one directive, as in chrony */

struct paths {
	size_t cnt;
	bool full;
	char path[PATHS_MAX][CONF_PATH_MAX];
};

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Sorted by base name; a name that is there already came first and stays. */
static void
add_by_name(void *arg, const char *path, size_t len)
{
	struct paths *all = arg;
	size_t i = 0;
	int order = 1;

	if (len >= CONF_PATH_MAX || all->cnt == PATHS_MAX) {
		all->full = true;
		return;
	}
	for (; i < all->cnt && order > 0; i++)
		order = strcmp(base_name(path), base_name(all->path[i]));
	if (order == 0)
		return;
	if (order < 0)
		i--;
	memmove(all->path[i + 1], all->path[i],
	    (all->cnt - i) * sizeof all->path[0]);
	snprintf(all->path[i], CONF_PATH_MAX, "%.*s", (int)len, path);
	all->cnt++;
}

static void
add_in_order(void *arg, const char *path, size_t len)
{
	struct paths *all = arg;

	if (len >= CONF_PATH_MAX || all->cnt == PATHS_MAX) {
		all->full = true;
		return;
	}
	snprintf(all->path[all->cnt++], CONF_PATH_MAX, "%.*s", (int)len, path);
}

static bool
can_read(struct conf_parse *p, const struct conf_entry *e)
{
	if (p->r)
		return true;
	conf_error(p, "'%s' is not possible here", e->name);
	return false;
}

static void
list(struct conf_parse *p, const char *pattern, conf_sink *add,
    struct paths *all)
{
	if (p->r->glob(p->r->ctx, pattern, add, all) < 0)
		conf_error(p, "cannot list '%.150s'", pattern);
	if (all->full)
		conf_error(p,
		    "'%.100s': more than %d files, or too long a "
		    "path",
		    pattern, PATHS_MAX);
}

static void
read_all(struct conf_parse *p, const struct paths *all)
{
	for (size_t i = 0; i < all->cnt; i++)
		(void)conf_parse_file(p, all->path[i]);
}

/* A name without *, ? or [ must be there; a pattern may match nothing. */
void
conf_own_include(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	char pattern[CONF_PATH_MAX];
	struct paths all = {.cnt = 0};

	(void)base;
	if (!can_read(p, e) || !conf_take_text(p, e, pattern, sizeof pattern))
		return;
	if (pattern[strcspn(pattern, "*?[")] == '\0') {
		(void)conf_parse_file(p, pattern);
		return;
	}
	list(p, pattern, add_in_order, &all);
	read_all(p, &all);
}

static void
remember_dir(struct conf_parse *p, const char *dir)
{
	struct conf *c = p->c;

	for (uint32_t i = 0; i < c->dir_cnt; i++)
		if (strcmp(c->sourcedir[i], dir) == 0)
			return;
	if (c->dir_cnt == CONF_DIR_MAX)
		conf_error(p, "more than %d source directories", CONF_DIR_MAX);
	else
		snprintf(c->sourcedir[c->dir_cnt++], CONF_PATH_MAX, "%s", dir);
}

static void
read_dirs(struct conf_parse *p, const struct conf_entry *e, const char *suffix,
    bool sources)
{
	char dir[CONF_PATH_MAX], pattern[CONF_PATH_MAX + 16];
	struct paths all = {.cnt = 0};
	bool was = p->in_sources;
	unsigned n = 0;

	if (!can_read(p, e))
		return;
	do {
		if (!conf_take_text(p, e, dir, sizeof dir))
			return;
		if (n++ == DIRS_MAX) {
			conf_error(p, "more than %d directories in '%s'",
			    DIRS_MAX, e->name);
			return;
		}
		if (sources)
			remember_dir(p, dir);
		snprintf(pattern, sizeof pattern, "%s/*%s", dir, suffix);
		list(p, pattern, add_by_name, &all);
	} while (conf_words_more(&p->w) && !p->bad);
	p->in_sources = sources;
	read_all(p, &all);
	p->in_sources = was;
}

void
conf_own_confdir(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	(void)base;
	read_dirs(p, e, ".conf", false);
}

void
conf_own_sourcedir(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	(void)base;
	read_dirs(p, e, ".sources", true);
}
