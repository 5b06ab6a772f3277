/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header: whatever decodes encodes to the same bytes, and the checks on
 * it answer something for every one.
 */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <string.h>

#include "ntp/check.h"
#include "ntp/kiss.h"
#include "ntp/packet.h"
#include "ntp/refid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ntp_expect e = {
	    .version = 4, .distance_max_s = NTP_CHECK_DISTANCE_MAX_S};
	char text[NTP_REFID_TEXT_MAX];
	uint8_t out[NTP_HEADER_LEN];
	struct ntp_packet p;
	enum ntp_check c;

	if (ntp_packet_decode(&p, data, len) < 0) {
		assert(len < NTP_HEADER_LEN);
		return 0;
	}
	ntp_packet_encode(&p, out);
	assert(memcmp(out, data, sizeof out) == 0);
	ntp_refid_text(p.ref_id, p.stratum, text);
	assert(strlen(text) < sizeof text);
	e.origin = p.origin;
	c = ntp_check_answer(&p, &e);
	assert(c < NTP_CHECK_CNT);
	if (c == NTP_CHECK_OK) {
		assert(p.mode == NTP_MODE_SERVER && p.version == 4);
		assert(p.origin.v != 0 && p.leap != NTP_LEAP_UNSYNCED);
		assert(p.stratum >= 1 && p.stratum <= NTP_STRATUM_MAX);
		assert(ntp_kiss_classify(&p) == NTP_KISS_NONE);
	}
	if (c == NTP_CHECK_KISS)
		assert(ntp_kiss_classify(&p) != NTP_KISS_NONE);
	e.origin.v = ~p.origin.v;
	assert(!ntp_check_is_ours(ntp_check_answer(&p, &e)));
	return 0;
}
