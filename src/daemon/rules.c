/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access rules and rate limits out of start data.
 */
#include "rules_priv.h"

#include <stdlib.h>

#include "ipc/start.h"

static struct serve_access_rule
rule_of(const struct ipc_access_rule *a)
{
	return (struct serve_access_rule){
	    .prefix = {.addr = a->addr, .bits = a->bits},
	    .allow = a->allow,
	    .all = a->all,
	};
}

static size_t
collect(const struct daemon_boot *boot, struct serve_access_rule *rules)
{
	struct ipc_start_record r;
	size_t pos = 0, cnt = 0;

	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		const struct ipc_access_rules *m = &r.msg.access_rules;

		if (r.type != IPC_ACCESS_RULES)
			continue;
		for (size_t i = 0; rules && i < m->cnt; i++)
			rules[cnt + i] = rule_of(&m->at[i]);
		cnt += m->cnt;
	}
	return cnt;
}

struct serve_access *
daemon_rules_load(const struct daemon_boot *boot)
{
	size_t cnt = collect(boot, NULL);
	struct serve_access_rule *rules = calloc(cnt + 1, sizeof *rules);
	struct serve_access *access;

	if (!rules)
		return NULL;
	collect(boot, rules);
	access = serve_access_new(rules, cnt);
	free(rules);
	return access;
}

int
daemon_rules_limit(
    const struct ipc_limit *conf, struct rng *rng, struct serve_limit **limit)
{
	struct serve_limit_conf c = {
	    .interval_log2s = (int8_t)conf->interval_log2s,
	    .burst = conf->burst,
	    .leak_log2 = conf->leak_log2,
	    .kod_log2 = conf->kod_log2,
	    .table_len = conf->table_len,
	};

	*limit = conf->on ? serve_limit_new(&c, rng) : NULL;
	return conf->on && !*limit ? ERR_FULL : 0;
}
