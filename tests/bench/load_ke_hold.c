/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a key exchange server spends on connections that are held open
 * at one stage: silent, in the middle of the hello, or after the handshake.
 * Counts those still open when it looks.  One line, "name value unit".
 *
 *	load_ke_hold CA-FILE PORT PID silent|hello|tls [COUNT]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "net/tcp.h"
#include "net/tls.h"
#include "os/file.h"

#define COUNT_MAX 10000
#define HOSTS     200 /* per /24, so that no address has more than its share */
#define WITHIN_S  1.8 /* the server's patience in its shortest stage */

static int fds[COUNT_MAX];

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Private memory: what is shared with other roles is not the connections'. */
static long
memory_kib(const char *pid)
{
	char path[64], line[256];
	long kib, sum = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%.20s/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Private_Dirty: %ld", &kib) == 1)
			sum += kib;
	if (f)
		fclose(f);
	return sum;
}

static struct net_tls_ctx *
trust(const char *path)
{
	struct net_tls_blob ca = {.name = path};
	struct net_tls_ctx *ctx;
	uint8_t *data;

	if (os_file_read(path, 0, 65536, &data, &ca.len) < 0)
		return NULL;
	ca.data = data;
	ctx = net_tls_client_new(&ca, 1, NULL);
	os_file_free(data, ca.len);
	return ctx;
}

static bool
ready(int fd, int want)
{
	struct pollfd p = {
	    .fd = fd, .events = want == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN};

	return poll(&p, 1, 2000) == 1;
}

/* The connection object goes, the connection stays. */
static bool
shake(struct net_tls_ctx *ctx, int fd)
{
	struct net_tls *t = net_tls_connect(ctx, fd, "localhost", time(NULL));
	int rc = t ? 1 : -1;

	while (rc > 0 && (rc = net_tls_handshake(t)) > 0)
		if (!ready(fd, rc))
			rc = -1;
	net_tls_free(t);
	return rc == 0;
}

static bool
hold(struct net_tls_ctx *ctx, uint16_t port, int i, const char *stage)
{
	static const uint8_t hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7};
	struct addr to = {
	    .family = ADDR_V4, .port = port, .bytes = {127, 0, 0, 1}};
	struct addr from = {.family = ADDR_V4,
	    .bytes = {127, 9, (uint8_t)(i / HOSTS), (uint8_t)(1 + i % HOSTS)}};

	fds[i] = net_tcp_connect(&to, &from);
	if (fds[i] < 0 || !ready(fds[i], NET_TLS_WANT_WRITE))
		return false;
	if (strcmp(stage, "hello") == 0)
		return send(fds[i], hello, sizeof hello, MSG_NOSIGNAL) > 0;
	return strcmp(stage, "tls") != 0 || shake(ctx, fds[i]);
}

static int
still_open(int cnt)
{
	int open = 0;
	char c;

	for (int i = 0; i < cnt; i++)
		open += recv(fds[i], &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
	return open;
}

int
main(int argc, char **argv)
{
	int cnt = argc > 5 ? atoi(argv[5]) : 3000, i = 0, open;
	struct rlimit r = {COUNT_MAX + 64, COUNT_MAX + 64};
	struct net_tls_ctx *ctx;
	double end_s;
	long before;

	if (argc < 5 || cnt < 1 || cnt > COUNT_MAX) {
		fprintf(stderr,
		    "usage: load_ke_hold CA-FILE PORT PID "
		    "silent|hello|tls [COUNT]\n");
		return 2;
	}
	(void)setrlimit(RLIMIT_NOFILE, &r);
	ctx = trust(argv[1]);
	if (!ctx)
		return 1;
	before = memory_kib(argv[3]);
	for (end_s = now_s() + WITHIN_S; i < cnt && now_s() < end_s; i++)
		if (!hold(ctx, (uint16_t)atoi(argv[2]), i, argv[4]))
			return 1;
	poll(NULL, 0, 100); /* accepted and read */
	open = still_open(i);
	if (open == 0)
		return 1;
	printf("ke_memory_%-26s %8.1f KiB (%d open)\n", argv[4],
	    (double)(memory_kib(argv[3]) - before) / open, open);
	return 0;
}
