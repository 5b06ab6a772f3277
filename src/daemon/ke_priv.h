/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of role ke share: the role, and one connection of it.
 */
#ifndef DAEMON_KE_PRIV_H
#define DAEMON_KE_PRIV_H

#include "daemon/role.h"
#include "net/tls.h"
#include "nts/ke_server.h"
#include "os/randpool.h"
#include "serve/admit.h"

#define KE_LISTENERS_MAX (DAEMON_ROLE_FDS_MAX - DAEMON_FD_OWN)

/* What a connection needs once it has said something; pages of it that
 * nobody has used yet cost nothing. */
struct ke_work {
	struct nts_ke_server ke;
	size_t out_len;
	size_t out_pos;
	uint8_t out[NTS_KE_SERVER_RESPONSE_MAX];
};

struct ke_conn {
	struct ke *owner;
	struct ke_work *work;
	struct net_tls *tls; /* NULL until the hello has come */
	bool waited;         /* for the rest of it */
	struct net_watch watch;
	uint32_t place;
	int fd; /* -1: the place is free */
};

struct ke_listener {
	struct ke *owner;
	struct net_watch watch;
	int fd;
};

struct ke {
	struct net_loop *loop;
	struct daemon_port port;
	struct os_randpool *pool;
	struct rng rng;
	struct ke_listener listeners[KE_LISTENERS_MAX];
	size_t listener_cnt;
	struct net_timer pause;
	struct net_timer sweep;
	struct net_timer report_timer;
	struct net_tls_ctx *tls;
	struct nts_ke_server_conf conf;
	char server[IPC_NAME_MAX];
	char groups[IPC_NAME_MAX];
	struct nts_cookie_keys cookies;
	struct serve_access *access;
	struct serve_limit *limit;
	struct ipc_limit limit_conf;
	struct serve_clients *clients; /* NULL: not to be listed */
	bool clientlog;
	struct serve_admit *admit;
	struct ke_conn *conns;
	struct ke_work *works;
	uint32_t conn_cnt;
	struct report_ke report;
};

/**
 * daemon_ke_conn_init - a connection object, at its place for ever.
 * Return: 0 or ERR_LIBRARY.
 */
int daemon_ke_conn_init(
    struct ke_conn *c, struct ke *k, uint32_t place) MUST_CHECK;

/**
 * daemon_ke_conn_begin - its place is taken: serve the peer behind fd.
 * @fd: taken.
 */
void daemon_ke_conn_begin(struct ke_conn *c, int fd);

/**
 * daemon_ke_conn_cut - end it at once, whatever it is doing; the peer gets a
 * reset, and the kernel keeps nothing of it.
 */
void daemon_ke_conn_cut(struct ke_conn *c);

/**
 * daemon_ke_conn_fini - cut it and free what init made; a zeroed one is fine.
 */
void daemon_ke_conn_fini(struct ke_conn *c);

/**
 * daemon_ke_changed - the report will be sent soon.
 */
void daemon_ke_changed(struct ke *k);

#endif
