/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers, put-off calls, signals, and stream sockets; both kinds of loop.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/local.h"
#include "net/loop.h"
#include "net/names.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "os/signal.h"

#define MS 1000000LL

static const unsigned kinds[] = {0, NET_LOOP_PRECISE, NET_LOOP_SINGLE};
#define KIND_CNT (sizeof kinds / sizeof *kinds)

struct seen {
	struct net_loop *loop;
	struct net_timer *timer;
	struct net_defer *defer;
	int cnt;
	int order[8];
	bool signal;
};

static void
on_first(void *arg)
{
	struct seen *s = arg;

	s->order[s->cnt++] = 1;
}

static void
on_last(void *arg)
{
	struct seen *s = arg;

	s->order[s->cnt++] = 2;
	net_loop_stop(s->loop);
}

static void
timers_keep_order_and_are_never_early(void **state)
{
	(void)state;
	for (size_t k = 0; k < KIND_CNT; k++) {
		struct seen s = {.loop = net_loop_new(kinds[k])};
		struct net_timer late, soon, never;
		struct mono begin = os_clock_mono(), end;

		assert_non_null(s.loop);
		assert_int_equal(net_timer_init(&late, s.loop, on_last, &s), 0);
		assert_int_equal(
		    net_timer_init(&soon, s.loop, on_first, &s), 0);
		assert_int_equal(
		    net_timer_init(&never, s.loop, on_last, &s), 0);
		net_timer_arm_at(
		    &late, (struct mono){begin.ns + 20 * MS + 300});
		net_timer_arm(&soon, (struct dur){MS / 2});
		net_timer_arm(&never, (struct dur){MS});
		net_timer_stop(&never);
		assert_int_equal(net_loop_run(s.loop), 0);
		end = os_clock_mono();
		assert_int_equal(s.cnt, 2);
		assert_int_equal(s.order[0], 1);
		assert_true(end.ns - begin.ns >= 20 * MS + 300);
		assert_true(end.ns - begin.ns < 300 * MS);
		assert_false(late.armed || soon.armed || never.armed);
		/* A moment long past fires in the next round. */
		net_timer_arm_at(&late, (struct mono){-5});
		assert_int_equal(net_loop_run(s.loop), 0);
		assert_int_equal(s.cnt, 3);
		net_timer_fini(&late);
		net_timer_fini(&soon);
		net_timer_fini(&never);
		net_loop_free(s.loop);
	}
}

static void
on_defer(void *arg)
{
	struct seen *s = arg;

	if (++s->cnt == 3)
		net_loop_stop(s->loop);
	else
		net_defer_post(s->defer);
}

static void
posts_are_merged(void **state)
{
	(void)state;
	for (size_t k = 0; k < KIND_CNT; k++) {
		struct seen s = {.loop = net_loop_new(kinds[k])};
		struct net_defer d;

		s.defer = &d;
		assert_int_equal(net_defer_init(&d, s.loop, on_defer, &s), 0);
		net_defer_post(&d);
		net_defer_post(&d);
		assert_int_equal(net_loop_run(s.loop), 0);
		assert_int_equal(s.cnt, 3);
		net_defer_fini(&d);
		net_loop_free(s.loop);
	}
}

static void
on_signal(void *arg)
{
	struct seen *s = arg;

	if (!os_signal_take(SIGUSR1))
		return;
	s->signal = true;
	net_loop_stop(s->loop);
}

static pid_t
kill_me_later(int sig, useconds_t us)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(us);
		kill(getppid(), sig);
		_exit(0);
	}
	return pid;
}

static void
signals_end_the_wait(void **state)
{
	(void)state;
	assert_int_equal(os_signal_catch(SIGUSR1), 0);
	for (size_t k = 0; k < KIND_CNT; k++) {
		struct seen s = {.loop = net_loop_new(kinds[k])};
		struct net_timer guard;
		struct mono begin = os_clock_mono();
		pid_t pid;

		net_loop_on_signal(s.loop, on_signal, &s);
		assert_int_equal(
		    net_timer_init(&guard, s.loop, on_last, &s), 0);
		net_timer_arm(&guard, (struct dur){3000 * MS});
		pid = kill_me_later(SIGUSR1, 10000);
		assert_int_equal(net_loop_run(s.loop), 0);
		assert_true(s.signal);
		assert_true(os_clock_mono().ns - begin.ns < 900 * MS);
		waitpid(pid, NULL, 0);
		/* One that came before the wait is not lost either. */
		s.signal = false;
		raise(SIGUSR1);
		assert_int_equal(net_loop_run(s.loop), 0);
		assert_true(s.signal);
		assert_false(os_signal_pending());
		net_timer_fini(&guard);
		net_loop_free(s.loop);
	}
	assert_int_equal(os_signal_catch(0), ERR_BAD);
	assert_int_equal(os_signal_catch(64), ERR_BAD);
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	addr_from_sockaddr(&a, (struct sockaddr *)&ss);
	return a.port;
}

static int
wait_connected(int fd)
{
	int err = ERR_AGAIN;
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	assert_int_equal(select(fd + 1, NULL, &set, NULL, NULL), 1);
	err = net_tcp_connected(fd);
	return err;
}

static void
tcp_connects_and_accepts(void **state)
{
	struct addr at, peer;
	int fd, out, in;

	(void)state;
	assert_int_equal(addr_parse(&at, "127.0.0.1"), 0);
	fd = net_tcp_listen(&at, NULL, 8);
	assert_true(fd >= 0);
	at.port = port_of(fd);
	assert_int_equal(net_tcp_probe(&at, NULL), ERR_FULL);
	assert_int_equal(net_tcp_accept(fd, &peer), ERR_AGAIN);
	out = net_tcp_connect(&at, NULL);
	assert_true(out >= 0);
	assert_int_equal(wait_connected(out), 0);
	in = net_tcp_accept(fd, &peer);
	assert_true(in >= 0);
	assert_int_equal(peer.port, port_of(out));
	net_tcp_reset_on_close(in);
	close(in);
	close(out);
	close(fd);
	assert_int_equal(net_tcp_probe(&at, NULL), 0);
	out = net_tcp_connect(&at, NULL);
	if (out >= 0) {
		assert_int_equal(wait_connected(out), ERR_SYSTEM);
		assert_int_equal(errno, ECONNREFUSED);
		close(out);
	} else {
		assert_int_equal(out, ERR_SYSTEM);
	}
}

/* N2: no descriptors left is told apart from nobody waiting. */
static void
accept_without_descriptors(void **state)
{
	struct rlimit was, none;
	struct addr at, peer;
	int fd, out, in;

	(void)state;
	assert_int_equal(addr_parse(&at, "127.0.0.1"), 0);
	fd = net_tcp_listen(&at, NULL, 8);
	at.port = port_of(fd);
	out = net_tcp_connect(&at, NULL);
	assert_int_equal(wait_connected(out), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = (rlim_t)out + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	in = net_tcp_accept(fd, &peer);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(in, ERR_FULL);
	in = net_tcp_accept(fd, &peer);
	assert_true(in >= 0);
	close(in);
	close(out);
	close(fd);
}

static void
control_socket(void **state)
{
	char dir[] = "/tmp/test_net_loop.XXXXXX", path[64], longer[200];
	struct stat st;
	int fd, out, in;
	uid_t uid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/sock", dir);
	assert_int_equal(net_local_connect(path, 100), ERR_ABSENT);
	fd = net_local_listen(path, 0660);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	/* L3: a live one is left alone, a dead one replaced. */
	assert_int_equal(net_local_listen(path, 0660), ERR_FULL);
	in = net_local_accept(fd); /* the question above */
	assert_true(in >= 0);
	close(in);
	out = net_local_connect(path, 1000);
	assert_true(out >= 0);
	in = net_local_accept(fd);
	assert_true(in >= 0);
	assert_int_equal(net_local_peer_uid(in, &uid), 0);
	assert_int_equal(uid, getuid());
	close(in);
	close(out);
	close(fd);
	assert_int_equal(net_local_connect(path, 100), ERR_ABSENT);
	fd = net_local_listen(path, 0600);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(net_local_listen(path, 0600), ERR_DENIED);
	rmdir(path);
	rmdir(dir);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(net_local_listen(longer, 0600), ERR_BAD);
	assert_int_equal(net_local_connect("", 100), ERR_BAD);
}

static void
names(void **state)
{
	static const struct {
		const char *text;
		bool open, local;
	} rows[] = {{"192.0.2.1", true, true}, {"2001:db8::1", true, true},
	    {"0.0.0.0", false, false}, {"0.1.2.3", false, false},
	    {"::", false, false}, {"127.0.0.1", false, true},
	    {"127.9.9.9", false, true}, {"::1", false, true},
	    {"224.0.0.1", false, false}, {"255.255.255.255", false, false},
	    {"ff02::1", false, false}, {"169.254.1.1", false, true},
	    {"fe80::1", false, true}};
	char longer[400];
	struct net_names n;

	(void)state; /* P3 */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr a;

		assert_int_equal(addr_parse(&a, rows[i].text), 0);
		assert_int_equal(net_names_usable(&a, false), rows[i].open);
		assert_int_equal(net_names_usable(&a, true), rows[i].local);
	}
	assert_int_equal(
	    net_names_lookup("192.0.2.7", ADDR_NONE, false, &n), 0);
	assert_int_equal(n.cnt, 1);
	assert_int_equal(
	    net_names_lookup("192.0.2.7", ADDR_V6, false, &n), ERR_ABSENT);
	assert_int_equal(net_names_lookup("localhost", ADDR_V4, true, &n), 0);
	assert_true(n.cnt >= 1 && addr_is_loopback(&n.at[0]));
	assert_int_equal(
	    net_names_lookup("localhost", ADDR_V4, false, &n), ERR_ABSENT);
	assert_true(n.cnt == 0 && n.refused_cnt >= 1);
	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(
	    net_names_lookup(longer, ADDR_NONE, false, &n), ERR_BAD);
	assert_int_equal(net_names_lookup("", ADDR_NONE, false, &n), ERR_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_keep_order_and_are_never_early),
	    cmocka_unit_test(posts_are_merged),
	    cmocka_unit_test(signals_end_the_wait),
	    cmocka_unit_test(tcp_connects_and_accepts),
	    cmocka_unit_test(accept_without_descriptors),
	    cmocka_unit_test(control_socket),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
