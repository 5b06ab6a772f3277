/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The distance between words, by the usual table of which three rows do.
 */
#include "base/words.h"

#include <string.h>

static unsigned
lower(char ch)
{
	unsigned c = (unsigned char)ch;

	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned
words_distance(const char *a, const char *b)
{
	unsigned row[3][WORDS_LEN_MAX + 1];
	size_t alen = strnlen(a, WORDS_LEN_MAX);
	size_t blen = strnlen(b, WORDS_LEN_MAX);

	for (unsigned j = 0; j <= blen; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3];
		unsigned *two = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned differs = lower(a[i - 1]) != lower(b[j - 1]);

			now[j] = least(up[j] + 1, now[j - 1] + 1);
			now[j] = least(now[j], up[j - 1] + differs);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = least(now[j], two[j - 2] + 1);
		}
	}
	return row[alen % 3][blen];
}
