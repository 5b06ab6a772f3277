/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference ids, RFC 5905 section 7.3: what we call the server that we
 * follow, to our clients, and how a server that follows us gives itself away.
 */
#include "crypto/digest.h"
#include "ntp/refid.h"
#include "sync_priv.h"

uint32_t
daemon_sync_refid_of(const struct addr *a)
{
	uint8_t md5[CRYPTO_DIGEST_MD5_LEN];

	/* Without MD5 an IPv6 address has no id that others would know. */
	if (a->family == ADDR_V6 &&
	    crypto_digest_md5(a->bytes, sizeof a->bytes, md5) < 0)
		return 0;
	return ntp_refid_from_addr(a, a->family == ADDR_V6 ? md5 : NULL);
}

uint32_t
daemon_sync_refid_now(struct sync *s, struct mono now)
{
	struct discipline_view v;
	struct assoc_status st;

	discipline_look(s->discipline, now, &v);
	if (v.selected >= 0 && s->slots[v.selected].dir) {
		assoc_status(s->slots[v.selected].assoc, &st);
		s->ref_id = daemon_sync_refid_of(&st.addr);
	}
	return s->ref_id;
}
