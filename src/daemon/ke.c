/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role ke: the NTS key exchange server.  TLS 1.3, one request, one response,
 * close.  It holds the certificate keys and the cookie key ring, and nothing
 * else; a fixed table of connections, each with a deadline, the one that has
 * been idle longest going first when it is full.  RFC 8915 section 4.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "crypto/aead.h"
#include "daemon/role.h"
#include "ipc/start.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "nts/ke_server.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/randpool.h"
#include "rules_priv.h"

#define LISTENERS_MAX (DAEMON_ROLE_FDS_MAX - DAEMON_FD_OWN)
#define PAIRS_MAX     16
#define LIMIT_NS      (2 * TSTAMP_NS_PER_S) /* a whole exchange */
#define PAUSE_NS      (TSTAMP_NS_PER_S / 4) /* when descriptors run out */
#define REPORT_NS     TSTAMP_NS_PER_S
#define PER_HOST_MAX  16

enum phase {
	PHASE_FREE = 0,
	PHASE_HANDSHAKE,
	PHASE_READ,
	PHASE_WRITE,
};

struct conn {
	struct ke *owner;
	enum phase phase;
	int fd;
	struct addr peer;
	struct mono since;
	struct net_watch watch;
	struct net_timer timer;
	struct net_tls *tls;
	struct nts_ke_server ke;
	uint8_t *out; /* NTS_KE_SERVER_RESPONSE_MAX */
	size_t out_len;
	size_t out_pos;
};

struct ke {
	struct net_loop *loop;
	struct daemon_port port;
	struct os_randpool *pool;
	struct rng rng;
	uint16_t instance;
	int listeners[LISTENERS_MAX];
	size_t listener_cnt;
	struct net_watch watches[LISTENERS_MAX];
	struct net_timer pause;
	struct net_timer report_timer;
	struct net_tls_ctx *tls;
	struct nts_ke_server_conf conf;
	char server[IPC_NAME_MAX];
	struct nts_cookie_keys cookies;
	struct serve_access *access;
	struct serve_limit *limit;
	struct ipc_limit limit_conf;
	struct conn *conns;
	size_t conn_cnt;
	struct report_ke report;
};

static void
changed(struct ke *k)
{
	if (!k->report_timer.armed)
		net_timer_arm(&k->report_timer, (struct dur){REPORT_NS});
}

static void
report_now(void *arg)
{
	struct ke *k = arg;

	daemon_port_send(&k->port, IPC_REPORT_KE, &k->report);
}

static void
conn_end(struct conn *c)
{
	if (c->phase == PHASE_FREE)
		return;
	net_watch_stop(&c->watch);
	net_timer_stop(&c->timer);
	net_tls_free(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
	wipe_bytes(c->out, c->out_len);
	c->out_len = 0;
	c->phase = PHASE_FREE;
	c->owner->report.open_cnt--;
	changed(c->owner);
}

static void
conn_wait(struct conn *c, int want)
{
	net_watch_set(&c->watch, c->fd,
	    want == NET_TLS_WANT_WRITE ? NET_WRITE : NET_READ);
}

static void
conn_write(struct conn *c)
{
	size_t done;
	int rc = 0;

	while (c->out_pos < c->out_len) {
		rc = net_tls_write(c->tls, c->out + c->out_pos,
		    c->out_len - c->out_pos, &done);
		if (rc != 0)
			break;
		c->out_pos += done;
	}
	if (rc > 0) {
		conn_wait(c, rc);
		return;
	}
	if (rc < 0)
		c->owner->report.tls_fail_cnt++;
	else if (c->ke.verdict == NTS_KE_AGREED)
		c->owner->report.done_cnt++;
	else
		c->owner->report.bad_request_cnt++;
	if (rc == 0 && net_tls_shutdown(c->tls) < 0)
		os_log_debug("close notify not sent");
	conn_end(c);
}

static int
export_keys(
    struct conn *c, const struct nts_ke_context *ctx, struct nts_keys *keys)
{
	keys->aead = c->ke.aead;
	keys->key_len = (uint8_t)crypto_aead_key_len(c->ke.aead);
	if (net_tls_export(c->tls, ctx->c2s, keys->c2s, keys->key_len) < 0 ||
	    net_tls_export(c->tls, ctx->s2c, keys->s2c, keys->key_len) < 0)
		return ERR_LIBRARY;
	return 0;
}

static void
conn_respond(struct conn *c)
{
	struct nts_ke_context ctx;
	struct nts_keys keys = {0};
	struct nts_ke_mint mint = {
	    .session = &keys,
	    .cookies = &c->owner->cookies,
	    .rng = &c->owner->rng,
	};
	const struct nts_ke_mint *use = NULL;
	struct bytes_out out;

	os_randpool_stir(c->owner->pool, os_clock_mono(), os_clock_real());
	if (nts_ke_server_wants_keys(&c->ke, &ctx) &&
	    export_keys(c, &ctx, &keys) == 0)
		use = &mint;
	bytes_out_init(&out, c->out, NTS_KE_SERVER_RESPONSE_MAX);
	if (nts_ke_server_respond(&c->ke, use, &out) < 0) {
		conn_end(c);
	} else {
		c->out_len = out.pos;
		c->out_pos = 0;
		c->phase = PHASE_WRITE;
		conn_write(c);
	}
	wipe_bytes(&keys, sizeof keys);
}

static void
conn_read(struct conn *c)
{
	uint8_t buf[2048];
	size_t len;
	int rc, judged = ERR_AGAIN;

	while (judged == ERR_AGAIN &&
	    (rc = net_tls_read(c->tls, buf, sizeof buf, &len)) == 0)
		judged = nts_ke_server_feed(&c->ke, buf, len);
	if (judged == 0) {
		conn_respond(c);
	} else if (judged != ERR_AGAIN) {
		c->owner->report.bad_request_cnt++;
		conn_end(c);
	} else if (rc > 0) {
		conn_wait(c, rc);
	} else if (rc == ERR_CLOSED && nts_ke_server_eof(&c->ke) == 0) {
		conn_respond(c);
	} else {
		c->owner->report.tls_fail_cnt++;
		conn_end(c);
	}
}

static void
conn_handshake(struct conn *c)
{
	int rc = net_tls_handshake(c->tls);

	if (rc > 0) {
		conn_wait(c, rc);
	} else if (rc < 0) {
		c->owner->report.tls_fail_cnt++;
		conn_end(c);
	} else {
		c->phase = PHASE_READ;
		conn_read(c);
	}
}

static void
conn_ready(void *arg, unsigned what)
{
	struct conn *c = arg;

	(void)what;
	if (c->phase == PHASE_HANDSHAKE)
		conn_handshake(c);
	else if (c->phase == PHASE_READ)
		conn_read(c);
	else if (c->phase == PHASE_WRITE)
		conn_write(c);
}

static void
conn_late(void *arg)
{
	struct conn *c = arg;

	c->owner->report.timeout_cnt++;
	conn_end(c);
}

/* A free place; when there is none, the connection that has lasted longest
 * makes room: idle peers cannot keep honest ones out. */
static struct conn *
conn_place(struct ke *k, const struct addr *peer)
{
	struct conn *oldest = &k->conns[0];
	size_t same = 0;

	for (size_t i = 0; i < k->conn_cnt; i++)
		same += k->conns[i].phase != PHASE_FREE &&
		    addr_same_host(&k->conns[i].peer, peer);
	if (same >= PER_HOST_MAX && same * 2 > k->conn_cnt)
		return NULL;
	for (size_t i = 0; i < k->conn_cnt; i++) {
		if (k->conns[i].phase == PHASE_FREE)
			return &k->conns[i];
		if (k->conns[i].since.ns < oldest->since.ns)
			oldest = &k->conns[i];
	}
	k->report.refused_cnt++;
	conn_end(oldest);
	return oldest;
}

static void
conn_begin(struct ke *k, int fd, const struct addr *peer)
{
	struct conn *c = NULL;

	k->report.accept_cnt++;
	changed(k);
	if (serve_access_allows(k->access, peer) &&
	    serve_limit_charge(k->limit, SERVE_LIMIT_PLAIN, peer,
		os_clock_mono()) == SERVE_LIMIT_PASS)
		c = conn_place(k, peer);
	if (!c) {
		k->report.refused_cnt++;
		net_tcp_reset_on_close(fd);
		close(fd);
		return;
	}
	c->tls = net_tls_accept(k->tls, fd);
	if (!c->tls) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->peer = *peer;
	c->since = os_clock_mono();
	c->phase = PHASE_HANDSHAKE;
	k->report.open_cnt++;
	nts_ke_server_init(&c->ke, &k->conf);
	net_timer_arm(&c->timer, (struct dur){LIMIT_NS});
	conn_handshake(c);
}

static void
listen_all(struct ke *k, bool on)
{
	for (size_t i = 0; i < k->listener_cnt; i++)
		net_watch_set(
		    &k->watches[i], k->listeners[i], on ? NET_READ : 0);
}

static void
pause_over(void *arg)
{
	listen_all(arg, true);
}

#define ACCEPT_BUDGET 32 /* a round, so that those inside get their turn */

static void
accept_from(struct ke *k, int listener)
{
	struct addr peer;

	for (int i = 0; i < ACCEPT_BUDGET; i++) {
		int fd = net_tcp_accept(listener, &peer);

		if (fd == ERR_FULL) {
			listen_all(k, false);
			net_timer_arm(&k->pause, (struct dur){PAUSE_NS});
		}
		if (fd < 0)
			return;
		conn_begin(k, fd, &peer);
	}
}

static void
listener_ready(void *arg, unsigned what)
{
	struct ke *k = arg;

	(void)what;
	for (size_t i = 0; i < k->listener_cnt; i++)
		accept_from(k, k->listeners[i]);
}

static void
take_ring(struct ke *k, const struct ipc_key_ring *msg)
{
	struct nts_keyring ring;

	if (nts_keyring_decode(&ring, msg->ring, msg->len) < 0 ||
	    nts_cookie_keys_load(&k->cookies, &ring) < 0)
		os_log_error("cookie keys cannot be used");
	nts_keyring_wipe(&ring);
}

static void
ke_message(void *state, unsigned type, const union ipc_any *msg)
{
	if (type == IPC_KEY_RING)
		take_ring(state, &msg->key_ring);
}

static void
take_conf(struct ke *k, const struct ipc_ke_conf *c)
{
	k->conn_cnt = c->connection_max;
	k->conf.port = c->ntp_port;
	k->conf.aead_cnt = c->aead_cnt;
	memcpy(k->conf.aeads, c->aeads, sizeof c->aeads);
	memcpy(k->server, c->ntp_server, sizeof k->server);
	k->conf.server = k->server;
	k->limit_conf = c->limit;
}

/* Certificates, rules, ring and settings out of the start data. */
static int
load(struct ke *k, const struct daemon_boot *boot)
{
	struct net_tls_pair pairs[PAIRS_MAX] = {0};
	struct ipc_start_record r;
	size_t pos = 0, pair_cnt = 0;

	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		struct net_tls_blob blob = {r.data, r.len, "certificate"};

		if (r.type == IPC_KE_CONF) {
			take_conf(k, &r.msg.ke_conf);
		} else if (r.type == IPC_KEY_RING) {
			take_ring(k, &r.msg.key_ring);
		} else if (r.blob == IPC_BLOB_CHAIN && r.number < PAIRS_MAX) {
			pairs[r.number].chain = blob;
			pair_cnt = r.number + 1;
		} else if (r.blob == IPC_BLOB_KEY && r.number < PAIRS_MAX) {
			pairs[r.number].key = blob;
		}
	}
	if (daemon_rules_limit(&k->limit_conf, &k->rng, &k->limit) < 0)
		return ERR_FULL;
	k->access = daemon_rules_load(boot);
	k->tls = net_tls_server_new(pairs, pair_cnt);
	return k->access && k->tls && k->conn_cnt > 0 ? 0 : ERR_LIBRARY;
}

static void
ke_close(void *state)
{
	struct ke *k = state;

	for (size_t i = 0; k->conns && i < k->conn_cnt; i++) {
		conn_end(&k->conns[i]);
		net_watch_fini(&k->conns[i].watch);
		net_timer_fini(&k->conns[i].timer);
		free(k->conns[i].out);
	}
	for (size_t i = 0; i < k->listener_cnt; i++) {
		net_watch_fini(&k->watches[i]);
		close(k->listeners[i]);
	}
	net_timer_fini(&k->pause);
	net_timer_fini(&k->report_timer);
	net_tls_ctx_free(k->tls);
	nts_cookie_keys_fini(&k->cookies);
	serve_access_free(k->access);
	serve_limit_free(k->limit);
	os_randpool_free(k->pool);
	free(k->conns);
	free(k);
}

static void *
ke_open(const struct daemon_boot *boot)
{
	struct ke *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->loop = boot->loop;
	k->port = boot->port;
	k->instance = boot->instance;
	k->report.instance = boot->instance;
	nts_cookie_keys_init(&k->cookies);
	for (size_t i = DAEMON_FD_OWN; i < boot->fd_cnt; i++)
		k->listeners[k->listener_cnt++] = boot->fds[i];
	k->pool = os_randpool_new(boot->instance);
	if (k->pool)
		k->rng = os_randpool_rng(k->pool);
	if (!k->pool || load(k, boot) < 0) {
		os_log_error("certificates or access rules cannot be used");
		ke_close(k);
		return NULL;
	}
	return k;
}

static int
ke_run(void *state)
{
	struct ke *k = state;

	k->conns = calloc(k->conn_cnt, sizeof *k->conns);
	if (!k->conns)
		return ERR_FULL;
	for (size_t i = 0; i < k->conn_cnt; i++) {
		struct conn *c = &k->conns[i];

		c->owner = k;
		c->fd = -1;
		c->out = malloc(NTS_KE_SERVER_RESPONSE_MAX);
		if (!c->out ||
		    net_watch_init(&c->watch, k->loop, conn_ready, c) < 0 ||
		    net_timer_init(&c->timer, k->loop, conn_late, c) < 0)
			return ERR_FULL;
	}
	for (size_t i = 0; i < k->listener_cnt; i++)
		if (net_watch_init(&k->watches[i], k->loop, listener_ready, k) <
		    0)
			return ERR_LIBRARY;
	if (net_timer_init(&k->pause, k->loop, pause_over, k) < 0 ||
	    net_timer_init(&k->report_timer, k->loop, report_now, k) < 0)
		return ERR_LIBRARY;
	listen_all(k, true);
	return 0;
}

/* Retired: take no new connections; what is under way goes on while super
 * lets us live. */
static void
ke_stop(void *state)
{
	listen_all(state, false);
}

const struct daemon_role daemon_ke = {
    .open = ke_open,
    .run = ke_run,
    .message = ke_message,
    .stop = ke_stop,
    .close = ke_close,
};
