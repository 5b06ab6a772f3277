/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's half of an NTS-KE negotiation, without the TLS: fed the
 * request at any split, it decides and writes one response.  RFC 8915
 * section 4.  One request, one response: what follows is not read.
 *
 *	nts_ke_server_init(&ke, &conf);
 *	while ((rc = nts_ke_server_feed(&ke, buf, n)) == ERR_AGAIN) read more
 *	at end of stream: rc = nts_ke_server_eof(&ke);
 *	rc == ERR_FULL: close without a word (too long)
 *	rc == 0: if (nts_ke_server_wants_keys(&ke)) export the two keys;
 *	         nts_ke_server_respond(), send, close
 */
#ifndef NTS_KE_SERVER_H
#define NTS_KE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "nts/cookie.h"
#include "nts/ke_client.h"
#include "nts/keys.h"
#include "nts/record.h"

#define NTS_KE_SERVER_REQUEST_MAX  16384 /* bytes; longer is cut */
#define NTS_KE_SERVER_RESPONSE_MAX 2048  /* bytes of any response we write */

/*
 * Borrowed while negotiations run.
 * @aeads:  accepted algorithms; the client's order decides.
 * @server: record 6 to send, or NULL or "" for none.
 * @port:   record 7 is sent when it is not 123.
 */
struct nts_ke_server_conf {
	uint16_t aeads[NTS_KE_AEADS_MAX];
	size_t aead_cnt;
	const char *server;
	uint16_t port;
};

/* How a request was judged. */
enum nts_ke_verdict {
	NTS_KE_PENDING,     /* not wholly read */
	NTS_KE_AGREED,      /* cookies will be given */
	NTS_KE_NO_PROTOCOL, /* answered with an empty protocol list */
	NTS_KE_NO_AEAD,     /* answered with an empty algorithm list */
	NTS_KE_CRITICAL,    /* error 0 */
	NTS_KE_BAD_REQUEST, /* error 1 */
	NTS_KE_INTERNAL,    /* error 2 */
};

/* @verdict and @aead may be read, the rest is private to ke_server.c. */
struct nts_ke_server {
	enum nts_ke_verdict verdict;
	uint16_t aead;
	const struct nts_ke_server_conf *conf;
	bool have_protocol, have_aead, ntpv4, gcm_context;
	bool critical, bad;
	uint16_t first;        /* acceptable algorithm; 0: none */
	uint16_t first_not_30; /* the same, leaving out AEAD 30 */
	struct nts_record_stream stream;
};

/**
 * nts_ke_server_init - ready to read one request.
 * @conf: borrowed until the response is written.
 */
void nts_ke_server_init(
    struct nts_ke_server *ke, const struct nts_ke_server_conf *conf);

/**
 * nts_ke_server_feed - read a piece of the request.
 * Return: 0 judged, write the response; ERR_AGAIN feed more; ERR_FULL over
 * the limits, close without an answer.
 */
int nts_ke_server_feed(
    struct nts_ke_server *ke, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * nts_ke_server_eof - the client sent its close: a request without End of
 * Message becomes a bad one.
 * Return: 0 write the response; ERR_CLOSED nothing came at all.
 */
int nts_ke_server_eof(struct nts_ke_server *ke) MUST_CHECK;

/**
 * nts_ke_server_wants_keys - whether the caller is to export keys of
 * crypto_aead_key_len(ke->aead) bytes before it calls respond.
 * @ctx: the exporter contexts, filled when true.
 */
bool nts_ke_server_wants_keys(
    const struct nts_ke_server *ke, struct nts_ke_context *ctx);

/* What cookies are made of; all borrowed. */
struct nts_ke_mint {
	const struct nts_keys *session;
	struct nts_cookie_keys *cookies;
	struct rng *rng;
};

/**
 * nts_ke_server_respond - write the response to the judged request.
 * @mint: used when keys were wanted; NULL there makes it error 2.
 * @out:  NTS_KE_SERVER_RESPONSE_MAX bytes suffice.
 * Return: 0, or ERR_FULL.  ke->verdict says what was answered.
 */
int nts_ke_server_respond(struct nts_ke_server *ke,
    const struct nts_ke_mint *mint, struct bytes_out *out) MUST_CHECK;

#endif
