/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key exchanges per second that a running server does, asked by parallel
 * clients in this one process: full TLS 1.3 handshakes, the certificate
 * checked, the answer parsed.  One line, "name value unit".
 *
 *	load_ke CA-FILE PORT [SECONDS [CLIENTS]]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "crypto/aead.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "nts/ke_client.h"
#include "os/file.h"

#define CLIENTS_MAX 64
#define CA_MAX      65536

enum phase {
	PHASE_FREE = 0,
	PHASE_CONNECT,
	PHASE_HANDSHAKE,
	PHASE_WRITE,
	PHASE_READ,
};

struct client {
	enum phase phase;
	int fd;
	short wait; /* POLLIN or POLLOUT */
	struct net_tls *tls;
	struct nts_ke_client ke;
	uint8_t out[NTS_KE_CLIENT_REQUEST_MAX];
	size_t out_len;
	size_t out_pos;
};

struct load {
	struct net_tls_ctx *ctx;
	struct addr to;
	unsigned long done;
	unsigned long failed;
	size_t cnt;
	struct client at[CLIENTS_MAX];
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
finish(struct client *c)
{
	net_tls_free(c->tls);
	c->tls = NULL;
	if (c->phase != PHASE_FREE)
		close(c->fd);
	c->phase = PHASE_FREE;
}

static int
begin(struct load *l, struct client *c)
{
	static const uint16_t aeads[] = {CRYPTO_AEAD_SIV_256};
	struct nts_ke_offer offer = {aeads, 1, true};
	struct bytes_out out;

	bytes_out_init(&out, c->out, sizeof c->out);
	if (nts_ke_client_init(&c->ke, &offer) < 0 ||
	    nts_ke_client_request(&c->ke, &out) < 0)
		return ERR_BAD;
	c->out_len = out.pos;
	c->out_pos = 0;
	c->fd = net_tcp_connect(&l->to, NULL);
	if (c->fd < 0)
		return c->fd;
	c->phase = PHASE_CONNECT;
	c->wait = POLLOUT;
	return 0;
}

/* Return: 0 to go on with the next phase, NET_TLS_WANT_* or an error. */
static int
connected(struct load *l, struct client *c)
{
	if (net_tcp_connected(c->fd) < 0)
		return ERR_SYSTEM;
	c->tls = net_tls_connect(l->ctx, c->fd, "localhost", time(NULL));
	return c->tls ? 0 : ERR_LIBRARY;
}

static int
send_request(struct client *c)
{
	size_t n = 0;
	int rc = 0;

	while (rc == 0 && c->out_pos < c->out_len) {
		rc = net_tls_write(
		    c->tls, c->out + c->out_pos, c->out_len - c->out_pos, &n);
		if (rc == 0)
			c->out_pos += n;
	}
	return rc;
}

static int
read_answer(struct client *c)
{
	uint8_t buf[4096];
	size_t len;
	int rc, fed = ERR_AGAIN;

	while (fed == ERR_AGAIN) {
		rc = net_tls_read(c->tls, buf, sizeof buf, &len);
		if (rc != 0)
			return rc;
		fed = nts_ke_client_feed(&c->ke, buf, len);
	}
	return fed;
}

static int
one_phase(struct load *l, struct client *c)
{
	switch (c->phase) {
	case PHASE_FREE:
		return begin(l, c);
	case PHASE_CONNECT:
		return connected(l, c);
	case PHASE_HANDSHAKE:
		return net_tls_handshake(c->tls);
	case PHASE_WRITE:
		return send_request(c);
	case PHASE_READ:
		return read_answer(c);
	}
	return ERR_BAD;
}

static void
go_on(struct load *l, struct client *c)
{
	int rc = 0;

	while (rc == 0 && c->phase != PHASE_FREE) {
		rc = one_phase(l, c);
		if (rc == 0 && c->phase == PHASE_READ) {
			l->done++;
			finish(c);
		} else if (rc == 0) {
			c->phase++;
		} else if (rc > 0) {
			c->wait = rc == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN;
		} else {
			l->failed++;
			finish(c);
		}
	}
}

static void
run(struct load *l, double until_s)
{
	struct pollfd at[CLIENTS_MAX];

	while (now_s() < until_s) {
		for (size_t i = 0; i < l->cnt; i++) {
			struct client *c = &l->at[i];

			if (c->phase == PHASE_FREE && begin(l, c) < 0)
				l->failed++;
			at[i] = (struct pollfd){.events = c->wait,
			    .fd = c->phase == PHASE_FREE ? -1 : c->fd};
		}
		if (poll(at, l->cnt, 100) < 0)
			return;
		for (size_t i = 0; i < l->cnt; i++)
			if (at[i].revents)
				go_on(l, &l->at[i]);
	}
}

static struct net_tls_ctx *
trust(const char *path)
{
	struct net_tls_ctx *ctx = NULL;
	struct net_tls_blob ca = {.name = path};
	uint8_t *data = NULL;

	if (os_file_read(path, 0, CA_MAX, &data, &ca.len) < 0)
		return NULL;
	ca.data = data;
	ctx = net_tls_client_new(&ca, 1, NULL);
	os_file_free(data, ca.len);
	return ctx;
}

int
main(int argc, char **argv)
{
	static struct load l;
	double seconds = argc > 3 ? atof(argv[3]) : 2, began_s;

	if (argc < 3) {
		fprintf(stderr,
		    "usage: load_ke CA-FILE PORT [SECONDS [CLIENTS]]\n");
		return 2;
	}
	l.cnt = argc > 4 ? (size_t)atoi(argv[4]) : 16;
	if (l.cnt < 1 || l.cnt > CLIENTS_MAX)
		return 2;
	l.ctx = trust(argv[1]);
	if (!l.ctx) {
		fprintf(stderr, "%s: not readable\n", argv[1]);
		return 1;
	}
	l.to = (struct addr){.family = ADDR_V4,
	    .port = (uint16_t)atoi(argv[2]),
	    .bytes = {127, 0, 0, 1}};
	began_s = now_s();
	run(&l, began_s + seconds);
	printf("%-36s %8.0f 1/s\n", "ke_exchanges",
	    (double)l.done / (now_s() - began_s));
	if (l.failed > 0)
		printf("%-36s %8lu\n", "ke_exchanges_failed", l.failed);
	for (size_t i = 0; i < l.cnt; i++)
		finish(&l.at[i]);
	net_tls_ctx_free(l.ctx);
	return l.done > 0 && l.failed == 0 ? 0 : 1;
}
