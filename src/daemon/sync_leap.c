/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the leap second list says of now, for discipline.  The list comes from
 * super; which of its leap seconds is the next depends on our own time, which
 * at the start may be decades off.
 */
#include <string.h>

#include "sync_priv.h"

void
daemon_sync_leap_take(struct sync *s, const struct ipc_leap_list *m)
{
	struct conf_leaplist *l = &s->leaps;

	memset(l, 0, sizeof *l);
	l->expires_s = m->expires_s;
	l->cnt = m->cnt;
	for (uint32_t i = 0; i < l->cnt; i++) {
		l->leap[i].at_s = m->at_s[i];
		l->leap[i].tai_offset_s = m->tai_offset_s[i];
	}
	if (conf_leaplist_check(l) < 0)
		memset(l, 0, sizeof *l);
}

bool
daemon_sync_leap_review(struct sync *s, struct wall now)
{
	struct discipline_leap leap = {.sense = 0}, old = s->leap;
	struct conf_leap_outlook o;

	if (s->leaps.expires_s != 0) {
		if (conf_leaplist_look(&s->leaps, now, &o) == 0)
			leap = (struct discipline_leap){
			    .next = o.next,
			    .expires = o.expires,
			    .tai_offset_s = o.tai_offset_s,
			    .sense = o.sense,
			};
		/* The past does not expire. */
		leap.last = o.last;
		leap.last_sense = o.last_sense;
	}
	s->leap = leap;
	return leap.last.ns != old.last.ns || leap.next.ns != old.next.ns ||
	    leap.expires.ns != old.expires.ns ||
	    leap.tai_offset_s != old.tai_offset_s || leap.sense != old.sense;
}
