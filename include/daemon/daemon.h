/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ways into the daemon: as super, and as one of its roles.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>

/**
 * daemon_main - `truenoon daemon`: options, configuration, and running until
 * told to stop.
 * Return: the exit code: 0, 1 (could not start or go on), 2 (faults in the
 * command line or the configuration).
 */
int daemon_main(int argc, char **argv);

/**
 * daemon_child_is - whether this process was executed as a role.
 */
bool daemon_child_is(int argc, char **argv);

/**
 * daemon_child_main - be that role.
 * Return: the exit code.
 */
int daemon_child_main(int argc, char **argv);

#endif
