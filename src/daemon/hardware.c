/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that stamp packets in hardware (hwtimestamp): super switches
 * them on and opens their clocks, at the start and at each reload; the roles
 * that stamp packets inherit the descriptors.
 */
#include "daemon/hardware.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/udp.h"
#include "os/log.h"

#define NAMES_MAX 256

static const uint8_t filters[] = {
    [CONF_RXFILTER_AUTO] = OS_PHC_FILTER_ANY,
    [CONF_RXFILTER_NONE] = OS_PHC_FILTER_NONE,
    [CONF_RXFILTER_NTP] = OS_PHC_FILTER_NTP,
    [CONF_RXFILTER_PTP] = OS_PHC_FILTER_PTP,
    [CONF_RXFILTER_ALL] = OS_PHC_FILTER_ALL,
};

static const struct hardware_ways system_ways = {
    .call = os_phc_ioctl_real,
    .open = os_phc_open,
    .names = os_phc_names,
};

/* One look at all of them. */
struct look {
	const struct hardware_ways *ways;
	const struct conf *conf;
	const struct hardware *was;
	struct hardware *now;
};

static const struct hardware_one *
find(const struct hardware *h, const char *name)
{
	for (size_t i = 0; i < h->cnt; i++)
		if (strcmp(h->at[i].facts.name, name) == 0)
			return &h->at[i];
	return NULL;
}

static bool
is_named(const struct conf *c, const char *name)
{
	for (uint32_t i = 0; i < c->hardware_cnt; i++)
		if (strcmp(c->hardware[i].interface, name) == 0)
			return true;
	return false;
}

/* Return: the descriptor of its clock, or an error said in the log. */
static int
switch_on(const struct hardware_ways *ways, const struct os_phc_facts *f,
    const struct conf_hardware *h)
{
	bool rx = false;
	int err = os_phc_enable(
	    ways->call, f, (enum os_phc_filter)filters[h->rxfilter], &rx);
	int fd;

	if (err < 0) {
		os_log_warn("hardware stamps cannot be switched on: %s "
			    "interface=%s reason=\"%s\"",
		    err == ERR_DENIED ? "CAP_NET_ADMIN is missing"
				      : "the interface refuses",
		    f->name, strerror(errno));
		return err;
	}
	fd = ways->open(f->phc_idx);
	if (fd < 0) {
		os_log_warn("clock of the interface cannot be opened "
			    "interface=%s path=/dev/ptp%d reason=\"%s\"",
		    f->name, (int)f->phc_idx, strerror(errno));
		return fd;
	}
	os_log_info("hardware stamps interface=%s clock=/dev/ptp%d "
		    "received=%s link_mbps=%u",
	    f->name, (int)f->phc_idx, rx ? "yes" : "no",
	    (unsigned)f->speed_mbps);
	return fd;
}

/* The descriptor that it has: the same interface with the same clock, and
 * switched on in the same way.  -1: it has none. */
static int
kept(const struct hardware *was, const struct os_phc_facts *f,
    const struct conf_hardware *h)
{
	const struct hardware_one *o = find(was, f->name);

	return o && o->facts.if_idx == f->if_idx &&
		o->facts.phc_idx == f->phc_idx &&
		o->conf.rxfilter == h->rxfilter
	    ? o->fd
	    : -1;
}

/* @quiet: one of many, which need not be able to. */
static void
take(const struct look *l, const char *name, const struct conf_hardware *h,
    bool quiet)
{
	struct hardware *to = l->now;
	struct os_phc_facts f;
	int err = os_phc_inspect(l->ways->call, name, &f);
	int fd;

	if (err < 0 && !quiet)
		os_log_warn("no such interface: its hwtimestamp does nothing "
			    "interface=%s next=\"%s\"",
		    name, to->next);
	if (err == 0 && !f.stamps && !quiet)
		os_log_info("no hardware stamps here, the kernel's are used "
			    "interface=%s next=\"%s\"",
		    name, to->next);
	if (err < 0 || !f.stamps)
		return;
	if (to->cnt == HARDWARE_MAX) {
		os_log_warn("hardware stamps left out: more than %d "
			    "interfaces interface=%s",
		    HARDWARE_MAX, name);
		return;
	}
	fd = kept(l->was, &f, h);
	if (fd < 0)
		fd = switch_on(l->ways, &f, h);
	if (fd >= 0)
		to->at[to->cnt++] = (struct hardware_one){f, *h, fd};
}

/* Every interface that has no line of its own. */
static void
take_all(const struct look *l, const struct conf_hardware *h)
{
	char names[NAMES_MAX][OS_PHC_NAME_MAX];
	size_t before = l->now->cnt;
	size_t cnt = l->ways->names(names, NAMES_MAX);

	for (size_t i = 0; i < cnt; i++)
		if (!is_named(l->conf, names[i]) && !find(l->now, names[i]))
			take(l, names[i], h, true);
	if (l->now->cnt == before)
		os_log_info("no hardware stamps here, the kernel's are used "
			    "interface=* next=\"%s\"",
		    l->now->next);
}

static int8_t
maxpoll(const struct conf_hardware *c)
{
	if (c->maxpoll == CONF_HARDWARE_MAXPOLL)
		return (int8_t)(c->minpoll + 1);
	return c->maxpoll > c->minpoll ? c->maxpoll : c->minpoll;
}

static void
describe(const struct hardware_one *h, struct ipc_hardware *m)
{
	_Static_assert(sizeof m->interface == sizeof h->facts.name, "fits");
	memset(m, 0, sizeof *m);
	memcpy(m->interface, h->facts.name, strlen(h->facts.name));
	m->if_idx = h->facts.if_idx;
	m->speed_mbps = h->facts.speed_mbps;
	m->minpoll_log2s = h->conf.minpoll;
	m->maxpoll_log2s = maxpoll(&h->conf);
	m->nocrossts = h->conf.nocrossts;
	m->minsamples = (uint16_t)h->conf.minsamples;
	m->maxsamples = (uint16_t)h->conf.maxsamples;
	m->precision_s = h->conf.precision_s;
	m->txcomp_s = h->conf.txcomp_s;
	m->rxcomp_s = h->conf.rxcomp_s;
}

/* To those who use it. */
static bool
same(const struct hardware_one *a, const struct hardware_one *b)
{
	struct ipc_hardware x, y;

	describe(a, &x);
	describe(b, &y);
	return a->fd == b->fd && memcmp(&x, &y, sizeof x) == 0;
}

static bool
holds(const struct hardware *h, int fd)
{
	for (size_t i = 0; i < h->cnt; i++)
		if (h->at[i].fd == fd)
			return true;
	return false;
}

bool
daemon_hardware_look(struct hardware *h, const struct conf *c)
{
	struct hardware was = *h;
	struct look l = {h->ways ? h->ways : &system_ways, c, &was, h};
	bool changed = false;

	h->cnt = 0;
	for (uint32_t i = 0; i < c->hardware_cnt; i++) {
		const struct conf_hardware *line = &c->hardware[i];

		if (strcmp(line->interface, "*") == 0)
			take_all(&l, line);
		else
			take(&l, line->interface, line, false);
	}
	for (size_t i = 0; i < was.cnt; i++) {
		changed =
		    changed || i >= h->cnt || !same(&was.at[i], &h->at[i]);
		if (holds(h, was.at[i].fd))
			continue;
		if (!find(h, was.at[i].facts.name))
			os_log_info("no hardware stamps any more interface=%s",
			    was.at[i].facts.name);
		close(was.at[i].fd);
	}
	return changed || h->cnt > was.cnt;
}

void
daemon_hardware_close(struct hardware *h)
{
	for (size_t i = 0; i < h->cnt; i++)
		close(h->at[i].fd);
	h->cnt = 0;
}

bool
daemon_hardware_used(const struct hardware *h, enum role role)
{
	return h->cnt > 0 && (role == ROLE_SYNC || role == ROLE_SERVE);
}

void
daemon_hardware_give(const struct hardware *h,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg)
{
	struct ipc_hardware m;

	for (size_t i = 0; i < h->cnt; i++) {
		describe(&h->at[i], &m);
		give(arg, IPC_HARDWARE, &m);
	}
}

void
daemon_hardware_sockets(const struct hardware *h, const int *fds, size_t cnt)
{
	for (size_t i = 0; h->cnt > 0 && i < cnt; i++)
		if (net_udp_hardware(fds[i]) < 0)
			os_log_warn("the kernel gives a server no hardware "
				    "stamps");
}

size_t
daemon_hardware_share(const struct hardware *h, enum role role, int *fds)
{
	size_t cnt = daemon_hardware_used(h, role) ? h->cnt : 0;

	for (size_t i = 0; i < cnt; i++)
		fds[i] = fcntl(h->at[i].fd, F_DUPFD_CLOEXEC, 3);
	return cnt;
}
