/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role dial: NTS key exchanges as a client, several at a time.  It connects
 * to the address it is given, checks the certificate against the configured
 * name, and hands back a typed result or the stage that failed and why.
 * RFC 8915 section 4.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aeads_priv.h"
#include "base/wipe.h"
#include "crypto/aead.h"
#include "daemon/role.h"
#include "ipc/start.h"
#include "net/loop.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "nts/ke_client.h"
#include "os/log.h"
#include "os/process.h"

#define JOBS_MAX  16
#define TRUST_MAX 17
#define LIMIT_NS  (16 * TSTAMP_NS_PER_S) /* hostile case F1 */

static const uint16_t all_aeads[] = {15, 16, 17, 30, 31};

enum phase {
	PHASE_FREE = 0,
	PHASE_CONNECT,
	PHASE_HANDSHAKE,
	PHASE_WRITE,
	PHASE_READ,
};

struct job {
	struct dial *owner;
	enum phase phase;
	int fd;
	struct net_watch watch;
	struct net_timer timer;
	struct net_tls *tls;
	struct ipc_ke_ask ask;
	struct nts_ke_client ke;
	uint8_t out[NTS_KE_CLIENT_REQUEST_MAX];
	size_t out_len;
	size_t out_pos;
};

/* The certificates of one set, as a context to connect with. */
struct trust {
	uint32_t set;
	struct net_tls_ctx *ctx;
};

struct dial {
	struct net_loop *loop;
	struct daemon_port port;
	struct trust trusts[TRUST_MAX];
	size_t trust_cnt;
	uint16_t aeads[IPC_AEADS_MAX]; /* all that libcrypto can do */
	size_t aead_cnt;
	struct job jobs[JOBS_MAX];
};

static void
job_end(struct job *j)
{
	net_watch_stop(&j->watch);
	net_timer_stop(&j->timer);
	net_tls_free(j->tls);
	j->tls = NULL;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	nts_ke_client_wipe(&j->ke);
	j->phase = PHASE_FREE;
	os_process_trim(); /* we are idle for hours now */
}

static void
fill_cert(const struct net_tls *tls, struct ipc_ke_answer *a)
{
	struct net_tls_cert cert;

	if (!tls || net_tls_peer(tls, &cert) < 0)
		return;
	a->cert_not_before_s = cert.not_before_s;
	a->cert_not_after_s = cert.not_after_s;
	snprintf(a->cert_subject, sizeof a->cert_subject, "%s", cert.subject);
}

static void
job_fail(struct job *j, unsigned stage, bool permanent, const char *why)
{
	struct ipc_ke_answer a = {
	    .id = j->ask.id,
	    .stage = (uint8_t)stage,
	    .permanent = permanent,
	};

	fill_cert(j->tls, &a);
	snprintf(a.why, sizeof a.why, "%s", why);
	daemon_port_send(&j->owner->port, IPC_KE_ANSWER, &a);
	job_end(j);
}

static void
job_fail_tls(struct job *j)
{
	const char *detail = NULL;
	enum net_tls_fault fault = net_tls_fault(j->tls, &detail);
	unsigned stage = REPORT_STAGE_TLS;
	char why[IPC_TEXT_MAX];

	if (fault == NET_TLS_TCP)
		stage = REPORT_STAGE_TCP;
	else if (fault == NET_TLS_ALPN)
		stage = REPORT_STAGE_ALPN;
	snprintf(why, sizeof why, "%s", net_tls_fault_text(fault));
	job_fail(j, stage, false, why);
}

static int
export_set(
    struct job *j, const struct nts_ke_context *ctx, uint8_t *c2s, uint8_t *s2c)
{
	size_t len = crypto_aead_key_len(j->ke.result.aead);

	if (len == 0 || len > IPC_KEY_MAX ||
	    net_tls_export(j->tls, ctx->c2s, c2s, len) < 0 ||
	    net_tls_export(j->tls, ctx->s2c, s2c, len) < 0)
		return ERR_LIBRARY;
	return 0;
}

static void
job_done(struct job *j)
{
	const struct nts_ke_result *r = &j->ke.result;
	struct ipc_ke_answer a = {
	    .id = j->ask.id,
	    .aead = r->aead,
	    .key_len = (uint8_t)crypto_aead_key_len(r->aead),
	    .second_set = r->context_cnt > 1,
	    .cookie_cnt = r->cookie_cnt,
	    .port = r->port,
	};

	if (export_set(j, &r->contexts[0], a.c2s, a.s2c) < 0 ||
	    (a.second_set &&
		export_set(j, &r->contexts[1], a.c2s_second, a.s2c_second) <
		    0)) {
		job_fail(j, REPORT_STAGE_TLS, false, "key export failed");
		return;
	}
	for (unsigned i = 0; i < r->cookie_cnt; i++) {
		a.cookies[i].len = r->cookies[i].len;
		memcpy(
		    a.cookies[i].data, r->cookies[i].data, r->cookies[i].len);
	}
	snprintf(a.server, sizeof a.server, "%s", r->server);
	fill_cert(j->tls, &a);
	daemon_port_send(&j->owner->port, IPC_KE_ANSWER, &a);
	wipe_bytes(&a, sizeof a);
	if (net_tls_shutdown(j->tls) < 0)
		os_log_debug("close notify not sent");
	job_end(j);
}

static void
job_negotiation_failed(struct job *j)
{
	bool permanent = j->ke.fail == NTS_KE_FAIL_PEER_CRITICAL ||
	    j->ke.fail == NTS_KE_FAIL_PEER_BAD;

	job_fail(j, REPORT_STAGE_NEGOTIATION, permanent,
	    nts_ke_client_fail_text(j->ke.fail));
}

/* Wait for what libssl asks for; 0 and errors are the caller's. */
static void
job_wait(struct job *j, int want)
{
	net_watch_set(&j->watch, j->fd,
	    want == NET_TLS_WANT_WRITE ? NET_WRITE : NET_READ);
}

static void
job_read(struct job *j)
{
	uint8_t buf[4096];
	size_t len;
	int rc;

	while ((rc = net_tls_read(j->tls, buf, sizeof buf, &len)) == 0) {
		rc = nts_ke_client_feed(&j->ke, buf, len);
		wipe_bytes(buf, len);
		if (rc == 0) {
			job_done(j);
			return;
		}
		if (rc != ERR_AGAIN) {
			job_negotiation_failed(j);
			return;
		}
	}
	if (rc > 0)
		job_wait(j, rc);
	else if (rc == ERR_CLOSED && nts_ke_client_eof(&j->ke) == 0)
		job_done(j);
	else if (rc == ERR_CLOSED)
		job_negotiation_failed(j);
	else
		job_fail_tls(j);
}

static void
job_write(struct job *j)
{
	size_t done;
	int rc = 0;

	while (j->out_pos < j->out_len) {
		rc = net_tls_write(j->tls, j->out + j->out_pos,
		    j->out_len - j->out_pos, &done);
		if (rc != 0)
			break;
		j->out_pos += done;
	}
	if (rc > 0) {
		job_wait(j, rc);
	} else if (rc < 0) {
		job_fail_tls(j);
	} else {
		j->phase = PHASE_READ;
		job_read(j);
	}
}

static void
job_handshake(struct job *j)
{
	int rc = net_tls_handshake(j->tls);

	if (rc > 0) {
		job_wait(j, rc);
	} else if (rc < 0) {
		job_fail_tls(j);
	} else {
		j->phase = PHASE_WRITE;
		job_write(j);
	}
}

static const struct trust *
trust_of(const struct dial *d, uint32_t set)
{
	for (size_t i = 0; i < d->trust_cnt; i++)
		if (d->trusts[i].set == set)
			return &d->trusts[i];
	return NULL;
}

static void
job_fail_tcp(struct job *j, int err)
{
	char why[IPC_TEXT_MAX], addr[ADDR_TEXT_MAX];

	addr_text_port(&j->ask.addr, addr);
	if (err == ECONNREFUSED)
		snprintf(why, sizeof why,
		    "connection to %s refused: no NTS "
		    "key exchange runs there, or a firewall answers for it",
		    addr);
	else
		snprintf(why, sizeof why, "connection to %s: %s", addr,
		    strerror(err));
	job_fail(j, REPORT_STAGE_TCP, false, why);
}

static void
job_connected(struct job *j)
{
	const struct trust *t = trust_of(j->owner, j->ask.cert_set);

	if (net_tcp_connected(j->fd) < 0) {
		job_fail_tcp(j, errno);
		return;
	}
	if (t)
		j->tls = net_tls_connect(t->ctx, j->fd, j->ask.host,
		    j->ask.check_at.ns / TSTAMP_NS_PER_S);
	if (!j->tls) {
		job_fail(j, REPORT_STAGE_TLS, !t,
		    t ? "out of memory"
		      : "no trusted certificates in this source's certset");
		return;
	}
	j->phase = PHASE_HANDSHAKE;
	job_handshake(j);
}

static void
job_ready(void *arg, unsigned what)
{
	struct job *j = arg;

	(void)what;
	switch (j->phase) {
	case PHASE_CONNECT:
		job_connected(j);
		break;
	case PHASE_HANDSHAKE:
		job_handshake(j);
		break;
	case PHASE_WRITE:
		job_write(j);
		break;
	case PHASE_READ:
		job_read(j);
		break;
	case PHASE_FREE:
		break;
	}
}

static void
job_late(void *arg)
{
	struct job *j = arg;

	if (j->phase == PHASE_CONNECT)
		job_fail(j, REPORT_STAGE_TCP, false,
		    "no answer to connecting within 16 s: a firewall drops it");
	else if (j->phase == PHASE_HANDSHAKE)
		job_fail(j, REPORT_STAGE_TLS, false,
		    "the TLS handshake took more than 16 s");
	else
		job_fail(j, REPORT_STAGE_NEGOTIATION, false,
		    "no complete answer within 16 s");
}

static size_t
offered(const struct dial *d, const struct ipc_ke_ask *ask,
    uint16_t out[IPC_AEADS_MAX])
{
	size_t cnt = 0;

	for (unsigned i = 0; i < ask->aead_cnt; i++)
		for (size_t k = 0; k < d->aead_cnt; k++)
			if (ask->aeads[i] == d->aeads[k])
				out[cnt++] = d->aeads[k];
	return cnt;
}

static void
job_begin(struct job *j, const struct ipc_ke_ask *ask)
{
	uint16_t aeads[IPC_AEADS_MAX];
	struct nts_ke_offer offer = {
	    .aeads = aeads,
	    .aead_cnt = offered(j->owner, ask, aeads),
	    .loopback_ok = addr_is_loopback(&ask->addr),
	};
	struct bytes_out out;

	j->ask = *ask;
	j->phase = PHASE_CONNECT;
	bytes_out_init(&out, j->out, sizeof j->out);
	if (nts_ke_client_init(&j->ke, &offer) < 0 ||
	    nts_ke_client_request(&j->ke, &out) < 0) {
		job_fail(j, REPORT_STAGE_NEGOTIATION, true,
		    "no algorithm to offer: see ntsaeads");
		return;
	}
	j->out_len = out.pos;
	j->out_pos = 0;
	j->fd = net_tcp_connect(&ask->addr, NULL);
	if (j->fd < 0) {
		job_fail_tcp(j, errno);
		return;
	}
	net_timer_arm(&j->timer, (struct dur){LIMIT_NS});
	net_watch_set(&j->watch, j->fd, NET_WRITE);
}

static void
dial_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct dial *d = state;
	struct ipc_ke_answer busy = {
	    .id = msg->ke_ask.id,
	    .stage = REPORT_STAGE_TCP,
	    .why = "too many key exchanges at once",
	};

	if (type != IPC_KE_ASK)
		return;
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (d->jobs[i].phase == PHASE_FREE) {
			job_begin(&d->jobs[i], &msg->ke_ask);
			return;
		}
	daemon_port_send(&d->port, IPC_KE_ANSWER, &busy);
}

/* All blobs of one set become one context. */
static int
load_set(struct dial *d, const struct daemon_boot *boot, uint32_t set)
{
	struct net_tls_blob blobs[TRUST_MAX];
	struct ipc_start_record r;
	size_t pos = 0, cnt = 0, certs = 0;

	if (trust_of(d, set))
		return 0;
	if (d->trust_cnt == TRUST_MAX)
		return ERR_FULL;
	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0)
		if (r.blob == IPC_BLOB_TRUST && r.number == set &&
		    cnt < TRUST_MAX)
			blobs[cnt++] = (struct net_tls_blob){
			    .data = r.data, .len = r.len, .name = "trust"};
	d->trusts[d->trust_cnt].set = set;
	d->trusts[d->trust_cnt].ctx = net_tls_client_new(blobs, cnt, &certs);
	if (!d->trusts[d->trust_cnt].ctx)
		return ERR_LIBRARY;
	d->trust_cnt++;
	os_log_debug("trusted certificates set=%u cnt=%zu", set, certs);
	return 0;
}

static void *
dial_open(const struct daemon_boot *boot)
{
	struct dial *d = calloc(1, sizeof *d);
	struct ipc_start_record r;
	size_t pos = 0;

	if (!d)
		return NULL;
	d->loop = boot->loop;
	d->port = boot->port;
	memcpy(d->aeads, all_aeads, sizeof all_aeads);
	d->aead_cnt = daemon_aeads_offered(
	    d->aeads, sizeof all_aeads / sizeof all_aeads[0]);
	for (size_t i = 0; i < JOBS_MAX; i++)
		d->jobs[i].fd = -1;
	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		if (r.blob != IPC_BLOB_TRUST)
			continue;
		if (load_set(d, boot, r.number) < 0) {
			os_log_error("trusted certificates cannot be loaded "
				     "set=%u",
			    r.number);
			free(d);
			return NULL;
		}
	}
	return d;
}

static int
dial_run(void *state)
{
	struct dial *d = state;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &d->jobs[i];

		j->owner = d;
		if (net_watch_init(&j->watch, d->loop, job_ready, j) < 0 ||
		    net_timer_init(&j->timer, d->loop, job_late, j) < 0)
			return ERR_LIBRARY;
	}
	return 0;
}

static void
dial_stop(void *state)
{
	(void)state;
}

static void
dial_close(void *state)
{
	struct dial *d = state;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		job_end(&d->jobs[i]);
		net_watch_fini(&d->jobs[i].watch);
		net_timer_fini(&d->jobs[i].timer);
	}
	for (size_t i = 0; i < d->trust_cnt; i++)
		net_tls_ctx_free(d->trusts[i].ctx);
	free(d);
}

const struct daemon_role daemon_dial = {
    .open = dial_open,
    .run = dial_run,
    .message = dial_message,
    .stop = dial_stop,
    .close = dial_close,
};
