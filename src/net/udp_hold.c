/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket that talks to itself over the loopback interface.  It keeps the
 * kernel's time stamping switched on, and by it the kernel rehearses what it
 * will do with the next question: between the stamp of a packet and its
 * departure lies the work of handing the stamp back, which takes a good
 * microsecond longer when nothing of it is in the processor's caches.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "sock_priv.h"

#define LEFTOVERS_MAX 4 /* of earlier times, should the kernel be late */
#define QUESTION_LEN  48

static bool
talks_to_self(int fd, const char *host)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr self;

	return addr_parse(&self, host) == 0 &&
	    net_sock_bind(fd, &self, NULL) == 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    connect(fd, (struct sockaddr *)&ss, len) == 0;
}

int
net_udp_hold_stamps(void)
{
	const char *self = "127.0.0.1";
	int fd = net_sock_open(ADDR_V4, SOCK_DGRAM);
	bool of_sent;

	if (fd < 0) {
		self = "::1";
		fd = net_sock_open(ADDR_V6, SOCK_DGRAM);
	}
	if (fd < 0)
		return ERR_SYSTEM;
	/* Without stamps there is nothing to hold; where loopback is down it
	 * stays unconnected, and cannot rehearse. */
	(void)net_sock_stamps(fd, &of_sent);
	(void)talks_to_self(fd, self);
	return fd;
}

/* Both queues hold one each, mostly. */
static void
empty(int fd, int queue)
{
	union {
		struct cmsghdr align;
		char room[512];
	} control;
	uint8_t data[256];
	struct iovec iov = {data, sizeof data};

	for (int i = 0; i < LEFTOVERS_MAX; i++) {
		struct msghdr msg = {
		    .msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = &control,
		    .msg_controllen = sizeof control,
		};

		if (recvmsg(fd, &msg, queue | MSG_DONTWAIT) < 0)
			return;
	}
}

void
net_udp_rehearse(int fd)
{
	uint8_t question[QUESTION_LEN] = {0};
	struct iovec iov = {question, sizeof question};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	empty(fd, MSG_ERRQUEUE);
	empty(fd, 0);
}
