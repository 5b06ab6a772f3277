/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal flags: set by the handler, taken by the loop.
 */
#include "os/signal.h"

#include <errno.h>
#include <signal.h>

#define SIGNAL_MAX 32

static struct {
	volatile sig_atomic_t any;
	volatile sig_atomic_t came[SIGNAL_MAX];
	void (*wake)(void *arg);
	void *arg;
} flags;

static void
on_signal(int sig)
{
	int saved = errno;

	if (sig > 0 && sig < SIGNAL_MAX)
		flags.came[sig] = 1;
	flags.any = 1;
	if (flags.wake)
		flags.wake(flags.arg);
	errno = saved;
}

/* Without SA_RESTART: where there is no self-pipe the wait must end. */
static int
set(int sig, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	if (sig <= 0 || sig >= SIGNAL_MAX)
		return ERR_BAD;
	sigfillset(&sa.sa_mask);
	return sigaction(sig, &sa, NULL) < 0 ? ERR_SYSTEM : 0;
}

int
os_signal_catch(int sig)
{
	return set(sig, on_signal);
}

int
os_signal_ignore(int sig)
{
	return set(sig, SIG_IGN);
}

bool
os_signal_take(int sig)
{
	if (sig <= 0 || sig >= SIGNAL_MAX || !flags.came[sig])
		return false;
	flags.came[sig] = 0;
	return true;
}

bool
os_signal_pending(void)
{
	if (!flags.any)
		return false;
	flags.any = 0;
	for (int sig = 1; sig < SIGNAL_MAX; sig++)
		if (flags.came[sig])
			flags.any = 1;
	return flags.any;
}

void
os_signal_on_wake(void (*fn)(void *arg), void *arg)
{
	sigset_t all, before;

	/* No handler may see one half of the pair. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	flags.wake = fn;
	flags.arg = arg;
	sigprocmask(SIG_SETMASK, &before, NULL);
}
