/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts: what both sides of NTS-KE insist on (RFC 8915 section 3), which
 * certificates a client trusts, and which one a server shows.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_priv.h"

static const unsigned char alpn[] = "\x07ntske/1"; /* as on the wire */
#define ALPN_LEN   (sizeof alpn - 1)

#define GROUPS_MAX 256
#define CIPHERS                                                                \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"

#define HOST_FLAGS                                                             \
	(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |                                \
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

static SSL_CTX *
make(const struct net_tls_ctx *c, const SSL_METHOD *method)
{
	const char *prefers = c->kdf ? "?" NET_TLS_KDF : NULL;
	SSL_CTX *ctx = SSL_CTX_new_ex(NULL, prefers, method);

	if (!ctx)
		return NULL;
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* One record per call, so that key updates can be counted. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	return ctx;
}

/* Keep the leaf that is about to be refused, to say whose it was. */
static int
on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct net_tls *t = ssl ? SSL_get_app_data(ssl) : NULL;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (ok || !t)
		return ok;
	t->verify = X509_STORE_CTX_get_error(store);
	if (!t->refused && leaf && X509_up_ref(leaf))
		t->refused = leaf;
	return ok;
}

struct net_tls_ctx *
net_tls_client_new(
    const struct net_tls_blob *trust, size_t blob_cnt, size_t *cert_cnt)
{
	struct net_tls_ctx *c = calloc(1, sizeof *c);
	size_t cnt;

	if (cert_cnt)
		*cert_cnt = 0;
	if (!c)
		return NULL;
	/* Thousands of sentences that we say in words of our own. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL);
	c->bio = net_tls_bio_method();
	c->kdf = net_tls_kdf();
	c->ctx[0] = make(c, TLS_client_method());
	c->cnt = c->ctx[0] != NULL;
	if (!c->bio || !c->ctx[0] ||
	    SSL_CTX_set_alpn_protos(c->ctx[0], alpn, ALPN_LEN) != 0 ||
	    !X509_VERIFY_PARAM_set_flags(
		SSL_CTX_get0_param(c->ctx[0]), X509_V_FLAG_PARTIAL_CHAIN)) {
		net_tls_ctx_free(c);
		return NULL;
	}
	SSL_CTX_set_verify(c->ctx[0], SSL_VERIFY_PEER, on_verify);
	cnt = net_tls_trust(SSL_CTX_get_cert_store(c->ctx[0]), trust, blob_cnt);
	if (cert_cnt)
		*cert_cnt = cnt;
	return c;
}

static int
load_chain(SSL_CTX *ctx, const struct net_tls_blob *b)
{
	BIO *bio = net_tls_blob_bio(b);
	X509 *x = bio ? net_tls_cert_read(bio) : NULL;
	int err = x && SSL_CTX_use_certificate(ctx, x) == 1 ? 0 : ERR_LIBRARY;

	X509_free(x);
	while (err == 0 && (x = net_tls_cert_read(bio)) != NULL) {
		if (SSL_CTX_add0_chain_cert(ctx, x) == 1)
			continue;
		X509_free(x);
		err = ERR_LIBRARY;
	}
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

/* Goes through the certificates of a context, which has one per kind of key
 * at most.  Return: the first or next one, or NULL. */
static X509 *
step_cert(SSL_CTX *ctx, bool first)
{
	long to = first ? SSL_CERT_SET_FIRST : SSL_CERT_SET_NEXT;

	return SSL_CTX_set_current_cert(ctx, to) == 1
	    ? SSL_CTX_get0_certificate(ctx)
	    : NULL;
}

static int
load_pair(SSL_CTX *ctx, const struct net_tls_pair *p)
{
	EVP_PKEY *key = net_tls_key_read(&p->key);
	int err = ERR_LIBRARY;

	if (key && load_chain(ctx, &p->chain) == 0 &&
	    SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		err = 0;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

/* No protocol name at all: refused before any signature is made. */
static int
on_hello(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *data;
	size_t len;

	(void)arg;
	if (SSL_client_hello_get0_ext(ssl,
		TLSEXT_TYPE_application_layer_protocol_negotiation, &data,
		&len))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	for (unsigned at = 0; at < in_len; at += 1U + in[at]) {
		if (at + 1U + in[at] > in_len)
			break;
		if (in[at] != ALPN_LEN - 1 ||
		    memcmp(in + at + 1, alpn + 1, ALPN_LEN - 1) != 0)
			continue;
		*out = in + at + 1;
		*out_len = in[at];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* An unknown name gets the first certificate, which its owner will judge. */
static int
on_server_name(SSL *ssl, int *alert, void *arg)
{
	const struct net_tls_ctx *c = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (size_t i = 0; name && c->cnt > 1 && i < c->cnt; i++) {
		X509 *x = SSL_CTX_get0_certificate(c->ctx[i]);

		if (X509_check_host(x, name, 0, HOST_FLAGS, NULL) != 1)
			continue;
		SSL_set_SSL_CTX(ssl, c->ctx[i]);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *
add_context(struct net_tls_ctx *c)
{
	SSL_CTX *ctx = make(c, TLS_server_method());

	if (!ctx)
		return NULL;
	c->ctx[c->cnt++] = ctx;
	/* Of several certificates the one that costs us least: libssl's own
	 * order is ECDSA, Ed25519, RSA.  The first cipher is as strong as
	 * the keys it carries and a tenth cheaper than the next. */
	SSL_CTX_set_options(
	    ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	if (SSL_CTX_set_ciphersuites(ctx, CIPHERS) != 1)
		return NULL;
	SSL_CTX_set_read_ahead(ctx, 1); /* a call per flight, not per header */
	/* The chain is what the file says: no search in each handshake. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, c);
	return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? ctx : NULL;
}

static bool
names_within(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++) {
		bool found = false;

		for (int j = 0; j < sk_GENERAL_NAME_num(b) && !found; j++)
			found = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i),
				    sk_GENERAL_NAME_value(b, j)) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool
same_names(const X509 *a, const X509 *b)
{
	GENERAL_NAMES *of_a =
	    X509_get_ext_d2i(a, NID_subject_alt_name, NULL, NULL);
	GENERAL_NAMES *of_b =
	    X509_get_ext_d2i(b, NID_subject_alt_name, NULL, NULL);
	bool same = of_a && of_b && names_within(of_a, of_b) &&
	    names_within(of_b, of_a);

	GENERAL_NAMES_free(of_a);
	GENERAL_NAMES_free(of_b);
	return same;
}

/* Whether the context is for the same names and has no such key yet. */
static bool
takes(SSL_CTX *ctx, X509 *x)
{
	int kind = EVP_PKEY_base_id(X509_get0_pubkey(x));

	for (X509 *y = step_cert(ctx, true); y; y = step_cert(ctx, false))
		if (!same_names(x, y) ||
		    EVP_PKEY_base_id(X509_get0_pubkey(y)) == kind)
			return false;
	return true;
}

static int
add_pair(struct net_tls_ctx *c, const struct net_tls_pair *p)
{
	BIO *bio = net_tls_blob_bio(&p->chain);
	X509 *leaf = bio ? net_tls_cert_read(bio) : NULL;
	SSL_CTX *ctx = NULL;

	BIO_free(bio);
	for (size_t i = 0; leaf && !ctx && i < c->cnt; i++)
		if (takes(c->ctx[i], leaf))
			ctx = c->ctx[i];
	if (leaf && !ctx)
		ctx = add_context(c);
	X509_free(leaf);
	ERR_clear_error();
	return ctx ? load_pair(ctx, p) : ERR_LIBRARY;
}

struct net_tls_ctx *
net_tls_server_new(const struct net_tls_pair *pairs, size_t cnt)
{
	struct net_tls_ctx *c = calloc(1, sizeof *c);
	int err = ERR_LIBRARY;

	if (!c)
		return NULL;
	c->server = true;
	c->bio = net_tls_bio_method();
	c->kdf = net_tls_kdf();
	if (c->bio && cnt > 0 && cnt <= NET_TLS_PAIR_MAX)
		err = 0;
	for (size_t i = 0; err == 0 && i < cnt; i++)
		err = add_pair(c, &pairs[i]);
	if (err == 0)
		return c;
	net_tls_ctx_free(c);
	return NULL;
}

/* What this library knows of a list; an unknown name would spoil it all. */
static size_t
known_groups(SSL_CTX *probe, const char *list, char *out, size_t max)
{
	size_t len = 0;

	while (*list != '\0') {
		size_t n = strcspn(list, ":");
		char *at = out + len + (len > 0);

		if (n > 0 && len + 1 + n < max) {
			memcpy(at, list, n);
			at[n] = '\0';
			if (SSL_CTX_set1_groups_list(probe, at) == 1) {
				if (len > 0)
					out[len] = ':';
				len = (size_t)(at - out) + n;
			}
		}
		list += n + (list[n] == ':');
	}
	out[len] = '\0';
	ERR_clear_error();
	return len;
}

int
net_tls_server_groups(struct net_tls_ctx *c, const char *list)
{
	SSL_CTX *probe = SSL_CTX_new(TLS_server_method());
	char known[GROUPS_MAX];
	size_t len = 0;

	if (probe)
		len = known_groups(probe, list, known, sizeof known);
	SSL_CTX_free(probe);
	for (size_t i = 0; len > 0 && i < c->cnt; i++)
		if (SSL_CTX_set1_groups_list(c->ctx[i], known) != 1)
			len = 0;
	ERR_clear_error();
	return len > 0 ? 0 : ERR_BAD;
}

int
net_tls_server_cert(const struct net_tls_ctx *c, struct net_tls_cert *cert)
{
	struct net_tls_cert one;
	bool any = false;

	memset(cert, 0, sizeof *cert);
	for (size_t i = 0; i < c->cnt; i++)
		for (X509 *x = step_cert(c->ctx[i], true); x;
		     x = step_cert(c->ctx[i], false)) {
			net_tls_cert_facts(x, &one);
			if (!any || one.not_after_s < cert->not_after_s)
				*cert = one;
			any = true;
		}
	return any ? 0 : ERR_ABSENT;
}

void
net_tls_ctx_free(struct net_tls_ctx *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->cnt; i++)
		SSL_CTX_free(c->ctx[i]);
	if (c->kdf)
		OSSL_PROVIDER_unload(c->kdf);
	BIO_meth_free(c->bio);
	free(c);
}
