/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for query.  The resolver blocks, so a child asks it: all names are
 * looked up side by side, and one that hangs is killed with its host.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "query_priv.h"

/* What the child writes, in one piece. */
struct reply {
	int err;
	struct net_names names;
};

static unsigned
family(const struct query *q)
{
	if (q->o.v4 == q->o.v6)
		return ADDR_NONE;
	return q->o.v4 ? ADDR_V4 : ADDR_V6;
}

static _Noreturn void
child(int fd, const char *name, unsigned fam, bool local)
{
	struct reply r;

	memset(&r, 0, sizeof r);
	r.err = net_names_lookup(name, fam, local, &r.names);
	_exit(write(fd, &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
}

static void
answered(struct query_host *h, unsigned what)
{
	struct reply r;
	ssize_t n = read(h->lookup.fd, &r, sizeof r);

	(void)what;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	cli_query_lookup_end(h);
	if (n != (ssize_t)sizeof r) {
		h->lookup.done(h, ERR_SYSTEM);
		return;
	}
	h->names = r.names;
	h->lookup.done(h, r.err);
}

static void
too_late(struct query_host *h)
{
	cli_query_lookup_end(h);
	h->lookup.done(h, ERR_AGAIN);
}

static int
start_child(struct query_host *h, const char *name)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd) < 0)
		return ERR_SYSTEM;
	pid = fork();
	if (pid == 0)
		child(fd[1], name, family(h->q), h->lookup.local);
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return ERR_SYSTEM;
	}
	h->lookup.pid = pid;
	h->lookup.fd = fd[0];
	cli_query_wait(h, fd[0], NET_READ, answered);
	cli_query_step(h, cli_query_left_s(h), too_late);
	return 0;
}

void
cli_query_lookup(struct query_host *h, const char *name, bool local,
    void (*done)(struct query_host *h, int err))
{
	struct addr a;
	int err;

	memset(&h->names, 0, sizeof h->names);
	h->lookup.done = done;
	h->lookup.local = local;
	h->addr_idx = 0;
	/* A number needs no resolver. */
	if (addr_parse(&a, name) == 0)
		err = net_names_lookup(name, family(h->q), local, &h->names);
	else
		err = start_child(h, name);
	if (err || h->lookup.pid == 0)
		done(h, err);
}

void
cli_query_lookup_end(struct query_host *h)
{
	if (h->lookup.pid == 0)
		return;
	cli_query_stop(h);
	close(h->lookup.fd);
	(void)kill(h->lookup.pid, SIGKILL);
	while (waitpid(h->lookup.pid, NULL, 0) < 0 && errno == EINTR)
		;
	h->lookup.pid = 0;
}

const char *
cli_query_lookup_words(int err)
{
	switch (err) {
	case ERR_ABSENT:
		return "no such name, or it has no address of the kind asked "
		       "for";
	case ERR_AGAIN:
		return "the resolver does not answer: is the network up, and "
		       "/etc/resolv.conf right?";
	case ERR_BAD:
		return "this is not a name or address";
	default:
		return "the resolver could not be asked";
	}
}
