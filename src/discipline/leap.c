/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap seconds: what the accepted sources announce, by majority, unless a
 * leap second list says it with more authority.  Announced only in the last
 * 24 hours of a month, as RFC 5905 has it (hostile case H9).
 */
#include "core_priv.h"

uint8_t
discipline_leap_vote(const struct discipline *d)
{
	unsigned said[3] = {0, 0, 0};

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->vote.accepted >> i & 1)
			said[d->source[i].told.leap % 3]++;
	for (uint8_t leap = 1; leap <= 2; leap++)
		if (2 * said[leap] > d->vote.accepted_cnt)
			return leap;
	return 0;
}
