/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's half of an NTS-KE negotiation, without the TLS: it writes the
 * request and is fed the response at any split.  RFC 8915 section 4.
 * Nothing of the result counts before feed has returned 0.
 *
 *	nts_ke_client_init(&ke, &offer);
 *	nts_ke_client_request(&ke, &out);           send out, then
 *	while ((rc = nts_ke_client_feed(&ke, buf, n)) == ERR_AGAIN) read more
 *	at end of stream: rc = nts_ke_client_eof(&ke);
 *	rc == 0: export keys for ke.result.contexts[], nts_jar_load()
 *	else:    nts_ke_client_fail_text(ke.fail)
 */
#ifndef NTS_KE_CLIENT_H
#define NTS_KE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "nts/record.h"

#define NTS_KE_AEADS_MAX          8
#define NTS_KE_CLIENT_REQUEST_MAX 64 /* bytes of any request we write */

/* Why a negotiation failed. */
enum nts_ke_fail {
	NTS_KE_FAIL_NONE,
	NTS_KE_FAIL_CLOSED,        /* end of stream before End of Message */
	NTS_KE_FAIL_TOO_LONG,      /* over the limits of record.h */
	NTS_KE_FAIL_TRAILING,      /* bytes after End of Message */
	NTS_KE_FAIL_END,           /* End of Message malformed */
	NTS_KE_FAIL_CRITICAL,      /* an unknown critical record */
	NTS_KE_FAIL_PEER_CRITICAL, /* server: error 0 */
	NTS_KE_FAIL_PEER_BAD,      /* server: error 1 */
	NTS_KE_FAIL_PEER_INTERNAL, /* server: error 2 */
	NTS_KE_FAIL_PEER_OTHER,    /* server: another error, or malformed */
	NTS_KE_FAIL_WARNING,       /* any warning: none is defined */
	NTS_KE_FAIL_PROTOCOL,      /* protocol record missing, twice, odd */
	NTS_KE_FAIL_NO_PROTOCOL,   /* server does not do NTPv4 */
	NTS_KE_FAIL_AEAD,          /* AEAD record missing, twice, odd */
	NTS_KE_FAIL_NO_AEAD,       /* no algorithm in common */
	NTS_KE_FAIL_NOT_OFFERED,   /* an algorithm we did not offer */
	NTS_KE_FAIL_COOKIE,        /* a cookie of impossible length */
	NTS_KE_FAIL_NO_COOKIE,     /* none came */
	NTS_KE_FAIL_SERVER,        /* server name malformed, forbidden, twice */
	NTS_KE_FAIL_PORT,          /* port malformed, 0, twice */
	NTS_KE_FAIL_CNT,
};

/* @aeads: in order of preference, borrowed during init only. */
struct nts_ke_offer {
	const uint16_t *aeads;
	size_t aead_cnt;
	bool loopback_ok; /* the KE server itself is on loopback */
};

/* What to give the TLS exporter (label NTS_KE_EXPORTER_LABEL). */
struct nts_ke_context {
	uint8_t c2s[NTS_KE_CONTEXT_LEN];
	uint8_t s2c[NTS_KE_CONTEXT_LEN];
};

/*
 * @contexts: one key set for each.  Two only when AEAD 30 was agreed with a
 * server that did not say which context it uses: the first is that of chrony
 * before 4.6.1 (id 15 in it), the second is the one the RFC means.
 * @server: empty when the KE server's own address serves NTP; else a name or
 * an address literal, checked by nts_record_name_ok.
 * @cookie_seen: how many came; those past NTS_COOKIES_MAX were dropped.
 */
struct nts_ke_result {
	uint16_t aead;
	uint16_t port; /* 123 when the server named none */
	uint8_t context_cnt;
	uint8_t cookie_cnt;
	uint16_t cookie_seen;
	struct nts_ke_context contexts[2];
	char server[NTS_NAME_MAX];
	struct nts_cookie cookies[NTS_COOKIES_MAX];
};

/* @result and @fail may be read, the rest is private to ke_client.c. */
struct nts_ke_client {
	enum nts_ke_fail fail;
	struct nts_ke_result result;
	bool done;
	bool loopback_ok;
	bool have_protocol, have_aead, have_server, have_port, gcm_context;
	uint8_t aead_cnt;
	uint16_t aeads[NTS_KE_AEADS_MAX];
	struct nts_record_stream stream;
};

/**
 * nts_ke_client_init - ready to write a request.
 * Return: 0, or ERR_BAD when the offer is empty or too long.
 */
int nts_ke_client_init(
    struct nts_ke_client *ke, const struct nts_ke_offer *offer) MUST_CHECK;

/**
 * nts_ke_client_request - write the request.
 * Return: 0 or ERR_FULL.
 */
int nts_ke_client_request(
    const struct nts_ke_client *ke, struct bytes_out *out) MUST_CHECK;

/**
 * nts_ke_client_feed - read a piece of the response.
 * Return: 0 finished, result stands; ERR_AGAIN feed more; ERR_BAD failed,
 * ke->fail says why, and stays so.
 */
int nts_ke_client_feed(
    struct nts_ke_client *ke, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * nts_ke_client_eof - the server closed.
 * Return: 0 when the response was complete; else ERR_BAD, ke->fail says why.
 */
int nts_ke_client_eof(struct nts_ke_client *ke) MUST_CHECK;

/**
 * nts_ke_client_wipe - forget the cookies.
 */
void nts_ke_client_wipe(struct nts_ke_client *ke);

/**
 * nts_ke_client_fail_text - what went wrong, in words for a person.
 * Return: a constant string, never NULL.
 */
const char *nts_ke_client_fail_text(enum nts_ke_fail fail);

#endif
