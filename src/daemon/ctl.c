/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role ctl: keeps the last report of everybody and answers questions on the
 * control socket from it and from the time pages, so that a flood of
 * questions costs nobody else anything.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/render.h"
#include "ctl/request.h"
#include "daemon/role.h"
#include "ipc/start.h"
#include "net/local.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/random.h"
#include "os/timepage.h"
#include "rules_priv.h"
#include "serve/clients.h"

#define SOURCES_MAX 64
#define WORKERS_MAX (2 * 64) /* those of before a reload, and their heirs */
#define ROLES_MAX   (2 * WORKERS_MAX + 8)
#define CLIENTS_MAX 16
#define CLIENT_NS   (5 * TSTAMP_NS_PER_S)

/* One conversation: a line in, an answer out, done. */
struct client {
	struct ctl *owner;
	int fd; /* -1: free */
	bool privileged;
	bool limited;
	struct mono since;
	struct net_watch watch;
	struct net_timer timer;
	char in[CTL_REQUEST_MAX];
	size_t in_len;
	char *out; /* owned while it lasts */
	size_t out_len;
	size_t out_pos;
};

struct ctl {
	struct net_loop *loop;
	int listener; /* -1: none */
	struct net_watch watch;
	const struct timepage *time;
	const struct timepage *clock;
	struct mono started;
	struct report_sync sync;
	bool sync_known;
	struct report_source sources[SOURCES_MAX];
	struct report_serve serves[1 + WORKERS_MAX]; /* 0: of those gone */
	size_t serve_cnt;
	struct report_ke kes[1 + WORKERS_MAX]; /* here, too */
	size_t ke_cnt;
	struct report_role roles[ROLES_MAX];
	size_t role_cnt;
	struct client clients[CLIENTS_MAX];
	struct rng rng;
	struct ipc_ctl_conf conf;
	struct serve_limit *limit;       /* of users; NULL: none */
	struct serve_clients *askers;    /* of the server; NULL: none yet */
	const struct report_seen **list; /* those in order, while needed */
};

static void
client_end(struct client *c)
{
	net_watch_stop(&c->watch);
	net_timer_stop(&c->timer);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	free(c->out);
	c->out = NULL;
}

static void
client_late(void *arg)
{
	client_end(arg);
}

static void
view_fill(struct ctl *s, struct ctl_view *v, struct timepage_time *time,
    struct timepage_clock *clock)
{
	memset(v, 0, sizeof *v);
	v->now = os_clock_mono();
	v->now_boot_ns = os_clock_boot_ns();
	v->wall = os_clock_real();
	if (s->clock && timepage_get(s->clock, clock, sizeof *clock) == 0) {
		v->clock = clock;
		v->wall =
		    tstamp_wall_add(v->wall, timepage_virtual(clock, v->now));
	}
	if (s->time && timepage_get(s->time, time, sizeof *time) == 0)
		v->time = time;
	v->sync = s->sync_known ? &s->sync : NULL;
	v->sources = s->sources;
	v->source_cnt = SOURCES_MAX;
	v->serves = s->serves;
	v->serve_cnt = s->serve_cnt;
	v->kes = s->kes;
	v->ke_cnt = s->ke_cnt;
	v->roles = s->roles;
	v->role_cnt = s->role_cnt;
	v->version = PROG_VERSION;
	v->started = s->started;
}

static int
by_requests(const void *a, const void *b)
{
	const struct report_seen *x = *(const struct report_seen *const *)a;
	const struct report_seen *y = *(const struct report_seen *const *)b;
	uint64_t n = x->sum.ask_cnt + x->sum.ke_cnt;
	uint64_t m = y->sum.ask_cnt + y->sum.ke_cnt;

	return n < m ? 1 : n > m ? -1 : x < y ? -1 : x > y;
}

/* Return: how many there are. */
static size_t
list_askers(const struct ctl *s, const struct report_seen **list)
{
	const struct report_seen *one;
	size_t pos = 0, cnt = 0;

	while ((one = serve_clients_next(s->askers, &pos)) != NULL) {
		if (list)
			list[cnt] = one;
		cnt++;
	}
	return cnt;
}

/* Only for one who may see them; others cannot make us sort. */
static void
view_askers(struct ctl *s, struct ctl_view *v, const struct client *c)
{
	struct ctl_request r;

	v->privileged = c->privileged;
	v->limited = c->limited;
	v->clients_kept = s->conf.clientlog;
	if (!s->askers || !c->privileged ||
	    ctl_request_parse(&r, c->in, c->in_len) < 0 ||
	    r.verb != CTL_CLIENTS)
		return;
	s->list = calloc(list_askers(s, NULL) + 1, sizeof *s->list);
	if (!s->list)
		return;
	v->clients = s->list;
	v->client_cnt = list_askers(s, s->list);
	qsort(s->list, v->client_cnt, sizeof *s->list, by_requests);
}

static void
client_write(struct client *c)
{
	ssize_t n = send(c->fd, c->out + c->out_pos, c->out_len - c->out_pos,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		c->out_pos += (size_t)n;
	if (n <= 0 || c->out_pos == c->out_len)
		client_end(c);
}

static void
client_read(struct client *c)
{
	struct ctl_view v;
	struct timepage_time time;
	struct timepage_clock clock;
	ssize_t n = recv(
	    c->fd, c->in + c->in_len, sizeof c->in - c->in_len, MSG_DONTWAIT);
	long len;

	if (n <= 0) {
		client_end(c);
		return;
	}
	c->in_len += (size_t)n;
	c->out = malloc(CTL_ANSWER_MAX);
	if (!c->out) {
		client_end(c);
		return;
	}
	view_fill(c->owner, &v, &time, &clock);
	view_askers(c->owner, &v, c);
	len = ctl_render_answer(&v, c->in, c->in_len, c->out, CTL_ANSWER_MAX);
	free(c->owner->list);
	c->owner->list = NULL;
	if (len < 0) {
		free(c->out);
		c->out = NULL;
		return;
	}
	c->out_len = (size_t)len;
	c->out_pos = 0;
	net_watch_set(&c->watch, c->fd, NET_WRITE);
}

static void
client_ready(void *arg, unsigned what)
{
	struct client *c = arg;

	if (c->out)
		client_write(c);
	else if (what & NET_READ)
		client_read(c);
}

/* A free place; when there is none, the one that has been here longest goes,
 * those who have asked nothing yet first. */
static struct client *
client_place(struct ctl *s)
{
	struct client *worst = &s->clients[0];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];
		bool idle = !c->out, worst_idle = !worst->out;

		if (c->fd < 0)
			return c;
		if (idle != worst_idle ? idle : c->since.ns < worst->since.ns)
			worst = c;
	}
	client_end(worst);
	return worst;
}

/* Each user has a limit as if it were an address; root has none. */
static void
client_judge(struct ctl *s, struct client *c)
{
	struct addr who = {.family = ADDR_V4};
	uid_t uid;

	c->privileged = c->limited = false;
	if (net_local_peer_uid(c->fd, &uid) < 0)
		uid = (uid_t)-1;
	c->privileged = uid == 0 || uid == s->conf.uid;
	memcpy(who.bytes, &uid, sizeof uid);
	if (uid != 0)
		c->limited = serve_limit_charge(s->limit, SERVE_LIMIT_PLAIN,
				 &who, c->since) != SERVE_LIMIT_PASS;
}

static void
client_begin(struct ctl *s, int fd)
{
	struct client *c = client_place(s);

	c->fd = fd;
	c->since = os_clock_mono();
	c->in_len = 0;
	client_judge(s, c);
	net_watch_set(&c->watch, fd, NET_READ);
	net_timer_arm(&c->timer, (struct dur){CLIENT_NS});
}

#define ACCEPT_BUDGET 4 /* a round, so that those inside get their turn */

static void
listener_ready(void *arg, unsigned what)
{
	struct ctl *s = arg;
	int fd;

	(void)what;
	for (int i = 0; i < ACCEPT_BUDGET; i++) {
		fd = net_local_accept(s->listener);
		if (fd < 0)
			return;
		client_begin(s, fd);
	}
}

static void
take_conf(struct ctl *s, const struct ipc_ctl_conf *conf)
{
	bool same = conf->clientlog == s->conf.clientlog &&
	    conf->clientlog_len == s->conf.clientlog_len;

	if (!same) {
		serve_clients_free(s->askers);
		s->askers = NULL;
	}
	s->conf = *conf;
	serve_limit_free(s->limit);
	if (daemon_rules_limit(&conf->limit, &s->rng, &s->limit) < 0)
		os_log_warn("no memory to limit users");
}

static void
load(struct ctl *s, const struct daemon_boot *boot)
{
	struct ipc_start_record r;
	size_t pos = 0;

	while (ipc_start_next(boot->start, boot->start_len, &pos, &r) == 0)
		if (r.type == IPC_CTL_CONF)
			take_conf(s, &r.msg.ctl_conf);
}

static void *
ctl_open(const struct daemon_boot *boot)
{
	struct ctl *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->loop = boot->loop;
	s->started = os_clock_mono();
	s->serve_cnt = s->ke_cnt = 1;
	if (os_random_init(&s->rng) < 0) {
		free(s);
		return NULL;
	}
	load(s, boot);
	s->listener =
	    boot->fd_cnt > DAEMON_FD_OWN ? boot->fds[DAEMON_FD_OWN] : -1;
	s->time = os_timepage_map_ro(boot->fds[DAEMON_FD_TIME]);
	s->clock = os_timepage_map_ro(boot->fds[DAEMON_FD_CLOCK]);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		s->clients[i].fd = -1;
	for (size_t i = 0; i < 2; i++)
		if (boot->fds[i] >= 0)
			close(boot->fds[i]);
	return s;
}

static int
ctl_run(void *state)
{
	struct ctl *s = state;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		c->owner = s;
		if (net_watch_init(&c->watch, s->loop, client_ready, c) < 0 ||
		    net_timer_init(&c->timer, s->loop, client_late, c) < 0)
			return ERR_LIBRARY;
	}
	if (net_watch_init(&s->watch, s->loop, listener_ready, s) < 0)
		return ERR_LIBRARY;
	if (s->listener >= 0)
		net_watch_set(&s->watch, s->listener, NET_READ);
	return 0;
}

/* Workers and roles come and go with a reload: a table each, found by
 * number, the oldest entry never dropped for a new one. */
static size_t
find_serve(const struct ctl *s, uint16_t instance)
{
	size_t i = 1;

	while (i < s->serve_cnt && s->serves[i].instance != instance)
		i++;
	return i;
}

static size_t
find_ke(const struct ctl *s, uint16_t instance)
{
	size_t i = 1;

	while (i < s->ke_cnt && s->kes[i].instance != instance)
		i++;
	return i;
}

static void
keep_serve(struct ctl *s, const struct report_serve *r)
{
	size_t i = find_serve(s, r->instance);

	if (i > WORKERS_MAX)
		return;
	s->serves[i] = *r;
	if (i == s->serve_cnt)
		s->serve_cnt++;
}

static void
keep_ke(struct ctl *s, const struct report_ke *r)
{
	size_t i = find_ke(s, r->instance);

	if (i > WORKERS_MAX)
		return;
	s->kes[i] = *r;
	if (i == s->ke_cnt)
		s->ke_cnt++;
}

/* A worker is gone, or another of its number begins to count: of what it was
 * doing nothing is left, of what it did all. */
static void
settle(struct ctl *s, enum role role, uint16_t instance)
{
	size_t serve = find_serve(s, instance), ke = find_ke(s, instance);

	if (role == ROLE_SERVE && serve < s->serve_cnt) {
		report_serve_add(&s->serves[0], &s->serves[serve]);
		s->serves[serve] = s->serves[--s->serve_cnt];
	} else if (role == ROLE_KE && ke < s->ke_cnt) {
		report_ke_add(&s->kes[0], &s->kes[ke]);
		s->kes[ke] = s->kes[--s->ke_cnt];
	}
}

static void
keep_role(struct ctl *s, const struct report_role *r)
{
	size_t i = 0;

	while (i < s->role_cnt &&
	    (s->roles[i].role != r->role ||
		s->roles[i].instance != r->instance))
		i++;
	/* A new sync begins with no sources: those of the old one are void. */
	if (r->role == ROLE_SYNC && r->up && i < s->role_cnt &&
	    s->roles[i].pid != r->pid)
		memset(s->sources, 0, sizeof s->sources);
	if (r->gone ||
	    (i < s->role_cnt && s->roles[i].restart_cnt != r->restart_cnt))
		settle(s, r->role, r->instance);
	if (r->gone && i < s->role_cnt)
		s->roles[i] = s->roles[--s->role_cnt];
	if (r->gone || i == ROLES_MAX)
		return;
	s->roles[i] = *r;
	if (i == s->role_cnt)
		s->role_cnt++;
}

/* Hosts that serve nobody need no room for it. */
static void
keep_askers(struct ctl *s, const struct report_clients *m)
{
	struct mono now = os_clock_mono();

	if (!s->askers && s->conf.clientlog)
		s->askers = serve_clients_new(s->conf.clientlog_len, &s->rng);
	for (size_t i = 0; s->askers && i < m->cnt; i++)
		serve_clients_add(s->askers,
		    serve_clients_hash(s->askers, &m->at[i].addr), &m->at[i],
		    now);
}

static void
ctl_message(void *state, unsigned type, const union ipc_any *msg)
{
	struct ctl *s = state;

	if (type == IPC_REPORT_SOURCE && msg->report_source.slot < SOURCES_MAX)
		s->sources[msg->report_source.slot] = msg->report_source;
	else if (type == IPC_REPORT_SERVE)
		keep_serve(s, &msg->report_serve);
	else if (type == IPC_REPORT_KE)
		keep_ke(s, &msg->report_ke);
	else if (type == IPC_REPORT_ROLE)
		keep_role(s, &msg->report_role);
	else if (type == IPC_REPORT_CLIENTS)
		keep_askers(s, &msg->report_clients);
	else if (type == IPC_CTL_CONF)
		take_conf(s, &msg->ctl_conf);
	else if (type == IPC_REPORT_SYNC) {
		s->sync = msg->report_sync;
		s->sync_known = true;
	}
}

static void
ctl_stop(void *state)
{
	(void)state;
}

static void
ctl_close(void *state)
{
	struct ctl *s = state;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		client_end(&s->clients[i]);
		net_watch_fini(&s->clients[i].watch);
		net_timer_fini(&s->clients[i].timer);
	}
	net_watch_fini(&s->watch);
	if (s->listener >= 0)
		close(s->listener);
	os_timepage_unmap(s->time);
	os_timepage_unmap(s->clock);
	serve_limit_free(s->limit);
	serve_clients_free(s->askers);
	free(s);
}

const struct daemon_role daemon_ctl = {
    .open = ctl_open,
    .run = ctl_run,
    .message = ctl_message,
    .stop = ctl_stop,
    .close = ctl_close,
};
