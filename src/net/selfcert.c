/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A private authority and a server certificate under it (RFC 5280): EC P-256
 * with SHA-256, names only as alternative names besides the common name.
 */
#include "net/selfcert.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/wipe.h"

#define NAME_LEN_MAX 253
#define CN_LEN_MAX   64

struct pieces {
	X509 *ca;
	EVP_PKEY *ca_key;
	X509 *cert;
	EVP_PKEY *key;
};

static bool
is_host(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_";
	size_t len = strlen(name);

	return len > 0 && len <= NAME_LEN_MAX && strspn(name, ok) == len;
}

static int
add_ext(X509 *x, X509V3_CTX *v3, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_nconf_nid(NULL, v3, nid, value);
	int ok = ext && X509_add_ext(x, ext, -1);

	X509_EXTENSION_free(ext);
	return ok ? 0 : ERR_LIBRARY;
}

/* Each name as what it is: an address, or a DNS name. */
static int
add_names(X509 *x, const struct net_selfcert_ask *ask)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	int err = all ? 0 : ERR_LIBRARY;

	for (size_t i = 0; err == 0 && i < ask->name_cnt; i++) {
		struct addr a;
		bool is_addr = addr_parse(&a, ask->names[i]) == 0;
		GENERAL_NAME *g = a2i_GENERAL_NAME(NULL, NULL, NULL,
		    is_addr ? GEN_IPADD : GEN_DNS, ask->names[i], 0);

		if (!g || !sk_GENERAL_NAME_push(all, g)) {
			GENERAL_NAME_free(g);
			err = ERR_BAD;
		}
	}
	if (err == 0 &&
	    X509_add1_ext_i2d(
		x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) != 1)
		err = ERR_LIBRARY;
	GENERAL_NAMES_free(all);
	return err;
}

static int
set_serial(X509 *x)
{
	uint8_t raw[16];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(raw, sizeof raw) != 1)
		return ERR_LIBRARY;
	raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40); /* positive, full length */
	n = BN_bin2bn(raw, sizeof raw, NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? 0 : ERR_LIBRARY;
}

/* All but extensions and signature. */
static X509 *
begin(const struct net_selfcert_ask *ask, EVP_PKEY *key, const char *common,
    const X509 *issuer)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;

	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) == 0 &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		(const unsigned char *)common, -1, -1, 0) &&
	    X509_set_issuer_name(
		x, issuer ? X509_get_subject_name(issuer) : name) &&
	    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)ask->not_before_s) &&
	    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)ask->not_after_s) &&
	    X509_set_pubkey(x, key))
		return x;
	X509_free(x);
	return NULL;
}

static int
make_ca(const struct net_selfcert_ask *ask, struct pieces *p)
{
	X509V3_CTX v3;

	p->ca_key = EVP_EC_gen("P-256");
	p->ca = p->ca_key
	    ? begin(ask, p->ca_key, "truenoon private authority", NULL)
	    : NULL;
	if (!p->ca)
		return ERR_LIBRARY;
	X509V3_set_ctx(&v3, p->ca, p->ca, NULL, NULL, 0);
	if (add_ext(p->ca, &v3, NID_basic_constraints,
		"critical,CA:TRUE,pathlen:0") < 0 ||
	    add_ext(p->ca, &v3, NID_key_usage, "critical,keyCertSign,cRLSign") <
		0 ||
	    add_ext(p->ca, &v3, NID_subject_key_identifier, "hash") < 0)
		return ERR_LIBRARY;
	return X509_sign(p->ca, p->ca_key, EVP_sha256()) ? 0 : ERR_LIBRARY;
}

static int
load_ca(const struct net_selfcert_ask *ask, struct pieces *p)
{
	BIO *cert = BIO_new_mem_buf(ask->ca, -1);
	BIO *key = BIO_new_mem_buf(ask->ca_key, -1);
	int err = ERR_BAD;

	if (cert && key) {
		p->ca = PEM_read_bio_X509(cert, NULL, NULL, NULL);
		p->ca_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	}
	if (p->ca && p->ca_key && X509_check_private_key(p->ca, p->ca_key) == 1)
		err = 0;
	BIO_free(cert);
	BIO_free(key);
	return err;
}

static int
make_cert(const struct net_selfcert_ask *ask, struct pieces *p)
{
	const char *common = ask->names[0];
	X509V3_CTX v3;
	int err;

	if (strlen(common) > CN_LEN_MAX)
		common = "truenoon server"; /* the names are what counts */
	p->key = EVP_EC_gen("P-256");
	p->cert = p->key ? begin(ask, p->key, common, p->ca) : NULL;
	if (!p->cert)
		return ERR_LIBRARY;
	X509V3_set_ctx(&v3, p->ca, p->cert, NULL, NULL, 0);
	err = add_names(p->cert, ask);
	if (err < 0)
		return err;
	if (add_ext(p->cert, &v3, NID_basic_constraints, "critical,CA:FALSE") <
		0 ||
	    add_ext(p->cert, &v3, NID_key_usage, "critical,digitalSignature") <
		0 ||
	    add_ext(p->cert, &v3, NID_ext_key_usage, "serverAuth") < 0 ||
	    add_ext(p->cert, &v3, NID_subject_key_identifier, "hash") < 0 ||
	    add_ext(p->cert, &v3, NID_authority_key_identifier, "keyid") < 0)
		return ERR_LIBRARY;
	return X509_sign(p->cert, p->ca_key, EVP_sha256()) ? 0 : ERR_LIBRARY;
}

static int
take_text(BIO *bio, char out[NET_SELFCERT_PEM_MAX])
{
	size_t len;

	if (BIO_read_ex(bio, out, NET_SELFCERT_PEM_MAX - 1, &len) != 1 ||
	    BIO_pending(bio) > 0)
		return ERR_LIBRARY;
	out[len] = '\0';
	return 0;
}

static int
put_cert(X509 *x, char out[NET_SELFCERT_PEM_MAX])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int err = bio && PEM_write_bio_X509(bio, x) ? take_text(bio, out)
						    : ERR_LIBRARY;

	BIO_free(bio);
	return err;
}

static int
put_key(EVP_PKEY *key, char out[NET_SELFCERT_PEM_MAX])
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int err = ERR_LIBRARY;

	if (bio &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		err = take_text(bio, out);
	BIO_free(bio);
	return err;
}

static int
check(const struct net_selfcert_ask *ask)
{
	struct addr a;

	if (ask->name_cnt == 0 || ask->name_cnt > NET_SELFCERT_NAME_MAX ||
	    !ask->ca != !ask->ca_key || ask->not_after_s <= ask->not_before_s)
		return ERR_BAD;
	for (size_t i = 0; i < ask->name_cnt; i++)
		if (addr_parse(&a, ask->names[i]) < 0 &&
		    !is_host(ask->names[i]))
			return ERR_BAD;
	return 0;
}

int
net_selfcert_make(const struct net_selfcert_ask *ask, struct net_selfcert *out)
{
	struct pieces p = {0};
	int err = check(ask);

	wipe_bytes(out, sizeof *out);
	if (err == 0)
		err = ask->ca ? load_ca(ask, &p) : make_ca(ask, &p);
	if (err == 0)
		err = make_cert(ask, &p);
	if (err == 0 &&
	    (put_cert(p.ca, out->ca) < 0 ||
		put_key(p.ca_key, out->ca_key) < 0 ||
		put_cert(p.cert, out->cert) < 0 ||
		put_key(p.key, out->cert_key) < 0))
		err = ERR_LIBRARY;
	if (err < 0)
		wipe_bytes(out, sizeof *out);
	X509_free(p.ca);
	X509_free(p.cert);
	EVP_PKEY_free(p.ca_key);
	EVP_PKEY_free(p.key);
	ERR_clear_error();
	return err;
}
