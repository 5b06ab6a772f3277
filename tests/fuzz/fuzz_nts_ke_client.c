/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE responses: the same verdict whole and in pieces, and a result that
 * stands is one that can be used.  The first byte says how long the pieces
 * are and what was offered.
 */
#include "nts/ke_client.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
feed_all(struct nts_ke_client *ke, uint8_t how, const uint8_t *data, size_t len,
    size_t piece)
{
	static const uint16_t aeads[] = {30, 15, 17};
	struct nts_ke_offer offer = {
	    .aeads = aeads, .aead_cnt = 3, .loopback_ok = (how & 0x80) != 0};
	int rc = ERR_AGAIN;

	need(nts_ke_client_init(ke, &offer) == 0);
	for (size_t at = 0; at < len && rc != ERR_BAD; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		rc = nts_ke_client_feed(ke, data + at, n);
	}
	if (rc == ERR_AGAIN)
		rc = nts_ke_client_eof(ke);
	return rc;
}

static void
check_result(const struct nts_ke_result *r, bool loopback_ok)
{
	size_t len = strlen(r->server);

	need(r->aead == 30 || r->aead == 15 || r->aead == 17);
	need(r->context_cnt == 1 || (r->context_cnt == 2 && r->aead == 30));
	need(r->port != 0);
	need(r->cookie_cnt >= 1 && r->cookie_cnt <= NTS_COOKIES_MAX);
	need(r->cookie_seen >= r->cookie_cnt);
	for (unsigned i = 0; i < r->cookie_cnt; i++)
		need(r->cookies[i].len >= NTS_COOKIE_LEN_MIN &&
		    r->cookies[i].len <= NTS_COOKIE_LEN_MAX &&
		    r->cookies[i].len % 4 == 0);
	need(len == 0 ||
	    nts_record_name_ok((const uint8_t *)r->server, len, loopback_ok));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct nts_ke_client whole, pieces;
	int rc;

	if (len < 2)
		return 0;
	rc = feed_all(&whole, data[0], data + 1, len - 1, len);
	need(rc == 0 || rc == ERR_BAD);
	need((rc == 0) == (whole.fail == NTS_KE_FAIL_NONE));
	need(rc ==
	    feed_all(&pieces, data[0], data + 1, len - 1, 1 + data[0] % 31));
	need(whole.fail == pieces.fail);
	need(memcmp(&whole.result, &pieces.result, sizeof(whole.result)) == 0);
	if (rc == 0)
		check_result(&whole.result, (data[0] & 0x80) != 0);
	return 0;
}
