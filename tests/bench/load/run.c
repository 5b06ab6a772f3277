/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests out and answers in, by batches on one socket that sends from many
 * addresses.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "ntp/packet.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

#define BATCH     64
#define ROOM      2048
#define LATE_NS   200000000
#define SWEEP_NS  20000000
#define WARM_UP_S 0.3
#define UID_AT    (NTP_HEADER_LEN + 4)

struct run {
	const struct load_options *o;
	struct load_result *r;
	struct load_ask ask;
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	uint64_t next; /* request and source address to use next */
	unsigned under_way;
	int64_t swept_ns;
	struct mmsghdr out[BATCH];
	struct iovec out_iov[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][LOAD_CONTROL];
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH];
	uint8_t room[BATCH][ROOM];
};

static void
give_up(struct run *g, struct load_request *q)
{
	q->sent_ns = 0;
	g->under_way--;
	g->r->lost++;
}

/* The next but i: an interleaved one says what its client heard last. */
static int
prepare(struct run *g, unsigned i)
{
	unsigned n = (unsigned)((g->next + i) % g->ask.pool_cnt);
	struct load_request *q = &g->ask.pool[n];

	if (q->sent_ns != 0)
		give_up(g, q);
	if (q->heard != 0 && load_ask_make(&g->ask, n) < 0)
		return -1;
	g->out_iov[i] = (struct iovec){q->packet, q->len};
	load_ask_source(g->o, g->o->interleaved ? n : g->next + i,
	    &g->out[i].msg_hdr, g->control[i]);
	return 0;
}

static int
send_some(struct run *g, unsigned cnt)
{
	int64_t now_ns = load_now_ns();
	int done;

	if (cnt > BATCH)
		cnt = BATCH;
	if (cnt > g->ask.pool_cnt)
		cnt = g->ask.pool_cnt;
	for (unsigned i = 0; i < cnt; i++)
		if (prepare(g, i) < 0)
			return -1;
	do
		done = sendmmsg(g->fd, g->out, cnt, 0);
	while (done < 0 && (errno == EINTR || errno == ECONNREFUSED));
	if (done < 0) {
		perror("load: sendmmsg");
		return -1;
	}
	for (int i = 0; i < done; i++)
		g->ask.pool[g->next++ % g->ask.pool_cnt].sent_ns = now_ns;
	g->under_way += (unsigned)done;
	g->r->sent += (uint64_t)done;
	return 0;
}

static void
verify(struct run *g, const struct load_request *q, const uint8_t *data,
    size_t len)
{
	struct nts_ef_answer answer;
	struct bytes_in in;

	if (g->o->verify == 0 || g->r->answered % g->o->verify != 0)
		return;
	bytes_in_init(&in, data, len);
	g->r->verified++;
	if (nts_ef_open_response(&g->ask.aeads,
		&g->ask.sessions[q->session].keys, &in, q->packet + UID_AT,
		&answer) < 0 ||
	    answer.cookie_cnt != 1 + g->o->placeholder_cnt)
		g->r->verify_failed++;
}

static void
take(struct run *g, const uint8_t *data, size_t len, int64_t now_ns)
{
	struct ntp_packet p;
	struct load_request *q;
	bool late; /* interleaved */

	if (len < NTP_HEADER_LEN || ntp_packet_decode(&p, data, len) < 0 ||
	    p.mode != NTP_MODE_SERVER ||
	    (p.origin.v & UINT32_MAX) >= g->ask.pool_cnt) {
		g->r->bad++;
		return;
	}
	q = &g->ask.pool[p.origin.v & UINT32_MAX];
	late = q->receive != 0 && p.origin.v == q->receive;
	if ((p.origin.v != q->transmit && !late) || len > q->len) {
		g->r->bad++;
		return;
	}
	if (q->sent_ns == 0)
		return; /* counted as lost already */
	load_latency_add(&g->r->latency, now_ns - q->sent_ns);
	q->sent_ns = 0;
	g->under_way--;
	g->r->answered++;
	g->r->bytes += len;
	g->r->interleaved += late;
	if (g->o->interleaved)
		q->heard = p.receive.v;
	if (p.stratum == 0)
		g->r->kissed++;
	if (g->o->mode == LOAD_NTS)
		verify(g, q, data, len);
}

static int
receive(struct run *g)
{
	int64_t now_ns;
	int cnt;

	cnt = recvmmsg(g->fd, g->in, BATCH, MSG_DONTWAIT, NULL);
	if (cnt < 0)
		return errno == EAGAIN || errno == EINTR ||
			errno == ECONNREFUSED
		    ? 0
		    : -1;
	now_ns = load_now_ns();
	for (int i = 0; i < cnt; i++)
		take(g, g->room[i], g->in[i].msg_len, now_ns);
	return cnt;
}

static void
sweep(struct run *g, int64_t now_ns)
{
	if (now_ns - g->swept_ns < SWEEP_NS)
		return;
	g->swept_ns = now_ns;
	for (unsigned i = 0; i < g->ask.pool_cnt; i++) {
		struct load_request *q = &g->ask.pool[i];

		if (q->sent_ns != 0 && now_ns - q->sent_ns > LATE_NS)
			give_up(g, q);
	}
}

/* Return: how many requests are due. */
static unsigned
due(const struct run *g, int64_t since_ns)
{
	double want;

	if (g->o->rate <= 0)
		return g->under_way < g->o->outstanding
		    ? g->o->outstanding - g->under_way
		    : 0;
	want = (double)since_ns * 1e-9 * g->o->rate - (double)g->r->sent;
	if (want < (g->o->batch > 0 ? (double)g->o->batch : 1.0))
		return 0;
	return (unsigned)want;
}

/* Until there is an answer, or more to send. */
static void
rest(const struct run *g, int64_t since_ns)
{
	struct pollfd p = {.fd = g->fd, .events = POLLIN};
	struct timespec t = {.tv_nsec = 1000000};
	double due_ns;

	if (g->o->batch > 0) {
		due_ns = (double)(g->r->sent + g->o->batch) / g->o->rate * 1e9 -
		    (double)since_ns;
		if (due_ns < 0)
			due_ns = 0;
		if (due_ns < 1e6)
			t.tv_nsec = (long)due_ns;
	}
	(void)ppoll(&p, 1, &t, NULL);
}

static int
go(struct run *g, double seconds)
{
	int64_t begin_ns = load_now_ns(), now_ns = begin_ns;
	int64_t end_ns = begin_ns + (int64_t)(seconds * 1e9);

	memset(g->r, 0, sizeof *g->r);
	while (now_ns < end_ns) {
		unsigned cnt = due(g, now_ns - begin_ns);
		int got;

		if (cnt > 0 && send_some(g, cnt) < 0)
			return -1;
		got = receive(g);
		if (got < 0)
			return -1;
		/* At an even rate the next is due soon: no sleep. */
		if (got == 0 && (g->o->rate <= 0 || g->o->batch > 0))
			rest(g, load_now_ns() - begin_ns);
		now_ns = load_now_ns();
		sweep(g, now_ns);
	}
	g->r->duration_s = (double)(now_ns - begin_ns) * 1e-9;
	return 0;
}

static int
open_socket(struct run *g)
{
	int len = 8 << 20, on = 1;

	g->to_len = (socklen_t)addr_to_sockaddr(&g->o->server, &g->to);
	g->fd = socket(g->to.ss_family, SOCK_DGRAM, 0);
	if (g->fd < 0)
		return -1;
	/* A local route to a prefix does not make its addresses ours. */
	if (g->o->server.family == ADDR_V6)
		(void)setsockopt(
		    g->fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
	if (setsockopt(g->fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof len) < 0)
		(void)setsockopt(
		    g->fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len);
	for (unsigned i = 0; i < BATCH; i++) {
		g->out[i].msg_hdr.msg_name = &g->to;
		g->out[i].msg_hdr.msg_namelen = g->to_len;
		g->out[i].msg_hdr.msg_iov = &g->out_iov[i];
		g->out[i].msg_hdr.msg_iovlen = 1;
		g->in_iov[i] = (struct iovec){g->room[i], ROOM};
		g->in[i].msg_hdr.msg_iov = &g->in_iov[i];
		g->in[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static int
measure(struct run *g)
{
	struct load_cpu before;
	uint64_t warm_up;

	if (go(g, WARM_UP_S) < 0)
		return -1;
	warm_up = g->r->answered;
	load_cpu_read(g->o, &before);
	if (go(g, g->o->duration_s) < 0)
		return -1;
	load_cpu_read(g->o, &g->r->cpu);
	load_cpu_since(&g->r->cpu, &before);
	g->r->rss_before_kib = before.rss_kib;
	g->r->warm_up = warm_up;
	return 0;
}

int
load_run(const struct load_options *o, const struct load_session *sessions,
    struct load_result *r)
{
	struct run *g = calloc(1, sizeof *g);
	int rc = g ? 0 : -1;

	if (rc < 0)
		return rc;
	g->o = o;
	g->r = r;
	g->fd = -1;
	rc = load_ask_init(&g->ask, o, sessions);
	if (rc == 0)
		rc = open_socket(g);
	if (rc == 0)
		rc = measure(g);
	load_ask_fini(&g->ask);
	if (g->fd >= 0)
		close(g->fd);
	free(g);
	return rc;
}
