/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE, the server's half.  RFC 8915 section 4.  A request is read to its
 * end even when it is already known to be bad, so that the connection can be
 * closed without unread bytes, which would destroy the answer on its way.
 */
#include "nts/ke_server.h"

#include <string.h>

#define NTP_PORT_DEFAULT 123

void
nts_ke_server_init(
    struct nts_ke_server *ke, const struct nts_ke_server_conf *conf)
{
	memset(ke, 0, sizeof(*ke));
	ke->conf = conf;
	ke->verdict = NTS_KE_PENDING;
	nts_record_stream_init(&ke->stream, NTS_KE_SERVER_REQUEST_MAX);
}

/* Return: how many numbers the list has; 0 when it is not one. */
static size_t
list_cnt(const struct nts_record *rec)
{
	if (rec->len % 2 != 0 || rec->len > NTS_RECORD_BODY_MAX)
		return 0;
	return rec->len / 2;
}

static void
take_protocol(struct nts_ke_server *ke, const struct nts_record *rec)
{
	size_t cnt = list_cnt(rec);

	if (ke->have_protocol || !rec->critical || cnt == 0)
		ke->bad = true;
	ke->have_protocol = true;
	for (size_t i = 0; i < cnt; i++)
		if (nts_record_u16(rec, i) == NTS_PROTOCOL_NTPV4)
			ke->ntpv4 = true;
}

static bool
is_accepted(const struct nts_ke_server *ke, unsigned aead)
{
	for (size_t i = 0; i < ke->conf->aead_cnt; i++)
		if (ke->conf->aeads[i] == aead)
			return true;
	return false;
}

static void
take_aead(struct nts_ke_server *ke, const struct nts_record *rec)
{
	size_t cnt = list_cnt(rec);

	if (ke->have_aead || cnt == 0)
		ke->bad = true;
	ke->have_aead = true;
	for (size_t i = 0; i < cnt; i++) {
		uint16_t id = nts_record_u16(rec, i);

		if (!is_accepted(ke, id))
			continue;
		if (ke->first == 0)
			ke->first = id;
		if (ke->first_not_30 == 0 && id != CRYPTO_AEAD_GCM_SIV_128)
			ke->first_not_30 = id;
	}
}

/* AEAD 30 without record 1024 comes from chrony before 4.6.1, whose keys
 * need another exporter context: take any other algorithm if there is one. */
static enum nts_ke_verdict
judge(struct nts_ke_server *ke)
{
	if (ke->critical)
		return NTS_KE_CRITICAL;
	if (ke->bad || !ke->have_protocol || (ke->ntpv4 && !ke->have_aead))
		return NTS_KE_BAD_REQUEST;
	if (!ke->ntpv4)
		return NTS_KE_NO_PROTOCOL;
	if (ke->first == 0)
		return NTS_KE_NO_AEAD;
	ke->aead = ke->first;
	if (!ke->gcm_context && ke->first_not_30 != 0)
		ke->aead = ke->first_not_30;
	return NTS_KE_AGREED;
}

static void
take_record(struct nts_ke_server *ke, const struct nts_record *rec)
{
	switch (rec->type) {
	case NTS_RECORD_END:
		if (!rec->critical || rec->len != 0)
			ke->bad = true;
		ke->verdict = judge(ke);
		break;
	case NTS_RECORD_PROTOCOL:
		take_protocol(ke, rec);
		break;
	case NTS_RECORD_AEAD:
		take_aead(ke, rec);
		break;
	case NTS_RECORD_ERROR:
	case NTS_RECORD_WARNING:
	case NTS_RECORD_COOKIE:
		ke->bad = true; /* not a client's to send */
		break;
	case NTS_RECORD_SERVER:
	case NTS_RECORD_PORT:
		break; /* wishes that we have no use for */
	case NTS_RECORD_GCM_CONTEXT:
		ke->gcm_context = true;
		break;
	default:
		if (rec->critical)
			ke->critical = true;
	}
}

int
nts_ke_server_feed(struct nts_ke_server *ke, const uint8_t *data, size_t len)
{
	struct nts_record rec;
	struct bytes_in in;

	bytes_in_init(&in, data, len);
	while (ke->verdict == NTS_KE_PENDING) {
		int rc = nts_record_stream_next(&ke->stream, &in, &rec);

		if (rc != 0)
			return rc;
		take_record(ke, &rec);
	}
	return 0;
}

int
nts_ke_server_eof(struct nts_ke_server *ke)
{
	if (ke->verdict != NTS_KE_PENDING)
		return 0;
	if (ke->stream.total == 0 && ke->stream.head_len == 0)
		return ERR_CLOSED;
	ke->verdict = NTS_KE_BAD_REQUEST;
	return 0;
}

bool
nts_ke_server_wants_keys(
    const struct nts_ke_server *ke, struct nts_ke_context *ctx)
{
	unsigned id = ke->aead;

	memset(ctx, 0, sizeof(*ctx));
	if (ke->verdict != NTS_KE_AGREED)
		return false;
	if (id == CRYPTO_AEAD_GCM_SIV_128 && !ke->gcm_context)
		id = CRYPTO_AEAD_SIV_256;
	nts_record_context(ctx->c2s, id, false);
	nts_record_context(ctx->s2c, id, true);
	return true;
}

static void
put_lists(const struct nts_ke_server *ke, struct bytes_out *out)
{
	const uint16_t ntpv4 = NTS_PROTOCOL_NTPV4;
	bool proto = ke->verdict != NTS_KE_NO_PROTOCOL;

	nts_record_put_u16s(
	    out, NTS_RECORD_CRITICAL | NTS_RECORD_PROTOCOL, &ntpv4, proto);
	if (proto)
		nts_record_put_u16s(out, NTS_RECORD_CRITICAL | NTS_RECORD_AEAD,
		    &ke->aead, ke->verdict == NTS_KE_AGREED);
}

static int
put_cookies(const struct nts_ke_mint *mint, struct bytes_out *out)
{
	size_t len = nts_cookie_len(mint->session->aead);
	uint8_t cookie[NTS_COOKIE_OURS_MAX];

	for (unsigned i = 0; i < NTS_COOKIES_MAX; i++) {
		int rc = nts_cookie_seal(
		    mint->cookies, mint->session, mint->rng, cookie);

		if (rc != 0)
			return rc;
		nts_record_put(out, NTS_RECORD_COOKIE, cookie, len);
	}
	return 0;
}

static int
put_agreed(const struct nts_ke_server *ke, const struct nts_ke_mint *mint,
    struct bytes_out *out)
{
	const struct nts_ke_server_conf *conf = ke->conf;

	if (!mint || mint->session->aead != ke->aead)
		return ERR_BAD;
	put_lists(ke, out);
	if (ke->aead == CRYPTO_AEAD_GCM_SIV_128 && ke->gcm_context)
		nts_record_put(out, NTS_RECORD_GCM_CONTEXT, "", 0);
	if (conf->server && conf->server[0])
		nts_record_put(out, NTS_RECORD_CRITICAL | NTS_RECORD_SERVER,
		    conf->server, strlen(conf->server));
	if (conf->port != NTP_PORT_DEFAULT)
		nts_record_put_u16s(
		    out, NTS_RECORD_CRITICAL | NTS_RECORD_PORT, &conf->port, 1);
	return put_cookies(mint, out);
}

static void
put_error(unsigned code, struct bytes_out *out)
{
	const uint16_t body = (uint16_t)code;

	nts_record_put_u16s(
	    out, NTS_RECORD_CRITICAL | NTS_RECORD_ERROR, &body, 1);
}

int
nts_ke_server_respond(struct nts_ke_server *ke, const struct nts_ke_mint *mint,
    struct bytes_out *out)
{
	size_t start = out->pos;

	if (ke->verdict == NTS_KE_AGREED && put_agreed(ke, mint, out) != 0) {
		out->pos = start;
		ke->verdict = NTS_KE_INTERNAL;
	}
	switch (ke->verdict) {
	case NTS_KE_AGREED:
		break;
	case NTS_KE_NO_PROTOCOL:
	case NTS_KE_NO_AEAD:
		put_lists(ke, out);
		break;
	case NTS_KE_CRITICAL:
		put_error(NTS_KE_ERROR_CRITICAL, out);
		break;
	case NTS_KE_PENDING:
	case NTS_KE_BAD_REQUEST:
		put_error(NTS_KE_ERROR_BAD_REQUEST, out);
		break;
	case NTS_KE_INTERNAL:
		put_error(NTS_KE_ERROR_INTERNAL, out);
		break;
	}
	nts_record_put(out, NTS_RECORD_CRITICAL | NTS_RECORD_END, "", 0);
	return out->bad ? ERR_FULL : 0;
}
