/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE records to and from bytes, and the constants of the protocol.
 * RFC 8915 section 4.  A stream cuts a byte sequence that arrives at any
 * split into records, keeps at most one body and counts what went by, so
 * that an endless peer ends at NTS_KE_TOTAL_MAX.
 */
#ifndef NTS_RECORD_H
#define NTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define NTS_KE_PORT           4460
#define NTS_KE_ALPN           "ntske/1"
#define NTS_KE_EXPORTER_LABEL "EXPORTER-network-time-security"
#define NTS_KE_CONTEXT_LEN    5

#define NTS_PROTOCOL_NTPV4    0

enum {
	NTS_RECORD_END = 0,
	NTS_RECORD_PROTOCOL = 1,
	NTS_RECORD_ERROR = 2,
	NTS_RECORD_WARNING = 3,
	NTS_RECORD_AEAD = 4,
	NTS_RECORD_COOKIE = 5,
	NTS_RECORD_SERVER = 6,
	NTS_RECORD_PORT = 7,
	NTS_RECORD_GCM_CONTEXT =
	    1024, /* "right exporter context for AEAD 30" */
};

/* Bodies of the error record. */
enum {
	NTS_KE_ERROR_CRITICAL = 0, /* unrecognised critical record */
	NTS_KE_ERROR_BAD_REQUEST = 1,
	NTS_KE_ERROR_INTERNAL = 2,
};

#define NTS_RECORD_HEADER_LEN 4
#define NTS_RECORD_CRITICAL   0x8000u
#define NTS_RECORD_BODY_MAX   1024  /* kept; more is counted and skipped */
#define NTS_KE_TOTAL_MAX      65535 /* bytes of one message, either way */
#define NTS_KE_RECORDS_MAX    128   /* records of one message, either way */
#define NTS_NAME_MAX          256   /* a server name with its NUL */

#define NTS_COOKIES_MAX       8
#define NTS_COOKIE_LEN_MIN    12 /* its field is at least 16 long */
#define NTS_COOKIE_LEN_MAX    512

/* A peer's cookie: never interpreted, a multiple of 4 long. */
struct nts_cookie {
	uint16_t len;
	uint8_t data[NTS_COOKIE_LEN_MAX];
};

/* @body: borrowed; its first min(len, NTS_RECORD_BODY_MAX) bytes. */
struct nts_record {
	bool critical;
	uint16_t type;
	size_t len;
	const uint8_t *body;
};

/* Private to record.c, but for @total. */
struct nts_record_stream {
	uint8_t head[NTS_RECORD_HEADER_LEN];
	uint8_t body[NTS_RECORD_BODY_MAX];
	size_t head_len;
	size_t body_len;
	size_t total; /* bytes of all records so far, the begun one whole */
	size_t total_max;
	unsigned record_cnt;
};

/**
 * nts_record_stream_init - nothing read yet.
 * @total_max: NTS_KE_TOTAL_MAX or less.
 */
void nts_record_stream_init(struct nts_record_stream *s, size_t total_max);

/**
 * nts_record_stream_next - the next whole record.
 * @in:  consumed up to the end of that record, or wholly.
 * @rec: its body stays valid until the next call.
 * Return: 0; ERR_AGAIN when @in is used up first; ERR_FULL when the message
 * is longer than total_max or has more than NTS_KE_RECORDS_MAX records; it
 * stays so.
 */
int nts_record_stream_next(struct nts_record_stream *s, struct bytes_in *in,
    struct nts_record *rec) MUST_CHECK;

/**
 * nts_record_put - append a record; out->bad when it does not fit.
 */
void nts_record_put(struct bytes_out *out, uint16_t type_and_critical,
    const void *body, size_t len);

/**
 * nts_record_put_u16s - append a record whose body is a list of numbers.
 */
void nts_record_put_u16s(struct bytes_out *out, uint16_t type_and_critical,
    const uint16_t *list, size_t cnt);

/**
 * nts_record_u16 - the idx-th number of a body; the caller checked the
 * length, past the end it is 0.
 */
uint16_t nts_record_u16(const struct nts_record *rec, size_t idx);

/**
 * nts_record_error_text - a few words for the body of an error record.
 * Return: a constant string, never NULL.
 */
const char *nts_record_error_text(unsigned code);

/**
 * nts_record_name_ok - whether len bytes can name an NTP server: a numeric
 * address (no brackets, no zone; not multicast, not unspecified) or a DNS
 * name that no resolver takes for a number.
 * @loopback_ok: whether a loopback address may be named.
 */
bool nts_record_name_ok(const uint8_t *name, size_t len, bool loopback_ok);

/**
 * nts_record_context - the exporter context of RFC 8915 section 5.1.
 * @aead: the id to put there (for AEAD 30 not always 30: see ke_client.h).
 * @s2c:  server to client; else client to server.
 */
void nts_record_context(
    uint8_t ctx[NTS_KE_CONTEXT_LEN], unsigned aead, bool s2c);

#endif
