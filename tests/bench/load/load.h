/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon-load, between its files: main.c reads the options and prints the
 * result; session.c makes real key exchanges; run.c sends NTP requests and
 * takes the answers; meter.c measures latency and what the server consumed.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "nts/ke_client.h"
#include "nts/keys.h"

#define LOAD_PIDS_MAX 64
#define LOAD_PACKET   1280

enum load_mode {
	LOAD_NTP = 0,
	LOAD_NTS,
	LOAD_KE,
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
	double rate;          /* requests a second; 0: closed loop */
	double duration_s;
	unsigned verify; /* every so many answers */
	int pids[LOAD_PIDS_MAX];
	unsigned pid_cnt;
	int core; /* -1: none */
};

/* ---- meter.c ---- */

#define LOAD_BUCKETS 2048 /* 32 to each doubling */

struct load_latency {
	uint64_t bucket[LOAD_BUCKETS];
	uint64_t cnt;
	int64_t max_ns;
};

struct load_cpu {
	double user_s;
	double sys_s;
	double run_s;  /* by the scheduler's own count; 0: unknown */
	double core_s; /* busy time of the core, interrupts included */
};

void load_latency_add(struct load_latency *l, int64_t ns);
double load_latency_us(const struct load_latency *l, double quantile);
void load_cpu_read(const struct load_options *o, struct load_cpu *c);
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

/* ---- run.c ---- */

struct load_result {
	uint64_t sent;
	uint64_t answered;
	uint64_t lost;
	uint64_t bad;
	uint64_t kissed;
	uint64_t verified;
	uint64_t verify_failed;
	uint64_t bytes;
	double duration_s;
	struct load_latency latency;
	struct load_cpu cpu;
};

int load_run(const struct load_options *o, const struct load_session *sessions,
    struct load_result *r);

#endif
