/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which roles there are to be, at the start and after a reload.  A reload
 * gives sync its changed sources by message; changed listeners, rules or
 * certificates start new workers, and the old ones leave when those are up.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/conffile.h"
#include "os/clock.h"
#include "super_priv.h"

#define LINGER_S 2 /* an exchange of keys takes no longer */

static int
add(struct super *s, enum role role, uint16_t place)
{
	struct crew_member *m = daemon_crew_add(&s->crew, role, place);

	if (!m) {
		os_log_error("too many roles");
		return ERR_FULL;
	}
	m->generation = s->generation;
	daemon_crew_start(m);
	return 0;
}

static int
add_workers(struct super *s, enum role role, unsigned cnt)
{
	int err = 0;

	for (unsigned i = 0; i < cnt && err == 0; i++)
		err = add(s, role, (uint16_t)i);
	if (cnt > 0)
		s->hash[role] = daemon_provision_hash(s, role);
	return err;
}

int
daemon_crewing_begin(struct super *s)
{
	int err = add(s, ROLE_CLOCK, 0);

	if (err == 0)
		err = add(s, ROLE_CTL, 0);
	if (err == 0)
		err = add(s, ROLE_DNS, 0);
	if (err == 0 && daemon_workers_dial(&s->conf))
		err = add_workers(s, ROLE_DIAL, 1);
	if (err == 0)
		err = add(s, ROLE_SYNC, 0);
	if (err == 0)
		err = add_workers(s, ROLE_SERVE, s->ntp_cnt);
	if (err == 0)
		err = add_workers(s, ROLE_KE, s->ke_cnt);
	return err;
}

/* ---- reload ---- */

static bool
in_service(const struct crew_member *m, enum role role)
{
	return m->role == role && m->phase != CREW_FREE &&
	    m->phase != CREW_LEAVING;
}

static void
leave(struct crew_member *m)
{
	daemon_crew_stop(m, m->role == ROLE_SERVE ? 0 : LINGER_S);
}

/* Once every worker of a new generation is up, the older ones finish what
 * they hold and go; sockets are shared, so nothing is lost in between. */
void
daemon_crewing_retire(struct super *s, const struct crew_member *by)
{
	for (size_t i = 0; i < CREW_MAX; i++) {
		const struct crew_member *m = &s->crew.members[i];

		if (in_service(m, by->role) &&
		    m->generation == by->generation && m->phase != CREW_UP)
			return;
	}
	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_member *m = &s->crew.members[i];

		if (in_service(m, by->role) && m->generation < by->generation)
			leave(m);
	}
}

static void
replace(struct super *s, enum role role, unsigned cnt)
{
	uint64_t hash = cnt > 0 ? daemon_provision_hash(s, role) : 0;

	if (hash == s->hash[role])
		return;
	if (cnt > 0 && hash == 0) {
		os_log_error(
		    "role keeps its old settings role=%s", role_name(role));
		return;
	}
	s->hash[role] = hash;
	for (unsigned i = 0; i < cnt; i++)
		if (add(s, role, (uint16_t)i) < 0)
			return;
	for (size_t i = 0; cnt == 0 && i < CREW_MAX; i++)
		if (in_service(&s->crew.members[i], role))
			leave(&s->crew.members[i]);
}

static void
log_faults(const struct conf_faults *faults)
{
	char line[CONF_FAULT_LINE];

	for (uint32_t i = 0; i < faults->cnt; i++) {
		conf_fault_text(&faults->list[i], line);
		if (faults->list[i].severity == CONF_ERROR)
			os_log_error("%s", line);
		else
			os_log_warn("%s", line);
	}
}

static void
free_conf(struct conf *c)
{
	if (c)
		conf_fini(c);
	free(c);
}

/* Everything that can fail is tried before anything changes. */
static struct conf *
read_new(struct super *s, struct super_keys *keys)
{
	struct conf_faults *faults = calloc(1, sizeof *faults);
	struct conf *c = calloc(1, sizeof *c);
	int err = faults && c ? 0 : ERR_FULL;

	if (err == 0) {
		err = daemon_conffile_load(c, s->opt.conf_path, faults);
		log_faults(faults);
	}
	if (err == 0)
		err =
		    daemon_setup_certs(c, os_clock_real().ns / TSTAMP_NS_PER_S);
	if (err == 0)
		err = daemon_store_keys(c, keys);
	free(faults);
	if (err == 0)
		return c;
	free_conf(c);
	return NULL;
}

static void
tell(void *arg, unsigned type, const void *msg)
{
	struct super *s = arg;

	daemon_crew_send(&s->crew, ROLE_SYNC, type, msg);
}

static void
keep(char *to, const char *of, size_t size, const char *directive)
{
	if (strcmp(to, of) == 0)
		return;
	os_log_warn("takes effect at the next start directive=%s", directive);
	memcpy(to, of, size);
}

/* What was opened, made or given up before the cage closed stays. */
static void
keep_fixed(const struct super *s, struct conf *c)
{
	const struct conf *was = &s->conf;

	keep(c->statedir, was->statedir, sizeof c->statedir, "statedir");
	keep(c->rundir, was->rundir, sizeof c->rundir, "rundir");
	keep(c->pidfile, was->pidfile, sizeof c->pidfile, "pidfile");
	keep(c->controlsocket, was->controlsocket, sizeof c->controlsocket,
	    "controlsocket");
	keep(c->user, was->user, sizeof c->user, "user");
	if (s->hardware.more_looks)
		return;
	if (c->hardware_cnt != was->hardware_cnt ||
	    memcmp(c->hardware, was->hardware, sizeof c->hardware) != 0)
		os_log_warn("takes effect at the next start "
			    "directive=hwtimestamp");
}

/* Clocks of interfaces are inherited, so who reads them starts anew when they
 * are not the same any more.  sync writes a page that has one writer: it goes
 * before it comes back, and saves what it knows. */
static void
look_at_hardware(struct super *s)
{
	struct crew_member *sync = daemon_crew_find(&s->crew, ROLE_SYNC, 0);

	if (!s->hardware.more_looks ||
	    !daemon_hardware_look(&s->hardware, &s->conf))
		return;
	os_log_info("interfaces with hardware stamps have changed, who uses "
		    "them starts anew");
	s->hash[ROLE_SERVE] = 1; /* no such data */
	s->cookies_handed = false;
	if (sync)
		daemon_crew_restart(sync);
}

static void
take_new(struct super *s, struct conf *c, bool listen)
{
	bool had_nts = conf_serves_nts(&s->conf);
	struct ipc_clock_conf clock;
	struct ipc_ctl_conf ctl;

	conf_move(&s->conf, c);
	c = &s->conf;
	s->generation++;
	look_at_hardware(s);
	daemon_leap_read(s);
	if (conf_serves_nts(c) && !had_nts)
		daemon_store_load_ring(s);
	daemon_slots_give(s);
	daemon_provision_clock(s, &clock);
	daemon_crew_send(&s->crew, ROLE_CLOCK, IPC_CLOCK_CONF, &clock);
	daemon_provision_sources(s, tell, s);
	daemon_provision_ctl(s, &ctl);
	daemon_crew_send(&s->crew, ROLE_CTL, IPC_CTL_CONF, &ctl);
	if (listen)
		s->hash[ROLE_SERVE] = s->hash[ROLE_KE] = 1; /* no such data */
	replace(s, ROLE_DIAL, daemon_workers_dial(&s->conf));
	replace(s, ROLE_SERVE, s->ntp_cnt);
	replace(s, ROLE_KE, s->ke_cnt);
}

void
daemon_crewing_reload(struct super *s)
{
	struct super_keys *keys = calloc(1, sizeof *keys);
	struct conf *c = keys ? read_new(s, keys) : NULL;
	bool listen =
	    c && (!daemon_listen_same(&s->conf, c) || !daemon_listen_whole(s));

	if (!c || (listen && daemon_listen_move(s, c) < 0)) {
		os_log_error("reload failed, the old configuration stays "
			     "file=%s",
		    s->opt.conf_path);
	} else {
		s->keys = *keys;
		keep_fixed(s, c);
		take_new(s, c, listen);
		os_log_info("configuration reloaded file=%s", s->opt.conf_path);
	}
	if (keys)
		explicit_bzero(keys, sizeof *keys);
	free(keys);
	free_conf(c);
}
