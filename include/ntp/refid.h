/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference ids, RFC 5905 section 7.3: a kiss code at stratum 0, the name of
 * a clock at stratum 1, else the IPv4 address of the source or the first
 * four bytes of the MD5 of its IPv6 address.
 */
#ifndef NTP_REFID_H
#define NTP_REFID_H

#include <stdint.h>

#include "base/addr.h"

#define NTP_REFID_LOCAL    0x7f7f0101U /* 127.127.1.1: `local` reference */
#define NTP_REFID_TEXT_MAX 20

/**
 * ntp_refid_from_text - up to four characters, the rest zero: "GPS", "PPS".
 */
uint32_t ntp_refid_from_text(const char *text);

/**
 * ntp_refid_from_addr - the id of a source at this address.
 * @md5: digest of the 16 bytes of an IPv6 address (crypto_digest_md5 of
 *       a->bytes); may be NULL for IPv4.  Without one an IPv6 address gives
 *       0, which no other machine reports.
 */
uint32_t ntp_refid_from_addr(const struct addr *a, const uint8_t md5[16]);

/**
 * ntp_refid_text - for people: the code at stratum 0 and 1 (what is not
 * printable as \xHH), else a dotted quad.
 * Return: buf.
 */
const char *ntp_refid_text(
    uint32_t ref_id, unsigned stratum, char buf[NTP_REFID_TEXT_MAX]);

#endif
