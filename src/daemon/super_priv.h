/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role super, between its files: super.c is its life; options.c the command
 * line; setup.c what is made before the cage (directories, pages, accounts);
 * listen.c the ports; provision.c start data out of the configuration;
 * environ.c the environment of the roles; store.c what outlives us on disc; crewing.c which roles there are to be, and
 * SIGHUP.
 */
#ifndef DAEMON_SUPER_PRIV_H
#define DAEMON_SUPER_PRIV_H

#include "base/siphash.h"
#include "conf/conf.h"
#include "conf/leaplist.h"
#include "crew_priv.h"
#include "crypto/mac.h"
#include "daemon/hardware.h"
#include "nts/keyring.h"

#define SUPER_WORKERS_MAX   64
#define SUPER_SOCKETS_MAX   8 /* addresses that one worker listens on */
#define SUPER_SLOTS         64
#define SUPER_KEYS_MAX      256
#define SUPER_PATHS_MAX     64
#define SUPER_ENVIRON_MAX   256

#define DAEMON_ZONEINFO     "/usr/share/zoneinfo"
#define SUPER_LEAP_PATH_MAX (CONF_PATH_MAX + sizeof DAEMON_ZONEINFO)

struct super_options {
	const char *conf_path;
	bool virtual_clock; /* -x */
	bool foreground;    /* -d */
	bool single;
	enum os_log_level level;
};

struct super_user {
	bool change;
	bool borrowed; /* nobody's: others may have it too */
	uid_t uid;
	gid_t gid;
};

/* The sockets of one worker. */
struct super_sockets {
	int fds[SUPER_SOCKETS_MAX];
	size_t cnt;
};

/* The symmetric keys of `keyfile`. */
struct super_keys {
	struct crypto_mac_key at[SUPER_KEYS_MAX];
	size_t cnt;
};

/* Slots are given to sources once and kept over reloads. */
struct super_slots {
	struct {
		char name[CONF_NAME_MAX];
		uint16_t cnt; /* 0: free */
		uint8_t kind;
		uint16_t port, ntsport; /* one name may have several servers */
	} at[SUPER_SLOTS];
	uint16_t ever; /* highest ever given, plus one */
};

struct super {
	struct super_options opt;
	struct conf conf;
	struct super_keys keys;
	struct net_loop *loop;
	struct rng rng;
	struct crew crew;
	char environment
	    [SUPER_ENVIRON_MAX]; /* of all roles; "": no word of it */
	struct super_user user;
	struct super_user clock_user;
	bool root;
	struct super_slots slots;
	int time_rw, time_ro, clock_rw, clock_ro;
	int control;      /* -1: none, or given away */
	bool has_pidfile; /* written by us */
	bool has_control;
	struct super_sockets ntp[SUPER_WORKERS_MAX];
	struct super_sockets ke[SUPER_WORKERS_MAX];
	uint64_t steer_secret; /* which client comes to which worker */
	struct hardware hardware;
	uint16_t ntp_cnt;
	uint16_t ke_cnt;
	struct nts_keyring ring;
	uint64_t seal_cnt; /* cookies sealed with its current key, about */
	struct net_timer rotate;
	uint8_t *saved_limits; /* as found or written last; owned */
	size_t saved_limits_len;
	struct ipc_clock_base base;
	bool base_known;
	struct wall last_known;
	bool drift_known;
	double drift_sps, drift_error_sps;
	double wander_log10, wander_error_log10;
	struct ipc_path paths[SUPER_SLOTS]; /* the latest first */
	size_t path_cnt;
	uint8_t hash_key[SIPHASH_KEY_LEN];
	uint64_t hash[ROLE_CNT]; /* of the start data in use, for reloads */
	uint32_t generation;     /* of that data, counting reloads */
	bool cookies_handed;
	struct conf_leaplist leaps; /* expires_s 0: none */
	uint8_t leap_state;
	char leap_path[SUPER_LEAP_PATH_MAX];
	struct net_timer leap_timer;
	int code;
	bool stopping;
};

/* options.c: 0, or the exit code plus one. */
int daemon_options_parse(struct super_options *o, int argc, char **argv);

/* setup.c: 0, or an error after one clear sentence in the log. */
void daemon_setup_limits(const struct super *s);
int daemon_setup_users(struct super *s);
int daemon_setup_dirs(struct super *s);
int daemon_setup_pages(struct super *s);
int daemon_setup_certs(const struct conf *c, int64_t now_s);
int daemon_setup_cage(struct super *s);

/* listen.c */
int daemon_listen_open(struct super *s, const struct conf *c, bool start);
int daemon_listen_move(struct super *s, const struct conf *c);
int daemon_listen_control(struct super *s);
bool daemon_listen_same(const struct conf *a, const struct conf *b);
void daemon_listen_leave(struct super *s, enum role role, uint16_t place);
bool daemon_listen_whole(const struct super *s);
void daemon_listen_close(struct super *s);

/* slots.c: the first slot of a source, SUPER_SLOTS when it has none; how many
 * it is to have; give each its own. */
size_t daemon_slots_find(const struct super *s, const struct conf_source *src);
uint16_t daemon_slots_wanted(const struct conf_source *src);
void daemon_slots_give(struct super *s);

/* provision.c */
int daemon_provision_role(void *ctx, struct crew_member *m,
    struct ipc_start *to, int fds[DAEMON_ROLE_FDS_MAX], size_t *fd_cnt);
void daemon_provision_sources(struct super *s,
    void (*give)(void *arg, unsigned type, const void *msg), void *arg);
void daemon_provision_clock(const struct super *s, struct ipc_clock_conf *m);
void daemon_provision_ctl(const struct super *s, struct ipc_ctl_conf *m);
void daemon_provision_ring(const struct super *s, struct ipc_key_ring *m);
uint64_t daemon_provision_hash(struct super *s, enum role role);

/* environ.c: the administrator's word, noted before our cage takes it; the one
 * variable of a role that starts with these data, or NULL. */
void daemon_environ_read(struct super *s);
const char *daemon_environ_of(
    const struct super *s, enum role role, const struct ipc_start *start);

/* store.c */
void daemon_store_load(struct super *s);
void daemon_store_drift(struct super *s, const struct ipc_drift_save *m);
void daemon_store_path(struct super *s, const struct ipc_path *m);
void daemon_store_paths(struct super *s);
void daemon_store_time(struct super *s, const struct ipc_time_confirmed *m);
bool daemon_store_limits(struct super *s, const struct ipc_budget_ask *m);
void daemon_store_cookies(struct super *s, const struct ipc_cookies *m);
void daemon_store_take_cookies(struct super *s, struct ipc_start *to);
void daemon_store_ring(struct super *s);
void daemon_store_load_ring(struct super *s);
int daemon_store_pid(struct super *s);
void daemon_store_unpid(struct super *s);
int daemon_store_keys(const struct conf *c, struct super_keys *keys);

/* leap.c */
void daemon_leap_read(struct super *s);
void daemon_leap_message(const struct super *s, struct ipc_leap_list *m);
int daemon_leap_init(struct super *s);

/* crewing.c: which roles there are to be. */
int daemon_crewing_begin(struct super *s);
void daemon_crewing_reload(struct super *s);
void daemon_crewing_retire(struct super *s, const struct crew_member *by);

/* workers.c: how many a configuration wants here, and where; -1: anywhere. */
unsigned daemon_workers_serve_cnt(const struct conf *c);
unsigned daemon_workers_ke_cnt(const struct conf *c);
int daemon_workers_cpu(const struct conf *c, unsigned place);
bool daemon_workers_dial(const struct conf *c);

#endif
