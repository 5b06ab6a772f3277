/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a role: timers on CLOCK_MONOTONIC, descriptors, calls
 * put off to the next round, and the signal flags, read after each wake-up.
 * Events are allocated when their owner is set up and reused ever after.
 *
 * With NET_LOOP_SINGLE there is no pipe, timerfd or epoll in it, so that it
 * also runs over a preloaded clock simulator.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/tstamp.h"

struct event;
struct net_loop;

enum net_loop_flag {
	NET_LOOP_SINGLE = 1U << 0,  /* one process: poll(2), no own fds */
	NET_LOOP_PRECISE = 1U << 1, /* timers finer than 1 ms (a timerfd) */
};

/**
 * net_loop_new - a loop; make it before the cage is closed.
 * @flags: enum net_loop_flag.
 * Return: the loop, owned by the caller, or NULL.
 */
struct net_loop *net_loop_new(unsigned flags) MUST_CHECK;

/**
 * net_loop_free - end of it; all its events must be finished.  NULL is fine.
 */
void net_loop_free(struct net_loop *l);

/**
 * net_loop_run - dispatch until net_loop_stop.
 * Return: 0, or ERR_LIBRARY when waiting itself fails.
 */
int net_loop_run(struct net_loop *l) MUST_CHECK;

/**
 * net_loop_stop - let net_loop_run return after this round.
 */
void net_loop_stop(struct net_loop *l);

/**
 * net_loop_on_signal - what to call, outside any handler, when a caught
 * signal waits to be taken (os/signal.h).
 */
void net_loop_on_signal(struct net_loop *l, void (*fn)(void *arg), void *arg);

/* A one-shot timer.  It never fires before its time. */
struct net_timer {
	struct event *ev;
	void (*fn)(void *arg);
	void *arg;
	struct mono at;
	bool armed;
};

/**
 * net_timer_init - a timer, not armed.  fn may arm, stop or finish it.
 * Return: 0 or ERR_LIBRARY.
 */
int net_timer_init(struct net_timer *t, struct net_loop *l,
    void (*fn)(void *arg), void *arg) MUST_CHECK;

/**
 * net_timer_arm, net_timer_arm_at - fire once after d, or at a moment; what
 * is past fires in the next round.  Armed before: moved.
 */
void net_timer_arm(struct net_timer *t, struct dur d);
void net_timer_arm_at(struct net_timer *t, struct mono at);

/**
 * net_timer_stop - do not fire.
 */
void net_timer_stop(struct net_timer *t);

/**
 * net_timer_fini - stop and free; a zeroed timer is fine.
 */
void net_timer_fini(struct net_timer *t);

enum net_what {
	NET_READ = 1U << 0,  /* also: closed, or an error waits */
	NET_WRITE = 1U << 1, /* also: connected, or connecting failed */
};

/* Interest in one descriptor, which is borrowed. */
struct net_watch {
	struct event *ev;
	struct net_loop *loop;
	void (*fn)(void *arg, unsigned what);
	void *arg;
	int fd;
	unsigned what; /* what is being waited for */
};

/**
 * net_watch_init - a watch that waits for nothing yet.
 * Return: 0 or ERR_LIBRARY.
 */
int net_watch_init(struct net_watch *w, struct net_loop *l,
    void (*fn)(void *arg, unsigned what), void *arg) MUST_CHECK;

/**
 * net_watch_set - wait for what (enum net_what) on fd until told otherwise;
 * what = 0 stops.  Stop before the descriptor is closed.
 */
void net_watch_set(struct net_watch *w, int fd, unsigned what);

/**
 * net_watch_stop - wait for nothing.
 */
void net_watch_stop(struct net_watch *w);

/**
 * net_watch_fini - stop and free; a zeroed watch is fine.
 */
void net_watch_fini(struct net_watch *w);

/* A call put off until the callbacks now running have returned. */
struct net_defer {
	struct event *ev;
	void (*fn)(void *arg);
	void *arg;
};

/**
 * net_defer_init - fn is called once for any number of posts before it.
 * Return: 0 or ERR_LIBRARY.
 */
int net_defer_init(struct net_defer *d, struct net_loop *l,
    void (*fn)(void *arg), void *arg) MUST_CHECK;

/**
 * net_defer_post - call fn in the next round.
 */
void net_defer_post(struct net_defer *d);

/**
 * net_defer_fini - forget it; a zeroed one is fine.
 */
void net_defer_fini(struct net_defer *d);

#endif
