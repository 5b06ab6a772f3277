/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a Unix stream socket with a path.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/**
 * net_local_listen - a non-blocking listener at path with this mode.  The
 * socket of a dead daemon is replaced, that of a live one is not.
 * Return: the descriptor; ERR_FULL when somebody answers there; ERR_DENIED
 * when path is there and no socket; ERR_ABSENT where there are no Unix
 * sockets; ERR_BAD when path is too long; ERR_SYSTEM.
 */
int net_local_listen(const char *path, mode_t mode) MUST_CHECK;

/**
 * net_local_accept - one waiting connection; returns as net_tcp_accept.
 */
int net_local_accept(int fd) MUST_CHECK;

/**
 * net_local_connect - connect, waiting; the descriptor then blocks.
 * @timeout_ms: of each later read or write.
 * Return: the descriptor; ERR_ABSENT when there is no such path or nobody
 * listens; ERR_DENIED; ERR_BAD; ERR_SYSTEM.
 */
int net_local_connect(const char *path, int timeout_ms) MUST_CHECK;

/**
 * net_local_peer_uid - who is at the other end.
 * Return: 0 or ERR_SYSTEM.
 */
int net_local_peer_uid(int fd, uid_t *uid) MUST_CHECK;

#endif
