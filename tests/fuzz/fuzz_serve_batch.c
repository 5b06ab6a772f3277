/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that come together are answered as if each came alone, whatever
 * they are.  The input is up to a batch of them, one after the other: its
 * own bytes, or a valid NTS request with some bytes changed.  Two servers
 * that share nothing but the keys of cookies get them, one the batch and one
 * each by itself.
 *
 * The first byte says whether answers are armed, each or all beforehand, and
 * whether the last is finished first.  A request is a byte with what it is in its low three bits
 * (RAW: followed by its length, two bytes, and so many bytes; else which
 * AEAD its session has), with the placeholders in the next three, and in the
 * last two with how many changes follow: a place of two bytes and the bits
 * to flip.
 */
#include "crypto/mac.h"
#include "ntp/packet.h"
#include "nts_fixture.h"
#include "serve/access.h"
#include "serve/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define RAW         FIXTURE_AEADS /* and above */
#define RAW_LEN_MAX (SERVE_RESPONSE_MAX + 8)
#define WALL_NS     1790000000000000000LL

/* @data, @out: of exactly the request's length each, for the sanitizers. */
struct client {
	bool nts;
	bool changed;
	struct nts_keys keys;
	unsigned placeholder_cnt;
	uint8_t uid[NTS_UID_LEN];
	uint8_t *data;
	uint8_t *out;
	uint8_t *out_alone;
};

struct batch {
	size_t cnt;
	struct client clients[SERVE_BATCH_MAX];
	struct serve_request reqs[SERVE_BATCH_MAX];
	struct serve_answer answers[SERVE_BATCH_MAX];
};

static struct serve *
make(struct rng *rng)
{
	static const struct serve_access_rule all = {.allow = true};
	static const struct crypto_mac_key key = {
	    .id = 1,
	    .type = CRYPTO_MAC_AES128,
	    .len = 16,
	    .key = "fuzz fuzz fuzz!",
	};
	struct serve_conf conf = {
	    .access = serve_access_new(&all, 1),
	    .ring = &fixture_get()->ring,
	    .keys = &key,
	    .key_cnt = 1,
	    .rng = rng,
	    .precision_log2s = -24,
	    .local_stratum = 10,
	};
	struct serve *s = serve_new(&conf);

	need(conf.access && s);
	return s;
}

static uint8_t *
room(size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	need(p != NULL);
	return p;
}

/* Bytes of the input as they are. */
static size_t
make_raw(struct client *c, struct bytes_in *in)
{
	size_t len = bytes_get_u16(in) % (RAW_LEN_MAX + 1);

	if (len > bytes_left(in))
		len = bytes_left(in);
	c->data = room(len);
	bytes_get_raw(in, c->data, len);
	return len;
}

/* Return: whether any byte is another one now. */
static bool
change(uint8_t *packet, size_t len, struct bytes_in *in, unsigned cnt)
{
	uint8_t before[NTS_REQUEST_LEN_MAX];

	memcpy(before, packet, len);
	for (unsigned i = 0; i < cnt && bytes_left(in) >= 3; i++) {
		size_t at = bytes_get_u16(in) % len;

		packet[at] ^= bytes_get_u8(in);
	}
	return memcmp(before, packet, len) != 0;
}

/* A session of its own, so that one's keys do not do for another. */
static void
make_session(
    struct client *c, unsigned aead, struct nts_cookie *cookie, struct rng *rng)
{
	struct fixture *f = fixture_get();

	if (!nts_aeads_get(&f->server.aeads, aead))
		aead = fixture_aeads[0];
	c->keys.aead = (uint16_t)aead;
	c->keys.key_len = (uint8_t)crypto_aead_key_len(aead);
	rng_bytes(rng, c->keys.c2s, c->keys.key_len);
	rng_bytes(rng, c->keys.s2c, c->keys.key_len);
	rng_bytes(rng, c->uid, sizeof c->uid);
	cookie->len = (uint16_t)nts_cookie_len(aead);
	need(nts_cookie_seal(&f->server.cookies, &c->keys, rng, cookie->data) ==
	    0);
}

/* A valid request, then changed. */
static size_t
make_nts(struct client *c, struct bytes_in *in, unsigned what, struct rng *rng)
{
	struct fixture *f = fixture_get();
	uint8_t packet[NTS_REQUEST_LEN_MAX];
	struct nts_cookie cookie;
	struct nts_ef_ask ask = {.uid = c->uid, .cookie = &cookie};
	struct bytes_out out;

	make_session(c, fixture_aeads[what % 8], &cookie, rng);
	c->nts = true;
	c->placeholder_cnt = nts_ef_fitting_placeholders(
	    c->keys.aead, cookie.len, what >> 3 & 7);
	ask.placeholder_cnt = c->placeholder_cnt;
	bytes_out_init(&out, packet, sizeof packet);
	bytes_put_u8(&out, 0x23);
	bytes_put_zero(&out, NTP_OFFSET_TRANSMIT - 1);
	bytes_put_u64(&out, rng_u64(rng));
	need(nts_ef_put_request(&f->server.aeads, &c->keys, &ask, rng, &out) ==
	    0);
	c->changed = change(packet, out.pos, in, what >> 6);
	c->data = room(out.pos);
	memcpy(c->data, packet, out.pos);
	return out.pos;
}

static void
add(struct batch *b, struct bytes_in *in, struct rng *rng)
{
	size_t i = b->cnt++;
	struct client *c = &b->clients[i];
	unsigned what = bytes_get_u8(in);
	size_t len =
	    what % 8 < RAW ? make_nts(c, in, what, rng) : make_raw(c, in);

	c->out = room(len);
	c->out_alone = room(len);
	b->reqs[i] = (struct serve_request){
	    .data = c->data,
	    .len = len,
	    .from = {.family = ADDR_V4, .bytes = {192, 0, 2, 1}},
	    .rx = {WALL_NS + (int64_t)i * 1000},
	    .now = {WALL_NS + 50000},
	};
	b->reqs[i].from.port = (uint16_t)(4000 + i);
	b->answers[i] = (struct serve_answer){.out = c->out, .out_max = len};
}

/* Open it as its client would. */
static void
check_nts(const struct client *c, const struct serve_answer *a)
{
	static struct nts_ef_answer answer;
	struct fixture *f = fixture_get();
	struct bytes_in in;

	need(!c->changed);
	bytes_in_init(&in, a->out, a->len);
	need(nts_ef_open_response(
		 &f->server.aeads, &c->keys, &in, c->uid, &answer) == 0);
	need(answer.cookie_cnt == 1 + c->placeholder_cnt);
	for (unsigned i = 0; i < answer.cookie_cnt; i++) {
		struct nts_keys got;

		need(nts_cookie_open(&f->server.cookies, answer.cookies[i].data,
			 answer.cookies[i].len, &got) == 0);
		need(memcmp(&got, &c->keys, sizeof got) == 0);
	}
}

/* Finish an answer of the batch: it is one to its request. */
static void
finish(struct serve *s, struct batch *b, size_t i, bool armed)
{
	const struct serve_request *req = &b->reqs[i];
	const struct serve_answer *a = &b->answers[i];
	const struct client *c = &b->clients[i];
	uint8_t before[SERVE_HEAD_LEN];
	struct ntp_packet ask, head;

	need(a->len <= req->len);
	need((a->verdict < SERVE_DROP_SHORT) == (a->len > 0));
	if (a->len == 0) {
		need(serve_finish(s, i, req->now) == ERR_BAD);
		return;
	}
	memcpy(before, a->out, sizeof before);
	need(!armed || serve_arm(s, i) == 0);
	need(serve_finish(s, i, req->now) == 0);
	need(memcmp(before, a->out, sizeof before) == 0);
	need(ntp_packet_decode(&ask, req->data, req->len) == 0);
	need(ntp_packet_decode(&head, a->out, a->len) == 0);
	need(head.mode == NTP_MODE_SERVER && head.version == ask.version);
	need(head.origin.v == ask.transmit.v);
	if (c->nts && a->verdict == SERVE_ANSWERED_NTS)
		check_nts(c, a);
	need(a->verdict != SERVE_NAK || head.stratum == 0);
}

static void
check_alone(struct serve *s, const struct batch *b, size_t i)
{
	const struct serve_request *req = &b->reqs[i];
	const struct client *c = &b->clients[i];
	enum serve_verdict v;
	size_t len = serve_request(s, req, c->out_alone, req->len, &v);

	need(v == b->answers[i].verdict && len == b->answers[i].len);
	need(serve_finish(s, 0, req->now) == (len > 0 ? 0 : ERR_BAD));
	need(!c->nts || c->changed || v == SERVE_ANSWERED_NTS);
}

static void
check_counters(const struct serve *together, const struct serve *alone)
{
	const struct serve_counters *x = serve_counters_get(together);
	const struct serve_counters *y = serve_counters_get(alone);

	need(
	    memcmp(x->verdict_cnt, y->verdict_cnt, sizeof x->verdict_cnt) == 0);
	need(x->cookie_cnt == y->cookie_cnt && x->rx_bytes == y->rx_bytes &&
	    x->tx_bytes == y->tx_bytes);
}

static void
drop(struct batch *b)
{
	for (size_t i = 0; i < b->cnt; i++) {
		free(b->clients[i].data);
		free(b->clients[i].out);
		free(b->clients[i].out_alone);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint64_t seeds[3];
	static struct rng rngs[3] = {
	    {fixture_fill, &seeds[0]},
	    {fixture_fill, &seeds[1]},
	    {fixture_fill, &seeds[2]},
	};
	static struct serve *together, *alone;
	struct batch b = {0};
	struct bytes_in in;
	unsigned how;

	if (!together) {
		together = make(&rngs[0]);
		alone = make(&rngs[1]);
	}
	for (unsigned i = 0; i < 3; i++)
		seeds[i] = i + 1; /* an input does the same every time */
	bytes_in_init(&in, data, len);
	how = bytes_get_u8(&in);
	while (b.cnt < SERVE_BATCH_MAX && bytes_left(&in) > 0)
		add(&b, &in, &rngs[2]);
	for (size_t i = 0; i < b.cnt; i++) {
		b.reqs[i].alone = b.cnt == 1;
		b.reqs[i].place = (uint8_t)i;
		b.reqs[i].place_cnt = (uint8_t)b.cnt;
	}
	serve_batch(together, b.reqs, b.answers, b.cnt);
	for (size_t i = 0; how & 4 && i < b.cnt; i++)
		need(b.answers[i].len == 0 || serve_arm(together, i) == 0);
	for (size_t i = 0; i < b.cnt; i++)
		finish(together, &b, how & 1 ? b.cnt - 1 - i : i, how & 2);
	for (size_t i = 0; i < b.cnt; i++)
		check_alone(alone, &b, i);
	check_counters(together, alone);
	drop(&b);
	return 0;
}
