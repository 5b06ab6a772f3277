/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and names as a person writes them: decimal, finite, nothing after
 * them; and which known name an unknown one was meant to be.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/words.h"
#include "conf_priv.h"

int
conf_number_int(const char *text, int64_t *v)
{
	char *end;
	long long n;

	*v = 0;
	if (text[strspn(text, "+-0123456789")] != '\0')
		return ERR_BAD;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return ERR_BAD;
	*v = n;
	return 0;
}

/* No hexadecimal, no "nan", no "inf": strtod would take them. */
int
conf_number_real(const char *text, double *v)
{
	char *end;
	double n;

	*v = 0.0;
	if (text[strspn(text, "+-.0123456789eE")] != '\0')
		return ERR_BAD;
	n = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(n))
		return ERR_BAD;
	*v = n;
	return 0;
}

const struct conf_entry *
conf_set_find(const struct conf_set *s, const char *name)
{
	for (size_t i = 0; i < s->cnt; i++)
		if (strcasecmp(s->entry[i].name, name) == 0)
			return &s->entry[i];
	return NULL;
}

#define NAME_MAX_LEN 32

const char *
conf_set_near(const struct conf_set *s, const char *name)
{
	size_t len = strlen(name);
	unsigned best = (unsigned)(1 + len / 4) + 1;
	const char *near = NULL;

	if (len < 2 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < s->cnt; i++) {
		size_t len2 = strlen(s->entry[i].name);
		unsigned d;

		/* The distance is at least the difference in length. */
		if (s->entry[i].state == CONF_REFUSED ||
		    (len > len2 ? len - len2 : len2 - len) >= best)
			continue;
		d = words_distance(name, s->entry[i].name);
		if (d < best) {
			best = d;
			near = s->entry[i].name;
		}
	}
	return near;
}
