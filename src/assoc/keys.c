/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When an association exchanges keys, and what it keeps for the next start.
 * RFC 8915 sections 4.2 (back-off), 5.7 and 6 (client rules).  Invariants:
 * never more than one exchange under way; attempts are spaced by the
 * back-off, which only an authenticated answer resets, whatever a stranger
 * sends; keys in use stay in use until an exchange has succeeded.
 */
#include <math.h>
#include <string.h>

#include "assoc_priv.h"
#include "base/wipe.h"

#define BACKOFF_FIRST_S 10.0
#define BACKOFF_FACTOR  1.5
#define BACKOFF_MAX_S   432000.0
#define PERMANENT_S     3600.0 /* asking again unchanged cannot help */
#define BUSY_NS         (120 * TSTAMP_NS_PER_S)
#define REFRESH_S       2419200.0
#define REPLACE_TRIES   3U /* of a server of a pool */
#define SET_ASIDE       2U /* cookies for the file, of a full set */

static struct mono
after_s(struct mono t, double s)
{
	return tstamp_mono_add(t, tstamp_dur_from_s(s));
}

static double
backoff_s(uint32_t try_cnt)
{
	double s = BACKOFF_FIRST_S * pow(BACKOFF_FACTOR, (double)try_cnt - 1);

	return s < BACKOFF_MAX_S ? s : BACKOFF_MAX_S;
}

static bool
wanted(const struct assoc *a, struct mono now)
{
	double refresh_s =
	    a->conf.refresh_s > 0 ? a->conf.refresh_s : REFRESH_S;

	if (a->ke.forced || nts_jar_wants_exchange(&a->jar))
		return true;
	return tstamp_dur_to_s(tstamp_mono_diff(now, a->ke.at)) > refresh_s;
}

void
assoc_keys_check(struct assoc *a, struct mono now, struct assoc_todo *todo)
{
	struct assoc_ke *ke = &a->ke;

	/* Whoever was asked and never answered is not waited for. */
	if (ke->busy && tstamp_mono_diff(now, ke->asked).ns > BUSY_NS)
		ke->busy = false;
	if (ke->busy || now.ns < ke->next.ns || !wanted(a, now))
		return;
	ke->busy = true;
	ke->asked = now;
	ke->try_cnt++;
	ke->next = after_s(now, backoff_s(ke->try_cnt));
	todo->what |= ASSOC_NEED_KE | ASSOC_REPORT;
}

struct mono
assoc_keys_next(const struct assoc *a)
{
	if (a->ke.busy)
		return tstamp_mono_add(a->ke.asked, (struct dur){BUSY_NS + 1});
	return a->ke.next;
}

void
assoc_keys_confirm(struct assoc *a, bool sample)
{
	a->ke.try_cnt = 0;
	if (sample)
		a->ke.confirmed = true;
}

static int
fill_jar(struct nts_jar *jar, const struct assoc_keys *keys)
{
	struct nts_keys sets[2];
	unsigned set_cnt = keys->second_set ? 2 : 1;
	int err = ERR_BAD;

	memset(sets, 0, sizeof sets);
	memset(jar, 0, sizeof *jar);
	if (keys->key_len > CRYPTO_AEAD_KEY_MAX)
		return ERR_BAD;
	for (unsigned i = 0; i < set_cnt; i++) {
		sets[i].aead = keys->aead;
		sets[i].key_len = keys->key_len;
		memcpy(sets[i].c2s, i ? keys->c2s_second : keys->c2s,
		    keys->key_len);
		memcpy(sets[i].s2c, i ? keys->s2c_second : keys->s2c,
		    keys->key_len);
	}
	err = nts_jar_init(jar, sets, set_cnt);
	wipe_bytes(sets, sizeof sets);
	for (unsigned i = 0; err == 0 && i < keys->cookie_cnt; i++) {
		if (i >= ASSOC_COOKIES_MAX || keys->cookie_len[i] == 0 ||
		    keys->cookie_len[i] > ASSOC_COOKIE_MAX)
			break;
		err = nts_jar_add(jar, keys->cookies[i], keys->cookie_len[i]);
	}
	if (err == 0 && jar->cookie_cnt == 0)
		err = ERR_BAD;
	return err;
}

/* New keys are there: what is under way was sealed with the old ones. */
static void
take_keys(struct assoc *a, const struct assoc_keys *keys, struct mono now,
    struct assoc_todo *todo)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++)
		assoc_exchange_close(a, i, todo);
	assoc_interleave_forget(a);
	a->addr = keys->addr;
	if (a->addr.port == 0)
		a->addr.port = a->conf.port;
	a->ke.at = now;
	a->ke.exchanged.ns = 0;
	a->ke.confirmed = false;
	a->ke.forced = false;
	a->ke.not_before_s = keys->cert_not_before_s;
	a->ke.not_after_s = keys->cert_not_after_s;
	a->stage = REPORT_STAGE_NONE;
	a->unanswered_cnt = 0;
	a->refused = false;
	a->plan.blocked = false;
	if (a->started)
		a->plan.next = now;
	todo->what |= ASSOC_SAVE;
}

void
assoc_keys(struct assoc *a, const struct assoc_keys *keys, struct mono now,
    struct assoc_todo *todo)
{
	struct nts_jar jar;
	uint8_t stage = keys->stage;

	memset(todo, 0, sizeof *todo);
	a->ke.busy = false;
	if (a->conf.auth != ASSOC_AUTH_NTS)
		return;
	if (stage == REPORT_STAGE_NONE &&
	    (!assoc_addr_usable(a, &keys->addr) || fill_jar(&jar, keys) < 0))
		stage = REPORT_STAGE_NEGOTIATION;
	if (stage == REPORT_STAGE_NONE) {
		nts_jar_wipe(&a->jar);
		a->jar = jar;
		take_keys(a, keys, now, todo);
	} else {
		a->stage = stage;
		if (keys->permanent &&
		    a->ke.next.ns < after_s(now, PERMANENT_S).ns)
			a->ke.next = after_s(now, PERMANENT_S);
		if (a->plan.blocked)
			a->plan.next = assoc_keys_next(a);
		if (a->conf.pool && a->reach == 0 &&
		    a->ke.try_cnt >= REPLACE_TRIES)
			todo->what |= ASSOC_REPLACE;
	}
	wipe_bytes(&jar, sizeof jar);
	todo->what |= ASSOC_REPORT;
	assoc_run(a, now, todo);
}

size_t
assoc_save(struct assoc *a, bool stop, struct wall now, uint8_t *out)
{
	struct nts_jar_saved saved;
	unsigned cnt = a->jar.cookie_cnt / 3;
	size_t len = 0;

	if (a->conf.auth != ASSOC_AUTH_NTS)
		return 0;
	if (a->ke.exchanged.ns == 0)
		a->ke.exchanged = now;
	if (cnt > SET_ASIDE)
		cnt = SET_ASIDE;
	memset(&saved, 0, sizeof saved);
	cnt = nts_jar_set_aside(&a->jar, stop ? NTS_COOKIES_MAX : cnt, &saved);
	if (cnt > 0) {
		memcpy(saved.ke_name, a->conf.ke_name, sizeof saved.ke_name);
		saved.server = a->addr;
		saved.not_after.ns = a->ke.not_after_s == 0
		    ? INT64_MAX
		    : a->ke.not_after_s * TSTAMP_NS_PER_S;
		saved.exchanged = a->ke.exchanged;
		len = nts_jar_encode(&saved, out);
	}
	wipe_bytes(&saved, sizeof saved);
	return len;
}

static bool
is_wanted(const struct assoc *a, unsigned aead)
{
	bool wanted = a->conf.aead_cnt == 0;

	for (size_t i = 0; i < a->conf.aead_cnt; i++)
		wanted = wanted || a->conf.aeads[i] == aead;
	return wanted && nts_aeads_get(a->tools.aeads, aead);
}

int
assoc_restore(struct assoc *a, const uint8_t *blob, size_t len, struct wall now)
{
	struct nts_jar_saved saved;
	double refresh_s =
	    a->conf.refresh_s > 0 ? a->conf.refresh_s : REFRESH_S;
	int err;

	if (a->conf.auth != ASSOC_AUTH_NTS)
		return ERR_BAD;
	err = nts_jar_decode(&saved, blob, len);
	if (err == 0 &&
	    (!nts_jar_saved_usable(
		 &saved, a->conf.ke_name, now, tstamp_dur_from_s(refresh_s)) ||
		!is_wanted(a, saved.jar.sets[0].aead)))
		err = ERR_BAD;
	if (err == 0) {
		nts_jar_wipe(&a->jar);
		a->jar = saved.jar;
		a->addr = saved.server;
		a->ke.exchanged = saved.exchanged;
		a->ke.age = tstamp_wall_diff(now, saved.exchanged);
		if (saved.not_after.ns != INT64_MAX)
			a->ke.not_after_s =
			    saved.not_after.ns / TSTAMP_NS_PER_S;
	}
	wipe_bytes(&saved, sizeof saved);
	return err;
}
