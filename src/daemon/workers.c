/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many workers a configuration wants on this machine.
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
		n = cpus() > 2 ? cpus() - 1 : cpus();
	return n < SUPER_WORKERS_MAX ? n : SUPER_WORKERS_MAX;
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
