/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the tables of roles.c to a seccomp filter.  Whatever is not listed
 * traps; a program start or a debugger ends the process outright.
 *
 * super's filter lies under those of its children, so it holds the union of
 * all lists: a call that super's own list names keeps the conditions written
 * there, any other is allowed as it comes and narrowed by the child.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "cage_priv.h"

static bool
names(const struct sandbox_list *list, const char *name)
{
	for (size_t i = 0; i < list->cnt; i++) {
		if (strcmp(list->rules[i].name, name) == 0)
			return true;
	}
	return false;
}

static int
add_rule(scmp_filter_ctx ctx, uint32_t action, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp cmp[2];
	unsigned cnt = 0;
	int nr = seccomp_syscall_resolve_name(rule->name);
	int rc;

	if (nr < 0)
		return 0; /* not on this architecture */
	for (size_t i = 0; i < 2; i++) {
		const struct sandbox_cond *c = &rule->cond[i];

		if (c->mask != 0)
			cmp[cnt++] = (struct scmp_arg_cmp){
			    c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value};
	}
	rc = seccomp_rule_add_array(ctx, action, nr, cnt, cmp);
	return rc == 0 || rc == -EEXIST ? 0 : ERR_LIBRARY;
}

static int
add_list(scmp_filter_ctx ctx, const struct sandbox_list *list)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < list->cnt; i++)
		err = add_rule(ctx, SCMP_ACT_ALLOW, &list->rules[i]);
	return err;
}

/* What own does not name, without the conditions. */
static int
add_rest(scmp_filter_ctx ctx, const struct sandbox_list *list,
    const struct sandbox_list *own)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < list->cnt; i++) {
		struct sandbox_rule bare = {.name = list->rules[i].name};

		if (!names(own, bare.name))
			err = add_rule(ctx, SCMP_ACT_ALLOW, &bare);
	}
	return err;
}

static int
add_union(scmp_filter_ctx ctx, const struct sandbox_list *own)
{
	int err = add_rest(ctx, sandbox_base_list(), own);

	if (err == 0)
		err = add_rest(ctx, sandbox_hardware_list(), own);
	for (unsigned r = 0; err == 0 && r < ROLE_CNT; r++) {
		if (r != ROLE_SUPER)
			err = add_rest(
			    ctx, &sandbox_role_row((enum role)r)->own, own);
	}
	return err;
}

static int
add_refusals(scmp_filter_ctx ctx, enum role role)
{
	static const struct sandbox_rule probe = {.name = SANDBOX_PROBE_NAME};
	static const struct sandbox_rule debug = {.name = "ptrace"};
	static const struct sandbox_rule clone3 = {.name = "clone3"};
	static const struct sandbox_rule exec[] = {
	    {.name = "execve"}, {.name = "execveat"}};
	int err =
	    add_rule(ctx, SCMP_ACT_ERRNO(SANDBOX_PROBE_ERRNO(role)), &probe);

	if (err == 0)
		err = add_rule(ctx, SCMP_ACT_KILL_PROCESS, &debug);
	/* Its flags are in memory, out of the filter's sight.  The C library
	 * takes ENOSYS as a hint to use clone. */
	if (err == 0 && role == ROLE_SUPER)
		err = add_rule(ctx, SCMP_ACT_ERRNO(ENOSYS), &clone3);
	for (size_t i = 0; err == 0 && i < 2; i++) {
		if (!sandbox_role_row(role)->may_exec)
			err = add_rule(ctx, SCMP_ACT_KILL_PROCESS, &exec[i]);
	}
	return err;
}

static int
fill(scmp_filter_ctx ctx, const struct sandbox_plan *plan)
{
	const struct sandbox_list *own = &sandbox_role_row(plan->role)->own;
	int err = add_refusals(ctx, plan->role);

	if (err == 0)
		err = add_list(ctx, own);
	if (err == 0 && plan->role == ROLE_SUPER)
		return add_union(ctx, own);
	if (err == 0)
		err = add_list(ctx, sandbox_base_list());
	if (err == 0 && (plan->flags & SANDBOX_HARDWARE) &&
	    (plan->role == ROLE_SYNC || plan->role == ROLE_SERVE))
		err = add_list(ctx, sandbox_hardware_list());
	return err;
}

int
sandbox_filter_load(const struct sandbox_plan *plan, char *why)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int err;

	if (ctx == NULL)
		return sandbox_fail(why, ERR_LIBRARY, "cannot make a filter");
	err = fill(ctx, plan);
	/* A binary tree instead of a list: the busiest calls of serve would
	 * else wait behind all others.  Older libraries do without. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (err == 0 && seccomp_load(ctx) != 0)
		err = ERR_LIBRARY;
	seccomp_release(ctx);
	if (err != 0)
		return sandbox_fail(why, err, "cannot load the seccomp filter");
	return 0;
}
