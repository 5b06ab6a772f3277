/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets.  Interactive by nature: no Nagle.
 */
#include "net/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_priv.h"

int
net_tcp_connect(const struct addr *to, const struct addr *from)
{
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)addr_to_sockaddr(to, &ss);
	int fd = net_sock_open(to->family, SOCK_STREAM);
	int err = 0;

	if (fd < 0)
		return fd;
	net_sock_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (from && from->family == to->family) {
		struct addr any_port = *from;

		any_port.port = 0;
		err = net_sock_bind(fd, &any_port, NULL);
	}
	if (err == 0 && connect(fd, (struct sockaddr *)&ss, len) < 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		err = net_sock_err();
		/* Refused at once, on loopback: no different from later. */
		if (err != ERR_ABSENT)
			err = ERR_SYSTEM;
	}
	return err < 0 ? net_sock_fail(fd, err) : fd;
}

int
net_tcp_connected(int fd)
{
	int why = 0;
	socklen_t len = sizeof why;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
		return ERR_SYSTEM;
	errno = why;
	return why == 0 ? 0 : ERR_SYSTEM;
}

int
net_tcp_listen(const struct addr *at, const char *device, int backlog)
{
	int fd = net_sock_open(at->family, SOCK_STREAM);
	int err;

	if (fd < 0)
		return fd;
	net_sock_on(fd, SOL_SOCKET, SO_REUSEADDR);
	net_sock_on(fd, SOL_SOCKET, SO_REUSEPORT);
	net_sock_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (at->family == ADDR_V6)
		net_sock_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	else if (!addr_is_unspecified(at))
		net_sock_on(fd, IPPROTO_IP, IP_FREEBIND);
	err = net_sock_bind(fd, at, device);
	if (err == 0 && listen(fd, backlog) < 0)
		err = errno == EADDRINUSE ? ERR_FULL : ERR_SYSTEM;
	return err < 0 ? net_sock_fail(fd, err) : fd;
}

int
net_tcp_probe(const struct addr *at, const char *device)
{
	return net_sock_probe(at, device, SOCK_STREAM);
}

int
net_tcp_accept(int fd, struct addr *peer)
{
	struct sockaddr_storage ss = {0};
	int conn = net_sock_accept(fd, &ss);

	if (conn >= 0)
		addr_from_sockaddr(peer, (struct sockaddr *)&ss);
	return conn;
}

size_t
net_tcp_peek(int fd, uint8_t *buf, size_t max)
{
	struct iovec iov = {buf, max};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

void
net_tcp_low_water(int fd, int cnt)
{
	/* If it fails we are only woken too early. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &cnt, sizeof cnt);
}

void
net_tcp_finish(int fd)
{
	/* If it fails the peer is gone. */
	(void)shutdown(fd, SHUT_WR);
}

void
net_tcp_reset_on_close(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	/* If it fails the connection only dies more slowly. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}
