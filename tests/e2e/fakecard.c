/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into the first process of a daemon: every interface called
 * card... stamps packets in hardware and has a clock, /dev/null, which can be
 * opened and not read.  Roles start with an empty environment, without this.
 */
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
is_card(const struct ifreq *r)
{
	return strncmp(r->ifr_name, "card", 4) == 0;
}

static int
tool(struct ethtool_ts_info *info)
{
	if (info->cmd != ETHTOOL_GET_TS_INFO)
		return -1;
	info->phc_index = 0;
	info->so_timestamping = SOF_TIMESTAMPING_RAW_HARDWARE |
	    SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE;
	info->tx_types = 1U << HWTSTAMP_TX_ON;
	info->rx_filters = 1U << HWTSTAMP_FILTER_ALL;
	return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == SIOCETHTOOL && is_card(arg))
		return tool((void *)((struct ifreq *)arg)->ifr_data);
	if (request == SIOCSHWTSTAMP && is_card(arg))
		return 0;
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static int
open_it(const char *path, int flags, int mode)
{
	if (strncmp(path, "/dev/ptp", 8) == 0)
		path = "/dev/null";
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return open_it(path, flags, mode);
}

int
__open_2(const char *path, int flags)
{
	return open_it(path, flags, 0);
}
