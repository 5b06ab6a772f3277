/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS over a socket pair: whose certificate is believed, for which name and
 * when, and in which words another is refused (hostile case F3); which
 * certificate is shown, and what is wrong with one that cannot be used.
 */
#include "tls_rig.h"

/* One row per way to be refused; what is not refused has fault NONE. */
static void
names_and_trust(void **state)
{
	static const struct {
		const struct net_selfcert *server, *trust;
		const char *name;
		enum net_tls_fault want;
	} rows[] = {
	    {&cert_a, &cert_a, "a.example", NET_TLS_NONE},
	    {&cert_a, &cert_a, "a.example.", NET_TLS_NONE},
	    {&cert_a, &cert_a, "A.EXAMPLE", NET_TLS_NONE},
	    {&cert_a, &cert_a, "127.0.0.1", NET_TLS_NONE},
	    {&cert_a, &cert_a, "::1", NET_TLS_NONE},
	    {&cert_a, &cert_a, "127.0.0.2", NET_TLS_NAME},
	    {&cert_a, &cert_a, "b.example", NET_TLS_NAME},
	    {&cert_a, &cert_a, "x.a.example", NET_TLS_NAME},
	    {&cert_b, &cert_b, "x.wild.example", NET_TLS_NONE},
	    {&cert_b, &cert_b, "x.y.wild.example", NET_TLS_NAME},
	    {&cert_a, &cert_b, "a.example", NET_TLS_UNTRUSTED},
	    {&expired, &expired, "a.example", NET_TLS_EXPIRED},
	    {&early, &early, "a.example", NET_TLS_NOT_YET},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net_tls_pair p = pair(rows[i].server);
		struct net_tls_cert facts;
		const char *text;
		struct talk t;

		begin(&t, rows[i].trust, &p, 1, rows[i].name);
		assert_int_equal(net_tls_fault(t.c, &text), rows[i].want);
		assert_int_equal(t.c_err == 0, rows[i].want == NET_TLS_NONE);
		/* Also of a refused certificate one wants to know whose. */
		assert_int_equal(net_tls_peer(t.c, &facts), 0);
		if (rows[i].want != NET_TLS_NONE)
			assert_non_null(text);
		end(&t);
	}
}

/* A self-signed server certificate that is trusted itself. */
static void
leaf_as_trust(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	struct net_selfcert leaf;
	struct talk t;

	(void)state;
	memcpy(&leaf, &cert_a, sizeof leaf);
	memcpy(leaf.ca, cert_a.cert, sizeof leaf.ca);
	begin(&t, &leaf, &p, 1, "a.example");
	assert_int_equal(t.c_err, 0);
	end(&t);
}

static void
server_name_selects(void **state)
{
	struct net_tls_pair both[2] = {pair(&cert_a), pair(&cert_b)};
	struct net_tls_cert facts;
	struct talk t;

	(void)state;
	begin(&t, &cert_b, both, 2, "b.example");
	assert_int_equal(t.c_err, 0);
	assert_int_equal(t.s_err, 0);
	assert_int_equal(net_tls_peer(t.c, &facts), 0);
	assert_string_equal(facts.subject, "CN = b.example");
	end(&t);
	/* An address is no server name: the first. */
	begin(&t, &cert_a, both, 2, "127.0.0.1");
	assert_int_equal(t.c_err, 0);
	end(&t);
	/* An unknown name: the first, which the client then refuses. */
	begin(&t, &cert_a, both, 2, "c.example");
	assert_int_equal(net_tls_fault(t.c, NULL), NET_TLS_NAME);
	end(&t);
}

static void
pair_faults_are_named(void **state)
{
	struct net_tls_pair good = pair(&cert_a), bad;
	char why[256];

	(void)state;
	assert_int_equal(net_tls_pair_check(&good, NOW_S, why, sizeof why), 0);
	assert_string_equal(why, "");
	bad = good;
	bad.key = blob(cert_b.cert_key, "/etc/other.key");
	assert_int_equal(
	    net_tls_pair_check(&bad, NOW_S, why, sizeof why), ERR_AUTH);
	assert_non_null(strstr(why, "/etc/other.key does not belong to"));
	assert_null(net_tls_server_new(&bad, 1));
	bad = good;
	bad.chain = blob("no pem", "/etc/cert.pem");
	assert_int_equal(
	    net_tls_pair_check(&bad, NOW_S, why, sizeof why), ERR_BAD);
	assert_non_null(strstr(why, "/etc/cert.pem"));
	bad = good;
	bad.key = blob("", "/etc/key.pem");
	assert_int_equal(
	    net_tls_pair_check(&bad, NOW_S, why, sizeof why), ERR_BAD);
	assert_non_null(strstr(why, "/etc/key.pem"));
	assert_int_equal(
	    net_tls_pair_check(&good, NOW_S + 2 * DAY_S, why, sizeof why),
	    ERR_DENIED);
	assert_non_null(strstr(why, "expired"));
	assert_int_equal(
	    net_tls_pair_check(&good, NOW_S - 2 * DAY_S, why, sizeof why),
	    ERR_DENIED);
	assert_non_null(strstr(why, "not valid before"));
}

static void
authority_is_used_again(void **state)
{
	static struct net_selfcert again;
	static const char *const bad[] = {"not a name"};
	struct net_selfcert_ask ask = {.names = names_b,
	    .name_cnt = 2,
	    .not_before_s = NOW_S - DAY_S,
	    .not_after_s = NOW_S + DAY_S,
	    .ca = cert_a.ca,
	    .ca_key = cert_a.ca_key};
	struct net_tls_pair p;
	struct talk t;

	(void)state;
	assert_int_equal(net_selfcert_make(&ask, &again), 0);
	assert_string_equal(again.ca, cert_a.ca);
	p = pair(&again);
	begin(&t, &cert_a, &p, 1, "b.example");
	assert_int_equal(t.c_err, 0);
	end(&t);
	ask.ca_key = cert_b.ca_key;
	assert_int_equal(net_selfcert_make(&ask, &again), ERR_BAD);
	assert_int_equal(again.cert_key[0], 0);
	ask.ca = ask.ca_key = NULL;
	ask.names = bad;
	ask.name_cnt = 1;
	assert_int_equal(net_selfcert_make(&ask, &again), ERR_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_trust),
	    cmocka_unit_test(leaf_as_trust),
	    cmocka_unit_test(server_name_selects),
	    cmocka_unit_test(pair_faults_are_named),
	    cmocka_unit_test(authority_is_used_again),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
