/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NTP header to and from bytes, RFC 5905 section 7.3.
 */
#include "ntp/packet.h"

#include <string.h>

#include "base/bytes.h"

int
ntp_packet_decode(struct ntp_packet *p, const uint8_t *data, size_t len)
{
	struct bytes_in in;
	uint8_t first;

	if (len < NTP_HEADER_LEN) {
		memset(p, 0, sizeof *p);
		return ERR_BAD;
	}
	bytes_in_init(&in, data, NTP_HEADER_LEN);
	first = bytes_get_u8(&in);
	p->leap = first >> 6;
	p->version = first >> 3 & 7;
	p->mode = first & 7;
	p->stratum = bytes_get_u8(&in);
	p->poll = (int8_t)bytes_get_u8(&in);
	p->precision = (int8_t)bytes_get_u8(&in);
	p->root_delay.v = bytes_get_u32(&in);
	p->root_dispersion.v = bytes_get_u32(&in);
	p->ref_id = bytes_get_u32(&in);
	p->reference.v = bytes_get_u64(&in);
	p->origin.v = bytes_get_u64(&in);
	p->receive.v = bytes_get_u64(&in);
	p->transmit.v = bytes_get_u64(&in);
	return 0;
}

void
ntp_packet_encode(const struct ntp_packet *p, uint8_t out[NTP_HEADER_LEN])
{
	struct bytes_out to;

	bytes_out_init(&to, out, NTP_HEADER_LEN);
	bytes_put_u8(&to,
	    (uint8_t)((p->leap & 3) << 6 | (p->version & 7) << 3 |
		(p->mode & 7)));
	bytes_put_u8(&to, p->stratum);
	bytes_put_u8(&to, (uint8_t)p->poll);
	bytes_put_u8(&to, (uint8_t)p->precision);
	bytes_put_u32(&to, p->root_delay.v);
	bytes_put_u32(&to, p->root_dispersion.v);
	bytes_put_u32(&to, p->ref_id);
	bytes_put_u64(&to, p->reference.v);
	bytes_put_u64(&to, p->origin.v);
	bytes_put_u64(&to, p->receive.v);
	bytes_put_u64(&to, p->transmit.v);
}

bool
ntp_packet_is_request(const struct ntp_packet *p)
{
	if (p->version < NTP_VERSION_MIN || p->version > NTP_VERSION)
		return false;
	return p->mode == NTP_MODE_CLIENT ||
	    (p->version == 1 && p->mode == NTP_MODE_RESERVED);
}

const char *
ntp_packet_leap_text(unsigned leap)
{
	static const char *const texts[] = {
	    [NTP_LEAP_NONE] = "normal",
	    [NTP_LEAP_INSERT] = "insert",
	    [NTP_LEAP_DELETE] = "delete",
	    [NTP_LEAP_UNSYNCED] = "unsynchronised",
	};

	return texts[leap & 3];
}
