/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a key exchange costs a server before anything of ours: libssl's half
 * of a handshake in memory.  CPU time in microseconds, medians, "name value
 * unit".  (TCP's share: truenoon-load --mode tcp at truenoon-echo.)
 *
 *	load_ke_floor [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/ssl.h>

#define ROUNDS_MAX 99
#define EACH       200 /* handshakes in a round */

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "load_ke_floor: %s\n", what);
	exit(1);
}

static SSL_CTX *
server_ctx(EVP_PKEY *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *x = X509_new();
	char groups[] = "X25519"; /* a macro of libssl casts it */

	must(ctx && x, "memory");
	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	must(X509_sign(x, key, EVP_sha256()) > 0, "certificate");
	must(SSL_CTX_use_certificate(ctx, x) == 1 &&
		SSL_CTX_use_PrivateKey(ctx, key) == 1,
	    "pair");
	X509_free(x);
	EVP_PKEY_free(key);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	must(SSL_CTX_set1_groups_list(ctx, groups) == 1, "group");
	return ctx;
}

/* Return: the server's share of one handshake. */
static double
handshake_us(SSL_CTX *server, SSL_CTX *client)
{
	BIO *to_server = BIO_new(BIO_s_mem()),
	    *to_client = BIO_new(BIO_s_mem());
	SSL *c = SSL_new(client), *s;
	double began, us = 0;
	int done = 0;

	BIO_up_ref(to_server);
	BIO_up_ref(to_client);
	SSL_set_bio(c, to_client, to_server);
	SSL_set_connect_state(c);
	began = cpu_us();
	s = SSL_new(server);
	SSL_set_bio(s, to_server, to_client);
	SSL_set_accept_state(s);
	us += cpu_us() - began;
	for (int i = 0; i < 4 && done != 1; i++) {
		SSL_do_handshake(c);
		began = cpu_us();
		done = SSL_do_handshake(s);
		us += cpu_us() - began;
	}
	must(done == 1, "handshake");
	began = cpu_us();
	SSL_free(s);
	us += cpu_us() - began;
	SSL_free(c);
	return us;
}

static double
round_in_memory(SSL_CTX *server, SSL_CTX *client)
{
	double us = 0;

	for (int i = 0; i < EACH; i++)
		us += handshake_us(server, client);
	return us / EACH;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return v[n / 2];
}

int
main(int argc, char **argv)
{
	static double ec[ROUNDS_MAX], rsa[ROUNDS_MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	SSL_CTX *with_ec = server_ctx(EVP_EC_gen("P-256"));
	SSL_CTX *with_rsa = server_ctx(EVP_RSA_gen(2048));

	must(rounds > 0 && rounds <= ROUNDS_MAX, "1 to 99 rounds");
	for (int i = 0; i < rounds; i++) {
		ec[i] = round_in_memory(with_ec, client);
		rsa[i] = round_in_memory(with_rsa, client);
	}
	printf("%-36s %8.1f us\n", "ke_floor_libssl_p256", median(ec, rounds));
	printf(
	    "%-36s %8.1f us\n", "ke_floor_libssl_rsa2048", median(rsa, rounds));
	return 0;
}
