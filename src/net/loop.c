/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libevent behind our own words.
 *
 * Signals: libevent's own way puts a pipe into the loop even where there may
 * be none, so it is not used.  A handler sets a flag (os/signal) and wakes the
 * wait: by a byte in a pipe of ours, or with NET_LOOP_SINGLE by the EINTR it
 * causes, which libevent turns into a return because of event_base_loopbreak
 * (without threads it stores one integer).  A signal that comes after the
 * flags were read and before the wait began would then be seen only at the
 * next event: alarm(2) cuts such a wait short.
 */
#include "net/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/log.h"
#include "os/signal.h"

struct net_loop {
	struct event_base *base;
	void (*on_signal)(void *arg);
	void *arg;
	struct event *wake;
	int pipe[2];
	bool single;
	bool stop;
};

static void
wake_by_pipe(void *arg)
{
	const struct net_loop *l = arg;
	ssize_t n = write(l->pipe[1], "", 1);

	(void)n; /* full: it will wake all the same */
}

static void
wake_by_break(void *arg)
{
	const struct net_loop *l = arg;

	event_base_loopbreak(l->base);
	alarm(1);
}

static void
drain(evutil_socket_t fd, short what, void *arg)
{
	char buf[64];

	(void)what;
	(void)arg;
	while (read(fd, buf, sizeof buf) > 0)
		;
}

static struct event_base *
make_base(unsigned flags)
{
	struct event_config *cfg = event_config_new();
	/* Timers count from now, not from when the callbacks began. */
	int base_flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME;
	struct event_base *base = NULL;

	if (!cfg)
		return NULL;
	if (flags & (NET_LOOP_PRECISE | NET_LOOP_SINGLE))
		base_flags |= EVENT_BASE_FLAG_PRECISE_TIMER;
	if ((flags & NET_LOOP_SINGLE) &&
	    event_config_avoid_method(cfg, "epoll") < 0)
		goto out;
	if (event_config_set_flag(cfg, base_flags) == 0)
		base = event_base_new_with_config(cfg);
out:
	event_config_free(cfg);
	return base;
}

static int
make_pipe(struct net_loop *l)
{
	if (pipe2(l->pipe, O_NONBLOCK | O_CLOEXEC) < 0)
		return ERR_SYSTEM;
	l->wake =
	    event_new(l->base, l->pipe[0], EV_READ | EV_PERSIST, drain, l);
	if (!l->wake || event_add(l->wake, NULL) < 0)
		return ERR_LIBRARY;
	os_signal_on_wake(wake_by_pipe, l);
	return 0;
}

struct net_loop *
net_loop_new(unsigned flags)
{
	struct net_loop *l = calloc(1, sizeof *l);
	int err = ERR_LIBRARY;

	if (!l)
		return NULL;
	l->pipe[0] = l->pipe[1] = -1;
	l->single = flags & NET_LOOP_SINGLE;
	l->base = make_base(flags);
	if (l->base && l->single) {
		os_signal_on_wake(wake_by_break, l);
		err = os_signal_catch(SIGALRM);
	} else if (l->base) {
		err = make_pipe(l);
	}
	if (err == 0)
		return l;
	net_loop_free(l);
	return NULL;
}

void
net_loop_free(struct net_loop *l)
{
	if (!l)
		return;
	os_signal_on_wake(NULL, NULL);
	if (l->wake)
		event_free(l->wake);
	if (l->base)
		event_base_free(l->base);
	for (int i = 0; i < 2; i++)
		if (l->pipe[i] >= 0)
			close(l->pipe[i]);
	free(l);
}

static void
take_signals(struct net_loop *l)
{
	if (!os_signal_pending())
		return;
	if (l->single) {
		alarm(0);
		os_signal_take(SIGALRM);
	}
	if (l->on_signal && os_signal_pending())
		l->on_signal(l->arg);
}

int
net_loop_run(struct net_loop *l)
{
	l->stop = false;
	take_signals(l);
	while (!l->stop) {
		if (event_base_loop(
			l->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
			os_log_error("event loop failed method=%s",
			    event_base_get_method(l->base));
			return ERR_LIBRARY;
		}
		take_signals(l);
	}
	return 0;
}

void
net_loop_stop(struct net_loop *l)
{
	l->stop = true;
	event_base_loopbreak(l->base);
}

void
net_loop_on_signal(struct net_loop *l, void (*fn)(void *arg), void *arg)
{
	l->on_signal = fn;
	l->arg = arg;
}

static void
arm(struct net_timer *t, struct dur left)
{
	struct timeval tv = {0};

	if (left.ns > 0) { /* rounded up: never early */
		int64_t us = (left.ns - 1) / 1000 + 1;

		tv.tv_sec = us / 1000000;
		tv.tv_usec = us % 1000000;
	}
	t->armed = event_add(t->ev, &tv) == 0;
	if (!t->armed)
		os_log_error("timer not armed");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct net_timer *t = arg;
	struct dur left = tstamp_mono_diff(t->at, os_clock_mono());

	(void)fd;
	(void)what;
	/* libevent may use a coarse clock. */
	if (left.ns > 0) {
		arm(t, left);
		return;
	}
	t->armed = false;
	t->fn(t->arg);
}

int
net_timer_init(
    struct net_timer *t, struct net_loop *l, void (*fn)(void *arg), void *arg)
{
	memset(t, 0, sizeof *t);
	t->fn = fn;
	t->arg = arg;
	t->ev = event_new(l->base, -1, 0, on_timer, t);
	return t->ev ? 0 : ERR_LIBRARY;
}

void
net_timer_arm(struct net_timer *t, struct dur d)
{
	if (d.ns < 0)
		d.ns = 0;
	t->at = tstamp_mono_add(os_clock_mono(), d);
	arm(t, d);
}

void
net_timer_arm_at(struct net_timer *t, struct mono at)
{
	t->at = at;
	arm(t, tstamp_mono_diff(at, os_clock_mono()));
}

void
net_timer_stop(struct net_timer *t)
{
	if (t->ev)
		event_del(t->ev);
	t->armed = false;
}

void
net_timer_fini(struct net_timer *t)
{
	if (t->ev)
		event_free(t->ev);
	memset(t, 0, sizeof *t);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	const struct net_watch *w = arg;
	unsigned seen = 0;

	(void)fd;
	if (what & EV_READ)
		seen |= NET_READ;
	if (what & EV_WRITE)
		seen |= NET_WRITE;
	w->fn(w->arg, seen);
}

int
net_watch_init(struct net_watch *w, struct net_loop *l,
    void (*fn)(void *arg, unsigned what), void *arg)
{
	memset(w, 0, sizeof *w);
	w->loop = l;
	w->fn = fn;
	w->arg = arg;
	w->fd = -1;
	w->ev = event_new(l->base, -1, 0, on_watch, w);
	return w->ev ? 0 : ERR_LIBRARY;
}

void
net_watch_set(struct net_watch *w, int fd, unsigned what)
{
	short want = EV_PERSIST;

	if (what == w->what && fd == w->fd)
		return;
	net_watch_stop(w);
	if (what == 0 || fd < 0)
		return;
	if (what & NET_READ)
		want |= EV_READ;
	if (what & NET_WRITE)
		want |= EV_WRITE;
	if (event_assign(w->ev, w->loop->base, fd, want, on_watch, w) < 0 ||
	    event_add(w->ev, NULL) < 0) {
		os_log_error("cannot wait for descriptor fd=%d", fd);
		return;
	}
	w->fd = fd;
	w->what = what;
}

void
net_watch_stop(struct net_watch *w)
{
	if (w->ev)
		event_del(w->ev);
	w->fd = -1;
	w->what = 0;
}

void
net_watch_fini(struct net_watch *w)
{
	if (w->ev)
		event_free(w->ev);
	memset(w, 0, sizeof *w);
	w->fd = -1;
}

static void
on_defer(evutil_socket_t fd, short what, void *arg)
{
	const struct net_defer *d = arg;

	(void)fd;
	(void)what;
	d->fn(d->arg);
}

int
net_defer_init(
    struct net_defer *d, struct net_loop *l, void (*fn)(void *arg), void *arg)
{
	memset(d, 0, sizeof *d);
	d->fn = fn;
	d->arg = arg;
	d->ev = event_new(l->base, -1, 0, on_defer, d);
	return d->ev ? 0 : ERR_LIBRARY;
}

void
net_defer_post(struct net_defer *d)
{
	event_active(d->ev, EV_TIMEOUT, 1);
}

void
net_defer_fini(struct net_defer *d)
{
	if (d->ev)
		event_free(d->ev);
	memset(d, 0, sizeof *d);
}
