/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the answer to a request, for a plain, a keyed and an NTS
 * association.  The first byte chooses; where it says so the origin is made
 * right, so that what lies behind that test is reached, or the request is
 * one in interleaved mode.  Only the plain one
 * may take it for time; none may lose the request to what is not proved.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/assoc.h"
#include "ntp/packet.h"
#include "nts/keys.h"

#define NOW_NS  (1000 * TSTAMP_NS_PER_S)
#define WALL_NS 1790000000000000000LL
#define LEN_MAX 4096

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

static struct assoc_tools *
tools(void)
{
	static uint64_t seed = 1;
	static struct rng rng = {fill, &seed};
	static struct nts_aeads aeads;
	static struct assoc_tools t;

	if (!t.rng) {
		demand(nts_aeads_init(&aeads) == 0);
		t.rng = &rng;
		t.aeads = &aeads;
		t.mac = crypto_mac_new();
		demand(t.mac != NULL);
	}
	return &t;
}

static void
give_keys(struct assoc *a, struct assoc_todo *todo)
{
	static struct assoc_keys k;

	memset(&k, 0, sizeof k);
	k.aead = 15;
	k.key_len = 32;
	k.cookie_cnt = 8;
	for (unsigned i = 0; i < 8; i++) {
		k.cookie_len[i] = 100;
		k.cookies[i][0] = (uint8_t)i;
	}
	k.addr = (struct addr){
	    .family = ADDR_V4, .port = 123, .bytes = {192, 0, 2, 1}};
	assoc_keys(a, &k, (struct mono){NOW_NS}, todo);
}

/* An association with its first request under way. */
static struct assoc *
make(unsigned auth, bool xleave, struct assoc_todo *todo)
{
	struct assoc_conf conf = {
	    .auth = (uint8_t)auth,
	    .xleave = xleave,
	    .minpoll_log2s = 6,
	    .maxpoll_log2s = 10,
	    .precision_log2s = -24,
	    .key = {.id = 1,
		.type = CRYPTO_MAC_SHA256,
		.len = 8,
		.key = "fuzzfuzz"},
	};
	struct addr addr = {.family = ADDR_V4, .bytes = {192, 0, 2, 1}};
	struct mono now = {NOW_NS};
	struct assoc *a = assoc_new(&conf, tools());

	demand(a != NULL);
	assoc_address(a, &addr, now, todo);
	assoc_start(a, (struct dur){0}, false, now, todo);
	if (auth == ASSOC_AUTH_NTS)
		give_keys(a, todo);
	demand(todo->what & ASSOC_SEND);
	assoc_sent(a, todo->exchange, (struct wall){WALL_NS}, now, false);
	return a;
}

/* A first exchange went well, and the next request asks when its answer
 * left. */
static void
ask_interleaved(struct assoc *a, struct assoc_todo *todo)
{
	uint8_t packet[NTP_HEADER_LEN];
	struct ntp_packet p;
	struct assoc_answer in = {
	    .exchange = todo->exchange,
	    .data = packet,
	    .len = sizeof packet,
	    .rx = {WALL_NS + 30000000},
	    .rx_mono = {NOW_NS + 30000000},
	};

	demand(ntp_packet_decode(&p, todo->packet, todo->packet_len) == 0);
	p.mode = NTP_MODE_SERVER;
	p.stratum = 1;
	p.origin = p.transmit;
	p.receive = tstamp_from_wall((struct wall){WALL_NS + 10000000});
	p.transmit.v = p.receive.v + 1000;
	ntp_packet_encode(&p, packet);
	demand(assoc_received(a, &in, todo) == ASSOC_GOOD);
	assoc_burst(a, 1, in.rx_mono, todo);
	demand(todo->what & ASSOC_SEND);
	demand(ntp_packet_decode(&p, todo->packet, todo->packet_len) == 0);
	demand(p.origin.v != 0 && p.receive.v != 0);
	assoc_sent(a, todo->exchange, in.rx, in.rx_mono, false);
}

static void
check(const struct assoc_todo *todo, unsigned auth, unsigned verdict)
{
	const struct sample *s = &todo->sample;

	demand((verdict == ASSOC_GOOD) == ((todo->what & ASSOC_SAMPLE) != 0));
	demand((todo->what & ASSOC_SEND) == 0);
	if (auth != ASSOC_AUTH_NONE)
		demand(verdict != ASSOC_GOOD && verdict != ASSOC_KOD_RATE &&
		    verdict != ASSOC_KOD_DENY &&
		    (todo->what & ASSOC_CLOSE) == 0);
	if (verdict != ASSOC_GOOD)
		return;
	demand(isfinite(s->offset_s) && s->delay_s > 0 && s->delay_s <= 3);
	demand(s->stratum >= 1 && s->stratum <= 15 && s->leap <= 2);
	demand(s->root_delay_s / 2 + s->root_dispersion_s < 3.1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t packet[LEN_MAX];
	struct assoc_todo todo;
	struct assoc_answer in = {
	    .data = packet,
	    .rx = {WALL_NS + 40000000},
	    .rx_mono = {NOW_NS + 41000000},
	};
	struct assoc *a;
	unsigned auth, verdict;

	if (len < 1 || len > LEN_MAX)
		return 0;
	auth = data[0] % 3U;
	in.len = len - 1;
	memcpy(packet, data + 1, in.len);
	a = make(auth, data[0] & 0x40, &todo);
	if (data[0] & 0x40 && auth == ASSOC_AUTH_NONE)
		ask_interleaved(a, &todo);
	in.exchange = todo.exchange;
	if (data[0] & 0x80 && in.len >= NTP_HEADER_LEN)
		memcpy(packet + NTP_OFFSET_ORIGIN,
		    todo.packet +
			(data[0] & 0x20 ? NTP_OFFSET_RECEIVE
					: NTP_OFFSET_TRANSMIT),
		    8);
	verdict = assoc_received(a, &in, &todo);
	check(&todo, auth, verdict);
	assoc_free(a);
	return 0;
}
