/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes to lines and lines to words.  A line longer than its limit is cut
 * and marked; a NUL is marked with its column: neither passes unseen, and
 * neither costs memory.
 */
#include <string.h>

#include "conf_priv.h"

static bool
is_space(char ch)
{
	return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

void
conf_line_init(struct conf_line *l)
{
	memset(l, 0, sizeof *l);
	l->number = 1;
}

static void
deliver(struct conf_line *l, conf_line_fn *fn, void *arg)
{
	uint32_t number = l->number;

	l->text[l->len] = '\0';
	fn(arg, l);
	l->number = number + 1;
	l->len = 0;
	l->nul_col = 0;
	l->too_long = false;
}

void
conf_line_feed(struct conf_line *l, const char *data, size_t len,
    conf_line_fn *fn, void *arg)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			l->ended = true;
			deliver(l, fn, arg);
		} else if (l->len == sizeof l->text - 1) {
			l->too_long = true;
		} else {
			if (data[i] == '\0' && l->nul_col == 0)
				l->nul_col = (uint32_t)l->len + 1;
			l->text[l->len++] = data[i];
		}
	}
}

void
conf_line_end(struct conf_line *l, conf_line_fn *fn, void *arg)
{
	l->ended = false;
	if (l->len > 0)
		deliver(l, fn, arg);
}

bool
conf_words_more(const struct conf_words *w)
{
	const char *at = w->next;

	while (is_space(*at))
		at++;
	return *at != '\0';
}

char *
conf_words_take(struct conf_words *w)
{
	char *start;

	while (is_space(*w->next))
		w->next++;
	if (*w->next == '\0')
		return NULL;
	start = w->next;
	while (*w->next != '\0' && !is_space(*w->next))
		w->next++;
	if (*w->next != '\0')
		*w->next++ = '\0';
	w->column = (uint16_t)(start - w->line + 1);
	return start;
}
