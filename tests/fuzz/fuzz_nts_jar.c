/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's jar: saved forms that decode encode to the same bytes, and
 * answers, forged or authentic with any content, leave it sound.  The first
 * byte says what the rest is: a saved form; one whose checksum is made
 * right; a packet; or the text inside an authentic answer.
 */
#include "base/siphash.h"
#include "nts/jar.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
saved_form(const uint8_t *data, size_t len)
{
	static struct nts_jar_saved saved;
	uint8_t again[NTS_JAR_SAVED_MAX];

	if (nts_jar_decode(&saved, data, len) != 0) {
		need(saved.jar.set_cnt == 0 && saved.jar.cookie_cnt == 0);
		return;
	}
	need(nts_jar_valid(&saved.jar));
	/* Cookies that are in it twice are kept once. */
	need(nts_jar_encode(&saved, again) <= len);
	if (nts_jar_encode(&saved, again) == len)
		need(memcmp(again, data, len) == 0);
	(void)nts_jar_saved_usable(
	    &saved, "a", (struct wall){0}, (struct dur){0});
}

static void
saved_form_summed(const uint8_t *data, size_t len)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "nts saved jar 1";
	static uint8_t buf[2 * NTS_JAR_SAVED_MAX];
	struct bytes_out out;

	if (len > NTS_JAR_SAVED_MAX)
		return;
	bytes_out_init(&out, buf, sizeof(buf));
	bytes_put_raw(&out, data, len);
	bytes_put_u64(&out, siphash_24(key, buf, len));
	saved_form(buf, out.pos);
}

static void
start(struct nts_jar *jar)
{
	struct fixture *f = fixture_get();
	uint8_t buf[NTS_REQUEST_LEN_MAX] = {0x23};
	struct bytes_out out;

	need(nts_jar_init(jar, &f->keys[0], 1) == 0);
	need(nts_jar_add(jar, f->cookies[0], 96) == 0);
	bytes_out_init(&out, buf, sizeof(buf));
	bytes_put_u8(&out, 0x23);
	bytes_put_zero(&out, 47);
	need(nts_jar_request(jar, 0, &f->server.aeads, &f->rng, &out) == 0);
	memset(jar->exchanges[0].uid, 9, NTS_UID_LEN);
}

static void
raw_answer(const uint8_t *data, size_t len)
{
	struct fixture *f = fixture_get();
	static struct nts_jar jar;
	int rc;

	start(&jar);
	rc = nts_jar_response(&jar, 0, &f->server.aeads, data, len);
	need(rc == ERR_BAD || rc == ERR_AUTH || rc == ERR_DENIED);
	need(jar.cookie_cnt == 0 && !jar.proven);
	need(jar.nak == (rc == ERR_DENIED) && jar.exchanges[0].outstanding);
}

static void
sealed_answer(const uint8_t *data, size_t len)
{
	static uint8_t packet[2 * NTS_PACKET_LEN_MAX];
	struct fixture *f = fixture_get();
	static struct nts_jar jar;
	struct bytes_out out;
	int rc;

	if (len > NTS_PACKET_LEN_MAX)
		return;
	start(&jar);
	bytes_out_init(&out, packet, sizeof(packet));
	bytes_put_u8(&out, 0x24);
	bytes_put_zero(&out, 47);
	bytes_put_u32(&out, 0x01040024);
	bytes_put_raw(&out, jar.exchanges[0].uid, NTS_UID_LEN);
	fixture_seal(&out, f->keys[0].s2c, data, len);
	rc = nts_jar_response(&jar, 0, &f->server.aeads, packet, out.pos);
	need(rc == 0 || rc == ERR_BAD);
	need(nts_jar_valid(&jar) && jar.proven == (rc == 0));
	need(jar.exchanges[0].outstanding == (rc != 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const what[4])(const uint8_t *, size_t) = {
	    saved_form, saved_form_summed, raw_answer, sealed_answer};

	if (len > 0)
		what[data[0] % 4](data + 1, len - 1);
	return 0;
}
