/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting on the cage, in the order that works: what needs a capability
 * before capabilities go, what a change of user takes back after it, files
 * before seccomp, seccomp last.
 */
#include "sandbox/cage.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cage_priv.h"

#define PRCTL_SET_MDWE     65
#define MDWE_REFUSE_GAIN   1UL
#define CALL_CLOSE_RANGE   436
#define FIRST_FD           3
#define PERSONALITY_RETURN 0xffffffffUL

/* Instrumented builds write files and map what they like: see the header. */
#if defined(SANDBOX_OFF) || defined(__SANITIZE_ADDRESS__) ||                   \
    defined(__SANITIZE_THREAD__)
bool
sandbox_built(void)
{
	return false;
}
#else
bool
sandbox_built(void)
{
	return true;
}
#endif

int
sandbox_fail(char *why, int err, const char *what)
{
	if (errno != 0 && err == ERR_SYSTEM)
		(void)snprintf(
		    why, SANDBOX_TEXT_MAX, "%s: %s", what, strerror(errno));
	else
		(void)snprintf(why, SANDBOX_TEXT_MAX, "%s", what);
	return err;
}

void
sandbox_plan_init(struct sandbox_plan *plan, enum role role)
{
	const struct sandbox_role *row = sandbox_role_row(role);

	*plan = (struct sandbox_plan){.role = role,
	    .log_fd = -1,
	    .nofile_max = row->nofile_max,
	    .as_max = row->as_max,
	    .caps = row->caps};
}

static bool
kept(const struct sandbox_plan *plan, int fd)
{
	if (fd == plan->log_fd)
		return true;
	for (size_t i = 0; i < plan->fd_cnt; i++) {
		if (plan->fds[i] == fd)
			return true;
	}
	return false;
}

static int
highest(const struct sandbox_plan *plan)
{
	int top = plan->log_fd > FIRST_FD ? plan->log_fd : FIRST_FD - 1;

	for (size_t i = 0; i < plan->fd_cnt; i++) {
		if (plan->fds[i] > top)
			top = plan->fds[i];
	}
	return top;
}

/* Kernels before 5.9 have no close_range. */
static void
close_from(int first)
{
	struct rlimit r;

	if (syscall(CALL_CLOSE_RANGE, (unsigned)first, ~0U, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur > 65536)
		r.rlim_cur = 65536;
	for (int fd = first; fd < (int)r.rlim_cur; fd++)
		(void)close(fd);
}

static void
close_others(const struct sandbox_plan *plan)
{
	int top = highest(plan);

	if (plan->fds == NULL)
		return;
	for (int fd = FIRST_FD; fd <= top; fd++) {
		if (!kept(plan, fd))
			(void)close(fd);
	}
	close_from(top + 1);
}

static int
limit(int what, uint64_t value, bool soft_only)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)what, &r) != 0)
		return ERR_SYSTEM;
	r.rlim_cur = value < r.rlim_max ? value : r.rlim_max;
	if (!soft_only)
		r.rlim_max = r.rlim_cur;
	return setrlimit((__rlimit_resource_t)what, &r) == 0 ? 0 : ERR_SYSTEM;
}

/* Limits are inherited and cannot be raised again, so super takes only those
 * that its children can live with. */
static int
set_limits(const struct sandbox_plan *plan, char *why)
{
	bool super = plan->role == ROLE_SUPER;
	int err = limit(RLIMIT_CORE, 0, false);

	if (err == 0)
		err = limit(RLIMIT_NOFILE, plan->nofile_max, super);
	if (err == 0 && !super)
		err = limit(RLIMIT_NPROC, 0, false);
	if (err == 0 && !super && sandbox_built())
		err = limit(RLIMIT_FSIZE, 0, false);
	if (err == 0 && plan->as_max != 0 && sandbox_built())
		err = limit(RLIMIT_AS, plan->as_max, super);
	if (err != 0)
		return sandbox_fail(why, err, "cannot set resource limits");
	return 0;
}

static int
change_user(const struct sandbox_plan *plan, char *why)
{
	if (!plan->change_user)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
	    setgroups(0, NULL) != 0 ||
	    setresgid(plan->gid, plan->gid, plan->gid) != 0 ||
	    setresuid(plan->uid, plan->uid, plan->uid) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot change user");
	/* The effective set went with the user; it comes back below. */
	return 0;
}

/* After the change of user, which takes both of these back. */
static int
bind_to_parent(const struct sandbox_plan *plan, char *why)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot forbid dumps");
	if (plan->parent == 0)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot follow parent");
	errno = 0;
	if (getppid() != plan->parent)
		return sandbox_fail(why, ERR_SYSTEM, "the parent is gone");
	return 0;
}

/* -x: nobody may hold CAP_SYS_TIME, whatever the plan says.  Hardware stamps:
 * interfaces that come later are switched on by super. */
static struct sandbox_plan
effective_plan(const struct sandbox_plan *plan)
{
	struct sandbox_plan p = *plan;

	if (p.flags & SANDBOX_VIRTUAL)
		p.caps &= ~(1ULL << CAP_SYS_TIME);
	if (p.role == ROLE_SUPER && (p.flags & SANDBOX_HARDWARE))
		p.caps |= 1ULL << CAP_NET_ADMIN;
	return p;
}

static int
check_needed(const struct sandbox_plan *plan, uint64_t got, char *why)
{
	uint64_t needed = sandbox_role_row(plan->role)->caps_needed;

	if ((needed & plan->caps & ~got) == 0)
		return 0;
	errno = 0;
	return sandbox_fail(why, ERR_DENIED,
	    "CAP_SYS_TIME is missing: start as root, or with that capability "
	    "inherited, or with -x");
}

static int
drop_privileges(
    const struct sandbox_plan *plan, struct sandbox_state *state, char *why)
{
	int err = sandbox_caps_drop(plan, why);

	if (err == 0)
		err = change_user(plan, why);
	if (err == 0)
		err = sandbox_caps_set(plan, &state->caps, why);
	if (err == 0)
		err = check_needed(plan, state->caps, why);
	if (err == 0)
		err = bind_to_parent(plan, why);
	if (err != 0)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "no_new_privs refused");
	/* Since 6.3; before, the filter's PROT_EXEC rules stand alone. */
	if (sandbox_built())
		(void)prctl(PRCTL_SET_MDWE, MDWE_REFUSE_GAIN, 0, 0, 0);
	return 0;
}

int
sandbox_enter(
    const struct sandbox_plan *plan, struct sandbox_state *state, char *why)
{
	struct sandbox_plan p = effective_plan(plan);
	int err;

	*state = (struct sandbox_state){0};
	why[0] = '\0';
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)umask(077);
	if (clearenv() != 0)
		return sandbox_fail(
		    why, ERR_SYSTEM, "cannot clear environment");
	/* gmtime reads the zone file once, and libcrypto judges certificates
	 * by gmtime. */
	tzset();
	if (sandbox_built())
		close_others(&p);
	err = set_limits(&p, why);
	if (err == 0)
		err = drop_privileges(&p, state, why);
	if (err != 0 || !sandbox_built())
		return err;
	err = sandbox_landlock_enter(&p, &state->landlock_abi, why);
	if (err == 0)
		err = sandbox_trap_arm(p.role, p.log_fd, why);
	if (err == 0)
		err = sandbox_filter_load(&p, why);
	/* Building the filter left the heap full of holes. */
	(void)malloc_trim(0);
	state->seccomp = err == 0;
	return err;
}

static const char *
check_user(const struct sandbox_plan *plan)
{
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) != 0 ||
	    getresgid(&g[0], &g[1], &g[2]) != 0)
		return "cannot read our own user";
	if (!plan->change_user)
		return NULL;
	for (int i = 0; i < 3; i++) {
		if (u[i] != plan->uid || g[i] != plan->gid)
			return "the user was not changed";
	}
	return NULL;
}

static const char *
check_privileges(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	uint64_t caps;

	if (sandbox_caps_get(&caps) != 0)
		return "cannot read our own capabilities";
	if (caps != state->caps || (caps & ~plan->caps) != 0)
		return "capabilities are held that should not be";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "no_new_privs is not set";
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return "the process can be dumped";
	return NULL;
}

/* Asking for the persona changes nothing where no filter stands. */
static const char *
check_filter(const struct sandbox_plan *plan)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2)
		return "no seccomp filter is in force";
	errno = 0;
	if (syscall(SYS_personality, PERSONALITY_RETURN) != -1 ||
	    errno != (int)SANDBOX_PROBE_ERRNO(plan->role))
		return "another role's seccomp filter is in force";
	return NULL;
}

int
sandbox_selftest(const struct sandbox_plan *plan,
    const struct sandbox_state *state, char *why)
{
	struct sandbox_plan p = effective_plan(plan);
	const char *fault = check_user(&p);

	why[0] = '\0';
	if (fault == NULL)
		fault = check_privileges(&p, state);
	if (fault == NULL && sandbox_built())
		fault = check_filter(&p);
	if (fault == NULL)
		return 0;
	return sandbox_fail(why, ERR_DENIED, fault);
}

static const struct {
	unsigned cap;
	const char *name;
} cap_names[] = {
    {CAP_KILL, "kill"},
    {CAP_SETGID, "setgid"},
    {CAP_SETUID, "setuid"},
    {CAP_SETPCAP, "setpcap"},
    {CAP_NET_ADMIN, "net_admin"},
    {CAP_NET_BIND_SERVICE, "net_bind_service"},
    {CAP_SYS_TIME, "sys_time"},
};

static void
caps_text(uint64_t caps, char *text, size_t max)
{
	size_t len = 0;

	(void)snprintf(text, max, "none");
	for (size_t i = 0; i < sizeof(cap_names) / sizeof(cap_names[0]); i++) {
		int n;

		if ((caps >> cap_names[i].cap & 1) == 0)
			continue;
		n = snprintf(text + len, max - len, "%s%s", len > 0 ? "," : "",
		    cap_names[i].name);
		if (n < 0 || (size_t)n >= max - len)
			return;
		len += (size_t)n;
	}
}

const char *
sandbox_report(const struct sandbox_plan *plan,
    const struct sandbox_state *state, char *text)
{
	char caps[128];
	char abi[16] = "none";

	caps_text(state->caps, caps, sizeof(caps));
	if (state->landlock_abi > 0)
		(void)snprintf(abi, sizeof(abi), "%d", state->landlock_abi);
	(void)snprintf(text, SANDBOX_TEXT_MAX,
	    "cage role=%s uid=%u caps=%s seccomp=%s landlock=%s",
	    role_name(plan->role), (unsigned)geteuid(), caps,
	    state->seccomp ? "on" : "off", abi);
	return text;
}
