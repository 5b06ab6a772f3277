/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS over a socket pair, from the handshake to the end: what is agreed and
 * exported, and that last words arrive and the end is noticed.
 */
#include "tls_rig.h"

static void
accepts_and_exports(void **state)
{
	static const uint8_t context[5] = {0, 0, 0, 15, 0};
	struct net_tls_pair p = pair(&cert_a);
	uint8_t kc[32], ks[32], other[32];
	struct net_tls_cert facts;
	struct net_tls *fresh;
	char buf[16];
	size_t len;
	struct talk t;

	(void)state;
	begin(&t, &cert_a, &p, 1, "a.example");
	assert_int_equal(t.c_err, 0);
	assert_int_equal(t.s_err, 0);
	assert_int_equal(net_tls_export(t.c, context, kc, 32), 0);
	assert_int_equal(net_tls_export(t.s, context, ks, 32), 0);
	assert_memory_equal(kc, ks, 32);
	assert_int_equal(
	    net_tls_export(t.s, (const uint8_t[]){0, 0, 0, 15, 1}, other, 32),
	    0);
	assert_memory_not_equal(kc, other, 32);

	assert_int_equal(net_tls_peer(t.c, &facts), 0);
	assert_string_equal(facts.subject, "CN = a.example");
	assert_string_equal(facts.issuer, "CN = truenoon private authority");
	assert_string_equal(facts.key, "EC P-256");
	assert_int_equal(facts.not_before_s, NOW_S - DAY_S);
	assert_int_equal(facts.not_after_s, NOW_S + DAY_S);
	assert_int_equal(net_tls_peer(t.s, &facts), ERR_ABSENT);
	assert_string_equal(net_tls_server_name(t.s), "a.example");
	assert_string_equal(net_tls_cipher(t.c), net_tls_cipher(t.s));
	assert_non_null(net_tls_group(t.c));
	assert_string_equal(net_tls_group(t.c), net_tls_group(t.s));
	fresh = net_tls_connect(t.cc, t.fd[0], "a.example", NOW_S);
	assert_non_null(fresh);
	assert_null(net_tls_group(fresh));
	net_tls_free(fresh);

	assert_int_equal(
	    net_tls_read(t.s, buf, sizeof buf, &len), NET_TLS_WANT_READ);
	assert_int_equal(net_tls_write(t.c, "hello", 5, &len), 0);
	assert_int_equal(len, 5);
	assert_int_equal(net_tls_read(t.s, buf, sizeof buf, &len), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(net_tls_shutdown(t.s), 0);
	assert_int_equal(net_tls_read(t.c, buf, sizeof buf, &len), ERR_CLOSED);
	end(&t);
}

/* Reads what is left, to the end. */
static size_t
read_to_end(struct net_tls *t, uint8_t *buf, size_t max)
{
	size_t all = 0, len;
	int err;

	while ((err = net_tls_read(t, buf + all, max - all, &len)) == 0)
		all += len;
	assert_int_equal(err, ERR_CLOSED);
	return all;
}

/* The last words wait for the end of the connection, and go with it. */
static void
last_words_go_with_the_end(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	uint8_t buf[16];
	struct talk t;
	size_t len;

	(void)state;
	begin(&t, &cert_a, &p, 1, "a.example");
	assert_int_equal(net_tls_write_last(t.s, "the", 3, &len), 0);
	assert_int_equal(len, 3);
	assert_int_equal(
	    net_tls_read(t.c, buf, sizeof buf, &len), NET_TLS_WANT_READ);
	assert_int_equal(net_tls_write_last(t.s, "end", 3, &len), 0);
	assert_int_equal(net_tls_shutdown(t.s), 0);
	assert_int_equal(read_to_end(t.c, buf, sizeof buf), 6);
	assert_memory_equal(buf, "theend", 6);
	end(&t);
	/* Nor is anything lost with a connection that ends before. */
	begin(&t, &cert_a, &p, 1, "a.example");
	assert_int_equal(net_tls_write_last(t.s, "the", 3, &len), 0);
	end(&t);
}

/* The kernel takes nothing, then a part, then the rest. */
static void
last_words_wait_for_room(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	static uint8_t said[4000], heard[8000];
	size_t len, filled = 0, all = 0;
	struct talk t;
	int least = 1, waits = 0;
	int err = NET_TLS_WANT_WRITE, heard_err = NET_TLS_WANT_READ;
	ssize_t n;

	(void)state;
	begin(&t, &cert_a, &p, 1, "a.example");
	for (size_t i = 0; i < sizeof said; i++)
		said[i] = (uint8_t)(i * 7);
	setsockopt(t.fd[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	while ((n = send(t.fd[1], said, 100, MSG_DONTWAIT)) > 0)
		filled += (size_t)n;
	assert_int_equal(net_tls_write_last(t.s, said, sizeof said, &len), 0);
	assert_int_equal(len, sizeof said);
	assert_int_equal(net_tls_shutdown(t.s), NET_TLS_WANT_WRITE);
	while (filled > 0) {
		n = recv(t.fd[0], heard, 100, MSG_DONTWAIT);
		assert_true(n > 0);
		filled -= (size_t)n;
		if (err > 0)
			err = net_tls_shutdown(t.s);
		waits += err > 0;
	}
	for (int i = 0; i < 100 && heard_err > 0; i++) {
		if (err > 0)
			err = net_tls_shutdown(t.s);
		waits += err > 0;
		while ((heard_err = net_tls_read(
			    t.c, heard + all, sizeof heard - all, &len)) == 0)
			all += len;
	}
	assert_int_equal(err, 0);
	assert_true(waits > 0);
	assert_int_equal(heard_err, ERR_CLOSED);
	assert_int_equal(all, sizeof said);
	assert_memory_equal(heard, said, sizeof said);
	end(&t);
}

/* No close_notify is a truncation, not an end. */
static void
end_without_notice(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	char buf[16];
	size_t len;
	struct talk t;

	(void)state;
	begin(&t, &cert_a, &p, 1, "a.example");
	assert_int_equal(t.c_err, 0);
	shutdown(t.fd[1], SHUT_WR);
	assert_int_equal(net_tls_read(t.c, buf, sizeof buf, &len), ERR_LIBRARY);
	assert_int_equal(net_tls_fault(t.c, NULL), NET_TLS_CLOSED);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts_and_exports),
	    cmocka_unit_test(last_words_go_with_the_end),
	    cmocka_unit_test(last_words_wait_for_room),
	    cmocka_unit_test(end_without_notice),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
