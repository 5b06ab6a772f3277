/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of their own for secrets.
 */
#include "os/secret.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/wipe.h"

void *
os_secret_alloc(size_t len, bool *locked)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool held;

	if (p == MAP_FAILED)
		return NULL;
	held = mlock(p, len) == 0;
	if (locked)
		*locked = held;
	/* Old kernels know fewer of these; each alone is worth having. */
	(void)madvise(p, len, MADV_DONTDUMP);
	(void)madvise(p, len, MADV_WIPEONFORK);
	return p;
}

void
os_secret_free(void *p, size_t len)
{
	if (!p)
		return;
	wipe_bytes(p, len);
	munmap(p, len);
}
