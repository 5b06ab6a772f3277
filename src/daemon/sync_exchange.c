/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request and its answer on the wire: a fresh connected socket each
 * (RFC 9109), kernel time stamps of both, the answer to the association.  A
 * server that follows us is found here, where our own address is known.
 */
#include "os/clock.h"
#include "os/log.h"
#include "sync_priv.h"

static void
failed(struct sync_exchange *x)
{
	struct assoc_todo todo;

	assoc_send_failed(x->slot->assoc, x->idx, os_clock_mono(), &todo);
	x->slot->sync->todo(x->slot, &todo);
}

static void
tell_sent(struct sync_exchange *x)
{
	const struct net_stamp *pre = &x->udp.pre;

	assoc_sent(x->slot->assoc, x->idx,
	    daemon_sync_wall_of(x->slot->sync, pre), pre->mono, false);
}

/* The kernel's transmit stamp comes with the send or any time later. */
static void
tell_stamp(struct sync_exchange *x)
{
	const struct net_stamp *tx = &x->udp.tx;

	if (tx->source >= NET_STAMP_KERNEL)
		assoc_sent(x->slot->assoc, x->idx,
		    daemon_sync_wall_of(x->slot->sync, tx), tx->mono, true);
}

/* The server says that it follows us: its time is an echo of ours.  On
 * loopback the address says nothing, for all daemons there have the same. */
static bool
follows_us(const struct sync_exchange *x, const struct sample *m)
{
	struct addr us;
	uint32_t id;

	if (m->stratum <= 1 || net_udp_local(&x->udp, &us) < 0 ||
	    addr_is_loopback(&us))
		return false;
	id = daemon_sync_refid_of(&us);
	return id != 0 && m->ref_id == id;
}

/* Such an answer counts as one, and gives no sample. */
static void
reject_echo(struct sync_exchange *x, struct assoc_todo *todo)
{
	if (!(todo->what & ASSOC_SAMPLE) || !follows_us(x, &todo->sample))
		return;
	todo->what &= ~(unsigned)ASSOC_SAMPLE;
	os_log_debug(
	    "source is synchronised to us source=%s", x->slot->dir->conf.host);
	discipline_loop(x->slot->sync->discipline, x->slot->slot);
}

static const uint8_t stamps[] = {
    [NET_STAMP_NONE] = REPORT_STAMP_NONE,
    [NET_STAMP_USER] = REPORT_STAMP_DAEMON,
    [NET_STAMP_KERNEL] = REPORT_STAMP_KERNEL,
    [NET_STAMP_HARDWARE] = REPORT_STAMP_HARDWARE,
};

static void
received(struct sync_exchange *x, const uint8_t *data, size_t len,
    const struct net_stamp *rx)
{
	struct assoc_answer answer = {
	    .exchange = x->idx,
	    .data = data,
	    .len = len,
	    .hardware = rx->source == NET_STAMP_HARDWARE,
	    .stamp_error_s = tstamp_dur_to_s(rx->error),
	    .rx = daemon_sync_wall_of(x->slot->sync, rx),
	    .rx_mono = rx->mono,
	};
	struct assoc_todo todo;
	unsigned verdict;

	tell_stamp(x);
	verdict = assoc_received(x->slot->assoc, &answer, &todo);
	if (verdict != ASSOC_GOOD)
		os_log_debug("answer not used source=%s reason=\"%s\"",
		    x->slot->dir->conf.host, assoc_verdict_text(verdict));
	if (verdict == ASSOC_KOD_RATE)
		discipline_rate(
		    x->slot->sync->discipline, x->slot->slot, os_clock_mono());
	else if (verdict == ASSOC_UNSYNC || verdict == ASSOC_NO_NEWS)
		discipline_reply(x->slot->sync->discipline, x->slot->slot);
	if (verdict == ASSOC_GOOD) {
		x->slot->tx_stamp = stamps[x->udp.tx.source];
		x->slot->rx_stamp = stamps[rx->source];
	}
	reject_echo(x, &todo);
	x->slot->sync->todo(x->slot, &todo);
}

#define RECV_ROUNDS 8 /* a flood must not keep us here */

static void
ready(void *arg, unsigned what)
{
	struct sync_exchange *x = arg;
	uint8_t buf[NET_UDP_DATA_MAX];
	struct net_stamp rx;
	size_t len;

	(void)what;
	for (int i = 0; i < RECV_ROUNDS && x->udp.fd >= 0; i++) {
		int rc = net_udp_recv(&x->udp, buf, sizeof buf, &len, &rx);

		if (rc == 0)
			received(x, buf, len, &rx);
		else if (rc == ERR_AGAIN || rc == ERR_BAD)
			return;
		else {
			failed(x);
			return;
		}
	}
}

int
daemon_sync_exchange_init(struct sync_slot *sl)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++) {
		struct sync_exchange *x = &sl->exchanges[i];

		x->slot = sl;
		x->idx = i;
		x->udp.fd = -1;
		if (net_watch_init(&x->watch, sl->sync->loop, ready, x) < 0)
			return ERR_LIBRARY;
	}
	return 0;
}

void
daemon_sync_exchange_close(struct sync_slot *sl, unsigned set)
{
	for (unsigned i = 0; i < ASSOC_EXCHANGES; i++)
		if (set & 1U << i) {
			net_watch_stop(&sl->exchanges[i].watch);
			net_udp_close(&sl->exchanges[i].udp);
		}
}

/* In interleaved mode the server's stamp is as good as ours, and what is left
 * is the difference between our kernel's way to the wire and the server's.  In
 * basic mode the server's takes longer than ours, and ours need not hurry. */
static void
rehearse(const struct sync_slot *sl)
{
	if (sl->dir->conf.xleave && sl->sync->hold_fd >= 0)
		net_udp_rehearse(sl->sync->hold_fd);
}

void
daemon_sync_exchange_send(struct sync_slot *sl, const struct assoc_todo *todo)
{
	struct sync_exchange *x = &sl->exchanges[todo->exchange];
	const struct ipc_sync_conf *c = &sl->sync->conf;
	struct net_udp_options o = {
	    .bind = todo->to.family == ADDR_V6 ? c->bind6 : c->bind4,
	    .device = c->bind_device[0] ? c->bind_device : NULL,
	    .hardware = daemon_phcs_hardware(&sl->sync->phcs),
	    .hardware_wait = c->hardware_wait,
	};

	daemon_sync_exchange_close(sl, 1U << todo->exchange);
	discipline_sent(sl->sync->discipline, sl->slot, os_clock_mono());
	if (net_udp_open(&x->udp, &todo->to, &o) < 0) {
		failed(x);
		return;
	}
	rehearse(sl);
	if (net_udp_send(&x->udp, todo->packet, todo->packet_len) < 0) {
		failed(x);
		return;
	}
	tell_sent(x);
	tell_stamp(x);
	net_watch_set(&x->watch, x->udp.fd, NET_READ);
}
