/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cookies: none opens but those that were given out; whatever keys go into
 * one come out of it.
 */
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
was_given_out(const struct fixture *f, const uint8_t *data, size_t len)
{
	for (int i = 0; i < FIXTURE_AEADS; i++)
		if (len == nts_cookie_len(fixture_aeads[i]) &&
		    memcmp(data, f->cookies[i], len) == 0)
			return true;
	return false;
}

static void
round_trip(struct fixture *f, const uint8_t *data, size_t len)
{
	struct nts_keys in = {.aead = fixture_aeads[data[0] % FIXTURE_AEADS]};
	struct nts_keys got;
	uint8_t cookie[NTS_COOKIE_OURS_MAX];
	size_t cookie_len = nts_cookie_len(in.aead);
	size_t key_len = crypto_aead_key_len(in.aead);

	in.key_len = (uint8_t)key_len;
	memcpy(in.c2s, data, len < key_len ? len : key_len);
	memcpy(in.s2c, data + len / 2,
	    len - len / 2 < key_len ? len - len / 2 : key_len);
	need(nts_cookie_seal(&f->server.cookies, &in, &f->rng, cookie) == 0);
	need(
	    nts_cookie_open(&f->server.cookies, cookie, cookie_len, &got) == 0);
	need(memcmp(&in, &got, sizeof(in)) == 0);
	cookie[data[len - 1] % cookie_len] ^= (uint8_t)(1 + data[0] % 255);
	need(nts_cookie_open(&f->server.cookies, cookie, cookie_len, &got) ==
	    ERR_AUTH);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fixture *f = fixture_get();
	struct nts_keys got;
	int rc;

	rc = nts_cookie_open(&f->server.cookies, data, len, &got);
	need((rc == 0) == was_given_out(f, data, len));
	if (len > 0)
		round_trip(f, data, len);
	return 0;
}
