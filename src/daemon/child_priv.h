/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What super and a re-executed role agree on: the command line and the
 * places of the inherited descriptors.
 */
#ifndef DAEMON_CHILD_PRIV_H
#define DAEMON_CHILD_PRIV_H

#define DAEMON_CHILD_ARGV0 "truenoon-role" /* role, instance, fds */

/* Offsets from OS_PROCESS_FD_FIRST. */
#define DAEMON_CHILD_FD_CHANNEL 0
#define DAEMON_CHILD_FD_LOG     1
#define DAEMON_CHILD_FD_START   2
#define DAEMON_CHILD_FD_OWN     3 /* the fds of struct daemon_boot */

#endif
