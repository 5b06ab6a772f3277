/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Microseconds per sample through the whole discipline, with one, four and
 * ten sources, in the steady state; and memory per source.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "discipline/discipline.h"

#define SAMPLES 20000
#define S       1000000000LL

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static double
unit(uint64_t *s)
{
	*s = *s * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((double)(*s >> 11) + 0.5) / 9007199254740992.0;
}

/* The clock's part is left out: it never moves. */
static double
measure(unsigned sources)
{
	struct discipline_conf conf;
	struct discipline_source_conf c;
	struct clockcmd_state state = {
	    .as_of = {S}, .slew_until = {S}, .slew_max_sps = 5e-4};
	struct discipline_out out;
	struct discipline *d;
	double began = 0;
	uint64_t seed = 1;

	discipline_conf_init(&conf);
	discipline_source_conf_init(&c);
	d = discipline_new(&conf, (struct mono){S});
	if (d == NULL)
		abort();
	for (unsigned i = 0; i < sources; i++)
		if (discipline_open(d, i, &c) < 0)
			abort();
	discipline_clock(d, &state, (struct mono){S}, &out);
	for (int i = 0; i < 2 * SAMPLES; i++) {
		unsigned slot = (unsigned)i % sources;
		int64_t t = 2 * S + i * (64 * S / sources);
		double up = -1e-3 * log(unit(&seed));
		double down = -1e-3 * log(unit(&seed));
		struct sample s = {
		    .at = {t},
		    .offset_s = (up - down) / 2,
		    .delay_s = 0.02 + up + down,
		    .stamp_error_s = 1e-6,
		    .server_time_s = 1e-5,
		    .stratum = 2,
		};

		if (i == SAMPLES)
			began = now_us();
		discipline_sent(d, slot, (struct mono){t});
		(void)discipline_sample(
		    d, slot, &s, (struct mono){t + S / 50}, &out);
		state.as_of.ns = t + S / 40;
		discipline_clock(d, &state, state.as_of, &out);
	}
	began = now_us() - began;
	discipline_free(d);
	return began / SAMPLES;
}

int
main(void)
{
	static const unsigned sources[] = {1, 4, 10};

	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		printf("discipline_%02u_sources_per_sample     %8.1f us\n",
		    sources[i], measure(sources[i]));
	printf("%-36s %8.1f KiB\n", "discipline_state_per_source",
	    (double)discipline_size() / DISCIPLINE_SLOT_MAX / 1024);
	return 0;
}
