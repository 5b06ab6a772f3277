/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates: reading them from PEM, describing them to people, and what
 * is wrong with a server's pair.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "os/file.h"
#include "tls_priv.h"

#define BUNDLE_MAX (8 << 20)

/* An encrypted key cannot be asked about: there is nobody to ask. */
static int
no_password(char *buf, int max, int writing, void *arg)
{
	(void)buf;
	(void)max;
	(void)writing;
	(void)arg;
	return -1;
}

BIO *
net_tls_blob_bio(const struct net_tls_blob *b)
{
	return b->len > INT_MAX ? NULL : BIO_new_mem_buf(b->data, (int)b->len);
}

X509 *
net_tls_cert_read(BIO *bio)
{
	return PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
}

EVP_PKEY *
net_tls_key_read(const struct net_tls_blob *b)
{
	BIO *bio = net_tls_blob_bio(b);
	EVP_PKEY *key = NULL;

	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return key;
}

static int64_t
unix_s(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return 0;
	return (int64_t)timegm(&tm);
}

static void
name_text(const X509_NAME *name, char *out, size_t max)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio &&
	    X509_NAME_print_ex(bio, name, 0,
		XN_FLAG_ONELINE & ~ASN1_STRFLGS_UTF8_CONVERT) >= 0)
		n = BIO_read(bio, out, (int)max - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	for (; *out; out++) /* whatever the library let through */
		if ((unsigned char)*out < 0x20 || (unsigned char)*out > 0x7e)
			*out = '?';
}

/* Many certificates of today have no subject but names. */
static void
first_name(const X509 *x, char *out, size_t max)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; out[0] == '\0' && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DNS)
			snprintf(out, max, "DNS:%.*s",
			    ASN1_STRING_length(g->d.dNSName),
			    (const char *)ASN1_STRING_get0_data(g->d.dNSName));
	}
	GENERAL_NAMES_free(names);
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || (unsigned char)*out > 0x7e)
			*out = '?';
}

static void
key_text(const X509 *x, char *out, size_t max)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	char group[24] = "";
	size_t len;

	if (!key) {
		snprintf(out, max, "unknown");
	} else if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof group, &len)) {
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

		snprintf(out, max, "EC %s", nist ? nist : group);
	} else if (EVP_PKEY_is_a(key, "RSA")) {
		snprintf(out, max, "RSA %d", EVP_PKEY_get_bits(key));
	} else {
		const char *type = EVP_PKEY_get0_type_name(key);

		snprintf(out, max, "%s", type ? type : "unknown");
	}
}

void
net_tls_cert_facts(const X509 *x, struct net_tls_cert *c)
{
	memset(c, 0, sizeof *c);
	name_text(X509_get_subject_name(x), c->subject, sizeof c->subject);
	if (c->subject[0] == '\0')
		first_name(x, c->subject, sizeof c->subject);
	name_text(X509_get_issuer_name(x), c->issuer, sizeof c->issuer);
	key_text(x, c->key, sizeof c->key);
	snprintf(c->signature, sizeof c->signature, "%s",
	    OBJ_nid2sn(X509_get_signature_nid(x)));
	c->not_before_s = unix_s(X509_get0_notBefore(x));
	c->not_after_s = unix_s(X509_get0_notAfter(x));
	ERR_clear_error();
}

static void
day(int64_t s, char out[16])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		strcpy(out, "?");
}

static int
check_dates(
    const X509 *x, const char *name, int64_t now_s, char *why, size_t why_max)
{
	struct net_tls_cert c;
	char when[16];

	net_tls_cert_facts(x, &c);
	if (now_s > c.not_after_s) {
		day(c.not_after_s, when);
		snprintf(why, why_max,
		    "certificate %s expired on %s: renew it, then reload", name,
		    when);
		return ERR_DENIED;
	}
	if (now_s < c.not_before_s) {
		day(c.not_before_s, when);
		snprintf(why, why_max,
		    "certificate %s is not valid before "
		    "%s: check this machine's clock or the certificate",
		    name, when);
		return ERR_DENIED;
	}
	return 0;
}

static int
check_pair(const struct net_tls_pair *p, X509 *x, EVP_PKEY *key, char *why,
    size_t why_max)
{
	if (!x) {
		snprintf(why, why_max,
		    "%s holds no PEM certificate: give the "
		    "chain file, server certificate first",
		    p->chain.name);
		return ERR_BAD;
	}
	if (!key) {
		snprintf(why, why_max,
		    "%s holds no readable PEM private key: "
		    "it must be there and without a password",
		    p->key.name);
		return ERR_BAD;
	}
	if (X509_check_private_key(x, key) != 1) {
		snprintf(why, why_max,
		    "key %s does not belong to certificate "
		    "%s: give the pair that was issued together",
		    p->key.name, p->chain.name);
		return ERR_AUTH;
	}
	return 0;
}

int
net_tls_pair_check(
    const struct net_tls_pair *p, int64_t now_s, char *why, size_t why_max)
{
	BIO *bio = net_tls_blob_bio(&p->chain);
	X509 *x = bio ? net_tls_cert_read(bio) : NULL;
	EVP_PKEY *key = net_tls_key_read(&p->key);
	int err;

	why[0] = '\0';
	err = check_pair(p, x, key, why, why_max);
	if (err == 0)
		err = check_dates(x, p->chain.name, now_s, why, why_max);
	EVP_PKEY_free(key);
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

static int
append(const char *path, uint8_t *all, size_t *len)
{
	uint8_t *data;
	size_t more;
	int err = os_file_read(path, 0, BUNDLE_MAX, &data, &more);

	if (err < 0)
		return err;
	if (*len + more + 1 > BUNDLE_MAX) {
		err = ERR_FULL;
	} else {
		memcpy(all + *len, data, more);
		*len += more;
		all[(*len)++] = '\n';
	}
	os_file_free(data, more);
	return err;
}

/* A directory of single certificates: the hashed names, so that each is
 * taken once. */
static int
append_dir(const char *dir, uint8_t *all, size_t *len)
{
	struct os_file_list list;
	char path[PATH_MAX];
	int err = os_file_list(dir, ".0", 4096, &list);

	if (err < 0)
		return err;
	for (size_t i = 0; err == 0 && i < list.cnt; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, list.names[i]);
		err = append(path, all, len);
		if (err == ERR_ABSENT)
			err = 0;
	}
	os_file_list_free(&list);
	return err < 0 ? err : *len > 0 ? 0 : ERR_ABSENT;
}

int
net_tls_system_bundle(uint8_t **data, size_t *len)
{
	const char *places[] = {secure_getenv("SSL_CERT_FILE"),
	    X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	    "/etc/ssl/cert.pem"};
	int err = ERR_ABSENT;

	*len = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (!places[i])
			continue;
		err = os_file_read(places[i], 0, BUNDLE_MAX, data, len);
		if (err == 0 && *len > 0)
			return 0;
		os_file_free(*data, *len);
	}
	*len = 0;
	*data = malloc(BUNDLE_MAX);
	if (!*data)
		return ERR_SYSTEM;
	err = append_dir(X509_get_default_cert_dir(), *data, len);
	if (err < 0) {
		free(*data);
		*data = NULL;
		*len = 0;
	}
	return err;
}
