/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How alike two words are, for "did you mean".
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#define WORDS_LEN_MAX 64 /* what is longer counts up to here */

/**
 * words_distance - edits from one word to the other, letters in any case;
 * two neighbours swapped count one (Damerau 1964).
 */
unsigned words_distance(const char *a, const char *b);

#endif
