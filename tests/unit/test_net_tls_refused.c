/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS against ends that are old, foreign, or not TLS at all, and against one
 * that renews its keys without end (hostile cases E1, E2, E12, E13, F2).
 */
#include "tls_rig.h"

static enum net_tls_fault
client_against(int max_version)
{
	struct net_tls_blob ca = blob(cert_a.ca, "ca.pem");
	struct net_tls_ctx *cc = net_tls_client_new(&ca, 1, NULL);
	enum net_tls_fault fault;
	struct net_tls *c;
	struct bare b;
	int fd[2], err = 1;

	sockets(fd);
	bare_new(&b, true, fd[1]);
	SSL_CTX_set_max_proto_version(b.ctx, max_version);
	SSL_set_max_proto_version(b.ssl, max_version);
	c = net_tls_connect(cc, fd[0], "a.example", NOW_S);
	assert_non_null(c);
	for (int i = 0; i < 10 && err > 0; i++) {
		err = net_tls_handshake(c);
		SSL_do_handshake(b.ssl);
	}
	assert_int_equal(err, ERR_LIBRARY);
	fault = net_tls_fault(c, NULL);
	net_tls_free(c);
	net_tls_ctx_free(cc);
	bare_free(&b);
	close(fd[0]);
	close(fd[1]);
	return fault;
}

static void
client_refuses_old_and_foreign(void **state)
{
	(void)state; /* F2 */
	assert_int_equal(client_against(TLS1_2_VERSION), NET_TLS_VERSION);
	assert_int_equal(client_against(TLS1_3_VERSION), NET_TLS_ALPN);
}

static enum net_tls_fault
server_against(int max_version, const char *alpn, bool *agreed)
{
	struct net_tls_pair p = pair(&cert_a);
	struct net_tls_ctx *sc = net_tls_server_new(&p, 1);
	enum net_tls_fault fault;
	struct net_tls *s;
	struct bare b;
	int fd[2], err = 1;

	sockets(fd);
	bare_new(&b, false, fd[0]);
	SSL_set_max_proto_version(b.ssl, max_version);
	if (alpn)
		SSL_set_alpn_protos(
		    b.ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	s = net_tls_accept(sc, fd[1]);
	assert_non_null(s);
	for (int i = 0; i < 10 && err > 0; i++) {
		SSL_do_handshake(b.ssl);
		err = net_tls_handshake(s);
	}
	*agreed = err == 0;
	if (*agreed) { /* no ticket may follow: E13 */
		char buf[4];

		assert_int_equal(SSL_read(b.ssl, buf, 4), -1);
		assert_int_equal(
		    SSL_SESSION_has_ticket(SSL_get_session(b.ssl)), 0);
	}
	fault = net_tls_fault(s, NULL);
	net_tls_free(s);
	net_tls_ctx_free(sc);
	bare_free(&b);
	close(fd[0]);
	close(fd[1]);
	return fault;
}

static void
server_refuses_old_and_foreign(void **state)
{
	bool agreed;

	(void)state;
	assert_int_equal(server_against(TLS1_3_VERSION, "\x07ntske/1", &agreed),
	    NET_TLS_NONE);
	assert_true(agreed);
	assert_int_equal(
	    server_against(TLS1_3_VERSION, "\x02h2\x07ntske/1", &agreed),
	    NET_TLS_NONE);
	assert_true(agreed);
	/* E1: none, another, a prefix, a longer one. */
	assert_int_equal(
	    server_against(TLS1_3_VERSION, NULL, &agreed), NET_TLS_ALPN);
	assert_int_equal(
	    server_against(TLS1_3_VERSION, "\x02h2", &agreed), NET_TLS_ALPN);
	assert_int_equal(
	    server_against(TLS1_3_VERSION, "\x05ntske", &agreed), NET_TLS_ALPN);
	assert_int_equal(
	    server_against(TLS1_3_VERSION, "\x08ntske/11", &agreed),
	    NET_TLS_ALPN);
	assert_false(agreed);
	/* E2 */
	assert_int_equal(server_against(TLS1_2_VERSION, "\x07ntske/1", &agreed),
	    NET_TLS_VERSION);
	assert_false(agreed);
}

static void
garbage_is_told(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	struct net_tls_ctx *sc = net_tls_server_new(&p, 1);
	struct net_tls *s;
	int fd[2];

	(void)state;
	sockets(fd);
	s = net_tls_accept(sc, fd[1]);
	assert_int_equal(net_tls_handshake(s), NET_TLS_WANT_READ);
	assert_int_equal(write(fd[0], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	assert_int_equal(net_tls_handshake(s), ERR_LIBRARY);
	assert_int_equal(net_tls_fault(s, NULL), NET_TLS_PROTOCOL);
	net_tls_free(s);
	close(fd[0]);
	close(fd[1]);
	sockets(fd);
	s = net_tls_accept(sc, fd[1]);
	close(fd[0]);
	assert_int_equal(net_tls_handshake(s), ERR_LIBRARY);
	assert_int_equal(net_tls_fault(s, NULL), NET_TLS_CLOSED);
	net_tls_free(s);
	net_tls_ctx_free(sc);
	close(fd[1]);
}

/* Return: what reading gives when so many key updates and an octet have come
 * before the reader looks, which then need not wait again. */
static int
read_after_updates(struct net_tls_ctx *sc, int update_cnt)
{
	struct net_tls *s;
	struct bare b;
	char buf[16];
	size_t len;
	int fd[2], err = 1;

	sockets(fd);
	bare_new(&b, false, fd[0]);
	SSL_set_alpn_protos(b.ssl, (const unsigned char *)"\x07ntske/1", 8);
	s = net_tls_accept(sc, fd[1]);
	for (int i = 0; i < 10 && err > 0; i++) {
		SSL_do_handshake(b.ssl);
		err = net_tls_handshake(s);
	}
	assert_int_equal(err, 0);
	assert_int_equal(
	    net_tls_read(s, buf, sizeof buf, &len), NET_TLS_WANT_READ);
	for (int i = 0; i < update_cnt; i++) {
		SSL_key_update(b.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(b.ssl);
	}
	assert_int_equal(SSL_write(b.ssl, "x", 1), 1);
	err = net_tls_read(s, buf, sizeof buf, &len);
	assert_int_equal(len, err == 0);
	assert_int_equal(
	    net_tls_fault(s, NULL), err == 0 ? NET_TLS_NONE : NET_TLS_PROTOCOL);
	net_tls_free(s);
	bare_free(&b);
	close(fd[0]);
	close(fd[1]);
	return err;
}

static void
key_updates_are_bounded(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	struct net_tls_ctx *sc = net_tls_server_new(&p, 1);

	(void)state; /* E12 */
	assert_int_equal(read_after_updates(sc, 0), 0);
	assert_int_equal(read_after_updates(sc, 1), 0);
	assert_int_equal(read_after_updates(sc, 16), 0);
	assert_int_equal(read_after_updates(sc, 17), ERR_LIBRARY);
	assert_int_equal(read_after_updates(sc, 100), ERR_LIBRARY);
	net_tls_ctx_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client_refuses_old_and_foreign),
	    cmocka_unit_test(server_refuses_old_and_foreign),
	    cmocka_unit_test(garbage_is_told),
	    cmocka_unit_test(key_updates_are_bounded),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
