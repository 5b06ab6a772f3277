/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTP requests with NTS fields against the server: no answer longer than the
 * request, none that our client cannot open.  The first byte says what the
 * rest is: a whole packet; fields put before the authenticator of a valid
 * request; or the text inside one.
 */
#include "../nts_alone.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t uid[NTS_UID_LEN] = {1, 2, 3, 4};

static size_t
make_packet(uint8_t *buf, size_t max, const uint8_t *data, size_t len)
{
	struct fixture *f = fixture_get();
	struct bytes_out out;

	if (len > NTS_PACKET_LEN_MAX)
		len = NTS_PACKET_LEN_MAX;
	bytes_out_init(&out, buf, max);
	if (data[0] % 3 == 0) {
		bytes_put_raw(&out, data + 1, len - 1);
		return out.pos;
	}
	bytes_put_u8(&out, 0x23);
	bytes_put_zero(&out, 47);
	bytes_put_u32(&out, 0x01040024);
	bytes_put_raw(&out, uid, sizeof(uid));
	bytes_put_u32(&out, 0x0204006c);
	bytes_put_raw(&out, f->cookies[0], 96);
	if (data[0] % 3 == 1) {
		bytes_put_raw(&out, data + 1, len - 1);
		fixture_seal(&out, f->keys[0].c2s, NULL, 0);
	} else {
		fixture_seal(&out, f->keys[0].c2s, data + 1, len - 1);
	}
	return out.pos;
}

static void
check_response(const struct nts_ef_request *req, const struct nts_keys *session,
    const struct bytes_out *out)
{
	static struct nts_ef_answer answer;
	struct fixture *f = fixture_get();
	struct bytes_in in;

	need(out->pos <= req->packet_len);
	bytes_in_init(&in, out->data, out->pos);
	/* Our client's UIDs have 32 octets, those it echoes up to 64. */
	if (req->uid_len != NTS_UID_LEN)
		return;
	need(nts_ef_open_response(
		 &f->server.aeads, session, &in, req->uid, &answer) == 0);
	need(answer.cookie_cnt == 1 + req->placeholder_cnt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t packet[2 * NTS_PACKET_LEN_MAX];
	static uint8_t response[2 * NTS_PACKET_LEN_MAX];
	struct fixture *f = fixture_get();
	struct nts_ef_exchange x;
	struct bytes_out out;
	uint8_t *exact;
	int rc;

	if (len < 1)
		return 0;
	len = make_packet(packet, sizeof(packet), data, len);
	exact = malloc(len ? len : 1);
	need(exact != NULL);
	memcpy(exact, packet, len);
	bytes_out_init(&out, response, sizeof(response));
	bytes_put_u8(&out, 0x24);
	bytes_put_zero(&out, 47);
	rc = nts_ef_find_request(exact, len, &x.req);
	if (rc == 0) {
		rc = nts_alone_open(&f->server, &x);
		if (rc == 0) {
			need(nts_alone_answer(&f->server, &x, &out) == 0);
			check_response(&x.req, &x.session, &out);
		} else if (rc == ERR_AUTH) {
			need(nts_ef_put_nak(&x.req, &out) == 0);
			need(out.pos <= len);
		}
	}
	need(rc == 0 || rc == ERR_ABSENT || rc == ERR_AUTH || rc == ERR_BAD);
	free(exact);
	return 0;
}
