/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of NTS extension fields.  RFC 8915 section 5.  The form
 * written is the one that every known peer takes: UID of 32 octets, cookie
 * and placeholders in the clear, then the authenticator with a nonce of the
 * usual length and nothing behind it.
 */
#include <string.h>

#include "base/wipe.h"
#include "ef_priv.h"
#include "ntp/ext.h"
#include "ntp/kiss.h"

size_t
nts_ef_request_len(unsigned aead, size_t cookie_len, unsigned placeholder_cnt)
{
	return NTP_HEADER_LEN + NTP_EXT_HEADER_LEN + NTS_UID_LEN +
	    (1 + (size_t)placeholder_cnt) * (NTP_EXT_HEADER_LEN + cookie_len) +
	    nts_ef_auth_len(aead, 0);
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
	rc = nts_ef_put_auth(aead, rng, 0, packet, &seal);
	return rc ? rc : nts_ef_close_auth(&seal);
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
open_response(struct crypto_aead *aead, const struct nts_ef_auth *auth,
    const struct bytes_in *ad, struct nts_ef_answer *answer)
{
	uint8_t plain[NTS_PACKET_LEN_MAX];
	int rc = nts_ef_open_auth(aead, auth, ad, plain);

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
	struct nts_ef_auth auth;

	memset(answer, 0, sizeof(*answer));
	if (!aead || packet->len > NTS_PACKET_LEN_MAX ||
	    nts_ef_version(packet->data, packet->len) != NTP_VERSION ||
	    ntp_ext_walk(&list, packet->data, packet->len, NTP_VERSION) != 0 ||
	    find_response(&list, &auth_idx, &uid_idx) != 0 ||
	    nts_ef_read_auth(&auth, list.ext[auth_idx].body,
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
