/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports that we serve on.  Super binds them and keeps them open, so that
 * a restarted worker finds its sockets; each worker has its own, one per
 * address, in a SO_REUSEPORT group.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/local.h"
#include "net/steer.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "super_priv.h"

#define BACKLOG 4096 /* or what the kernel allows */

static void
close_sockets(struct super_sockets *set)
{
	for (size_t i = 0; i < set->cnt; i++)
		if (set->fds[i] >= 0)
			close(set->fds[i]);
	set->cnt = 0;
}

static void
explain(int err, const struct addr *a, const char *what)
{
	char text[ADDR_TEXT_MAX];

	addr_text_port(a, text);
	if (err == ERR_FULL)
		os_log_error("%s port is in use: another time service runs "
			     "here; stop it, or choose another port addr=%s",
		    what, text);
	else if (err == ERR_DENIED)
		os_log_error("%s port needs privilege: start as root, or "
			     "choose a port above 1023 addr=%s",
		    what, text);
	else
		os_log_error("%s port cannot be opened addr=%s reason=\"%s\"",
		    what, text, strerror(errno));
}

static int
probe(const struct addr *at, const char *device, bool udp)
{
	return udp ? net_udp_probe(at, device) : net_tcp_probe(at, device);
}

static int
listen_at(const struct addr *at, const char *device, bool udp)
{
	return udp ? net_udp_listen(at, device)
		   : net_tcp_listen(at, device, BACKLOG);
}

/* One socket; a family that this machine does not have is no error unless
 * it was asked for.  Workers share ports, so only @first can notice that
 * somebody else is there. */
static int
open_one(const struct conf *c, struct super_sockets *set,
    const struct addr *bind, bool udp, bool first)
{
	const char *device = c->binddevice[0] ? c->binddevice : NULL;
	struct addr at = *bind;
	int fd = 0;

	at.port = udp ? c->port : c->ntsport;
	if (first)
		fd = probe(&at, device, udp);
	if (fd == 0)
		fd = listen_at(&at, device, udp);
	if (fd == ERR_ABSENT && addr_is_unspecified(bind))
		return 0;
	if (fd < 0) {
		explain(fd, &at, udp ? "NTP" : "NTS-KE");
		return fd;
	}
	set->fds[set->cnt++] = fd;
	return 0;
}

static int
open_set(const struct conf *c, struct super_sockets *set, bool udp, bool first)
{
	struct addr v4 = c->bind.v4, v6 = c->bind.v6;
	int err;

	v4.family = ADDR_V4;
	v6.family = ADDR_V6;
	err = open_one(c, set, &v4, udp, first);
	if (err == 0)
		err = open_one(c, set, &v6, udp, first);
	if (err == 0 && set->cnt == 0) {
		os_log_error("no address to serve on");
		err = ERR_ABSENT;
	}
	return err;
}

/* The sockets of all workers for one address are a group. */
static void
steer_sets(const struct super_sockets *sets, size_t set_cnt, uint64_t secret)
{
	const struct super_sockets *any = NULL;
	struct addr at;
	unsigned cnt = 0;

	for (size_t i = 0; i < set_cnt; i++) {
		if (sets[i].cnt == 0)
			continue;
		any = &sets[i];
		cnt++;
	}
	for (size_t i = 0; cnt > 1 && i < any->cnt; i++)
		if (net_udp_local_of(any->fds[i], &at) < 0 ||
		    net_steer(any->fds[i], at.family, cnt, secret) < 0)
			os_log_warn("clients are not kept with one worker: "
				    "the kernel chooses by port as well");
}

/* What a worker counts of a client is then all there is of it. */
static void
steer(const struct super *s)
{
	steer_sets(s->ntp, s->ntp_cnt, s->steer_secret);
	steer_sets(s->ke, s->ke_cnt, s->steer_secret);
}

int
daemon_listen_open(struct super *s, const struct conf *c, bool start)
{
	int err = 0;

	s->ntp_cnt =
	    conf_serves_ntp(c) ? (uint16_t)daemon_workers_serve_cnt(c) : 0;
	s->ke_cnt = conf_serves_nts(c) ? (uint16_t)daemon_workers_ke_cnt(c) : 0;
	if (s->opt.single) {
		s->ntp_cnt = s->ntp_cnt > 0;
		s->ke_cnt = s->ke_cnt > 0;
	}
	for (size_t i = 0; i < s->ntp_cnt && err == 0; i++)
		err = open_set(c, &s->ntp[i], true, start && i == 0);
	for (size_t i = 0; i < s->ke_cnt && err == 0; i++)
		err = open_set(c, &s->ke[i], false, start && i == 0);
	steer(s);
	return err;
}

/* Nobody reads them any more: what comes must go to those who do. */
void
daemon_listen_leave(struct super *s, enum role role, uint16_t place)
{
	if (role == ROLE_SERVE)
		close_sockets(&s->ntp[place % SUPER_WORKERS_MAX]);
	else if (role == ROLE_KE)
		close_sockets(&s->ke[place % SUPER_WORKERS_MAX]);
	else
		return;
	steer(s);
}

bool
daemon_listen_whole(const struct super *s)
{
	bool whole = true;

	for (size_t i = 0; i < s->ntp_cnt; i++)
		whole = whole && s->ntp[i].cnt > 0;
	for (size_t i = 0; i < s->ke_cnt; i++)
		whole = whole && s->ke[i].cnt > 0;
	return whole;
}

void
daemon_listen_close(struct super *s)
{
	for (size_t i = 0; i < SUPER_WORKERS_MAX; i++) {
		close_sockets(&s->ntp[i]);
		close_sockets(&s->ke[i]);
	}
	s->ntp_cnt = 0;
	s->ke_cnt = 0;
}

/* The new sockets are there before the old ones go, or the old ones stay. */
int
daemon_listen_move(struct super *s, const struct conf *c)
{
	struct super_sockets ntp[SUPER_WORKERS_MAX], ke[SUPER_WORKERS_MAX];
	uint16_t ntp_cnt = s->ntp_cnt, ke_cnt = s->ke_cnt;
	int err;

	memcpy(ntp, s->ntp, sizeof ntp);
	memcpy(ke, s->ke, sizeof ke);
	memset(s->ntp, 0, sizeof s->ntp);
	memset(s->ke, 0, sizeof s->ke);
	err = daemon_listen_open(s, c, false);
	if (err < 0) {
		daemon_listen_close(s);
		memcpy(s->ntp, ntp, sizeof ntp);
		memcpy(s->ke, ke, sizeof ke);
		s->ntp_cnt = ntp_cnt;
		s->ke_cnt = ke_cnt;
		steer(s);
		return err;
	}
	for (size_t i = 0; i < SUPER_WORKERS_MAX; i++) {
		close_sockets(&ntp[i]);
		close_sockets(&ke[i]);
	}
	return 0;
}

bool
daemon_listen_same(const struct conf *a, const struct conf *b)
{
	return a->port == b->port && a->ntsport == b->ntsport &&
	    conf_serves_ntp(a) == conf_serves_ntp(b) &&
	    conf_serves_nts(a) == conf_serves_nts(b) &&
	    daemon_workers_serve_cnt(a) == daemon_workers_serve_cnt(b) &&
	    daemon_workers_ke_cnt(a) == daemon_workers_ke_cnt(b) &&
	    memcmp(&a->bind, &b->bind, sizeof a->bind) == 0 &&
	    strcmp(a->binddevice, b->binddevice) == 0;
}

int
daemon_listen_control(struct super *s)
{
	int fd = net_local_listen(s->conf.controlsocket, 0666);

	s->control = -1;
	if (fd == ERR_ABSENT) /* no Unix sockets here: go without */
		return 0;
	if (fd == ERR_FULL) {
		os_log_error("another truenoon answers on %s: stop it, or give "
			     "this one its own rundir",
		    s->conf.controlsocket);
		return fd;
	}
	if (fd < 0) {
		os_log_error("control socket cannot be made path=%s "
			     "reason=\"%s\"",
		    s->conf.controlsocket, strerror(errno));
		return fd;
	}
	s->control = fd;
	s->has_control = true;
	return 0;
}
