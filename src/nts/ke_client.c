/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE, the client's half.  RFC 8915 section 4.  Strict about what a
 * server must do: each record that matters at most once, of the only form it
 * can have, and nothing after the end.
 */
#include "nts/ke_client.h"

#include <string.h>

#include "base/wipe.h"
#include "crypto/aead.h"
#include "nts/keys.h"

#define NTP_PORT_DEFAULT 123

int
nts_ke_client_init(struct nts_ke_client *ke, const struct nts_ke_offer *offer)
{
	memset(ke, 0, sizeof(*ke));
	if (offer->aead_cnt == 0 || offer->aead_cnt > NTS_KE_AEADS_MAX)
		return ERR_BAD;
	for (size_t i = 0; i < offer->aead_cnt; i++) {
		if (crypto_aead_key_len(offer->aeads[i]) == 0)
			return ERR_BAD;
		ke->aeads[i] = offer->aeads[i];
	}
	ke->aead_cnt = (uint8_t)offer->aead_cnt;
	ke->loopback_ok = offer->loopback_ok;
	ke->result.port = NTP_PORT_DEFAULT;
	nts_record_stream_init(&ke->stream, NTS_KE_TOTAL_MAX);
	return 0;
}

static bool
is_offered(const struct nts_ke_client *ke, unsigned aead)
{
	for (size_t i = 0; i < ke->aead_cnt; i++)
		if (ke->aeads[i] == aead)
			return true;
	return false;
}

int
nts_ke_client_request(const struct nts_ke_client *ke, struct bytes_out *out)
{
	const uint16_t ntpv4 = NTS_PROTOCOL_NTPV4;

	nts_record_put_u16s(
	    out, NTS_RECORD_CRITICAL | NTS_RECORD_PROTOCOL, &ntpv4, 1);
	nts_record_put_u16s(out, NTS_RECORD_CRITICAL | NTS_RECORD_AEAD,
	    ke->aeads, ke->aead_cnt);
	if (is_offered(ke, CRYPTO_AEAD_GCM_SIV_128))
		nts_record_put(out, NTS_RECORD_GCM_CONTEXT, "", 0);
	nts_record_put(out, NTS_RECORD_CRITICAL | NTS_RECORD_END, "", 0);
	return out->bad ? ERR_FULL : 0;
}

static enum nts_ke_fail
take_protocol(struct nts_ke_client *ke, const struct nts_record *rec)
{
	if (ke->have_protocol || !rec->critical)
		return NTS_KE_FAIL_PROTOCOL;
	ke->have_protocol = true;
	if (rec->len == 0)
		return NTS_KE_FAIL_NO_PROTOCOL;
	if (rec->len != 2 || nts_record_u16(rec, 0) != NTS_PROTOCOL_NTPV4)
		return NTS_KE_FAIL_PROTOCOL;
	return NTS_KE_FAIL_NONE;
}

static enum nts_ke_fail
take_aead(struct nts_ke_client *ke, const struct nts_record *rec)
{
	if (ke->have_aead)
		return NTS_KE_FAIL_AEAD;
	ke->have_aead = true;
	if (rec->len == 0)
		return NTS_KE_FAIL_NO_AEAD;
	if (rec->len != 2)
		return NTS_KE_FAIL_AEAD;
	if (!is_offered(ke, nts_record_u16(rec, 0)))
		return NTS_KE_FAIL_NOT_OFFERED;
	ke->result.aead = nts_record_u16(rec, 0);
	return NTS_KE_FAIL_NONE;
}

static enum nts_ke_fail
take_error(const struct nts_record *rec)
{
	if (rec->len != 2)
		return NTS_KE_FAIL_PEER_OTHER;
	switch (nts_record_u16(rec, 0)) {
	case NTS_KE_ERROR_CRITICAL:
		return NTS_KE_FAIL_PEER_CRITICAL;
	case NTS_KE_ERROR_BAD_REQUEST:
		return NTS_KE_FAIL_PEER_BAD;
	case NTS_KE_ERROR_INTERNAL:
		return NTS_KE_FAIL_PEER_INTERNAL;
	default:
		return NTS_KE_FAIL_PEER_OTHER;
	}
}

/* More than we keep is no fault of the server: RFC 8915 section 4.1.6 names
 * eight as what it should send, not as a limit. */
static enum nts_ke_fail
take_cookie(struct nts_ke_client *ke, const struct nts_record *rec)
{
	struct nts_ke_result *r = &ke->result;
	struct nts_cookie *c;

	if (rec->len < NTS_COOKIE_LEN_MIN || rec->len > NTS_COOKIE_LEN_MAX ||
	    rec->len % 4 != 0)
		return NTS_KE_FAIL_COOKIE;
	r->cookie_seen++;
	if (r->cookie_cnt == NTS_COOKIES_MAX)
		return NTS_KE_FAIL_NONE;
	c = &r->cookies[r->cookie_cnt++];
	c->len = (uint16_t)rec->len;
	memcpy(c->data, rec->body, rec->len);
	return NTS_KE_FAIL_NONE;
}

static enum nts_ke_fail
take_server(struct nts_ke_client *ke, const struct nts_record *rec)
{
	if (ke->have_server ||
	    !nts_record_name_ok(rec->body, rec->len, ke->loopback_ok))
		return NTS_KE_FAIL_SERVER;
	ke->have_server = true;
	memcpy(ke->result.server, rec->body, rec->len);
	ke->result.server[rec->len] = '\0';
	return NTS_KE_FAIL_NONE;
}

static enum nts_ke_fail
take_port(struct nts_ke_client *ke, const struct nts_record *rec)
{
	if (ke->have_port || rec->len != 2 || nts_record_u16(rec, 0) == 0)
		return NTS_KE_FAIL_PORT;
	ke->have_port = true;
	ke->result.port = nts_record_u16(rec, 0);
	return NTS_KE_FAIL_NONE;
}

static void
set_context(struct nts_ke_result *r, unsigned aead)
{
	struct nts_ke_context *c = &r->contexts[r->context_cnt++];

	nts_record_context(c->c2s, aead, false);
	nts_record_context(c->s2c, aead, true);
}

static enum nts_ke_fail
take_end(struct nts_ke_client *ke, const struct nts_record *rec)
{
	struct nts_ke_result *r = &ke->result;

	if (!rec->critical || rec->len != 0)
		return NTS_KE_FAIL_END;
	if (!ke->have_protocol)
		return NTS_KE_FAIL_PROTOCOL;
	if (!ke->have_aead)
		return NTS_KE_FAIL_AEAD;
	if (r->cookie_cnt == 0)
		return NTS_KE_FAIL_NO_COOKIE;
	/* Servers that do not know record 1024 use the context of AEAD 15
	 * for AEAD 30, as chrony did before 4.6.1. */
	if (r->aead == CRYPTO_AEAD_GCM_SIV_128 && !ke->gcm_context)
		set_context(r, CRYPTO_AEAD_SIV_256);
	set_context(r, r->aead);
	ke->done = true;
	return NTS_KE_FAIL_NONE;
}

static enum nts_ke_fail
take_record(struct nts_ke_client *ke, const struct nts_record *rec)
{
	switch (rec->type) {
	case NTS_RECORD_END:
		return take_end(ke, rec);
	case NTS_RECORD_PROTOCOL:
		return take_protocol(ke, rec);
	case NTS_RECORD_ERROR:
		return take_error(rec);
	case NTS_RECORD_WARNING:
		return NTS_KE_FAIL_WARNING;
	case NTS_RECORD_AEAD:
		return take_aead(ke, rec);
	case NTS_RECORD_COOKIE:
		return take_cookie(ke, rec);
	case NTS_RECORD_SERVER:
		return take_server(ke, rec);
	case NTS_RECORD_PORT:
		return take_port(ke, rec);
	case NTS_RECORD_GCM_CONTEXT:
		ke->gcm_context = rec->len == 0;
		return NTS_KE_FAIL_NONE;
	default:
		return rec->critical ? NTS_KE_FAIL_CRITICAL : NTS_KE_FAIL_NONE;
	}
}

static int
fail(struct nts_ke_client *ke, enum nts_ke_fail why)
{
	ke->fail = why;
	nts_ke_client_wipe(ke);
	return ERR_BAD;
}

int
nts_ke_client_feed(struct nts_ke_client *ke, const uint8_t *data, size_t len)
{
	struct nts_record rec;
	struct bytes_in in;

	bytes_in_init(&in, data, len);
	while (ke->fail == NTS_KE_FAIL_NONE && !ke->done) {
		enum nts_ke_fail why;
		int rc = nts_record_stream_next(&ke->stream, &in, &rec);

		if (rc == ERR_AGAIN)
			return ERR_AGAIN;
		why = rc ? NTS_KE_FAIL_TOO_LONG : take_record(ke, &rec);
		if (why != NTS_KE_FAIL_NONE)
			return fail(ke, why);
	}
	if (ke->fail != NTS_KE_FAIL_NONE)
		return ERR_BAD;
	return bytes_left(&in) > 0 ? fail(ke, NTS_KE_FAIL_TRAILING) : 0;
}

int
nts_ke_client_eof(struct nts_ke_client *ke)
{
	if (ke->fail != NTS_KE_FAIL_NONE)
		return ERR_BAD;
	return ke->done ? 0 : fail(ke, NTS_KE_FAIL_CLOSED);
}

void
nts_ke_client_wipe(struct nts_ke_client *ke)
{
	wipe_bytes(&ke->result, sizeof(ke->result));
	wipe_bytes(&ke->stream, sizeof(ke->stream));
}

const char *
nts_ke_client_fail_text(enum nts_ke_fail fail)
{
	static const char *const text[NTS_KE_FAIL_CNT] = {
	    [NTS_KE_FAIL_NONE] = "no failure",
	    [NTS_KE_FAIL_CLOSED] = "connection closed in mid-response",
	    [NTS_KE_FAIL_TOO_LONG] = "response too long",
	    [NTS_KE_FAIL_TRAILING] = "data after the end of the response",
	    [NTS_KE_FAIL_END] = "malformed end of message",
	    [NTS_KE_FAIL_CRITICAL] = "unknown critical record",
	    [NTS_KE_FAIL_PEER_CRITICAL] =
		"server does not know a critical record of ours",
	    [NTS_KE_FAIL_PEER_BAD] = "server calls our request bad",
	    [NTS_KE_FAIL_PEER_INTERNAL] = "server has an internal error",
	    [NTS_KE_FAIL_PEER_OTHER] = "server reports an unknown error",
	    [NTS_KE_FAIL_WARNING] = "server sent an unknown warning",
	    [NTS_KE_FAIL_PROTOCOL] = "malformed choice of protocol",
	    [NTS_KE_FAIL_NO_PROTOCOL] = "server does not offer NTPv4",
	    [NTS_KE_FAIL_AEAD] = "malformed choice of algorithm",
	    [NTS_KE_FAIL_NO_AEAD] = "no algorithm in common",
	    [NTS_KE_FAIL_NOT_OFFERED] =
		"server chose an algorithm that was not offered",
	    [NTS_KE_FAIL_COOKIE] = "cookie of unusable length",
	    [NTS_KE_FAIL_NO_COOKIE] = "server gave no cookies",
	    [NTS_KE_FAIL_SERVER] = "unusable NTP server name",
	    [NTS_KE_FAIL_PORT] = "unusable NTP server port",
	};

	if ((unsigned)fail >= NTS_KE_FAIL_CNT || !text[fail])
		return "unknown failure";
	return text[fail];
}
