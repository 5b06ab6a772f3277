/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS connections, step by step as the descriptor allows, and why one failed
 * in words for people.
 */
#include "net/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/wipe.h"
#include "tls_priv.h"

#define KEY_UPDATE_MAX 16
#define NAME_MAX_LEN   255
#define EXPORT_LABEL   "EXPORTER-network-time-security"

static const char *const fault_texts[NET_TLS_FAULT_CNT] = {
    [NET_TLS_NONE] = "no fault",
    [NET_TLS_TCP] = "connection lost",
    [NET_TLS_CLOSED] = "closed by the peer",
    [NET_TLS_VERSION] = "the peer does not speak TLS 1.3",
    [NET_TLS_ALPN] = "the peer does not offer ntske/1",
    [NET_TLS_EXPIRED] = "certificate expired",
    [NET_TLS_NOT_YET] = "certificate not yet valid",
    [NET_TLS_NAME] = "certificate is for another name",
    [NET_TLS_UNTRUSTED] = "certificate not from a trusted authority",
    [NET_TLS_CERT] = "certificate not acceptable",
    [NET_TLS_PROTOCOL] = "not TLS, or broken TLS",
};

const char *
net_tls_fault_text(unsigned fault)
{
	return fault < NET_TLS_FAULT_CNT ? fault_texts[fault] : "unknown";
}

static enum net_tls_fault
fault_of_verify(long code)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return NET_TLS_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return NET_TLS_NOT_YET;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return NET_TLS_NAME;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return NET_TLS_UNTRUSTED;
	default:
		return NET_TLS_CERT;
	}
}

/* Alerts are what the peer says of us, the others what we found. */
static const struct {
	int reason;
	enum net_tls_fault fault;
} faults[] = {
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, NET_TLS_CLOSED},
    {SSL_R_UNSUPPORTED_PROTOCOL, NET_TLS_VERSION},
    {SSL_R_VERSION_TOO_LOW, NET_TLS_VERSION},
    {SSL_R_WRONG_SSL_VERSION, NET_TLS_VERSION},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, NET_TLS_VERSION},
    {SSL_R_NO_APPLICATION_PROTOCOL, NET_TLS_ALPN},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, NET_TLS_ALPN},
    {SSL_R_CALLBACK_FAILED, NET_TLS_ALPN},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, NET_TLS_EXPIRED},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, NET_TLS_UNTRUSTED},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, NET_TLS_CERT},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, NET_TLS_CERT},
};

static enum net_tls_fault
fault_of_reason(int reason)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (faults[i].reason == reason)
			return faults[i].fault;
	return NET_TLS_PROTOCOL;
}

static int
fail(struct net_tls *t, enum net_tls_fault fault, const char *text)
{
	if (t->fault == NET_TLS_NONE) {
		t->fault = fault;
		t->text = text;
	}
	ERR_clear_error();
	return ERR_LIBRARY;
}

/* What an SSL_ call that did not succeed means for the caller. */
static int
outcome(struct net_tls *t, int ret)
{
	int saved = errno;
	unsigned long code;

	t->dry = false; /* the caller waits: there may be more then */
	switch (SSL_get_error(t->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return NET_TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return NET_TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return t->done ? ERR_CLOSED : fail(t, NET_TLS_CLOSED, NULL);
	case SSL_ERROR_SYSCALL:
		return fail(t, NET_TLS_TCP, strerror(saved));
	default:
		break;
	}
	code = ERR_peek_error();
	if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
	    ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return fail(t, fault_of_verify(t->verify),
		    X509_verify_cert_error_string(t->verify));
	return fail(t,
	    ERR_GET_LIB(code) == ERR_LIB_SSL
		? fault_of_reason(ERR_GET_REASON(code))
		: NET_TLS_PROTOCOL,
	    ERR_reason_error_string(code));
}

static void
on_message(int sent, int version, int type, const void *buf, size_t len,
    SSL *ssl, void *arg)
{
	struct net_tls *t = arg;

	(void)version;
	(void)ssl;
	if (!sent && type == SSL3_RT_HANDSHAKE && len > 0 &&
	    *(const unsigned char *)buf == SSL3_MT_KEY_UPDATE)
		t->key_update_cnt++;
}

static struct net_tls *
start(struct net_tls_ctx *c, int fd)
{
	struct net_tls *t = calloc(1, sizeof *t);
	BIO *bio;

	if (!t)
		return NULL;
	t->server = c->server;
	t->fd = fd;
	t->ssl = SSL_new(c->ctx[0]);
	bio = t->ssl ? net_tls_bio_new(c->bio, t) : NULL;
	if (!bio || !SSL_set_app_data(t->ssl, t)) {
		BIO_free(bio);
		net_tls_free(t);
		return NULL;
	}
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	return t;
}

/* RFC 8915 section 4, RFC 9525: the configured name or address must be among
 * the certificate's alternative names; the subject does not count. */
static int
expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char host[NAME_MAX_LEN + 1];
	size_t len = strlen(name);
	struct addr a;

	if (addr_parse(&a, name) == 0)
		return X509_VERIFY_PARAM_set1_ip(
			   param, a.bytes, a.family == ADDR_V6 ? 16 : 4)
		    ? 0
		    : ERR_LIBRARY;
	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return ERR_BAD;
	memcpy(host, name, len);
	host[len] = '\0';
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (!X509_VERIFY_PARAM_set1_host(param, host, len) ||
	    !SSL_set_tlsext_host_name(ssl, host))
		return ERR_LIBRARY;
	return 0;
}

struct net_tls *
net_tls_connect(struct net_tls_ctx *c, int fd, const char *name, int64_t now_s)
{
	struct net_tls *t = start(c, fd);

	if (!t)
		return NULL;
	if (expect_name(t->ssl, name) < 0) {
		net_tls_free(t);
		return NULL;
	}
	X509_VERIFY_PARAM_set_time(SSL_get0_param(t->ssl), (time_t)now_s);
	SSL_set_connect_state(t->ssl);
	return t;
}

struct net_tls *
net_tls_accept(struct net_tls_ctx *c, int fd)
{
	struct net_tls *t = start(c, fd);

	if (t)
		SSL_set_accept_state(t->ssl);
	return t;
}

void
net_tls_free(struct net_tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	net_tls_bio_drop(t);
	X509_free(t->refused);
	free(t);
	ERR_clear_error();
}

static bool
agreed(const SSL *ssl)
{
	const unsigned char *data;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &data, &len);
	return len == 7 && memcmp(data, "ntske/1", 7) == 0;
}

int
net_tls_handshake(struct net_tls *t)
{
	int ret;

	if (t->fault != NET_TLS_NONE)
		return ERR_LIBRARY;
	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(t->ssl);
	if (ret != 1)
		return outcome(t, ret);
	if (SSL_version(t->ssl) != TLS1_3_VERSION)
		return fail(t, NET_TLS_VERSION, NULL);
	if (!agreed(t->ssl))
		return fail(t, NET_TLS_ALPN, NULL);
	t->done = true;
	return 0;
}

int
net_tls_read(struct net_tls *t, void *buf, size_t max, size_t *len)
{
	unsigned before;
	int ret;

	*len = 0;
	if (!t->done || t->fault != NET_TLS_NONE)
		return ERR_LIBRARY;
	ERR_clear_error();
	errno = 0;
	/* One record per call, so that key updates can be counted; what comes
	 * after one may have been read with it. */
	do {
		before = t->key_update_cnt;
		ret = SSL_read_ex(t->ssl, buf, max, len);
	} while (ret != 1 && SSL_want_read(t->ssl) &&
	    t->key_update_cnt != before && before < KEY_UPDATE_MAX);
	/* Each costs us a key schedule and the peer nearly nothing (E12). */
	if (t->key_update_cnt > KEY_UPDATE_MAX) {
		*len = 0;
		return fail(t, NET_TLS_PROTOCOL, "too many key updates");
	}
	return ret == 1 ? 0 : outcome(t, ret);
}

int
net_tls_write(struct net_tls *t, const void *data, size_t len, size_t *done)
{
	int ret;

	*done = 0;
	if (!t->done || t->fault != NET_TLS_NONE)
		return ERR_LIBRARY;
	ERR_clear_error();
	errno = 0;
	ret = SSL_write_ex(t->ssl, data, len, done);
	return ret == 1 ? 0 : outcome(t, ret);
}

int
net_tls_write_last(
    struct net_tls *t, const void *data, size_t len, size_t *done)
{
	t->more = true;
	return net_tls_write(t, data, len, done);
}

int
net_tls_shutdown(struct net_tls *t)
{
	int ret;

	if (!t->done || t->fault != NET_TLS_NONE)
		return ERR_LIBRARY;
	ERR_clear_error();
	errno = 0;
	t->ending = true;
	ret = SSL_shutdown(t->ssl);
	return ret >= 0 ? 0 : outcome(t, ret);
}

int
net_tls_export(
    struct net_tls *t, const uint8_t context[5], uint8_t *out, size_t len)
{
	if (t->done &&
	    SSL_export_keying_material(t->ssl, out, len, EXPORT_LABEL,
		sizeof EXPORT_LABEL - 1, context, 5, 1) == 1)
		return 0;
	wipe_bytes(out, len);
	ERR_clear_error();
	return ERR_LIBRARY;
}

enum net_tls_fault
net_tls_fault(const struct net_tls *t, const char **text)
{
	if (text)
		*text = t->text;
	return t->fault;
}

int
net_tls_peer(const struct net_tls *t, struct net_tls_cert *c)
{
	const X509 *x = SSL_get0_peer_certificate(t->ssl);
	int cnt = sk_X509_num(SSL_get_peer_cert_chain(t->ssl));

	memset(c, 0, sizeof *c);
	if (!x)
		x = t->refused;
	if (!x)
		return ERR_ABSENT;
	net_tls_cert_facts(x, c);
	c->chain_cnt = (uint8_t)(cnt < 0 ? 0 : cnt > 255 ? 255 : cnt);
	return 0;
}

const char *
net_tls_server_name(const struct net_tls *t)
{
	return SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
}

const char *
net_tls_cipher(const struct net_tls *t)
{
	return SSL_get_cipher_name(t->ssl);
}

/* Before there is a session the library would look for the group in it. */
const char *
net_tls_group(const struct net_tls *t)
{
	if (!t->done)
		return NULL;
	return SSL_group_to_name(t->ssl, (int)SSL_get_negotiated_group(t->ssl));
}
