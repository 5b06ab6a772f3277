/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many workers a configuration wants on this machine, and on which of
 * its processors.
 */
#include <sched.h>

#include "super_priv.h"

static unsigned
cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

/* One CPU is left to the rest of the machine when there are several. */
unsigned
daemon_workers_serve_cnt(const struct conf *c)
{
	unsigned n = c->serverworkers;

	if (n == 0)
		n = c->serverpins.cnt;
	if (n == 0)
		n = cpus() > 2 ? cpus() - 1 : cpus();
	return n < SUPER_WORKERS_MAX ? n : SUPER_WORKERS_MAX;
}

/* The nth of those that we may use, from the first again after the last. */
static int
nth_cpu(unsigned n)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return -1;
	n %= (unsigned)CPU_COUNT(&set);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && n-- == 0)
			return (int)i;
	return -1;
}

/* Where there are fewer workers than processors, the first, which interrupts
 * and everybody else like best, are left to them. */
int
daemon_workers_cpu(const struct conf *c, unsigned place)
{
	const struct conf_pins *pins = &c->serverpins;
	unsigned have = cpus(), want = daemon_workers_serve_cnt(c);

	if (!pins->on)
		return -1;
	if (pins->cnt > 0)
		return pins->cpu[place % pins->cnt];
	return nth_cpu(want < have ? have - want + place : place);
}

unsigned
daemon_workers_ke_cnt(const struct conf *c)
{
	unsigned n = c->ntsprocesses > 0 ? c->ntsprocesses : cpus();

	return n < SUPER_WORKERS_MAX ? n : SUPER_WORKERS_MAX;
}

bool
daemon_workers_dial(const struct conf *c)
{
	for (uint32_t i = 0; i < c->source_cnt; i++)
		if (c->source[i].nts)
			return true;
	return false;
}
