/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals set a flag, which the loop reads: the other global that the house
 * allows.  net/loop installs the wake-up; nothing else happens in a handler.
 */
#ifndef OS_SIGNAL_H
#define OS_SIGNAL_H

#include <stdbool.h>

#include "base/err.h"

/**
 * os_signal_catch - from now on remember signal sig (1..31).
 */
int os_signal_catch(int sig) MUST_CHECK;

/**
 * os_signal_ignore - as for SIGPIPE.
 */
int os_signal_ignore(int sig) MUST_CHECK;

/**
 * os_signal_take - whether sig came since last asked.
 */
bool os_signal_take(int sig);

/**
 * os_signal_pending - whether any caught signal waits to be taken.
 */
bool os_signal_pending(void);

/**
 * os_signal_on_wake - what a handler calls after it set the flag; must be
 * async-signal-safe.  NULL: nothing.
 */
void os_signal_on_wake(void (*fn)(void *arg), void *arg);

#endif
