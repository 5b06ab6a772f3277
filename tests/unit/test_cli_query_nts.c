/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The query command against an NTS server on loopback, good and bad: what
 * is authenticated, and that every failure of group F is named by its stage
 * and never leads to plain time.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../nts_alone.h"
#include "base/addr.h"
#include "cli/cli.h"
#include "net/selfcert.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "ntp/packet.h"
#include "nts/ef.h"
#include "nts/ke_server.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

#define DAY_S 86400

enum behaviour {
	GOOD,
	LOST_KEYS,    /* NTSN to everything: D5 */
	NOT_NTS,      /* plain answers to NTS requests: F7 */
	BAD_TAG,      /* C1 */
	WRONG_UID,    /* C12: another UID, then the good answer */
	HANG,         /* F1: TLS, then silence */
	CLOSE,        /* F1: TLS, then the end */
	GARBAGE,      /* F4: TLS, then bytes that are no records */
	ENDLESS,      /* F6 */
	FAR_FUTURE,   /* time past the certificate's end */
	OTHER_SERVER, /* the key exchange names localhost as NTP server */
};

static struct server {
	enum behaviour how;
	struct net_tls_ctx *tls;
	struct nts_server_ctx nts;
	struct rng rng;
	int tcp, udp;
	unsigned ke_port, ntp_port;
	pid_t pid;
} srv;

static char dir[] = "/tmp/truenoon-test-XXXXXX";
static char ca_path[64];
static struct net_selfcert good_cert;
static char out[65536];

/* ---- the server, blocking, one client at a time ---------------------------- */

static void
await(int fd, int want)
{
	struct pollfd p = {
	    .fd = fd, .events = want == NET_TLS_WANT_WRITE ? POLLOUT : POLLIN};

	(void)poll(&p, 1, 1000);
}

static void
write_all(struct net_tls *t, int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t done = 0;
		int err = net_tls_write(t, data, len, &done);

		if (err < 0)
			return;
		if (err)
			await(fd, err);
		data += done;
		len -= done;
	}
}

static int
read_request(struct nts_ke_server *ke, struct net_tls *t, int fd)
{
	for (;;) {
		uint8_t buf[512];
		size_t len = 0;
		int err = net_tls_read(t, buf, sizeof buf, &len);

		if (err < 0)
			return err;
		if (err) {
			await(fd, err);
			continue;
		}
		err = nts_ke_server_feed(ke, buf, len);
		if (err != ERR_AGAIN)
			return err;
	}
}

static void
respond(struct nts_ke_server *ke, struct net_tls *t, int fd)
{
	uint8_t buf[NTS_KE_SERVER_RESPONSE_MAX];
	struct nts_keys keys = {.aead = ke->aead};
	struct nts_ke_mint mint = {&keys, &srv.nts.cookies, &srv.rng};
	struct nts_ke_context ctx;
	struct bytes_out res;

	keys.key_len = (uint8_t)crypto_aead_key_len(ke->aead);
	bytes_out_init(&res, buf, sizeof buf);
	if (!nts_ke_server_wants_keys(ke, &ctx) ||
	    net_tls_export(t, ctx.c2s, keys.c2s, keys.key_len) != 0 ||
	    net_tls_export(t, ctx.s2c, keys.s2c, keys.key_len) != 0 ||
	    nts_ke_server_respond(ke, &mint, &res) != 0)
		_exit(3);
	write_all(t, fd, buf, res.pos);
}

static void
talk(struct net_tls *t, int fd)
{
	struct nts_ke_server_conf conf = {.aeads = {15},
	    .aead_cnt = 1,
	    .server = srv.how == OTHER_SERVER ? "localhost" : NULL,
	    .port = (uint16_t)srv.ntp_port};
	struct nts_ke_server ke;
	uint8_t junk[1024];
	int err;

	nts_ke_server_init(&ke, &conf);
	while ((err = net_tls_handshake(t)) > 0)
		await(fd, err);
	if (err || read_request(&ke, t, fd) != 0)
		return;
	/* Non-critical unknown records, for ever. */
	memset(junk, 0x3f, sizeof junk);
	if (srv.how == HANG)
		pause();
	else if (srv.how == GARBAGE)
		write_all(t, fd, (const uint8_t *)"HTTP/1.1 400 Bad\r\n", 18);
	else if (srv.how == ENDLESS)
		for (int i = 0; i < 100; i++)
			write_all(t, fd, junk, sizeof junk);
	else if (srv.how != CLOSE)
		respond(&ke, t, fd);
	while (net_tls_shutdown(t) > 0)
		;
}

static void
exchange_keys(void)
{
	struct addr peer;
	struct net_tls *t;
	int fd = net_tcp_accept(srv.tcp, &peer);

	if (fd < 0)
		return;
	t = net_tls_accept(srv.tls, fd);
	if (t)
		talk(t, fd);
	net_tls_free(t);
	close(fd);
}

static void
make_header(struct ntp_packet *p, const uint8_t *request)
{
	struct wall now = os_clock_real();
	struct ntp_packet ask;

	if (srv.how == FAR_FUTURE)
		now.ns += 400LL * DAY_S * TSTAMP_NS_PER_S;
	if (ntp_packet_decode(&ask, request, NTP_HEADER_LEN) != 0)
		_exit(4);
	*p = (struct ntp_packet){.version = 4,
	    .mode = NTP_MODE_SERVER,
	    .stratum = 1,
	    .precision = -20,
	    .ref_id = 0x47505300,
	    .origin = ask.transmit,
	    .receive = tstamp_from_wall(now),
	    .transmit = tstamp_from_wall(now),
	    .reference = tstamp_from_wall(now)};
}

/* Return: how long the answer is. */
static size_t
make_answer(const uint8_t *request, size_t len, uint8_t *answer)
{
	struct nts_ef_exchange x;
	struct ntp_packet p;
	struct bytes_out res;
	int err;

	make_header(&p, request);
	bytes_out_init(&res, answer, NTS_PACKET_LEN_MAX);
	err = nts_ef_find_request(request, len, &x.req);
	if (err)
		_exit(5);
	if (srv.how == LOST_KEYS) {
		p.stratum = 0;
		p.ref_id = 0x4e54534e;
	}
	ntp_packet_encode(&p, bytes_reserve(&res, NTP_HEADER_LEN));
	if (srv.how == NOT_NTS)
		return res.pos;
	if (srv.how == LOST_KEYS)
		err = nts_ef_put_nak(&x.req, &res);
	else
		err = nts_alone_open(&srv.nts, &x) ||
		    nts_alone_answer(&srv.nts, &x, &res);
	return err ? 0 : res.pos;
}

static void
serve_time(void)
{
	uint8_t request[NTS_PACKET_LEN_MAX], answer[NTS_PACKET_LEN_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	ssize_t n = recvfrom(srv.udp, request, sizeof request, 0,
	    (struct sockaddr *)&from, &from_len);
	const struct sockaddr *to = (const struct sockaddr *)&from;
	size_t len;

	if (n <= 0)
		return;
	len = make_answer(request, (size_t)n, answer);
	if (len == 0 || len > (size_t)n)
		_exit(6);
	if (srv.how == BAD_TAG)
		answer[len - 1] ^= 1;
	if (srv.how == WRONG_UID) {
		answer[NTP_HEADER_LEN + 10] ^= 1;
		(void)!sendto(srv.udp, answer, len, 0, to, from_len);
		answer[NTP_HEADER_LEN + 10] ^= 1;
	}
	(void)!sendto(srv.udp, answer, len, 0, to, from_len);
}

static _Noreturn void
run_server(void)
{
	for (;;) {
		struct pollfd p[2] = {{.fd = srv.tcp, .events = POLLIN},
		    {.fd = srv.udp, .events = POLLIN}};

		if (poll(p, 2, 30000) <= 0)
			_exit(7);
		if (p[0].revents)
			exchange_keys();
		if (p[1].revents)
			serve_time();
	}
}

static unsigned
bound_port(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void
start_with(enum behaviour how, const struct net_selfcert *cert)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct net_tls_pair pair = {
	    {(const uint8_t *)cert->cert, strlen(cert->cert), "cert"},
	    {(const uint8_t *)cert->cert_key, strlen(cert->cert_key), "key"}};
	struct addr loop;

	assert_int_equal(addr_parse(&loop, "127.0.0.1"), 0);
	srv.how = how;
	srv.tcp = net_tcp_listen(&loop, NULL, 8);
	srv.udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(srv.tcp >= 0 && srv.udp >= 0);
	assert_int_equal(bind(srv.udp, (struct sockaddr *)&at, sizeof at), 0);
	srv.ke_port = bound_port(srv.tcp);
	srv.ntp_port = bound_port(srv.udp);
	srv.tls = net_tls_server_new(&pair, 1);
	assert_non_null(srv.tls);
	srv.pid = fork();
	assert_true(srv.pid >= 0);
	if (srv.pid == 0)
		run_server();
	close(srv.tcp);
	close(srv.udp);
}

static void
start(enum behaviour how)
{
	start_with(how, &good_cert);
}

static void
stop(void)
{
	int status;

	assert_int_equal(waitpid(srv.pid, &status, WNOHANG), 0);
	kill(srv.pid, SIGKILL);
	assert_int_equal(waitpid(srv.pid, &status, 0), srv.pid);
	net_tls_ctx_free(srv.tls);
}

/* ---- the command ------------------------------------------------------------- */

static int
query_as(const char *host, const char *more)
{
	char line[512], *argv[24] = {0}, *save = NULL, *word;
	int argc = 0, code, keep = dup(1);
	FILE *to = tmpfile();
	size_t n;

	assert_non_null(to);
	snprintf(line, sizeof line, "query --ca %s -k %u -p %u %s %s", ca_path,
	    srv.ke_port, srv.ntp_port, more, host);
	for (word = strtok_r(line, " ", &save); word && argc < 23;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	fflush(stdout);
	dup2(fileno(to), 1);
	code = cli_query(argc, argv);
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	rewind(to);
	n = fread(out, 1, sizeof out - 1, to);
	out[n] = '\0';
	fclose(to);
	return code;
}

static bool
said(const char *text)
{
	if (strstr(out, text))
		return true;
	print_message("not said: %s\n%s\n", text, out);
	return false;
}

/* One server that behaves so: query fails at this stage with these words,
 * and no time is given. */
static void
fails(enum behaviour how, const char *stage, const char *words)
{
	char text[64];

	start(how);
	assert_int_equal(query_as("127.0.0.1", "-n 1 -t 0.4 -j"), 1);
	snprintf(text, sizeof text, "\"stage\": \"%s\"", stage);
	assert_true(said(text));
	assert_true(said(words));
	assert_true(said("\"authenticated\": false"));
	assert_true(said("\"bound_s\": null"));
	assert_true(said("\"agreed\": null"));
	stop();
}

/* ---- the tests ------------------------------------------------------------------ */

static void
authenticated_time(void **state)
{
	(void)state;
	start(GOOD);
	assert_int_equal(query_as("127.0.0.1", "-n 2 -j"), 0);
	assert_true(said("\"authenticated\": true"));
	assert_true(said("\"aead\": \"AES-SIV-CMAC-256\""));
	assert_true(said("\"cookies\": 8"));
	assert_true(said("\"days_left\": 9"));
	assert_true(said("\"error\": null"));
	assert_true(said("\"earliest_s\": -0.0"));
	assert_int_equal(query_as("localhost", "-4 -n 1 --nts-only"), 0);
	assert_true(said("authenticated, AES-SIV-CMAC-256, 8 cookies"));
	assert_true(said("right within that bound"));
	stop();
}

static void
c12_wrong_uid_then_the_good_answer(void **state)
{
	(void)state;
	start(WRONG_UID);
	assert_int_equal(query_as("127.0.0.1", "-n 2 --nts-only"), 0);
	assert_true(said("2 of 2 answered"));
	stop();
}

static void
another_server_is_named(void **state)
{
	(void)state;
	start(OTHER_SERVER);
	assert_int_equal(query_as("127.0.0.1", "-4 -n 1 -j"), 0);
	assert_true(said("\"authenticated\": true"));
	stop();
}

static void
answers_that_are_not_authentic(void **state)
{
	(void)state;
	fails(LOST_KEYS, "authentication", "NTSN");
	fails(NOT_NTS, "authentication", "none is authentic");
	fails(BAD_TAG, "authentication", "none is authentic");
	fails(FAR_FUTURE, "authentication", "outside its own certificate");
}

static void
key_exchanges_that_fail(void **state)
{
	(void)state;
	fails(HANG, "negotiation", "was not answered");
	fails(CLOSE, "negotiation", "");
	fails(GARBAGE, "negotiation", "");
	fails(ENDLESS, "negotiation", "");
}

/* F3: names, dates and authorities. */
static void
f3_certificates(void **state)
{
	static const char *const names[] = {"127.0.0.1"};
	static const char *const wrong_name = "other.example";
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = 1,
	    .not_before_s = os_clock_real().ns / TSTAMP_NS_PER_S - 9 * DAY_S,
	    .ca = good_cert.ca,
	    .ca_key = good_cert.ca_key};
	struct net_selfcert other;

	(void)state;
	ask.names = &wrong_name;
	ask.not_after_s = ask.not_before_s + 20 * DAY_S;
	assert_int_equal(net_selfcert_make(&ask, &other), 0);
	start_with(GOOD, &other);
	assert_int_equal(query_as("127.0.0.1", "-n 1 -j"), 1);
	assert_true(said("other.example) is for another name than this one"));
	assert_true(said("\"stage\": \"tls\""));
	stop();

	ask.names = names;
	ask.not_after_s = ask.not_before_s + DAY_S;
	assert_int_equal(net_selfcert_make(&ask, &other), 0);
	start_with(GOOD, &other);
	assert_int_equal(query_as("127.0.0.1", "-n 1"), 1);
	assert_true(said("Failed      at tls: the certificate expired at"));
	assert_true(said("expired ("));
	stop();

	ask.not_before_s += 10 * DAY_S;
	ask.not_after_s = ask.not_before_s + DAY_S;
	assert_int_equal(net_selfcert_make(&ask, &other), 0);
	start_with(GOOD, &other);
	assert_int_equal(query_as("127.0.0.1", "-n 1"), 1);
	assert_true(said("is valid only from"));
	stop();

	ask.not_before_s -= 10 * DAY_S;
	ask.ca = ask.ca_key = NULL;
	assert_int_equal(net_selfcert_make(&ask, &other), 0);
	start_with(GOOD, &other);
	assert_int_equal(query_as("127.0.0.1", "-n 1 -j"), 1);
	assert_true(said("\"stage\": \"tls\""));
	assert_true(said("is not trusted here"));
	stop();
}

static int
setup(void **state)
{
	static const char *const names[] = {"127.0.0.1", "localhost"};
	int64_t now_s = os_clock_real().ns / TSTAMP_NS_PER_S;
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = 2,
	    .not_before_s = now_s - DAY_S,
	    .not_after_s = now_s + 10 * DAY_S - 60};
	struct nts_keyring ring;

	(void)state;
	if (!mkdtemp(dir) || os_random_init(&srv.rng) != 0 ||
	    net_selfcert_make(&ask, &good_cert) != 0 ||
	    nts_server_init(&srv.nts, &srv.rng) != 0)
		return -1;
	snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
	nts_keyring_init(&ring, os_clock_real(), &srv.rng);
	if (nts_cookie_keys_load(&srv.nts.cookies, &ring) != 0)
		return -1;
	return os_file_write(ca_path, good_cert.ca, strlen(good_cert.ca), 0644);
}

static int
teardown(void **state)
{
	(void)state;
	nts_server_fini(&srv.nts);
	unlink(ca_path);
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(authenticated_time),
	    cmocka_unit_test(c12_wrong_uid_then_the_good_answer),
	    cmocka_unit_test(another_server_is_named),
	    cmocka_unit_test(answers_that_are_not_authentic),
	    cmocka_unit_test(key_exchanges_that_fail),
	    cmocka_unit_test(f3_certificates),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
