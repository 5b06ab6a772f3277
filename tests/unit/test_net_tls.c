/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS over a socket pair: what must be agreed, what must be refused and in
 * which words (hostile cases E1, E2, E12, E13, F2, F3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/selfcert.h"
#include "net/tls.h"

#define NOW_S 1790000000
#define DAY_S 86400

static const char *const names_a[] = {"a.example", "127.0.0.1", "::1"};
static const char *const names_b[] = {"b.example", "*.wild.example"};

static struct net_selfcert cert_a, cert_b, expired, early;

static struct net_tls_blob
blob(const char *text, const char *name)
{
	return (struct net_tls_blob){(const uint8_t *)text, strlen(text), name};
}

static struct net_tls_pair
pair(const struct net_selfcert *c)
{
	return (struct net_tls_pair){
	    blob(c->cert, "cert.pem"), blob(c->cert_key, "key.pem")};
}

static void
make(struct net_selfcert *out, const char *const *names, size_t cnt,
    int64_t from_s, int64_t to_s)
{
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = cnt,
	    .not_before_s = from_s,
	    .not_after_s = to_s};

	assert_int_equal(net_selfcert_make(&ask, out), 0);
}

static int
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

static void
sockets(int fd[2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
}

static void
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

static void
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

static void
end(struct talk *t)
{
	net_tls_free(t->c);
	net_tls_free(t->s);
	net_tls_ctx_free(t->cc);
	net_tls_ctx_free(t->sc);
	close(t->fd[0]);
	close(t->fd[1]);
}

static void
accepts_and_exports(void **state)
{
	static const uint8_t context[5] = {0, 0, 0, 15, 0};
	struct net_tls_pair p = pair(&cert_a);
	uint8_t kc[32], ks[32], other[32];
	struct net_tls_cert facts;
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

/* A bare libssl end for what ours would never do. */
struct bare {
	SSL_CTX *ctx;
	SSL *ssl;
};

static void
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

static void
bare_free(struct bare *b)
{
	SSL_free(b->ssl);
	SSL_CTX_free(b->ctx);
	ERR_clear_error();
}

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

/* A self-signed one for the names of cert_a with another kind of key. */
struct other {
	BIO *chain, *key;
	struct net_tls_pair pair;
};

static struct net_tls_blob
blob_of(BIO *bio)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);

	return (struct net_tls_blob){
	    (const uint8_t *)at, (size_t)len, "other.pem"};
}

static void
other_new(struct other *r, EVP_PKEY *key, const EVP_MD *md)
{
	X509 *x = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, "DNS:a.example,IP:::1,IP:127.0.0.1");

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_set_version(x, 2);
	X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, &(time_t){NOW_S});
	X509_time_adj_ex(X509_getm_notAfter(x), 0, 3600, &(time_t){NOW_S});
	X509_set_pubkey(x, key);
	X509_add_ext(x, names, -1);
	assert_true(X509_sign(x, key, md) > 0);
	r->chain = BIO_new(BIO_s_mem());
	r->key = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(r->chain, x);
	PEM_write_bio_PrivateKey(r->key, key, NULL, NULL, 0, NULL, NULL);
	r->pair = (struct net_tls_pair){blob_of(r->chain), blob_of(r->key)};
	X509_EXTENSION_free(names);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
other_free(struct other *r)
{
	BIO_free(r->chain);
	BIO_free(r->key);
}

/* Return: whether a client with these wishes is served; *kind and *group:
 * what the two agreed on. */
static bool
serves(struct net_tls_ctx *sc, const char *sigalgs, const char *groups,
    int *kind, int *group)
{
	struct net_tls *s;
	struct bare b;
	char text[2][64]; /* macros of libssl cast it */
	int fd[2], err = 1;

	sockets(fd);
	bare_new(&b, false, fd[0]);
	SSL_set_alpn_protos(b.ssl, (const unsigned char *)"\x07ntske/1", 8);
	snprintf(text[0], sizeof text[0], "%s", sigalgs);
	snprintf(text[1], sizeof text[1], "%s", groups);
	assert_int_equal(SSL_set1_sigalgs_list(b.ssl, text[0]), 1);
	assert_int_equal(SSL_set1_groups_list(b.ssl, text[1]), 1);
	s = net_tls_accept(sc, fd[1]);
	for (int i = 0; i < 10 && err > 0; i++) {
		SSL_do_handshake(b.ssl);
		err = net_tls_handshake(s);
	}
	*kind = *group = 0;
	if (err == 0) {
		*kind = EVP_PKEY_base_id(
		    X509_get0_pubkey(SSL_get0_peer_certificate(b.ssl)));
		*group = (int)SSL_get_negotiated_group(b.ssl);
	}
	net_tls_free(s);
	bare_free(&b);
	close(fd[0]);
	close(fd[1]);
	return err == 0;
}

#define RSA_ALG "rsa_pss_rsae_sha256"
#define EC_ALG  "ecdsa_secp256r1_sha256"

/* One name, two kinds of keys: the client's algorithms choose, and what is
 * cheap for us goes before what the client would like better. */
static void
the_kind_of_key_is_chosen(void **state)
{
	struct net_tls_pair both[2];
	struct net_tls_cert first;
	struct net_tls_ctx *sc;
	struct other rsa;
	int kind, group;

	(void)state;
	other_new(&rsa, EVP_RSA_gen(2048), EVP_sha256());
	for (int order = 0; order < 2; order++) {
		both[order] = rsa.pair;
		both[!order] = pair(&cert_a);
		sc = net_tls_server_new(both, 2);
		assert_non_null(sc);
		assert_true(
		    serves(sc, RSA_ALG ":" EC_ALG, "X25519", &kind, &group));
		assert_int_equal(kind, EVP_PKEY_EC);
		assert_true(serves(sc, RSA_ALG, "X25519", &kind, &group));
		assert_int_equal(kind, EVP_PKEY_RSA);
		assert_true(serves(sc, EC_ALG, "X25519", &kind, &group));
		assert_int_equal(kind, EVP_PKEY_EC);
		assert_false(serves(sc, "ed25519", "X25519", &kind, &group));
		assert_int_equal(net_tls_server_cert(sc, &first), 0);
		assert_int_equal(first.not_after_s, NOW_S + 3600);
		net_tls_ctx_free(sc);
	}
	/* Another name is another certificate, whatever its key. */
	both[0] = pair(&cert_b);
	both[1] = rsa.pair;
	sc = net_tls_server_new(both, 2);
	assert_non_null(sc);
	assert_false(serves(sc, RSA_ALG, "X25519", &kind, &group));
	net_tls_ctx_free(sc);
	other_free(&rsa);
}

/* Ed25519 signs by itself, without a digest; it goes after ECDSA. */
static void
ed25519_is_served(void **state)
{
	struct net_tls_pair both[2] = {{.key = {.len = 0}}, pair(&cert_a)};
	struct net_tls_cert facts;
	struct net_tls_ctx *sc;
	struct other ed;
	int kind, group;
	char why[256];

	(void)state;
	other_new(&ed, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
	both[0] = ed.pair;
	assert_int_equal(
	    net_tls_pair_check(&ed.pair, NOW_S, why, sizeof why), 0);
	sc = net_tls_server_new(both, 1);
	assert_non_null(sc);
	assert_true(serves(sc, EC_ALG ":ed25519", "X25519", &kind, &group));
	assert_int_equal(kind, EVP_PKEY_ED25519);
	assert_false(serves(sc, EC_ALG, "X25519", &kind, &group));
	assert_int_equal(net_tls_server_cert(sc, &facts), 0);
	assert_string_equal(facts.key, "ED25519");
	net_tls_ctx_free(sc);
	sc = net_tls_server_new(both, 2);
	assert_non_null(sc);
	assert_true(serves(sc, "ed25519:" EC_ALG, "X25519", &kind, &group));
	assert_int_equal(kind, EVP_PKEY_EC);
	assert_true(serves(sc, "ed25519", "X25519", &kind, &group));
	assert_int_equal(kind, EVP_PKEY_ED25519);
	net_tls_ctx_free(sc);
	other_free(&ed);
}

#define HYBRID    "X25519MLKEM768"
#define HYBRID_ID 0x11ec

/* The group that a quantum computer does not break, where libssl has it: our
 * own client takes it too, and others still get what they know. */
static void
the_hybrid_group_is_served(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	int kind, group;
	struct talk t;

	(void)state;
	begin(&t, &cert_a, &p, 1, "a.example");
	if (net_tls_server_groups(t.sc, HYBRID) < 0) {
		print_message("skipped: libssl offers no " HYBRID "\n");
		end(&t);
		return;
	}
	net_tls_free(t.c);
	net_tls_free(t.s);
	t.c = net_tls_connect(t.cc, t.fd[0], "a.example", NOW_S);
	t.s = net_tls_accept(t.sc, t.fd[1]);
	shake(&t);
	assert_int_equal(t.c_err, 0);
	assert_int_equal(t.s_err, 0);
	assert_false(serves(t.sc, EC_ALG, "X25519", &kind, &group));
	assert_int_equal(
	    net_tls_server_groups(t.sc, HYBRID ":X25519:P-256"), 0);
	assert_true(serves(t.sc, EC_ALG, HYBRID ":X25519", &kind, &group));
	assert_int_equal(group & 0xffff, HYBRID_ID);
	assert_true(serves(t.sc, EC_ALG, "X25519", &kind, &group));
	assert_int_equal(group, NID_X25519);
	end(&t);
}

static void
groups_are_limited(void **state)
{
	struct net_tls_pair p = pair(&cert_a);
	struct net_tls_ctx *sc = net_tls_server_new(&p, 1);
	int kind, group;

	(void)state;
	assert_int_equal(
	    net_tls_server_groups(sc, "NoSuchGroup:X25519::P-256"), 0);
	assert_true(serves(sc, EC_ALG, "X25519:P-256", &kind, &group));
	assert_int_equal(group, NID_X25519);
	assert_true(serves(sc, EC_ALG, "P-256", &kind, &group));
	assert_int_equal(group, NID_X9_62_prime256v1);
	/* The hello's key is for another: asked again. */
	assert_true(serves(sc, EC_ALG, "P-384:P-256", &kind, &group));
	assert_int_equal(group, NID_X9_62_prime256v1);
	assert_false(serves(sc, EC_ALG, "P-384", &kind, &group));
	assert_int_equal(net_tls_server_groups(sc, "NoSuchGroup"), ERR_BAD);
	assert_int_equal(net_tls_server_groups(sc, ""), ERR_BAD);
	assert_true(serves(sc, EC_ALG, "X25519", &kind, &group));
	assert_int_equal(ERR_peek_error(), 0);
	net_tls_ctx_free(sc);
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
	    cmocka_unit_test(accepts_and_exports),
	    cmocka_unit_test(last_words_go_with_the_end),
	    cmocka_unit_test(last_words_wait_for_room),
	    cmocka_unit_test(end_without_notice),
	    cmocka_unit_test(names_and_trust),
	    cmocka_unit_test(leaf_as_trust),
	    cmocka_unit_test(server_name_selects),
	    cmocka_unit_test(client_refuses_old_and_foreign),
	    cmocka_unit_test(server_refuses_old_and_foreign),
	    cmocka_unit_test(garbage_is_told),
	    cmocka_unit_test(key_updates_are_bounded),
	    cmocka_unit_test(the_kind_of_key_is_chosen),
	    cmocka_unit_test(ed25519_is_served),
	    cmocka_unit_test(the_hybrid_group_is_served),
	    cmocka_unit_test(groups_are_limited),
	    cmocka_unit_test(pair_faults_are_named),
	    cmocka_unit_test(authority_is_used_again),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
