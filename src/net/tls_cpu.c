/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's share in libcrypto's choice of code.  libcrypto chooses once,
 * while it is loaded, by what the processor can do and by a variable of the
 * environment that takes some of that back (OPENSSL_ia32cap(3)).
 */
#include "tls_priv.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define RSA_BITS 2048

static bool
is_rsa2048(const struct net_tls_blob *chain)
{
	BIO *bio = net_tls_blob_bio(chain);
	X509 *x = bio ? net_tls_cert_read(bio) : NULL;
	EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
	bool yes = key && EVP_PKEY_is_a(key, "RSA") &&
	    EVP_PKEY_get_bits(key) == RSA_BITS;

	X509_free(x);
	BIO_free(bio);
	return yes;
}

/* For primes of 1024 bits libcrypto has code for ADX, for AVX2 and for
 * AVX-512 IFMA, and takes AVX2 last.  Measured on a Zen 3, signatures with 2048
 * bits a second: ADX 850, AVX2 1380.  Other lengths and other processors are
 * not known to gain, and X25519 loses a sixth. */
static bool
avx2_beats_adx(void)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	return __builtin_cpu_is("znver3") && __builtin_cpu_supports("avx2") &&
	    !__builtin_cpu_supports("avx512ifma");
#else
	return false;
#endif
}

const char *
net_tls_cpu_advice(const struct net_tls_blob *chains, size_t cnt)
{
	if (cnt == 0 || !avx2_beats_adx())
		return NULL;
	for (size_t i = 0; i < cnt; i++)
		if (!is_rsa2048(&chains[i]))
			return NULL;
	return "OPENSSL_ia32cap=:~0x80000";
}
