/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS served to clients of different wishes: which kind of key signs, and in
 * which group keys are agreed.
 */
#include "tls_rig.h"

#include <stdio.h>

#include <openssl/x509v3.h>

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

/* One certificate that would lose by it is enough, and so is one that nothing
 * is known of.  (Which processors: 74-processor.sh.) */
static void
advice_is_for_rsa2048_alone(void **state)
{
	struct other rsa, longer;
	struct net_tls_blob chains[2];
	const char *advice;

	(void)state;
	other_new(&rsa, EVP_RSA_gen(2048), EVP_sha256());
	other_new(&longer, EVP_RSA_gen(3072), EVP_sha256());
	chains[0] = chains[1] = rsa.pair.chain;
	advice = net_tls_cpu_advice(chains, 1);
	if (advice)
		assert_string_equal(advice, "OPENSSL_ia32cap=:~0x80000");
	assert_ptr_equal(net_tls_cpu_advice(chains, 2), advice);
	assert_null(net_tls_cpu_advice(chains, 0));
	chains[1] = pair(&cert_a).chain;
	assert_null(net_tls_cpu_advice(chains, 2));
	chains[1] = longer.pair.chain;
	assert_null(net_tls_cpu_advice(chains, 2));
	chains[1] = (struct net_tls_blob){(const uint8_t *)"x", 1, "x"};
	assert_null(net_tls_cpu_advice(chains, 2));
	other_free(&rsa);
	other_free(&longer);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(advice_is_for_rsa2048_alone),
	    cmocka_unit_test(the_kind_of_key_is_chosen),
	    cmocka_unit_test(ed25519_is_served),
	    cmocka_unit_test(the_hybrid_group_is_served),
	    cmocka_unit_test(groups_are_limited),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
