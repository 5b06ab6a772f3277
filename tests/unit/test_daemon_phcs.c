/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks of interfaces inside a role, with made-up ones behind the ioctl
 * that follow this machine's own clock: which interface a stamp is of, what
 * it is corrected by, when clocks are read, and what happens when they are
 * stepped, fail, or are not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/phcs.h"
#include "os/clock.h"

#define S  TSTAMP_NS_PER_S
#define US 1000LL

static int64_t ahead_ns[2]; /* of the clocks behind descriptors 100, 101 */
static int fails_with;
static unsigned read_cnt;
static unsigned stop_at; /* so many readings, 0: never */
static struct net_loop *loop;

static struct ptp_clock_time
at(int64_t ns)
{
	return (struct ptp_clock_time){
	    .sec = ns / S, .nsec = (uint32_t)(ns % S)};
}

static int
card(int fd, unsigned long request, void *arg)
{
	struct ptp_sys_offset_extended *v = arg;

	if (request != PTP_SYS_OFFSET_EXTENDED || fails_with) {
		errno = fails_with ? fails_with : EOPNOTSUPP;
		return -1;
	}
	if (++read_cnt == stop_at)
		net_loop_stop(loop);
	for (unsigned i = 0; i < v->n_samples; i++) {
		int64_t before = os_clock_real().ns;
		int64_t after = os_clock_real().ns;

		v->ts[i][0] = at(before);
		v->ts[i][1] =
		    at(before + (after - before) / 2 + ahead_ns[fd - 100]);
		v->ts[i][2] = at(after);
	}
	return 0;
}

static struct ipc_hardware
interface(uint32_t if_idx)
{
	struct ipc_hardware m = {
	    .if_idx = if_idx,
	    .minsamples = 3,
	    .maxsamples = 16,
	    .precision_s = 1e-7,
	};

	snprintf(m.interface, sizeof m.interface, "card%u", if_idx);
	return m;
}

static void
add(struct phcs *p, const struct ipc_hardware *m)
{
	size_t i = p->cnt;

	daemon_phcs_add(p, m);
	assert_int_equal(p->cnt, i + 1);
	p->at[i].dev.call = card;
	p->at[i].dev.fd = 100 + (int)i;
}

/* Descriptors of the test are none: not to be closed. */
static void
finish(struct phcs *p)
{
	for (size_t i = 0; i < p->cnt; i++)
		p->at[i].dev.fd = -1;
	daemon_phcs_fini(p);
	assert_int_equal(p->cnt, 0);
}

/* Read all of them now, as often. */
static void
read_often(struct phcs *p, int times)
{
	for (int i = 0; i < times; i++) {
		for (size_t k = 0; k < p->cnt; k++)
			p->at[k].due.ns = 0;
		daemon_phcs_read(p, os_clock_mono());
		usleep(20000);
	}
}

static int
setup(void **state)
{
	(void)state;
	ahead_ns[0] = 37 * S;
	ahead_ns[1] = -1000 * S;
	fails_with = 0;
	read_cnt = 0;
	stop_at = 0;
	return 0;
}

/* The stamp minus the moment it was made at, of the clock number n. */
static int64_t
error_ns(struct phcs *p, uint32_t if_idx, size_t n, bool rx)
{
	int64_t now = os_clock_real().ns;
	struct net_stamp_raw raw = {
	    .phc_ns = now + ahead_ns[n], .if_idx = if_idx, .link_len = 90};
	struct wall real;
	struct dur error;

	assert_int_equal(daemon_phcs_map(p, &raw, rx, &real, &error), 0);
	assert_in_range(error.ns, 1, 1000000);
	return real.ns - now;
}

/* A machine at work: as good as its readings, but never worse than this. */
#define NEAR (100 * US)

static void
two_interfaces(void **state)
{
	struct ipc_hardware one = interface(3), two = interface(9);
	struct phcs p = {.cnt = 0};
	struct net_stamp_raw raw = {.phc_ns = 1, .if_idx = 4};
	struct wall real;
	struct dur error;

	(void)state;
	assert_null(daemon_phcs_hardware(&p));
	two.rxcomp_s = 5e-3;
	two.txcomp_s = 7e-3;
	add(&p, &one);
	add(&p, &two);
	assert_ptr_equal(daemon_phcs_hardware(&p)->ctx, &p);
	assert_true(daemon_phcs_hardware(&p)->map == daemon_phcs_map);
	raw.if_idx = 3;
	assert_int_equal(
	    daemon_phcs_map(&p, &raw, true, &real, &error), ERR_AGAIN);
	read_often(&p, 4);
	assert_true(llabs(error_ns(&p, 3, 0, true)) < NEAR);
	assert_true(llabs(error_ns(&p, 3, 0, false)) < NEAR);
	/* Stamped late when it leaves: added; early when it comes: taken. */
	assert_true(llabs(error_ns(&p, 9, 1, true) + 5000 * US) < NEAR);
	assert_true(llabs(error_ns(&p, 9, 1, false) - 7000 * US) < NEAR);
	/* Of the other's clock, of nobody's, and of nobody knows whose. */
	raw.phc_ns = os_clock_real().ns + ahead_ns[1];
	assert_int_equal(
	    daemon_phcs_map(&p, &raw, true, &real, &error), ERR_BAD);
	raw.if_idx = 4;
	assert_int_equal(
	    daemon_phcs_map(&p, &raw, true, &real, &error), ERR_ABSENT);
	raw.if_idx = 0;
	assert_int_equal(
	    daemon_phcs_map(&p, &raw, true, &real, &error), ERR_ABSENT);
	finish(&p);
}

/* From the last bit: 90 bytes and their sum at 1 Mbit/s. */
static void
link_speed(void **state)
{
	struct ipc_hardware m = interface(3);
	struct phcs p = {.cnt = 0};

	(void)state;
	m.speed_mbps = 1;
	add(&p, &m);
	read_often(&p, 4);
	assert_true(llabs(error_ns(&p, 0, 0, true) - 752 * US) < NEAR);
	assert_true(llabs(error_ns(&p, 3, 0, false)) < NEAR);
	finish(&p);
}

static void
stepped_and_failing(void **state)
{
	struct ipc_hardware m = interface(3);
	struct phcs p = {.cnt = 0};
	struct net_stamp_raw raw = {.if_idx = 3};
	struct wall real;
	struct dur error;

	(void)state;
	add(&p, &m);
	fails_with = EIO;
	read_often(&p, 2);
	fails_with = 0;
	read_often(&p, 4);
	assert_true(llabs(error_ns(&p, 3, 0, true)) < NEAR);
	ahead_ns[0] += 5 * S;
	read_often(&p, 1);
	raw.phc_ns = os_clock_real().ns + ahead_ns[0];
	assert_int_equal(
	    daemon_phcs_map(&p, &raw, true, &real, &error), ERR_AGAIN);
	read_often(&p, 3);
	assert_true(llabs(error_ns(&p, 3, 0, true)) < NEAR);
	finish(&p);
}

static void
each_in_its_time(void **state)
{
	struct ipc_hardware slow = interface(3), quick = interface(9);
	struct phcs p = {.cnt = 0};
	struct mono now = os_clock_mono(), next;

	(void)state;
	slow.minpoll_log2s = 2;
	quick.minpoll_log2s = -1;
	add(&p, &slow);
	add(&p, &quick);
	next = daemon_phcs_read(&p, now);
	assert_int_equal(next.ns - now.ns, S / 2);
	assert_int_equal(read_cnt, 2);
	daemon_phcs_read(&p, now);
	assert_int_equal(read_cnt, 2);
	for (int i = 0; i < 8; i++)
		next = daemon_phcs_read(&p, next);
	assert_int_equal(read_cnt, 2 + 8 + 1);
	finish(&p);
	next = daemon_phcs_read(&p, now);
	assert_true(next.ns == INT64_MAX);
}

static int64_t
wait_ns(struct phcs *p, struct mono now)
{
	return p->at[0].due.ns - now.ns;
}

/* As often as the busiest source is asked, within limits, once it is known
 * how the clock runs; as often as allowed where nobody says it. */
static void
follows_the_poll(void **state)
{
	struct ipc_hardware m = interface(3);
	struct phcs p = {.cnt = 0};
	struct mono now = os_clock_mono();

	(void)state;
	m.minpoll_log2s = -1;
	m.maxpoll_log2s = 4;
	add(&p, &m);
	daemon_phcs_read(&p, now);
	daemon_phcs_follow(&p, 3);
	assert_int_equal(wait_ns(&p, now), S / 2);
	read_often(&p, 3);
	now = os_clock_mono();
	p.at[0].due.ns = 0;
	assert_int_equal(daemon_phcs_read(&p, now).ns - now.ns, 8 * S);
	/* From the last reading, which stays where it was. */
	daemon_phcs_follow(&p, 2);
	assert_int_equal(wait_ns(&p, now), 4 * S);
	daemon_phcs_follow(&p, 10);
	assert_int_equal(wait_ns(&p, now), 16 * S);
	daemon_phcs_follow(&p, -6);
	assert_int_equal(wait_ns(&p, now), S / 2);
	assert_true(llabs(error_ns(&p, 3, 0, true)) < NEAR);
	/* A doubt is settled soon. */
	daemon_phcs_follow(&p, 4);
	ahead_ns[0] += 5 * S;
	read_often(&p, 1);
	assert_int_equal(p.at[0].interval.ns, S / 2);
	finish(&p);
	/* A server. */
	add(&p, &m);
	p.follows = false;
	read_often(&p, 4);
	assert_int_equal(p.at[0].interval.ns, S / 2);
	finish(&p);
}

static void
busier(void *arg)
{
	daemon_phcs_follow(arg, -6);
}

static void
too_late(void *arg)
{
	(void)arg;
	net_loop_stop(loop);
}

/* The next reading is a quarter of an hour away, until some source is asked
 * more often. */
static void
wakes_up_sooner(void **state)
{
	struct ipc_hardware m = interface(3);
	struct phcs p = {.cnt = 0};
	struct net_timer change = {0}, end = {0};

	(void)state;
	loop = net_loop_new(0);
	assert_non_null(loop);
	m.minpoll_log2s = -6;
	m.maxpoll_log2s = 10;
	add(&p, &m);
	daemon_phcs_follow(&p, 10);
	read_often(&p, 4);
	assert_int_equal(net_timer_init(&change, loop, busier, &p), 0);
	assert_int_equal(net_timer_init(&end, loop, too_late, NULL), 0);
	assert_int_equal(daemon_phcs_run(&p, loop), 0);
	stop_at = read_cnt + 2;
	net_timer_arm(&change, (struct dur){S / 100});
	net_timer_arm(&end, (struct dur){20 * S});
	assert_int_equal(net_loop_run(loop), 0);
	assert_int_equal(read_cnt, stop_at);
	net_timer_fini(&change);
	net_timer_fini(&end);
	finish(&p);
	net_loop_free(loop);
}

/* The last descriptors are the clocks'; what there is no room for is left. */
static void
descriptors(void **state)
{
	struct ipc_hardware m = interface(3);
	int fds[6];
	struct daemon_boot boot = {.fds = fds, .fd_cnt = 6};
	struct phcs p = {.cnt = 0};

	(void)state;
	for (int i = 0; i < 6; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	assert_int_equal(daemon_phcs_take(&p, &boot), 6);
	daemon_phcs_add(&p, &m);
	daemon_phcs_add(&p, &m);
	assert_int_equal(daemon_phcs_take(&p, &boot), 4);
	assert_int_equal(p.at[0].dev.fd, fds[4]);
	assert_int_equal(p.at[1].dev.fd, fds[5]);
	daemon_phcs_fini(&p);
	assert_int_equal(fcntl(fds[5], F_GETFD), -1);
	assert_true(fcntl(fds[3], F_GETFD) >= 0);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	for (int i = 0; i < 2 * PHCS_MAX; i++)
		daemon_phcs_add(&p, &m);
	assert_int_equal(p.cnt, PHCS_MAX);
	daemon_phcs_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(two_interfaces, setup),
	    cmocka_unit_test_setup(link_speed, setup),
	    cmocka_unit_test_setup(stepped_and_failing, setup),
	    cmocka_unit_test_setup(each_in_its_time, setup),
	    cmocka_unit_test_setup(follows_the_poll, setup),
	    cmocka_unit_test_setup(wakes_up_sooner, setup),
	    cmocka_unit_test_setup(descriptors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
