/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Powers of two of seconds: poll intervals and precisions.
 */
#ifndef NTP_POLL_H
#define NTP_POLL_H

#include <stdint.h>

#define NTP_POLL_MIN         (-7) /* 1/128 s */
#define NTP_POLL_MAX         24   /* 194 days */
#define NTP_POLL_DEFAULT_MIN 6
#define NTP_POLL_DEFAULT_MAX 10
#define NTP_POLL_KISS_MAX    13 /* as far as a RATE kiss may raise, BCP 223 */

#define NTP_PHI_SPS          15e-6 /* RFC 5905: error growth of a clock */

/**
 * ntp_poll_to_s - 2^log2s seconds; log2s is clamped to -128..127.
 */
double ntp_poll_to_s(int log2s);

/**
 * ntp_poll_clamp - log2s moved into [min, max].
 */
int ntp_poll_clamp(int log2s, int min, int max);

/**
 * ntp_poll_from_s - the smallest exponent whose power is at least s: how a
 * precision is written.  Clamped to -128..127; NaN and s <= 0 give -128.
 */
int8_t ntp_poll_from_s(double s);

#endif
