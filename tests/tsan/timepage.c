/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time page under the thread sanitizer: one writer, several readers.
 * Every copy that a reader gets is whole and no older than the last one, and
 * the sanitizer sees no data race.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/timepage.h"

#define READERS 3
#define ROUNDS  20000

struct reader {
	struct timepage *page;
	const bool *stop;
	uint64_t good;
	uint64_t torn;
	uint64_t backwards;
};

static void *
read_on(void *ctx)
{
	struct reader *r = ctx;
	uint64_t words[TIMEPAGE_WORDS], last = 0;

	while (!__atomic_load_n(r->stop, __ATOMIC_RELAXED)) {
		if (timepage_get(r->page, words, sizeof words) < 0)
			continue;
		r->good++;
		for (size_t i = 1; i < TIMEPAGE_WORDS; i++)
			r->torn += words[i] != words[0];
		r->backwards += words[0] < last;
		last = words[0];
	}
	return NULL;
}

static void
write_all(struct timepage *page)
{
	uint64_t words[TIMEPAGE_WORDS];

	for (uint64_t n = 1; n <= ROUNDS; n++) {
		for (size_t i = 0; i < TIMEPAGE_WORDS; i++)
			words[i] = n;
		timepage_put(page, words, sizeof words);
	}
}

int
main(void)
{
	static struct timepage page;
	static struct reader readers[READERS];
	pthread_t threads[READERS];
	bool stop = false;
	int bad = 0;

	timepage_init(&page);
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.page = &page, .stop = &stop};
		if (pthread_create(&threads[i], NULL, read_on, &readers[i]))
			return 2;
	}
	write_all(&page);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++) {
		const struct reader *r = &readers[i];

		pthread_join(threads[i], NULL);
		bad |= r->torn > 0 || r->backwards > 0;
		printf("reader %d: %llu copies, %llu torn, %llu backwards\n", i,
		    (unsigned long long)r->good, (unsigned long long)r->torn,
		    (unsigned long long)r->backwards);
	}
	return bad;
}
