/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting ourselves again as a role: a fresh address space, only the
 * descriptors and environment given, and an end no later than ours.
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define OS_PROCESS_FD_FIRST 3
#define OS_PROCESS_FD_MAX   64

/* @fds: become OS_PROCESS_FD_FIRST and on in the child, in this order; -1
 * leaves a place closed.  All else but 0, 1, 2 is closed; 0 and 1 become
 * /dev/null. */
struct os_process_plan {
	const char *const *argv; /* NULL at its end */
	const char *const *envp; /* NULL: empty */
	const int *fds;
	size_t fd_cnt;
	bool keep_stderr; /* else /dev/null */
};

/**
 * os_process_spawn - fork and execute this very program again.
 * Return: 0 with the child's pid, ERR_FULL with too many fds, ERR_SYSTEM.
 * A child that cannot execute exits with code 126.
 */
int os_process_spawn(const struct os_process_plan *plan, pid_t *pid) MUST_CHECK;

/**
 * os_process_thrift, os_process_trim - memory of a role that is read into
 * once and then idle: hand large pieces back when they are freed, and all
 * that is free now.
 */
void os_process_thrift(void);
void os_process_trim(void);

/**
 * os_process_pin - run on one processor only, from now on.
 * Return: 0; ERR_ABSENT when there is no such processor for us; ERR_SYSTEM.
 */
int os_process_pin(int cpu) MUST_CHECK;

/**
 * os_process_die_with_parent - SIGKILL for us when the parent dies.  To be
 * called again after a change of user, which takes it back.
 * @parent: its pid; when it is gone already the process ends here.
 */
void os_process_die_with_parent(pid_t parent);

/* @code: exit code, or the signal's number when killed.  A child that is
 * stopped or goes on has not ended. */
struct os_process_end {
	pid_t pid;
	bool stopped;
	bool resumed;
	bool killed;
	bool dumped;
	int code;
};

/**
 * os_process_reap - one child that has ended, or was stopped or resumed by a
 * signal, without waiting.
 * Return: 0; ERR_AGAIN when there is no news; ERR_ABSENT when there is none.
 */
int os_process_reap(struct os_process_end *end) MUST_CHECK;

/**
 * os_process_kill - send a signal to one child.
 * Return: 0; ERR_ABSENT when there is no such process; ERR_SYSTEM.
 */
int os_process_kill(pid_t pid, int sig) MUST_CHECK;

#endif
