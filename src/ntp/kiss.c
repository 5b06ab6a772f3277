/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kiss codes.  Only codes listed here ever make a client do something.
 */
#include "ntp/kiss.h"

#include <stddef.h>

static const struct {
	uint32_t code;
	enum ntp_kiss kiss;
} codes[] = {
    {NTP_KISS_CODE_DENY, NTP_KISS_DENY},
    {NTP_KISS_CODE_RSTR, NTP_KISS_RSTR},
    {NTP_KISS_CODE_RATE, NTP_KISS_RATE},
    {NTP_KISS_CODE_NTSN, NTP_KISS_NTSN},
    {NTP_KISS_CODE_INIT, NTP_KISS_UNSYNCED},
    {NTP_KISS_CODE_STEP, NTP_KISS_UNSYNCED},
    {0, NTP_KISS_UNSYNCED},
};

enum ntp_kiss
ntp_kiss_classify(const struct ntp_packet *p)
{
	if (p->stratum != 0)
		return NTP_KISS_NONE;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].code == p->ref_id)
			return codes[i].kiss;
	return p->ref_id >> 24 == 'X' ? NTP_KISS_PRIVATE : NTP_KISS_OTHER;
}
