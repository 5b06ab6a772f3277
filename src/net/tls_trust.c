/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificates that a client trusts, kept as they came and parsed when
 * one is asked for: the system's store as parsed objects would be the largest
 * thing in all our processes.
 */
#include <stdlib.h>

#include <openssl/err.h>

#include "tls_priv.h"

struct entry {
	unsigned long subject; /* hash of its name */
	unsigned char *der;    /* owned by OpenSSL's allocator */
	int len;
};

struct trust {
	X509_LOOKUP_METHOD *method;
	struct entry *at;
	size_t cnt;
	size_t max;
};

static unsigned long
name_hash(const X509_NAME *name)
{
	return X509_NAME_hash_ex(name, NULL, NULL, NULL);
}

static bool
keep(struct trust *t, X509 *x)
{
	struct entry e = {.subject = name_hash(X509_get_subject_name(x))};
	size_t max = t->max > 0 ? 2 * t->max : 64;
	struct entry *more;

	if (t->cnt == t->max) {
		more = realloc(t->at, max * sizeof *more);
		if (!more)
			return false;
		t->at = more;
		t->max = max;
	}
	e.len = i2d_X509(x, &e.der);
	if (e.len <= 0)
		return false;
	t->at[t->cnt++] = e;
	return true;
}

/* Into the store's cache, and lent to the caller, as libcrypto's own lookup
 * in a directory does it. */
static bool
offer(X509_LOOKUP *lu, const struct entry *e, const X509_NAME *name,
    X509_OBJECT *ret)
{
	const unsigned char *der = e->der;
	X509 *x = d2i_X509(NULL, &der, e->len);
	bool same = x && X509_NAME_cmp(X509_get_subject_name(x), name) == 0 &&
	    X509_STORE_add_cert(X509_LOOKUP_get_store(lu), x) == 1;

	if (same && X509_OBJECT_set1_X509(ret, x))
		X509_free(x); /* the store's reference is enough */
	X509_free(x);
	return same;
}

static int
by_subject(X509_LOOKUP *lu, X509_LOOKUP_TYPE type, const X509_NAME *name,
    X509_OBJECT *ret)
{
	const struct trust *t = X509_LOOKUP_get_method_data(lu);
	unsigned long hash = name_hash(name);
	bool found = false;

	for (size_t i = 0; type == X509_LU_X509 && i < t->cnt; i++)
		if (t->at[i].subject == hash)
			found = offer(lu, &t->at[i], name, ret) || found;
	return found;
}

static void
forget(X509_LOOKUP *lu)
{
	struct trust *t = X509_LOOKUP_get_method_data(lu);

	if (!t)
		return;
	for (size_t i = 0; i < t->cnt; i++)
		OPENSSL_free(t->at[i].der);
	X509_LOOKUP_meth_free(t->method);
	free(t->at);
	free(t);
}

static size_t
read_blob(struct trust *t, const struct net_tls_blob *b)
{
	BIO *bio = net_tls_blob_bio(b);
	size_t cnt = 0;
	X509 *x;

	while (bio && (x = net_tls_cert_read(bio)) != NULL) {
		cnt += keep(t, x);
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error(); /* the end of the file is one */
	return cnt;
}

static struct trust *
attach(X509_STORE *store)
{
	struct trust *t = calloc(1, sizeof *t);
	X509_LOOKUP *lu;

	if (!t)
		return NULL;
	t->method = X509_LOOKUP_meth_new("kept certificates");
	if (!t->method ||
	    !X509_LOOKUP_meth_set_get_by_subject(t->method, by_subject) ||
	    !X509_LOOKUP_meth_set_free(t->method, forget) ||
	    !(lu = X509_STORE_add_lookup(store, t->method))) {
		X509_LOOKUP_meth_free(t->method);
		free(t);
		return NULL;
	}
	X509_LOOKUP_set_method_data(lu, t);
	return t;
}

size_t
net_tls_trust(X509_STORE *store, const struct net_tls_blob *blobs, size_t cnt)
{
	struct trust *t = attach(store);
	size_t certs = 0;

	for (size_t i = 0; t && i < cnt; i++)
		certs += read_blob(t, &blobs[i]);
	return certs;
}
