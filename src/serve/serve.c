/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of one request through the tests, cheapest first, to a plain, a
 * MAC or an NTS answer.  RFC 5905 section 8 and 9.2 (server side), 7.3 for
 * the trailer.  Invariant: nothing is returned that is longer than the
 * request, since the writer's room is the request's length.
 */
#include "serve/serve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "ntp/kiss.h"
#include "ntp/poll.h"
#include "serve_priv.h"

/* Up to here what follows the header is a MAC, not a field. */
#define MAC_LEN_MAX (NTP_HEADER_LEN + 24)

/* A request with NTS that is longer asks for several cookies. */
#define NTS_SHORT 300

/*
 * The stamps of the answer: corrected, random below our precision, and never
 * equal, for which receive stamps are odd and transmit stamps even.
 */
static bool
make_stamps(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	struct dur fix = {s->face.correction_ns};
	int precision = s->conf.precision_log2s;
	uint64_t mask, fuzz;

	if (req->tx.ns < req->rx.ns ||
	    tstamp_wall_diff(req->tx, req->rx).ns > TSTAMP_NS_PER_S)
		return false;
	mask = precision <= -32 ? 0
	    : precision >= 0    ? UINT32_MAX
				: (UINT64_C(1) << (32 + precision)) - 1;
	fuzz = rng_u64(s->conf.rng);
	job->rx = tstamp_from_wall(tstamp_wall_add(req->rx, fix));
	job->tx = tstamp_from_wall(tstamp_wall_add(req->tx, fix));
	job->rx.v = (job->rx.v & ~mask) | (fuzz & mask) | 1;
	job->tx.v = ((job->tx.v & ~mask) | (fuzz >> 32 & mask)) & ~UINT64_C(1);
	if ((int64_t)(job->tx.v - job->rx.v) <= 0)
		job->tx.v = job->rx.v + 1;
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

/* The answer leaves a little after its stamp was taken. */
static void
add_wire_delay(struct serve *s, struct serve_job *job, struct ntp_packet *p)
{
	const struct serve_request *req = job->req;
	unsigned class_idx = serve_wire_class(
	    wire_kind(job), req->place, req->alone ? 1 : req->place_cnt);
	struct dur delay = serve_wire_delay(&s->wire, class_idx);
	uint32_t open = serve_wire_open(&s->wire, class_idx).v;

	/* 2^32 / 10^9 of a fraction is a nanosecond; even stays even. */
	p->transmit.v +=
	    ((uint64_t)delay.ns << 32) / TSTAMP_NS_PER_S & ~UINT64_C(1);
	if (p->root_dispersion.v < UINT32_MAX - open)
		p->root_dispersion.v += open;
	if (!req->alone && !req->idle)
		return;
	job->class_idx = class_idx;
	job->sampled =
	    serve_wire_wanted(&s->wire, class_idx, rng_u64(s->conf.rng));
}

void
serve_put_header(struct serve *s, struct serve_job *job, uint32_t kiss)
{
	const struct serve_face *f = &s->face;
	struct ntp_packet p = {
	    .leap = kiss ? NTP_LEAP_UNSYNCED : f->leap,
	    .version = job->head.version,
	    .mode = NTP_MODE_SERVER,
	    .stratum = kiss ? 0 : f->stratum,
	    .poll = (int8_t)ntp_poll_clamp(
		job->head.poll, NTP_POLL_MIN, NTP_POLL_MAX),
	    .precision = s->conf.precision_log2s,
	    .root_delay = f->root_delay,
	    .root_dispersion = f->root_dispersion,
	    .ref_id = kiss ? kiss : f->ref_id,
	    .reference = f->reference,
	    .origin = job->head.transmit,
	    .receive = job->rx,
	    .transmit = job->tx,
	};
	uint8_t *at = bytes_reserve(&job->out, NTP_HEADER_LEN);

	if (!kiss && (job->req->alone || job->req->place_cnt > 0))
		add_wire_delay(s, job, &p);
	if (!kiss)
		serve_interleave_answer(s, job, &p);
	if (job->sampled) {
		serve_wire_await(
		    &s->wire, p.receive, job->req->tx, job->class_idx);
		s->stamp_wanted = true;
	}
	/* Not newer than the answer, should our clock have gone back. */
	if (p.reference.v == 0 || tstamp_diff(p.reference, p.receive).ns > 0)
		p.reference = p.receive;
	if (at)
		ntp_packet_encode(&p, at);
}

static int
by_id(const void *a, const void *b)
{
	const struct crypto_mac_key *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct crypto_mac_key *
find_key(const struct serve *s, uint32_t id)
{
	size_t low = 0, high = s->key_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->keys[mid].id == id)
			return &s->keys[mid];
		if (s->keys[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static enum serve_verdict
answer_mac(
    struct serve *s, struct serve_job *job, const struct ntp_ext_list *fields)
{
	const struct crypto_mac_key *key = find_key(s, fields->key_id);
	struct crypto_mac_tag tag = {fields->digest, fields->digest_len};
	uint8_t mac[CRYPTO_MAC_WHOLE_MAX];

	if (!key)
		return SERVE_DROP_KEY;
	if (crypto_mac_verify(s->mac, key, job->req->data, fields->end, tag) <
	    0)
		return SERVE_DROP_MAC;
	job->auth = SERVE_ANSWERED_MAC;
	serve_put_header(s, job, 0);
	if (job->out.bad)
		return SERVE_DROP_ROOM;
	if (crypto_mac_compute_whole(
		s->mac, key, job->out.data, job->out.pos, mac) < 0)
		return SERVE_DROP_MAC;
	/* Cut as theirs was, which verified. */
	ntp_ext_put_mac(&job->out, key->id, mac, fields->digest_len);
	return SERVE_ANSWERED_MAC;
}

/* A request without NTS fields; unknown ones are ignored. */
static enum serve_verdict
answer_plain(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	struct ntp_ext_list fields;
	enum serve_limit_verdict limit = serve_limit_charge(
	    s->conf.limit, SERVE_LIMIT_PLAIN, &req->from, s->now);

	if (limit == SERVE_LIMIT_DROP)
		return SERVE_DROP_LIMITED;
	if (limit == SERVE_LIMIT_KISS) {
		serve_put_header(s, job, NTP_KISS_CODE_RATE);
		return SERVE_RATE;
	}
	if (req->len > NTP_HEADER_LEN) {
		if (ntp_ext_walk(
			&fields, req->data, req->len, job->head.version) < 0)
			return SERVE_DROP_FIELDS;
		if (fields.trailer == NTP_EXT_TRAILER_MAC)
			return answer_mac(s, job, &fields);
		if (fields.trailer != NTP_EXT_TRAILER_NONE)
			return SERVE_DROP_KEY;
	}
	serve_put_header(s, job, 0);
	return SERVE_ANSWERED;
}

/* Whose fault: the fields' as such, or what NTS asks of them. */
static enum serve_verdict
malformed(const struct serve_job *job)
{
	struct ntp_ext_list fields;

	return ntp_ext_walk(
		   &fields, job->req->data, job->req->len, NTP_VERSION) < 0
	    ? SERVE_DROP_FIELDS
	    : SERVE_DROP_NTS;
}

static enum serve_verdict
answer(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	struct nts_ef_request ef;
	int err = ERR_ABSENT;

	if (!make_stamps(s, job))
		return SERVE_DROP_STAMP;
	if (job->head.version == NTP_VERSION && req->len > MAC_LEN_MAX)
		err = nts_ef_find_request(req->data, req->len, &ef);
	if (err == ERR_ABSENT)
		return answer_plain(s, job);
	if (err < 0)
		return malformed(job);
	/*
	 * Who wants authenticated time can do nothing with a plain answer,
	 * and must not be tempted to.
	 */
	if (!s->nts_on)
		return SERVE_DROP_NTS_OFF;
	return serve_nts_answer(s, job, &ef);
}

/* Answering these could send packets in circles, or to nobody. */
static bool
bad_source(const struct serve_request *req)
{
	return req->from.port == 0 || req->from.family == ADDR_NONE ||
	    addr_is_unspecified(&req->from) || addr_is_multicast(&req->from) ||
	    (req->from.port == req->local.port &&
		addr_same_host(&req->from, &req->local));
}

static enum serve_verdict
handle(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;

	if (req->len < NTP_HEADER_LEN ||
	    ntp_packet_decode(&job->head, req->data, req->len) < 0)
		return SERVE_DROP_SHORT;
	s->counters.version_cnt[job->head.version & 7]++;
	if (req->cut || req->len % 4 != 0 || req->len > SERVE_RESPONSE_MAX)
		return SERVE_DROP_LENGTH;
	if (job->head.version < NTP_VERSION_MIN ||
	    job->head.version > NTP_VERSION)
		return SERVE_DROP_VERSION;
	if (!ntp_packet_is_request(&job->head))
		return SERVE_DROP_MODE;
	if (bad_source(req))
		return SERVE_DROP_SOURCE;
	if (!serve_access_allows(s->conf.access, &req->from))
		return SERVE_DROP_DENIED;
	return answer(s, job);
}

size_t
serve_request(struct serve *s, const struct serve_request *req, uint8_t *out,
    size_t out_max, enum serve_verdict *verdict)
{
	struct serve_job job = {.req = req};
	size_t len = 0;

	s->stamp_wanted = false;
	bytes_out_init(&job.out, out, req->len < out_max ? req->len : out_max);
	s->counters.rx_bytes += req->len;
	*verdict = handle(s, &job);
	if (*verdict < SERVE_DROP_SHORT && job.out.bad)
		*verdict = SERVE_DROP_ROOM;
	if (*verdict < SERVE_DROP_SHORT)
		len = job.out.pos;
	else
		s->stamp_wanted = false;
	s->counters.interleaved_cnt += len > 0 && job.interleaved;
	assert(len <= req->len);
	s->counters.verdict_cnt[*verdict]++;
	s->counters.tx_bytes += len;
	return len;
}

int
serve_set_keys(
    struct serve *s, const struct crypto_mac_key *keys, size_t key_cnt)
{
	struct crypto_mac_key *copy;

	for (size_t i = 0; i < key_cnt; i++)
		if (crypto_mac_key_check(&keys[i]) < 0)
			return ERR_BAD;
	copy = calloc(key_cnt + 1, sizeof *copy);
	if (!copy)
		return ERR_FULL;
	if (key_cnt > 0)
		memcpy(copy, keys, key_cnt * sizeof *copy);
	qsort(copy, key_cnt, sizeof *copy, by_id);
	if (s->keys)
		wipe_bytes(s->keys, s->key_cnt * sizeof *s->keys);
	free(s->keys);
	s->keys = copy;
	s->key_cnt = key_cnt;
	return 0;
}

void
serve_set_access(struct serve *s, const struct serve_access *access)
{
	s->conf.access = access;
}

void
serve_set_limit(struct serve *s, struct serve_limit *limit)
{
	s->conf.limit = limit;
}

void
serve_set_local(struct serve *s, unsigned stratum, double distance_s)
{
	s->conf.local_stratum =
	    stratum <= NTP_STRATUM_MAX ? (uint8_t)stratum : 0;
	s->conf.local_distance_s = distance_s;
}

int
serve_set_ring(struct serve *s, const struct nts_keyring *ring)
{
	int err = 0;

	s->nts_on = false;
	if (ring) {
		err = nts_cookie_keys_load(&s->nts.cookies, ring);
		s->nts_on = err == 0;
	}
	return err;
}

void
serve_free(struct serve *s)
{
	if (!s)
		return;
	nts_server_fini(&s->nts);
	serve_interleave_free(s->interleave);
	crypto_mac_free(s->mac);
	if (s->keys)
		wipe_bytes(s->keys, s->key_cnt * sizeof *s->keys);
	free(s->keys);
	wipe_bytes(s, sizeof *s);
	free(s);
}

struct serve *
serve_new(const struct serve_conf *conf)
{
	struct serve *s = calloc(1, sizeof *s);
	struct serve_now never = {{0}, {0}, 0};

	if (!s)
		return NULL;
	s->conf = *conf;
	s->conf.keys = NULL;
	s->conf.ring = NULL;
	serve_smear_init(
	    &s->smear, conf->smear_freq_ppm, conf->smear_wander_ppm);
	serve_set_local(s, conf->local_stratum, conf->local_distance_s);
	s->mac = crypto_mac_new();
	s->interleave = serve_interleave_new(s->conf.rng);
	if (nts_server_init(&s->nts, s->conf.rng) < 0 || !s->mac ||
	    !s->interleave ||
	    serve_set_keys(s, conf->keys, conf->key_cnt) < 0 ||
	    serve_set_ring(s, conf->ring) < 0) {
		serve_free(s);
		return NULL;
	}
	serve_face_make(s, &never);
	return s;
}
