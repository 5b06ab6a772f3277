/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's side of NTS extension fields.  RFC 8915 section 5.  An
 * exchange goes through its steps beside others: what is done under the
 * server's own key, opening and making cookies, is done for all of them at
 * once.
 */
#include <string.h>

#include "base/wipe.h"
#include "ef_priv.h"
#include "ntp/ext.h"

#define NONCE_REQ_MAX 16 /* RFC 8915 section 5.6, additional padding */

int
nts_server_init(struct nts_server_ctx *ctx, struct rng *rng)
{
	memset(ctx, 0, sizeof(*ctx));
	nts_cookie_keys_init(&ctx->cookies);
	ctx->rng = rng;
	return nts_aeads_init(&ctx->aeads);
}

void
nts_server_fini(struct nts_server_ctx *ctx)
{
	nts_cookie_keys_fini(&ctx->cookies);
	nts_aeads_fini(&ctx->aeads);
	wipe_bytes(ctx->plain, sizeof(ctx->plain));
}

static bool
is_nts(unsigned type)
{
	return type == NTP_EXT_UID || type == NTP_EXT_COOKIE ||
	    type == NTP_EXT_PLACEHOLDER || type == NTP_EXT_AUTH;
}

/* One field of ours.  Nothing of ours comes after the authenticator, and
 * placeholders are all of one length. */
static int
note_field(struct nts_ef_request *req, const struct ntp_ext *e)
{
	if (req->auth)
		return ERR_BAD;
	switch (e->type) {
	case NTP_EXT_UID:
		if (req->uid)
			return ERR_BAD;
		req->uid = e->body;
		req->uid_len = e->body_len;
		break;
	case NTP_EXT_COOKIE:
		if (req->cookie)
			return ERR_BAD;
		req->cookie = e->body;
		req->cookie_len = e->body_len;
		break;
	case NTP_EXT_AUTH:
		req->auth = e->body;
		req->auth_len = e->body_len;
		req->ad_len = e->offset;
		break;
	default:
		if (req->placeholder_cnt++ > 0 &&
		    e->body_len != req->placeholder_len)
			return ERR_BAD;
		req->placeholder_len = e->body_len;
	}
	return 0;
}

/* One of each is there, and as long as it should be. */
static bool
is_whole(const struct nts_ef_request *req)
{
	return req->uid && req->cookie && req->auth &&
	    req->uid_len >= NTS_UID_LEN && req->uid_len <= NTS_UID_LEN_MAX &&
	    req->placeholder_cnt <= NTS_PLACEHOLDERS_MAX &&
	    (req->placeholder_cnt == 0 ||
		req->placeholder_len == req->cookie_len);
}

int
nts_ef_find_request(
    const uint8_t *packet, size_t len, struct nts_ef_request *req)
{
	unsigned version = nts_ef_version(packet, len);
	struct ntp_ext_pass pass;
	struct ntp_ext e;
	bool ours = false;
	int rc;

	memset(req, 0, sizeof(*req));
	if (len > NTS_PACKET_LEN_MAX ||
	    ntp_ext_begin(&pass, packet, len, version) < 0)
		return ERR_BAD;
	while ((rc = ntp_ext_next(&pass, &e)) == 0) {
		if (!is_nts(e.type))
			continue;
		ours = true;
		if (note_field(req, &e) < 0)
			return ERR_BAD;
	}
	if (rc != ERR_ABSENT || !ntp_ext_ends(&pass, version))
		return ERR_BAD;
	if (!ours)
		return ERR_ABSENT;
	req->packet = packet;
	req->packet_len = len;
	return is_whole(req) ? 0 : ERR_BAD;
}

/* A short nonce must be made up for with padding, so that the response,
 * whose nonce is long, has room: RFC 8915 section 5.6. */
static bool
is_padded(const struct nts_ef_auth *a, size_t body_len, unsigned aead)
{
	size_t want = nts_ef_pad4(crypto_aead_nonce_len(aead));
	size_t nonce_len = nts_ef_pad4(a->nonce_len);

	if (want > NONCE_REQ_MAX)
		want = NONCE_REQ_MAX;
	if (nonce_len < want)
		nonce_len = want;
	return NTS_EF_LENS_LEN + nonce_len + nts_ef_pad4(a->sealed_len) <=
	    body_len;
}

/* Encrypted placeholders count like those in the clear. */
static int
take_inner(struct nts_ef_request *req, const uint8_t *plain, size_t len)
{
	struct ntp_ext_pass pass;
	struct ntp_ext e;
	int rc;

	if (ntp_ext_begin_inner(&pass, plain, len) < 0)
		return ERR_BAD;
	while ((rc = ntp_ext_next(&pass, &e)) == 0) {
		if (!is_nts(e.type))
			continue;
		if (e.type != NTP_EXT_PLACEHOLDER ||
		    e.body_len != req->cookie_len)
			return ERR_BAD;
		req->placeholder_cnt++;
	}
	return rc == ERR_ABSENT && req->placeholder_cnt <= NTS_PLACEHOLDERS_MAX
	    ? 0
	    : ERR_BAD;
}

void
nts_ef_open_cookies(
    struct nts_server_ctx *ctx, struct nts_ef_exchange *const *xs, size_t cnt)
{
	struct nts_cookie_ask *asks = ctx->asks;

	for (size_t i = 0; i < cnt; i++)
		asks[i] = (struct nts_cookie_ask){xs[i]->req.cookie,
		    xs[i]->req.cookie_len, &xs[i]->session, ERR_AUTH};
	nts_cookie_open_many(&ctx->cookies, asks, cnt);
	for (size_t i = 0; i < cnt; i++)
		xs[i]->cookie_err = asks[i].err;
}

/* A bad cookie goes through the same steps as a bad tag: opening it gave
 * keys of zeros, and what they say is not looked at. */
static int
verify_request(struct nts_server_ctx *ctx, const struct nts_ef_exchange *x,
    const struct nts_ef_auth *auth)
{
	const struct nts_keys *session = &x->session;
	struct crypto_aead *aead = nts_aeads_get(&ctx->aeads, session->aead);
	struct bytes_in ad;
	int rc = ERR_AUTH;

	ctx->armed = NULL;
	bytes_in_init(&ad, x->req.packet, x->req.ad_len);
	if (aead &&
	    crypto_aead_set_key(aead, session->c2s, session->key_len) == 0)
		rc = nts_ef_open_auth(aead, auth, &ad, ctx->plain);
	return x->cookie_err == 0 && rc == 0 ? 0 : ERR_AUTH;
}

int
nts_ef_open_request(struct nts_server_ctx *ctx, struct nts_ef_exchange *x)
{
	struct nts_ef_request *req = &x->req;
	struct nts_ef_auth auth;
	int rc = nts_ef_read_auth(&auth, req->auth, req->auth_len);

	if (rc == 0)
		rc = verify_request(ctx, x, &auth);
	if (rc == 0 && !is_padded(&auth, req->auth_len, x->session.aead))
		rc = ERR_BAD;
	if (rc == 0)
		rc = take_inner(
		    req, ctx->plain, auth.sealed_len - CRYPTO_AEAD_TAG_LEN);
	if (rc != 0)
		wipe_bytes(&x->session, sizeof x->session);
	return rc;
}

/* Return: how many cookies the answer has room for, out of those asked. */
static unsigned
fitting_cookies(
    const struct nts_ef_request *req, size_t fixed_len, size_t cookie_len)
{
	size_t each = NTP_EXT_HEADER_LEN + cookie_len;
	size_t room;

	if (fixed_len > req->packet_len)
		return 0;
	room = (req->packet_len - fixed_len) / each;
	return room < 1 + req->placeholder_cnt ? (unsigned)room
					       : 1 + req->placeholder_cnt;
}

int
nts_ef_put_response(struct nts_server_ctx *ctx, struct nts_ef_exchange *x,
    struct bytes_out *out)
{
	unsigned id = x->session.aead;
	struct crypto_aead *aead = nts_aeads_get(&ctx->aeads, id);
	size_t len = nts_cookie_len(id), each = NTP_EXT_HEADER_LEN + len;
	struct bytes_out plain;
	unsigned cnt;
	int rc;

	if (!aead)
		return ERR_LIBRARY;
	ntp_ext_put(
	    out, NTP_EXT_UID, x->req.uid, x->req.uid_len, NTP_EXT_LEN_MIN);
	cnt = fitting_cookies(&x->req, out->pos + nts_ef_auth_len(id, 0), len);
	if (cnt == 0 || out->bad)
		return ERR_FULL;
	rc = nts_ef_put_auth(aead, ctx->rng, cnt * each, out, &x->seal);
	if (rc != 0)
		return rc;
	bytes_out_init(
	    &plain, x->seal.sealed + crypto_aead_plain_at(aead), cnt * each);
	x->cookies = (struct nts_cookie_room){
	    &x->session, plain.data + NTP_EXT_HEADER_LEN, each, cnt};
	for (unsigned i = 0; i < cnt; i++)
		if (!ntp_ext_reserve(
			&plain, NTP_EXT_COOKIE, len, NTP_EXT_HEADER_LEN))
			return ERR_FULL;
	return 0;
}

int
nts_ef_put_cookies(
    struct nts_server_ctx *ctx, struct nts_ef_exchange *const *xs, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		ctx->rooms[i] = xs[i]->cookies;
	return nts_cookie_seal_many(&ctx->cookies, ctx->rooms, cnt, ctx->rng) ==
		0
	    ? 0
	    : ERR_LIBRARY;
}

int
nts_ef_arm(struct nts_server_ctx *ctx, const struct nts_ef_exchange *x)
{
	const struct nts_keys *session = &x->session;
	struct crypto_aead *aead = x->seal.aead;

	ctx->armed = NULL;
	if (crypto_aead_set_key(aead, session->s2c, session->key_len) != 0 ||
	    crypto_aead_warm(aead) != 0)
		return ERR_LIBRARY;
	ctx->armed = x;
	return 0;
}

int
nts_ef_seal_response(
    struct nts_server_ctx *ctx, const struct nts_ef_exchange *x)
{
	int rc = ctx->armed == x ? 0 : nts_ef_arm(ctx, x);

	if (rc == 0)
		rc = nts_ef_close_auth(&x->seal);
	ctx->armed = NULL;
	return rc == 0 ? 0 : ERR_LIBRARY;
}

int
nts_ef_put_nak(const struct nts_ef_request *req, struct bytes_out *out)
{
	if (req->uid)
		ntp_ext_put(
		    out, NTP_EXT_UID, req->uid, req->uid_len, NTP_EXT_LEN_MIN);
	return out->bad || out->pos > req->packet_len ? ERR_FULL : 0;
}
