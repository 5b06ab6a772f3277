/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon-load, between its files: options.c reads the options; main.c
 * prints the result; session.c makes real key exchanges, turns.c what TCP is
 * in them, beside.c makes more of both; ask.c makes NTP requests; run.c sends
 * them and takes the answers; meter.c measures latency and what the server consumed.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/rng.h"
#include "nts/ef.h"
#include "nts/ke_client.h"
#include "nts/keys.h"

struct msghdr;

#define LOAD_PIDS_MAX 64
#define LOAD_KEYS_MAX 4096
#define LOAD_PACKET   1280
#define LOAD_FEW      16 /* interleaved clients that share one address */

enum load_mode {
	LOAD_NTP = 0,
	LOAD_NTS,
	LOAD_KE,
	LOAD_TCP,
};

struct load_options {
	enum load_mode mode;
	struct addr server; /* with the NTP port */
	uint16_t ke_port;
	const char *name; /* in the certificate */
	const char *ca;
	struct addr source; /* the first of address_cnt; ADDR_NONE: any */
	unsigned address_cnt;
	unsigned key_cnt;
	unsigned placeholder_cnt;
	unsigned len;         /* of plain requests, at least */
	unsigned outstanding; /* closed loop */
	unsigned batch;       /* at a rate: so many together, asleep between */
	bool interleaved;     /* each address, or each of a few, is a client */
	double rate;          /* requests a second; 0: closed loop */
	double duration_s;
	unsigned verify; /* every so many answers */
	int pids[LOAD_PIDS_MAX];
	unsigned pid_cnt;
	int core;   /* whose time to account; -1: none */
	int beside; /* core of a second generator; -1: none */
};

/* ---- options.c ---- */

/* Return: 0; 1 when help was asked for, and given; -1 after saying why. */
int load_options(struct load_options *o, int argc, char **argv);

/* ---- meter.c ---- */

#define LOAD_BUCKETS 8192 /* 256 to each doubling, to beyond 100 s */

struct load_latency {
	uint64_t bucket[LOAD_BUCKETS];
	uint64_t cnt;
	int64_t max_ns;
};

struct load_cpu {
	double user_s;
	double sys_s;
	double run_s;     /* by the scheduler's own count; 0: unknown */
	double core_s;    /* busy time of the core, interrupts included */
	uint64_t rss_kib; /* of the processes together */
};

void load_latency_add(struct load_latency *l, int64_t ns);
double load_latency_us(const struct load_latency *l, double quantile);
void load_cpu_read(const struct load_options *o, struct load_cpu *c);
/* What was used since @before, but memory as it is. */
void load_cpu_since(struct load_cpu *c, const struct load_cpu *before);
int64_t load_now_ns(void);

/* ---- session.c ---- */

struct load_session {
	struct nts_keys keys;
	struct nts_cookie cookies[NTS_COOKIES_MAX];
	unsigned cookie_cnt;
	uint16_t port;
};

struct load_ke;

/* @want: what to offer; returns NULL after saying why. */
struct load_ke *load_ke_new(const struct load_options *o);
void load_ke_free(struct load_ke *k);
/* One exchange after the other; -1 after saying why. */
int load_ke_session(struct load_ke *k, struct load_session *s);
/* As many as answers return for the duration, outstanding at once. */
struct load_result;
int load_ke_run(struct load_ke *k, struct load_result *r);

/* ---- turns.c ---- */

/* The same, as far as TCP goes. */
int load_turns_run(const struct load_options *o, struct load_result *r);

/* ---- main.c ---- */

/* Key exchanges, or with ke = NULL what is left without them. */
int load_tcp_run(
    const struct load_options *o, struct load_ke *ke, struct load_result *r);

/* ---- beside.c ---- */

struct load_beside {
	pid_t pid; /* -1: none */
	int pipe[2];
};

/* -1 when it cannot be started, or did not do its work; end adds what was
 * answered to it. */
int load_beside_begin(
    struct load_beside *b, const struct load_options *o, struct load_ke *ke);
int load_beside_end(struct load_beside *b, struct load_result *r);

/* ---- ask.c ---- */

#define LOAD_CONTROL 64 /* octets for a source address */

struct load_request {
	int64_t sent_ns; /* 0: not under way */
	uint64_t transmit;
	uint64_t receive; /* returned by an interleaved answer */
	uint64_t heard;   /* receive time in the last answer; 0: none */
	unsigned session;
	size_t len;
	uint8_t packet[LOAD_PACKET];
};

struct load_ask {
	const struct load_options *o;
	const struct load_session *sessions;
	struct rng rng;
	struct nts_aeads aeads;
	struct load_request *pool;
	unsigned pool_cnt;
};

int load_ask_init(struct load_ask *a, const struct load_options *o,
    const struct load_session *sessions);
void load_ask_fini(struct load_ask *a);
/* Request n of the pool, and again with what its last answer said. */
int load_ask_make(struct load_ask *a, unsigned n);
/* It leaves from the source address number n. */
void load_ask_source(const struct load_options *o, uint64_t n, struct msghdr *m,
    uint8_t control[LOAD_CONTROL]);

/* ---- run.c ---- */

struct load_result {
	uint64_t sent;
	uint64_t answered;
	uint64_t lost;
	uint64_t bad;
	uint64_t kissed;
	uint64_t interleaved;
	uint64_t warm_up; /* answered before all this */
	uint64_t verified;
	uint64_t verify_failed;
	uint64_t bytes;
	double duration_s;
	struct load_latency latency;
	struct load_cpu cpu;
	uint64_t rss_before_kib;
};

int load_run(const struct load_options *o, const struct load_session *sessions,
    struct load_result *r);

#endif
