/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role ke, the real object over loopback in a process of its own: honest
 * clients are served whatever others hold open (hostile cases N1, N2, E10),
 * limits count, and a retired worker finishes what it holds.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "daemon/role.h"
#include "ipc/start.h"
#include "net/selfcert.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "nts/ke_client.h"
#include "nts/keyring.h"
#include "os/clock.h"
#include "os/randpool.h"
#include "os/signal.h"

#define NOW_S   1790000000
#define DAY_S   86400
#define WAIT_MS 5000 /* for anything; a busy machine is slow */

static const char *const names[] = {"ke.example"};
static struct net_selfcert cert;
static struct net_tls_ctx *trust;

/* ---- the server's process ---- */

struct server {
	pid_t pid;
	int reports; /* struct report_ke after struct report_ke */
	int orders;  /* a byte: retire */
	struct addr at;
	struct ipc_ke_conf conf;
	unsigned fds_left; /* descriptors it may still open, 0: enough */
	struct report_ke seen;
};

static int report_fd, order_fd;
static void *role;

static void
send_report(void *ctx, unsigned type, const void *msg)
{
	(void)ctx;
	if (type == IPC_REPORT_KE &&
	    write(report_fd, msg, sizeof(struct report_ke)) < 0)
		_exit(3);
}

static void
quit(void *ctx, int code)
{
	(void)ctx;
	_exit(code);
}

static void
ordered(void *arg, unsigned what)
{
	char c;

	(void)arg;
	(void)what;
	if (read(order_fd, &c, 1) != 1)
		_exit(0);
	daemon_ke.stop(role);
}

static void
put(struct ipc_start *s, unsigned type, const void *msg)
{
	if (ipc_start_put(s, type, msg) < 0)
		_exit(4);
}

static void
start_data(const struct server *v, struct ipc_start *s)
{
	struct os_randpool *pool = os_randpool_new(1);
	struct rng rng = os_randpool_rng(pool);
	struct ipc_key_ring ring_msg = {.len = NTS_KEYRING_FILE_LEN};
	struct ipc_access_rules any = {.cnt = 1, .at = {{.allow = true}}};
	struct nts_keyring ring;

	nts_keyring_init(&ring, os_clock_real(), &rng);
	nts_keyring_encode(&ring, ring_msg.ring);
	put(s, IPC_KE_CONF, &v->conf);
	put(s, IPC_ACCESS_RULES, &any);
	put(s, IPC_KEY_RING, &ring_msg);
	if (ipc_start_put_blob(
		s, IPC_BLOB_CHAIN, 0, cert.cert, strlen(cert.cert)) < 0 ||
	    ipc_start_put_blob(
		s, IPC_BLOB_KEY, 0, cert.cert_key, strlen(cert.cert_key)) < 0)
		_exit(4);
	os_randpool_free(pool);
}

static void
few_descriptors(unsigned left)
{
	struct rlimit r;
	int next = dup(0);

	close(next);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = (rlim_t)next + left;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		_exit(5);
}

static void
serve(const struct server *v, int listener)
{
	int fds[DAEMON_FD_OWN + 1] = {-1, -1, listener};
	struct ipc_start s = {0};
	struct net_watch watch;
	struct daemon_boot boot = {
	    .role = ROLE_KE,
	    .fds = fds,
	    .fd_cnt = DAEMON_FD_OWN + 1,
	    .loop = net_loop_new(0),
	    .port = {.send = send_report, .quit = quit},
	};

	if (!boot.loop || os_signal_ignore(SIGPIPE) < 0)
		_exit(6);
	start_data(v, &s);
	boot.start = s.data;
	boot.start_len = s.len;
	role = daemon_ke.open(&boot);
	if (!role || daemon_ke.run(role) < 0 ||
	    net_watch_init(&watch, boot.loop, ordered, NULL) < 0)
		_exit(7);
	net_watch_set(&watch, order_fd, NET_READ);
	if (v->fds_left > 0)
		few_descriptors(v->fds_left);
	_exit(net_loop_run(boot.loop) == 0 ? 0 : 8);
}

static void
begin(struct server *v)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	int reports[2], orders[2], listener;
	struct addr at = {.family = ADDR_V4, .bytes = {127, 0, 0, 1}};

	v->conf.ntp_port = 123;
	v->conf.aead_cnt = 1;
	v->conf.aeads[0] = CRYPTO_AEAD_SIV_256;
	snprintf(v->conf.groups, sizeof v->conf.groups, "X25519:P-256");
	listener = net_tcp_listen(&at, NULL, 4096);
	assert_true(listener >= 0);
	assert_int_equal(
	    getsockname(listener, (struct sockaddr *)&ss, &len), 0);
	addr_from_sockaddr(&v->at, (struct sockaddr *)&ss);
	assert_int_equal(pipe(reports), 0);
	assert_int_equal(pipe(orders), 0);
	v->pid = fork();
	assert_true(v->pid >= 0);
	if (v->pid == 0) {
		close(reports[0]);
		close(orders[1]);
		report_fd = reports[1];
		order_fd = orders[0];
		serve(v, listener);
	}
	close(reports[1]);
	close(orders[0]);
	close(listener);
	v->reports = reports[0];
	v->orders = orders[1];
}

/* Return: the CPU seconds that it took. */
static double
finish(struct server *v)
{
	struct rusage u;
	int status;

	close(v->orders);
	assert_int_equal(wait4(v->pid, &status, 0, &u), v->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(v->reports);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* The next report; they come shortly after something changed. */
static void
next_report(struct server *v)
{
	struct pollfd p = {.fd = v->reports, .events = POLLIN};

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(
	    read(v->reports, &v->seen, sizeof v->seen), sizeof v->seen);
}

/* ---- clients ---- */

struct guest {
	int fd;
	struct net_tls *tls;
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool
wait_on(int fd, int want)
{
	struct pollfd p = {
	    .fd = fd, .events = want == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN};

	return poll(&p, 1, WAIT_MS) == 1;
}

/* From 127.<net>.<host>. */
static struct guest
come(const struct server *v, unsigned net, unsigned host)
{
	struct addr from = {.family = ADDR_V4,
	    .bytes = {127, (uint8_t)(net >> 8), (uint8_t)net, (uint8_t)host}};
	struct guest g = {.fd = net_tcp_connect(&v->at, &from)};

	assert_true(g.fd >= 0);
	/* That the server has closed it already shows soon enough. */
	assert_true(wait_on(g.fd, NET_TLS_WANT_WRITE));
	return g;
}

static void
go(struct guest *g)
{
	net_tls_free(g->tls);
	close(g->fd);
}

/* Return: 0 when the handshake went well. */
static int
shake(struct guest *g)
{
	int rc;

	g->tls = net_tls_connect(trust, g->fd, "ke.example", NOW_S);
	assert_non_null(g->tls);
	while ((rc = net_tls_handshake(g->tls)) > 0)
		if (!wait_on(g->fd, rc))
			return ERR_AGAIN;
	return rc;
}

static int
ask(struct guest *g, struct nts_ke_client *ke)
{
	static const uint16_t aeads[] = {CRYPTO_AEAD_SIV_256};
	const struct nts_ke_offer offer = {aeads, 1, true};
	uint8_t buf[4096];
	struct bytes_out out;
	size_t len;
	int rc, fed = ERR_AGAIN;

	bytes_out_init(&out, buf, sizeof buf);
	assert_int_equal(nts_ke_client_init(ke, &offer), 0);
	assert_int_equal(nts_ke_client_request(ke, &out), 0);
	if (net_tls_write(g->tls, buf, out.pos, &len) != 0 || len != out.pos)
		return ERR_CLOSED;
	while (fed == ERR_AGAIN) {
		rc = net_tls_read(g->tls, buf, sizeof buf, &len);
		if (rc > 0 && !wait_on(g->fd, rc))
			return ERR_AGAIN;
		if (rc < 0)
			return rc;
		if (rc == 0)
			fed = nts_ke_client_feed(ke, buf, len);
	}
	/* The end is said, in the same breath. */
	while ((rc = net_tls_read(g->tls, buf, sizeof buf, &len)) > 0)
		if (!wait_on(g->fd, rc))
			return ERR_AGAIN;
	return fed == 0 && rc == ERR_CLOSED ? 0 : ERR_BAD;
}

/* Return: whether one whole exchange succeeds. */
static bool
exchange(const struct server *v, unsigned net, unsigned host)
{
	struct guest g = come(v, net, host);
	struct nts_ke_client ke;
	bool good =
	    shake(&g) == 0 && ask(&g, &ke) == 0 && ke.result.cookie_cnt == 8;

	go(&g);
	return good;
}

/* ---- hostile ones ---- */

enum { IDLE = 500, HALF = 250, TLS_IDLE = 100, DRIP = 60, ALL = 910 };

static const uint8_t hello_start[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7};

static struct guest
hostile(const struct server *v, unsigned i)
{
	struct guest g = come(v, i / 100, 1 + i % 100);

	if (i >= IDLE + HALF + TLS_IDLE)
		assert_int_equal(send(g.fd, "\x16", 1, MSG_NOSIGNAL), 1);
	else if (i >= IDLE + HALF)
		(void)shake(&g); /* may be evicted meanwhile */
	else if (i >= IDLE)
		assert_int_equal(
		    send(g.fd, hello_start, sizeof hello_start, MSG_NOSIGNAL),
		    sizeof hello_start);
	return g;
}

static void
drip(struct guest *g)
{
	(void)send(g->fd, "\x03", 1, MSG_NOSIGNAL);
}

static int
setup(void **state)
{
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = 1,
	    .not_before_s = NOW_S - DAY_S,
	    .not_after_s = NOW_S + DAY_S};
	struct net_tls_blob ca = {.name = "ca"};
	struct rlimit r;

	(void)state;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max < 4096 ? r.rlim_max : 4096;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	if (net_selfcert_make(&ask, &cert) < 0)
		return -1;
	ca.data = (const uint8_t *)cert.ca;
	ca.len = strlen(cert.ca);
	trust = net_tls_client_new(&ca, 1, NULL);
	return trust ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	net_tls_ctx_free(trust);
	return 0;
}

static void
an_exchange(void **state)
{
	struct server v = {.conf.connection_max = 100};

	(void)state;
	begin(&v);
	next_report(&v); /* who we are, before anybody came */
	assert_int_equal(v.seen.accept_cnt, 0);
	assert_int_equal(v.seen.cert_not_after_s, NOW_S + DAY_S);
	assert_string_equal(v.seen.cert_subject, "CN = ke.example");
	assert_int_equal(v.seen.ring_cnt, 1);
	assert_true(exchange(&v, 0, 1));
	assert_true(exchange(&v, 0, 2));
	next_report(&v);
	assert_int_equal(v.seen.accept_cnt, 2);
	assert_int_equal(v.seen.done_cnt, 2);
	assert_int_equal(v.seen.open_cnt, 0);
	assert_int_equal(v.seen.tls_fail_cnt, 0);
	finish(&v);
}

/* N1: many more of them than there are places, and they come again. */
static void
a_siege(void **state)
{
	struct server v = {.conf.connection_max = 100};
	static struct guest g[ALL];
	double began_s, worst_s = 0;
	unsigned next = 0;

	(void)state;
	begin(&v);
	for (unsigned i = 0; i < ALL; i++)
		g[i] = hostile(&v, i);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = IDLE + HALF + TLS_IDLE; i < ALL; i++)
			drip(&g[i]);
		for (unsigned i = 0; i < 40; i++, next += 7) {
			go(&g[next % ALL]);
			g[next % ALL] = hostile(&v, next % ALL);
		}
		began_s = now_s();
		assert_true(exchange(&v, 200, 1));
		if (now_s() - began_s > worst_s)
			worst_s = now_s() - began_s;
	}
	assert_true(worst_s < 2);
	do
		next_report(&v);
	while (v.seen.done_cnt < 10);
	assert_true(v.seen.evicted_cnt >= ALL - 100 - 10);
	assert_true(v.seen.open_cnt <= 100);
	for (unsigned i = 0; i < ALL; i++)
		go(&g[i]);
	finish(&v);
}

/* The same from the address of the honest client itself. */
static void
a_siege_from_next_door(void **state)
{
	struct server v = {.conf.connection_max = 100};
	struct guest g[200];

	(void)state;
	begin(&v);
	for (unsigned i = 0; i < 200; i++)
		g[i] = come(&v, 0, 1);
	assert_true(exchange(&v, 0, 1));
	for (unsigned i = 0; i < 200; i++)
		go(&g[i]);
	finish(&v);
}

/* N2: descriptors run out; it waits for better times, and does not spin. */
static void
no_descriptors(void **state)
{
	struct server v = {.conf.connection_max = 100, .fds_left = 5};
	struct guest g[20];
	double cpu_s;

	(void)state;
	begin(&v);
	for (unsigned i = 0; i < 20; i++)
		g[i] = come(&v, 0, 1);
	do
		next_report(&v);
	while (v.seen.pause_cnt == 0);
	assert_int_equal(v.seen.open_cnt, 5);
	for (unsigned i = 0; i < 3; i++)
		next_report(&v);
	/* It looks four times a second. */
	assert_in_range(v.seen.pause_cnt, 2, 10);
	for (unsigned i = 0; i < 20; i++)
		go(&g[i]);
	assert_true(exchange(&v, 0, 1));
	cpu_s = finish(&v);
	assert_true(cpu_s < 0.3);
}

static void
the_rate_is_limited(void **state)
{
	struct server v = {.conf = {.connection_max = 100,
			       .limit = {.on = true,
				   .burst = 2,
				   .interval_log2s = 6,
				   .leak_log2 = 30,
				   .table_len = 65536}}};

	(void)state;
	begin(&v);
	assert_true(exchange(&v, 0, 1));
	assert_true(exchange(&v, 0, 1));
	assert_false(exchange(&v, 0, 1));
	assert_true(exchange(&v, 0, 2));
	do
		next_report(&v);
	while (v.seen.accept_cnt < 4);
	assert_int_equal(v.seen.limited_cnt, 1);
	assert_int_equal(v.seen.refused_cnt, 1);
	finish(&v);
}

/* New certificates mean a new worker; the old one finishes what it holds
 * and leaves those who come later to the other. */
static void
a_retired_worker_finishes(void **state)
{
	struct server v = {.conf.connection_max = 100};
	struct nts_ke_client ke;
	struct guest g, half, late;
	char byte;

	(void)state;
	begin(&v);
	g = come(&v, 0, 1);
	half = come(&v, 0, 2);
	assert_int_equal(shake(&g), 0);
	while (v.seen.open_cnt < 2)
		next_report(&v);
	assert_int_equal(write(v.orders, "r", 1), 1);
	late = come(&v, 0, 3); /* by the kernel, not by us */
	assert_int_equal(ask(&g, &ke), 0);
	assert_int_equal(shake(&half), 0);
	assert_int_equal(ask(&half, &ke), 0);
	assert_int_equal(recv(late.fd, &byte, 1, MSG_DONTWAIT), -1);
	go(&g);
	go(&half);
	go(&late);
	do
		next_report(&v);
	while (v.seen.done_cnt < 2);
	assert_int_equal(v.seen.accept_cnt, 2);
	finish(&v);
}

/* E8: a hello in pieces.  The client writes into a pair of sockets, and what
 * comes out of it goes on in two parts, cut where it hurts. */
static void
a_hello_in_pieces(void **state)
{
	static const size_t cuts[] = {1, 4, 5, 6, 100};
	struct server v = {.conf.connection_max = 100};
	uint8_t buf[4096];

	(void)state;
	begin(&v);
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		struct guest out = come(&v, 0, 1), in = {.fd = -1};
		int pair[2];
		ssize_t len;

		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
		    0);
		in.fd = pair[0];
		in.tls = net_tls_connect(trust, in.fd, "ke.example", NOW_S);
		assert_int_equal(net_tls_handshake(in.tls), NET_TLS_WANT_READ);
		len = read(pair[1], buf, sizeof buf);
		assert_true(len > 100);
		assert_int_equal(send(out.fd, buf, cuts[i], 0), cuts[i]);
		poll(NULL, 0, 20);
		assert_int_equal(
		    send(out.fd, buf + cuts[i], (size_t)len - cuts[i], 0),
		    len - (ssize_t)cuts[i]);
		assert_true(wait_on(out.fd, NET_TLS_WANT_READ));
		len = recv(out.fd, buf, sizeof buf, 0);
		assert_true(len > 0);
		assert_int_equal(write(pair[1], buf, (size_t)len), len);
		assert_int_equal(net_tls_handshake(in.tls), 0);
		go(&in);
		go(&out);
		close(pair[1]);
	}
	finish(&v);
}

/* E10: ends of every kind, at every stage, leave nothing behind. */
static void
ends_leave_nothing(void **state)
{
	struct server v = {.conf.connection_max = 100};

	(void)state;
	begin(&v);
	for (unsigned i = 0; i < 40; i++) {
		struct guest g = come(&v, 0, 1 + i % 4);

		if (i % 4 == 1)
			assert_int_equal(
			    send(g.fd, hello_start, 7, MSG_NOSIGNAL), 7);
		if (i % 4 >= 2)
			assert_int_equal(shake(&g), 0);
		if (i % 8 == 3)
			assert_int_equal(net_tls_shutdown(g.tls), 0);
		if (i % 3 == 0)
			net_tcp_reset_on_close(g.fd);
		else if (i % 3 == 1)
			shutdown(g.fd, SHUT_WR);
		go(&g);
	}
	assert_true(exchange(&v, 0, 1));
	do
		next_report(&v);
	while (v.seen.open_cnt > 0 || v.seen.accept_cnt < 41);
	assert_int_equal(v.seen.done_cnt, 1);
	assert_int_equal(v.seen.tls_fail_cnt + v.seen.bad_request_cnt, 40);
	finish(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_exchange),
	    cmocka_unit_test(a_siege),
	    cmocka_unit_test(a_siege_from_next_door),
	    cmocka_unit_test(no_descriptors),
	    cmocka_unit_test(the_rate_is_limited),
	    cmocka_unit_test(a_retired_worker_finishes),
	    cmocka_unit_test(a_hello_in_pieces),
	    cmocka_unit_test(ends_leave_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
