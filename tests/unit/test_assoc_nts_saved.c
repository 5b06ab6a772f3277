/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS associations over a restart: what is saved of keys and cookies, what is
 * refused of it, and a server that has forgotten its own meanwhile.
 */
#include "assoc_nts_rig.h"

/* Rule 6: saved cookies are never used live, a restart uses them without a
 * key exchange, and no cookie is sent twice in both lives together. */
static void
test_save_and_restore(void **state)
{
	struct world *w = world_new();
	uint8_t aside[ASSOC_SAVED_MAX], all[ASSOC_SAVED_MAX];
	size_t aside_len, all_len;
	struct addr from_dns;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	aside_len = assoc_save(w->r.a, false, rig_ours(w->r.now), aside);
	assert_true(aside_len > 0);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 5);
	for (int i = 0; i < 20; i++) {
		assert_good(w);
		assert_true(rig_next(&w->r));
	}
	all_len = assoc_save(w->r.a, true, rig_ours(w->r.now), all);
	assert_true(all_len > aside_len);
	assert_int_equal(rig_status(&w->r).cookie_cnt, 0);
	assert_int_equal(assoc_save(w->r.a, true, rig_ours(w->r.now), all), 0);

	/* Killed: the set aside is what is found. */
	assoc_free(w->r.a);
	w->r.a = assoc_new(&w->r.conf, &w->r.tools);
	assert_int_equal(
	    assoc_restore(w->r.a, aside, aside_len, rig_ours(w->r.now)), 0);
	w->r.ke_cnt = 0;
	w->r.timer.ns = INT64_MAX;
	assoc_start(w->r.a, (struct dur){0}, false, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_int_equal(w->r.ke_cnt, 0);
	assert_int_equal(w->r.todo.to.port, 4123);
	assert_good(w);
	/* What names resolve to does not move it. */
	assert_int_equal(addr_parse(&from_dns, "192.0.2.200"), 0);
	assoc_address(w->r.a, &from_dns, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.todo.to.port, 4123);
	assert_good(w);
	assert_int_equal(w->r.ke_cnt, 0);
	world_free(w);
}

/* K4: a file that is damaged, foreign or too old. */
static void
test_restore_refused(void **state)
{
	struct world *w = world_new();
	uint8_t blob[ASSOC_SAVED_MAX];
	struct wall now, later;
	struct assoc_conf other;
	struct assoc *a;
	size_t len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	now = rig_ours(w->r.now);
	len = assoc_save(w->r.a, true, now, blob);
	other = w->r.conf;
	strcpy(other.ke_name, "other.example");
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	assoc_free(a);
	a = assoc_new(&w->r.conf, &w->r.tools);
	later.ns = now.ns + 30LL * 86400 * SEC;
	assert_int_equal(assoc_restore(a, blob, len, later), ERR_BAD);
	for (size_t cut = 0; cut < len; cut += 7)
		assert_int_equal(assoc_restore(a, blob, cut, now), ERR_BAD);
	blob[len / 2] ^= 1;
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	blob[len / 2] ^= 1;
	assert_int_equal(assoc_restore(a, blob, len, now), 0);
	assoc_free(a);
	/* Keys for an algorithm that is no longer wanted. */
	other = w->r.conf;
	other.aeads[0] = CRYPTO_AEAD_SIV_512;
	other.aead_cnt = 1;
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), ERR_BAD);
	assoc_free(a);
	other.aeads[other.aead_cnt++] = CRYPTO_AEAD_SIV_256;
	a = assoc_new(&other, &w->r.tools);
	assert_int_equal(assoc_restore(a, blob, len, now), 0);
	assoc_free(a);
	world_free(w);
}

/* Restored cookies of a server that has forgotten them: NTSN, new keys. */
static void
test_restored_then_ntsn(void **state)
{
	struct world *w = world_new();
	uint8_t blob[ASSOC_SAVED_MAX];
	size_t len;

	(void)state;
	rig_start(&w->r, false);
	exchange_keys(w);
	len = assoc_save(w->r.a, true, rig_ours(w->r.now), blob);
	assoc_free(w->r.a);
	forget_ring(w);
	w->r.conf.iburst = true;
	w->r.a = assoc_new(&w->r.conf, &w->r.tools);
	assert_int_equal(
	    assoc_restore(w->r.a, blob, len, rig_ours(w->r.now)), 0);
	w->r.ke_cnt = 0;
	w->r.timer.ns = INT64_MAX;
	assoc_start(w->r.a, (struct dur){0}, true, w->r.now, &w->r.todo);
	rig_obey(&w->r);
	assert_int_equal(serve_it(w), SERVE_NAK);
	assert_int_equal(rig_deliver(&w->r), ASSOC_KOD_NTSN);
	assert_true(rig_next(&w->r));
	assert_int_equal(w->r.ke_cnt, 1);
	exchange_keys(w);
	assert_good(w);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_save_and_restore),
	    cmocka_unit_test(test_restore_refused),
	    cmocka_unit_test(test_restored_then_ntsn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
