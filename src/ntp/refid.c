/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference ids, RFC 5905 section 7.3.
 */
#include "ntp/refid.h"

#include <stddef.h>
#include <stdio.h>

static uint32_t
first_four(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

uint32_t
ntp_refid_from_text(const char *text)
{
	uint8_t b[4] = {0};

	for (size_t i = 0; i < sizeof b && text[i] != '\0'; i++)
		b[i] = (uint8_t)text[i];
	return first_four(b);
}

uint32_t
ntp_refid_from_addr(const struct addr *a, const uint8_t md5[16])
{
	if (a->family == ADDR_V4)
		return first_four(a->bytes);
	return a->family == ADDR_V6 && md5 ? first_four(md5) : 0;
}

/* The text comes from the network: nothing but printable ASCII gets out. */
static void
code_text(uint32_t ref_id, char *buf, size_t max)
{
	size_t pos = 0;

	for (uint32_t rest = ref_id; rest != 0; rest <<= 8) {
		unsigned c = rest >> 24;

		if (c > 0x20 && c < 0x7f && c != '\\')
			buf[pos++] = (char)c;
		else
			pos += (size_t)snprintf(
			    buf + pos, max - pos, "\\x%02x", c);
	}
	buf[pos] = '\0';
}

const char *
ntp_refid_text(uint32_t ref_id, unsigned stratum, char buf[NTP_REFID_TEXT_MAX])
{
	if (stratum <= 1 && ref_id != NTP_REFID_LOCAL)
		code_text(ref_id, buf, NTP_REFID_TEXT_MAX);
	else
		snprintf(buf, NTP_REFID_TEXT_MAX, "%u.%u.%u.%u", ref_id >> 24,
		    ref_id >> 16 & 0xff, ref_id >> 8 & 0xff, ref_id & 0xff);
	return buf;
}
