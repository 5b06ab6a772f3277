/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a request to a server with NTS and a symmetric key: what is
 * answered is no longer than what came, well formed, in the asker's version,
 * and an answer to this request.  NTS fields never get a plain answer.
 */
#include <stdlib.h>
#include <string.h>

#include "ntp/ext.h"
#include "ntp/packet.h"
#include "nts/ef.h"
#include "nts/keyring.h"
#include "serve/access.h"
#include "serve/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
fill(void *ctx, void *buf, size_t len)
{
	uint64_t *seed = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(*seed >> 56);
	}
}

static void
demand(bool it)
{
	if (!it)
		abort();
}

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
	static struct nts_keyring ring;
	struct serve_conf conf = {
	    .access = serve_access_new(&all, 1),
	    .ring = &ring,
	    .keys = &key,
	    .key_cnt = 1,
	    .rng = rng,
	    .precision_log2s = -24,
	    .local_stratum = 10,
	};
	struct serve *s;

	nts_keyring_init(&ring, (struct wall){0}, rng);
	s = serve_new(&conf);
	demand(s != NULL);
	return s;
}

static void
check(enum serve_verdict v, const uint8_t *in, size_t in_len,
    const uint8_t *out, size_t out_len)
{
	struct nts_ef_request ef;
	struct ntp_ext_list fields;
	struct ntp_packet ask, head;

	demand(out_len <= in_len);
	demand((v < SERVE_DROP_SHORT) == (out_len > 0));
	if (out_len == 0)
		return;
	demand(ntp_packet_decode(&ask, in, in_len) == 0);
	demand(ntp_packet_decode(&head, out, out_len) == 0);
	demand(head.mode == NTP_MODE_SERVER && head.version == ask.version);
	demand(head.receive.v != head.transmit.v || v == SERVE_NAK);
	/* Interleaved only if it was asked: RFC 9769 section 2. */
	if (head.origin.v != ask.transmit.v)
		demand(head.origin.v == ask.receive.v && ask.origin.v & 1 &&
		    v != SERVE_NAK);
	else
		demand(tstamp_diff(head.transmit, head.receive).ns >= 0);
	demand(ntp_ext_walk(&fields, out, out_len, head.version) == 0);
	if (v == SERVE_ANSWERED && ask.version == NTP_VERSION)
		demand(nts_ef_find_request(in, in_len, &ef) == ERR_ABSENT);
	if (v == SERVE_NAK)
		demand(head.stratum == 0 && head.leap == NTP_LEAP_UNSYNCED);
}

/* Tell when that answer left, then ask for it: once. */
static void
interleave(struct serve *s, const struct serve_request *first,
    const uint8_t *answer, size_t len)
{
	static uint8_t out[SERVE_RESPONSE_MAX];
	uint8_t again[NTP_HEADER_LEN];
	struct serve_request req = *first;
	struct ntp_packet ask, head;
	enum serve_verdict v;
	bool wanted = serve_wants_stamp(s, 0), named;

	demand(ntp_packet_decode(&ask, first->data, first->len) == 0);
	demand(ntp_packet_decode(&head, answer, len) == 0);
	demand(serve_sent(s, answer, len,
		   (struct wall){first->now.ns + 5000}) == wanted);
	named = ask.origin.v & 1 && ask.receive.v != ask.transmit.v;
	demand(wanted || !named);
	ask.origin = head.receive;
	ask.receive.v = ~ask.transmit.v;
	ntp_packet_encode(&ask, again);
	req.data = again;
	req.len = sizeof again;
	for (unsigned round = 0; round < 2; round++) {
		req.rx.ns += 100000;
		req.now.ns += 100000;
		len = serve_request(s, &req, out, sizeof out, &v);
		demand(len == 0 || serve_finish(s, 0, req.now) == 0);
		check(v, again, sizeof again, out, len);
		demand(ntp_packet_decode(&head, out, len) == 0);
		demand(
		    (head.origin.v == ask.receive.v) == (named && round == 0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint64_t seed = 1;
	static struct rng rng = {fill, &seed};
	static struct serve *s;
	static uint8_t out[SERVE_RESPONSE_MAX];
	enum serve_verdict v;
	struct serve_request req = {
	    .data = data,
	    .len = len,
	    .from = {.family = ADDR_V4, .port = 4000, .bytes = {192, 0, 2, 1}},
	};
	static int64_t now_ns = 1790000000000000000LL;
	size_t out_len;

	now_ns += 2000000; /* no two requests came at the same time */
	req.rx.ns = now_ns;
	req.now.ns = now_ns + 10000;
	req.alone = len > 0 && data[len - 1] & 1;
	if (!s)
		s = make(&rng);
	out_len = serve_request(s, &req, out, sizeof out, &v);
	demand(serve_finish(s, 0, req.now) == (out_len > 0 ? 0 : ERR_BAD));
	check(v, data, len, out, out_len);
	if (v == SERVE_ANSWERED)
		interleave(s, &req, out, out_len);
	return 0;
}
