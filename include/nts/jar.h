/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of one NTS association: keys, at most 8 cookies, the
 * request that is outstanding.  RFC 8915 sections 5.7, 6.  Its invariant: no
 * cookie leaves it twice, neither into two requests nor into a request and
 * the saved form.  Plain data of fixed size: role dial makes it, role sync
 * uses it, role super stores the saved form.  Holds secrets.
 *
 *	poll:    if (nts_jar_wants_exchange(&jar)) ask dial for a new one;
 *	         nts_jar_request(&jar, n, aeads, rng, &packet)
 *	answer:  nts_jar_response(&jar, n, aeads, data, len)
 */
#ifndef NTS_JAR_H
#define NTS_JAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/tstamp.h"
#include "nts/ef.h"
#include "nts/ke_client.h"
#include "nts/keys.h"
#include "nts/record.h"

#define NTS_JAR_SILENT_MAX 4 /* unanswered requests before we ask anew */
#define NTS_JAR_EXCHANGES  4 /* requests that may be under way at once */

/* A request under way. */
struct nts_jar_exchange {
	bool outstanding;
	uint8_t uid[NTS_UID_LEN];
};

/*
 * @set_cnt:    0 in an empty jar; 2 while it is open which of two key sets
 *              the server uses (nts/ke_client.h): sets[0] is in use, after
 *              an NTSN sets[1] takes its place.
 * @proven:     an answer under sets[0] has verified.
 * @nak:        NTSN came since the last verified answer.
 * @unanswered: requests since then.
 * Fields may be read by anyone, and are written by jar.c alone.
 */
struct nts_jar {
	uint8_t set_cnt;
	uint8_t cookie_cnt;
	uint8_t cookie_idx; /* where the oldest one lies */
	bool proven;
	bool nak;
	uint16_t unanswered;
	struct nts_keys sets[2];
	struct nts_jar_exchange exchanges[NTS_JAR_EXCHANGES];
	struct nts_cookie cookies[NTS_COOKIES_MAX];
};

/**
 * nts_jar_init - a jar with keys and no cookies yet.
 * @sets: one, or two as struct nts_ke_result says; of one algorithm.
 * Return: 0 or ERR_BAD; the jar is then empty.
 */
int nts_jar_init(struct nts_jar *jar, const struct nts_keys *sets,
    unsigned set_cnt) MUST_CHECK;

/**
 * nts_jar_add - put a cookie into it.
 * Return: 0, also when it is there already; ERR_FULL; ERR_BAD for an
 * impossible length.
 */
int nts_jar_add(
    struct nts_jar *jar, const uint8_t *cookie, size_t len) MUST_CHECK;

/**
 * nts_jar_load - init and add from a finished key exchange.
 * @sets: exported keys, one for each of result->contexts.
 * Return: 0 or ERR_BAD; the jar is then empty.
 */
int nts_jar_load(struct nts_jar *jar, const struct nts_ke_result *result,
    const struct nts_keys *sets) MUST_CHECK;

/**
 * nts_jar_valid - whether a jar that came in a message is sound.
 */
bool nts_jar_valid(const struct nts_jar *jar);

/**
 * nts_jar_wipe - forget keys and cookies.
 */
void nts_jar_wipe(struct nts_jar *jar);

/**
 * nts_jar_wants_exchange - whether a new key exchange is wanted before or
 * beside the next request: no cookie is left, the server refused (and no
 * other key set is left to try), or it is silent and the stock runs low.
 * Keep polling with what is there while the exchange runs.
 */
bool nts_jar_wants_exchange(const struct nts_jar *jar);

/**
 * nts_jar_request - turn a header into an authenticated request; uses up one
 * cookie.
 * @exchange: below NTS_JAR_EXCHANGES; a request outstanding under the same
 *            number is given up.
 * @packet:   starts at the packet's first octet and holds its 48 octets;
 *            room for NTS_REQUEST_LEN_MAX.
 * Return: 0; ERR_ABSENT no cookie left, or the algorithm cannot be done
 * here; ERR_BAD; ERR_FULL; ERR_LIBRARY.
 */
int nts_jar_request(struct nts_jar *jar, unsigned exchange,
    struct nts_aeads *aeads, struct rng *rng,
    struct bytes_out *packet) MUST_CHECK;

/**
 * nts_jar_response - judge a packet that came from the server.
 * @exchange: whose request it would answer.
 * Return: 0 it authenticates: its cookies are stored, and no other packet
 * can answer this request; ERR_DENIED it is NTSN with our UID (go on
 * listening for a real answer); ERR_AUTH, ERR_BAD, ERR_ABSENT (nothing
 * outstanding): drop it and listen on.
 */
int nts_jar_response(struct nts_jar *jar, unsigned exchange,
    struct nts_aeads *aeads, const uint8_t *packet, size_t len) MUST_CHECK;

/**
 * nts_jar_give_up - the request's time is over: nothing answers it any more.
 */
void nts_jar_give_up(struct nts_jar *jar, unsigned exchange);

/* ---- the saved form ---- */

#define NTS_JAR_SAVED_MAX 4864 /* bytes of any encoded form */

/*
 * A jar set aside with what is needed to use it after a restart.
 * @ke_name:   the configured name that the certificate was checked for.
 * @server:    NTP address and port in use.
 * @not_after: end of the certificate's validity.
 * @exchanged: when the keys were agreed.
 */
struct nts_jar_saved {
	char ke_name[NTS_NAME_MAX];
	struct addr server;
	struct wall not_after;
	struct wall exchanged;
	struct nts_jar jar;
};

/**
 * nts_jar_set_aside - move cookies out of a live jar into a copy for saving;
 * the live one will never send them.
 * @cookie_cnt: how many at most; NTS_COOKIES_MAX at shutdown.
 * Return: how many were moved.  The caller sets the other fields of *saved.
 */
unsigned nts_jar_set_aside(
    struct nts_jar *jar, unsigned cookie_cnt, struct nts_jar_saved *saved);

/**
 * nts_jar_saved_usable - whether a saved jar may be used for a source now.
 * @ke_name: the configured name of the source.
 * @refresh: ntsrefresh; older keys are not used.
 */
bool nts_jar_saved_usable(const struct nts_jar_saved *saved,
    const char *ke_name, struct wall now, struct dur refresh);

/**
 * nts_jar_encode - the saved form in bytes; the caller wipes buf.
 * Return: its length.
 */
size_t nts_jar_encode(
    const struct nts_jar_saved *saved, uint8_t buf[NTS_JAR_SAVED_MAX]);

/**
 * nts_jar_decode - read the saved form.
 * Return: 0, or ERR_BAD (truncated, another version, damaged); *saved is
 * then zeroed.
 */
int nts_jar_decode(
    struct nts_jar_saved *saved, const uint8_t *buf, size_t len) MUST_CHECK;

#endif
