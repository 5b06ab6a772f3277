/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cages: under which account a role runs, and with which capabilities.
 */
#include "cage_rig.h"

#include <linux/capability.h>

#include "sandbox/account.h"

static int
do_caps_none(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	uint64_t want = plan->role == ROLE_CLOCK ? 1ULL << CAP_SYS_TIME : 0;

	if (plan->flags & SANDBOX_VIRTUAL)
		want = 0;
	if (state->caps != want)
		return 1;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		/* An ordinary user cannot shrink the bounding set. */
		if (geteuid() != 0 && !plan->change_user)
			break;
		if (in > 0 && (want >> cap & 1) == 0)
			return 2;
	}
	return GOOD;
}

static int
do_caps_super(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	if (geteuid() != 0)
		return (state->caps & ~plan->caps) == 0 ? GOOD : 1;
	return state->caps == plan->caps ? GOOD : 2;
}

static void
test_capabilities(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHILD_CNT; i++)
		expect_good(children[i], do_caps_none);
	expect_good(ROLE_SUPER, do_caps_super);
	/* What super keeps for them is not theirs. */
	more_flags = SANDBOX_HARDWARE;
	for (size_t i = 0; i < CHILD_CNT; i++)
		expect_good(children[i], do_caps_none);
	more_flags = 0;
}

/* clock without the capability is refused in words. */
static void
test_clock_needs_its_capability(void **state)
{
	struct sandbox_plan plan;
	struct sandbox_state got;
	char why[SANDBOX_TEXT_MAX];
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setresgid(OTHER_ID, OTHER_ID, OTHER_ID) != 0 ||
			setresuid(OTHER_ID, OTHER_ID, OTHER_ID) != 0))
			_exit(FAILED);
		sandbox_plan_init(&plan, ROLE_CLOCK);
		_exit(sandbox_enter(&plan, &got, why) == ERR_DENIED &&
			    strstr(why, "CAP_SYS_TIME") != NULL
			? GOOD
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_accounts(void **state)
{
	struct sandbox_user user;

	(void)state;
	assert_int_equal(sandbox_user_find("root", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(
	    sandbox_user_find("no such account", &user), ERR_ABSENT);
	assert_int_equal(user.uid, (uid_t)-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accounts),
	    cmocka_unit_test(test_capabilities),
	    cmocka_unit_test(test_clock_needs_its_capability),
	};

	return cage_run(
	    "sandbox_cage_accounts", tests, sizeof tests / sizeof *tests);
}
