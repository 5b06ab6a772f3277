/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readings of the interfaces' clocks, and stamps made with them.  A stamp is
 * used within moments, so the system's clocks are read at its use: no slew or
 * step of them since the last reading matters.
 */
#include "daemon/phcs.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/log.h"

#define FRESH_NS 50000 /* a reading of the system's clocks */
#define FCS_LEN  4     /* of an Ethernet frame, behind what the kernel counts */

static struct discipline_phc_now
read_clocks(void)
{
	struct os_clock_reading r;

	os_clock_read(&r);
	return (struct discipline_phc_now){
	    .raw_ns = r.raw_ns,
	    .real = r.real,
	    .mono = r.mono,
	    .spread = r.spread,
	};
}

/* The interface that stamped; one alone need not be told. */
static struct phc *
find(struct phcs *p, uint32_t if_idx)
{
	if (if_idx == 0)
		return p->cnt == 1 ? &p->at[0] : NULL;
	for (size_t i = 0; i < p->cnt; i++)
		if (p->at[i].conf.if_idx == if_idx)
			return &p->at[i];
	return NULL;
}

/* What the interface is wrong by.  It stamps the first bit after the
 * preamble; NTP counts what comes in from the last bit, so that a packet
 * costs the same both ways over links of different speed. */
static double
correction_s(const struct phc *c, const struct net_stamp_raw *raw, bool rx)
{
	if (!rx)
		return c->conf.txcomp_s;
	if (c->conf.speed_mbps == 0 || raw->link_len == 0)
		return -c->conf.rxcomp_s;
	return (raw->link_len + FCS_LEN) * 8 / (c->conf.speed_mbps * 1e6) -
	    c->conf.rxcomp_s;
}

/* Read once for all packets of a batch. */
static const struct discipline_phc_now *
fresh_clocks(struct phcs *p)
{
	int64_t age_ns = os_clock_mono().ns - p->now.mono.ns;

	if (age_ns < 0 || age_ns > FRESH_NS)
		p->now = read_clocks();
	return &p->now;
}

int
daemon_phcs_map(void *ctx, const struct net_stamp_raw *raw, bool rx,
    struct wall *real, struct dur *error)
{
	struct phc *c = find(ctx, raw->if_idx);
	struct discipline_phc_stamp st;
	int err;

	if (!c)
		return ERR_ABSENT;
	err = discipline_phc_map(&c->line, raw->phc_ns, fresh_clocks(ctx), &st);
	if (err < 0)
		return err;
	*real = tstamp_wall_add(
	    st.real, tstamp_dur_from_s(correction_s(c, raw, rx)));
	*error = tstamp_dur_from_s(st.error_s);
	return 0;
}

static struct dur
interval(const struct phcs *p, const struct phc *c)
{
	int poll = c->conf.minpoll_log2s;

	if (p->follows && discipline_phc_ready(&c->line)) {
		if (p->poll_log2s > poll)
			poll = p->poll_log2s;
		if (c->conf.maxpoll_log2s < poll)
			poll = c->conf.maxpoll_log2s;
	}
	return tstamp_dur_from_s(ldexp(1, poll));
}

static void
tell(struct phc *c, unsigned news)
{
	if (news == DISCIPLINE_PHC_STEPPED) {
		os_log_info("clock of the interface was stepped interface=%s",
		    c->conf.interface);
		c->ready_told = false;
	} else if (news == DISCIPLINE_PHC_DOUBT) {
		os_log_debug("reading doubted interface=%s", c->conf.interface);
	} else if (!c->ready_told && discipline_phc_ready(&c->line)) {
		os_log_info("hardware stamps are in use interface=%s "
			    "width_ns=%.0f",
		    c->conf.interface, 2e9 * c->line.least_half_s);
		c->ready_told = true;
	}
}

static void
read_one(struct phc *c)
{
	struct os_phc_reading r[OS_PHC_READINGS];
	struct discipline_phc_reading d[OS_PHC_READINGS];
	size_t cnt = os_phc_read(&c->dev, r), best;
	struct discipline_phc_now now = read_clocks();

	for (size_t i = 0; i < cnt; i++)
		d[i] = (struct discipline_phc_reading){
		    r[i].before_ns, r[i].phc_ns, r[i].after_ns};
	best = discipline_phc_best(d, cnt);
	if (best < cnt) {
		tell(c, discipline_phc_add(&c->line, &d[best], &now));
		c->failure_told = false;
	} else if (!c->failure_told) {
		os_log_warn("clock of the interface cannot be read "
			    "interface=%s",
		    c->conf.interface);
		c->failure_told = true;
	}
}

/* The next reading comes that much sooner or later. */
static void
pace(const struct phcs *p, struct phc *c)
{
	struct dur was = c->interval;

	c->interval = interval(p, c);
	c->due.ns += c->interval.ns - was.ns;
	discipline_phc_pace(&c->line, c->interval);
}

static struct mono
next_due(const struct phcs *p)
{
	struct mono next = {INT64_MAX};

	for (size_t i = 0; i < p->cnt; i++)
		if (p->at[i].due.ns < next.ns)
			next = p->at[i].due;
	return next;
}

struct mono
daemon_phcs_read(struct phcs *p, struct mono now)
{
	for (size_t i = 0; i < p->cnt; i++) {
		struct phc *c = &p->at[i];

		if (c->due.ns > now.ns)
			continue;
		read_one(c);
		c->due = now;
		c->interval = (struct dur){0};
		pace(p, c);
	}
	return next_due(p);
}

static void
due(void *arg)
{
	struct phcs *p = arg;

	net_timer_arm_at(&p->timer, daemon_phcs_read(p, os_clock_mono()));
}

void
daemon_phcs_follow(struct phcs *p, int8_t poll_log2s)
{
	if (p->follows && p->poll_log2s == poll_log2s)
		return;
	p->follows = true;
	p->poll_log2s = poll_log2s;
	for (size_t i = 0; i < p->cnt; i++)
		if (p->at[i].due.ns > 0)
			pace(p, &p->at[i]);
	if (p->running)
		net_timer_arm_at(&p->timer, next_due(p));
}

void
daemon_phcs_add(struct phcs *p, const struct ipc_hardware *m)
{
	struct phc *c = &p->at[p->cnt];
	struct discipline_phc_conf conf = {
	    .precision_s = m->precision_s,
	    .min_cnt = m->minsamples,
	    .max_cnt = m->maxsamples,
	};

	if (p->cnt == PHCS_MAX)
		return;
	memset(c, 0, sizeof *c);
	c->conf = *m;
	c->dev = (struct os_phc){
	    .fd = -1, .call = os_phc_ioctl_real, .no_cross = m->nocrossts};
	conf.interval = interval(p, c);
	discipline_phc_init(&c->line, &conf);
	p->cnt++;
}

size_t
daemon_phcs_take(struct phcs *p, const struct daemon_boot *boot)
{
	size_t rest = boot->fd_cnt > p->cnt ? boot->fd_cnt - p->cnt : 0;

	for (size_t i = 0; i < p->cnt && rest + i < boot->fd_cnt; i++)
		p->at[i].dev.fd = boot->fds[rest + i];
	return rest;
}

int
daemon_phcs_run(struct phcs *p, struct net_loop *loop)
{
	if (p->cnt == 0)
		return 0;
	if (net_timer_init(&p->timer, loop, due, p) < 0)
		return ERR_LIBRARY;
	p->running = true;
	due(p);
	return 0;
}

struct net_hardware *
daemon_phcs_hardware(struct phcs *p)
{
	if (p->cnt == 0)
		return NULL;
	p->hardware.map = daemon_phcs_map;
	p->hardware.ctx = p;
	return &p->hardware;
}

void
daemon_phcs_fini(struct phcs *p)
{
	net_timer_fini(&p->timer);
	for (size_t i = 0; i < p->cnt; i++)
		if (p->at[i].dev.fd >= 0)
			close(p->at[i].dev.fd);
	p->cnt = 0;
	p->running = false;
}
