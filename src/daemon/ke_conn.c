/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of role ke: handshake, request, response, end.  Nothing but
 * its place in the table is spent on a peer before its hello is whole.  RFC 8915
 * section 4.  Invariant: fd is -1 exactly while the place is free.
 */
#include <unistd.h>

#include "base/wipe.h"
#include "crypto/aead.h"
#include "ke_priv.h"
#include "net/tcp.h"
#include "os/clock.h"

#define READ_MAX         2048
#define HELLO_MAX        4096
#define RECORD_HEAD      5
#define RECORD_HANDSHAKE 22
#define REPORT_NS        (TSTAMP_NS_PER_S / 4)

void
daemon_ke_changed(struct ke *k)
{
	if (!k->report_timer.armed)
		net_timer_arm(&k->report_timer, (struct dur){REPORT_NS});
}

static void
end(struct ke_conn *c)
{
	struct ke *k = c->owner;

	net_watch_stop(&c->watch);
	net_tls_free(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
	wipe_bytes(c->work->out, c->work->out_len);
	c->work->out_len = 0;
	serve_admit_leave(k->admit, c->place);
	k->report.open_cnt--;
	daemon_ke_changed(k);
}

static void
stage(struct ke_conn *c, enum serve_admit_stage to)
{
	serve_admit_move(c->owner->admit, c->place, to, os_clock_mono());
}

static void
wait_for(struct ke_conn *c, int want)
{
	net_watch_set(&c->watch, c->fd,
	    want == NET_TLS_WANT_WRITE ? NET_WRITE : NET_READ);
}

static void
tls_failed(struct ke_conn *c)
{
	struct report_ke *r = &c->owner->report;

	r->tls_fail_cnt++;
	switch ((int)net_tls_fault(c->tls, NULL)) {
	case NET_TLS_TCP:
	case NET_TLS_CLOSED:
		r->tls_lost_cnt++;
		break;
	case NET_TLS_VERSION:
		r->tls_version_cnt++;
		break;
	case NET_TLS_ALPN:
		r->tls_alpn_cnt++;
		break;
	default:
		break;
	}
	end(c);
}

static void
count_verdict(struct ke_conn *c)
{
	struct report_ke *r = &c->owner->report;

	switch (c->work->ke.verdict) {
	case NTS_KE_AGREED:
		r->done_cnt++;
		break;
	case NTS_KE_NO_PROTOCOL:
	case NTS_KE_NO_AEAD:
		r->no_agreement_cnt++;
		break;
	case NTS_KE_INTERNAL:
		r->internal_cnt++;
		break;
	case NTS_KE_PENDING:
	case NTS_KE_CRITICAL:
	case NTS_KE_BAD_REQUEST:
		r->bad_request_cnt++;
		break;
	}
}

static void
write_out(struct ke_conn *c)
{
	struct ke_work *w = c->work;
	size_t done;
	int rc = 0;

	while (rc == 0 && w->out_pos < w->out_len) {
		rc = net_tls_write_last(c->tls, w->out + w->out_pos,
		    w->out_len - w->out_pos, &done);
		w->out_pos += done;
	}
	if (rc == 0)
		rc = net_tls_shutdown(c->tls);
	if (rc > 0) {
		wait_for(c, rc);
	} else if (rc < 0) {
		tls_failed(c);
	} else {
		count_verdict(c);
		net_tcp_finish(c->fd);
		end(c);
	}
}

static int
export_keys(
    struct ke_conn *c, const struct nts_ke_context *ctx, struct nts_keys *keys)
{
	keys->aead = c->work->ke.aead;
	keys->key_len = (uint8_t)crypto_aead_key_len(keys->aead);
	if (net_tls_export(c->tls, ctx->c2s, keys->c2s, keys->key_len) < 0 ||
	    net_tls_export(c->tls, ctx->s2c, keys->s2c, keys->key_len) < 0)
		return ERR_LIBRARY;
	return 0;
}

static void
respond(struct ke_conn *c)
{
	struct ke *k = c->owner;
	struct ke_work *w = c->work;
	struct nts_ke_context ctx;
	struct nts_keys keys = {0};
	struct nts_ke_mint mint = {
	    .session = &keys, .cookies = &k->cookies, .rng = &k->rng};
	const struct nts_ke_mint *use = NULL;
	struct bytes_out out;

	os_randpool_stir(k->pool, os_clock_mono(), os_clock_real());
	if (nts_ke_server_wants_keys(&w->ke, &ctx) &&
	    export_keys(c, &ctx, &keys) == 0)
		use = &mint;
	bytes_out_init(&out, w->out, sizeof w->out);
	if (nts_ke_server_respond(&w->ke, use, &out) < 0) {
		k->report.internal_cnt++;
		end(c);
	} else {
		w->out_len = out.pos;
		w->out_pos = 0;
		stage(c, SERVE_ADMIT_ANSWER);
		write_out(c);
	}
	wipe_bytes(&keys, sizeof keys);
}

static void
read_request(struct ke_conn *c)
{
	struct ke *k = c->owner;
	uint8_t buf[READ_MAX];
	size_t len;
	int rc = 0, judged = ERR_AGAIN;

	while (judged == ERR_AGAIN &&
	    (rc = net_tls_read(c->tls, buf, sizeof buf, &len)) == 0)
		judged = nts_ke_server_feed(&c->work->ke, buf, len);
	if (judged == 0) {
		respond(c);
	} else if (judged != ERR_AGAIN) {
		k->report.bad_request_cnt++;
		end(c);
	} else if (rc > 0) {
		wait_for(c, rc);
	} else if (rc == ERR_CLOSED && nts_ke_server_eof(&c->work->ke) == 0) {
		respond(c);
	} else if (rc == ERR_CLOSED) {
		k->report.bad_request_cnt++;
		end(c);
	} else {
		tls_failed(c);
	}
}

static void
handshake(struct ke_conn *c)
{
	int rc = net_tls_handshake(c->tls);

	if (rc > 0) {
		wait_for(c, rc);
	} else if (rc < 0) {
		tls_failed(c);
	} else {
		nts_ke_server_init(&c->work->ke, &c->owner->conf);
		stage(c, SERVE_ADMIT_REQUEST);
		read_request(c); /* it often comes with the handshake's end */
	}
}

/*
 * Whether the first record is here, as its head says.  The kernel keeps what
 * comes until then, and wakes us once: a second time means that this is all
 * there will be, or that it is enough.
 */
static bool
hello_whole(struct ke_conn *c)
{
	uint8_t buf[HELLO_MAX];
	size_t len = net_tcp_peek(c->fd, buf, sizeof buf);
	size_t want = RECORD_HEAD;

	if (c->waited) {
		net_tcp_low_water(c->fd, 1);
		return true;
	}
	if (len >= RECORD_HEAD)
		want += (size_t)buf[3] << 8 | buf[4];
	if (want > sizeof buf)
		want = sizeof buf;
	/* Ends and garbage are libssl's to see. */
	if (len == 0 || buf[0] != RECORD_HANDSHAKE || len >= want)
		return true;
	c->waited = true;
	net_tcp_low_water(c->fd, (int)want);
	return false;
}

static void
begin_tls(struct ke_conn *c)
{
	struct ke *k = c->owner;

	stage(c, SERVE_ADMIT_HELLO);
	if (!hello_whole(c))
		return;
	c->tls = net_tls_accept(k->tls, c->fd);
	if (!c->tls) {
		k->report.internal_cnt++;
		end(c);
		return;
	}
	handshake(c);
}

static void
ready(void *arg, unsigned what)
{
	static void (*const steps[SERVE_ADMIT_STAGE_CNT])(struct ke_conn *) = {
	    [SERVE_ADMIT_HELLO] = handshake,
	    [SERVE_ADMIT_REQUEST] = read_request,
	    [SERVE_ADMIT_ANSWER] = write_out,
	};
	struct ke_conn *c = arg;

	(void)what;
	if (c->fd < 0)
		return;
	if (!c->tls)
		begin_tls(c);
	else
		steps[serve_admit_stage(c->owner->admit, c->place)](c);
}

int
daemon_ke_conn_init(struct ke_conn *c, struct ke *k, uint32_t place)
{
	c->owner = k;
	c->work = &k->works[place];
	c->place = place;
	c->fd = -1;
	return net_watch_init(&c->watch, k->loop, ready, c);
}

void
daemon_ke_conn_begin(struct ke_conn *c, int fd)
{
	c->fd = fd;
	c->waited = false;
	c->owner->report.open_cnt++;
	net_watch_set(&c->watch, fd, NET_READ);
}

void
daemon_ke_conn_cut(struct ke_conn *c)
{
	net_tcp_reset_on_close(c->fd);
	end(c);
}

void
daemon_ke_conn_fini(struct ke_conn *c)
{
	if (!c->owner)
		return;
	if (c->fd >= 0)
		daemon_ke_conn_cut(c);
	net_watch_fini(&c->watch);
}
