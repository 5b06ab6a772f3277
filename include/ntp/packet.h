/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 48-byte NTP header, RFC 5905 section 7.3.  Every bit pattern decodes
 * and encodes back to the same bytes; whether it makes sense is ntp/check's
 * question.
 */
#ifndef NTP_PACKET_H
#define NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

#define NTP_PORT             123
#define NTP_HEADER_LEN       48
#define NTP_VERSION          4
#define NTP_VERSION_MIN      1
#define NTP_STRATUM_MAX      15 /* of a synchronised server */
#define NTP_STRATUM_UNSYNCED 16 /* in our own books; sent as 0 */

/* Offsets of fields that are read or written in place. */
#define NTP_OFFSET_ORIGIN   24
#define NTP_OFFSET_RECEIVE  32
#define NTP_OFFSET_TRANSMIT 40

enum ntp_mode {
	NTP_MODE_RESERVED = 0,
	NTP_MODE_ACTIVE = 1,
	NTP_MODE_PASSIVE = 2,
	NTP_MODE_CLIENT = 3,
	NTP_MODE_SERVER = 4,
	NTP_MODE_BROADCAST = 5,
	NTP_MODE_CONTROL = 6,
	NTP_MODE_PRIVATE = 7,
};

enum ntp_leap {
	NTP_LEAP_NONE = 0,
	NTP_LEAP_INSERT = 1, /* the day's last minute has 61 s */
	NTP_LEAP_DELETE = 2, /* 59 s */
	NTP_LEAP_UNSYNCED = 3,
};

/* The header as on the wire.  @ref_id: first byte most significant. */
struct ntp_packet {
	uint8_t leap;    /* 0..3, enum ntp_leap */
	uint8_t version; /* 0..7 */
	uint8_t mode;    /* 0..7, enum ntp_mode */
	uint8_t stratum;
	int8_t poll;      /* log2 s */
	int8_t precision; /* log2 s */
	struct ntp_short root_delay;
	struct ntp_short root_dispersion;
	uint32_t ref_id;
	struct ntp_ts reference;
	struct ntp_ts origin;
	struct ntp_ts receive;
	struct ntp_ts transmit;
};

/**
 * ntp_packet_decode - read the header at the start of a datagram.
 * Return: 0, or ERR_BAD when shorter than NTP_HEADER_LEN (p is zeroed).
 */
int ntp_packet_decode(
    struct ntp_packet *p, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * ntp_packet_encode - write the header.  Bits of leap, version and mode that
 * do not fit are cut.
 */
void ntp_packet_encode(const struct ntp_packet *p, uint8_t out[NTP_HEADER_LEN]);

/**
 * ntp_packet_is_request - whether a server answers it at all: version 1 to
 * 4, mode client (or mode 0 of version 1, which had no modes).
 */
bool ntp_packet_is_request(const struct ntp_packet *p);

/**
 * ntp_packet_leap_text - "normal", "insert", "delete", "unsynchronised".
 */
const char *ntp_packet_leap_text(unsigned leap);

#endif
