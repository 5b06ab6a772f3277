/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS key exchanges as a client makes them, one or many at once.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "crypto/aead.h"
#include "load.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "os/file.h"

#define CONNS_MAX 1024
#define CA_MAX    (1 << 20)
#define LATE_NS   5000000000LL

enum phase {
	PHASE_FREE = 0,
	PHASE_CONNECT,
	PHASE_HANDSHAKE,
	PHASE_WRITE,
	PHASE_READ,
};

struct conn {
	enum phase phase;
	int fd;
	short want;
	int64_t begun_ns;
	struct net_tls *tls;
	struct nts_ke_client ke;
	uint8_t out[NTS_KE_CLIENT_REQUEST_MAX];
	size_t out_len;
	size_t out_pos;
};

struct load_ke {
	const struct load_options *o;
	struct addr at;
	struct net_tls_ctx *ctx;
	struct conn conns[CONNS_MAX];
};

static void
conn_end(struct conn *c)
{
	net_tls_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	c->tls = NULL;
	c->fd = -1;
	c->phase = PHASE_FREE;
}

static int
conn_begin(struct load_ke *k, struct conn *c)
{
	static const uint16_t aeads[] = {CRYPTO_AEAD_SIV_256};
	struct nts_ke_offer offer = {aeads, 1, true};
	struct bytes_out out;

	memset(c, 0, sizeof *c);
	bytes_out_init(&out, c->out, sizeof c->out);
	if (nts_ke_client_init(&c->ke, &offer) < 0 ||
	    nts_ke_client_request(&c->ke, &out) < 0)
		return -1;
	c->out_len = out.pos;
	c->begun_ns = load_now_ns();
	c->fd = net_tcp_connect(&k->at, NULL);
	if (c->fd < 0)
		return -1;
	c->phase = PHASE_CONNECT;
	c->want = POLLOUT;
	return 0;
}

/* Return: 0 the response is whole; 1 wait; -1 failed. */
static int
conn_read(struct conn *c)
{
	uint8_t buf[4096];
	size_t len;
	int rc;

	while ((rc = net_tls_read(c->tls, buf, sizeof buf, &len)) == 0) {
		rc = nts_ke_client_feed(&c->ke, buf, len);
		if (rc != ERR_AGAIN)
			return rc < 0 ? -1 : 0;
	}
	if (rc == ERR_CLOSED)
		return nts_ke_client_eof(&c->ke) < 0 ? -1 : 0;
	c->want = rc == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN;
	return rc > 0 ? 1 : -1;
}

static int
conn_write(struct conn *c)
{
	size_t done;
	int rc = 0;

	while (rc == 0 && c->out_pos < c->out_len) {
		rc = net_tls_write(c->tls, c->out + c->out_pos,
		    c->out_len - c->out_pos, &done);
		if (rc == 0)
			c->out_pos += done;
	}
	c->want = rc == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN;
	if (rc != 0)
		return rc > 0 ? 1 : -1;
	c->phase = PHASE_READ;
	return conn_read(c);
}

static int
conn_handshake(struct conn *c)
{
	int rc = net_tls_handshake(c->tls);

	c->want = rc == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN;
	if (rc != 0)
		return rc > 0 ? 1 : -1;
	c->phase = PHASE_WRITE;
	return conn_write(c);
}

static int
conn_go_on(struct load_ke *k, struct conn *c)
{
	switch (c->phase) {
	case PHASE_CONNECT:
		if (net_tcp_connected(c->fd) < 0)
			return -1;
		c->tls = net_tls_connect(
		    k->ctx, c->fd, k->o->name, (int64_t)time(NULL));
		if (!c->tls)
			return -1;
		c->phase = PHASE_HANDSHAKE;
		return conn_handshake(c);
	case PHASE_HANDSHAKE:
		return conn_handshake(c);
	case PHASE_WRITE:
		return conn_write(c);
	case PHASE_READ:
		return conn_read(c);
	case PHASE_FREE:
		break;
	}
	return -1;
}

static void
explain(const struct conn *c)
{
	const char *text = NULL;
	enum net_tls_fault fault;

	if (!c->tls) {
		fprintf(stderr, "load: key exchange: %s\n", strerror(errno));
		return;
	}
	fault = net_tls_fault(c->tls, &text);
	fprintf(stderr, "load: key exchange: %s: %s\n",
	    net_tls_fault_text(fault), nts_ke_client_fail_text(c->ke.fail));
}

static int
take_session(struct conn *c, struct load_session *s)
{
	const struct nts_ke_result *r = &c->ke.result;

	memset(s, 0, sizeof *s);
	s->keys.aead = r->aead;
	s->keys.key_len = (uint8_t)crypto_aead_key_len(r->aead);
	s->port = r->port;
	s->cookie_cnt = r->cookie_cnt;
	memcpy(s->cookies, r->cookies, sizeof s->cookies);
	if (net_tls_export(
		c->tls, r->contexts[0].c2s, s->keys.c2s, s->keys.key_len) < 0 ||
	    net_tls_export(
		c->tls, r->contexts[0].s2c, s->keys.s2c, s->keys.key_len) < 0)
		return -1;
	return 0;
}

int
load_ke_session(struct load_ke *k, struct load_session *s)
{
	struct conn *c = &k->conns[0];
	struct pollfd p;
	int rc = conn_begin(k, c) < 0 ? -1 : 1;

	while (rc == 1) {
		p = (struct pollfd){.fd = c->fd, .events = c->want};
		if (poll(&p, 1, 5000) <= 0)
			rc = -1;
		else
			rc = conn_go_on(k, c);
	}
	if (rc == 0)
		rc = take_session(c, s);
	if (rc < 0)
		explain(c);
	conn_end(c);
	return rc;
}

/* One connection came to its end, well or not; the next takes its place. */
static void
settle(struct conn *c, int rc, struct load_result *r)
{
	struct load_session s;

	if (rc == 0 && take_session(c, &s) == 0) {
		r->answered++;
		load_latency_add(&r->latency, load_now_ns() - c->begun_ns);
		wipe_bytes(&s, sizeof s);
	} else {
		if (r->bad++ == 0)
			explain(c);
	}
	conn_end(c);
}

int
load_ke_run(struct load_ke *k, struct load_result *r)
{
	static struct pollfd p[CONNS_MAX];
	unsigned cnt = k->o->outstanding;
	int64_t begin_ns = load_now_ns(), now_ns = begin_ns;
	int64_t end_ns = begin_ns + (int64_t)(k->o->duration_s * 1e9);

	if (cnt > CONNS_MAX)
		cnt = CONNS_MAX;
	while ((now_ns = load_now_ns()) < end_ns) {
		for (unsigned i = 0; i < cnt; i++) {
			struct conn *c = &k->conns[i];

			if (c->phase != PHASE_FREE &&
			    now_ns - c->begun_ns > LATE_NS) {
				r->lost++;
				conn_end(c);
			}
			if (c->phase == PHASE_FREE && conn_begin(k, c) == 0)
				r->sent++;
			p[i] = (struct pollfd){.fd = c->fd, .events = c->want};
		}
		if (poll(p, cnt, 100) < 0)
			return -1;
		for (unsigned i = 0; i < cnt; i++) {
			struct conn *c = &k->conns[i];
			int rc;

			if (c->phase == PHASE_FREE || p[i].revents == 0)
				continue;
			rc = conn_go_on(k, c);
			if (rc <= 0)
				settle(c, rc, r);
		}
	}
	r->duration_s = (double)(now_ns - begin_ns) * 1e-9;
	for (unsigned i = 0; i < cnt; i++)
		conn_end(&k->conns[i]);
	return 0;
}

void
load_ke_free(struct load_ke *k)
{
	if (!k)
		return;
	net_tls_ctx_free(k->ctx);
	free(k);
}

struct load_ke *
load_ke_new(const struct load_options *o)
{
	struct load_ke *k = calloc(1, sizeof *k);
	struct net_tls_blob blob = {.name = o->ca};
	uint8_t *data;
	size_t len, cnt = 0;

	if (!k)
		return NULL;
	k->o = o;
	k->at = o->server;
	k->at.port = o->ke_port;
	for (unsigned i = 0; i < CONNS_MAX; i++)
		k->conns[i].fd = -1;
	if (os_file_read(o->ca, 0, CA_MAX, &data, &len) < 0) {
		fprintf(stderr, "load: cannot read %s\n", o->ca);
		free(k);
		return NULL;
	}
	blob.data = data;
	blob.len = len;
	k->ctx = net_tls_client_new(&blob, 1, &cnt);
	os_file_free(data, len);
	if (k->ctx && cnt > 0)
		return k;
	fprintf(stderr, "load: no certificates in %s\n", o->ca);
	load_ke_free(k);
	return NULL;
}
