/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second generator of the same load on another core.  One cannot fill a
 * server with key exchanges, which take the client longer than the server;
 * and a server that waits in between finds its caches cold.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

static void
work(const struct load_beside *b, const struct load_options *o,
    struct load_ke *ke)
{
	static struct load_result r;
	cpu_set_t set;
	ssize_t n = -1;

	CPU_ZERO(&set);
	CPU_SET((size_t)o->beside, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		perror("load: --beside");
	else if (load_tcp_run(o, ke, &r) == 0)
		n = write(b->pipe[1], &r.answered, sizeof r.answered);
	_exit(n < 0);
}

int
load_beside_begin(
    struct load_beside *b, const struct load_options *o, struct load_ke *ke)
{
	b->pid = -1;
	if (o->beside < 0)
		return 0;
	if (pipe(b->pipe) < 0)
		return -1;
	b->pid = fork();
	if (b->pid == 0)
		work(b, o, ke);
	close(b->pipe[1]);
	return b->pid < 0 ? -1 : 0;
}

int
load_beside_end(struct load_beside *b, struct load_result *r)
{
	uint64_t answered = 0;
	ssize_t n;

	if (b->pid < 0)
		return 0;
	n = read(b->pipe[0], &answered, sizeof answered);
	close(b->pipe[0]);
	(void)waitpid(b->pid, NULL, 0);
	r->answered += answered;
	return n == (ssize_t)sizeof answered ? 0 : -1;
}
