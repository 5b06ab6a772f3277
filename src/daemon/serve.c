/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role serve: one worker that answers NTP requests from the sockets it was
 * given.  A batch in, one pass over it, and out; no allocation, lock or log
 * line on the way, and no system calls but to receive and to send, a clock
 * reading, and one more for the stamps of a batch's answers to interleaved
 * clients.  As long as there is no lasting crowd, each answer leaves alone;
 * after a pause in two calls, its head first, so that little is left to do
 * once its time is read.  In a crowd a few leave together.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "clients_priv.h"
#include "crypto/stream.h"
#include "daemon/phcs.h"
#include "daemon/role.h"
#include "ipc/start.h"
#include "net/udp.h"
#include "nts/keyring.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/process.h"
#include "os/randpool.h"
#include "os/timepage.h"
#include "rules_priv.h"
#include "serve/crowd.h"
#include "serve/serve.h"

#define SOCKETS_MAX (DAEMON_ROLE_FDS_MAX - DAEMON_FD_OWN)
#define KEYS_MAX    256
#define REPORT_NS   TSTAMP_NS_PER_S
#define ROUNDS_MAX  64 /* batches from one socket before the next */
#define PRESSED_NS  (TSTAMP_NS_PER_S / 10) /* since the queue was full */
#define BUSY_CNT    4  /* a batch of so many: ask again before waiting */
#define CROWD_MAX   64 /* full batches, less four for each that is not */
#define TOGETHER    8  /* answers that leave in one call, in a crowd */
#define PRECISION   (-24)

_Static_assert(NET_UDP_BATCH <= SERVE_BATCH_MAX, "a batch at once");

struct inlet {
	struct worker *worker;
	int fd;
	bool missed_known;   /* how much it had missed before us */
	uint32_t missed_cnt; /* its share, as the kernel counts */
	struct mono missed;  /* when it last grew */
	struct net_watch watch;
};

struct worker {
	struct net_loop *loop;
	struct daemon_port port;
	struct os_randpool *pool;
	struct crypto_stream *stream; /* what fills it */
	struct rng rng;
	uint16_t instance;
	struct ipc_serve_conf conf;
	struct inlet inlets[SOCKETS_MAX];
	size_t inlet_cnt;
	const struct timepage *time;
	const struct timepage *clock;
	struct serve_access *access;
	struct serve_limit *limit;
	struct serve_crowd *crowd;
	struct nts_keyring ring;
	bool ring_known;
	uint64_t told_cnt; /* of the cookies sealed with its current key */
	struct crypto_mac_key keys[KEYS_MAX];
	size_t key_cnt;
	struct serve *serve;
	struct net_udp_batch *batch;
	struct serve_request reqs[NET_UDP_BATCH]; /* what is in it */
	struct serve_answer answers[NET_UDP_BATCH];
	struct wall now;      /* of this batch */
	unsigned stamps;      /* wanted in it */
	unsigned crowd_level; /* 0 to CROWD_MAX: batches are full */
	uint64_t missed_cnt;  /* requests that found a queue full */
	bool whole; /* the platform's sockets can do all that Linux does */
	struct net_timer report_timer;
	struct phcs phcs;
};

/* Super adds up what all workers seal: a key is good for so many cookies. */
static void
report_seals(struct worker *w)
{
	uint64_t cnt = serve_seal_cnt(w->serve);
	struct ipc_ring_used used = {
	    .id = w->ring.slots[NTS_KEYRING_CURRENT].id,
	};

	if (cnt < w->told_cnt)
		w->told_cnt = 0; /* another key */
	if (cnt - w->told_cnt < IPC_RING_STEP)
		return;
	used.seal_cnt = cnt - w->told_cnt;
	w->told_cnt = cnt;
	daemon_port_send(&w->port, IPC_RING_USED, &used);
}

static const uint8_t stamps[NET_STAMP_CNT] = {
    [NET_STAMP_NONE] = REPORT_STAMP_NONE,
    [NET_STAMP_USER] = REPORT_STAMP_DAEMON,
    [NET_STAMP_KERNEL] = REPORT_STAMP_KERNEL,
    [NET_STAMP_HARDWARE] = REPORT_STAMP_HARDWARE,
};

static void
report_stamps(const struct net_udp_batch *b, struct report_serve *r)
{
	for (size_t i = 0; i < NET_STAMP_CNT; i++) {
		r->rx_stamp_cnt[stamps[i]] = b->rx_stamp_cnt[i];
		r->tx_stamp_cnt[stamps[i]] = b->tx_stamp_cnt[i];
	}
}

static void
report_now(void *arg)
{
	struct worker *w = arg;
	struct report_serve r = {0};

	serve_report(w->serve, &r);
	r.instance = w->instance;
	r.send_fail_cnt = w->batch->lost_cnt;
	r.missed_cnt = w->missed_cnt;
	report_stamps(w->batch, &r);
	daemon_port_send(&w->port, IPC_REPORT_SERVE, &r);
	daemon_clients_report(serve_crowd_clients(w->crowd), &w->port);
	serve_crowd_period(w->crowd);
	report_seals(w);
}

/* The pages are read and the header prepared once for the whole batch. */
static struct mono
prepare(struct worker *w)
{
	struct timepage_time time;
	struct timepage_clock clock;
	bool time_ok, clock_ok;
	struct serve_now now = {
	    .mono = os_clock_mono(),
	    .real = os_clock_real(),
	    .boot_ns = os_clock_boot_ns(),
	};

	time_ok = w->time && timepage_get(w->time, &time, sizeof time) == 0;
	clock_ok =
	    w->clock && timepage_get(w->clock, &clock, sizeof clock) == 0;
	w->now = now.real;
	os_randpool_stir(w->pool, now.mono, w->batch->at[0].received);
	serve_batch_time(
	    w->serve, time_ok ? &time : NULL, clock_ok ? &clock : NULL, &now);
	return now.mono;
}

/*
 * Together only while there is more to do than can be done: what is gained
 * by it is lost by those who compare the time in an answer with that of its
 * coming.  One full batch may be what came during an interruption; many in a
 * row, or nearly so, are not.
 */
static void
note_crowd(struct worker *w)
{
	if (w->batch->cnt == NET_UDP_BATCH)
		w->crowd_level += w->crowd_level < CROWD_MAX;
	else
		w->crowd_level -= w->crowd_level < 4 ? w->crowd_level : 4;
}

static bool
leave_alone(const struct worker *w)
{
	return w->batch->cnt < NET_UDP_BATCH || w->crowd_level < CROWD_MAX / 2;
}

/* All of the answers but their times.  Of requests that came during a pause
 * only the first finds the machine cold, unless they leave together. */
static void
prepare_answers(struct worker *w, bool idle)
{
	struct net_udp_batch *b = w->batch;
	bool alone = leave_alone(w);

	for (size_t i = 1; i < b->cnt; i++)
		serve_expect(w->serve, &b->at[i].from);
	for (size_t i = 0; i < b->cnt; i++) {
		struct net_udp_packet *p = &b->at[i];

		w->reqs[i] = (struct serve_request){
		    .data = p->data,
		    .len = p->len,
		    .from = p->from,
		    .local = p->to,
		    .rx = p->received,
		    .now = w->now,
		    .cut = p->truncated,
		    .alone = alone,
		    .idle = idle && (i == 0 || !alone),
		    .place = (uint8_t)(i % TOGETHER),
		    .place_cnt = TOGETHER,
		};
		w->answers[i] = (struct serve_answer){
		    .out = p->out, .out_max = NET_UDP_DATA_MAX};
		p->out_len = 0;
	}
	serve_batch(w->serve, w->reqs, w->answers, b->cnt);
}

/* It is made, up to its time. */
static void
offer(struct worker *w, size_t i)
{
	struct net_udp_packet *p = &w->batch->at[i];

	p->out_len = w->answers[i].len;
	p->out_stamp = serve_wants_stamp(w->serve, i);
	w->stamps += p->out_stamp;
	if (p->out_len > 0 && serve_arm(w->serve, i) < 0)
		p->out_len = 0;
}

static void
finish_answer(struct worker *w, size_t i)
{
	struct net_udp_packet *p = &w->batch->at[i];

	offer(w, i);
	if (p->out_len > 0 && serve_finish(w->serve, i, os_clock_real()) < 0)
		p->out_len = 0;
}

/* After a rest everything is cold, and slow: as much of the sending as
 * possible is done before the time is read.  It costs a system call, and the
 * client 3 us, which it takes off its delay; those who come often enough not
 * to find us cold are answered in one. */
static void
answer_ahead(struct worker *w, int fd, size_t i)
{
	struct net_udp_batch *b = w->batch;

	offer(w, i);
	if (b->at[i].out_len == 0 ||
	    net_udp_batch_head(b, fd, i, SERVE_HEAD_LEN) < 0)
		return;
	if (serve_finish(w->serve, i, os_clock_real()) < 0)
		net_udp_batch_drop(b, fd, i);
	else
		net_udp_batch_rest(b, fd, i, SERVE_HEAD_LEN);
}

/* When the answers that asked for it have left. */
static void
take_stamps(struct worker *w, int fd)
{
	struct net_udp_sent sent[NET_UDP_BATCH];
	size_t cnt = net_udp_batch_sent(w->batch, fd, sent);

	for (size_t i = 0; i < cnt; i++)
		serve_sent(w->serve, sent[i].data, sent[i].len, sent[i].at);
}

/* One by one, each as soon as its time is written; or all together. */
static void
answer_all(struct worker *w, int fd, bool idle)
{
	struct net_udp_batch *b = w->batch;
	bool alone = leave_alone(w);
	bool ahead = alone && idle && w->whole &&
	    serve_rested(w->serve, b->at[0].received);

	w->stamps = 0;
	prepare_answers(w, idle);
	for (size_t i = 0; i < b->cnt; i++) {
		if (ahead && i == 0) {
			answer_ahead(w, fd, i);
			continue;
		}
		finish_answer(w, i);
		if (alone || (i + 1) % TOGETHER == 0 || i + 1 == b->cnt)
			net_udp_batch_send(b, fd);
	}
	if (w->stamps > 0)
		take_stamps(w, fd);
}

/* More comes than goes when the queue overflows, and shortly after.  A socket
 * outlives its workers, and so does its count: what it begins with is for
 * those before us. */
static void
note_pressure(struct inlet *in, struct mono now)
{
	struct worker *w = in->worker;
	uint32_t more = w->batch->missed_cnt - in->missed_cnt;

	in->missed_cnt = w->batch->missed_cnt;
	if (!in->missed_known) {
		in->missed_known = true;
		more = 0;
	}
	if (more > 0) {
		in->missed = now;
		w->missed_cnt += more;
	}
	serve_set_pressed(w->serve,
	    in->missed.ns != 0 &&
		tstamp_mono_diff(now, in->missed).ns < PRESSED_NS);
}

static void
drain(struct worker *w, struct inlet *in)
{
	int fd = in->fd;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		int cnt = net_udp_batch_recv(w->batch, fd);

		if (cnt <= 0) {
			/* Woken by a late stamp, perhaps one that belongs to
			 * the worker whom we succeed. */
			if (round == 0)
				take_stamps(w, fd);
			return;
		}
		note_pressure(in, prepare(w));
		note_crowd(w);
		answer_all(w, fd, round == 0);
		/* Few: another look would cost as much as the wait. */
		if (cnt < BUSY_CNT)
			return;
	}
}

static void
socket_ready(void *arg, unsigned what)
{
	struct inlet *in = arg;
	struct worker *w = in->worker;

	(void)what;
	drain(w, in);
	if (!w->report_timer.armed)
		net_timer_arm(&w->report_timer, (struct dur){REPORT_NS});
}

static void
take_ring(struct worker *w, const struct ipc_key_ring *msg)
{
	if (nts_keyring_decode(&w->ring, msg->ring, msg->len) < 0) {
		os_log_error("cookie keys cannot be used");
		return;
	}
	w->ring_known = true;
	if (w->serve && serve_set_ring(w->serve, &w->ring) < 0)
		os_log_error("cookie keys cannot be used, NTS is off");
}

static void
take_key(struct worker *w, const struct ipc_sym_key *k)
{
	struct crypto_mac_key *to;

	if (w->key_cnt == KEYS_MAX || k->len > sizeof to->key)
		return;
	to = &w->keys[w->key_cnt++];
	to->id = k->id;
	to->type = k->type;
	to->len = k->len;
	memcpy(to->key, k->key, k->len);
}

static void
serve_message(void *state, unsigned type, const union ipc_any *msg)
{
	if (type == IPC_KEY_RING)
		take_ring(state, &msg->key_ring);
}

static int
load(struct worker *w, const struct daemon_boot *boot)
{
	struct ipc_start_record r;
	struct serve_conf conf;
	size_t pos = 0;

	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0) {
		if (r.type == IPC_SERVE_CONF)
			w->conf = r.msg.serve_conf;
		else if (r.type == IPC_KEY_RING)
			take_ring(w, &r.msg.key_ring);
		else if (r.type == IPC_SYM_KEY)
			take_key(w, &r.msg.sym_key);
		else if (r.type == IPC_HARDWARE)
			daemon_phcs_add(&w->phcs, &r.msg.hardware);
	}
	/* Before there is memory that should be near. */
	if (w->conf.pinned_cpu >= 0 && os_process_pin(w->conf.pinned_cpu) < 0)
		os_log_warn(
		    "worker is not pinned cpu=%d", (int)w->conf.pinned_cpu);
	w->access = daemon_rules_load(boot);
	w->batch = net_udp_batch_new();
	if (w->batch)
		w->batch->hardware = daemon_phcs_hardware(&w->phcs);
	w->crowd = serve_crowd_new(w->conf.clientlog, &w->rng);
	conf = (struct serve_conf){
	    .access = w->access,
	    .ring = w->ring_known ? &w->ring : NULL,
	    .keys = w->keys,
	    .key_cnt = w->key_cnt,
	    .rng = &w->rng,
	    .crowd = w->crowd,
	    .precision_log2s = PRECISION,
	    .local_stratum = w->conf.local ? w->conf.local_stratum : 0,
	    .local_distance_s = w->conf.local_distance_s,
	    .smear_freq_ppm = w->conf.smear_freq_ppm,
	    .smear_wander_ppm = w->conf.smear_wander_ppm,
	};
	if (daemon_rules_limit(&w->conf.limit, &w->rng, &conf.limit) < 0)
		return ERR_FULL;
	w->limit = conf.limit;
	if (w->access && w->batch && w->crowd)
		w->serve = serve_new(&conf);
	wipe_bytes(w->keys, sizeof w->keys);
	return w->serve ? 0 : ERR_FULL;
}

static void
serve_close(void *state)
{
	struct worker *w = state;

	for (size_t i = 0; i < w->inlet_cnt; i++) {
		net_watch_fini(&w->inlets[i].watch);
		close(w->inlets[i].fd);
	}
	net_timer_fini(&w->report_timer);
	daemon_phcs_fini(&w->phcs);
	serve_free(w->serve);
	net_udp_batch_free(w->batch);
	serve_access_free(w->access);
	serve_limit_free(w->limit);
	serve_crowd_free(w->crowd);
	nts_keyring_wipe(&w->ring);
	os_randpool_free(w->pool);
	crypto_stream_free(w->stream);
	os_timepage_unmap(w->time);
	os_timepage_unmap(w->clock);
	free(w);
}

static int
stretch_key(void *ctx, const uint8_t *key, uint8_t *buf, size_t len)
{
	return crypto_stream_fill(ctx, key, buf, len);
}

/* Without libcrypto's help the kernel gives all of it. */
static int
open_pool(struct worker *w)
{
	w->pool = os_randpool_new(w->instance);
	if (!w->pool)
		return ERR_FULL;
	w->rng = os_randpool_rng(w->pool);
	w->stream = crypto_stream_new();
	if (w->stream)
		os_randpool_set_generator(w->pool,
		    (struct os_randpool_generator){stretch_key, w->stream});
	return 0;
}

static void *
serve_open(const struct daemon_boot *boot)
{
	struct worker *w = calloc(1, sizeof *w);
	size_t fd_cnt;

	if (!w)
		return NULL;
	w->loop = boot->loop;
	w->port = boot->port;
	w->instance = boot->instance;
	w->whole = !boot->single;
	w->time = os_timepage_map_ro(boot->fds[DAEMON_FD_TIME]);
	w->clock = os_timepage_map_ro(boot->fds[DAEMON_FD_CLOCK]);
	close(boot->fds[DAEMON_FD_TIME]);
	close(boot->fds[DAEMON_FD_CLOCK]);
	if (open_pool(w) < 0 || load(w, boot) < 0) {
		os_log_error("worker cannot be set up");
		serve_close(w);
		return NULL;
	}
	fd_cnt = daemon_phcs_take(&w->phcs, boot);
	for (size_t i = DAEMON_FD_OWN; i < fd_cnt; i++)
		w->inlets[w->inlet_cnt++] =
		    (struct inlet){.worker = w, .fd = boot->fds[i]};
	return w;
}

static int
serve_run(void *state)
{
	struct worker *w = state;

	for (size_t i = 0; i < w->inlet_cnt; i++) {
		struct inlet *in = &w->inlets[i];

		if (net_watch_init(&in->watch, w->loop, socket_ready, in) < 0)
			return ERR_LIBRARY;
		net_watch_set(&in->watch, in->fd, NET_READ);
	}
	if (daemon_phcs_run(&w->phcs, w->loop) < 0)
		return ERR_LIBRARY;
	return net_timer_init(&w->report_timer, w->loop, report_now, w);
}

/* Retired: the successor reads the same sockets. */
static void
serve_stop(void *state)
{
	struct worker *w = state;

	for (size_t i = 0; i < w->inlet_cnt; i++)
		net_watch_stop(&w->inlets[i].watch);
	report_now(w);
}

const struct daemon_role daemon_serve = {
    .open = serve_open,
    .run = serve_run,
    .message = serve_message,
    .stop = serve_stop,
    .close = serve_close,
};
