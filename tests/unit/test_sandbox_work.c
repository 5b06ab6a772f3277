/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real work of each role inside its cage, which is inside that of super:
 * this program enters super's, starts itself again as the roles and lets
 * them resolve, exchange packets with kernel time stamps, shake hands and
 * read clocks through net and os.  Any call that a list lacks ends a role by
 * SIGSYS and fails the test with its name.
 */
#include <errno.h>
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

#include "net/local.h"
#include "net/loop.h"
#include "net/names.h"
#include "net/selfcert.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "net/udp.h"
#include "os/channel.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "os/memfile.h"
#include "os/process.h"
#include "os/secret.h"
#include "sandbox/account.h"
#include "sandbox/cage.h"

#define OTHER_ID 65534
#define OLD_S    1700000000
#define NEW_S    2000000000
#define NOW_S    1800000000

/* The places of what a role inherits. */
enum { FD_LOG = 3, FD_WORK = 4, FD_START = 5 };
#define NO_FD (-1)

static enum role role;
static struct net_loop *loop;
static struct net_watch watch;
static struct net_timer timer;
static struct net_selfcert *certs;
static struct net_tls_ctx *tls_ctx;
static uint16_t port;
static int result = 1;

static void
done(int code)
{
	result = code;
	net_loop_stop(loop);
}

static void
on_timer(void *arg)
{
	(void)arg;
	done(result == 1 ? 2 : result);
}

static struct addr
loopback(uint16_t p)
{
	struct addr a = {.family = ADDR_V4, .port = p, .bytes = {127, 0, 0, 1}};

	return a;
}

/* ---- the work ---- */

static int
wait_for(int fd, short what)
{
	struct pollfd p = {.fd = fd, .events = what};

	return poll(&p, 1, 2000);
}

static int
work_tls(int fd, struct net_tls *t, bool server)
{
	uint8_t key[32], context[5] = {0, 0, 0, 15, 0};
	uint8_t text[5] = "noon";
	size_t n = 0;
	int rc;

	while ((rc = net_tls_handshake(t)) > 0)
		(void)wait_for(fd, rc == NET_TLS_WANT_READ ? POLLIN : POLLOUT);
	if (rc != 0 || net_tls_export(t, context, key, sizeof(key)) != 0)
		return 10;
	if (server && net_tls_write(t, text, sizeof(text), &n) != 0)
		return 11;
	while (!server && (rc = net_tls_read(t, text, sizeof(text), &n)) > 0)
		(void)wait_for(fd, POLLIN);
	if (rc != 0 || n != sizeof(text))
		return 12;
	rc = net_tls_shutdown(t);
	net_tls_free(t);
	close(fd);
	return rc == 0 ? 0 : 13;
}

static void
on_ke(void *arg, unsigned what)
{
	struct addr peer;
	int fd = net_tcp_accept(FD_WORK, &peer);

	(void)arg, (void)what;
	if (fd >= 0)
		done(work_tls(fd, net_tls_accept(tls_ctx, fd), true));
}

static void
on_serve(void *arg, unsigned what)
{
	struct net_udp_batch *b = arg;
	int n = net_udp_batch_recv(b, FD_WORK);

	(void)what;
	for (int i = 0; i < n; i++) {
		memcpy(b->at[i].out, b->at[i].data, b->at[i].len);
		b->at[i].out_len = b->at[i].len;
	}
	if (n > 0)
		done(net_udp_batch_send(b, FD_WORK) == n ? 0 : 20);
}

static void
on_ctl(void *arg, unsigned what)
{
	int fd = net_local_accept(FD_WORK);
	uid_t uid;
	char c;

	(void)arg, (void)what;
	if (fd < 0)
		return;
	if (net_local_peer_uid(fd, &uid) != 0 || uid != geteuid())
		done(30);
	else
		done(
		    wait_for(fd, POLLIN) == 1 && read(fd, &c, 1) == 1 ? 0 : 31);
}

static void
on_sync(void *arg, unsigned what)
{
	struct net_udp_client *u = arg;
	struct net_stamp rx;
	uint8_t buf[64];
	size_t len;
	int rc = net_udp_recv(u, buf, sizeof(buf), &len, &rx);

	(void)what;
	if (rc == ERR_AGAIN)
		return;
	done(rc == 0 && len == 48 && rx.source != NET_STAMP_NONE ? 0 : 40);
}

static int
start_sync(struct net_udp_client *u)
{
	static const uint8_t request[48];
	struct addr to = loopback(port);
	struct addr own;

	if (net_udp_open(u, &to, NULL) != 0 ||
	    net_udp_send(u, request, sizeof(request)) != 0 ||
	    net_udp_local(u, &own) != 0)
		return 41;
	net_watch_set(&watch, u->fd, NET_READ);
	return 1;
}

static int
work_dial(void)
{
	struct addr to = loopback(port);
	int fd = net_tcp_connect(&to, NULL);

	if (fd < 0 || wait_for(fd, POLLOUT) != 1 || net_tcp_connected(fd) != 0)
		return 50;
	return work_tls(
	    fd, net_tls_connect(tls_ctx, fd, "127.0.0.1", NOW_S), false);
}

static int
work_dns(void)
{
	struct net_names n;

	if (net_names_lookup("localhost", ADDR_NONE, true, &n) != 0)
		return 60;
	/* Never exists (RFC 6761); asks whatever resolver there is. */
	if (net_names_lookup("noon.invalid", ADDR_NONE, true, &n) == 0)
		return 61;
	return 0;
}

static int
work_clock(struct os_clock *c)
{
	struct clockcmd_state st = {0};
	struct timepage_clock page = {0};

	(void)os_clock_watch(c, NULL);
	os_clock_state(c, &st);
	os_clock_page(c, &page);
	return os_clock_wall(c).ns > 0 ? 0 : 70;
}

/* ---- a role's life ---- */

static int
prepare(struct net_udp_batch **batch, struct os_clock *c)
{
	struct net_tls_blob trust;
	struct net_tls_pair pair;
	struct net_names warm;
	uint8_t *data;
	size_t len;
	bool locked;

	if (os_memfile_take(FD_START, 1 << 20, &data, &len) != 0 ||
	    len < sizeof(*certs))
		return 80;
	certs = (struct net_selfcert *)data;
	trust = (struct net_tls_blob){
	    (const uint8_t *)certs->ca, strlen(certs->ca), "ca"};
	pair.chain = (struct net_tls_blob){
	    (const uint8_t *)certs->cert, strlen(certs->cert), "cert"};
	pair.key = (struct net_tls_blob){
	    (const uint8_t *)certs->cert_key, strlen(certs->cert_key), "key"};
	if (role == ROLE_KE)
		tls_ctx = net_tls_server_new(&pair, 1);
	if (role == ROLE_DIAL)
		tls_ctx = net_tls_client_new(&trust, 1, NULL);
	if (role == ROLE_DNS &&
	    net_names_lookup("localhost", ADDR_NONE, true, &warm) != 0)
		return 85;
	if (role == ROLE_SERVE && (*batch = net_udp_batch_new()) == NULL)
		return 81;
	if (role == ROLE_CLOCK && os_clock_init_kernel(c, false) != 0)
		return 82;
	if (os_secret_alloc(64, &locked) == NULL)
		return 83;
	loop = net_loop_new(NET_LOOP_PRECISE);
	if (loop == NULL || net_timer_init(&timer, loop, on_timer, NULL) != 0)
		return 84;
	return 0;
}

static int
work(struct net_udp_batch *batch, struct os_clock *c)
{
	static struct net_udp_client u;

	switch (role) {
	case ROLE_CLOCK:
		return work_clock(c);
	case ROLE_SYNC:
		if (net_watch_init(&watch, loop, on_sync, &u) != 0)
			return 90;
		return start_sync(&u);
	case ROLE_SERVE:
		if (net_watch_init(&watch, loop, on_serve, batch) != 0)
			return 91;
		break;
	case ROLE_KE:
		if (net_watch_init(&watch, loop, on_ke, NULL) != 0)
			return 92;
		break;
	case ROLE_CTL:
		if (net_watch_init(&watch, loop, on_ctl, NULL) != 0)
			return 93;
		break;
	case ROLE_DIAL:
		return work_dial();
	case ROLE_DNS:
		return work_dns();
	case ROLE_SUPER:
	case ROLE_CNT:
	default:
		return 94;
	}
	net_watch_set(&watch, FD_WORK, NET_READ);
	return 1;
}

static int
cmp_int(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What every role does besides. */
static int
work_common(void)
{
	static int many[2000];
	char *line = NULL;

	for (int i = 0; i < 2000; i++)
		many[i] = (i * 7919) % 2000;
	qsort(many, 2000, sizeof(many[0]), cmp_int);
	os_log_info("at work role=%s pid=%d", role_name(role), getpid());
	if (asprintf(&line, "%g %s", 0.1, strerror(EPERM)) < 0)
		return 95;
	free(line);
	(void)dprintf(2, "%s", "");
	for (size_t i = 1; i <= 1 << 22; i <<= 1)
		free(malloc(i));
	return 0;
}

static int
run_role(bool other, pid_t parent)
{
	struct sandbox_plan plan;
	struct sandbox_state state;
	char why[SANDBOX_TEXT_MAX];
	struct net_udp_batch *batch = NULL;
	struct os_clock c;
	int rc;

	os_log_init(OS_LOG_PIPE, FD_LOG, role_name(role), OS_LOG_DEBUG);
	rc = prepare(&batch, &c);
	if (rc != 0)
		return rc;
	sandbox_plan_init(&plan, role);
	plan.log_fd = FD_LOG;
	plan.parent = parent;
	plan.change_user = other;
	plan.uid = plan.gid = OTHER_ID;
	if (geteuid() != 0)
		plan.flags |= SANDBOX_VIRTUAL;
	if (sandbox_enter(&plan, &state, why) != 0 ||
	    sandbox_selftest(&plan, &state, why) != 0) {
		os_log_error("%s", why);
		return 3;
	}
	rc = work_common();
	if (rc == 0)
		rc = work(batch, &c);
	if (rc != 1)
		return rc;
	net_timer_arm(&timer, (struct dur){3 * TSTAMP_NS_PER_S});
	return net_loop_run(loop) == 0 ? result : 4;
}

/* ---- super ---- */

static pid_t
spawn(enum role r, bool other, const int fds[3], uint16_t to)
{
	char parent[16], to_text[16];
	const char *argv[] = {"truenoon", role_name(r), parent,
	    other ? "other" : "same", to_text, NULL};
	struct os_process_plan plan = {
	    .argv = argv, .fds = fds, .fd_cnt = 3, .keep_stderr = true};
	pid_t pid;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	snprintf(to_text, sizeof(to_text), "%u", to);
	return os_process_spawn(&plan, &pid) == 0 ? pid : -1;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (getsockname(fd, (struct sockaddr *)&sin, &len) != 0)
		return 0;
	return ntohs(sin.sin_port);
}

static int
reap(pid_t pid, const char *name)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (status == 0)
		return 0;
	dprintf(FD_LOG, "E%s ended with status %x\n", name, (unsigned)status);
	return 1;
}

static int
run_pair(enum role server, enum role client, bool other, int listener,
    int start, uint16_t to)
{
	const int with[3] = {FD_LOG, listener, start};
	const int without[3] = {FD_LOG, NO_FD, start};
	pid_t s = spawn(server, other, with, 0);
	pid_t c = spawn(client, other, without, to);

	return reap(c, role_name(client)) + reap(s, role_name(server));
}

static int
ask_ctl(const char *path, bool other, int start)
{
	int listener = net_local_listen(path, 0666);
	const int fds[3] = {FD_LOG, listener, start};
	pid_t pid = spawn(ROLE_CTL, other, fds, 0);
	int fd = net_local_connect(path, 1000);
	int bad = fd < 0 || write(fd, "x", 1) != 1;

	/* The peer's uid is ours only when users were not changed. */
	if (other) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	} else {
		bad += reap(pid, "ctl");
	}
	(void)unlink(path);
	close(listener);
	close(fd);
	return bad;
}

static int
make_start(void)
{
	static const char *const names[] = {"127.0.0.1"};
	struct net_selfcert_ask ask = {.names = names,
	    .name_cnt = 1,
	    .not_before_s = OLD_S,
	    .not_after_s = NEW_S};
	static struct net_selfcert made;

	if (net_selfcert_make(&ask, &made) != 0)
		return -1;
	return os_memfile_make(&made, sizeof(made));
}

static int
run_super(const char *dir)
{
	struct sandbox_plan plan;
	struct sandbox_state state;
	struct sandbox_path paths[] = {{dir, SANDBOX_READ | SANDBOX_WRITE}};
	char why[SANDBOX_TEXT_MAX], path[256];
	struct addr any = loopback(0);
	const bool root = geteuid() == 0;
	int udp, tcp, start;
	int bad = 0;

	sandbox_plan_init(&plan, ROLE_SUPER);
	plan.log_fd = FD_LOG;
	plan.paths = paths;
	plan.path_cnt = 1;
	if (!root)
		plan.flags |= SANDBOX_VIRTUAL;
	if (sandbox_enter(&plan, &state, why) != 0 ||
	    sandbox_selftest(&plan, &state, why) != 0) {
		dprintf(FD_LOG, "E%s\n", why);
		return 3;
	}
	start = make_start();
	snprintf(path, sizeof(path), "%s/sock", dir);
	for (int round = 0; round < (root ? 2 : 1); round++) {
		const int none[3] = {FD_LOG, NO_FD, start};
		const bool other = round == 1;

		udp = net_udp_listen(&any, NULL);
		tcp = net_tcp_listen(&any, NULL, 8);
		bad += run_pair(
		    ROLE_SERVE, ROLE_SYNC, other, udp, start, port_of(udp));
		bad += run_pair(
		    ROLE_KE, ROLE_DIAL, other, tcp, start, port_of(tcp));
		bad += reap(spawn(ROLE_CLOCK, other, none, 0), "clock");
		bad += reap(spawn(ROLE_DNS, other, none, 0), "dns");
		bad += ask_ctl(path, other, start);
		close(udp);
		close(tcp);
	}
	return bad;
}

static int
child_main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "super") == 0)
		return run_super(argv[2]);
	role = role_find(argv[1]);
	port = (uint16_t)atoi(argv[4]);
	return run_role(strcmp(argv[3], "other") == 0, (pid_t)atoi(argv[2]));
}

/* ---- the test ---- */

static void
run_all(bool drop)
{
	char dir[] = "/tmp/cageXXXXXX";
	char log[4096] = "";
	size_t len = 0;
	ssize_t n;
	int fd[2], status;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(pipe(fd), 0);
	if (drop)
		assert_int_equal(chown(dir, OTHER_ID, OTHER_ID), 0);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		if (dup2(fd[1], FD_LOG) < 0)
			_exit(9);
		if (drop && (setgid(OTHER_ID) != 0 || setuid(OTHER_ID) != 0))
			_exit(9);
		execl("/proc/self/exe", "truenoon", "super", dir, NULL);
		_exit(9);
	}
	close(fd[1]);
	while (len < sizeof(log) - 1 &&
	    (n = read(fd[0], log + len, sizeof(log) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)rmdir(dir);
	if (status != 0)
		fail_msg("status %x, log:\n%s", (unsigned)status, log);
	assert_non_null(strstr(log, "Iat work role=dial"));
}

static void
test_as_we_are(void **state)
{
	(void)state;
	run_all(false);
}

static void
test_as_an_ordinary_user(void **state)
{
	(void)state;
	if (geteuid() == 0)
		run_all(true);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_we_are),
	    cmocka_unit_test(test_as_an_ordinary_user),
	};

	if (argc > 1)
		return child_main(argc, argv);
	if (!sandbox_built()) {
		puts("test_sandbox_work: skipped, this build has no filters");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
