/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests out and answers in, by batches on one socket that sends from many
 * addresses.  The requests are made beforehand and used again and again: a
 * server cannot tell, and what is measured is the server.  The low half of
 * the transmit timestamp is the request's place in the pool.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "ntp/ext.h"
#include "ntp/packet.h"
#include "nts/ef.h"
#include "os/random.h"

#define BATCH     64
#define POOL_MIN  4096U
#define ROOM      2048
#define LATE_NS   200000000
#define SWEEP_NS  20000000
#define WARM_UP_S 0.3
#define UID_AT    (NTP_HEADER_LEN + 4)
#define CONTROL   CMSG_SPACE(sizeof(struct in_pktinfo))
#define UNKNOWN   0xf5aa /* a field that no server acts on */

struct request {
	int64_t sent_ns; /* 0: not under way */
	uint64_t transmit;
	unsigned session;
	size_t len;
	uint8_t packet[LOAD_PACKET];
};

struct run {
	const struct load_options *o;
	const struct load_session *sessions;
	struct load_result *r;
	struct rng rng;
	struct nts_aeads aeads;
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct request *pool;
	unsigned pool_cnt;
	uint64_t next; /* request and source address to use next */
	unsigned under_way;
	int64_t swept_ns;
	struct mmsghdr out[BATCH];
	struct iovec out_iov[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL];
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH];
	uint8_t room[BATCH][ROOM];
};

static int
make_request(struct run *g, unsigned n)
{
	struct request *q = &g->pool[n];
	struct ntp_packet p = {.version = 4, .mode = NTP_MODE_CLIENT};
	const struct load_session *s;
	struct nts_ef_ask ask;
	struct bytes_out out;
	uint8_t uid[NTS_UID_LEN];
	int rc = 0;

	q->transmit = (rng_u64(&g->rng) & ~(uint64_t)UINT32_MAX) | n;
	p.transmit.v = q->transmit;
	ntp_packet_encode(&p, q->packet);
	bytes_out_init(&out, q->packet, sizeof q->packet);
	out.pos = NTP_HEADER_LEN;
	if (g->o->mode == LOAD_NTS) {
		q->session = n % g->o->key_cnt;
		s = &g->sessions[q->session];
		rng_bytes(&g->rng, uid, sizeof uid);
		ask = (struct nts_ef_ask){
		    .uid = uid,
		    .cookie = &s->cookies[n / g->o->key_cnt % s->cookie_cnt],
		    .placeholder_cnt = g->o->placeholder_cnt,
		};
		rc = nts_ef_put_request(
		    &g->aeads, &s->keys, &ask, &g->rng, &out);
	}
	if (g->o->len > out.pos + NTP_EXT_HEADER_LEN) {
		size_t body = g->o->len - out.pos - NTP_EXT_HEADER_LEN;
		uint8_t *at =
		    ntp_ext_reserve(&out, UNKNOWN, body, NTP_EXT_LEN_LAST);

		if (at)
			memset(at, 0, body);
	}
	q->len = out.pos;
	return out.bad ? -1 : rc;
}

/* The source address number n, for the kernel. */
static void
set_source(struct run *g, unsigned i, uint64_t n)
{
	struct msghdr *m = &g->out[i].msg_hdr;
	struct in_pktinfo info = {0};
	struct cmsghdr *c;
	uint32_t host;

	m->msg_control = NULL;
	m->msg_controllen = 0;
	if (g->o->address_cnt == 0)
		return;
	memcpy(&host, g->o->source.bytes, 4);
	host = htonl(ntohl(host) + (uint32_t)(n % g->o->address_cnt));
	info.ipi_spec_dst.s_addr = host;
	m->msg_control = g->control[i];
	m->msg_controllen = sizeof g->control[i];
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
}

static void
give_up(struct run *g, struct request *q)
{
	q->sent_ns = 0;
	g->under_way--;
	g->r->lost++;
}

static int
send_some(struct run *g, unsigned cnt)
{
	int64_t now_ns = load_now_ns();
	int done;

	if (cnt > BATCH)
		cnt = BATCH;
	for (unsigned i = 0; i < cnt; i++) {
		struct request *q = &g->pool[(g->next + i) % g->pool_cnt];

		if (q->sent_ns != 0)
			give_up(g, q);
		g->out_iov[i] = (struct iovec){q->packet, q->len};
		set_source(g, i, g->next + i);
	}
	do
		done = sendmmsg(g->fd, g->out, cnt, 0);
	while (done < 0 && (errno == EINTR || errno == ECONNREFUSED));
	if (done < 0) {
		perror("load: sendmmsg");
		return -1;
	}
	for (int i = 0; i < done; i++)
		g->pool[g->next++ % g->pool_cnt].sent_ns = now_ns;
	g->under_way += (unsigned)done;
	g->r->sent += (uint64_t)done;
	return 0;
}

static void
verify(struct run *g, const struct request *q, const uint8_t *data, size_t len)
{
	struct nts_ef_answer answer;
	struct bytes_in in;

	if (g->o->verify == 0 || g->r->answered % g->o->verify != 0)
		return;
	bytes_in_init(&in, data, len);
	g->r->verified++;
	if (nts_ef_open_response(&g->aeads, &g->sessions[q->session].keys, &in,
		q->packet + UID_AT, &answer) < 0 ||
	    answer.cookie_cnt != 1 + g->o->placeholder_cnt)
		g->r->verify_failed++;
}

static void
take(struct run *g, const uint8_t *data, size_t len, int64_t now_ns)
{
	struct ntp_packet p;
	struct request *q;

	if (len < NTP_HEADER_LEN || ntp_packet_decode(&p, data, len) < 0 ||
	    p.mode != NTP_MODE_SERVER ||
	    (p.origin.v & UINT32_MAX) >= g->pool_cnt) {
		g->r->bad++;
		return;
	}
	q = &g->pool[p.origin.v & UINT32_MAX];
	if (p.origin.v != q->transmit || len > q->len) {
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
	for (unsigned i = 0; i < g->pool_cnt; i++) {
		struct request *q = &g->pool[i];

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
	return want > 0 ? (unsigned)want : 0;
}

static int
go(struct run *g, double seconds)
{
	struct pollfd p = {.fd = g->fd, .events = POLLIN};
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
		/* At a fixed rate the next is due soon: no sleep. */
		if (got == 0 && g->o->rate <= 0)
			(void)poll(&p, 1, 1);
		now_ns = load_now_ns();
		sweep(g, now_ns);
	}
	g->r->duration_s = (double)(now_ns - begin_ns) * 1e-9;
	return 0;
}

static int
open_socket(struct run *g)
{
	int len = 8 << 20;

	g->to_len = (socklen_t)addr_to_sockaddr(&g->o->server, &g->to);
	g->fd = socket(g->to.ss_family, SOCK_DGRAM, 0);
	if (g->fd < 0)
		return -1;
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

	if (go(g, WARM_UP_S) < 0)
		return -1;
	load_cpu_read(g->o, &before);
	if (go(g, g->o->duration_s) < 0)
		return -1;
	load_cpu_read(g->o, &g->r->cpu);
	g->r->cpu.user_s -= before.user_s;
	g->r->cpu.sys_s -= before.sys_s;
	g->r->cpu.run_s -= before.run_s;
	g->r->cpu.core_s -= before.core_s;
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
	g->sessions = sessions;
	g->r = r;
	g->fd = -1;
	g->pool_cnt =
	    2 * o->outstanding > POOL_MIN ? 2 * o->outstanding : POOL_MIN;
	g->pool = calloc(g->pool_cnt, sizeof *g->pool);
	if (!g->pool || os_random_init(&g->rng) < 0 ||
	    nts_aeads_init(&g->aeads) < 0 || open_socket(g) < 0)
		rc = -1;
	for (unsigned i = 0; rc == 0 && i < g->pool_cnt; i++)
		rc = make_request(g, i);
	if (rc == 0)
		rc = measure(g);
	nts_aeads_fini(&g->aeads);
	if (g->fd >= 0)
		close(g->fd);
	free(g->pool);
	free(g);
	return rc;
}
