/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl for hardware stamps: ETHTOOL_GET_TS_INFO and SIOCSHWTSTAMP of an
 * interface, PTP_SYS_OFFSET_PRECISE, _EXTENDED and the old PTP_SYS_OFFSET of
 * its clock.
 */
#include "os/phc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_S    1000000000LL
#define SEC_MAX     (1LL << 33) /* no clock that tells a time is beyond */
#define SPEED_NEVER 0xffffffffU

_Static_assert(OS_PHC_NAME_MAX == IF_NAMESIZE, "names of interfaces");
_Static_assert(OS_PHC_READINGS <= PTP_MAX_SAMPLES, "readings in one go");

int
os_phc_ioctl_real(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

size_t
os_phc_names(char (*names)[OS_PHC_NAME_MAX], size_t max)
{
	struct if_nameindex *all = if_nameindex();
	size_t cnt = 0;

	for (size_t i = 0; all && all[i].if_name && cnt < max; i++)
		snprintf(names[cnt++], OS_PHC_NAME_MAX, "%s", all[i].if_name);
	if (all)
		if_freenameindex(all);
	return cnt;
}

static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? ERR_SYSTEM : fd;
}

static void
name_it(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof *r);
	snprintf(r->ifr_name, sizeof r->ifr_name, "%s", name);
}

/* An ethtool command on an interface. */
static int
ask(os_phc_ioctl *call, int fd, const char *name, void *data)
{
	struct ifreq r;

	name_it(&r, name);
	r.ifr_data = data;
	return call(fd, SIOCETHTOOL, &r);
}

static void
ask_stamps(os_phc_ioctl *call, int fd, struct os_phc_facts *f)
{
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
	uint32_t needs = SOF_TIMESTAMPING_RAW_HARDWARE |
	    SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE;

	info.phc_index = -1;
	if (ask(call, fd, f->name, &info) < 0)
		return;
	f->phc_idx = info.phc_index < 0 ? -1 : info.phc_index;
	f->rx_filters = info.rx_filters;
	f->stamps = f->phc_idx >= 0 &&
	    (info.so_timestamping & needs) == needs &&
	    info.tx_types & 1U << HWTSTAMP_TX_ON;
}

static void
ask_speed(os_phc_ioctl *call, int fd, struct os_phc_facts *f)
{
	struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
	uint32_t speed;

	if (ask(call, fd, f->name, &cmd) < 0)
		return;
	speed = ethtool_cmd_speed(&cmd);
	/* Drivers say unknown in 16 or in 32 bits. */
	if (speed != SPEED_NEVER && speed != (uint16_t)SPEED_NEVER)
		f->speed_mbps = speed;
}

int
os_phc_inspect(os_phc_ioctl *call, const char *name, struct os_phc_facts *f)
{
	struct ifreq r;
	int fd, err = 0;

	memset(f, 0, sizeof *f);
	f->phc_idx = -1;
	if (strlen(name) >= sizeof f->name)
		return ERR_ABSENT;
	fd = open_socket();
	if (fd < 0)
		return fd;
	snprintf(f->name, sizeof f->name, "%s", name);
	name_it(&r, name);
	if (call(fd, SIOCGIFINDEX, &r) < 0) {
		err = errno == ENODEV ? ERR_ABSENT : ERR_SYSTEM;
	} else {
		f->if_idx = (uint32_t)r.ifr_ifindex;
		ask_stamps(call, fd, f);
		if (f->stamps)
			ask_speed(call, fd, f);
	}
	close(fd);
	return err;
}

static int
choose(uint32_t can, enum os_phc_filter filter)
{
	static const struct {
		enum os_phc_filter wanted;
		uint8_t is;
	} ways[] = {
	    {OS_PHC_FILTER_NTP, HWTSTAMP_FILTER_NTP_ALL},
	    {OS_PHC_FILTER_ALL, HWTSTAMP_FILTER_ALL},
	    {OS_PHC_FILTER_PTP, HWTSTAMP_FILTER_PTP_V2_L4_EVENT},
	    {OS_PHC_FILTER_PTP, HWTSTAMP_FILTER_PTP_V2_EVENT},
	};

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (can & 1U << ways[i].is &&
		    (filter == ways[i].wanted ||
			(filter == OS_PHC_FILTER_ANY &&
			    ways[i].wanted != OS_PHC_FILTER_PTP)))
			return ways[i].is;
	return HWTSTAMP_FILTER_NONE;
}

static int
set(os_phc_ioctl *call, int fd, struct ifreq *r, struct hwtstamp_config *c)
{
	struct hwtstamp_config now = {0};
	int tx = c->tx_type;
	int rx = c->rx_filter;
	int err;

	r->ifr_data = (void *)c;
	if (call(fd, SIOCSHWTSTAMP, r) == 0)
		return 0;
	err = errno;
	/* Perhaps another program has set the same. */
	r->ifr_data = (void *)&now;
	if (call(fd, SIOCGHWTSTAMP, r) == 0 && now.tx_type == tx &&
	    (now.rx_filter == rx || now.rx_filter == HWTSTAMP_FILTER_ALL)) {
		*c = now;
		return 0;
	}
	if (err == EPERM || err == EACCES)
		return ERR_DENIED;
	return err == EOPNOTSUPP || err == ERANGE || err == EINVAL ? ERR_ABSENT
								   : ERR_SYSTEM;
}

int
os_phc_enable(os_phc_ioctl *call, const struct os_phc_facts *f,
    enum os_phc_filter filter, bool *rx)
{
	struct hwtstamp_config c = {
	    .tx_type = HWTSTAMP_TX_ON,
	    .rx_filter = choose(f->rx_filters, filter),
	};
	struct ifreq r;
	int fd, err;

	*rx = false;
	if (!f->stamps)
		return ERR_ABSENT;
	fd = open_socket();
	if (fd < 0)
		return fd;
	name_it(&r, f->name);
	err = set(call, fd, &r, &c);
	/* A driver may stamp more than it was asked to. */
	*rx = err == 0 && c.rx_filter != HWTSTAMP_FILTER_NONE;
	close(fd);
	return err;
}

int
os_phc_open(int32_t phc_idx)
{
	char path[32];
	int fd;

	if (phc_idx < 0)
		return ERR_ABSENT;
	snprintf(path, sizeof path, "/dev/ptp%d", (int)phc_idx);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return ERR_DENIED;
	return errno == ENOENT || errno == ENODEV || errno == ENXIO
	    ? ERR_ABSENT
	    : ERR_SYSTEM;
}

/* -1: no time. */
static int64_t
ns_of(const struct ptp_clock_time *t)
{
	if (t->sec < 0 || t->sec > SEC_MAX || t->nsec >= NS_PER_S)
		return -1;
	return t->sec * NS_PER_S + t->nsec;
}

static bool
reading_of(const struct ptp_clock_time *before,
    const struct ptp_clock_time *phc, const struct ptp_clock_time *after,
    struct os_phc_reading *r)
{
	r->before_ns = ns_of(before);
	r->phc_ns = ns_of(phc);
	r->after_ns = ns_of(after);
	return r->before_ns >= 0 && r->phc_ns >= 0 && r->after_ns >= 0;
}

/* What will be the same the next time. */
static bool
is_refusal(void)
{
	return errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL ||
	    errno == ENOSYS;
}

static size_t
read_cross(struct os_phc *p, struct os_phc_reading *r)
{
	struct ptp_sys_offset_precise v;

	memset(&v, 0, sizeof v);
	if (p->call(p->fd, PTP_SYS_OFFSET_PRECISE, &v) < 0) {
		p->no_cross = is_refusal();
		return 0;
	}
	return reading_of(&v.sys_realtime, &v.device, &v.sys_realtime, r);
}

static size_t
read_extended(struct os_phc *p, struct os_phc_reading *r)
{
	struct ptp_sys_offset_extended v;
	size_t cnt = 0;

	memset(&v, 0, sizeof v);
	v.n_samples = OS_PHC_READINGS;
	if (p->call(p->fd, PTP_SYS_OFFSET_EXTENDED, &v) < 0) {
		p->no_extended = is_refusal();
		return 0;
	}
	for (size_t i = 0; i < OS_PHC_READINGS; i++)
		cnt +=
		    reading_of(&v.ts[i][0], &v.ts[i][1], &v.ts[i][2], &r[cnt]);
	return cnt;
}

static size_t
read_plain(struct os_phc *p, struct os_phc_reading *r)
{
	struct ptp_sys_offset v;
	size_t cnt = 0;

	memset(&v, 0, sizeof v);
	v.n_samples = OS_PHC_READINGS;
	if (p->call(p->fd, PTP_SYS_OFFSET, &v) < 0)
		return 0;
	for (size_t i = 0; i < OS_PHC_READINGS; i++)
		cnt += reading_of(
		    &v.ts[2 * i], &v.ts[2 * i + 1], &v.ts[2 * i + 2], &r[cnt]);
	return cnt;
}

size_t
os_phc_read(struct os_phc *p, struct os_phc_reading r[OS_PHC_READINGS])
{
	size_t cnt = 0;

	if (!p->no_cross)
		cnt = read_cross(p, r);
	if (cnt == 0 && !p->no_extended)
		cnt = read_extended(p, r);
	return cnt > 0 ? cnt : read_plain(p, r);
}
