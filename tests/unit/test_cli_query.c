/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The query command as a whole against a small NTP responder on loopback:
 * what it prints, what it exits with, and that hostile answers (group G of
 * the hostile cases) and missing servers end in words and in time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tstamp.h"
#include "cli/cli.h"
#include "ntp/packet.h"
#include "os/clock.h"

enum behaviour {
	GOOD,
	BAD_THEN_GOOD, /* G1, G4, G11: junk before each real answer */
	SILENT,
	UNSYNCED,
	RATE,
	ESCAPES, /* control characters in the reference id */
};

static char out[65536]; /* what the command printed */
static char dir[] = "/tmp/truenoon-test-XXXXXX";
static unsigned ntp_port;
static pid_t responder;

/* ---- the responder ------------------------------------------------------- */

static void
now_shifted(struct ntp_ts *ts)
{
	struct wall w = os_clock_real();

	w.ns += TSTAMP_NS_PER_S; /* this server is 1 s ahead */
	*ts = tstamp_from_wall(w);
}

static void
reply(int fd, const struct sockaddr_in *to, const struct ntp_packet *p,
    size_t len)
{
	uint8_t data[NTP_HEADER_LEN];

	ntp_packet_encode(p, data);
	(void)!sendto(
	    fd, data, len, 0, (const struct sockaddr *)to, sizeof *to);
}

static void
junk(int fd, const struct sockaddr_in *to, const struct ntp_packet *good)
{
	struct ntp_packet p = *good;

	p.origin.v ^= 1;
	reply(fd, to, &p, NTP_HEADER_LEN);
	p.origin.v = 0;
	reply(fd, to, &p, NTP_HEADER_LEN);
	p.origin.v = UINT64_MAX;
	reply(fd, to, &p, NTP_HEADER_LEN);
	p = *good;
	p.mode = NTP_MODE_CLIENT;
	reply(fd, to, &p, NTP_HEADER_LEN);
	p.mode = NTP_MODE_SERVER;
	p.version = 7;
	reply(fd, to, &p, NTP_HEADER_LEN);
	reply(fd, to, good, 47);
	reply(fd, to, good, 1);
}

static void
answer(int fd, enum behaviour how, const struct sockaddr_in *to,
    const struct ntp_packet *ask)
{
	struct ntp_packet p = {.version = ask->version,
	    .mode = NTP_MODE_SERVER,
	    .stratum = 1,
	    .precision = -20,
	    .ref_id = 0x47505300,
	    .origin = ask->transmit,
	    .root_dispersion = tstamp_short_from_s(0.001)};

	now_shifted(&p.receive);
	now_shifted(&p.transmit);
	p.reference = p.receive;
	if (how == SILENT)
		return;
	if (how == UNSYNCED)
		p.leap = NTP_LEAP_UNSYNCED;
	if (how == RATE) {
		p.stratum = 0;
		p.ref_id = 0x52415445;
	}
	if (how == ESCAPES)
		p.ref_id = 0x1b5b324a;
	if (how == BAD_THEN_GOOD)
		junk(fd, to, &p);
	reply(fd, to, &p, NTP_HEADER_LEN);
}

static _Noreturn void
respond(int fd, enum behaviour how)
{
	for (;;) {
		uint8_t data[2048];
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(fd, data, sizeof data, 0,
		    (struct sockaddr *)&from, &from_len);
		struct ntp_packet ask;

		if (n < 0 || ntp_packet_decode(&ask, data, (size_t)n) != 0)
			_exit(1);
		/* G10: nothing in it but what it must hold. */
		if (n != NTP_HEADER_LEN || ask.mode != NTP_MODE_CLIENT ||
		    ask.origin.v || ask.receive.v || ask.reference.v ||
		    ask.ref_id || ask.stratum || !ask.transmit.v)
			_exit(2);
		answer(fd, how, &from, &ask);
	}
}

static int
bound_socket(int type, unsigned *port)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
start(enum behaviour how)
{
	int fd = bound_socket(SOCK_DGRAM, &ntp_port);

	responder = fork();
	assert_true(responder >= 0);
	if (responder == 0)
		respond(fd, how);
	close(fd);
}

/* It must have lived until now: it ends itself at a bad request. */
static void
stop(void)
{
	int status;

	assert_int_equal(waitpid(responder, &status, WNOHANG), 0);
	kill(responder, SIGKILL);
	assert_int_equal(waitpid(responder, &status, 0), responder);
}

/* A port at which nobody listens. */
static unsigned
closed_port(int type)
{
	unsigned port;

	close(bound_socket(type, &port));
	return port;
}

/* ---- running the command --------------------------------------------------- */

static int
run_command(int (*command)(int, char **), const char *line)
{
	char words[512], *argv[24] = {0}, *save = NULL, *word;
	int argc = 0, code, keep = dup(1);
	FILE *to = tmpfile();
	size_t n;

	assert_non_null(to);
	snprintf(words, sizeof words, "%s", line);
	for (word = strtok_r(words, " ", &save); word && argc < 23;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	fflush(stdout);
	dup2(fileno(to), 1);
	code = command(argc, argv);
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	rewind(to);
	n = fread(out, 1, sizeof out - 1, to);
	out[n] = '\0';
	fclose(to);
	return code;
}

__attribute__((format(printf, 1, 2))) static int
query(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return run_command(cli_query, line);
}

static bool
said(const char *text)
{
	if (strstr(out, text))
		return true;
	print_message("not said: %s\n%s\n", text, out);
	return false;
}

static double
json_value(const char *key)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\": ", key);
	at = strstr(out, quoted);
	assert_non_null(at);
	return strtod(at + strlen(quoted), NULL);
}

/* ---- the tests --------------------------------------------------------------- */

static void
plain_time(void **state)
{
	(void)state;
	start(GOOD);
	assert_int_equal(
	    query("query --no-nts -n 2 -p %u --json 127.0.0.1", ntp_port), 0);
	assert_true(said("\"authenticated\": false"));
	assert_true(said("\"address\": \"127.0.0.1\""));
	assert_true(said("\"stage\": null"));
	assert_true(said("\"error\": null"));
	assert_true(json_value("offset_s") > 0.9);
	assert_true(json_value("offset_s") < 1.1);
	assert_true(json_value("bound_s") > 0.001);
	assert_true(json_value("bound_s") < 0.1);
	assert_true(json_value("earliest_s") < 1);
	assert_true(json_value("latest_s") > 1);
	assert_int_equal(
	    query("query --no-nts -p %u -n 1 127.0.0.1", ntp_port), 0);
	assert_true(said("(this clock is slow)"));
	assert_true(said("1 of 1 answered"));
	assert_true(said("NOT AUTHENTICATED"));
	stop();
}

static void
g1_bad_answers_then_the_good_one(void **state)
{
	(void)state;
	start(BAD_THEN_GOOD);
	assert_int_equal(
	    query("query --no-nts -n 2 -p %u 127.0.0.1", ntp_port), 0);
	assert_true(said("2 of 2 answered"));
	stop();
}

static void
l5_nothing_raw_reaches_the_terminal(void **state)
{
	(void)state;
	start(ESCAPES);
	assert_int_equal(
	    query("query --no-nts -n 1 -p %u 127.0.0.1", ntp_port), 0);
	assert_true(said("reference \\x1b[2J"));
	assert_null(strchr(out, 0x1b));
	assert_int_equal(
	    query("query --no-nts -n 1 -j -p %u 127.0.0.1", ntp_port), 0);
	assert_null(strchr(out, 0x1b));
	stop();
}

static void
servers_without_time(void **state)
{
	(void)state;
	start(UNSYNCED);
	assert_int_equal(
	    query("query --no-nts -j -p %u 127.0.0.1", ntp_port), 1);
	assert_true(said("\"leap\": \"unsynchronised\""));
	assert_true(said("not synchronised"));
	assert_true(said("\"bound_s\": null"));
	assert_true(said("\"agreed\": null"));
	stop();
	start(RATE);
	assert_int_equal(query("query --no-nts -p %u 127.0.0.1", ntp_port), 1);
	assert_true(said("says RATE"));
	stop();
}

static void
nobody_there(void **state)
{
	struct mono from = os_clock_mono();

	(void)state;
	start(SILENT);
	assert_int_equal(
	    query("query --no-nts -t 0.3 -j -p %u 127.0.0.1", ntp_port), 1);
	assert_true(said("\"stage\": \"udp\""));
	assert_true(said("no answer to 1 requests"));
	assert_true(
	    tstamp_mono_diff(os_clock_mono(), from).ns < 2 * TSTAMP_NS_PER_S);
	stop();
	assert_int_equal(
	    query("query --no-nts -p %u 127.0.0.1", closed_port(SOCK_DGRAM)),
	    1);
	assert_true(said("Failed"));
	assert_true(said("refused"));
}

static void
some_answer_and_some_do_not(void **state)
{
	(void)state;
	start(GOOD);
	/* All asked on one port: only 127.0.0.1 answers there. */
	assert_int_equal(query("query --no-nts -t 0.4 -n 1 -j -p %u 127.0.0.1 "
			       "127.0.0.2 [127.0.0.1] no.such.name.invalid",
			     ntp_port),
	    1);
	assert_true(said("\"name\": \"127.0.0.2\""));
	assert_true(said("\"stage\": \"udp\""));
	assert_true(said("\"stage\": \"name\""));
	assert_true(said("\"earliest_s\""));
	stop();
}

/* F7: without NTS there is plain time only where that was not ruled out. */
static void
f7_fall_back_is_said_or_refused(void **state)
{
	unsigned ke = closed_port(SOCK_STREAM);

	(void)state;
	start(GOOD);
	assert_int_equal(
	    query("query -n 1 --ca %s/ca.pem -k %u -p %u 127.0.0.1", dir, ke,
		ntp_port),
	    0);
	assert_true(said("NOT AUTHENTICATED"));
	assert_true(said("refused: no NTS key exchange runs there"));
	assert_int_equal(query("query --nts-only --ca %s/ca.pem -j -k %u -p %u "
			       "127.0.0.1",
			     dir, ke, ntp_port),
	    1);
	assert_true(said("\"stage\": \"tcp\""));
	assert_true(said("\"offset_s\": null"));
	stop();
	/* A port that is silent: F1. */
	start(GOOD);
	{
		unsigned port;
		int fd = bound_socket(SOCK_STREAM, &port);

		assert_int_equal(listen(fd, 4), 0);
		assert_int_equal(query("query -t 0.3 --ca %s/ca.pem -k %u -p "
				       "%u -j 127.0.0.1",
				     dir, port, ntp_port),
		    1);
		assert_true(said("\"stage\": \"tls\""));
		assert_true(said("TLS was not answered"));
		assert_true(said("\"offset_s\": null"));
		close(fd);
	}
	stop();
}

static void
wrong_use(void **state)
{
	(void)state;
	assert_int_equal(query("query"), 2);
	assert_int_equal(query("query --no-nts --nts-only 127.0.0.1"), 2);
	assert_int_equal(query("query --nothing 127.0.0.1"), 2);
	assert_int_equal(query("query --ca /nowhere/ca.pem 127.0.0.1"), 1);
	assert_int_equal(query("query --help"), 0);
	assert_true(said("usage: truenoon query"));
}

static bool
mode_is(const char *name, mode_t mode)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) == 0 && (st.st_mode & 0777) == mode;
}

static int
selfcert(const char *more)
{
	char line[512];

	snprintf(line, sizeof line,
	    "selfcert --ca-cert %s/ca.pem --ca-key %s/ca-key.pem --cert "
	    "%s/cert.pem --key %s/key.pem %s",
	    dir, dir, dir, dir, more);
	return run_command(cli_selfcert, line);
}

/* K8: modes; nothing overwritten; an authority used again. */
static void
selfcert_makes_four_files(void **state)
{
	(void)state;
	assert_int_equal(selfcert(""), 2);
	assert_int_equal(selfcert("localhost 127.0.0.1"), 0);
	assert_true(mode_is("ca-key.pem", 0600));
	assert_true(mode_is("key.pem", 0600));
	assert_true(mode_is("ca.pem", 0644));
	assert_true(mode_is("cert.pem", 0644));
	assert_int_equal(selfcert("localhost"), 1);
	assert_int_equal(selfcert("--force --days 7 other.example"), 0);
	assert_true(said("/cert.pem"));
	assert_null(strstr(out, "ca-key.pem"));
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = {
	    "ca.pem", "ca-key.pem", "cert.pem", "key.pem"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_time),
	    cmocka_unit_test(g1_bad_answers_then_the_good_one),
	    cmocka_unit_test(l5_nothing_raw_reaches_the_terminal),
	    cmocka_unit_test(servers_without_time),
	    cmocka_unit_test(nobody_there),
	    cmocka_unit_test(some_answer_and_some_do_not),
	    cmocka_unit_test(selfcert_makes_four_files),
	    cmocka_unit_test(f7_fall_back_is_said_or_refused),
	    cmocka_unit_test(wrong_use),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
