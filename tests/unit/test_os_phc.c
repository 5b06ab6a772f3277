/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware stamps by ioctl, against a made-up interface and its clock: what
 * is asked, in which order, and what is made of answers and refusals.  The
 * loopback interface stands for those that can do nothing.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "os/phc.h"

#define HARDWARE                                                               \
	(SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE |        \
	    SOF_TIMESTAMPING_RX_HARDWARE)

/* errno for a request, 0: it works */
static struct {
	uint32_t so_timestamping;
	int phc_idx;
	uint32_t tx_types;
	uint32_t rx_filters;
	uint32_t speed;
	int set_errno;
	int widened; /* rx filter that the driver sets instead, -1 none */
	struct hwtstamp_config have;
	int cross_errno;
	int extended_errno;
	int plain_errno;
	unsigned calls[4]; /* cross, extended, plain, set */
} card;

static int
fails(int with)
{
	errno = with;
	return with ? -1 : 0;
}

static int
ethtool(struct ifreq *r)
{
	struct ethtool_ts_info info;
	struct ethtool_cmd cmd;
	uint32_t which;

	memcpy(&which, r->ifr_data, sizeof which);
	if (which == ETHTOOL_GET_TS_INFO) {
		memcpy(&info, r->ifr_data, sizeof info);
		info.so_timestamping = card.so_timestamping;
		info.phc_index = card.phc_idx;
		info.tx_types = card.tx_types;
		info.rx_filters = card.rx_filters;
		memcpy(r->ifr_data, &info, sizeof info);
		return 0;
	}
	if (which != ETHTOOL_GSET)
		return fails(EOPNOTSUPP);
	memcpy(&cmd, r->ifr_data, sizeof cmd);
	ethtool_cmd_speed_set(&cmd, card.speed);
	memcpy(r->ifr_data, &cmd, sizeof cmd);
	return 0;
}

static int
interface(unsigned long request, struct ifreq *r)
{
	struct hwtstamp_config c;

	if (strcmp(r->ifr_name, "card0") != 0)
		return fails(ENODEV);
	if (request == SIOCGIFINDEX) {
		r->ifr_ifindex = 7;
		return 0;
	}
	if (request == SIOCETHTOOL)
		return ethtool(r);
	if (request == SIOCGHWTSTAMP) {
		memcpy(r->ifr_data, &card.have, sizeof card.have);
		return 0;
	}
	card.calls[3]++;
	if (card.set_errno)
		return fails(card.set_errno);
	memcpy(&c, r->ifr_data, sizeof c);
	assert_int_equal(c.flags, 0);
	if (card.widened >= 0)
		c.rx_filter = card.widened;
	card.have = c;
	memcpy(r->ifr_data, &c, sizeof c);
	return 0;
}

static struct ptp_clock_time
at(int64_t sec, uint32_t nsec)
{
	return (struct ptp_clock_time){.sec = sec, .nsec = nsec};
}

static int
cross(struct ptp_sys_offset_precise *v)
{
	card.calls[0]++;
	if (card.cross_errno)
		return fails(card.cross_errno);
	v->device = at(37, 1);
	v->sys_realtime = at(1, 2);
	v->sys_monoraw = at(0, 3);
	return 0;
}

static int
extended(struct ptp_sys_offset_extended *v)
{
	card.calls[1]++;
	if (card.extended_errno)
		return fails(card.extended_errno);
	for (unsigned i = 0; i < v->n_samples; i++) {
		v->ts[i][0] = at(i, 100);
		v->ts[i][1] = at(37 + i, 150);
		v->ts[i][2] = at(i, 200);
	}
	v->ts[2][1] = at(5, 1000000000); /* none of these is a time */
	v->ts[4][0] = at(-1, 0);
	v->ts[5][2] = at(INT64_MAX, 0);
	return 0;
}

static int
plain(struct ptp_sys_offset *v)
{
	card.calls[2]++;
	if (card.plain_errno)
		return fails(card.plain_errno);
	for (unsigned i = 0; i < 2 * v->n_samples + 1; i++)
		v->ts[i] = at(i % 2 ? 37 : 1, i);
	return 0;
}

static int
fake(int fd, unsigned long request, void *arg)
{
	assert_true(fd >= 0);
	switch (request) {
	case PTP_SYS_OFFSET_PRECISE:
		return cross(arg);
	case PTP_SYS_OFFSET_EXTENDED:
		return extended(arg);
	case PTP_SYS_OFFSET:
		return plain(arg);
	default:
		return interface(request, arg);
	}
}

static int
setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof card);
	card.so_timestamping = HARDWARE | SOF_TIMESTAMPING_SOFTWARE;
	card.phc_idx = 3;
	card.tx_types = 1U << HWTSTAMP_TX_OFF | 1U << HWTSTAMP_TX_ON;
	card.rx_filters = 1U << HWTSTAMP_FILTER_NONE |
	    1U << HWTSTAMP_FILTER_ALL | 1U << HWTSTAMP_FILTER_NTP_ALL |
	    1U << HWTSTAMP_FILTER_PTP_V2_EVENT;
	card.speed = 100000;
	card.widened = -1;
	return 0;
}

static void
inspect(void **state)
{
	struct os_phc_facts f;

	(void)state;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_string_equal(f.name, "card0");
	assert_int_equal(f.if_idx, 7);
	assert_int_equal(f.phc_idx, 3);
	assert_true(f.stamps);
	assert_int_equal(f.rx_filters, card.rx_filters);
	assert_int_equal(f.speed_mbps, 100000);
	assert_int_equal(os_phc_inspect(fake, "card1", &f), ERR_ABSENT);
	assert_int_equal(
	    os_phc_inspect(fake, "a-name-beyond-all-limits", &f), ERR_ABSENT);
	card.speed = UINT32_MAX;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_int_equal(f.speed_mbps, 0);
	card.speed = UINT16_MAX;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_int_equal(f.speed_mbps, 0);
}

/* Stamps of one direction alone, or of no clock, are of no use. */
static void
half_able(void **state)
{
	struct os_phc_facts f;
	bool rx;

	(void)state;
	card.tx_types = 1U << HWTSTAMP_TX_OFF;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_false(f.stamps);
	setup(NULL);
	card.so_timestamping &= ~(uint32_t)SOF_TIMESTAMPING_TX_HARDWARE;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_false(f.stamps);
	setup(NULL);
	card.phc_idx = -1;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_false(f.stamps);
	assert_int_equal(
	    os_phc_enable(fake, &f, OS_PHC_FILTER_ANY, &rx), ERR_ABSENT);
	assert_false(rx);
	assert_int_equal(card.calls[3], 0);
}

static void
enable(void **state)
{
	static const struct {
		uint32_t can;
		enum os_phc_filter filter;
		int is;
	} rows[] = {
	    {1U << HWTSTAMP_FILTER_ALL | 1U << HWTSTAMP_FILTER_NTP_ALL,
		OS_PHC_FILTER_ANY, HWTSTAMP_FILTER_NTP_ALL},
	    {1U << HWTSTAMP_FILTER_ALL, OS_PHC_FILTER_ANY, HWTSTAMP_FILTER_ALL},
	    {1U << HWTSTAMP_FILTER_PTP_V2_EVENT, OS_PHC_FILTER_ANY,
		HWTSTAMP_FILTER_NONE},
	    {1U << HWTSTAMP_FILTER_ALL | 1U << HWTSTAMP_FILTER_NTP_ALL,
		OS_PHC_FILTER_ALL, HWTSTAMP_FILTER_ALL},
	    {1U << HWTSTAMP_FILTER_ALL, OS_PHC_FILTER_NTP,
		HWTSTAMP_FILTER_NONE},
	    {1U << HWTSTAMP_FILTER_PTP_V2_EVENT, OS_PHC_FILTER_PTP,
		HWTSTAMP_FILTER_PTP_V2_EVENT},
	    {1U << HWTSTAMP_FILTER_PTP_V2_EVENT |
		    1U << HWTSTAMP_FILTER_PTP_V2_L4_EVENT,
		OS_PHC_FILTER_PTP, HWTSTAMP_FILTER_PTP_V2_L4_EVENT},
	    {UINT32_MAX, OS_PHC_FILTER_NONE, HWTSTAMP_FILTER_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct os_phc_facts f;
		bool rx;

		card.rx_filters = rows[i].can;
		assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
		assert_int_equal(
		    os_phc_enable(fake, &f, rows[i].filter, &rx), 0);
		assert_int_equal(card.have.tx_type, HWTSTAMP_TX_ON);
		assert_int_equal(card.have.rx_filter, rows[i].is);
		assert_int_equal(rx, rows[i].is != HWTSTAMP_FILTER_NONE);
	}
}

static void
enable_refused(void **state)
{
	struct os_phc_facts f;
	bool rx = true;

	(void)state;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	card.set_errno = EPERM;
	assert_int_equal(
	    os_phc_enable(fake, &f, OS_PHC_FILTER_ANY, &rx), ERR_DENIED);
	assert_false(rx);
	card.set_errno = EOPNOTSUPP;
	assert_int_equal(
	    os_phc_enable(fake, &f, OS_PHC_FILTER_ANY, &rx), ERR_ABSENT);
	/* Somebody with the privilege has done it, and more. */
	card.set_errno = EPERM;
	card.have.tx_type = HWTSTAMP_TX_ON;
	card.have.rx_filter = HWTSTAMP_FILTER_ALL;
	assert_int_equal(os_phc_enable(fake, &f, OS_PHC_FILTER_ANY, &rx), 0);
	assert_true(rx);
	setup(NULL);
	card.rx_filters = 0;
	card.widened = HWTSTAMP_FILTER_ALL;
	assert_int_equal(os_phc_inspect(fake, "card0", &f), 0);
	assert_int_equal(os_phc_enable(fake, &f, OS_PHC_FILTER_ANY, &rx), 0);
	assert_true(rx);
}

static void
read_best_way(void **state)
{
	struct os_phc p = {.fd = 1, .call = fake};
	struct os_phc_reading r[OS_PHC_READINGS];

	(void)state;
	assert_int_equal(os_phc_read(&p, r), 1);
	assert_int_equal(r[0].phc_ns, 37000000001);
	assert_int_equal(r[0].before_ns, 1000000002);
	assert_int_equal(r[0].after_ns, 1000000002);
	/* Configured away, or refused once: not asked again. */
	card.cross_errno = EOPNOTSUPP;
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS - 3);
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS - 3);
	assert_int_equal(card.calls[0], 2);
	assert_int_equal(r[0].before_ns, 100);
	assert_int_equal(r[0].phc_ns, 37000000150);
	assert_int_equal(r[0].after_ns, 200);
	assert_int_equal(r[2].before_ns, 3000000100);
	card.extended_errno = ENOTTY;
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS);
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS);
	assert_int_equal(card.calls[1], 3);
	assert_int_equal(r[1].before_ns, 1000000002);
	assert_int_equal(r[1].phc_ns, 37000000003);
	assert_int_equal(r[1].after_ns, 1000000004);
	card.plain_errno = EIO;
	assert_int_equal(os_phc_read(&p, r), 0);
}

/* Busy for once: the next time it is asked again. */
static void
read_busy(void **state)
{
	struct os_phc p = {.fd = 1, .call = fake};
	struct os_phc_reading r[OS_PHC_READINGS];

	(void)state;
	card.cross_errno = EBUSY;
	card.extended_errno = EBUSY;
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS);
	card.cross_errno = 0;
	assert_int_equal(os_phc_read(&p, r), 1);
	p.no_cross = true;
	card.extended_errno = 0;
	assert_int_equal(os_phc_read(&p, r), OS_PHC_READINGS - 3);
}

/* The system's own calls, on an interface without such a clock. */
static void
loopback(void **state)
{
	char names[64][OS_PHC_NAME_MAX];
	size_t cnt = os_phc_names(names, 64), found = 0;
	struct os_phc p = {.fd = 0, .call = os_phc_ioctl_real};
	struct os_phc_reading r[OS_PHC_READINGS];
	struct os_phc_facts f;
	bool rx;

	(void)state;
	for (size_t i = 0; i < cnt; i++)
		found += strcmp(names[i], "lo") == 0;
	if (found == 0)
		skip();
	assert_int_equal(os_phc_names(names, 0), 0);
	assert_int_equal(os_phc_inspect(os_phc_ioctl_real, "lo", &f), 0);
	assert_int_equal(f.if_idx, if_nametoindex("lo"));
	assert_int_equal(f.phc_idx, -1);
	assert_false(f.stamps);
	assert_int_equal(
	    os_phc_enable(os_phc_ioctl_real, &f, OS_PHC_FILTER_ANY, &rx),
	    ERR_ABSENT);
	assert_int_equal(
	    os_phc_inspect(os_phc_ioctl_real, "nosuchcard", &f), ERR_ABSENT);
	assert_int_equal(os_phc_open(-1), ERR_ABSENT);
	assert_int_equal(os_phc_open(99999), ERR_ABSENT);
	assert_int_equal(os_phc_read(&p, r), 0); /* no clock at all */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(inspect, setup),
	    cmocka_unit_test_setup(half_able, setup),
	    cmocka_unit_test_setup(enable, setup),
	    cmocka_unit_test_setup(enable_refused, setup),
	    cmocka_unit_test_setup(read_best_way, setup),
	    cmocka_unit_test_setup(read_busy, setup),
	    cmocka_unit_test(loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
