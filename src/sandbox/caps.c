/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities by the bare system calls: what a role does not need leaves
 * the bounding, permitted, effective, inheritable and ambient sets.
 *
 * super alone may keep ambient ones: not being root, that is how CAP_SYS_TIME
 * gets through execve to clock.
 */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage_priv.h"

struct sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

static int
get_sets(struct sets *s)
{
	struct __user_cap_header_struct h = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0}};

	*s = (struct sets){0};
	if (syscall(SYS_capget, &h, d) != 0)
		return ERR_SYSTEM;
	s->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	s->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	s->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

static int
put_sets(const struct sets *s)
{
	struct __user_cap_header_struct h = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
	    {(uint32_t)s->effective, (uint32_t)s->permitted,
		(uint32_t)s->inheritable},
	    {(uint32_t)(s->effective >> 32), (uint32_t)(s->permitted >> 32),
		(uint32_t)(s->inheritable >> 32)},
	};

	return syscall(SYS_capset, &h, d) == 0 ? 0 : ERR_SYSTEM;
}

int
sandbox_caps_get(uint64_t *caps)
{
	struct sets s;
	int err = get_sets(&s);

	*caps = s.effective | s.permitted | s.inheritable;
	return err;
}

int
sandbox_caps_drop(const struct sandbox_plan *plan, char *why)
{
	struct sets s;

	if (get_sets(&s) != 0)
		return sandbox_fail(
		    why, ERR_SYSTEM, "cannot read capabilities");
	/* Without CAP_SETPCAP nothing is held that could leave the set. */
	if ((s.effective >> CAP_SETPCAP & 1) == 0)
		return 0;
	for (unsigned cap = 0; cap < 64; cap++) {
		if (plan->caps >> cap & 1)
			continue;
		/* EINVAL: the kernel knows no capability of this number. */
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
			break;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return sandbox_fail(why, ERR_SYSTEM,
			    "cannot drop a capability from the bounding set");
	}
	return 0;
}

int
sandbox_caps_set(const struct sandbox_plan *plan, uint64_t *got, char *why)
{
	const uint64_t time_bit = 1ULL << CAP_SYS_TIME;
	struct sets s;

	*got = 0;
	if (get_sets(&s) != 0)
		return sandbox_fail(
		    why, ERR_SYSTEM, "cannot read capabilities");
	s.permitted &= plan->caps;
	s.effective = s.permitted;
	s.inheritable = 0;
	/* root's children get theirs by being root. */
	if (plan->role == ROLE_SUPER && geteuid() != 0)
		s.inheritable = s.permitted & time_bit;
	if (put_sets(&s) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot set capabilities");
	/* A kernel without ambient ones has nothing to clear. */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (s.inheritable != 0 &&
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME, 0, 0) !=
		0)
		return sandbox_fail(
		    why, ERR_SYSTEM, "cannot hand CAP_SYS_TIME on");
	*got = s.permitted;
	return 0;
}
