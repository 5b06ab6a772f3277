/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests and where they come from.  They are made beforehand and used
 * again and again: a server cannot tell, and what is measured is the server.
 * Those of interleaved clients are made anew with what the last answer said.
 * The low half of the transmit and receive timestamps is the request's place
 * in the pool.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"
#include "ntp/ext.h"
#include "ntp/packet.h"
#include "os/random.h"

#define POOL_MIN 4096U
#define UNKNOWN  0xf5aa /* a field that no server acts on */

static int
put_nts(struct load_ask *a, unsigned n, struct bytes_out *out)
{
	const struct load_options *o = a->o;
	struct load_request *q = &a->pool[n];
	uint8_t uid[NTS_UID_LEN];
	const struct load_session *s;
	struct nts_ef_ask ask;

	q->session = n % o->key_cnt;
	s = &a->sessions[q->session];
	rng_bytes(&a->rng, uid, sizeof uid);
	ask = (struct nts_ef_ask){
	    .uid = uid,
	    .cookie = &s->cookies[n / o->key_cnt % s->cookie_cnt],
	    .placeholder_cnt = o->placeholder_cnt,
	};
	return nts_ef_put_request(&a->aeads, &s->keys, &ask, &a->rng, out);
}

static void
fill_up(size_t len, struct bytes_out *out)
{
	size_t body;
	uint8_t *at;

	if (len <= out->pos + NTP_EXT_HEADER_LEN)
		return;
	body = len - out->pos - NTP_EXT_HEADER_LEN;
	at = ntp_ext_reserve(out, UNKNOWN, body, NTP_EXT_LEN_LAST);
	if (at)
		memset(at, 0, body);
}

static uint64_t
marked(struct load_ask *a, unsigned n)
{
	return (rng_u64(&a->rng) & ~(uint64_t)UINT32_MAX) | n;
}

int
load_ask_make(struct load_ask *a, unsigned n)
{
	struct load_request *q = &a->pool[n];
	struct ntp_packet p = {.version = 4, .mode = NTP_MODE_CLIENT};
	struct bytes_out out;
	int rc = 0;

	q->transmit = marked(a, n);
	q->receive = 0;
	if (q->heard != 0)
		do
			q->receive = marked(a, n);
		while (q->receive == q->transmit);
	p.origin.v = q->heard;
	p.receive.v = q->receive;
	p.transmit.v = q->transmit;
	ntp_packet_encode(&p, q->packet);
	bytes_out_init(&out, q->packet, sizeof q->packet);
	out.pos = NTP_HEADER_LEN;
	if (a->o->mode == LOAD_NTS)
		rc = put_nts(a, n, &out);
	fill_up(a->o->len, &out);
	q->len = out.pos;
	return out.bad ? -1 : rc;
}

/* Numbers go into the low half of an IPv6 network, or an IPv4 address. */
static void
number_address(struct addr *a, uint64_t n)
{
	uint8_t *at = a->bytes + (a->family == ADDR_V6 ? 4 : 0);
	uint32_t word;

	memcpy(&word, at, sizeof word);
	word = htonl(ntohl(word) + (uint32_t)n);
	memcpy(at, &word, sizeof word);
}

static void
put_control(struct msghdr *m, int level, int type, const void *info, size_t len)
{
	struct cmsghdr *c = m->msg_control;

	m->msg_controllen = CMSG_SPACE(len);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), info, len);
}

void
load_ask_source(const struct load_options *o, uint64_t n, struct msghdr *m,
    uint8_t control[LOAD_CONTROL])
{
	struct addr from = o->source;
	struct in6_pktinfo six = {0};
	struct in_pktinfo four = {0};

	m->msg_control = NULL;
	m->msg_controllen = 0;
	if (o->address_cnt == 0)
		return;
	number_address(&from, n % o->address_cnt);
	m->msg_control = control;
	if (from.family == ADDR_V6) {
		memcpy(&six.ipi6_addr, from.bytes, sizeof six.ipi6_addr);
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof six);
	} else {
		memcpy(
		    &four.ipi_spec_dst, from.bytes, sizeof four.ipi_spec_dst);
		put_control(m, IPPROTO_IP, IP_PKTINFO, &four, sizeof four);
	}
}

static unsigned
pool_size(const struct load_options *o)
{
	if (o->interleaved)
		return o->address_cnt > 0 ? o->address_cnt : LOAD_FEW;
	return 2 * o->outstanding > POOL_MIN ? 2 * o->outstanding : POOL_MIN;
}

int
load_ask_init(struct load_ask *a, const struct load_options *o,
    const struct load_session *sessions)
{
	int rc = 0;

	a->o = o;
	a->sessions = sessions;
	a->pool_cnt = pool_size(o);
	a->pool = calloc(a->pool_cnt, sizeof *a->pool);
	if (!a->pool || os_random_init(&a->rng) < 0 ||
	    nts_aeads_init(&a->aeads) < 0)
		rc = -1;
	for (unsigned i = 0; rc == 0 && i < a->pool_cnt; i++)
		rc = load_ask_make(a, i);
	return rc;
}

void
load_ask_fini(struct load_ask *a)
{
	nts_aeads_fini(&a->aeads);
	free(a->pool);
}
