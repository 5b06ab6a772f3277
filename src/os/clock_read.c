/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading clocks.  BOOTTIME and MONOTONIC_RAW are refused by some platforms
 * and simulators; CLOCK_MONOTONIC then stands in.
 */
#include <time.h>

#include "os/clock.h"

#define READ_TRIES     4
#define SPREAD_GOOD_NS 500

static int64_t
read_ns(clockid_t id, bool *ok)
{
	struct timespec ts;

	*ok = clock_gettime(id, &ts) == 0;
	if (!*ok)
		return 0;
	return (int64_t)ts.tv_sec * TSTAMP_NS_PER_S + ts.tv_nsec;
}

static int64_t
read_or_mono_ns(clockid_t id, bool *ok)
{
	int64_t ns = read_ns(id, ok);

	return *ok ? ns : os_clock_mono().ns;
}

struct mono
os_clock_mono(void)
{
	bool ok;

	return (struct mono){read_ns(CLOCK_MONOTONIC, &ok)};
}

struct wall
os_clock_real(void)
{
	bool ok;

	return (struct wall){read_ns(CLOCK_REALTIME, &ok)};
}

int64_t
os_clock_boot_ns(void)
{
	bool ok;

	return read_or_mono_ns(CLOCK_BOOTTIME, &ok);
}

int64_t
os_clock_raw_ns(void)
{
	bool ok;

	return read_or_mono_ns(CLOCK_MONOTONIC_RAW, &ok);
}

struct mono
os_clock_mono_of(struct wall real)
{
	struct mono now = os_clock_mono();
	struct dur ago = tstamp_wall_diff(os_clock_real(), real);

	return tstamp_mono_add(now, (struct dur){-ago.ns});
}

/* Each clock lies between two readings of CLOCK_MONOTONIC; all are brought
 * to the moment of the second. */
static void
read_once(struct os_clock_reading *r)
{
	struct mono m[4];
	bool ok;

	m[0] = os_clock_mono();
	r->real = os_clock_real();
	m[1] = os_clock_mono();
	r->raw_ns = read_ns(CLOCK_MONOTONIC_RAW, &r->has_raw);
	m[2] = os_clock_mono();
	r->boot_ns = read_ns(CLOCK_BOOTTIME, &ok);
	m[3] = os_clock_mono();
	r->mono = m[1];
	r->spread.ns = m[3].ns - m[0].ns;
	r->real.ns += (m[1].ns - m[0].ns) / 2;
	r->raw_ns -= (m[2].ns - m[1].ns) / 2;
	r->boot_ns -= (m[2].ns - m[1].ns) + (m[3].ns - m[2].ns) / 2;
	if (!r->has_raw)
		r->raw_ns = r->mono.ns;
	if (!ok)
		r->boot_ns = r->mono.ns;
}

void
os_clock_read(struct os_clock_reading *r)
{
	struct os_clock_reading next;

	read_once(r);
	for (int i = 1; i < READ_TRIES && r->spread.ns > SPREAD_GOOD_NS; i++) {
		read_once(&next);
		if (next.spread.ns < r->spread.ns)
			*r = next;
	}
}
