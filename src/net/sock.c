/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening and binding sockets, with less where the platform gives less.
 */
#include "sock_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int
net_sock_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return ERR_SYSTEM;
	/* Not being able to say so harms nobody who does not exec. */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

int
net_sock_open(unsigned family, int type)
{
	int af = family == ADDR_V6 ? AF_INET6 : AF_INET;
	int fd = socket(af, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		return fd;
	if (errno == EINVAL) {
		fd = socket(af, type, 0);
		if (fd >= 0 && net_sock_nonblock(fd) < 0)
			return net_sock_fail(fd, ERR_SYSTEM);
	}
	if (fd >= 0)
		return fd;
	return errno == EAFNOSUPPORT || errno == EINVAL ||
		errno == EPROTONOSUPPORT
	    ? ERR_ABSENT
	    : ERR_SYSTEM;
}

int
net_sock_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof on) < 0 ? ERR_SYSTEM
								 : 0;
}

bool
net_sock_stamps(int fd, bool *of_sent)
{
	*of_sent = net_stamp_ask(fd, true, false) == 0;
	return *of_sent || net_stamp_ask(fd, false, false) == 0 ||
	    net_sock_on(fd, SOL_SOCKET, SO_TIMESTAMPNS) == 0;
}

int
net_sock_err(void)
{
	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return ERR_AGAIN;
	case EMSGSIZE:
		return ERR_FULL;
	case ECONNREFUSED:
		return ERR_CLOSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return ERR_ABSENT;
	default:
		return ERR_SYSTEM;
	}
}

int
net_sock_bind(int fd, const struct addr *at, const char *device)
{
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)addr_to_sockaddr(at, &ss);

	if (device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
		(socklen_t)strnlen(device, IFNAMSIZ - 1)) < 0)
		return errno == EPERM ? ERR_DENIED
		    : errno == ENODEV ? ERR_ABSENT
				      : ERR_SYSTEM;
	if (len == 0 || bind(fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return ERR_FULL;
	if (errno == EACCES || errno == EPERM)
		return ERR_DENIED;
	return errno == EADDRNOTAVAIL ? ERR_ABSENT : ERR_SYSTEM;
}

int
net_sock_fail(int fd, int err)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return err;
}

int
net_sock_probe(const struct addr *at, const char *device, int type)
{
	int fd = net_sock_open(at->family, type);
	int err;

	if (fd < 0)
		return fd;
	if (at->family == ADDR_V6)
		net_sock_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (type == SOCK_STREAM) /* connections just closed do not count */
		net_sock_on(fd, SOL_SOCKET, SO_REUSEADDR);
	err = net_sock_bind(fd, at, device);
	return net_sock_fail(fd, err);
}

int
net_sock_accept(int fd, struct sockaddr_storage *ss)
{
	socklen_t len = sizeof *ss;
	int conn;

	do
		conn = accept4(fd, (struct sockaddr *)ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (conn < 0 && errno == EINTR);
	if (conn < 0 && (errno == ENOSYS || errno == EBADF)) {
		len = sizeof *ss;
		conn = accept(fd, (struct sockaddr *)ss, &len);
		if (conn >= 0 && net_sock_nonblock(conn) < 0)
			return net_sock_fail(conn, ERR_SYSTEM);
	}
	if (conn >= 0)
		return conn;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return ERR_FULL;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		return ERR_SYSTEM;
	default: /* none, or one that died while it waited */
		return ERR_AGAIN;
	}
}

static void
fact_v4(const struct cmsghdr *c, struct net_sock_facts *f)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof info);
	f->to.family = ADDR_V4;
	memcpy(f->to.bytes, &info.ipi_addr, 4);
	f->if_idx = (uint32_t)info.ipi_ifindex;
}

static void
fact_v6(const struct cmsghdr *c, struct net_sock_facts *f)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof info);
	f->to.family = ADDR_V6;
	memcpy(f->to.bytes, &info.ipi6_addr, 16);
	f->if_idx = info.ipi6_ifindex;
}

static void
fact_socket(const struct cmsghdr *c, size_t len, struct net_sock_facts *f)
{
	if (c->cmsg_type == SO_RXQ_OVFL && len >= sizeof f->lost_cnt)
		memcpy(&f->lost_cnt, CMSG_DATA(c), sizeof f->lost_cnt);
	else
		net_stamp_part(c, &f->raw);
}

void
net_sock_facts(struct msghdr *msg, struct net_sock_facts *f)
{
	memset(f, 0, sizeof *f);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level == SOL_SOCKET)
			fact_socket(c, len, f);
		else if (c->cmsg_level == IPPROTO_IP &&
		    c->cmsg_type == IP_PKTINFO &&
		    len >= sizeof(struct in_pktinfo))
			fact_v4(c, f);
		else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO &&
		    len >= sizeof(struct in6_pktinfo))
			fact_v6(c, f);
	}
	f->stamp = f->raw.soft;
	/* The one it came in by; behind a bridge or a bond: theirs. */
	if (f->raw.if_idx == 0)
		f->raw.if_idx = f->if_idx;
}
