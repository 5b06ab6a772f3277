/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS extension fields in NTP packets, both ways.  RFC 8915 section 5.
 * Every function works on the whole packet, header included: what is
 * authenticated is the packet from its first octet.  Nothing after the
 * authenticator is acted on.  No allocation; a response is never longer than
 * its request.
 */
#ifndef NTS_EF_H
#define NTS_EF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "nts/cookie.h"
#include "nts/keys.h"
#include "nts/record.h"

#define NTS_UID_LEN          32 /* what we send */
#define NTS_UID_LEN_MAX      64 /* what we echo */
#define NTS_PLACEHOLDERS_MAX 7
#define NTS_REQUEST_LEN_MAX  1280 /* no request of ours is longer */
#define NTS_PACKET_LEN_MAX   2048 /* longer packets are not looked at */

/* ---- client ---- */

/* What a request carries; borrowed. */
struct nts_ef_ask {
	const uint8_t *uid; /* NTS_UID_LEN octets, fresh */
	const struct nts_cookie *cookie;
	unsigned placeholder_cnt; /* nts_ef_fitting_placeholders at most */
};

/* An authenticated answer: the new cookies in it. */
struct nts_ef_answer {
	unsigned cookie_cnt;
	struct nts_cookie cookies[NTS_COOKIES_MAX];
};

/**
 * nts_ef_request_len - octets of a request in the form we write.
 * @aead: a known id.
 */
size_t nts_ef_request_len(
    unsigned aead, size_t cookie_len, unsigned placeholder_cnt);

/**
 * nts_ef_fitting_placeholders - want, or as many as keep the request within
 * NTS_REQUEST_LEN_MAX.
 */
unsigned nts_ef_fitting_placeholders(
    unsigned aead, size_t cookie_len, unsigned want);

/**
 * nts_ef_put_request - append UID, cookie, placeholders, authenticator.
 * @keys:   sealed with c2s.
 * @packet: starts at the packet's first octet and already holds the 48
 *          octets of its header, and any fields to be authenticated.
 * Return: 0; ERR_BAD bad arguments; ERR_FULL; ERR_LIBRARY.
 */
int nts_ef_put_request(struct nts_aeads *aeads, const struct nts_keys *keys,
    const struct nts_ef_ask *ask, struct rng *rng,
    struct bytes_out *packet) MUST_CHECK;

/**
 * nts_ef_open_response - verify a response and take the cookies out.
 * @packet: the whole packet, borrowed: data and len of it are used.
 * @uid:    NTS_UID_LEN octets of the outstanding request.
 * @answer: zeroed on failure.
 * Return: 0 authenticated; ERR_BAD malformed or without the fields;
 * ERR_AUTH another UID, or the tag is wrong.
 */
int nts_ef_open_response(struct nts_aeads *aeads, const struct nts_keys *keys,
    const struct bytes_in *packet, const uint8_t *uid,
    struct nts_ef_answer *answer) MUST_CHECK;

/**
 * nts_ef_is_nak - whether a packet is an NTSN kiss that echoes our UID.
 * It is not authenticated: a reason to ask for new keys, nothing more.
 */
bool nts_ef_is_nak(const uint8_t *packet, size_t len, const uint8_t *uid);

/* ---- server ---- */

/* Where the fields of a request lie; borrowed from the packet. */
struct nts_ef_request {
	const uint8_t *packet;
	size_t packet_len;
	const uint8_t *uid;
	size_t uid_len;
	const uint8_t *cookie;
	size_t cookie_len;
	unsigned placeholder_cnt;
	size_t placeholder_len; /* of each in the clear */
	size_t ad_len;          /* octets before the authenticator */
	const uint8_t *auth;
	size_t auth_len; /* its body, padding included */
};

/* An authenticator that is laid out and not yet sealed; borrowed. */
struct nts_ef_seal {
	struct crypto_aead *aead;
	struct crypto_aead_msg msg;
	uint8_t *sealed; /* holds the plaintext till then */
	size_t plain_len;
};

/* A request on its way to an answer, in this order: find_request (into req),
 * open_cookies, open_request, put_response, put_cookies, arm, seal_response.
 * Those with an array are for up to NTS_COOKIE_BATCH exchanges at once.
 * Borrows the packet of the request and that of the response.  The caller
 * wipes the session when it is over, however it ends. */
struct nts_ef_exchange {
	struct nts_ef_request req;
	int cookie_err;
	struct nts_keys session;
	struct nts_cookie_room cookies; /* to be made */
	struct nts_ef_seal seal;
};

/* What a server needs for each request; made at start. */
struct nts_server_ctx {
	struct nts_aeads aeads;
	struct nts_cookie_keys cookies;
	struct rng *rng;                     /* borrowed */
	const struct nts_ef_exchange *armed; /* whose S2C key is set; or NULL */
	/* Scratch. */
	struct nts_cookie_ask asks[NTS_COOKIE_BATCH];
	struct nts_cookie_room rooms[NTS_COOKIE_BATCH];
	uint8_t plain[NTS_PACKET_LEN_MAX];
};

/**
 * nts_server_init - contexts made, no cookie keys yet: load them with
 * nts_cookie_keys_load(&ctx->cookies, ring).
 * @rng: borrowed until fini; draws 16 octets per cookie and response.
 * Return: 0 or ERR_LIBRARY.
 */
int nts_server_init(struct nts_server_ctx *ctx, struct rng *rng) MUST_CHECK;

/**
 * nts_server_fini - free all of it.
 */
void nts_server_fini(struct nts_server_ctx *ctx);

/**
 * nts_ef_find_request - find the NTS fields of a request (version 4, mode 3
 * is the caller's to check).
 * Return: 0 all there; ERR_ABSENT none at all: plain NTP; ERR_BAD malformed
 * or incomplete: drop it, it gets no reply of any kind.
 */
int nts_ef_find_request(
    const uint8_t *packet, size_t len, struct nts_ef_request *req) MUST_CHECK;

/**
 * nts_ef_open_cookies - take the keys out of the cookies; what is not good is
 * told by nts_ef_open_request, after as much work.
 */
void nts_ef_open_cookies(
    struct nts_server_ctx *ctx, struct nts_ef_exchange *const *xs, size_t cnt);

/**
 * nts_ef_open_request - verify the request.
 * Return: 0; ERR_AUTH cookie or tag is not good: answer with
 * nts_ef_put_nak; ERR_BAD drop.
 */
int nts_ef_open_request(
    struct nts_server_ctx *ctx, struct nts_ef_exchange *x) MUST_CHECK;

/**
 * nts_ef_put_response - append UID and an authenticator with room for fresh
 * cookies: one, and one for each placeholder.
 * @out: starts at the response's first octet and holds its 48 octets of
 *       header, which may still change until nts_ef_seal_response.  What is
 *       appended keeps it no longer than the request.
 * Return: 0; ERR_FULL; ERR_LIBRARY.
 */
int nts_ef_put_response(struct nts_server_ctx *ctx, struct nts_ef_exchange *x,
    struct bytes_out *out) MUST_CHECK;

/**
 * nts_ef_put_cookies - make the cookies that responses have room for.
 * Return: 0; ERR_LIBRARY: then none of them may be sent.
 */
int nts_ef_put_cookies(struct nts_server_ctx *ctx,
    struct nts_ef_exchange *const *xs, size_t cnt) MUST_CHECK;

/**
 * nts_ef_arm - do all of the sealing that does not depend on the time in the
 * response; lost when another exchange is armed or a request opened.
 * Return: 0 or ERR_LIBRARY.
 */
int nts_ef_arm(
    struct nts_server_ctx *ctx, const struct nts_ef_exchange *x) MUST_CHECK;

/**
 * nts_ef_seal_response - seal it, once; armed or not.
 * Return: 0 or ERR_LIBRARY.
 */
int nts_ef_seal_response(
    struct nts_server_ctx *ctx, const struct nts_ef_exchange *x) MUST_CHECK;

/**
 * nts_ef_put_nak - append what an NTSN answer carries: the UID.
 * @out: as above; the header says stratum 0, NTP_KISS_CODE_NTSN.
 * Return: 0 or ERR_FULL.
 */
int nts_ef_put_nak(
    const struct nts_ef_request *req, struct bytes_out *out) MUST_CHECK;

#endif
