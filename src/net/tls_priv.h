/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of net/tls share.
 */
#ifndef NET_TLS_PRIV_H
#define NET_TLS_PRIV_H

#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls.h"

/* One context per set of names, with a certificate of each kind of key that
 * there is for them; a client has one without. */
struct net_tls_ctx {
	SSL_CTX *ctx[NET_TLS_PAIR_MAX];
	size_t cnt;
	BIO_METHOD *bio;
	OSSL_PROVIDER *kdf; /* NULL: the key schedule is libcrypto's own */
	bool server;
};

struct net_tls {
	SSL *ssl;
	int fd;
	bool dry;      /* until the caller waits there is no more to read */
	bool more;     /* what is written now is not the end */
	bool ending;   /* it is: close_notify */
	uint8_t *held; /* what has been written but not sent */
	size_t held_pos;
	size_t held_len;
	X509 *refused; /* the leaf that did not pass */
	long verify;   /* why, X509_V_ERR_ */
	enum net_tls_fault fault;
	const char *text;
	unsigned key_update_cnt;
	bool server;
	bool done; /* the handshake is */
};

/**
 * net_tls_bio_method - sendmsg(2) and recvmsg(2) as a BIO.
 */
BIO_METHOD *net_tls_bio_method(void) MUST_CHECK;

/**
 * net_tls_bio_new - one over the descriptor of t, which outlives it.
 */
BIO *net_tls_bio_new(const BIO_METHOD *m, struct net_tls *t) MUST_CHECK;

/**
 * net_tls_bio_drop - forget what was held back.
 */
void net_tls_bio_drop(struct net_tls *t);

#define NET_TLS_KDF "truenoon.kdf=yes" /* the property it is known by */

/**
 * net_tls_kdf - libcrypto is offered a key schedule of our own, for as long as
 * anyone holds it.
 * Return: owned, to be unloaded; NULL: libcrypto's own is to be used.
 */
OSSL_PROVIDER *net_tls_kdf(void) MUST_CHECK;

/**
 * net_tls_trust - let a store find the certificates in these blobs, which are
 * copied; each is parsed when a chain asks for it.
 * Return: how many there are.
 */
size_t net_tls_trust(
    X509_STORE *store, const struct net_tls_blob *blobs, size_t cnt);

/**
 * net_tls_cert_facts - describe a certificate.
 */
void net_tls_cert_facts(const X509 *x, struct net_tls_cert *c);

/**
 * net_tls_cert_read, net_tls_key_read - the next certificate, or the key,
 * from PEM.  Return: owned, or NULL.
 */
X509 *net_tls_cert_read(BIO *bio) MUST_CHECK;
EVP_PKEY *net_tls_key_read(const struct net_tls_blob *b) MUST_CHECK;

/**
 * net_tls_blob_bio - read from a blob; NULL when too long or no memory.
 */
BIO *net_tls_blob_bio(const struct net_tls_blob *b) MUST_CHECK;

#endif
