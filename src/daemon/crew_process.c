/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members that are processes: this program executed again with a channel, a
 * log pipe, its start data in a memory file, and its descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_priv.h"
#include "crew_priv.h"
#include "os/channel.h"
#include "os/memfile.h"
#include "os/process.h"
#include "sandbox/cage.h"

static void
flush_queue(struct crew_member *m)
{
	while (m->queue) {
		struct crew_letter *l = m->queue;

		if (os_channel_send(m->channel, l->data, l->len) == ERR_AGAIN)
			return;
		m->queue = l->next;
		m->queue_cnt--;
		explicit_bzero(l->data, l->len);
		free(l);
	}
	net_watch_set(&m->channel_watch, m->channel, NET_READ);
}

static void
enqueue(struct crew_member *m, const uint8_t *data, size_t len)
{
	struct crew_letter **end = &m->queue;
	struct crew_letter *l;

	l = m->queue_cnt < CREW_QUEUE ? malloc(sizeof *l + len) : NULL;
	if (!l) {
		daemon_crew_kill(m, "it does not read its messages");
		return;
	}
	while (*end)
		end = &(*end)->next;
	l->next = NULL;
	l->len = len;
	memcpy(l->data, data, len);
	*end = l;
	m->queue_cnt++;
	net_watch_set(&m->channel_watch, m->channel, NET_READ | NET_WRITE);
}

static void
process_deliver(struct crew_member *m, const uint8_t *data, size_t len)
{
	int err;

	if (m->channel < 0)
		return;
	if (m->queue) {
		enqueue(m, data, len);
		return;
	}
	err = os_channel_send(m->channel, data, len);
	if (err == ERR_AGAIN)
		enqueue(m, data, len);
	else if (err < 0)
		os_log_debug("message lost role=%s", role_name(m->role));
}

#define RECV_ROUNDS 64 /* one member must not keep super to itself */

static void
channel_ready(void *arg, unsigned what)
{
	struct crew_member *m = arg;
	uint8_t buf[IPC_MSG_MAX];
	size_t len;
	int err = 0;

	if (what & NET_WRITE)
		flush_queue(m);
	for (int i = 0; i < RECV_ROUNDS && m->channel >= 0; i++) {
		err = os_channel_recv(m->channel, buf, sizeof buf, &len);
		if (err < 0)
			break;
		daemon_crew_route(m, buf, len);
		explicit_bzero(buf, len);
	}
	if (err == ERR_BAD)
		daemon_crew_kill(m, "an oversize message or a descriptor");
	if (err < 0 && err != ERR_AGAIN && m->channel >= 0)
		net_watch_stop(&m->channel_watch); /* its death follows */
}

static void
pipe_ready(void *arg, unsigned what)
{
	struct crew_member *m = arg;
	char who[32];
	ssize_t n =
	    read(m->pipe, m->line + m->line_len, sizeof m->line - m->line_len);
	size_t used;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		net_watch_stop(&m->pipe_watch);
		return;
	}
	m->line_len += (size_t)n;
	snprintf(who, sizeof who, "%s", role_name(m->role));
	used = os_log_relay(who, m->line, m->line_len, sizeof m->line);
	memmove(m->line, m->line + used, m->line_len - used);
	m->line_len -= used;
}

static void
process_close(struct crew_member *m)
{
	if (m->pipe >= 0)
		pipe_ready(m, NET_READ); /* its last words */
	net_watch_fini(&m->channel_watch);
	net_watch_fini(&m->pipe_watch);
	if (m->channel >= 0)
		close(m->channel);
	if (m->pipe >= 0)
		close(m->pipe);
	m->channel = -1;
	m->pipe = -1;
	m->line_len = 0;
	while (m->queue) {
		struct crew_letter *l = m->queue;

		m->queue = l->next;
		explicit_bzero(l->data, l->len);
		free(l);
	}
	m->queue_cnt = 0;
}

static int
execute(struct crew_member *m, const int *fds, size_t fd_cnt)
{
	char instance[8], own_cnt[8];
	const char *argv[] = {
	    DAEMON_CHILD_ARGV0, role_name(m->role), instance, own_cnt, NULL};
	const char *envp[] = {m->environment, NULL};
	struct os_process_plan plan = {
	    .argv = argv,
	    .envp = envp,
	    .fds = fds,
	    .fd_cnt = fd_cnt,
	    /* Its limits forbid writing to a file; instrumented
	     * builds have no limits and much to say. */
	    .keep_stderr = !sandbox_built(),
	};

	snprintf(instance, sizeof instance, "%u", m->instance);
	snprintf(own_cnt, sizeof own_cnt, "%zu", fd_cnt - DAEMON_CHILD_FD_OWN);
	return os_process_spawn(&plan, &m->pid);
}

static int
watch(struct crew_member *m, int channel, int pipe_fd)
{
	m->channel = channel;
	m->pipe = pipe_fd;
	if (net_watch_init(&m->channel_watch, m->crew->loop, channel_ready, m) <
		0 ||
	    net_watch_init(&m->pipe_watch, m->crew->loop, pipe_ready, m) < 0)
		return ERR_LIBRARY;
	net_watch_set(&m->channel_watch, channel, NET_READ);
	net_watch_set(&m->pipe_watch, pipe_fd, NET_READ);
	return 0;
}

static void
close_all(const int *fds, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int
process_start(struct crew_member *m)
{
	int fds[DAEMON_CHILD_FD_OWN + DAEMON_ROLE_FDS_MAX];
	int pair[2] = {-1, -1}, log[2] = {-1, -1};
	struct ipc_start start = {0};
	size_t cnt = 0;
	int err;

	err = m->crew->hooks.provision(
	    m->crew->hooks.ctx, m, &start, fds + DAEMON_CHILD_FD_OWN, &cnt);
	if (err < 0)
		goto free_start;
	err = os_channel_pair(pair);
	if (err == 0 && pipe2(log, O_CLOEXEC | O_NONBLOCK) < 0)
		err = ERR_SYSTEM;
	fds[DAEMON_CHILD_FD_CHANNEL] = pair[1];
	fds[DAEMON_CHILD_FD_LOG] = log[1];
	fds[DAEMON_CHILD_FD_START] = os_memfile_make(start.data, start.len);
	if (err == 0 && fds[DAEMON_CHILD_FD_START] < 0)
		err = ERR_SYSTEM;
	if (err == 0)
		err = execute(m, fds, DAEMON_CHILD_FD_OWN + cnt);
	close_all(fds, DAEMON_CHILD_FD_OWN + cnt);
	if (err == 0)
		err = watch(m, pair[0], log[0]);
	else
		close_all((int[]){pair[0], log[0]}, 2);
free_start:
	ipc_start_fini(&start);
	return err;
}

static void
bury(struct crew_member *m, const struct os_process_end *end)
{
	char cause[IPC_TEXT_MAX];

	if (end->killed)
		snprintf(cause, sizeof cause, "signal %d (%s)", end->code,
		    strsignal(end->code));
	else
		snprintf(cause, sizeof cause, "exit code %d", end->code);
	daemon_crew_died(
	    m, !end->killed && end->code == DAEMON_EXIT_VIOLATION, cause);
}

static struct crew_member *
find(struct crew *c, pid_t pid)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->members[i].phase != CREW_FREE &&
		    c->members[i].pid == pid)
			return &c->members[i];
	return NULL;
}

static void
process_reap(struct crew *c)
{
	struct os_process_end end;

	while (os_process_reap(&end) == 0) {
		struct crew_member *m = find(c, end.pid);

		if (m && (end.stopped || end.resumed))
			daemon_crew_paused(m, end.stopped);
		else if (m)
			bury(m, &end);
	}
}

static int
process_init(struct crew *c)
{
	(void)c;
	return 0;
}

const struct crew_kind daemon_crew_process = {
    .init = process_init,
    .start = process_start,
    .deliver = process_deliver,
    .close = process_close,
    .reap = process_reap,
};
