/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of faults.  What stood in the file goes through an escape: a
 * terminal shows it, so no control character may pass.
 */
#include "conf/fault.h"

#include <stdio.h>
#include <string.h>

/* Copy as printable ASCII; what does not fit is cut. */
static void
copy_clean(char *to, size_t max, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		unsigned char ch = (unsigned char)*from;

		if (ch >= 0x20 && ch < 0x7f) {
			if (n + 1 >= max)
				break;
			to[n++] = (char)ch;
			continue;
		}
		if (n + 5 > max)
			break;
		snprintf(to + n, max - n, "\\x%02x", ch);
		n += 4;
	}
	to[n] = '\0';
}

/* Where the next fault goes: the end, or over the last warning. */
static struct conf_fault *
slot(struct conf_faults *f, enum conf_severity severity)
{
	if (f->cnt < CONF_FAULT_MAX)
		return &f->list[f->cnt++];
	if (severity != CONF_ERROR)
		return NULL;
	for (uint32_t i = f->cnt; i > 0; i--)
		if (f->list[i - 1].severity == CONF_WARNING) {
			memmove(&f->list[i - 1], &f->list[i],
			    (f->cnt - i) * sizeof f->list[0]);
			return &f->list[f->cnt - 1];
		}
	return NULL;
}

void
conf_fault_add(struct conf_faults *f, enum conf_severity severity,
    const char *file, const struct conf_where *w, const char *text)
{
	struct conf_fault *at = slot(f, severity);

	if (severity == CONF_ERROR)
		f->error_cnt++;
	else
		f->warning_cnt++;
	if (!at)
		return;
	memset(at, 0, sizeof *at);
	at->severity = severity;
	at->line = w ? w->line : 0;
	at->column = w ? w->column : 0;
	copy_clean(at->file, sizeof at->file, file ? file : "");
	copy_clean(at->text, sizeof at->text, text);
}

const char *
conf_fault_text(const struct conf_fault *f, char buf[CONF_FAULT_LINE])
{
	const char *what = f->severity == CONF_ERROR ? "error" : "warning";
	char at[32] = "";

	if (f->line != 0 && f->column != 0)
		snprintf(at, sizeof at, ":%u:%u", (unsigned)f->line,
		    (unsigned)f->column);
	else if (f->line != 0)
		snprintf(at, sizeof at, ":%u", (unsigned)f->line);
	snprintf(buf, CONF_FAULT_LINE, "%s%s%s%s: %s", f->file, at,
	    f->file[0] ? ": " : "", what, f->text);
	return buf;
}
