/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of requests through the tests, cheapest first, to plain, MAC or NTS
 * answers (nts.c) that lack only their time (finish.c).  RFC 5905
 * section 8 and 9.2 (server side), 7.3 for the trailer.  Invariant: nothing is
 * returned that is longer than the request, since the writer's room is the
 * request's length.
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
	};
	uint8_t *at = bytes_reserve(&job->out, NTP_HEADER_LEN);

	if (!kiss) {
		uint32_t open = serve_stamp_class(s, job).v;

		if (p.root_dispersion.v < UINT32_MAX - open)
			p.root_dispersion.v += open;
		serve_interleave_answer(s, job, &p);
	}
	job->rx = p.receive;
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

	if (!key)
		return SERVE_DROP_KEY;
	if (crypto_mac_verify(s->mac, key, job->req->data, fields->end, tag) <
	    0)
		return SERVE_DROP_MAC;
	job->auth = SERVE_ANSWERED_MAC;
	serve_put_header(s, job, 0);
	job->seal = SERVE_SEAL_MAC;
	job->key = key;
	/* Cut as theirs was, which verified. */
	job->mac_len = fields->digest_len;
	bytes_put_u32(&job->out, key->id);
	job->mac = bytes_reserve(&job->out, job->mac_len);
	return SERVE_ANSWERED_MAC;
}

bool
serve_sheds(const struct serve *s, const struct addr *from)
{
	return s->conf.crowd && !serve_crowd_knows(s->conf.crowd, from);
}

/* Something follows the header. */
static enum serve_verdict
answer_longer(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	struct ntp_ext_list fields;

	if (ntp_ext_walk(&fields, req->data, req->len, job->head.version) < 0)
		return SERVE_DROP_FIELDS;
	if (fields.trailer == NTP_EXT_TRAILER_MAC)
		return answer_mac(s, job, &fields);
	if (fields.trailer != NTP_EXT_TRAILER_NONE)
		return SERVE_DROP_KEY;
	serve_put_header(s, job, 0);
	return SERVE_ANSWERED;
}

/* A request without NTS fields; unknown ones are ignored. */
static enum serve_verdict
answer_plain(struct serve *s, struct serve_job *job)
{
	const struct serve_request *req = job->req;
	enum serve_limit_verdict limit;

	if (s->pressed && serve_sheds(s, &req->from))
		return SERVE_DROP_SHED;
	limit = serve_limit_charge(
	    s->conf.limit, SERVE_LIMIT_PLAIN, &req->from, s->now);
	if (limit == SERVE_LIMIT_DROP)
		return SERVE_DROP_LIMITED;
	if (limit == SERVE_LIMIT_KISS) {
		serve_put_header(s, job, NTP_KISS_CODE_RATE);
		return SERVE_RATE;
	}
	if (req->len > NTP_HEADER_LEN)
		return answer_longer(s, job);
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
	struct nts_ef_exchange *nts = &s->exchanges[s->exchange_cnt];
	int err = ERR_ABSENT;

	if (!serve_stamp_arrival(s, job))
		return SERVE_DROP_STAMP;
	if (job->head.version == NTP_VERSION && req->len > MAC_LEN_MAX)
		err = nts_ef_find_request(req->data, req->len, &nts->req);
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
	s->exchange_cnt++;
	job->nts = nts;
	return SERVE_PENDING;
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

void
serve_expect(const struct serve *s, const struct addr *from)
{
	serve_limit_expect(s->conf.limit, from);
}

static void
begin(struct serve *s, struct serve_job *job, const struct serve_request *req,
    const struct serve_answer *a)
{
	*job = (struct serve_job){.req = req};
	bytes_out_init(
	    &job->out, a->out, req->len < a->out_max ? req->len : a->out_max);
	s->counters.rx_bytes += req->len;
	job->verdict = handle(s, job);
}

static void
settle(struct serve *s, struct serve_job *job, struct serve_answer *a)
{
	if (job->verdict < SERVE_DROP_SHORT && job->out.bad)
		job->verdict = SERVE_DROP_ROOM;
	if (job->verdict >= SERVE_DROP_SHORT) {
		job->stamp_wanted = false;
		job->out.pos = 0;
	}
	a->len = job->out.pos;
	a->verdict = job->verdict;
	assert(a->len <= job->req->len);
	s->counters.interleaved_cnt += a->len > 0 && job->interleaved;
	s->counters.verdict_cnt[job->verdict]++;
	s->counters.tx_bytes += a->len;
	serve_crowd_note(
	    s->conf.crowd, &job->req->from, job->verdict, !s->pressed, s->now);
	job->req = NULL;
}

void
serve_batch(struct serve *s, const struct serve_request *reqs,
    struct serve_answer *answers, size_t cnt)
{
	s->exchange_cnt = 0;
	for (size_t i = 0; i < cnt; i++)
		begin(s, &s->jobs[i], &reqs[i], &answers[i]);
	if (s->exchange_cnt > 0)
		serve_nts_answers(s, cnt);
	for (size_t i = 0; i < cnt; i++)
		settle(s, &s->jobs[i], &answers[i]);
}

size_t
serve_request(struct serve *s, const struct serve_request *req, uint8_t *out,
    size_t out_max, enum serve_verdict *verdict)
{
	struct serve_answer a = {.out = out, .out_max = out_max};

	serve_batch(s, req, &a, 1);
	*verdict = a.verdict;
	return a.len;
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
serve_set_pressed(struct serve *s, bool pressed)
{
	s->pressed = pressed;
}

void
serve_set_local(struct serve *s, unsigned stratum, double distance_s)
{
	s->conf.local_stratum =
	    stratum <= NTP_STRATUM_MAX ? (uint8_t)stratum : 0;
	s->conf.local_distance_s = distance_s;
}

uint64_t
serve_seal_cnt(const struct serve *s)
{
	return s->nts.cookies.seal_cnt;
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
