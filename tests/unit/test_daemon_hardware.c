/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that stamp in hardware, as super finds them with made-up ones
 * behind the ioctl: which are switched on, what stays open over another look,
 * and when roles have to know.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/hardware.h"

/* In this machine; idx 0: not there. */
static struct {
	const char *name;
	int idx;
	int phc;
	unsigned speed;
} cards[12];
static unsigned enable_cnt;
static int last_filter;
static int open_cnt; /* descriptors given out */
static struct conf conf;
static struct hardware hardware;

static int
card_of(const char *name)
{
	for (int i = 0; i < 12; i++)
		if (cards[i].idx && strcmp(cards[i].name, name) == 0)
			return i;
	return -1;
}

static int
tool(int i, void *data)
{
	struct ethtool_ts_info *info = data;
	struct ethtool_cmd *cmd = data;

	if (cmd->cmd == ETHTOOL_GSET) {
		ethtool_cmd_speed_set(cmd, cards[i].speed);
		return 0;
	}
	info->phc_index = cards[i].phc;
	if (cards[i].phc < 0)
		return 0;
	info->so_timestamping = SOF_TIMESTAMPING_RAW_HARDWARE |
	    SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE;
	info->tx_types = 1U << HWTSTAMP_TX_ON;
	info->rx_filters =
	    1U << HWTSTAMP_FILTER_ALL | 1U << HWTSTAMP_FILTER_NTP_ALL;
	return 0;
}

static int
call(int fd, unsigned long request, void *arg)
{
	struct ifreq *r = arg;
	int i = card_of(r->ifr_name);

	(void)fd;
	if (i < 0) {
		errno = ENODEV;
		return -1;
	}
	if (request == SIOCGIFINDEX) {
		r->ifr_ifindex = cards[i].idx;
		return 0;
	}
	if (request == SIOCETHTOOL)
		return tool(i, r->ifr_data);
	assert_int_equal(request, SIOCSHWTSTAMP);
	enable_cnt++;
	last_filter =
	    ((struct hwtstamp_config *)(void *)r->ifr_data)->rx_filter;
	return 0;
}

static int
open_clock(int32_t phc_idx)
{
	if (phc_idx == 9)
		return ERR_DENIED;
	open_cnt++;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static size_t
names(char (*to)[OS_PHC_NAME_MAX], size_t max)
{
	size_t cnt = 0;

	for (int i = 0; i < 12 && cnt < max; i++)
		if (cards[i].idx)
			snprintf(
			    to[cnt++], OS_PHC_NAME_MAX, "%s", cards[i].name);
	return cnt;
}

static const struct hardware_ways ways = {call, open_clock, names};

static void
line(const char *name)
{
	struct conf_hardware *h = &conf.hardware[conf.hardware_cnt++];

	memset(h, 0, sizeof *h);
	snprintf(h->interface, sizeof h->interface, "%s", name);
	h->maxpoll = CONF_HARDWARE_MAXPOLL;
	h->minsamples = 3;
	h->maxsamples = 16;
}

static void
card(int i, const char *name, int idx, int phc)
{
	cards[i].name = name;
	cards[i].idx = idx;
	cards[i].phc = phc;
	cards[i].speed = 1000;
}

static int
setup(void **state)
{
	(void)state;
	memset(cards, 0, sizeof cards);
	memset(&conf, 0, sizeof conf);
	enable_cnt = 0;
	open_cnt = 0;
	hardware = (struct hardware){.ways = &ways, .next = "a reload looks"};
	return 0;
}

static bool
look(void)
{
	return daemon_hardware_look(&hardware, &conf);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
one_that_comes_and_goes(void **state)
{
	int fd;

	(void)state;
	line("eth0");
	assert_false(look());
	card(0, "eth0", 3, -1);
	assert_false(look()); /* stamps nothing */
	assert_false(daemon_hardware_used(&hardware, ROLE_SYNC));
	card(0, "eth0", 3, 0);
	assert_true(look());
	assert_int_equal(hardware.cnt, 1);
	assert_true(daemon_hardware_used(&hardware, ROLE_SYNC));
	assert_true(daemon_hardware_used(&hardware, ROLE_SERVE));
	assert_false(daemon_hardware_used(&hardware, ROLE_KE));
	fd = hardware.at[0].fd;
	/* As it was: not touched. */
	assert_false(look());
	assert_int_equal(hardware.at[0].fd, fd);
	assert_int_equal(enable_cnt, 1);
	assert_int_equal(open_cnt, 1);
	/* Plugged in again: another interface, whatever its name. */
	card(0, "eth0", 4, 0);
	assert_true(look());
	assert_int_equal(enable_cnt, 2);
	assert_int_equal(hardware.at[0].facts.if_idx, 4);
	/* Its clock is another. */
	card(0, "eth0", 4, 1);
	assert_true(look());
	assert_int_equal(enable_cnt, 3);
	fd = hardware.at[0].fd;
	card(0, "eth0", 0, 0);
	assert_true(look());
	assert_int_equal(hardware.cnt, 0);
	assert_false(is_open(fd));
	assert_false(look());
}

/* What roles are given, and nothing else, is a reason to start them anew. */
static void
other_settings(void **state)
{
	int fd;

	(void)state;
	line("eth0");
	card(0, "eth0", 3, 0);
	assert_true(look());
	fd = hardware.at[0].fd;
	conf.hardware[0].txcomp_s = 1e-6;
	assert_true(look());
	assert_int_equal(hardware.at[0].fd, fd);
	conf.hardware[0].maxpoll = 1; /* as it is when not given */
	assert_false(look());
	conf.hardware[0].maxpoll = 4;
	assert_true(look());
	cards[0].speed = 10000;
	assert_true(look());
	assert_int_equal(enable_cnt, 1);
	assert_int_equal(last_filter, HWTSTAMP_FILTER_NTP_ALL);
	conf.hardware[0].rxfilter = CONF_RXFILTER_ALL;
	assert_true(look());
	assert_int_equal(enable_cnt, 2);
	assert_int_equal(last_filter, HWTSTAMP_FILTER_ALL);
	assert_false(is_open(fd) && hardware.at[0].fd != fd);
	conf.hardware_cnt = 0;
	assert_true(look());
	assert_int_equal(hardware.cnt, 0);
}

/* A clock that cannot be opened leaves its interface out, each time. */
static void
every_one(void **state)
{
	int fd;

	(void)state;
	line("*");
	assert_false(look());
	card(0, "lo", 1, -1);
	card(1, "eth0", 2, 0);
	card(2, "eth1", 3, 9);
	assert_true(look());
	assert_int_equal(hardware.cnt, 1);
	assert_false(look());
	fd = hardware.at[0].fd;
	line("eth2");
	card(3, "eth2", 4, 2);
	assert_true(look());
	assert_int_equal(hardware.cnt, 2);
	assert_string_equal(hardware.at[0].facts.name, "eth0");
	assert_int_equal(hardware.at[0].fd, fd);
	card(1, "eth0", 0, 0);
	assert_true(look());
	assert_string_equal(hardware.at[0].facts.name, "eth2");
	assert_false(is_open(fd));
	daemon_hardware_close(&hardware);
	assert_int_equal(hardware.cnt, 0);
}

static void
keep(void *arg, unsigned type, const void *msg)
{
	assert_int_equal(type, IPC_HARDWARE);
	memcpy(arg, msg, sizeof(struct ipc_hardware));
}

static void
what_roles_get(void **state)
{
	static const struct {
		int8_t min, max, told;
	} polls[] = {
	    {0, CONF_HARDWARE_MAXPOLL, 1},
	    {20, CONF_HARDWARE_MAXPOLL, 21},
	    {-6, CONF_HARDWARE_MAXPOLL, -5},
	    {-2, 3, 3},
	    {3, 3, 3},
	    {4, 2, 4},
	};
	struct ipc_hardware m;
	int fds[HARDWARE_MAX];

	(void)state;
	line("eth0");
	card(0, "eth0", 3, 0);
	for (size_t i = 0; i < sizeof polls / sizeof polls[0]; i++) {
		conf.hardware[0].minpoll = polls[i].min;
		conf.hardware[0].maxpoll = polls[i].max;
		assert_true(look());
		daemon_hardware_give(&hardware, keep, &m);
		assert_int_equal(m.minpoll_log2s, polls[i].min);
		assert_int_equal(m.maxpoll_log2s, polls[i].told);
	}
	assert_string_equal(m.interface, "eth0");
	assert_int_equal(m.speed_mbps, 1000);
	assert_int_equal(daemon_hardware_share(&hardware, ROLE_KE, fds), 0);
	assert_int_equal(daemon_hardware_share(&hardware, ROLE_SYNC, fds), 1);
	assert_true(is_open(fds[0]) && fds[0] != hardware.at[0].fd);
	close(fds[0]);
	daemon_hardware_close(&hardware);
}

static void
too_many(void **state)
{
	static const char *const all[] = {
	    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

	(void)state;
	line("*");
	for (int i = 0; i < 10; i++)
		card(i, all[i], i + 1, i == 9 ? 20 : i);
	assert_true(look());
	assert_int_equal(hardware.cnt, HARDWARE_MAX);
	assert_false(look());
	/* One goes, another takes its place. */
	card(0, "a", 0, 0);
	assert_true(look());
	assert_int_equal(hardware.cnt, HARDWARE_MAX);
	assert_string_equal(hardware.at[7].facts.name, "i");
	daemon_hardware_close(&hardware);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(one_that_comes_and_goes, setup),
	    cmocka_unit_test_setup(other_settings, setup),
	    cmocka_unit_test_setup(every_one, setup),
	    cmocka_unit_test_setup(what_roles_get, setup),
	    cmocka_unit_test_setup(too_many, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
