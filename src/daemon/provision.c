/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the configuration to what each role starts with: its cage, settings,
 * keys and descriptors.  The same records serve a start and a reload.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "discipline/discipline.h"
#include "net/tls.h"
#include "os/clock.h"
#include "os/file.h"
#include "super_priv.h"

#define PEM_MAX   (4U << 20)
#define SPARE_FDS 64
#define NTP_PORT  123
#define CONNS_MAX 10000

/* ---- sync ---- */

static uint8_t
authmode(uint8_t mode)
{
	switch (mode) {
	case CONF_AUTHSELECT_REQUIRE:
		return DISCIPLINE_AUTH_REQUIRE;
	case CONF_AUTHSELECT_PREFER:
		return DISCIPLINE_AUTH_PREFER;
	case CONF_AUTHSELECT_IGNORE:
		return DISCIPLINE_AUTH_IGNORE;
	default:
		return DISCIPLINE_AUTH_MIX;
	}
}

static uint8_t
leapmode(uint8_t mode)
{
	switch (mode) {
	case CONF_LEAP_SLEW:
		return DISCIPLINE_LEAP_SLEW;
	case CONF_LEAP_STEP:
		return DISCIPLINE_LEAP_STEP;
	case CONF_LEAP_IGNORE:
		return DISCIPLINE_LEAP_IGNORE;
	default:
		return DISCIPLINE_LEAP_SYSTEM;
	}
}

static uint8_t
aeads(const struct conf *c, uint16_t to[IPC_AEADS_MAX])
{
	uint8_t cnt = 0;

	while (cnt < c->ntsaead_cnt && cnt < IPC_AEADS_MAX) {
		to[cnt] = c->ntsaead[cnt];
		cnt++;
	}
	return cnt;
}

static void
sync_conf(const struct super *s, struct ipc_sync_conf *m)
{
	const struct conf *c = &s->conf;

	m->virtual_clock = s->opt.virtual_clock;
	m->makestep = c->makestep_limit != 0;
	m->makestep_s = c->makestep_s;
	m->makestep_limit = c->makestep_limit;
	m->maxslew_sps = c->maxslewrate_ppm * 1e-6;
	m->maxslew_given = c->maxslewrate_set;
	m->maxdrift_sps = c->maxdrift_ppm * 1e-6;
	m->maxchange_s = c->maxchange_s;
	m->maxchange_start = c->maxchange_start;
	m->maxchange_ignore = c->maxchange_ignore;
	m->minsources = (uint16_t)c->minsources;
	m->authselect = authmode(c->authselectmode);
	m->leapmode = leapmode(c->leapsecmode);
	m->maxdistance_s = c->maxdistance_s;
	m->maxjitter_s = c->maxjitter_s;
	m->combinelimit = c->combinelimit;
	m->stratumweight_s = c->stratumweight_s;
	m->reselectdist_s = c->reselectdist_s;
	m->corrtimeratio = c->corrtimeratio;
	m->maxupdateskew_ppm = c->maxupdateskew_ppm;
	m->maxclockerror_sps = c->maxclockerror_ppm * 1e-6;
	m->targeterror_s = c->targeterror_s;
	m->drift_sps = s->drift_sps;
	m->drift_error_sps = s->drift_known ? s->drift_error_sps : 0;
	m->wander_log10 = s->wander_log10;
	m->wander_error_log10 = s->wander_error_log10;
	m->ntsrefresh_s = (uint32_t)c->ntsrefresh_s;
	m->local = c->local.on;
	m->local_stratum = c->local.stratum;
	m->bind4 = c->bindacq.v4;
	m->bind6 = c->bindacq.v6;
	snprintf(
	    m->bind_device, sizeof m->bind_device, "%.15s", c->bindacqdevice);
	m->hardware_wait = tstamp_dur_from_s(c->hwtstimeout_s);
	m->aead_cnt = aeads(c, m->aeads);
	m->last_known = s->last_known;
}

/* A name that stands for this machine, or an address written by hand, may
 * be a loopback one: the operator said so. */
static bool
may_be_local(const char *name)
{
	size_t len = strlen(name);
	struct addr a;

	return addr_parse(&a, name) == 0 || strcmp(name, "localhost") == 0 ||
	    (len > 10 && strcmp(name + len - 10, ".localhost") == 0);
}

#define MINSAMPLES_DEFAULT 6 /* chrony's; the estimator knows better */

static uint16_t
minsamples(const struct conf *all, const struct conf_source *c)
{
	int32_t n = c->minsamples;

	if (n < 0 && all->minsamples != MINSAMPLES_DEFAULT)
		n = all->minsamples;
	return n > 0 && n <= UINT16_MAX ? (uint16_t)n : 0;
}

static void
source_set(const struct conf *all, const struct conf_source *c, size_t slot,
    struct ipc_source_set *m)
{
	m->slot = (uint16_t)slot;
	m->slot_cnt = daemon_slots_wanted(c);
	m->pool = c->kind == CONF_POOL;
	m->nts = c->nts;
	m->iburst = c->iburst;
	m->burst = c->burst;
	m->prefer = c->prefer;
	m->noselect = c->noselect;
	m->trust = c->trust;
	m->require = c->require;
	m->offline = c->offline;
	m->xleave = c->xleave;
	m->local_ok = may_be_local(c->name);
	m->family = c->family;
	m->version = c->version;
	m->port = c->port;
	m->ke_port = c->ntsport;
	m->minpoll_log2s = c->minpoll;
	m->maxpoll_log2s = c->maxpoll;
	m->key_id = c->key;
	m->cert_set = c->certset;
	m->maxdelay_s = c->maxdelay_s;
	m->maxdelayratio = c->maxdelayratio;
	m->maxdelaydevratio = c->maxdelaydevratio;
	m->maxdelayquant = c->maxdelayquant;
	m->mindelay_s = c->mindelay_s;
	m->asymmetry = c->asymmetry;
	m->offset_s = c->offset_s;
	m->minsamples = minsamples(all, c);
	snprintf(m->host, sizeof m->host, "%s", c->name);
}

static void
give_keys(const struct super *s,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg)
{
	for (size_t i = 0; i < s->keys.cnt; i++) {
		const struct crypto_mac_key *k = &s->keys.at[i];
		struct ipc_sym_key m = {
		    .id = k->id, .type = k->type, .len = k->len};

		memcpy(m.key, k->key, k->len);
		give(arg, IPC_SYM_KEY, &m);
		wipe_bytes(&m, sizeof m);
	}
}

void
daemon_provision_sources(struct super *s,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg)
{
	struct ipc_sync_conf conf = {0};
	struct ipc_leap_list leaps;
	struct ipc_sources_end end = {0};

	sync_conf(s, &conf);
	give(arg, IPC_SYNC_CONF, &conf);
	daemon_leap_message(s, &leaps);
	give(arg, IPC_LEAP_LIST, &leaps);
	give_keys(s, give, arg);
	for (uint32_t i = 0; i < s->conf.source_cnt; i++) {
		struct ipc_source_set m = {0};
		size_t slot = daemon_slots_find(s, &s->conf.source[i]);

		if (slot == SUPER_SLOTS)
			continue;
		source_set(&s->conf, &s->conf.source[i], slot, &m);
		give(arg, IPC_SOURCE_SET, &m);
		end.cnt++;
	}
	give(arg, IPC_SOURCES_END, &end);
}

/* ---- the other roles ---- */

static uint64_t
boot_id(void)
{
	static const uint8_t key[SIPHASH_KEY_LEN];
	uint8_t *data;
	uint64_t id;
	size_t len;

	if (os_file_read(
		"/proc/sys/kernel/random/boot_id", 0, 256, &data, &len) < 0)
		return 0;
	id = siphash_24(key, data, len);
	os_file_free(data, len);
	return id;
}

void
daemon_provision_clock(const struct super *s, struct ipc_clock_conf *m)
{
	const struct conf *c = &s->conf;

	memset(m, 0, sizeof *m);
	m->virtual_clock = s->opt.virtual_clock;
	m->makestep = c->makestep_limit != 0;
	m->makestep_s = c->makestep_s;
	m->makestep_limit = c->makestep_limit;
	m->maxslew_sps = c->maxslewrate_ppm * 1e-6;
	m->maxslew_given = c->maxslewrate_set;
	m->maxdrift_sps = c->maxdrift_ppm * 1e-6;
	m->minsources = (uint16_t)c->minsources;
	m->slot_cnt = s->slots.ever;
	m->boot_id = boot_id();
	m->rtcsync = c->rtcsync;
	m->kernel_leap = c->leapsecmode == CONF_LEAP_SYSTEM;
	m->base_freq_sps = s->base.freq_sps;
	m->base_known = s->base_known;
	m->build = (struct wall){BUILD_EPOCH * TSTAMP_NS_PER_S};
	/* A virtual clock starts afresh with every daemon. */
	if (s->saved_limits && !s->opt.virtual_clock) {
		m->saved_len = (uint32_t)s->saved_limits_len;
		memcpy(m->saved, s->saved_limits, s->saved_limits_len);
	}
}

void
daemon_provision_ring(const struct super *s, struct ipc_key_ring *m)
{
	m->len = NTS_KEYRING_FILE_LEN;
	nts_keyring_encode(&s->ring, m->ring);
}

/* @place: of the worker that it is for.
 * @hashing: it is only to be compared; the ring changes by itself. */
struct collector {
	struct ipc_start *to;
	int err;
	uint16_t place;
	bool hashing;
};

static void
collect(void *arg, unsigned type, const void *msg)
{
	struct collector *c = arg;

	if (c->err == 0)
		c->err = ipc_start_put(c->to, type, msg);
}

static void
put_rules(const struct super *s, struct collector *to)
{
	const struct conf_access_list *list = &s->conf.access;
	struct ipc_access_rules m = {0};

	for (uint32_t i = 0; i < list->cnt; i++) {
		const struct conf_access *a = &list->rule[i];

		m.at[m.cnt++] = (struct ipc_access_rule){
		    .allow = a->allow,
		    .all = a->all,
		    .bits = a->net.bits,
		    .addr = a->net.addr,
		};
		if (m.cnt < IPC_RULES_MAX && i + 1 < list->cnt)
			continue;
		collect(to, IPC_ACCESS_RULES, &m);
		memset(&m, 0, sizeof m);
	}
}

static void
put_ring(const struct super *s, struct collector *to)
{
	struct ipc_key_ring m = {0};

	if (to->hashing)
		return;
	daemon_provision_ring(s, &m);
	collect(to, IPC_KEY_RING, &m);
	wipe_bytes(&m, sizeof m);
}

static struct ipc_limit
limit_of(const struct conf *c, const struct conf_ratelimit *r)
{
	int64_t len = c->clientloglimit_len;

	return (struct ipc_limit){
	    .on = r->on,
	    .interval_log2s = r->interval,
	    .burst = r->burst,
	    .leak_log2 = (uint8_t)r->leak,
	    .kod_log2 = (uint8_t)r->kod,
	    .table_len = len > INT32_MAX ? INT32_MAX : (uint32_t)len,
	};
}

/* In one process there is nothing to pin: its roles would go along. */
static void
put_serve(const struct super *s, struct ipc_serve_conf *m, unsigned place,
    struct collector *to)
{
	m->pinned_cpu =
	    s->opt.single ? -1 : daemon_workers_cpu(&s->conf, place);
	collect(to, IPC_SERVE_CONF, m);
}

static void
serve_data(struct super *s, struct collector *to)
{
	const struct conf *c = &s->conf;
	struct ipc_serve_conf m = {
	    .port = c->port,
	    .nts = conf_serves_nts(c),
	    .local = c->local.on,
	    .local_stratum = c->local.stratum,
	    .local_distance_s = c->local.distance_s,
	    .smear_freq_ppm = c->smooth.leaponly ? c->smooth.maxfreq_ppm : 0,
	    .smear_wander_ppm = c->smooth.maxwander_ppm,
	    .limit = limit_of(c, &c->ratelimit),
	    .clientlog = !c->noclientlog,
	};

	for (unsigned i = 0; to->hashing && i < s->ntp_cnt; i++)
		put_serve(s, &m, i, to);
	if (!to->hashing)
		put_serve(s, &m, to->place, to);
	put_rules(s, to);
	give_keys(s, collect, to);
	if (m.nts)
		put_ring(s, to);
}

void
daemon_provision_ctl(const struct super *s, struct ipc_ctl_conf *m)
{
	const struct conf *c = &s->conf;

	*m = (struct ipc_ctl_conf){
	    .uid =
		s->user.change && !s->user.borrowed ? s->user.uid : geteuid(),
	    .clientlog = !c->noclientlog,
	    .limit = limit_of(c, &c->cmdratelimit),
	};
	m->clientlog_len = m->limit.table_len;
	m->limit.table_len = 0; /* users are few */
}

static void
put_file(
    struct collector *to, enum ipc_blob kind, uint32_t number, const char *path)
{
	uint8_t *data;
	size_t len;

	if (to->err < 0)
		return;
	if (os_file_read(path, 0, PEM_MAX, &data, &len) < 0) {
		os_log_error("file cannot be read file=%s", path);
		to->err = ERR_SYSTEM;
		return;
	}
	to->err = ipc_start_put_blob(to->to, kind, number, data, len);
	os_file_free(data, len);
}

static uint16_t
ke_connections(const struct conf *c)
{
	return (uint16_t)(c->maxntsconnections < CONNS_MAX
		? c->maxntsconnections
		: CONNS_MAX);
}

static void
ke_data(struct super *s, struct collector *to)
{
	const struct conf *c = &s->conf;
	struct ipc_ke_conf m = {
	    .connection_max = ke_connections(c),
	    .ntp_port = c->port,
	    .limit = limit_of(c, &c->ntsratelimit),
	    .clientlog = !c->noclientlog,
	};

	m.aead_cnt = aeads(c, m.aeads);
	snprintf(m.ntp_server, sizeof m.ntp_server, "%s", c->ntsntpserver);
	snprintf(m.groups, sizeof m.groups, "%s", c->ntstlsgroups);
	collect(to, IPC_KE_CONF, &m);
	put_rules(s, to);
	put_ring(s, to);
	for (uint32_t i = 0; i < c->cert_cnt && i < c->key_cnt; i++) {
		put_file(to, IPC_BLOB_CHAIN, i, c->ntsservercert[i]);
		put_file(to, IPC_BLOB_KEY, i, c->ntsserverkey[i]);
	}
}

static void
put_trust_dir(struct collector *to, uint32_t set, const char *dir)
{
	char path[2 * CONF_PATH_MAX];
	struct os_file_list list;

	if (os_file_list(dir, "", 1024, &list) < 0) {
		os_log_error("trust directory cannot be read dir=%s", dir);
		to->err = ERR_SYSTEM;
		return;
	}
	for (size_t i = 0; i < list.cnt; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, list.names[i]);
		put_file(to, IPC_BLOB_TRUST, set, path);
	}
	os_file_list_free(&list);
}

static void
dial_data(struct super *s, struct collector *to)
{
	const struct conf *c = &s->conf;
	struct ipc_dial_conf m = {0};
	struct os_file_facts facts;
	uint8_t *bundle;
	size_t len;

	collect(to, IPC_DIAL_CONF, &m);
	if (!c->nosystemcert && net_tls_system_bundle(&bundle, &len) == 0) {
		to->err =
		    ipc_start_put_blob(to->to, IPC_BLOB_TRUST, 0, bundle, len);
		os_file_free(bundle, len);
	}
	for (uint32_t i = 0; i < c->trust_cnt; i++) {
		if (os_file_facts(c->trust[i].path, &facts) == 0 &&
		    facts.directory)
			put_trust_dir(to, c->trust[i].set, c->trust[i].path);
		else
			put_file(to, IPC_BLOB_TRUST, c->trust[i].set,
			    c->trust[i].path);
	}
}

static int
role_data(struct super *s, enum role role, struct collector *c)
{
	struct ipc_clock_conf clock;
	struct ipc_ctl_conf ctl;

	if (role == ROLE_CLOCK) {
		daemon_provision_clock(s, &clock);
		collect(c, IPC_CLOCK_CONF, &clock);
	} else if (role == ROLE_SYNC) {
		for (size_t i = 0; i < s->path_cnt; i++)
			collect(c, IPC_PATH_SAVED, &s->paths[i]);
		daemon_hardware_give(&s->hardware, collect, c);
		daemon_provision_sources(s, collect, c);
	} else if (role == ROLE_CTL) {
		daemon_provision_ctl(s, &ctl);
		collect(c, IPC_CTL_CONF, &ctl);
	} else if (role == ROLE_SERVE) {
		daemon_hardware_give(&s->hardware, collect, c);
		serve_data(s, c);
	} else if (role == ROLE_KE) {
		ke_data(s, c);
	} else if (role == ROLE_DIAL) {
		dial_data(s, c);
	}
	return c->err;
}

/* The ports that dial may connect to; too many to list: any. */
static void
dial_ports(const struct conf *c, struct ipc_cage *m)
{
	for (uint32_t i = 0; i < c->source_cnt; i++) {
		uint16_t port = c->source[i].ntsport;
		bool known = false;

		if (!c->source[i].nts)
			continue;
		for (unsigned j = 0; j < m->port_cnt; j++)
			known = known || m->ports[j] == port;
		if (known)
			continue;
		if (m->port_cnt == IPC_PORTS_MAX) {
			m->port_cnt = 0;
			return;
		}
		m->ports[m->port_cnt++] = port;
	}
}

static int
put_cage(struct super *s, enum role role, struct ipc_start *to)
{
	const struct super_user *u =
	    role == ROLE_CLOCK ? &s->clock_user : &s->user;
	struct ipc_cage m = {
	    .change_user = u->change,
	    .uid = u->uid,
	    .gid = u->gid,
	    .parent = (uint64_t)getpid(),
	    .virtual_clock = s->opt.virtual_clock,
	    .log_level = (uint8_t)s->opt.level,
	    .lock_all = s->conf.lock_all,
	    .sched_priority = s->conf.sched_priority,
	    .hardware = daemon_hardware_used(&s->hardware, role),
	};

	if (role == ROLE_SYNC)
		m.nofile = 4 * SUPER_SLOTS + SPARE_FDS;
	if (role == ROLE_KE)
		m.nofile = (uint16_t)(ke_connections(&s->conf) + SPARE_FDS);
	if (role == ROLE_DIAL)
		dial_ports(&s->conf, &m);
	return ipc_start_put(to, IPC_CAGE, &m);
}

static int
share(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* In one process there is nobody to share a socket with: it changes hands,
 * since a duplicate is something that clock simulators do not know. */
static int
give_socket(const struct super *s, int *fd)
{
	int given = s->opt.single ? *fd : share(*fd);

	if (s->opt.single)
		*fd = -1;
	return given;
}

static void
give_fds(struct super *s, const struct crew_member *m, int *fds, size_t *cnt)
{
	struct super_sockets *set = NULL;

	fds[DAEMON_FD_TIME] = fds[DAEMON_FD_CLOCK] = -1;
	if (m->role == ROLE_SYNC)
		fds[DAEMON_FD_TIME] = share(s->time_rw);
	if (m->role == ROLE_SERVE || m->role == ROLE_CTL)
		fds[DAEMON_FD_TIME] = share(s->time_ro);
	if (m->role == ROLE_CLOCK)
		fds[DAEMON_FD_CLOCK] = share(s->clock_rw);
	if (m->role == ROLE_SYNC || m->role == ROLE_SERVE ||
	    m->role == ROLE_CTL)
		fds[DAEMON_FD_CLOCK] = share(s->clock_ro);
	*cnt = DAEMON_FD_OWN;
	if (m->role == ROLE_CTL && s->control >= 0)
		fds[(*cnt)++] = give_socket(s, &s->control);
	if (m->role == ROLE_SERVE)
		set = &s->ntp[m->place % SUPER_WORKERS_MAX];
	if (set)
		daemon_hardware_sockets(&s->hardware, set->fds, set->cnt);
	if (m->role == ROLE_KE)
		set = &s->ke[m->place % SUPER_WORKERS_MAX];
	for (size_t i = 0; set && i < set->cnt; i++)
		fds[(*cnt)++] = give_socket(s, &set->fds[i]);
	*cnt += daemon_hardware_share(&s->hardware, m->role, fds + *cnt);
}

int
daemon_provision_role(void *ctx, struct crew_member *m, struct ipc_start *to,
    int fds[DAEMON_ROLE_FDS_MAX], size_t *fd_cnt)
{
	struct collector c = {.to = to, .place = m->place};
	struct super *s = ctx;
	int err = put_cage(s, m->role, to);

	if (err == 0)
		err = role_data(s, m->role, &c);
	if (err < 0)
		return err;
	if (m->role == ROLE_SYNC && !s->cookies_handed) {
		s->cookies_handed = true;
		daemon_store_take_cookies(s, to);
	}
	m->environment = daemon_environ_of(s, m->role, to);
	give_fds(s, m, fds, fd_cnt);
	return 0;
}

uint64_t
daemon_provision_hash(struct super *s, enum role role)
{
	struct ipc_start data = {0};
	struct collector c = {.to = &data, .hashing = true};
	uint64_t hash = 0;

	/* Its cage too: the ports that dial may connect to. */
	if (put_cage(s, role, &data) == 0 && role_data(s, role, &c) == 0)
		hash = siphash_24(s->hash_key, data.data, data.len);
	ipc_start_fini(&data);
	return hash;
}
