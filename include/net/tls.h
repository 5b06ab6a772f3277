/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS 1.3 for NTS key establishment (RFC 8915 sections 3, 4 and 5.1): ALPN
 * ntske/1 or nothing, no tickets, no early data, no client certificates.
 * Everything that comes from files arrives here as bytes, so that a caged
 * role can set it up.  libssl allocates within a connection; we do not.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes of a PEM file, borrowed.  @name: the file, for messages. */
struct net_tls_blob {
	const uint8_t *data;
	size_t len;
	const char *name;
};

#define NET_TLS_PAIR_MAX 16

/* Certificate chain, leaf first, and its key. */
struct net_tls_pair {
	struct net_tls_blob chain;
	struct net_tls_blob key;
};

/* What made a connection fail, for people. */
enum net_tls_fault {
	NET_TLS_NONE = 0,
	NET_TLS_TCP,     /* reset or lost */
	NET_TLS_CLOSED,  /* closed by the peer before it was done */
	NET_TLS_VERSION, /* no TLS 1.3 */
	NET_TLS_ALPN,    /* ntske/1 was not agreed */
	NET_TLS_EXPIRED,
	NET_TLS_NOT_YET,   /* certificate not yet valid */
	NET_TLS_NAME,      /* certificate is for another name */
	NET_TLS_UNTRUSTED, /* no chain to a trusted authority */
	NET_TLS_CERT,      /* anything else about the certificate */
	NET_TLS_PROTOCOL,  /* not TLS, or broken TLS */
	NET_TLS_FAULT_CNT,
};

/**
 * net_tls_fault_text - a few words, never NULL.
 */
const char *net_tls_fault_text(unsigned fault);

/* A certificate.  Texts are escaped for printing. */
struct net_tls_cert {
	char subject[128];
	char issuer[128];
	char key[32];       /* "EC P-256", "RSA 2048" */
	char signature[48]; /* "ecdsa-with-SHA256" */
	int64_t not_before_s;
	int64_t not_after_s;
	uint8_t chain_cnt; /* certificates the peer sent */
};

struct net_tls_ctx;
struct net_tls;

/**
 * net_tls_wipe_freed - from now on this process wipes what libcrypto frees;
 * for one that reads private keys without keeping them.
 * Return: 0, or ERR_LIBRARY: libcrypto is in use already.
 */
int net_tls_wipe_freed(void) MUST_CHECK;

/**
 * net_tls_keep_freed - from now on this process, of one thread, gives libcrypto
 * what it freed before instead of asking the C library; of that 8 MiB at most
 * are kept.  Not together with net_tls_wipe_freed.
 * Return: 0; ERR_LIBRARY: too late, libcrypto has memory already; ERR_ABSENT
 * under a sanitizer, which is to see what is freed.
 */
int net_tls_keep_freed(void) MUST_CHECK;

/**
 * net_tls_system_bundle - the system's trusted certificates as PEM bytes:
 * one bundle file, or the files of its certificate directory.
 * @data: owned by the caller, to be given to os_file_free.
 * Return: 0; ERR_ABSENT when no place has any; ERR_FULL; ERR_SYSTEM.
 */
int net_tls_system_bundle(uint8_t **data, size_t *len) MUST_CHECK;

/**
 * net_tls_client_new - a client that trusts the certificates in these blobs
 * (each also by itself, if it is no authority), and nothing else.
 * @cert_cnt: how many were read; may be NULL.
 * Return: owned, or NULL (a blob without any certificate is not an error).
 */
struct net_tls_ctx *net_tls_client_new(const struct net_tls_blob *trust,
    size_t blob_cnt, size_t *cert_cnt) MUST_CHECK;

/**
 * net_tls_server_new - a server with one or more pairs.  The client's server
 * name selects; without one, or with an unknown one, the first.
 * Return: owned, or NULL: net_tls_pair_check says why.
 */
struct net_tls_ctx *net_tls_server_new(
    const struct net_tls_pair *pairs, size_t cnt) MUST_CHECK;

/**
 * net_tls_server_groups - which key exchange groups, the best first.
 * @list: libssl's names with colons between; names it does not know are left
 *        out.
 * Return: 0, or ERR_BAD when none is left: what held before holds.
 */
int net_tls_server_groups(struct net_tls_ctx *c, const char *list) MUST_CHECK;

/**
 * net_tls_server_cert - facts about our certificate that expires first.
 * Return: 0, or ERR_ABSENT.
 */
int net_tls_server_cert(
    const struct net_tls_ctx *c, struct net_tls_cert *cert) MUST_CHECK;

/**
 * net_tls_ctx_free - after its connections; NULL is fine.
 */
void net_tls_ctx_free(struct net_tls_ctx *c);

/**
 * net_tls_pair_check - can a server use this pair?
 * @now_s: the time, unix.
 * @why:   on error one sentence naming the file and what to do.
 * Return: 0; ERR_BAD (unreadable); ERR_AUTH (key does not match);
 * ERR_DENIED (expired or not yet valid: usable, but clients will refuse).
 */
int net_tls_pair_check(const struct net_tls_pair *p, int64_t now_s, char *why,
    size_t why_max) MUST_CHECK;

/**
 * net_tls_cpu_advice - what libcrypto had better not know of this processor
 * to sign fastest for these certificates.
 * @chains: PEM, leaf first; only public keys are looked at.
 * Return: "NAME=VALUE" for the environment of a process yet to be started, or
 * NULL where nothing is to be gained.
 */
const char *net_tls_cpu_advice(const struct net_tls_blob *chains, size_t cnt);

/**
 * net_tls_connect - client side of a connection over fd (borrowed).
 * @name:  the name or numeric address that the certificate must carry.
 * @now_s: unix time at which certificates are judged.
 * Return: owned, or NULL.
 */
struct net_tls *net_tls_connect(
    struct net_tls_ctx *c, int fd, const char *name, int64_t now_s) MUST_CHECK;

/**
 * net_tls_accept - server side of a connection over fd (borrowed).
 */
struct net_tls *net_tls_accept(struct net_tls_ctx *c, int fd) MUST_CHECK;

/**
 * net_tls_free - wipe and free; NULL is fine.
 */
void net_tls_free(struct net_tls *t);

/* What the calls below return besides 0 and errors. */
enum {
	NET_TLS_WANT_READ = 1,  /* call again when fd is readable */
	NET_TLS_WANT_WRITE = 2, /* call again when fd is writable */
};

/**
 * net_tls_handshake - go on with it.
 * Return: 0 when done (name, chain and ALPN hold), NET_TLS_WANT_*, or
 * ERR_LIBRARY: see net_tls_fault.
 */
int net_tls_handshake(struct net_tls *t) MUST_CHECK;

/**
 * net_tls_read - up to max bytes.
 * Return: 0 with *len > 0, NET_TLS_WANT_*, ERR_CLOSED after close_notify,
 * ERR_LIBRARY (an end without close_notify included).
 */
int net_tls_read(
    struct net_tls *t, void *buf, size_t max, size_t *len) MUST_CHECK;

/**
 * net_tls_write - some of len > 0 bytes.
 * @done: how many were taken; call again with the rest.
 * Return: 0 when *done > 0, NET_TLS_WANT_*, ERR_LIBRARY.
 */
int net_tls_write(
    struct net_tls *t, const void *data, size_t len, size_t *done) MUST_CHECK;

/**
 * net_tls_write_last - as net_tls_write, for what is followed by nothing but
 * net_tls_shutdown and close(2): it may be kept back until then, so that all
 * goes in one call and one segment.
 */
int net_tls_write_last(
    struct net_tls *t, const void *data, size_t len, size_t *done) MUST_CHECK;

/**
 * net_tls_shutdown - send close_notify; the peer's is not waited for.
 * Return: 0 when sent, NET_TLS_WANT_*, ERR_LIBRARY.
 */
int net_tls_shutdown(struct net_tls *t) MUST_CHECK;

/**
 * net_tls_export - keying material under the label of RFC 8915 section 5.1.
 * @context: 5 bytes: protocol, AEAD, direction.
 * Return: 0 or ERR_LIBRARY; out is zeroed on error.
 */
int net_tls_export(struct net_tls *t, const uint8_t context[5], uint8_t *out,
    size_t len) MUST_CHECK;

/**
 * net_tls_fault - why it failed.
 * @text: the library's own words for it, or NULL; valid until the next call.
 */
enum net_tls_fault net_tls_fault(const struct net_tls *t, const char **text);

/**
 * net_tls_peer - facts about the peer's certificate, also of a refused one.
 * Return: 0, or ERR_ABSENT when it has shown none.
 */
int net_tls_peer(const struct net_tls *t, struct net_tls_cert *c) MUST_CHECK;

/**
 * net_tls_server_name - the name the client asked for, or NULL; unescaped.
 */
const char *net_tls_server_name(const struct net_tls *t);

/**
 * net_tls_cipher - "TLS_AES_256_GCM_SHA384", never NULL.
 */
const char *net_tls_cipher(const struct net_tls *t);

/**
 * net_tls_group - the group of the key exchange, "x25519" or "X25519MLKEM768",
 * in the library's words; NULL where it has none, or no handshake is done.
 */
const char *net_tls_group(const struct net_tls *t);

#endif
