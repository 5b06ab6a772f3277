/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap second lists: what is taken is sorted and whole, says the same of a
 * leap second from both sides, and what is refused leaves nothing behind.
 */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <string.h>

#include "conf/leaplist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conf_leaplist l, none;
	struct conf_leap_outlook before, after;
	int err = conf_leaplist_parse(&l, data, len);

	memset(&none, 0, sizeof none);
	assert(err == 0 || err == ERR_BAD);
	if (err < 0) {
		assert(memcmp(&l, &none, sizeof l) == 0);
		return 0;
	}
	assert(conf_leaplist_check(&l) == 0);
	for (uint32_t i = 0; i < l.cnt; i++) {
		struct wall at = {l.leap[i].at_s * TSTAMP_NS_PER_S};
		int soon, then;

		if (l.leap[i].at_s > INT64_MAX / TSTAMP_NS_PER_S - 1)
			break;
		soon =
		    conf_leaplist_look(&l, (struct wall){at.ns - 1}, &before);
		then = conf_leaplist_look(&l, at, &after);
		assert(soon == 0 || then < 0);
		assert(before.next.ns == at.ns && before.sense != 0);
		assert(after.next.ns == 0 || after.next.ns > at.ns);
		assert(
		    after.tai_offset_s == before.tai_offset_s + before.sense);
	}
	return 0;
}
