/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disciplined clock as sync sees it: the kernel's, and with -x the
 * virtual clock on top, as role clock publishes it.
 */
#include "base/timepage.h"
#include "os/clock.h"
#include "sync_priv.h"

static struct dur
virtual_at(const struct sync *s, struct mono at)
{
	struct timepage_clock page;

	if (!s->clock || timepage_get(s->clock, &page, sizeof page) < 0)
		return (struct dur){0};
	return timepage_virtual(&page, at);
}

struct wall
daemon_sync_wall(const struct sync *s, struct mono now)
{
	return tstamp_wall_add(os_clock_real(), virtual_at(s, now));
}

struct wall
daemon_sync_wall_of(const struct sync *s, const struct net_stamp *st)
{
	return tstamp_wall_add(st->real, virtual_at(s, st->mono));
}
