/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files and patterns for the parser of configurations, and a first look at
 * the files that a configuration names.
 */
#include "daemon/conffile.h"

#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

#define FILE_LEN_MAX (16U << 20)

static int
read_whole(void *ctx, const char *path, conf_sink *sink, void *arg)
{
	uint8_t *data;
	size_t len;
	int err = os_file_read(path, 0, FILE_LEN_MAX, &data, &len);

	(void)ctx;
	if (err == ERR_SYSTEM && errno == EACCES)
		return ERR_DENIED;
	if (err < 0)
		return err;
	sink(arg, (const char *)data, len);
	os_file_free(data, len);
	return 0;
}

static int
glob_all(void *ctx, const char *pattern, conf_sink *sink, void *arg)
{
	glob_t found;
	int err = glob(pattern, 0, NULL, &found);

	(void)ctx;
	if (err == GLOB_NOMATCH)
		return 0;
	if (err != 0)
		return ERR_SYSTEM;
	for (size_t i = 0; i < found.gl_pathc; i++)
		sink(arg, found.gl_pathv[i], strlen(found.gl_pathv[i]));
	globfree(&found);
	return 0;
}

int
daemon_conffile_load(struct conf *c, const char *path, struct conf_faults *f)
{
	static const struct conf_reader reader = {
	    .read = read_whole,
	    .glob = glob_all,
	};

	return conf_parse(c, &reader, path, f);
}

static bool
any_key(const struct conf *c)
{
	for (uint32_t i = 0; i < c->source_cnt; i++)
		if (c->source[i].key != 0)
			return true;
	return false;
}

/* @needed: nothing works without it. */
static void
look(const struct conf *c, struct conf_faults *f, const char *directive,
    const char *path, bool needed)
{
	const struct conf_where *w = conf_place(c, directive);
	char text[CONF_FAULT_TEXT];

	if (path[0] == '\0' || access(path, R_OK) == 0)
		return;
	snprintf(text, sizeof text, "%s %.120s: %s", directive, path,
	    strerror(errno));
	/* Another user may be meant to read it. */
	if (errno == EACCES)
		needed = false;
	conf_fault_add(f, needed ? CONF_ERROR : CONF_WARNING,
	    c->file[w->file_idx], w, text);
}

void
daemon_conffile_look(const struct conf *c, struct conf_faults *f)
{
	for (uint32_t i = 0; i < c->cert_cnt; i++)
		look(c, f, "ntsservercert", c->ntsservercert[i], true);
	for (uint32_t i = 0; i < c->key_cnt; i++)
		look(c, f, "ntsserverkey", c->ntsserverkey[i], true);
	for (uint32_t i = 0; i < c->trust_cnt; i++)
		look(c, f, "ntstrustedcerts", c->trust[i].path, true);
	look(c, f, "keyfile", c->keyfile, any_key(c));
}
