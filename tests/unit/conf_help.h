/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of conf: files in memory, and looking for faults.
 */
#ifndef TESTS_UNIT_CONF_HELP_H
#define TESTS_UNIT_CONF_HELP_H

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

struct mem_file {
	const char *path;
	const char *text;
};

/* A list of files, ended by a NULL path; read in pieces of @piece octets. */
struct mem_disc {
	const struct mem_file *file;
	size_t piece;
};

static inline int
mem_read(void *ctx, const char *path, conf_sink *sink, void *arg)
{
	const struct mem_disc *disc = ctx;
	size_t step = disc->piece ? disc->piece : 4096;

	for (const struct mem_file *f = disc->file; f->path; f++) {
		size_t len;

		if (strcmp(f->path, path) != 0)
			continue;
		if (!f->text)
			return ERR_DENIED;
		len = strlen(f->text);
		for (size_t at = 0; at < len; at += step)
			sink(arg, f->text + at,
			    len - at < step ? len - at : step);
		return 0;
	}
	return ERR_ABSENT;
}

static inline int
mem_glob(void *ctx, const char *pattern, conf_sink *sink, void *arg)
{
	const struct mem_disc *disc = ctx;

	for (const struct mem_file *f = disc->file; f->path; f++)
		if (fnmatch(pattern, f->path, FNM_PATHNAME) == 0)
			sink(arg, f->path, strlen(f->path));
	return 0;
}

static inline int
mem_parse(struct conf *c, const struct mem_file *files, size_t piece,
    struct conf_faults *f)
{
	struct mem_disc disc = {.file = files, .piece = piece};
	struct conf_reader r = {mem_read, mem_glob, &disc};

	memset(f, 0, sizeof *f);
	return conf_parse(c, &r, files[0].path, f);
}

static inline int
text_parse(struct conf *c, const char *text, struct conf_faults *f)
{
	memset(f, 0, sizeof *f);
	return conf_parse_text(c, NULL, "t", text, strlen(text), f);
}

/* Whether there is a fault whose line holds these words. */
static inline bool
has_fault(const struct conf_faults *f, const char *words)
{
	char line[CONF_FAULT_LINE];

	for (uint32_t i = 0; i < f->cnt; i++)
		if (strstr(conf_fault_text(&f->list[i], line), words))
			return true;
	return false;
}

static inline void
show_faults(const struct conf_faults *f)
{
	char line[CONF_FAULT_LINE];

	for (uint32_t i = 0; i < f->cnt; i++)
		fprintf(stderr, "%s\n", conf_fault_text(&f->list[i], line));
}

struct buffer {
	char text[65536];
	size_t len;
};

static inline void
to_buffer(void *arg, const char *data, size_t len)
{
	struct buffer *b = arg;

	if (len >= sizeof b->text - b->len)
		abort();
	memcpy(b->text + b->len, data, len);
	b->len += len;
	b->text[b->len] = '\0';
}

#endif
