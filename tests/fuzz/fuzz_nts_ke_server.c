/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE requests: one verdict whole and in pieces, a response to each that
 * fits its bound and that our client understands.  The first byte says how
 * long the pieces are.
 */
#include "nts/ke_client.h"
#include "nts/ke_server.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct nts_ke_server_conf conf = {
    .aeads = {15, 17, 30},
    .aead_cnt = 3,
    .server = "ntp.example.org",
    .port = 11123,
};

static int
feed_all(
    struct nts_ke_server *ke, const uint8_t *data, size_t len, size_t piece)
{
	int rc = ERR_AGAIN;

	nts_ke_server_init(ke, &conf);
	for (size_t at = 0; at < len && rc == ERR_AGAIN; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		rc = nts_ke_server_feed(ke, data + at, n);
	}
	return rc == ERR_AGAIN ? nts_ke_server_eof(ke) : rc;
}

static void
check_response(const struct nts_ke_server *ke, bool agreed,
    const uint8_t *response, size_t len)
{
	static struct nts_ke_client client;
	struct nts_ke_offer offer = {.aeads = conf.aeads, .aead_cnt = 3};
	int rc;

	need(nts_ke_client_init(&client, &offer) == 0);
	rc = nts_ke_client_feed(&client, response, len);
	need((rc == 0) == agreed);
	if (!agreed)
		return;
	need(client.result.aead == ke->aead);
	need(client.result.cookie_cnt == NTS_COOKIES_MAX);
	need(client.result.port == conf.port);
	need(strcmp(client.result.server, conf.server) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct nts_ke_server ke, pieces;
	struct fixture *f = fixture_get();
	uint8_t response[NTS_KE_SERVER_RESPONSE_MAX];
	struct nts_ke_mint mint = {
	    .cookies = &f->server.cookies, .rng = &f->rng};
	struct nts_ke_context ctx;
	struct bytes_out out;
	bool agreed;
	int rc;

	if (len < 2)
		return 0;
	rc = feed_all(&ke, data + 1, len - 1, len);
	need(rc == feed_all(&pieces, data + 1, len - 1, 1 + data[0] % 31));
	if (rc == ERR_FULL)
		return 0;
	need(rc == 0 && ke.verdict == pieces.verdict && ke.aead == pieces.aead);
	agreed = nts_ke_server_wants_keys(&ke, &ctx);
	for (int i = 0; i < FIXTURE_AEADS; i++)
		if (f->keys[i].aead == ke.aead)
			mint.session = &f->keys[i];
	bytes_out_init(&out, response, sizeof(response));
	need(nts_ke_server_respond(&ke, agreed ? &mint : NULL, &out) == 0);
	check_response(&ke, agreed, response, out.pos);
	return 0;
}
