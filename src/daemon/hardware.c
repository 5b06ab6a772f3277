/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that stamp packets in hardware (hwtimestamp): super switches
 * them on and opens their clocks while it still may, once; the roles that
 * stamp packets inherit the descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/udp.h"
#include "super_priv.h"

#define NAMES_MAX 256

static const uint8_t filters[] = {
    [CONF_RXFILTER_AUTO] = OS_PHC_FILTER_ANY,
    [CONF_RXFILTER_NONE] = OS_PHC_FILTER_NONE,
    [CONF_RXFILTER_NTP] = OS_PHC_FILTER_NTP,
    [CONF_RXFILTER_PTP] = OS_PHC_FILTER_PTP,
    [CONF_RXFILTER_ALL] = OS_PHC_FILTER_ALL,
};

static bool
is_open(const struct super *s, const char *name)
{
	for (size_t i = 0; i < s->hardware_cnt; i++)
		if (strcmp(s->hardware[i].facts.name, name) == 0)
			return true;
	return false;
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
switch_on(const struct os_phc_facts *f, const struct conf_hardware *h)
{
	bool rx = false;
	int err = os_phc_enable(os_phc_ioctl_real, f,
	    (enum os_phc_filter)filters[h->rxfilter], &rx);
	int fd;

	if (err < 0) {
		os_log_warn("hardware stamps cannot be switched on: %s "
			    "interface=%s reason=\"%s\"",
		    err == ERR_DENIED ? "CAP_NET_ADMIN is missing"
				      : "the interface refuses",
		    f->name, strerror(errno));
		return err;
	}
	fd = os_phc_open(f->phc_idx);
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

/* @quiet: one of many, which need not be able to. */
static void
take(struct super *s, const char *name, const struct conf_hardware *h,
    bool quiet)
{
	struct super_hardware *to = &s->hardware[s->hardware_cnt];
	struct os_phc_facts f;
	int err = os_phc_inspect(os_phc_ioctl_real, name, &f);
	int fd;

	if (err < 0 && !quiet)
		os_log_warn("no such interface: its hwtimestamp does nothing "
			    "interface=%s",
		    name);
	if (err == 0 && !f.stamps && !quiet)
		os_log_info("no hardware stamps here, the kernel's are used "
			    "interface=%s",
		    name);
	if (err < 0 || !f.stamps)
		return;
	if (s->hardware_cnt == SUPER_HARDWARE_MAX) {
		os_log_warn("hardware stamps left out: more than %d "
			    "interfaces interface=%s",
		    SUPER_HARDWARE_MAX, name);
		return;
	}
	fd = switch_on(&f, h);
	if (fd < 0)
		return;
	*to = (struct super_hardware){.facts = f, .conf = *h, .fd = fd};
	s->hardware_cnt++;
}

/* Every interface that has no line of its own. */
static void
take_all(struct super *s, const struct conf_hardware *h)
{
	char names[NAMES_MAX][OS_PHC_NAME_MAX];
	size_t before = s->hardware_cnt;
	size_t cnt = os_phc_names(names, NAMES_MAX);

	for (size_t i = 0; i < cnt; i++)
		if (!is_named(&s->conf, names[i]) && !is_open(s, names[i]))
			take(s, names[i], h, true);
	if (s->hardware_cnt == before)
		os_log_info("no hardware stamps here, the kernel's are used "
			    "interface=*");
}

void
daemon_hardware_open(struct super *s)
{
	for (uint32_t i = 0; i < s->conf.hardware_cnt; i++) {
		const struct conf_hardware *h = &s->conf.hardware[i];

		if (strcmp(h->interface, "*") == 0)
			take_all(s, h);
		else
			take(s, h->interface, h, false);
	}
}

void
daemon_hardware_close(struct super *s)
{
	for (size_t i = 0; i < s->hardware_cnt; i++)
		close(s->hardware[i].fd);
	s->hardware_cnt = 0;
}

static int8_t
maxpoll(const struct conf_hardware *c)
{
	if (c->maxpoll == CONF_HARDWARE_MAXPOLL)
		return (int8_t)(c->minpoll + 1);
	return c->maxpoll > c->minpoll ? c->maxpoll : c->minpoll;
}

static void
describe(const struct super_hardware *h, struct ipc_hardware *m)
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

bool
daemon_hardware_used(const struct super *s, enum role role)
{
	return s->hardware_cnt > 0 && (role == ROLE_SYNC || role == ROLE_SERVE);
}

void
daemon_hardware_give(const struct super *s,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg)
{
	struct ipc_hardware m;

	for (size_t i = 0; i < s->hardware_cnt; i++) {
		describe(&s->hardware[i], &m);
		give(arg, IPC_HARDWARE, &m);
	}
}

/* Sockets of a server, before they are handed out: its cage does not let it
 * switch stamps on. */
void
daemon_hardware_sockets(const struct super *s, const struct super_sockets *set)
{
	for (size_t i = 0; s->hardware_cnt > 0 && i < set->cnt; i++)
		if (net_udp_hardware(set->fds[i]) < 0)
			os_log_warn("the kernel gives a server no hardware "
				    "stamps");
}

/* One that could not be shared leaves its place empty. */
size_t
daemon_hardware_share(const struct super *s, enum role role, int *fds)
{
	size_t cnt = daemon_hardware_used(s, role) ? s->hardware_cnt : 0;

	for (size_t i = 0; i < cnt; i++)
		fds[i] = fcntl(s->hardware[i].fd, F_DUPFD_CLOEXEC, 3);
	return cnt;
}
