/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Server sockets: many datagrams per system call, each answer sent from the
 * address its request came to.  All room is allocated once.  Where the batch
 * calls are refused, one at a time.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/udp.h"
#include "os/clock.h"
#include "sock_priv.h"

#define CONTROL_MAX 256

struct control {
	_Alignas(struct cmsghdr) char room[CONTROL_MAX];
};

struct net_udp_room {
	struct mmsghdr in_msg[NET_UDP_BATCH];
	struct mmsghdr out_msg[NET_UDP_BATCH];
	struct iovec in_iov[NET_UDP_BATCH];
	struct iovec out_iov[NET_UDP_BATCH];
	struct sockaddr_storage name[NET_UDP_BATCH];
	struct control in_control[NET_UDP_BATCH];
	struct control out_control[NET_UDP_BATCH];
	uint8_t in[NET_UDP_BATCH][NET_UDP_DATA_MAX];
	uint8_t out[NET_UDP_BATCH][NET_UDP_DATA_MAX];
	bool single_recv; /* the batch calls are not to be had */
	bool single_send;
};

static int
set_options(int fd, const struct addr *at)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	int err;

	/* Workers share the port; where that is refused there is one. */
	net_sock_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (at->family == ADDR_V6) {
		err = net_sock_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		if (err == 0)
			err = net_sock_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	} else {
		err = net_sock_on(fd, IPPROTO_IP, IP_PKTINFO);
	}
	if (err == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) <
		0)
		net_sock_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	/* The address may come up after we do. */
	if (!addr_is_unspecified(at) && at->family == ADDR_V4)
		net_sock_on(fd, IPPROTO_IP, IP_FREEBIND);
	return err;
}

int
net_udp_listen(const struct addr *at, const char *device)
{
	int fd = net_sock_open(at->family, SOCK_DGRAM);
	int err;

	if (fd < 0)
		return fd;
	err = set_options(fd, at);
	if (err == 0)
		err = net_sock_bind(fd, at, device);
	return err < 0 ? net_sock_fail(fd, err) : fd;
}

int
net_udp_probe(const struct addr *at, const char *device)
{
	return net_sock_probe(at, device, SOCK_DGRAM);
}

struct net_udp_batch *
net_udp_batch_new(void)
{
	struct net_udp_batch *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->room = calloc(1, sizeof *b->room);
	if (!b->room) {
		free(b);
		return NULL;
	}
	for (size_t i = 0; i < NET_UDP_BATCH; i++) {
		b->at[i].data = b->room->in[i];
		b->at[i].out = b->room->out[i];
	}
	return b;
}

void
net_udp_batch_free(struct net_udp_batch *b)
{
	if (!b)
		return;
	free(b->room);
	free(b);
}

/* The kernel writes over these at each call. */
static void
prepare(struct net_udp_room *r, size_t i)
{
	struct msghdr *m = &r->in_msg[i].msg_hdr;

	r->in_iov[i] = (struct iovec){r->in[i], NET_UDP_DATA_MAX};
	m->msg_name = &r->name[i];
	m->msg_namelen = sizeof r->name[i];
	m->msg_iov = &r->in_iov[i];
	m->msg_iovlen = 1;
	m->msg_control = &r->in_control[i];
	m->msg_controllen = sizeof r->in_control[i];
	m->msg_flags = 0;
	r->in_msg[i].msg_len = 0;
}

static bool
is_refusal(void)
{
	return errno == ENOSYS || errno == EBADF || errno == ENOTSOCK ||
	    errno == EOPNOTSUPP;
}

static int
receive(struct net_udp_room *r, int fd)
{
	int n;

	if (!r->single_recv) {
		do
			n = recvmmsg(
			    fd, r->in_msg, NET_UDP_BATCH, MSG_DONTWAIT, NULL);
		while (n < 0 && errno == EINTR);
		if (n >= 0 || !is_refusal())
			return n;
		r->single_recv = true;
	}
	do
		n = (int)recvmsg(fd, &r->in_msg[0].msg_hdr, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return n;
	r->in_msg[0].msg_len = (unsigned)n;
	return 1;
}

static void
describe(struct net_udp_packet *p, struct mmsghdr *m)
{
	struct net_sock_facts facts;

	net_sock_facts(&m->msg_hdr, &facts);
	p->len = m->msg_len;
	p->truncated = m->msg_hdr.msg_flags & MSG_TRUNC;
	if (p->len > NET_UDP_DATA_MAX)
		p->len = NET_UDP_DATA_MAX;
	addr_from_sockaddr(&p->from, m->msg_hdr.msg_name);
	p->to = facts.to;
	p->if_idx = facts.if_idx;
	p->kernel_stamp = facts.stamp.ns != 0;
	p->received = p->kernel_stamp ? facts.stamp : os_clock_real();
	p->out_len = 0;
}

int
net_udp_batch_recv(struct net_udp_batch *b, int fd)
{
	int n;

	/* Only what the last round used needs to be made ready again. */
	for (size_t i = 0; i < NET_UDP_BATCH; i++)
		if (i < b->cnt || !b->room->in_msg[i].msg_hdr.msg_iov)
			prepare(b->room, i);
	b->cnt = 0;
	n = receive(b->room, fd);
	if (n < 0) {
		/* Errors of earlier answers are told here; they are over. */
		int err = net_sock_err();

		return err == ERR_SYSTEM ? err : 0;
	}
	b->cnt = (size_t)n;
	for (size_t i = 0; i < b->cnt; i++)
		describe(&b->at[i], &b->room->in_msg[i]);
	return n;
}

/* Answer from the address that was asked. */
static void
set_source(struct msghdr *m, struct control *control, const struct addr *to)
{
	struct in6_pktinfo v6 = {0};
	struct in_pktinfo v4 = {0};
	struct cmsghdr *c;
	size_t len = to->family == ADDR_V6 ? sizeof v6 : sizeof v4;

	m->msg_control = NULL;
	m->msg_controllen = 0;
	if (to->family == ADDR_NONE || addr_is_multicast(to))
		return;
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(len);
	memset(control, 0, m->msg_controllen);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_len = CMSG_LEN(len);
	if (to->family == ADDR_V6) {
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		memcpy(&v6.ipi6_addr, to->bytes, 16);
		memcpy(CMSG_DATA(c), &v6, sizeof v6);
	} else {
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		memcpy(&v4.ipi_spec_dst, to->bytes, 4);
		memcpy(CMSG_DATA(c), &v4, sizeof v4);
	}
}

static unsigned
collect(struct net_udp_batch *b)
{
	struct net_udp_room *r = b->room;
	unsigned cnt = 0;

	for (size_t i = 0; i < b->cnt; i++) {
		struct msghdr *m = &r->out_msg[cnt].msg_hdr;

		if (b->at[i].out_len == 0)
			continue;
		r->out_iov[cnt] = (struct iovec){r->out[i], b->at[i].out_len};
		m->msg_name = &r->name[i];
		m->msg_namelen = r->in_msg[i].msg_hdr.msg_namelen;
		m->msg_iov = &r->out_iov[cnt];
		m->msg_iovlen = 1;
		m->msg_flags = 0;
		set_source(m, &r->out_control[cnt], &b->at[i].to);
		cnt++;
	}
	return cnt;
}

/* Return: how many went out from at on, or -1 with errno. */
static int
send_some(struct net_udp_room *r, int fd, unsigned at, unsigned cnt)
{
	ssize_t n;

	if (!r->single_send) {
		n = sendmmsg(
		    fd, r->out_msg + at, cnt - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			return (int)n;
		if (!is_refusal())
			return -1;
		r->single_send = true;
	}
	n = sendmsg(fd, &r->out_msg[at].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -1 : 1;
}

int
net_udp_batch_send(struct net_udp_batch *b, int fd)
{
	unsigned cnt = collect(b), at = 0;
	int sent = 0;

	while (at < cnt) {
		int n = send_some(b->room, fd, at, cnt);

		if (n > 0) {
			at += (unsigned)n;
			sent += n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			b->lost_cnt += cnt - at; /* full: late is no use */
			break;
		}
		b->lost_cnt++; /* this one cannot be sent, others may */
		at++;
	}
	return sent;
}
