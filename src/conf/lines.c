/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of lines, each handed on, faults by line number.
 */
#include "conf/lines.h"

#include "base/wipe.h"

#include "conf_priv.h"

struct lines {
	const char *name;
	conf_lines_fn *fn;
	void *arg;
	struct conf_faults *f;
	int result;
};

static void
on_line(void *arg, struct conf_line *l)
{
	struct lines *all = arg;
	struct conf_where w = {.line = l->number};
	const char *why = NULL;
	int err = ERR_BAD;

	if (l->too_long)
		why = "the line is too long";
	else if (l->nul_col != 0)
		why = "a NUL octet: this is no text file";
	else
		err = all->fn(all->arg, l->text, &why);
	if (err == 0 || err == ERR_ABSENT)
		return;
	conf_fault_add(
	    all->f, CONF_ERROR, all->name, &w, why ? why : err_text(err));
	all->result = ERR_BAD;
}

int
conf_lines_read(const char *name, const char *text, size_t len,
    conf_lines_fn *fn, void *arg, struct conf_faults *f)
{
	struct lines all = {.name = name, .fn = fn, .arg = arg, .f = f};
	struct conf_line line;

	conf_line_init(&line);
	conf_line_feed(&line, text, len, on_line, &all);
	conf_line_end(&line, on_line, &all);
	wipe_bytes(&line, sizeof line);
	return all.result;
}
