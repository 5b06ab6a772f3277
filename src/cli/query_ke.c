/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key exchange of query: TCP to each address in turn, TLS, negotiation.
 * RFC 8915 section 4.  Only a server that has no NTS at all (TCP refused or
 * silent) may be asked without; whatever goes wrong later is an error.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "query_priv.h"

#define TCP_SHARE 0.5 /* of the time for a server goes to TCP at most */

/* ---- words ---------------------------------------------------------------- */

static void
tls_words(
    const struct query_host *h, enum net_tls_fault fault, char *buf, size_t max)
{
	const struct cli_result_cert *c = &h->res->cert;
	char date[CTL_DATE_MAX];

	if (fault == NET_TLS_EXPIRED)
		snprintf(buf, max, "the certificate expired at %s UTC",
		    ctl_text_date(date, c->not_after_s));
	else if (fault == NET_TLS_NOT_YET)
		snprintf(buf, max,
		    "the certificate is valid only from %s UTC on, says this "
		    "machine's clock; if that is far off, see --no-nts",
		    ctl_text_date(date, c->not_before_s));
	else if (fault == NET_TLS_NAME)
		snprintf(buf, max,
		    "the certificate (%s) is for another name than this one",
		    c->subject);
	else if (fault == NET_TLS_UNTRUSTED)
		snprintf(buf, max,
		    "the certificate's authority is not trusted here; --ca "
		    "FILE names another one");
	else if (fault == NET_TLS_VERSION)
		snprintf(buf, max,
		    "the server does not speak TLS 1.3, which NTS demands");
	else if (fault == NET_TLS_ALPN)
		snprintf(buf, max,
		    "the server does not agree to ntske/1: port %u is not "
		    "an NTS key exchange",
		    h->q->o.ke_port);
	else
		snprintf(buf, max, "%s", net_tls_fault_text(fault));
}

static void
note_certificate(struct query_host *h)
{
	struct net_tls_cert cert;
	struct cli_result_cert *c = &h->res->cert;

	if (net_tls_peer(h->ke.tls, &cert) != 0)
		return;
	c->known = true;
	c->not_before_s = cert.not_before_s;
	c->not_after_s = cert.not_after_s;
	snprintf(c->subject, sizeof c->subject, "%s", cert.subject);
}

static void
note_tls(struct query_host *h)
{
	struct cli_result_tls *tls = &h->res->tls;
	const char *group = net_tls_group(h->ke.tls);

	snprintf(tls->group, sizeof tls->group, "%s", group ? group : "");
	snprintf(
	    tls->cipher, sizeof tls->cipher, "%s", net_tls_cipher(h->ke.tls));
	note_certificate(h);
}

static void
tls_failed(struct query_host *h)
{
	enum net_tls_fault fault = net_tls_fault(h->ke.tls, NULL);
	char words[CLI_RESULT_WORDS];

	note_certificate(h);
	tls_words(h, fault, words, sizeof words);
	cli_query_fail(h,
	    fault == NET_TLS_ALPN ? REPORT_STAGE_ALPN : REPORT_STAGE_TLS, "%s",
	    words);
}

/* ---- after the negotiation -------------------------------------------------- */

static void
server_named(struct query_host *h, int err)
{
	struct addr to;

	if (err) {
		cli_query_fail(h, REPORT_STAGE_NAME,
		    "the key exchange names the NTP server %s: %s",
		    h->ke.client.result.server, cli_query_lookup_words(err));
		return;
	}
	to = h->names.at[0];
	to.port = h->ke.client.result.port;
	cli_query_ntp_start(h, &to);
}

/* The NTP server is where the keys came from, unless it named another. */
static void
go_to_server(struct query_host *h)
{
	struct nts_ke_result *r = &h->ke.client.result;
	struct addr to = h->names.at[h->addr_idx];

	if (r->port == NTP_PORT)
		r->port = h->q->o.port;
	if (r->server[0]) {
		cli_query_lookup(
		    h, r->server, addr_is_loopback(&to), server_named);
		return;
	}
	to.port = r->port;
	cli_query_ntp_start(h, &to);
}

static int
take_keys(struct query_host *h)
{
	const struct nts_ke_result *r = &h->ke.client.result;
	struct nts_keys keys[2];
	int err = 0;

	memset(keys, 0, sizeof keys);
	for (unsigned i = 0; i < r->context_cnt && !err; i++) {
		keys[i].aead = r->aead;
		keys[i].key_len = (uint8_t)crypto_aead_key_len(r->aead);
		err = net_tls_export(h->ke.tls, r->contexts[i].c2s, keys[i].c2s,
		    keys[i].key_len);
		if (!err)
			err = net_tls_export(h->ke.tls, r->contexts[i].s2c,
			    keys[i].s2c, keys[i].key_len);
	}
	if (!err)
		err = nts_jar_load(&h->ntp.jar, r, keys);
	wipe_bytes(keys, sizeof keys);
	return err;
}

static void
negotiated(struct query_host *h)
{
	bool polite;

	if (take_keys(h) != 0) {
		cli_query_fail(
		    h, REPORT_STAGE_NEGOTIATION, "the keys could not be made");
		return;
	}
	h->res->aead = h->ke.client.result.aead;
	h->res->cookie_cnt = h->ntp.jar.cookie_cnt;
	h->ntp.nts = true;
	/* The server has said all it will, whether it hears this or not. */
	polite = net_tls_shutdown(h->ke.tls) == 0;
	(void)polite;
	cli_query_ke_end(h);
	go_to_server(h);
}

/* ---- TLS ---------------------------------------------------------------------- */

static void
ke_ended(struct query_host *h, int err)
{
	if (err == 0)
		negotiated(h);
	else
		cli_query_fail(h, REPORT_STAGE_NEGOTIATION, "%s",
		    nts_ke_client_fail_text(h->ke.client.fail));
}

/* Return: NET_TLS_WANT_* to go on later, 0 when the host went on or ended. */
static int
read_response(struct query_host *h)
{
	uint8_t buf[2048];
	size_t len;
	int err;

	for (;;) {
		err = net_tls_read(h->ke.tls, buf, sizeof buf, &len);
		if (err > 0)
			return err;
		if (err == ERR_CLOSED) {
			ke_ended(h, nts_ke_client_eof(&h->ke.client));
			return 0;
		}
		if (err) {
			tls_failed(h);
			return 0;
		}
		err = nts_ke_client_feed(&h->ke.client, buf, len);
		wipe_bytes(buf, sizeof buf);
		if (err != ERR_AGAIN) {
			ke_ended(h, err);
			return 0;
		}
	}
}

/* Return: as read_response, 0 also when all is written (see sent_len), and
 * ERR_LIBRARY. */
static int
write_request(struct query_host *h)
{
	struct query_ke *ke = &h->ke;
	size_t done;
	int err;

	while (ke->sent_len < ke->request_len) {
		err = net_tls_write(ke->tls, ke->request + ke->sent_len,
		    ke->request_len - ke->sent_len, &done);
		if (err)
			return err;
		ke->sent_len += done;
	}
	return 0;
}

static void
talk(struct query_host *h, unsigned what)
{
	int err = 0;

	(void)what;
	if (!h->ke.shaken) {
		err = net_tls_handshake(h->ke.tls);
		h->ke.shaken = err == 0;
	}
	if (err == 0)
		err = write_request(h);
	if (err == 0) {
		note_tls(h);
		err = read_response(h);
		if (err == 0)
			return;
	}
	if (err < 0) {
		tls_failed(h);
		return;
	}
	cli_query_wait(h, h->ke.fd,
	    err == NET_TLS_WANT_WRITE ? NET_WRITE : NET_READ, talk);
}

static void
talk_too_long(struct query_host *h)
{
	if (h->ke.shaken)
		cli_query_fail(h, REPORT_STAGE_NEGOTIATION,
		    "TLS was agreed, but the key exchange was not answered");
	else
		cli_query_fail(h, REPORT_STAGE_TLS,
		    "TCP was connected, but TLS was not answered");
}

static void
start_tls(struct query_host *h)
{
	struct query_ke *ke = &h->ke;
	struct nts_ke_offer offer = {
	    .loopback_ok = addr_is_loopback(&h->res->addr)};
	static const uint16_t ids[] = {30, 15, 17, 16, 31};
	uint16_t aeads[sizeof ids / sizeof *ids];
	struct bytes_out out;

	offer.aeads = aeads;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (nts_aeads_get(&h->q->aeads, ids[i]))
			aeads[offer.aead_cnt++] = ids[i];
	bytes_out_init(&out, ke->request, sizeof ke->request);
	ke->tls = net_tls_connect(
	    h->q->tls, ke->fd, h->name, os_clock_real().ns / TSTAMP_NS_PER_S);
	if (!ke->tls || nts_ke_client_init(&ke->client, &offer) != 0 ||
	    nts_ke_client_request(&ke->client, &out) != 0) {
		cli_query_fail(h, REPORT_STAGE_TLS, "TLS could not be set up");
		return;
	}
	ke->request_len = out.pos;
	cli_query_step(h, cli_query_left_s(h), talk_too_long);
	talk(h, 0);
}

/* ---- TCP ---------------------------------------------------------------------- */

/* No NTS there: say so, and ask without only where that was not ruled out. */
static void
no_nts(struct query_host *h, const char *words)
{
	if (h->q->o.nts_only) {
		cli_query_fail(h, REPORT_STAGE_TCP, "%s", words);
		return;
	}
	snprintf(h->res->no_nts, sizeof h->res->no_nts, "%s", words);
	h->addr_idx = 0;
	h->names.at[0].port = h->q->o.port;
	cli_query_ntp_start(h, &h->names.at[0]);
}

static void
tcp_failed(struct query_host *h, int reason)
{
	char words[CLI_RESULT_WORDS];
	unsigned port = h->q->o.ke_port;
	const char *hint = h->q->o.nts_only ? "; without --nts-only plain NTP "
					      "would be tried"
					    : "";

	cli_query_ke_end(h);
	if (h->addr_idx + 1 < h->names.cnt) {
		h->addr_idx++;
		cli_query_ke_next(h);
		return;
	}
	if (reason == ECONNREFUSED)
		snprintf(words, sizeof words,
		    "TCP port %u refused: no NTS key exchange runs there, or "
		    "a firewall answers for it%s",
		    port, hint);
	else if (reason == ETIMEDOUT)
		snprintf(words, sizeof words,
		    "TCP port %u does not answer: a firewall drops it, no "
		    "NTS runs there, or the host is down%s",
		    port, hint);
	else
		snprintf(words, sizeof words, "TCP port %u: %s%s", port,
		    strerror(reason), hint);
	no_nts(h, words);
}

static void
connected(struct query_host *h, unsigned what)
{
	(void)what;
	cli_query_stop(h);
	if (net_tcp_connected(h->ke.fd) != 0) {
		tcp_failed(h, errno);
		return;
	}
	h->ke.connected = true;
	start_tls(h);
}

static void
connect_too_long(struct query_host *h)
{
	tcp_failed(h, ETIMEDOUT);
}

/* What is left for TCP is shared by the addresses left. */
void
cli_query_ke_next(struct query_host *h)
{
	struct addr to = h->names.at[h->addr_idx];
	double left_s =
	    tstamp_dur_to_s(tstamp_mono_diff(h->ke.tcp_end, os_clock_mono()));
	size_t left_cnt = h->names.cnt - h->addr_idx;

	to.port = h->q->o.ke_port;
	h->res->addr = h->names.at[h->addr_idx];
	h->ke.fd = net_tcp_connect(&to, NULL);
	if (h->ke.fd < 0) {
		int reason = errno;

		h->ke.fd = -1;
		tcp_failed(h, reason);
		return;
	}
	cli_query_wait(h, h->ke.fd, NET_WRITE, connected);
	cli_query_step(
	    h, fmax(left_s / (double)left_cnt, 0.05), connect_too_long);
}

void
cli_query_ke_start(struct query_host *h)
{
	h->addr_idx = 0;
	h->ke.tcp_end = tstamp_mono_add(os_clock_mono(),
	    tstamp_dur_from_s(cli_query_left_s(h) * TCP_SHARE));
	cli_query_ke_next(h);
}

void
cli_query_ke_end(struct query_host *h)
{
	if (h->ke.fd < 0)
		return;
	cli_query_stop(h);
	net_tls_free(h->ke.tls);
	h->ke.tls = NULL;
	close(h->ke.fd);
	h->ke.fd = -1;
	h->ke.connected = h->ke.shaken = false;
	h->ke.sent_len = 0;
}
