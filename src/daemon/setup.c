/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What super makes ready before its cage closes: accounts, directories, the
 * time pages, the judgement of certificates, and the cage itself.  Each
 * failure is one sentence that says what to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timepage.h"
#include "net/tls.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/timepage.h"
#include "sandbox/account.h"
#include "sandbox/cage.h"
#include "super_priv.h"

#define PEM_MAX (4U << 20)

/* What the roles may later take without privilege. */
static void
raise_limit(int which, rlim_t value, const char *directive)
{
	struct rlimit r = {.rlim_cur = value, .rlim_max = value};

	if (setrlimit((__rlimit_resource_t)which, &r) < 0)
		os_log_warn("%s needs more privilege than there is", directive);
}

void
daemon_setup_limits(const struct super *s)
{
	if (s->conf.lock_all)
		raise_limit(RLIMIT_MEMLOCK, RLIM_INFINITY, "lock_all");
	if (s->conf.sched_priority > 0)
		raise_limit(
		    RLIMIT_RTPRIO, s->conf.sched_priority, "sched_priority");
}

static void
find_user(const char *name, struct super_user *u, bool *warned)
{
	struct sandbox_user found;

	if (sandbox_user_find(name, &found) < 0) {
		if (!*warned)
			os_log_warn(
			    "account missing, its roles run as nobody "
			    "account=%s create=\"useradd --system "
			    "--no-create-home --shell /usr/sbin/nologin %s\"",
			    name, name);
		*warned = true;
		u->borrowed = true;
		if (sandbox_user_find(SANDBOX_NOBODY, &found) < 0)
			found = (struct sandbox_user){65534, 65534};
	}
	u->change = true;
	u->uid = found.uid;
	u->gid = found.gid;
}

int
daemon_setup_users(struct super *s)
{
	const char *name = s->conf.user[0] ? s->conf.user : SANDBOX_USER;
	bool warned = false;

	s->root = geteuid() == 0;
	if (!s->root) {
		os_log_info("not started as root: all roles run as uid %u",
		    (unsigned)geteuid());
	} else if (strcmp(name, "root") != 0 && !s->opt.single) {
		find_user(name, &s->user, &warned);
		find_user(SANDBOX_CLOCKUSER, &s->clock_user, &warned);
	}
	if (!s->opt.virtual_clock && !os_clock_may_adjust()) {
		os_log_error(
		    "the clock cannot be adjusted: start as root, or "
		    "with CAP_SYS_TIME, or with -x to leave the clock alone");
		return ERR_DENIED;
	}
	return 0;
}

/* A directory and what is above it. */
static int
make_dirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof part)
		return ERR_BAD;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (os_file_mkdir(part, i == len ? mode : 0755) < 0)
			return ERR_SYSTEM;
	}
	return 0;
}

static int
make_dir(const char *path, mode_t mode, const char *directive)
{
	if (path[0] == '\0')
		return 0;
	if (make_dirs(path, mode) < 0) {
		os_log_error("directory cannot be made: choose another with "
			     "%s, or create it path=%s reason=\"%s\"",
		    directive, path, strerror(errno));
		return ERR_SYSTEM;
	}
	if (access(path, W_OK) < 0) {
		os_log_error("directory is not writable: choose another with "
			     "%s, or change its mode path=%s",
		    directive, path);
		return ERR_DENIED;
	}
	return 0;
}

/* What is kept there makes the next start quicker, no more. */
static void
want_dir(const char *path, const char *directive)
{
	if (path[0] == '\0')
		return;
	if (make_dirs(path, 0750) < 0 || access(path, W_OK) < 0)
		os_log_warn("directory is of no use, nothing is kept there "
			    "directive=%s path=%s reason=\"%s\"",
		    directive, path, strerror(errno));
}

static void
warn_open(const char *path)
{
	struct os_file_facts f;

	if (os_file_facts(path, &f) == 0 && f.others_write)
		os_log_warn("directory is writable by others path=%s "
			    "run=\"chmod go-w %s\"",
		    path, path);
}

int
daemon_setup_dirs(struct super *s)
{
	umask(022);
	if (make_dir(s->conf.statedir, 0750, "statedir") < 0 ||
	    make_dir(s->conf.rundir, 0755, "rundir") < 0)
		return ERR_SYSTEM;
	want_dir(s->conf.ntsdumpdir, "ntsdumpdir");
	want_dir(s->conf.dumpdir, "dumpdir");
	warn_open(s->conf.statedir);
	return 0;
}

static int
make_page(const char *dir, const char *name, int *rw, int *ro)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return ERR_BAD;
	*rw = os_timepage_create(path);
	*ro = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*rw < 0 || *ro < 0) {
		os_log_error("time page cannot be made path=%s reason=\"%s\"",
		    path, strerror(errno));
		return ERR_SYSTEM;
	}
	return 0;
}

int
daemon_setup_pages(struct super *s)
{
	if (make_page(s->conf.rundir, "time", &s->time_rw, &s->time_ro) < 0)
		return ERR_SYSTEM;
	return make_page(s->conf.rundir, "clock", &s->clock_rw, &s->clock_ro);
}

static int
check_pair(const char *cert, const char *key, int64_t now_s)
{
	struct net_tls_pair pair = {0};
	uint8_t *chain = NULL, *secret = NULL;
	char why[256];
	int err;

	if (os_file_read(cert, 0, PEM_MAX, &chain, &pair.chain.len) < 0) {
		os_log_error("certificate cannot be read: check the path and "
			     "its mode file=%s reason=\"%s\"",
		    cert, strerror(errno));
		return ERR_BAD;
	}
	if (os_file_read(key, 0, PEM_MAX, &secret, &pair.key.len) < 0) {
		os_log_error("private key cannot be read: check the path and "
			     "its mode file=%s reason=\"%s\"",
		    key, strerror(errno));
		os_file_free(chain, pair.chain.len);
		return ERR_BAD;
	}
	pair.chain.data = chain;
	pair.chain.name = cert;
	pair.key.data = secret;
	pair.key.name = key;
	err = net_tls_pair_check(&pair, now_s, why, sizeof why);
	if (err == ERR_DENIED)
		os_log_warn("%s", why);
	else if (err < 0)
		os_log_error("%s", why);
	os_file_free(chain, pair.chain.len);
	os_file_free(secret, pair.key.len);
	return err == ERR_DENIED ? 0 : err;
}

static void
warn_key(const char *path)
{
	struct os_file_facts f;

	if (os_file_facts(path, &f) == 0 && (f.mode & 07) != 0)
		os_log_warn("private key is open to everybody file=%s "
			    "run=\"chmod o-rwx %s\"",
		    path, path);
}

int
daemon_setup_certs(const struct conf *c, int64_t now_s)
{
	int err = 0;

	for (uint32_t i = 0; i < c->cert_cnt && i < c->key_cnt; i++) {
		warn_key(c->ntsserverkey[i]);
		if (check_pair(c->ntsservercert[i], c->ntsserverkey[i], now_s) <
		    0)
			err = ERR_BAD;
	}
	return err;
}

struct paths {
	struct sandbox_path at[SUPER_PATHS_MAX];
	char text[SUPER_PATHS_MAX][CONF_PATH_MAX];
	size_t cnt;
};

/* The directory of a file, or the path itself when it is one. */
static void
allow(struct paths *p, const char *path, unsigned access, bool of_file)
{
	char *slash;

	if (path[0] != '/' || p->cnt == SUPER_PATHS_MAX)
		return;
	snprintf(p->text[p->cnt], CONF_PATH_MAX, "%s", path);
	slash = strrchr(p->text[p->cnt], '/');
	if (of_file && slash && slash != p->text[p->cnt])
		*slash = '\0';
	p->at[p->cnt] =
	    (struct sandbox_path){.path = p->text[p->cnt], .access = access};
	p->cnt++;
}

static void
allow_configured(struct paths *p, const struct conf *c)
{
	unsigned rw = SANDBOX_READ | SANDBOX_WRITE;

	allow(p, c->statedir, rw, false);
	allow(p, c->rundir, rw, false);
	allow(p, c->ntsdumpdir, rw, false);
	allow(p, c->dumpdir, rw, false);
	allow(p, c->driftfile, rw, true);
	allow(p, c->pidfile, rw, true);
	allow(p, c->controlsocket, rw, true);
	allow(p, c->keyfile, SANDBOX_READ, true);
	allow(p, c->leapseclist, SANDBOX_READ, true);
	allow(p, DAEMON_ZONEINFO, SANDBOX_READ, false);
	for (uint32_t i = 0; i < c->file_cnt; i++)
		allow(p, c->file[i], SANDBOX_READ, true);
	for (uint32_t i = 0; i < c->dir_cnt; i++)
		allow(p, c->sourcedir[i], SANDBOX_READ, false);
	for (uint32_t i = 0; i < c->cert_cnt; i++)
		allow(p, c->ntsservercert[i], SANDBOX_READ, true);
	for (uint32_t i = 0; i < c->key_cnt; i++)
		allow(p, c->ntsserverkey[i], SANDBOX_READ, true);
	for (uint32_t i = 0; i < c->trust_cnt; i++)
		allow(p, c->trust[i].path, SANDBOX_READ, true);
}

/* Roles are this very program: it must be readable, wherever it lies. */
static void
allow_self(struct paths *p)
{
	char self[CONF_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return;
	self[n] = '\0';
	allow(p, self, SANDBOX_READ | SANDBOX_EXEC, true);
}

int
daemon_setup_cage(struct super *s)
{
	struct paths paths = {.cnt = 0};
	struct sandbox_plan plan;
	struct sandbox_state state;
	char text[SANDBOX_TEXT_MAX];

	sandbox_plan_init(&plan, ROLE_SUPER);
	allow_configured(&paths, &s->conf);
	allow_self(&paths);
	plan.flags = s->opt.virtual_clock ? SANDBOX_VIRTUAL : 0;
	if (s->hardware.more_looks) {
		plan.flags |= SANDBOX_HARDWARE;
		allow(&paths, "/dev", SANDBOX_READ | SANDBOX_DEVICE, false);
	}
	plan.paths = paths.at;
	plan.path_cnt = paths.cnt;
	plan.log_fd = STDERR_FILENO;
	plan.nofile_max = 4096;
	if (!s->root)
		plan.caps &= 1ULL << 25; /* CAP_SYS_TIME, if inherited */
	if (sandbox_enter(&plan, &state, text) < 0 ||
	    sandbox_selftest(&plan, &state, text) < 0) {
		os_log_error("cage does not hold: %s", text);
		return ERR_DENIED;
	}
	if (!sandbox_built())
		os_log_warn("this build runs without seccomp and Landlock");
	os_log_info(
	    "role up role=super %s", sandbox_report(&plan, &state, text));
	return 0;
}
