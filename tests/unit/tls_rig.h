/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of TLS share: certificates made for the occasion, two ends
 * over a socket pair, and a bare end of libssl for what ours would never do.
 */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "net/selfcert.h"
#include "net/tls.h"

#define NOW_S 1790000000
#define DAY_S 86400

static const char *const names_a[] = {"a.example", "127.0.0.1", "::1"};
static const char *const names_b[] = {"b.example", "*.wild.example"};

static struct net_selfcert cert_a, cert_b, expired, early;

static inline struct net_tls_blob
blob(const char *text, const char *name)
{
	return (struct net_tls_blob){(const uint8_t *)text, strlen(text), name};
}

static inline struct net_tls_pair
pair(const struct net_selfcert *c)
{
	return (struct net_tls_pair){
	    blob(c->cert, "cert.pem"), blob(c->cert_key, "key.pem")};
}

static inline void
make(struct net_selfcert *out, const char *const *names, size_t cnt,
    int64_t from_s, int64_t to_s)
{
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = cnt,
	    .not_before_s = from_s,
	    .not_after_s = to_s};

	assert_int_equal(net_selfcert_make(&ask, out), 0);
}

static inline int
setup(void **state)
{
	(void)state;
	make(&cert_a, names_a, 3, NOW_S - DAY_S, NOW_S + DAY_S);
	make(&cert_b, names_b, 2, NOW_S - DAY_S, NOW_S + DAY_S);
	make(&expired, names_a, 3, NOW_S - 2 * DAY_S, NOW_S - DAY_S);
	make(&early, names_a, 3, NOW_S + DAY_S, NOW_S + 2 * DAY_S);
	return 0;
}

/* Two ends, and how far each came. */
struct talk {
	int fd[2];
	struct net_tls_ctx *cc, *sc;
	struct net_tls *c, *s;
	int c_err, s_err;
};

static inline void
sockets(int fd[2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
}

static inline void
shake(struct talk *t)
{
	t->c_err = t->s_err = NET_TLS_WANT_READ;
	for (int i = 0; i < 20; i++) {
		if (t->c_err > 0)
			t->c_err = net_tls_handshake(t->c);
		if (t->s_err > 0)
			t->s_err = net_tls_handshake(t->s);
		if (t->c_err < 0) /* the peer sees the end */
			shutdown(t->fd[0], SHUT_WR);
	}
}

static inline void
begin(struct talk *t, const struct net_selfcert *trust,
    const struct net_tls_pair *pairs, size_t pair_cnt, const char *name)
{
	struct net_tls_blob b = blob(trust->ca, "ca.pem");
	size_t cnt;

	memset(t, 0, sizeof *t);
	sockets(t->fd);
	t->cc = net_tls_client_new(&b, 1, &cnt);
	assert_non_null(t->cc);
	assert_int_equal(cnt, 1);
	t->sc = net_tls_server_new(pairs, pair_cnt);
	assert_non_null(t->sc);
	t->c = net_tls_connect(t->cc, t->fd[0], name, NOW_S);
	t->s = net_tls_accept(t->sc, t->fd[1]);
	assert_non_null(t->c);
	assert_non_null(t->s);
	shake(t);
}

static inline void
end(struct talk *t)
{
	net_tls_free(t->c);
	net_tls_free(t->s);
	net_tls_ctx_free(t->cc);
	net_tls_ctx_free(t->sc);
	close(t->fd[0]);
	close(t->fd[1]);
}

/* A bare libssl end for what ours would never do. */
struct bare {
	SSL_CTX *ctx;
	SSL *ssl;
};

static inline void
bare_new(struct bare *b, bool server, int fd)
{
	b->ctx =
	    SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	assert_non_null(b->ctx);
	if (server) {
		BIO *bio = BIO_new_mem_buf(cert_a.cert, -1);
		X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO *kb = BIO_new_mem_buf(cert_a.cert_key, -1);
		EVP_PKEY *k = PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL);

		assert_int_equal(SSL_CTX_use_certificate(b->ctx, x), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(b->ctx, k), 1);
		X509_free(x);
		EVP_PKEY_free(k);
		BIO_free(bio);
		BIO_free(kb);
	}
	b->ssl = SSL_new(b->ctx);
	SSL_set_fd(b->ssl, fd);
	if (server)
		SSL_set_accept_state(b->ssl);
	else
		SSL_set_connect_state(b->ssl);
}

static inline void
bare_free(struct bare *b)
{
	SSL_free(b->ssl);
	SSL_CTX_free(b->ctx);
	ERR_clear_error();
}

#endif
