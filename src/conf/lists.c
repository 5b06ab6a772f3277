/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists of a configuration that may be long: their room grows with what
 * is written, since most hosts write none.  Invariant: what lies before the
 * first list is plain data.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

#define ROOM_FIRST 16

bool
conf_lists_room(struct conf_access_list *list)
{
	uint32_t max = list->max == 0 ? ROOM_FIRST : 2 * list->max;
	struct conf_access *rule;

	if (list->cnt < list->max)
		return true;
	rule = realloc(list->rule, max * sizeof *rule);
	if (!rule)
		return false;
	list->rule = rule;
	list->max = max;
	return true;
}

static void
drop(struct conf_access_list *list)
{
	free(list->rule);
	memset(list, 0, sizeof *list);
}

void
conf_fini(struct conf *c)
{
	drop(&c->access);
	drop(&c->cmdaccess);
}

void
conf_move(struct conf *to, struct conf *from)
{
	conf_fini(to);
	*to = *from;
	memset(&from->access, 0, sizeof from->access);
	memset(&from->cmdaccess, 0, sizeof from->cmdaccess);
}

static bool
same_rules(const struct conf_access_list *a, const struct conf_access_list *b)
{
	for (uint32_t i = 0; i < a->cnt && i < b->cnt; i++) {
		const struct conf_access *x = &a->rule[i], *y = &b->rule[i];

		if (x->allow != y->allow || x->all != y->all ||
		    x->net.bits != y->net.bits ||
		    !addr_same_host(&x->net.addr, &y->net.addr))
			return false;
	}
	return a->cnt == b->cnt;
}

bool
conf_same(const struct conf *a, const struct conf *b)
{
	return memcmp(a, b, offsetof(struct conf, access)) == 0 &&
	    same_rules(&a->access, &b->access) &&
	    same_rules(&a->cmdaccess, &b->cmdaccess);
}
