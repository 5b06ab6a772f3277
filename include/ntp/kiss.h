/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kiss-o'-death: the code in the reference id of a stratum 0 answer.
 * RFC 5905 section 7.4, RFC 8633 section 5.3, RFC 8915 section 5.7.
 */
#ifndef NTP_KISS_H
#define NTP_KISS_H

#include <stdint.h>

#include "ntp/packet.h"

/* Reference ids of the codes, as struct ntp_packet holds them. */
#define NTP_KISS_CODE_DENY 0x44454e59U
#define NTP_KISS_CODE_RSTR 0x52535452U
#define NTP_KISS_CODE_RATE 0x52415445U
#define NTP_KISS_CODE_NTSN 0x4e54534eU
#define NTP_KISS_CODE_INIT 0x494e4954U
#define NTP_KISS_CODE_STEP 0x53544550U

enum ntp_kiss {
	NTP_KISS_NONE = 0, /* stratum is not 0 */
	NTP_KISS_DENY,     /* stop asking */
	NTP_KISS_RSTR,     /* stop asking */
	NTP_KISS_RATE,     /* ask less often */
	NTP_KISS_NTSN,     /* cookie or tag not accepted */
	NTP_KISS_UNSYNCED, /* INIT, STEP or nothing: the server has no time */
	NTP_KISS_PRIVATE,  /* X...: experimental, to be ignored */
	NTP_KISS_OTHER,    /* to be ignored */
};

/**
 * ntp_kiss_classify - what the answer p says.  The caller has made sure that
 * it answers a request of ours.
 */
enum ntp_kiss ntp_kiss_classify(const struct ntp_packet *p);

#endif
