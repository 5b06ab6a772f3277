/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client believes: the tests of RFC 5905 section 9.2 and RFC 8633 on
 * an answer, in the order that keeps a stranger powerless, and the arithmetic
 * that makes a measurement of four timestamps (section 8).
 */
#ifndef NTP_CHECK_H
#define NTP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "ntp/packet.h"

#define NTP_CHECK_DISTANCE_MAX_S 3.0 /* root distance of a usable server */
/* How far stamps may contradict each other: a server predicts when its answer
 * will leave, ours by 20 us at most, and on a short way the guess may come out
 * behind the fact. */
#define NTP_CHECK_STAMP_SLACK_S 20e-6
#define NTP_CHECK_ORDER_MAX_S   0.016 /* the coarsest clocks' ticks */
#define NTP_CHECK_SERVER_MAX_S  4.0   /* T3 - T2 of an honest answer */

/* Why an answer is not used.  The order is that of the tests. */
enum ntp_check {
	NTP_CHECK_OK = 0,
	/* Not an answer to us: drop, and keep waiting for the real one. */
	NTP_CHECK_VERSION,
	NTP_CHECK_MODE,
	NTP_CHECK_ORIGIN,
	/* The server's answer, but not time. */
	NTP_CHECK_KISS,
	/* Time that must not be used. */
	NTP_CHECK_LEAP,
	NTP_CHECK_STRATUM,
	NTP_CHECK_ZERO_TIME,
	NTP_CHECK_REFERENCE,
	NTP_CHECK_DISTANCE,
	/* From the arithmetic. */
	NTP_CHECK_ORDER,
	NTP_CHECK_SERVER_TIME,
	NTP_CHECK_DELAY,
	NTP_CHECK_CNT,
};

/* What the request in flight makes us expect. */
struct ntp_expect {
	uint8_t version;
	struct ntp_ts origin;      /* what we sent as transmit; 0: none */
	struct ntp_ts interleaved; /* what we sent as receive; 0: none */
	double distance_max_s;     /* of root delay / 2 + root dispersion */
};

/* One exchange: RFC 5905 names.  T1 and T4 on the disciplined clock. */
struct ntp_exchange {
	struct wall t1;
	struct ntp_ts t2;
	struct ntp_ts t3;
	struct wall t4;
	struct wall pivot; /* T2 and T3 are read within 68 years of it */
	double
	    precision_s; /* ours and the server's together: the least delay */
};

/* Offset is true minus ours. */
struct ntp_measure {
	double offset_s;
	double delay_s; /* >= precision_s */
	double server_time_s;
	double short_s; /* by how much the delay was below the least there is */
};

/**
 * ntp_check_answer - the tests that need no timestamps of ours.
 * Return: NTP_CHECK_OK or the first test it fails.
 */
enum ntp_check ntp_check_answer(
    const struct ntp_packet *p, const struct ntp_expect *e);

/**
 * ntp_check_is_ours - whether this outcome ends the wait for an answer: the
 * origin was right, so the request is spent.
 */
bool ntp_check_is_ours(enum ntp_check c);

/**
 * ntp_check_measure - offset and delay of an exchange; differences are taken
 * on integers.
 * @m: zeroed unless NTP_CHECK_OK.
 * Return: NTP_CHECK_OK; _ORDER when the server answered before it was asked,
 * by more than the precision, below which its stamps are random, or than
 * NTP_CHECK_ORDER_MAX_S, whatever it claims, or T4 is before T1; _SERVER_TIME when it took too long; _DELAY when the
 * path would have negative length.
 */
enum ntp_check ntp_check_measure(
    const struct ntp_exchange *x, struct ntp_measure *m);

/**
 * ntp_check_distance_s - root delay / 2 + root dispersion of an answer.
 */
double ntp_check_distance_s(const struct ntp_packet *p);

/**
 * ntp_check_text - words for the outcome, for logs and status.
 */
const char *ntp_check_text(unsigned c);

#endif
