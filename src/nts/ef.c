/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS extension fields.  RFC 8915 section 5.  The form written is the one
 * that every known peer takes: UID of 32 octets, cookie and placeholders in
 * the clear, then the authenticator with a nonce of the usual length and
 * nothing behind it.
 */
#include "nts/ef.h"

#include <string.h>

#include "base/wipe.h"
#include "ntp/ext.h"
#include "ntp/kiss.h"
#include "ntp/packet.h"

#define AUTH_LENS_LEN 4  /* the two lengths at the start of its body */
#define NONCE_REQ_MAX 16 /* RFC 8915 section 5.6, additional padding */

/* The parts of an authenticator's body. */
struct auth {
	const uint8_t *nonce;
	size_t nonce_len;
	const uint8_t *sealed;
	size_t sealed_len;
};

static size_t
pad4(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static int
read_auth(struct auth *a, const uint8_t *body, size_t len)
{
	struct bytes_in in;

	bytes_in_init(&in, body, len);
	a->nonce_len = bytes_get_u16(&in);
	a->sealed_len = bytes_get_u16(&in);
	a->nonce = bytes_take(&in, pad4(a->nonce_len));
	a->sealed = bytes_take(&in, pad4(a->sealed_len));
	/* An empty nonce would turn SIV into its deterministic mode. */
	if (in.bad || a->nonce_len == 0 || a->sealed_len < CRYPTO_AEAD_TAG_LEN)
		return ERR_BAD;
	return 0;
}

static int
open_auth(struct crypto_aead *aead, const struct auth *a,
    const struct bytes_in *ad, uint8_t *plain)
{
	struct crypto_aead_msg msg = {
	    .nonce = a->nonce,
	    .nonce_len = a->nonce_len,
	    .ad = ad->data,
	    .ad_len = ad->len,
	};

	return crypto_aead_open(aead, &msg, a->sealed, a->sealed_len, plain);
}

/* Append an authenticator with its nonce and room for what it seals:
 * plain_len octets, under a key that is set.  Its data are all octets of out
 * before it. */
static int
put_auth(struct crypto_aead *aead, struct rng *rng, size_t plain_len,
    struct bytes_out *out, struct nts_ef_seal *seal)
{
	size_t nonce_len = crypto_aead_nonce_len(crypto_aead_id(aead));
	size_t sealed_len = plain_len + CRYPTO_AEAD_TAG_LEN;
	size_t body_len = AUTH_LENS_LEN + pad4(nonce_len) + sealed_len;
	struct bytes_out auth;
	uint8_t *body, *nonce;

	seal->aead = aead;
	seal->msg.ad = out->data;
	seal->msg.ad_len = out->pos;
	seal->plain_len = plain_len;
	body = ntp_ext_reserve(out, NTP_EXT_AUTH, body_len, NTP_EXT_LEN_LAST);
	if (!body)
		return ERR_FULL;
	bytes_out_init(&auth, body, body_len);
	bytes_put_u16(&auth, (uint16_t)nonce_len);
	bytes_put_u16(&auth, (uint16_t)sealed_len);
	nonce = bytes_reserve(&auth, nonce_len);
	bytes_put_zero(&auth, pad4(nonce_len) - nonce_len);
	seal->sealed = bytes_reserve(&auth, sealed_len);
	if (!nonce || !seal->sealed)
		return ERR_FULL;
	rng_bytes(rng, nonce, nonce_len);
	seal->msg.nonce = nonce;
	seal->msg.nonce_len = nonce_len;
	return 0;
}

static int
close_auth(const struct nts_ef_seal *seal, const uint8_t *plain)
{
	return crypto_aead_seal(
	    seal->aead, &seal->msg, plain, seal->plain_len, seal->sealed);
}

static size_t
auth_len(unsigned aead, size_t plain_len)
{
	return NTP_EXT_HEADER_LEN + AUTH_LENS_LEN +
	    pad4(crypto_aead_nonce_len(aead)) + CRYPTO_AEAD_TAG_LEN + plain_len;
}

static unsigned
packet_version(const uint8_t *packet, size_t len)
{
	return len > 0 ? packet[0] >> 3 & 7 : 0;
}

/* ---- client ------------------------------------------------------------ */

size_t
nts_ef_request_len(unsigned aead, size_t cookie_len, unsigned placeholder_cnt)
{
	return NTP_HEADER_LEN + NTP_EXT_HEADER_LEN + NTS_UID_LEN +
	    (1 + (size_t)placeholder_cnt) * (NTP_EXT_HEADER_LEN + cookie_len) +
	    auth_len(aead, 0);
}

unsigned
nts_ef_fitting_placeholders(unsigned aead, size_t cookie_len, unsigned want)
{
	if (want > NTS_PLACEHOLDERS_MAX)
		want = NTS_PLACEHOLDERS_MAX;
	while (want > 0 &&
	    nts_ef_request_len(aead, cookie_len, want) > NTS_REQUEST_LEN_MAX)
		want--;
	return want;
}

int
nts_ef_put_request(struct nts_aeads *aeads, const struct nts_keys *keys,
    const struct nts_ef_ask *ask, struct rng *rng, struct bytes_out *packet)
{
	struct crypto_aead *aead = nts_aeads_get(aeads, keys->aead);
	size_t len = ask->cookie->len;
	struct nts_ef_seal seal;
	int rc;

	if (!aead || !nts_keys_valid(keys) || len < NTS_COOKIE_LEN_MIN ||
	    len > NTS_COOKIE_LEN_MAX || len % 4 != 0 ||
	    ask->placeholder_cnt > NTS_PLACEHOLDERS_MAX)
		return ERR_BAD;
	ntp_ext_put(
	    packet, NTP_EXT_UID, ask->uid, NTS_UID_LEN, NTP_EXT_LEN_MIN);
	ntp_ext_put(
	    packet, NTP_EXT_COOKIE, ask->cookie->data, len, NTP_EXT_LEN_MIN);
	for (unsigned i = 0; i < ask->placeholder_cnt; i++) {
		uint8_t *body = ntp_ext_reserve(
		    packet, NTP_EXT_PLACEHOLDER, len, NTP_EXT_LEN_MIN);

		if (!body)
			return ERR_FULL;
		memset(body, 0, len);
	}
	if (packet->bad)
		return ERR_FULL;
	if (crypto_aead_set_key(aead, keys->c2s, keys->key_len) != 0)
		return ERR_LIBRARY;
	rc = put_auth(aead, rng, 0, packet, &seal);
	return rc ? rc : close_auth(&seal, NULL);
}

/* Return: the authenticator's index when exactly one UID comes before it. */
static int
find_response(const struct ntp_ext_list *list, unsigned *auth, unsigned *uid)
{
	unsigned second;

	*auth = ntp_ext_find(list, NTP_EXT_AUTH, 0);
	*uid = ntp_ext_find(list, NTP_EXT_UID, 0);
	second = ntp_ext_find(list, NTP_EXT_UID, *uid + 1);
	if (*auth == list->cnt || *uid >= *auth || second < *auth)
		return ERR_BAD;
	return 0;
}

static bool
uid_is(const struct ntp_ext *e, const uint8_t *uid)
{
	return e->body_len == NTS_UID_LEN &&
	    wipe_equal(e->body, uid, NTS_UID_LEN);
}

/* Unusable cookies and those past our eight are left where they are. */
static int
take_cookies(struct nts_ef_answer *answer, const uint8_t *plain, size_t len)
{
	struct ntp_ext_list list;
	int rc = ntp_ext_walk_inner(&list, plain, len);

	if (rc != 0)
		return ERR_BAD;
	for (unsigned i = 0; i < list.cnt; i++) {
		const struct ntp_ext *e = &list.ext[i];
		struct nts_cookie *c;

		if (e->type != NTP_EXT_COOKIE ||
		    e->body_len < NTS_COOKIE_LEN_MIN ||
		    e->body_len > NTS_COOKIE_LEN_MAX ||
		    answer->cookie_cnt == NTS_COOKIES_MAX)
			continue;
		c = &answer->cookies[answer->cookie_cnt++];
		c->len = e->body_len;
		memcpy(c->data, e->body, e->body_len);
	}
	return 0;
}

static int
open_response(struct crypto_aead *aead, const struct auth *auth,
    const struct bytes_in *ad, struct nts_ef_answer *answer)
{
	uint8_t plain[NTS_PACKET_LEN_MAX];
	int rc = open_auth(aead, auth, ad, plain);

	if (rc != 0)
		return ERR_AUTH;
	rc =
	    take_cookies(answer, plain, auth->sealed_len - CRYPTO_AEAD_TAG_LEN);
	if (rc != 0)
		wipe_bytes(answer, sizeof(*answer));
	wipe_bytes(plain, sizeof(plain));
	return rc;
}

int
nts_ef_open_response(struct nts_aeads *aeads, const struct nts_keys *keys,
    const struct bytes_in *packet, const uint8_t *uid,
    struct nts_ef_answer *answer)
{
	struct crypto_aead *aead = nts_aeads_get(aeads, keys->aead);
	struct ntp_ext_list list;
	unsigned auth_idx, uid_idx;
	struct bytes_in ad;
	struct auth auth;

	memset(answer, 0, sizeof(*answer));
	if (!aead || packet->len > NTS_PACKET_LEN_MAX ||
	    packet_version(packet->data, packet->len) != NTP_VERSION ||
	    ntp_ext_walk(&list, packet->data, packet->len, NTP_VERSION) != 0 ||
	    find_response(&list, &auth_idx, &uid_idx) != 0 ||
	    read_auth(&auth, list.ext[auth_idx].body,
		list.ext[auth_idx].body_len) != 0)
		return ERR_BAD;
	if (!uid_is(&list.ext[uid_idx], uid))
		return ERR_AUTH;
	if (crypto_aead_set_key(aead, keys->s2c, keys->key_len) != 0)
		return ERR_BAD;
	bytes_in_init(&ad, packet->data, list.ext[auth_idx].offset);
	return open_response(aead, &auth, &ad, answer);
}

bool
nts_ef_is_nak(const uint8_t *packet, size_t len, const uint8_t *uid)
{
	struct ntp_ext_list list;
	struct ntp_packet header;
	unsigned i;

	if (len > NTS_PACKET_LEN_MAX ||
	    ntp_packet_decode(&header, packet, len) != 0 ||
	    header.version != NTP_VERSION ||
	    ntp_kiss_classify(&header) != NTP_KISS_NTSN ||
	    ntp_ext_walk(&list, packet, len, NTP_VERSION) != 0)
		return false;
	i = ntp_ext_find(&list, NTP_EXT_UID, 0);
	return i < list.cnt && uid_is(&list.ext[i], uid) &&
	    ntp_ext_find(&list, NTP_EXT_UID, i + 1) == list.cnt;
}

/* ---- server ------------------------------------------------------------ */

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
	struct ntp_ext_list list;
	bool ours = false;
	int rc = 0;

	memset(req, 0, sizeof(*req));
	if (len > NTS_PACKET_LEN_MAX ||
	    ntp_ext_walk(&list, packet, len, packet_version(packet, len)) != 0)
		return ERR_BAD;
	for (unsigned i = 0; rc == 0 && i < list.cnt; i++) {
		if (!is_nts(list.ext[i].type))
			continue;
		ours = true;
		rc = note_field(req, &list.ext[i]);
	}
	if (!ours)
		return ERR_ABSENT;
	req->packet = packet;
	req->packet_len = len;
	return rc == 0 && is_whole(req) ? 0 : ERR_BAD;
}

/* A short nonce must be made up for with padding, so that the response,
 * whose nonce is long, has room: RFC 8915 section 5.6. */
static bool
is_padded(const struct auth *a, size_t body_len, unsigned aead)
{
	size_t want = pad4(crypto_aead_nonce_len(aead));
	size_t nonce_len = pad4(a->nonce_len);

	if (want > NONCE_REQ_MAX)
		want = NONCE_REQ_MAX;
	if (nonce_len < want)
		nonce_len = want;
	return AUTH_LENS_LEN + nonce_len + pad4(a->sealed_len) <= body_len;
}

/* Encrypted placeholders count like those in the clear. */
static int
take_inner(struct nts_ef_request *req, const uint8_t *plain, size_t len)
{
	struct ntp_ext_list list;

	if (len == 0)
		return 0;
	if (ntp_ext_walk_inner(&list, plain, len) != 0)
		return ERR_BAD;
	for (unsigned i = 0; i < list.cnt; i++) {
		if (!is_nts(list.ext[i].type))
			continue;
		if (list.ext[i].type != NTP_EXT_PLACEHOLDER ||
		    list.ext[i].body_len != req->cookie_len)
			return ERR_BAD;
		req->placeholder_cnt++;
	}
	return req->placeholder_cnt > NTS_PLACEHOLDERS_MAX ? ERR_BAD : 0;
}

/* A bad cookie goes through the same steps as a bad tag: nts_cookie_open
 * then gives keys of zeros, and what they say is not looked at. */
static int
verify_request(struct nts_server_ctx *ctx, const struct nts_ef_request *req,
    const struct auth *auth, struct nts_keys *session)
{
	int cookie_rc, tag_rc = ERR_AUTH;
	struct crypto_aead *aead;
	struct bytes_in ad;

	cookie_rc = nts_cookie_open(
	    &ctx->cookies, req->cookie, req->cookie_len, session);
	aead = nts_aeads_get(&ctx->aeads, session->aead);
	bytes_in_init(&ad, req->packet, req->ad_len);
	if (aead &&
	    crypto_aead_set_key(aead, session->c2s, session->key_len) == 0)
		tag_rc = open_auth(aead, auth, &ad, ctx->plain);
	return cookie_rc == 0 && tag_rc == 0 ? 0 : ERR_AUTH;
}

int
nts_ef_open_request(struct nts_server_ctx *ctx, struct nts_ef_request *req,
    struct nts_keys *session)
{
	struct auth auth;
	int rc;

	if (read_auth(&auth, req->auth, req->auth_len) != 0) {
		memset(session, 0, sizeof(*session));
		return ERR_BAD;
	}
	rc = verify_request(ctx, req, &auth, session);
	if (rc == 0 && !is_padded(&auth, req->auth_len, session->aead))
		rc = ERR_BAD;
	if (rc == 0)
		rc = take_inner(
		    req, ctx->plain, auth.sealed_len - CRYPTO_AEAD_TAG_LEN);
	if (rc != 0)
		wipe_bytes(session, sizeof(*session));
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

static int
put_cookies(struct nts_server_ctx *ctx, const struct nts_keys *session,
    unsigned cnt, struct bytes_out *plain)
{
	size_t len = nts_cookie_len(session->aead);
	struct nts_cookie_room room = {
	    plain->data + NTP_EXT_HEADER_LEN, NTP_EXT_HEADER_LEN + len, cnt};

	for (unsigned i = 0; i < cnt; i++)
		if (!ntp_ext_reserve(
			plain, NTP_EXT_COOKIE, len, NTP_EXT_HEADER_LEN))
			return ERR_FULL;
	return nts_cookie_seal_many(&ctx->cookies, session, ctx->rng, &room) ==
		0
	    ? 0
	    : ERR_LIBRARY;
}

int
nts_ef_put_response(struct nts_server_ctx *ctx,
    const struct nts_ef_request *req, const struct nts_keys *session,
    struct bytes_out *out)
{
	struct crypto_aead *aead = nts_aeads_get(&ctx->aeads, session->aead);
	struct bytes_out cookies;
	unsigned cnt;
	int rc;

	if (!aead)
		return ERR_LIBRARY;
	ntp_ext_put(out, NTP_EXT_UID, req->uid, req->uid_len, NTP_EXT_LEN_MIN);
	cnt = fitting_cookies(req, out->pos + auth_len(session->aead, 0),
	    nts_cookie_len(session->aead));
	if (cnt == 0 || out->bad)
		return ERR_FULL;
	bytes_out_init(&cookies, ctx->plain, sizeof(ctx->plain));
	rc = put_cookies(ctx, session, cnt, &cookies);
	if (rc != 0)
		return rc;
	if (crypto_aead_set_key(aead, session->s2c, session->key_len) != 0)
		return ERR_LIBRARY;
	return put_auth(aead, ctx->rng, cookies.pos, out, &ctx->seal);
}

int
nts_ef_seal_response(struct nts_server_ctx *ctx)
{
	return close_auth(&ctx->seal, ctx->plain) == 0 ? 0 : ERR_LIBRARY;
}

int
nts_ef_put_nak(const struct nts_ef_request *req, struct bytes_out *out)
{
	if (req->uid)
		ntp_ext_put(
		    out, NTP_EXT_UID, req->uid, req->uid_len, NTP_EXT_LEN_MIN);
	return out->bad || out->pos > req->packet_len ? ERR_FULL : 0;
}
