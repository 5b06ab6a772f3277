/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's answers: request bytes, the time they came and the time page
 * become response bytes, in two steps, so that the time when each leaves is
 * written last.  A batch of requests goes through the steps together: some
 * of the cryptography is far cheaper for many.  RFC 5905 (versions 1 to 4), RFC 8573 and legacy
 * MACs, RFC 8915.  A response is never longer than its request; what is
 * malformed, or not authentic where it says it is, is dropped and counted by
 * reason.  No allocation after serve_new, no clock, no lock.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/report.h"
#include "base/rng.h"
#include "base/timepage.h"
#include "base/tstamp.h"
#include "crypto/mac.h"
#include "serve/limit.h"

struct nts_keyring;
struct serve_access;
struct serve_crowd;

#define SERVE_RESPONSE_MAX 1500 /* no answer is longer */
#define SERVE_BATCH_MAX    16   /* requests at a time */

/* What became of a request. */
enum serve_verdict {
	SERVE_ANSWERED = 0, /* plain */
	SERVE_ANSWERED_MAC, /* with the asker's symmetric key */
	SERVE_ANSWERED_NTS,
	SERVE_NAK,  /* NTSN: cookie or authenticator bad */
	SERVE_RATE, /* kiss of death: ask less often */
	/* everything below sends nothing */
	SERVE_DROP_SHORT,  /* less than a header */
	SERVE_DROP_LENGTH, /* not a multiple of 4, too long, cut off */
	SERVE_DROP_VERSION,
	SERVE_DROP_MODE,    /* not a client request */
	SERVE_DROP_SOURCE,  /* port 0, our own address, no unicast */
	SERVE_DROP_DENIED,  /* by the access rules */
	SERVE_DROP_FIELDS,  /* extension fields malformed */
	SERVE_DROP_KEY,     /* MAC with a key that we do not have */
	SERVE_DROP_MAC,     /* MAC wrong */
	SERVE_DROP_NTS,     /* NTS fields malformed or not allowed here */
	SERVE_DROP_NTS_OFF, /* NTS asked of a server without it */
	SERVE_DROP_STAMP,   /* receive time is not in the last second */
	SERVE_DROP_LIMITED, /* by the rate limit */
	SERVE_DROP_SHED,    /* of a stranger, by an overloaded worker */
	SERVE_DROP_ROOM,    /* the answer would not fit the request */
	SERVE_VERDICT_CNT,
};

struct serve_counters {
	uint64_t verdict_cnt[SERVE_VERDICT_CNT];
	uint64_t version_cnt[8];
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t cookie_cnt;      /* fresh ones given out */
	uint64_t interleaved_cnt; /* answers that told when the last one left */
	uint64_t early_cnt; /* left before their stamp, of those looked at */
	uint64_t latency_cnt[REPORT_LATENCY_CNT];
};

/* @access, @rng, @limit, @crowd: borrowed.  @ring, @keys: copied.  @ring: NULL is a server
 * without NTS.  @rng is asked several times for each request.  All but @rng
 * may be changed with serve_set_*. */
struct serve_conf {
	const struct serve_access *access;
	const struct nts_keyring *ring;
	const struct crypto_mac_key *keys;
	size_t key_cnt;
	struct rng *rng;
	struct serve_limit *limit; /* NULL: none */
	struct serve_crowd *crowd; /* NULL: clients are not counted */
	int8_t precision_log2s;    /* of our clock as read, e.g. -24 */
	uint8_t local_stratum;     /* `local stratum N`; 0: none */
	double smear_freq_ppm;     /* `smoothtime ... leaponly`; 0: none */
	double smear_wander_ppm;   /* per second */
	double local_distance_s; /* local also when root distance exceeds it */
};

/* The moment a batch of requests is answered. */
struct serve_now {
	struct mono mono;
	struct wall real; /* CLOCK_REALTIME */
	int64_t boot_ns;  /* CLOCK_BOOTTIME */
};

/* One request.  @rx: CLOCK_REALTIME when it came, from the kernel; @now: read
 * since.  @local: the address and port it came to; ADDR_NONE when unknown.
 * @cut: the kernel truncated it.
 * @alone: its answer leaves at once.  Else @place, of the @place_cnt that leave
 * together (0: unknown).  @idle: it ended a pause. */
struct serve_request {
	const uint8_t *data;
	size_t len;
	struct addr from;
	struct addr local;
	struct wall rx;
	struct wall now;
	bool cut;
	bool alone;
	bool idle;
	uint8_t place;
	uint8_t place_cnt;
};

/* One answer.  @out: room for the response, not overlapping the request;
 * borrowed until serve_finish.  @out_max: its size; SERVE_RESPONSE_MAX is
 * always enough.  The rest is filled in.
 * @len: 0 to stay silent; never more than that of the request. */
struct serve_answer {
	uint8_t *out;
	size_t out_max;
	size_t len;
	enum serve_verdict verdict; /* counted already */
};

/* The beginning of an answer that does not wait for the transmit time. */
#define SERVE_HEAD_LEN 40

struct serve; /* one per worker */

/**
 * serve_new - everything a worker needs, allocated once.
 * Return: owned, or NULL: no memory, no crypto, or a key or ring that is
 * refused.
 */
struct serve *serve_new(const struct serve_conf *conf);

/**
 * serve_free - wipe and give back; NULL is fine.
 */
void serve_free(struct serve *s);

/**
 * serve_set_access - from now on; borrowed.
 */
void serve_set_access(struct serve *s, const struct serve_access *access);

/**
 * serve_set_limit - from now on; borrowed, NULL: no limit.
 */
void serve_set_limit(struct serve *s, struct serve_limit *limit);

/**
 * serve_set_pressed - whether more comes than can be answered.  Then plain
 * requests of addresses that @crowd does not know, and what pretends to be
 * NTS from there, are dropped first; who shows a valid cookie is answered.
 */
void serve_set_pressed(struct serve *s, bool pressed);

/**
 * serve_set_local - another `local stratum` (0: none) and its distance.
 */
void serve_set_local(struct serve *s, unsigned stratum, double distance_s);

/**
 * serve_set_ring - the cookie keys from now on, at each rotation; copied.
 * @ring: NULL switches NTS off.
 * Return: 0; ERR_BAD or ERR_LIBRARY: NTS is then off.
 */
int serve_set_ring(struct serve *s, const struct nts_keyring *ring) MUST_CHECK;

/**
 * serve_seal_cnt - how many cookies were sealed with the current key.
 */
uint64_t serve_seal_cnt(const struct serve *s);

/**
 * serve_set_keys - replace the symmetric keys; copied.
 * Return: 0; ERR_BAD for a key that is refused, ERR_FULL without memory: the
 * old keys then stay.
 */
int serve_set_keys(struct serve *s, const struct crypto_mac_key *keys,
    size_t key_cnt) MUST_CHECK;

/**
 * serve_batch_time - prepare the header that the next answers share.
 * @t, @c: the pages just read, or NULL when a page cannot be had now: the
 *         last copy then holds as long as its own claims allow.
 *
 * The worse of both pages is told: unsynchronised (leap 3, stratum 0 on the
 * wire) unless sync says so, clock confirms it up to now, and the machine
 * was not suspended since.
 */
void serve_batch_time(struct serve *s, const struct timepage_time *t,
    const struct timepage_clock *c, const struct serve_now *now);

/**
 * serve_expect - a request from there is in the batch and will be next but
 * some: tables larger than the processor's caches are looked into ahead.
 */
void serve_expect(const struct serve *s, const struct addr *from);

/**
 * serve_rested - whether nothing had been answered for so long before rx that
 * everything has become cold.
 * @rx: when a request came, of CLOCK_REALTIME.
 */
bool serve_rested(const struct serve *s, struct wall rx);

/**
 * serve_batch - all of the answers but the times when they leave.  The first
 * SERVE_HEAD_LEN bytes of each are then final.
 * @cnt: requests and answers, SERVE_BATCH_MAX at most.
 */
void serve_batch(struct serve *s, const struct serve_request *reqs,
    struct serve_answer *answers, size_t cnt);

/**
 * serve_request - a batch of one.
 * Return: bytes of response.
 */
size_t serve_request(struct serve *s, const struct serve_request *req,
    uint8_t *out, size_t out_max, enum serve_verdict *verdict);

/**
 * serve_arm - do what can be done of an answer's end before the time is read.
 * @idx: its place in the last batch, with an answer.
 * Return: 0; ERR_LIBRARY: it may not be sent.
 */
int serve_arm(struct serve *s, size_t idx) MUST_CHECK;

/**
 * serve_finish - write the transmit time of an answer, and seal it.
 * @idx: its place in the last batch; it should have been armed just before.
 * @tx: CLOCK_REALTIME read just before; what lies between it and the wire is
 *      added, as far as it is learned, since answers are sealed over the time.
 * Return: 0; ERR_BAD when there is none, ERR_LIBRARY: nothing may be sent.
 */
int serve_finish(struct serve *s, size_t idx, struct wall tx) MUST_CHECK;

/**
 * serve_wants_stamp - whether the time when an answer of the last batch
 * leaves will be wanted: its client asks in interleaved mode (RFC 9769), or
 * it is one of the few that we learn the way to the wire from.
 */
bool serve_wants_stamp(const struct serve *s, size_t idx);

/**
 * serve_sent - when an answer really left; soon after serve_finish, in any
 * order.
 * @data: the answer as it was sent.
 * @at:   CLOCK_REALTIME, from the kernel or the network card.
 * Return: whether it was one that serve_wants_stamp asked for, and its time
 * is possible.
 */
bool serve_sent(
    struct serve *s, const uint8_t *data, size_t len, struct wall at);

/**
 * serve_counters_get - the counters since serve_new; borrowed.
 */
const struct serve_counters *serve_counters_get(const struct serve *s);

/**
 * serve_report - the counters as ctl wants them; instance and send_fail_cnt
 * are the caller's.
 */
void serve_report(const struct serve *s, struct report_serve *r);

/**
 * serve_verdict_text - one or two words, for tests and debug logs.
 */
const char *serve_verdict_text(unsigned verdict);

#endif
