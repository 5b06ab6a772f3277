/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking up accounts.
 */
#include "sandbox/account.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>

int
sandbox_user_find(const char *name, struct sandbox_user *user)
{
	struct passwd *pw;

	*user = (struct sandbox_user){(uid_t)-1, (gid_t)-1};
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL) {
		/* The C library may leave these behind for "not found". */
		if (errno == 0 || errno == ENOENT || errno == ESRCH)
			return ERR_ABSENT;
		return ERR_SYSTEM;
	}
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	return 0;
}
