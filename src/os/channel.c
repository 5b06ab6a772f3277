/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One datagram each way per call.  Room for control data is given only so
 * that a descriptor passed in by a taken-over role is seen and closed.
 */
#include "os/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
os_channel_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, fd) < 0) {
		fd[0] = fd[1] = -1;
		return ERR_SYSTEM;
	}
	return 0;
}

int
os_channel_send(int fd, const void *data, size_t len)
{
	struct iovec iov = {.iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	memcpy(&iov.iov_base, &data, sizeof data); /* sendmsg only reads it */
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return ERR_AGAIN;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return ERR_CLOSED;
	return ERR_SYSTEM;
}

static bool
close_passed(struct msghdr *msg)
{
	bool any = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		any = true;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= len;
		     at += sizeof(int)) {
			int passed;

			memcpy(&passed, CMSG_DATA(c) + at, sizeof passed);
			close(passed);
		}
	}
	return any;
}

int
os_channel_recv(int fd, void *buf, size_t max, size_t *len)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec iov = {buf, max};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control,
	};
	ssize_t n;

	*len = 0;
	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return ERR_AGAIN;
	if (n < 0 && errno == ECONNRESET)
		return ERR_CLOSED;
	if (n < 0)
		return ERR_SYSTEM;
	if (close_passed(&msg) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return ERR_BAD;
	if (n == 0)
		return ERR_CLOSED;
	*len = (size_t)n;
	return 0;
}
