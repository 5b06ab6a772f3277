/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role ke: the NTS key exchange server.  TLS 1.3, one request, one response,
 * close.  It holds the certificate keys and the cookie key ring, and nothing
 * else.  This file: start data, listeners, who is let in and for how long;
 * ke_conn.c: one connection.  RFC 8915 section 4.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aeads_priv.h"
#include "clients_priv.h"
#include "ipc/start.h"
#include "ke_priv.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "os/log.h"
#include "rules_priv.h"

#define CLIENTS_LEN   (48U << 10) /* of a second */
#define SECOND_NS     TSTAMP_NS_PER_S
#define PAUSE_NS      (SECOND_NS / 4) /* when descriptors run out */
#define SWEEP_NS      (SECOND_NS / 4) /* for those that are late */
#define ACCEPT_BUDGET 32 /* a round, so that those inside get their turn */
#define HOST_MIN      16 /* places that any one address may have */
#define FDS_SPARE     32

static void
report_now(void *arg)
{
	struct ke *k = arg;

	daemon_port_send(&k->port, IPC_REPORT_KE, &k->report);
	if (k->clients)
		daemon_clients_report(k->clients, &k->port);
}

/* Runs only while there are connections. */
static void
sweep(void *arg)
{
	static const size_t late[SERVE_ADMIT_STAGE_CNT] = {
	    [SERVE_ADMIT_SILENT] = REPORT_KE_SILENT,
	    [SERVE_ADMIT_HELLO] = REPORT_KE_HANDSHAKE,
	    [SERVE_ADMIT_REQUEST] = REPORT_KE_REQUEST,
	    [SERVE_ADMIT_ANSWER] = REPORT_KE_ANSWER,
	};
	struct ke *k = arg;
	struct mono now = os_clock_mono();
	uint32_t i;

	while ((i = serve_admit_late(k->admit, now)) != SERVE_ADMIT_NONE) {
		k->report.timeout_cnt++;
		k->report.late_cnt[late[serve_admit_stage(k->admit, i)]]++;
		daemon_ke_conn_cut(&k->conns[i]);
	}
	if (serve_admit_cnt(k->admit) > 0)
		net_timer_arm(&k->sweep, (struct dur){SWEEP_NS});
}

static bool
may_enter(struct ke *k, const struct addr *peer, struct mono now)
{
	if (!serve_access_allows(k->access, peer)) {
		k->report.denied_cnt++;
		return false;
	}
	if (serve_limit_charge(k->limit, SERVE_LIMIT_PLAIN, peer, now) !=
	    SERVE_LIMIT_PASS) {
		k->report.limited_cnt++;
		return false;
	}
	return true;
}

static void
note_client(struct ke *k, const struct addr *peer, struct mono now)
{
	struct report_client what = {.addr = *peer, .ke_cnt = 1};

	if (k->clients)
		serve_clients_add(k->clients,
		    serve_clients_hash(k->clients, peer), &what, now);
}

static void
let_in(struct ke *k, int fd, const struct addr *peer)
{
	struct mono now = os_clock_mono();
	uint32_t i;

	k->report.accept_cnt++;
	note_client(k, peer, now);
	daemon_ke_changed(k);
	if (!may_enter(k, peer, now)) {
		k->report.refused_cnt++;
		net_tcp_reset_on_close(fd);
		close(fd);
		return;
	}
	while (
	    (i = serve_admit_victim(k->admit, peer, now)) != SERVE_ADMIT_NONE) {
		k->report.evicted_cnt++;
		daemon_ke_conn_cut(&k->conns[i]);
	}
	i = serve_admit_enter(k->admit, peer, now);
	daemon_ke_conn_begin(&k->conns[i], fd);
	if (!k->sweep.armed)
		net_timer_arm(&k->sweep, (struct dur){SWEEP_NS});
}

static void
listen_all(struct ke *k, bool on)
{
	for (size_t i = 0; i < k->listener_cnt; i++)
		net_watch_set(&k->listeners[i].watch, k->listeners[i].fd,
		    on ? NET_READ : 0);
}

static void
pause_over(void *arg)
{
	listen_all(arg, true);
}

/* The listener stays readable while descriptors are short: looking away is
 * all that keeps the loop from spinning. */
static void
pause_accepting(struct ke *k)
{
	k->report.pause_cnt++;
	daemon_ke_changed(k);
	listen_all(k, false);
	net_timer_arm(&k->pause, (struct dur){PAUSE_NS});
}

static void
listener_ready(void *arg, unsigned what)
{
	const struct ke_listener *l = arg;
	struct addr peer;

	(void)what;
	for (int i = 0; i < ACCEPT_BUDGET; i++) {
		int fd = net_tcp_accept(l->fd, &peer);

		if (fd == ERR_FULL)
			pause_accepting(l->owner);
		if (fd < 0)
			return;
		let_in(l->owner, fd, &peer);
	}
}

static void
take_ring(struct ke *k, const struct ipc_key_ring *msg)
{
	struct nts_keyring ring;

	if (nts_keyring_decode(&ring, msg->ring, msg->len) < 0 ||
	    nts_cookie_keys_load(&k->cookies, &ring) < 0) {
		os_log_error("cookie keys cannot be used");
	} else {
		k->report.ring_at = os_clock_mono();
		k->report.ring_cnt++;
	}
	nts_keyring_wipe(&ring);
}

static void
ke_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct ke *k = state;

	if (type != IPC_KEY_RING)
		return;
	take_ring(k, &msg->key_ring);
	daemon_ke_changed(k);
}

static void
take_conf(struct ke *k, const struct ipc_ke_conf *c)
{
	k->conn_cnt = c->connection_max;
	k->conf.port = c->ntp_port;
	k->conf.aead_cnt = c->aead_cnt;
	memcpy(k->conf.aeads, c->aeads, sizeof c->aeads);
	k->conf.aead_cnt =
	    daemon_aeads_offered(k->conf.aeads, k->conf.aead_cnt);
	memcpy(k->server, c->ntp_server, sizeof k->server);
	memcpy(k->groups, c->groups, sizeof k->groups);
	k->conf.server = k->server;
	k->limit_conf = c->limit;
	k->clientlog = c->clientlog;
}

/* Certificates and their keys, out of the start data. */
static int
load_tls(struct ke *k, const struct net_tls_pair *pairs, size_t cnt)
{
	struct net_tls_cert cert;

	k->tls = net_tls_server_new(pairs, cnt);
	if (!k->tls || net_tls_server_cert(k->tls, &cert) < 0) {
		os_log_error("certificates cannot be used");
		return ERR_LIBRARY;
	}
	if (net_tls_server_groups(k->tls, k->groups) < 0) {
		os_log_error("none of these groups is known to libssl "
			     "ntstlsgroups=%s",
		    k->groups);
		return ERR_LIBRARY;
	}
	k->report.cert_not_after_s = cert.not_after_s;
	memcpy(k->report.cert_subject, cert.subject, sizeof cert.subject);
	return 0;
}

static int
load(struct ke *k, const struct daemon_boot *boot)
{
	struct net_tls_pair pairs[NET_TLS_PAIR_MAX] = {0};
	struct ipc_start_record r;
	size_t pos = 0, pair_cnt = 0;

	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		struct net_tls_blob blob = {r.data, r.len, "certificate"};
		bool fits = r.number < NET_TLS_PAIR_MAX;

		if (r.type == IPC_KE_CONF) {
			take_conf(k, &r.msg.ke_conf);
		} else if (r.type == IPC_KEY_RING) {
			take_ring(k, &r.msg.key_ring);
		} else if (r.blob == IPC_BLOB_CHAIN && fits) {
			pairs[r.number].chain = blob;
			pair_cnt = r.number + 1;
		} else if (r.blob == IPC_BLOB_KEY && fits) {
			pairs[r.number].key = blob;
		}
	}
	if (load_tls(k, pairs, pair_cnt) < 0)
		return ERR_LIBRARY;
	k->access = daemon_rules_load(boot);
	if (!k->access ||
	    daemon_rules_limit(&k->limit_conf, &k->rng, &k->limit) < 0) {
		os_log_error("access rules or limits cannot be used");
		return ERR_FULL;
	}
	if (k->clientlog)
		k->clients = serve_clients_new(CLIENTS_LEN, &k->rng);
	return k->conn_cnt > 0 ? 0 : ERR_BAD;
}

static void
close_listeners(struct ke *k)
{
	for (size_t i = 0; i < k->listener_cnt; i++) {
		net_watch_fini(&k->listeners[i].watch);
		close(k->listeners[i].fd);
	}
	k->listener_cnt = 0;
}

static void
ke_close(void *state)
{
	struct ke *k = state;

	for (uint32_t i = 0; k->conns && i < k->conn_cnt; i++)
		daemon_ke_conn_fini(&k->conns[i]);
	close_listeners(k);
	net_timer_fini(&k->pause);
	net_timer_fini(&k->sweep);
	net_timer_fini(&k->report_timer);
	net_tls_ctx_free(k->tls);
	nts_cookie_keys_fini(&k->cookies);
	serve_access_free(k->access);
	serve_limit_free(k->limit);
	serve_clients_free(k->clients);
	serve_admit_free(k->admit);
	os_randpool_free(k->pool);
	free(k->conns);
	free(k->works);
	free(k);
}

static void *
ke_open(const struct daemon_boot *boot)
{
	struct ke *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	if (!boot->single && net_tls_keep_freed() == ERR_LIBRARY)
		os_log_warn("key exchanges will be slower");
	k->loop = boot->loop;
	k->port = boot->port;
	k->report.instance = boot->instance;
	nts_cookie_keys_init(&k->cookies);
	for (size_t i = DAEMON_FD_OWN; i < boot->fd_cnt; i++)
		k->listeners[k->listener_cnt++] =
		    (struct ke_listener){.owner = k, .fd = boot->fds[i]};
	k->pool = os_randpool_new(boot->instance);
	if (k->pool)
		k->rng = os_randpool_rng(k->pool);
	if (!k->pool || load(k, boot) < 0) {
		ke_close(k);
		return NULL;
	}
	return k;
}

/* More connections than descriptors would only make accepting stop. */
static void
fit_descriptors(struct ke *k)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 ||
	    r.rlim_cur >= (rlim_t)k->conn_cnt + FDS_SPARE)
		return;
	k->conn_cnt = r.rlim_cur > 2 * FDS_SPARE
	    ? (uint32_t)r.rlim_cur - FDS_SPARE
	    : FDS_SPARE;
	os_log_warn("fewer connections than configured, descriptors are "
		    "limited maxntsconnections=%u",
	    k->conn_cnt);
}

static uint32_t
share(uint32_t all, uint32_t of)
{
	uint32_t n = all / of;

	if (n < HOST_MIN)
		n = HOST_MIN;
	return n < all ? n : all;
}

static int
make_room(struct ke *k)
{
	struct serve_admit_conf conf = {
	    .patience = {
		[SERVE_ADMIT_SILENT] = {2 * SECOND_NS},
		[SERVE_ADMIT_HELLO] = {4 * SECOND_NS},
		[SERVE_ADMIT_REQUEST] = {2 * SECOND_NS},
		[SERVE_ADMIT_ANSWER] = {2 * SECOND_NS},
	    }};

	fit_descriptors(k);
	conf.place_cnt = k->conn_cnt;
	conf.host_max = share(k->conn_cnt, 4);
	conf.net_max = share(k->conn_cnt, 2);
	k->admit = serve_admit_new(&conf, &k->rng);
	k->conns = calloc(k->conn_cnt, sizeof *k->conns);
	k->works = calloc(k->conn_cnt, sizeof *k->works);
	if (!k->admit || !k->conns || !k->works)
		return ERR_FULL;
	for (uint32_t i = 0; i < k->conn_cnt; i++)
		if (daemon_ke_conn_init(&k->conns[i], k, i) < 0)
			return ERR_FULL;
	return 0;
}

static int
ke_run(void *state)
{
	struct ke *k = state;

	if (make_room(k) < 0)
		return ERR_FULL;
	for (size_t i = 0; i < k->listener_cnt; i++)
		if (net_watch_init(&k->listeners[i].watch, k->loop,
			listener_ready, &k->listeners[i]) < 0)
			return ERR_LIBRARY;
	if (net_timer_init(&k->pause, k->loop, pause_over, k) < 0 ||
	    net_timer_init(&k->sweep, k->loop, sweep, k) < 0 ||
	    net_timer_init(&k->report_timer, k->loop, report_now, k) < 0)
		return ERR_LIBRARY;
	listen_all(k, true);
	daemon_ke_changed(k);
	return 0;
}

/* Retired: take no new connections, nor let the kernel keep any for us; what
 * is under way goes on while super lets us live. */
static void
ke_stop(void *state)
{
	close_listeners(state);
}

const struct daemon_role daemon_ke = {
    .open = ke_open,
    .run = ke_run,
    .message = ke_message,
    .stop = ke_stop,
    .close = ke_close,
};
