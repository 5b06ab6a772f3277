/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stamps of an answer, and its end: the transmit time, written last, and
 * the seal over it.  Invariants: a receive stamp is odd and a transmit stamp
 * even, so that they are never equal and an origin tells which it is; both
 * are random below our precision; an answer never left before it came.
 */
#include <string.h>

#include "base/wipe.h"
#include "serve_priv.h"

/* A request with NTS that is longer asks for several cookies. */
#define NTS_SHORT 300

/* The bits of a stamp that are below our precision. */
static uint64_t
noise_mask(const struct serve *s)
{
	int precision = s->conf.precision_log2s;

	return precision <= -32 ? 0
	    : precision >= 0    ? UINT32_MAX
				: (UINT64_C(1) << (32 + precision)) - 1;
}

static struct ntp_ts
true_time(const struct serve *s, struct wall at, uint32_t fuzz)
{
	struct dur fix = {s->face.correction_ns};
	struct ntp_ts ts = tstamp_from_wall(tstamp_wall_add(at, fix));
	uint64_t mask = noise_mask(s);

	ts.v = (ts.v & ~mask) | (fuzz & mask);
	return ts;
}

bool
serve_stamp_arrival(const struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	uint64_t fuzz;

	if (req->now.ns < req->rx.ns ||
	    tstamp_wall_diff(req->now, req->rx).ns > TSTAMP_NS_PER_S)
		return false;
	job->arrived = req->rx;
	fuzz = rng_u64(s->conf.rng);
	job->fuzz = (uint32_t)(fuzz >> 32);
	job->rx = true_time(s, req->rx, (uint32_t)fuzz);
	job->rx.v |= 1;
	return true;
}

static enum serve_wire_kind
wire_kind(const struct serve_job *job)
{
	if (job->auth == SERVE_ANSWERED_NTS)
		return job->req->len > NTS_SHORT ? SERVE_WIRE_NTS_LONG
						 : SERVE_WIRE_NTS;
	return job->auth == SERVE_ANSWERED_MAC ? SERVE_WIRE_MAC
					       : SERVE_WIRE_PLAIN;
}

bool
serve_rested(const struct serve *s, struct wall rx)
{
	return tstamp_wall_diff(rx, s->finished).ns >= SERVE_WIRE_REST_NS;
}

struct ntp_short
serve_stamp_class(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	enum serve_wire_kind kind = wire_kind(job);

	if (!req->alone && req->place_cnt == 0)
		return (struct ntp_short){0};
	job->class_idx = req->alone
	    ? serve_wire_alone(kind, req->idle,
		  tstamp_wall_diff(req->rx, s->finished),
		  tstamp_wall_diff(req->now, req->rx))
	    : serve_wire_batch(kind, req->place, req->place_cnt);
	job->delay = serve_wire_delay(&s->wire, job->class_idx);
	if (req->alone || req->idle)
		job->sampled = serve_wire_wanted(
		    &s->wire, job->class_idx, rng_u64(s->conf.rng));
	job->stamp_wanted = job->sampled;
	return serve_wire_open(&s->wire, job->class_idx);
}

/* The answer leaves a little after its stamp was taken. */
static void
stamp_leaving(struct serve *s, const struct serve_job *job, struct wall tx)
{
	struct ntp_ts ts =
	    true_time(s, tstamp_wall_add(tx, job->delay), job->fuzz);
	uint8_t *at = job->out.data + NTP_OFFSET_TRANSMIT;
	struct bytes_out out;

	if (job->sampled)
		serve_wire_await(&s->wire, job->rx, tx, job->class_idx);
	if (job->interleaved)
		return;
	ts.v &= ~UINT64_C(1);
	if ((int64_t)(ts.v - job->rx.v) <= 0)
		ts.v = job->rx.v + 1;
	bytes_out_init(&out, at, NTP_HEADER_LEN - NTP_OFFSET_TRANSMIT);
	bytes_put_u64(&out, ts.v);
}

static int
seal_mac(struct serve *s, const struct serve_job *job)
{
	size_t len = (size_t)(job->mac - job->out.data) - sizeof job->key->id;
	uint8_t mac[CRYPTO_MAC_WHOLE_MAX];

	if (crypto_mac_compute_whole(
		s->mac, job->key, job->out.data, len, mac) < 0)
		return ERR_LIBRARY;
	memcpy(job->mac, mac, job->mac_len);
	return 0;
}

/* Against a clock that went back it counts as none. */
static void
count_latency(struct serve *s, const struct serve_job *job, struct wall tx)
{
	int64_t ns = tx.ns - job->arrived.ns;
	unsigned idx = 63 -
	    (unsigned)__builtin_clzll(
		((uint64_t)(ns > 0 ? ns : 0) >> (REPORT_LATENCY_LOG2NS - 1)) |
		1);

	s->counters
	    .latency_cnt[idx < REPORT_LATENCY_CNT ? idx
						  : REPORT_LATENCY_CNT - 1]++;
}

int
serve_arm(struct serve *s, size_t idx)
{
	const struct serve_job *job = &s->jobs[idx];

	return job->seal == SERVE_SEAL_NTS ? nts_ef_arm(&s->nts, job->nts) : 0;
}

static int
seal_nts(struct serve *s, const struct serve_job *job)
{
	int err = nts_ef_seal_response(&s->nts, job->nts);

	wipe_bytes(&job->nts->session, sizeof job->nts->session);
	return err;
}

int
serve_finish(struct serve *s, size_t idx, struct wall tx)
{
	const struct serve_job *job = &s->jobs[idx];

	if (job->out.pos < NTP_HEADER_LEN)
		return ERR_BAD;
	stamp_leaving(s, job, tx);
	count_latency(s, job, tx);
	s->finished = tx;
	switch (job->seal) {
	case SERVE_SEAL_MAC:
		return seal_mac(s, job);
	case SERVE_SEAL_NTS:
		return seal_nts(s, job);
	case SERVE_SEAL_NONE:
		break;
	}
	return 0;
}
