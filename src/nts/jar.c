/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's cookies and keys, and their saved form.  RFC 8915 sections
 * 5.7 and 6.  A cookie is wiped as it is copied out, so that it cannot leave
 * twice.
 *
 *	magic 8 | exchanged 8 | not after 8 | server: family 1, port 2,
 *	scope 4, address 16 | name: length 2, text | AEAD id 2 | key sets 1,
 *	each C2S, S2C | cookies 1, each length 2, octets | checksum 8
 */
#include "nts/jar.h"

#include <string.h>

#include "base/siphash.h"
#include "base/wipe.h"

#define CHECKSUM_LEN 8

static const uint8_t magic[8] = "TNCOOK\0\1"; /* the version is last */
static const uint8_t checksum_key[SIPHASH_KEY_LEN] = "nts saved jar 1";

int
nts_jar_init(struct nts_jar *jar, const struct nts_keys *sets, unsigned set_cnt)
{
	memset(jar, 0, sizeof(*jar));
	if (set_cnt == 0 || set_cnt > 2 || !nts_keys_valid(&sets[0]))
		return ERR_BAD;
	if (set_cnt == 2 &&
	    (!nts_keys_valid(&sets[1]) || sets[1].aead != sets[0].aead))
		return ERR_BAD;
	jar->set_cnt = (uint8_t)set_cnt;
	for (unsigned i = 0; i < set_cnt; i++)
		jar->sets[i] = sets[i];
	return 0;
}

static bool
cookie_len_ok(size_t len)
{
	return len >= NTS_COOKIE_LEN_MIN && len <= NTS_COOKIE_LEN_MAX &&
	    len % 4 == 0;
}

static struct nts_cookie *
cookie_at(struct nts_jar *jar, unsigned nth)
{
	return &jar->cookies[(jar->cookie_idx + nth) % NTS_COOKIES_MAX];
}

/* A server that repeats itself must not make us do so. */
static bool
in_stock(struct nts_jar *jar, const uint8_t *cookie, size_t len)
{
	for (unsigned i = 0; i < jar->cookie_cnt; i++) {
		const struct nts_cookie *c = cookie_at(jar, i);

		if (c->len == len && memcmp(c->data, cookie, len) == 0)
			return true;
	}
	return false;
}

int
nts_jar_add(struct nts_jar *jar, const uint8_t *cookie, size_t len)
{
	struct nts_cookie *c;

	if (!cookie_len_ok(len))
		return ERR_BAD;
	if (in_stock(jar, cookie, len))
		return 0;
	if (jar->cookie_cnt == NTS_COOKIES_MAX)
		return ERR_FULL;
	c = cookie_at(jar, jar->cookie_cnt++);
	c->len = (uint16_t)len;
	memcpy(c->data, cookie, len);
	return 0;
}

int
nts_jar_load(struct nts_jar *jar, const struct nts_ke_result *result,
    const struct nts_keys *sets)
{
	if (nts_jar_init(jar, sets, result->context_cnt) != 0 ||
	    sets[0].aead != result->aead ||
	    result->cookie_cnt > NTS_COOKIES_MAX) {
		nts_jar_wipe(jar);
		return ERR_BAD;
	}
	for (unsigned i = 0; i < result->cookie_cnt; i++) {
		const struct nts_cookie *c = &result->cookies[i];

		if (nts_jar_add(jar, c->data, c->len) != 0) {
			nts_jar_wipe(jar);
			return ERR_BAD;
		}
	}
	if (jar->cookie_cnt > 0)
		return 0;
	nts_jar_wipe(jar);
	return ERR_BAD;
}

bool
nts_jar_valid(const struct nts_jar *jar)
{
	if (jar->set_cnt > 2 || jar->cookie_cnt > NTS_COOKIES_MAX ||
	    jar->cookie_idx >= NTS_COOKIES_MAX)
		return false;
	if (jar->set_cnt == 0)
		return jar->cookie_cnt == 0;
	for (unsigned i = 0; i < jar->set_cnt; i++)
		if (!nts_keys_valid(&jar->sets[i]) ||
		    jar->sets[i].aead != jar->sets[0].aead)
			return false;
	for (unsigned i = 0; i < jar->cookie_cnt; i++)
		if (!cookie_len_ok(
			jar->cookies[(jar->cookie_idx + i) % NTS_COOKIES_MAX]
			    .len))
			return false;
	return true;
}

void
nts_jar_wipe(struct nts_jar *jar)
{
	wipe_bytes(jar, sizeof(*jar));
}

/* Whether an NTSN has another key set left to blame. */
static bool
has_alternate(const struct nts_jar *jar)
{
	return jar->set_cnt == 2 && !jar->proven;
}

bool
nts_jar_wants_exchange(const struct nts_jar *jar)
{
	if (jar->cookie_cnt == 0)
		return true;
	if (jar->nak && !has_alternate(jar))
		return true;
	return jar->unanswered >= NTS_JAR_SILENT_MAX &&
	    jar->cookie_cnt <= NTS_COOKIES_MAX / 2;
}

static void
use_alternate(struct nts_jar *jar)
{
	jar->sets[0] = jar->sets[1];
	wipe_bytes(&jar->sets[1], sizeof(jar->sets[1]));
	jar->set_cnt = 1;
	jar->nak = false;
	for (unsigned i = 0; i < NTS_JAR_EXCHANGES; i++)
		nts_jar_give_up(jar, i);
}

static void
take_cookie(struct nts_jar *jar, struct nts_cookie *to)
{
	struct nts_cookie *c = cookie_at(jar, 0);

	*to = *c;
	wipe_bytes(c, sizeof(*c));
	jar->cookie_idx = (uint8_t)((jar->cookie_idx + 1) % NTS_COOKIES_MAX);
	jar->cookie_cnt--;
}

int
nts_jar_request(struct nts_jar *jar, unsigned exchange, struct nts_aeads *aeads,
    struct rng *rng, struct bytes_out *packet)
{
	struct nts_jar_exchange *x;
	struct nts_cookie cookie;
	struct nts_ef_ask ask;
	unsigned want;
	int rc;

	if (exchange >= NTS_JAR_EXCHANGES)
		return ERR_BAD;
	if (jar->cookie_cnt == 0 || jar->set_cnt == 0 ||
	    !nts_aeads_get(aeads, jar->sets[0].aead))
		return ERR_ABSENT;
	if (jar->nak && has_alternate(jar))
		use_alternate(jar);
	take_cookie(jar, &cookie);
	want = NTS_COOKIES_MAX - 1U - jar->cookie_cnt;
	x = &jar->exchanges[exchange];
	rng_bytes(rng, x->uid, sizeof(x->uid));
	ask.uid = x->uid;
	ask.cookie = &cookie;
	ask.placeholder_cnt =
	    nts_ef_fitting_placeholders(jar->sets[0].aead, cookie.len, want);
	rc = nts_ef_put_request(aeads, &jar->sets[0], &ask, rng, packet);
	wipe_bytes(&cookie, sizeof(cookie));
	x->outstanding = rc == 0;
	if (rc == 0 && jar->unanswered < UINT16_MAX)
		jar->unanswered++;
	return rc;
}

static void
accept(
    struct nts_jar *jar, unsigned exchange, const struct nts_ef_answer *answer)
{
	nts_jar_give_up(jar, exchange);
	jar->proven = true;
	jar->nak = false;
	jar->unanswered = 0;
	if (jar->set_cnt == 2) {
		wipe_bytes(&jar->sets[1], sizeof(jar->sets[1]));
		jar->set_cnt = 1;
	}
	for (unsigned i = 0; i < answer->cookie_cnt; i++) {
		const struct nts_cookie *c = &answer->cookies[i];

		/* More than we asked for is dropped. */
		if (nts_jar_add(jar, c->data, c->len) == ERR_FULL)
			break;
	}
}

int
nts_jar_response(struct nts_jar *jar, unsigned exchange,
    struct nts_aeads *aeads, const uint8_t *packet, size_t len)
{
	struct nts_ef_answer answer;
	struct bytes_in in;
	int rc;

	if (exchange >= NTS_JAR_EXCHANGES || jar->set_cnt == 0 ||
	    !jar->exchanges[exchange].outstanding)
		return ERR_ABSENT;
	bytes_in_init(&in, packet, len);
	rc = nts_ef_open_response(
	    aeads, &jar->sets[0], &in, jar->exchanges[exchange].uid, &answer);
	if (rc == 0) {
		accept(jar, exchange, &answer);
		wipe_bytes(&answer, sizeof(answer));
		return 0;
	}
	if (!nts_ef_is_nak(packet, len, jar->exchanges[exchange].uid))
		return rc;
	jar->nak = true;
	return ERR_DENIED;
}

void
nts_jar_give_up(struct nts_jar *jar, unsigned exchange)
{
	if (exchange < NTS_JAR_EXCHANGES)
		memset(&jar->exchanges[exchange], 0,
		    sizeof(jar->exchanges[exchange]));
}

/* ---- the saved form ---------------------------------------------------- */

unsigned
nts_jar_set_aside(
    struct nts_jar *jar, unsigned cookie_cnt, struct nts_jar_saved *saved)
{
	unsigned cnt = 0;

	memset(saved, 0, sizeof(*saved));
	if (jar->set_cnt == 0)
		return 0;
	saved->jar.set_cnt = jar->set_cnt;
	memcpy(saved->jar.sets, jar->sets, sizeof(jar->sets));
	while (cnt < cookie_cnt && jar->cookie_cnt > 0) {
		take_cookie(jar, &saved->jar.cookies[cnt]);
		cnt++;
	}
	saved->jar.cookie_cnt = (uint8_t)cnt;
	return cnt;
}

/* Keys from the future mean a clock that is behind, as after a start without
 * a battery: then they are worth most, since certificates cannot be judged. */
bool
nts_jar_saved_usable(const struct nts_jar_saved *saved, const char *ke_name,
    struct wall now, struct dur refresh)
{
	struct dur age = tstamp_wall_diff(now, saved->exchanged);

	return saved->jar.cookie_cnt > 0 && nts_jar_valid(&saved->jar) &&
	    strcmp(saved->ke_name, ke_name) == 0 &&
	    (refresh.ns <= 0 || age.ns < refresh.ns) &&
	    now.ns <= saved->not_after.ns;
}

static void
put_server(struct bytes_out *out, const struct addr *a)
{
	bytes_put_u8(out, a->family);
	bytes_put_u16(out, a->port);
	bytes_put_u32(out, a->scope);
	bytes_put_raw(out, a->bytes, sizeof(a->bytes));
}

static void
put_jar(struct bytes_out *out, const struct nts_jar *jar)
{
	bytes_put_u16(out, jar->sets[0].aead);
	bytes_put_u8(out, jar->set_cnt);
	for (unsigned i = 0; i < jar->set_cnt; i++) {
		bytes_put_raw(out, jar->sets[i].c2s, jar->sets[i].key_len);
		bytes_put_raw(out, jar->sets[i].s2c, jar->sets[i].key_len);
	}
	bytes_put_u8(out, jar->cookie_cnt);
	for (unsigned i = 0; i < jar->cookie_cnt; i++) {
		const struct nts_cookie *c =
		    &jar->cookies[(jar->cookie_idx + i) % NTS_COOKIES_MAX];

		bytes_put_u16(out, c->len);
		bytes_put_raw(out, c->data, c->len);
	}
}

size_t
nts_jar_encode(
    const struct nts_jar_saved *saved, uint8_t buf[NTS_JAR_SAVED_MAX])
{
	size_t name_len = strnlen(saved->ke_name, NTS_NAME_MAX - 1);
	struct bytes_out out;

	bytes_out_init(&out, buf, NTS_JAR_SAVED_MAX);
	bytes_put_raw(&out, magic, sizeof(magic));
	bytes_put_u64(&out, (uint64_t)saved->exchanged.ns);
	bytes_put_u64(&out, (uint64_t)saved->not_after.ns);
	put_server(&out, &saved->server);
	bytes_put_u16(&out, (uint16_t)name_len);
	bytes_put_raw(&out, saved->ke_name, name_len);
	put_jar(&out, &saved->jar);
	bytes_put_u64(&out, siphash_24(checksum_key, buf, out.pos));
	return out.bad ? 0 : out.pos;
}

static bool
get_server(struct bytes_in *in, struct addr *a)
{
	a->family = bytes_get_u8(in);
	a->port = bytes_get_u16(in);
	a->scope = bytes_get_u32(in);
	bytes_get_raw(in, a->bytes, sizeof(a->bytes));
	return a->family == ADDR_V4 || a->family == ADDR_V6;
}

static bool
get_name(struct bytes_in *in, char name[NTS_NAME_MAX])
{
	size_t len = bytes_get_u16(in);

	if (len == 0 || len >= NTS_NAME_MAX)
		return false;
	bytes_get_raw(in, name, len);
	name[len] = '\0';
	return strlen(name) == len;
}

static bool
get_sets(struct bytes_in *in, struct nts_jar *jar)
{
	uint16_t aead = bytes_get_u16(in);
	size_t len = crypto_aead_key_len(aead);

	jar->set_cnt = bytes_get_u8(in);
	if (jar->set_cnt == 0 || jar->set_cnt > 2)
		return false;
	for (unsigned i = 0; i < jar->set_cnt; i++) {
		jar->sets[i].aead = aead;
		jar->sets[i].key_len = (uint8_t)len;
		bytes_get_raw(in, jar->sets[i].c2s, len);
		bytes_get_raw(in, jar->sets[i].s2c, len);
	}
	return len != 0;
}

static bool
get_cookies(struct bytes_in *in, struct nts_jar *jar)
{
	unsigned cnt = bytes_get_u8(in);

	if (cnt > NTS_COOKIES_MAX)
		return false;
	for (unsigned i = 0; i < cnt; i++) {
		size_t len = bytes_get_u16(in);
		const uint8_t *data = bytes_take(in, len);

		if (!data || nts_jar_add(jar, data, len) != 0)
			return false;
	}
	return true;
}

int
nts_jar_decode(struct nts_jar_saved *saved, const uint8_t *buf, size_t len)
{
	const uint8_t *start;
	struct bytes_in in;
	uint64_t sum;

	memset(saved, 0, sizeof(*saved));
	bytes_in_init(&in, buf, len);
	start = bytes_take(&in, sizeof(magic));
	if (!start || memcmp(start, magic, sizeof(magic)) != 0)
		return ERR_BAD;
	saved->exchanged.ns = (int64_t)bytes_get_u64(&in);
	saved->not_after.ns = (int64_t)bytes_get_u64(&in);
	if (get_server(&in, &saved->server) && get_name(&in, saved->ke_name) &&
	    get_sets(&in, &saved->jar) && get_cookies(&in, &saved->jar) &&
	    bytes_left(&in) == CHECKSUM_LEN) {
		sum = siphash_24(checksum_key, buf, len - CHECKSUM_LEN);
		if (bytes_get_u64(&in) == sum)
			return 0;
	}
	wipe_bytes(saved, sizeof(*saved));
	return ERR_BAD;
}
