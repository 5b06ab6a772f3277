/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One query: all hosts side by side on one loop, each going through name,
 * key exchange and packets in steps.  A host has one step under way at a
 * time, one timer for it and one for the whole; each step ends by calling
 * the next or by finishing the host.
 */
#ifndef CLI_QUERY_PRIV_H
#define CLI_QUERY_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/rng.h"
#include "cli/result.h"
#include "net/loop.h"
#include "net/names.h"
#include "net/tls.h"
#include "net/udp.h"
#include "ntp/check.h"
#include "nts/jar.h"
#include "nts/ke_client.h"

struct query_options {
	bool no_nts;
	bool nts_only;
	bool v4;
	bool v6;
	bool json;
	uint16_t ke_port;
	uint16_t port;
	const char *ca;
	double timeout_s; /* for each server, all steps together */
	unsigned samples;
};

struct query_host;

/* What the hosts share. */
struct query {
	struct query_options o;
	struct net_loop *loop;
	struct net_tls_ctx *tls; /* NULL with no_nts */
	struct nts_aeads aeads;
	struct rng rng;
	unsigned running_cnt;
};

/* A name being looked up by a child of ours. */
struct query_name {
	pid_t pid; /* 0: none */
	int fd;
	bool local;
	void (*done)(struct query_host *h, int err);
};

struct query_ke {
	int fd; /* -1: none */
	bool connected;
	bool shaken; /* the handshake is done */
	struct mono tcp_end;
	struct net_tls *tls;
	uint8_t request[NTS_KE_CLIENT_REQUEST_MAX];
	size_t request_len;
	size_t sent_len;
	struct nts_ke_client client;
};

struct query_ntp {
	bool nts;
	struct addr to;
	struct nts_jar jar;
	struct net_udp_client udp;
	struct ntp_ts transmit;
	unsigned here_cnt; /* requests to this address */
	unsigned nak_cnt;
	unsigned forged_cnt; /* answers that did not authenticate */
	bool refused;        /* ICMP says that nobody listens */
	int send_errno;
	struct mono best_at;
	double best_bound_s;
};

/* Zeroed but for name and q when it starts. */
struct query_host {
	struct query *q;
	struct cli_result *res;
	char name[NTS_NAME_MAX]; /* without brackets */
	bool over;
	struct net_timer whole;
	struct net_timer step;
	void (*step_over)(struct query_host *h); /* what step's end calls */
	struct net_watch watch;
	void (*ready)(struct query_host *h, unsigned what);
	struct query_name lookup;
	struct net_names names;
	size_t addr_idx;
	struct query_ke ke;
	struct query_ntp ntp;
	struct mono start;
};

/* End the host: with what it gave, or at a stage with words. */
void cli_query_finish(struct query_host *h);
void cli_query_fail(struct query_host *h, enum report_stage stage,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Let step_over be called in s seconds, unless the step ends before. */
void cli_query_step(
    struct query_host *h, double s, void (*step_over)(struct query_host *h));

/* Wait for a descriptor of the step. */
void cli_query_wait(struct query_host *h, int fd, unsigned what,
    void (*ready)(struct query_host *h, unsigned what));

/* Stop the timer and the watch of the step. */
void cli_query_stop(struct query_host *h);

double cli_query_left_s(const struct query_host *h);

/* Look name up into h->names, then call done, perhaps at once. */
void cli_query_lookup(struct query_host *h, const char *name, bool local,
    void (*done)(struct query_host *h, int err));
void cli_query_lookup_end(struct query_host *h);
const char *cli_query_lookup_words(int err);

/* The steps. */
void cli_query_ke_start(struct query_host *h);
void cli_query_ke_next(struct query_host *h); /* the next address */
void cli_query_ke_end(struct query_host *h);
void cli_query_ntp_start(struct query_host *h, const struct addr *to);
void cli_query_ntp_ask(struct query_host *h); /* once more */
void cli_query_ntp_end(struct query_host *h);

/* The time for the whole host is over: use what there is. */
void cli_query_ntp_late(struct query_host *h);

#endif
