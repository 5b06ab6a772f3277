/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What outlives the daemon, in STATEDIR: drift, last known time, the state
 * of the clock's limits, the cookie key ring, saved client cookies, and the
 * pid file.  Super alone writes; every write is whole or not at all, and a
 * failing disc is logged and survived.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "conf/driftfile.h"
#include "conf/lines.h"
#include "crypto/keyfile.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "super_priv.h"

#define SMALL_MAX 4096
#define KEYS_MAX  (1U << 20)

static const char *
state_path(const struct super *s, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", s->conf.statedir, name);
	return path;
}

static const char *
nts_path(const struct super *s, const char *name, char path[PATH_MAX])
{
	const char *dir =
	    s->conf.ntsdumpdir[0] ? s->conf.ntsdumpdir : s->conf.statedir;

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

static const char *
drift_path(const struct super *s, char path[PATH_MAX])
{
	if (s->conf.driftfile[0] == '\0')
		return state_path(s, "drift", path);
	snprintf(path, PATH_MAX, "%s", s->conf.driftfile);
	return path;
}

static void
write_state(const char *path, const void *data, size_t len, mode_t mode)
{
	if (os_file_write(path, data, len, mode) < 0)
		os_log_warn("state cannot be written, time keeps running "
			    "file=%s reason=\"%s\"",
		    path, strerror(errno));
}

static void
load_drift(struct super *s)
{
	char path[PATH_MAX];
	struct conf_drift d;
	uint8_t *data;
	size_t len;

	if (os_file_read(drift_path(s, path), 0, SMALL_MAX, &data, &len) < 0)
		return;
	if (conf_drift_parse(&d, (const char *)data, len) == 0) {
		s->drift_known = true;
		/* The file has the error of the clock, we its correction. */
		s->drift_sps = -d.freq_ppm * 1e-6;
		s->drift_error_sps = d.skew_ppm * 1e-6;
		s->wander_log10 = d.wander_log10;
		s->wander_error_log10 = d.wander_error_log10;
	} else {
		os_log_warn("drift file makes no sense, ignored file=%s", path);
	}
	os_file_free(data, len);
}

/* DUMPDIR/paths: an address and the least delay to it a line. */
static const char *
paths_path(const struct super *s, char path[PATH_MAX])
{
	if (s->conf.dumpdir[0] == '\0')
		return state_path(s, "paths", path);
	snprintf(path, PATH_MAX, "%s/paths", s->conf.dumpdir);
	return path;
}

static void
load_paths(struct super *s)
{
	char path[PATH_MAX], addr[ADDR_TEXT_MAX];
	uint8_t *data;
	size_t len;
	int used = 0;
	double delay_s;

	if (os_file_read(paths_path(s, path), OS_FILE_NOFOLLOW, 16 * SMALL_MAX,
		&data, &len) < 0)
		return;
	for (const char *at = (const char *)data; s->path_cnt < SUPER_SLOTS &&
	     sscanf(at, "%63s %lf%n", addr, &delay_s, &used) == 2;
	     at += used) {
		struct ipc_path *p = &s->paths[s->path_cnt];

		if (addr_parse(&p->addr, addr) == 0 && delay_s > 0 &&
		    delay_s < 100) {
			p->base_delay_s = delay_s;
			s->path_cnt++;
		}
	}
	os_file_free(data, len);
}

static void
load_time(struct super *s)
{
	char path[PATH_MAX];
	uint8_t *data;
	size_t len;
	long long t;

	s->last_known = (struct wall){BUILD_EPOCH * TSTAMP_NS_PER_S};
	if (os_file_read(state_path(s, "last-time", path), OS_FILE_NOFOLLOW,
		SMALL_MAX, &data, &len) < 0)
		return;
	t = strtoll((const char *)data, NULL, 10);
	if (t > BUILD_EPOCH && t < INT64_MAX / TSTAMP_NS_PER_S)
		s->last_known = (struct wall){t * TSTAMP_NS_PER_S};
	os_file_free(data, len);
}

static void
load_limits(struct super *s)
{
	char path[PATH_MAX];

	if (os_file_read(state_path(s, "clock-limits", path), OS_FILE_NOFOLLOW,
		IPC_LIMITS_MAX, &s->saved_limits, &s->saved_limits_len) < 0)
		s->saved_limits = NULL;
}

void
daemon_store_ring(struct super *s)
{
	char path[PATH_MAX];
	uint8_t buf[NTS_KEYRING_FILE_LEN];

	nts_keyring_encode(&s->ring, buf);
	write_state(nts_path(s, "cookie-keys", path), buf, sizeof buf, 0600);
	wipe_bytes(buf, sizeof buf);
}

void
daemon_store_load_ring(struct super *s)
{
	struct dur period = {s->conf.ntsrotate_s * TSTAMP_NS_PER_S};
	struct wall now = os_clock_real();
	char path[PATH_MAX];
	uint8_t *data = NULL;
	size_t len = 0;
	int err = os_file_read(nts_path(s, "cookie-keys", path),
	    OS_FILE_NOFOLLOW | OS_FILE_PRIVATE, SMALL_MAX, &data, &len);

	if (err == ERR_DENIED)
		os_log_warn("cookie keys not taken from a link or a file that "
			    "others may read, new ones are made file=%s",
		    path);
	if (err == 0)
		err = nts_keyring_decode(&s->ring, data, len);
	if (data)
		os_file_free(data, len);
	if (err < 0)
		nts_keyring_init(&s->ring, now, &s->rng);
	else if (nts_keyring_catch_up(&s->ring, now, period, &s->rng) == 0)
		return;
	daemon_store_ring(s);
}

void
daemon_store_load(struct super *s)
{
	load_drift(s);
	load_paths(s);
	load_time(s);
	load_limits(s);
	if (conf_serves_nts(&s->conf))
		daemon_store_load_ring(s);
}

void
daemon_store_drift(struct super *s, const struct ipc_drift_save *m)
{
	struct conf_drift d = {
	    .freq_ppm = -m->freq_sps * 1e6,
	    .skew_ppm = m->error_sps * 1e6,
	    .wander_log10 = m->wander_log10,
	    .wander_error_log10 = m->wander_error_log10,
	};
	char path[PATH_MAX], text[CONF_DRIFT_TEXT];
	int len = conf_drift_print(&d, text);

	if (len > 0)
		write_state(drift_path(s, path), text, (size_t)len, 0644);
}

/* Kept in memory until daemon_store_paths; the newest push out the oldest. */
void
daemon_store_path(struct super *s, const struct ipc_path *m)
{
	size_t i = 0;

	while (i < s->path_cnt && !addr_same_host(&s->paths[i].addr, &m->addr))
		i++;
	if (i == s->path_cnt && s->path_cnt < SUPER_SLOTS)
		s->path_cnt++;
	if (i == SUPER_SLOTS)
		i = SUPER_SLOTS - 1;
	memmove(&s->paths[1], &s->paths[0], i * sizeof s->paths[0]);
	s->paths[0] = *m;
}

void
daemon_store_paths(struct super *s)
{
	char path[PATH_MAX], text[SUPER_SLOTS * (ADDR_TEXT_MAX + 32)];
	char addr[ADDR_TEXT_MAX];
	size_t len = 0;

	if (s->path_cnt == 0)
		return;
	for (size_t i = 0; i < s->path_cnt; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		    "%s %.9f\n", addr_text(&s->paths[i].addr, addr),
		    s->paths[i].base_delay_s);
	write_state(paths_path(s, path), text, len, 0644);
}

void
daemon_store_time(struct super *s, const struct ipc_time_confirmed *m)
{
	char path[PATH_MAX], text[32];
	int len = snprintf(text, sizeof text, "%lld\n",
	    (long long)(m->wall.ns / TSTAMP_NS_PER_S));

	if (m->wall.ns > s->last_known.ns)
		s->last_known = m->wall;
	write_state(state_path(s, "last-time", path), text, (size_t)len, 0644);
}

bool
daemon_store_limits(struct super *s, const struct ipc_budget_ask *m)
{
	char path[PATH_MAX];
	uint8_t *copy;

	if (os_file_write(state_path(s, "clock-limits", path), m->saved,
		m->saved_len, 0600) < 0) {
		os_log_warn("state of the clock's limits cannot be written: "
			    "its budget will run out file=%s reason=\"%s\"",
		    path, strerror(errno));
		return false;
	}
	copy = malloc(m->saved_len + 1);
	if (!copy)
		return true;
	memcpy(copy, m->saved, m->saved_len);
	free(s->saved_limits);
	s->saved_limits = copy;
	s->saved_limits_len = m->saved_len;
	return true;
}

/* Host names are checked by conf; what could leave the directory is not
 * let through all the same. */
static void
cookie_name(const char *host, unsigned port, unsigned place,
    char name[CONF_NAME_MAX + 32])
{
	char safe[CONF_NAME_MAX];
	size_t i = 0;

	for (; host[i] != '\0' && i < sizeof safe - 1; i++)
		safe[i] = host[i] == '/' || host[i] == '.' ? '_' : host[i];
	safe[i] = '\0';
	snprintf(name, CONF_NAME_MAX + 32, "cookies-%s-%u-%u.nts", safe, port,
	    place);
}

void
daemon_store_cookies(struct super *s, const struct ipc_cookies *m)
{
	char name[CONF_NAME_MAX + 32], path[PATH_MAX];

	cookie_name(m->host, m->ke_port, m->place, name);
	write_state(nts_path(s, name, path), m->blob, m->len, 0600);
}

/* Handed over once; the file goes first, so that no cookie is used twice. */
static void
take_cookie(struct super *s, const struct conf_source *src, unsigned place,
    struct ipc_start *to)
{
	char name[CONF_NAME_MAX + 32], path[PATH_MAX];
	struct ipc_cookies m = {
	    .ke_port = src->ntsport, .place = (uint16_t)place};
	uint8_t *data;
	size_t len;

	cookie_name(src->name, src->ntsport, place, name);
	if (os_file_read(nts_path(s, name, path),
		OS_FILE_NOFOLLOW | OS_FILE_PRIVATE, IPC_BLOB_MAX, &data,
		&len) < 0)
		return;
	if (os_file_remove(path) == 0) {
		snprintf(m.host, sizeof m.host, "%s", src->name);
		m.len = (uint32_t)len;
		memcpy(m.blob, data, len);
		if (ipc_start_put(to, IPC_COOKIES_SAVED, &m) < 0)
			os_log_warn("saved cookies are lost");
	}
	wipe_bytes(&m, sizeof m);
	os_file_free(data, len);
}

void
daemon_store_take_cookies(struct super *s, struct ipc_start *to)
{
	for (uint32_t i = 0; i < s->conf.source_cnt; i++) {
		const struct conf_source *src = &s->conf.source[i];
		unsigned cnt = src->kind == CONF_POOL ? src->maxsources : 1;

		for (unsigned j = 0; src->nts && j < cnt; j++)
			take_cookie(s, src, j, to);
	}
}

static bool
no_pidfile(const struct super *s)
{
	return s->conf.pidfile[0] == '\0' || strcmp(s->conf.pidfile, "/") == 0;
}

int
daemon_store_pid(struct super *s)
{
	char text[32];
	uint8_t *data;
	size_t len;
	pid_t old = 0;

	if (no_pidfile(s))
		return 0;
	if (os_file_read(s->conf.pidfile, OS_FILE_NOFOLLOW, SMALL_MAX, &data,
		&len) == 0) {
		old = (pid_t)strtol((const char *)data, NULL, 10);
		os_file_free(data, len);
	}
	if (old > 1 && old != getpid() && os_process_kill(old, 0) == 0) {
		os_log_error("another daemon is running pid=%d pidfile=%s: "
			     "stop it first",
		    (int)old, s->conf.pidfile);
		return ERR_DENIED;
	}
	len = (size_t)snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (os_file_write(s->conf.pidfile, text, len, 0644) < 0)
		os_log_warn("pid file cannot be written file=%s reason=\"%s\"",
		    s->conf.pidfile, strerror(errno));
	else
		s->has_pidfile = true;
	return 0;
}

void
daemon_store_unpid(struct super *s)
{
	if (s->has_pidfile && os_file_remove(s->conf.pidfile) < 0)
		os_log_warn("pid file cannot be removed");
}

static int
take_key(void *arg, const char *line, const char **why)
{
	struct super_keys *keys = arg;
	struct crypto_mac_key key;
	int err = crypto_keyfile_parse_line(&key, line, why);

	for (size_t i = 0; err == 0 && i < keys->cnt; i++)
		if (keys->at[i].id == key.id) {
			*why = "a key with this number stands above";
			err = ERR_BAD;
		}
	if (err == 0 && keys->cnt == SUPER_KEYS_MAX) {
		*why = "more than 256 keys";
		err = ERR_BAD;
	}
	if (err == 0)
		keys->at[keys->cnt++] = key;
	wipe_bytes(&key, sizeof key);
	return err;
}

static int
parse_keys(
    const char *path, const char *text, size_t len, struct super_keys *keys)
{
	struct conf_faults *faults = calloc(1, sizeof *faults);
	char line[CONF_FAULT_LINE];
	int err;

	if (!faults)
		return ERR_FULL;
	err = conf_lines_read(path, text, len, take_key, keys, faults);
	for (uint32_t i = 0; i < faults->cnt; i++)
		os_log_error("%s", conf_fault_text(&faults->list[i], line));
	free(faults);
	return err;
}

int
daemon_store_keys(const struct conf *c, struct super_keys *keys)
{
	uint8_t *data;
	size_t len;
	int err;

	wipe_bytes(keys, sizeof *keys);
	if (c->keyfile[0] == '\0')
		return 0;
	err = os_file_read(c->keyfile, OS_FILE_PRIVATE, KEYS_MAX, &data, &len);
	if (err == ERR_ABSENT) {
		os_log_warn("key file missing, sources with a key are not used "
			    "file=%s",
		    c->keyfile);
		return 0;
	}
	if (err == ERR_DENIED) {
		os_log_error("key file refused: others may read or write it "
			     "file=%s run=\"chmod 0600 %s\"",
		    c->keyfile, c->keyfile);
		return err;
	}
	if (err == ERR_ABSENT) {
		/* A source that needs a key has been refused before. */
		os_log_warn("no key file, keyed requests go unanswered "
			    "file=%s",
		    c->keyfile);
		return 0;
	}
	if (err < 0) {
		os_log_error("key file cannot be read file=%s reason=\"%s\"",
		    c->keyfile, strerror(errno));
		return err;
	}
	err = parse_keys(c->keyfile, (const char *)data, len, keys);
	os_file_free(data, len);
	return err;
}
