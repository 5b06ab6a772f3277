/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots: the numbers by which all roles speak of the configured sources.
 * Invariant: a source that stays configured keeps its slots.
 */
#include <string.h>

#include "os/log.h"
#include "super_priv.h"

static bool
slot_matches(const struct super *s, size_t at, const struct conf_source *src,
    uint16_t cnt)
{
	return s->slots.at[at].cnt == cnt &&
	    s->slots.at[at].kind == src->kind &&
	    s->slots.at[at].port == src->port &&
	    s->slots.at[at].ntsport == src->ntsport &&
	    strcmp(s->slots.at[at].name, src->name) == 0;
}

uint16_t
daemon_slots_wanted(const struct conf_source *src)
{
	return src->kind == CONF_POOL ? src->maxsources : 1;
}

size_t
daemon_slots_find(const struct super *s, const struct conf_source *src)
{
	uint16_t cnt = daemon_slots_wanted(src);

	for (size_t i = 0; i < SUPER_SLOTS; i++)
		if (slot_matches(s, i, src, cnt))
			return i;
	return SUPER_SLOTS;
}

static bool
range_free(const struct super *s, size_t from, uint16_t cnt)
{
	for (size_t i = 0; i < SUPER_SLOTS; i++)
		if (s->slots.at[i].cnt > 0 && i < from + cnt &&
		    i + s->slots.at[i].cnt > from)
			return false;
	return from + cnt <= SUPER_SLOTS;
}

static void
slot_give(struct super *s, const struct conf_source *src)
{
	uint16_t cnt = daemon_slots_wanted(src);
	size_t at = 0;

	while (at < SUPER_SLOTS && !range_free(s, at, cnt))
		at++;
	if (at >= SUPER_SLOTS) {
		os_log_warn("source left out: more than %d servers source=%s",
		    SUPER_SLOTS, src->name);
		return;
	}
	s->slots.at[at].cnt = cnt;
	s->slots.at[at].kind = src->kind;
	s->slots.at[at].port = src->port;
	s->slots.at[at].ntsport = src->ntsport;
	memcpy(s->slots.at[at].name, src->name, CONF_NAME_MAX);
	if (at + cnt > s->slots.ever)
		s->slots.ever = (uint16_t)(at + cnt);
}

void
daemon_slots_give(struct super *s)
{
	bool wanted[SUPER_SLOTS] = {false};

	for (uint32_t i = 0; i < s->conf.source_cnt; i++) {
		size_t at = daemon_slots_find(s, &s->conf.source[i]);

		if (at < SUPER_SLOTS)
			wanted[at] = true;
	}
	for (size_t i = 0; i < SUPER_SLOTS; i++)
		if (!wanted[i])
			s->slots.at[i].cnt = 0;
	for (uint32_t i = 0; i < s->conf.source_cnt; i++)
		if (daemon_slots_find(s, &s->conf.source[i]) == SUPER_SLOTS)
			slot_give(s, &s->conf.source[i]);
}
