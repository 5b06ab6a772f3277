/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message channels between super and a role: pairs of SOCK_SEQPACKET
 * sockets, one message per datagram, never waiting.  Descriptors are never
 * passed; one that comes is closed and is a violation.
 */
#ifndef OS_CHANNEL_H
#define OS_CHANNEL_H

#include <stddef.h>

#include "base/err.h"

/**
 * os_channel_pair - two connected ends, non-blocking, close on exec.
 * Return: 0 or ERR_SYSTEM.
 */
int os_channel_pair(int fd[2]) MUST_CHECK;

/**
 * os_channel_send - one message of len > 0 bytes.
 * Return: 0; ERR_AGAIN when the queue is full; ERR_CLOSED; ERR_SYSTEM.
 */
int os_channel_send(int fd, const void *data, size_t len) MUST_CHECK;

/**
 * os_channel_recv - one message.
 * Return: 0; ERR_AGAIN when there is none; ERR_CLOSED when the other end is
 * gone; ERR_BAD when it was longer than max or carried a descriptor: end
 * that role; ERR_SYSTEM.
 */
int os_channel_recv(int fd, void *buf, size_t max, size_t *len) MUST_CHECK;

#endif
