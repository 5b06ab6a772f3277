/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages that roles exchange: one fixed-size struct per type.  Who may
 * say what to whom is the table of ipc/permit.h; the bytes are ipc/frame.h's.
 */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clockcmd.h"
#include "base/report.h"
#include "base/tstamp.h"

#define IPC_NAME_MAX      256
#define IPC_TEXT_MAX      160
#define IPC_ADDRS_MAX     32
#define IPC_AEADS_MAX     8
#define IPC_COOKIES_MAX   8
#define IPC_COOKIE_MAX    512
#define IPC_KEY_MAX       64
#define IPC_SYM_KEY_MAX   128
#define IPC_BLOB_MAX      6144
#define IPC_RING_MAX      1024
#define IPC_LIMITS_MAX    256
#define IPC_PORTS_MAX     16
#define IPC_LEAPS_MAX     64
#define IPC_INTERFACE_MAX 16
#define IPC_RULES_MAX     128

enum ipc_type {
	IPC_NONE = 0,
	/* life of a role */
	IPC_CAGE,  /* super to any: how to put on the cage */
	IPC_READY, /* any to super: my cage holds, I work now */
	IPC_STOP,  /* super to any: save what matters and go */
	IPC_PEER,  /* super to sync and ctl: a role came or went */
	/* the clock */
	IPC_CLOCK_CONF,   /* super to clock: the limits */
	IPC_CLOCK_ADJUST, /* sync to clock */
	IPC_CLOCK_STEP,   /* sync to clock */
	IPC_CLOCK_TRUTH,  /* sync to clock */
	IPC_CLOCK_STATE,  /* clock to sync */
	IPC_CLOCK_BASE,   /* clock to super: what to restore after a death */
	IPC_BUDGET_ASK,   /* clock to super: write this down, then grant */
	IPC_BUDGET_GRANT, /* super to clock */
	/* names and keys */
	IPC_DNS_ASK,    /* sync to dns */
	IPC_DNS_ANSWER, /* dns to sync */
	IPC_KE_ASK,     /* sync to dial */
	IPC_KE_ANSWER,  /* dial to sync */
	/* configuration */
	IPC_SYNC_CONF,    /* super to sync */
	IPC_SOURCE_SET,   /* super to sync */
	IPC_SOURCES_END,  /* super to sync: sources not named since are gone */
	IPC_LEAP_LIST,    /* super to sync: replaces what it had */
	IPC_HARDWARE,     /* super to sync and serve, at the start only */
	IPC_SYM_KEY,      /* super to sync and serve */
	IPC_SERVE_CONF,   /* super to serve */
	IPC_ACCESS_RULES, /* super to serve and ke; several follow each other */
	IPC_KE_CONF,      /* super to ke */
	IPC_KEY_RING,     /* super to serve and ke */
	IPC_RING_USED,    /* serve to super: cookies sealed since the last */
	IPC_DIAL_CONF,    /* super to dial */
	IPC_CTL_CONF,     /* super to ctl; replaces what it had */
	/* what outlives us */
	IPC_COOKIES_SAVED,  /* super to sync: found on disc, now deleted */
	IPC_COOKIES_SAVE,   /* sync to super */
	IPC_DRIFT_SAVE,     /* sync to super */
	IPC_TIME_CONFIRMED, /* sync to super: last known time */
	IPC_PATH_SAVED,     /* super to sync: as found on disc */
	IPC_PATH_SAVE,      /* sync to super */
	/* reports, all to ctl */
	IPC_REPORT_SOURCE,
	IPC_REPORT_SYNC,
	IPC_REPORT_SERVE,
	IPC_REPORT_KE,
	IPC_REPORT_ROLE,
	IPC_REPORT_CLIENTS,
	IPC_TYPE_CNT,
};

/* First in every role's start data. */
struct ipc_cage {
	bool change_user;
	uint32_t uid;
	uint32_t gid;
	uint64_t parent; /* die with this process */
	bool virtual_clock;
	uint8_t log_level; /* enum os_log_level */
	uint16_t nofile;   /* descriptors it may have; 0: the role's own */
	uint8_t port_cnt;  /* TCP ports to dial; 0: any */
	uint16_t ports[IPC_PORTS_MAX];
	bool lock_all;
	uint8_t sched_priority; /* 0: none */
	bool hardware;          /* it reads clocks of interfaces */
};

struct ipc_ready {
	char cage[IPC_TEXT_MAX]; /* what holds it, for the log and status */
};

/* @linger_s: go on with what was begun for so long. */
struct ipc_stop {
	uint8_t linger_s;
};

struct ipc_peer {
	uint8_t role;
	uint16_t instance;
	bool up;
};

/* The limits of clock, DESIGN section 2.  @saved: the persisted state of
 * discipline/limits as clock itself encoded it; @saved_len 0: none. */
struct ipc_clock_conf {
	bool virtual_clock;
	bool makestep;
	double makestep_s;
	int32_t makestep_limit; /* -1: no limit */
	double maxslew_sps;
	bool maxslew_given; /* configured, so it holds after sync too */
	double maxdrift_sps;
	uint16_t minsources;
	uint16_t slot_cnt; /* slots ever given to sources */
	uint64_t boot_id;  /* a hash of the kernel's boot id */
	bool rtcsync;
	bool kernel_leap;     /* leapsecmode system: the kernel inserts it */
	double base_freq_sps; /* to restore before anything else */
	bool base_known;
	struct wall build; /* the build date */
	uint32_t saved_len;
	uint8_t saved[IPC_LIMITS_MAX];
};

struct ipc_clock_adjust {
	uint32_t seq;
	struct clockcmd_adjust cmd;
};

struct ipc_clock_step {
	uint32_t seq;
	struct clockcmd_step cmd;
};

/* @confirmed: minsources authenticated sources stand behind it. */
struct ipc_clock_truth {
	struct clockcmd_truth truth;
	bool confirmed;
};

struct ipc_clock_state {
	struct clockcmd_state state;
};

struct ipc_clock_base {
	double freq_sps;
	bool synced_once;
};

/* The state to write down before more may be spent. */
struct ipc_budget_ask {
	uint32_t id;
	uint32_t saved_len;
	uint8_t saved[IPC_LIMITS_MAX];
};

struct ipc_budget_grant {
	uint32_t id;
	bool written;
};

struct ipc_dns_ask {
	uint32_t id;
	uint8_t family; /* 0 any, 4, 6 */
	bool local_ok;  /* loopback and link-local answers are wanted */
	char name[IPC_NAME_MAX];
};

struct ipc_dns_answer {
	uint32_t id;
	int8_t err; /* 0, ERR_ABSENT: no such name, ERR_AGAIN: try later */
	uint8_t addr_cnt;
	struct addr addrs[IPC_ADDRS_MAX];
};

struct ipc_ke_ask {
	uint32_t id;
	struct addr addr; /* with the port to dial */
	uint32_t cert_set;
	struct wall check_at; /* certificates are judged at this time */
	uint8_t aead_cnt;
	uint16_t aeads[IPC_AEADS_MAX];
	char host[IPC_NAME_MAX]; /* the configured name: SNI and check */
};

struct ipc_cookie {
	uint16_t len;
	uint8_t data[IPC_COOKIE_MAX];
};

/* @stage: REPORT_STAGE_NONE when it worked.  The second key set is for
 * servers that derive GCM-SIV keys the old way (no record 1024). */
struct ipc_ke_answer {
	uint32_t id;
	uint8_t stage;
	bool permanent; /* asking again unchanged cannot help */
	char why[IPC_TEXT_MAX];
	uint16_t aead;
	uint8_t key_len;
	uint8_t c2s[IPC_KEY_MAX];
	uint8_t s2c[IPC_KEY_MAX];
	bool second_set;
	uint8_t c2s_second[IPC_KEY_MAX];
	uint8_t s2c_second[IPC_KEY_MAX];
	uint8_t cookie_cnt;
	struct ipc_cookie cookies[IPC_COOKIES_MAX];
	char server[IPC_NAME_MAX]; /* "": the address dialled */
	uint16_t port;             /* 0: the default */
	int64_t cert_not_before_s;
	int64_t cert_not_after_s;
	char cert_subject[IPC_TEXT_MAX];
};

struct ipc_sync_conf {
	bool virtual_clock;
	bool reload; /* sources follow; keep what stays */
	bool makestep;
	double makestep_s;
	int32_t makestep_limit;
	double maxslew_sps;
	bool maxslew_given; /* configured, so it holds after sync too */
	double maxdrift_sps;
	double maxchange_s;
	int32_t maxchange_start;
	int32_t maxchange_ignore;
	uint16_t minsources;
	uint8_t authselect; /* as conf numbers it */
	double maxdistance_s;
	double maxjitter_s;
	double combinelimit;
	double stratumweight_s;
	double reselectdist_s;
	double corrtimeratio;
	double maxupdateskew_ppm;
	double maxclockerror_sps;
	double targeterror_s;
	double drift_sps;       /* from the drift file */
	double drift_error_sps; /* 0: no drift file */
	double wander_log10;
	double wander_error_log10; /* 0: not in it */
	uint32_t ntsrefresh_s;
	bool local;
	uint8_t local_stratum;
	uint8_t leapmode; /* enum discipline_leapmode */
	struct addr bind4;
	struct addr bind6;
	char bind_device[16];
	struct dur hardware_wait; /* of an answer for our own stamp */
	uint8_t aead_cnt;
	uint16_t aeads[IPC_AEADS_MAX];
	struct wall last_known; /* floor for the era and for certificates */
};

/* One source directive.  Super gives it slots, as many as it may use (one
 * for a server, maxsources for a pool), and keeps them over a reload: @slot
 * is what identifies it. */
struct ipc_source_set {
	uint16_t slot;
	uint16_t slot_cnt;
	bool pool;
	bool nts;
	bool iburst;
	bool burst;
	bool prefer;
	bool noselect;
	bool trust;
	bool require;
	bool offline;
	bool xleave;
	bool local_ok; /* loopback or link-local named by the operator */
	uint8_t family;
	uint8_t version;
	uint16_t port;
	uint16_t ke_port;
	int8_t minpoll_log2s;
	int8_t maxpoll_log2s;
	uint32_t key_id; /* 0: none */
	uint32_t cert_set;
	double maxdelay_s;
	double maxdelayratio;
	double maxdelaydevratio;
	double maxdelayquant;
	double mindelay_s;
	double asymmetry;
	double offset_s;
	uint16_t minsamples;
	uint16_t maxsamples;
	char host[IPC_NAME_MAX];
};

struct ipc_sources_end {
	uint16_t cnt;
};

/* As struct conf_leaplist; @expires_s 0: there is no list. */
struct ipc_leap_list {
	int64_t expires_s;
	uint8_t cnt;
	int64_t at_s[IPC_LEAPS_MAX];
	int16_t tai_offset_s[IPC_LEAPS_MAX];
};

struct ipc_sym_key {
	uint32_t id;
	uint8_t type; /* enum crypto_mac_type */
	uint8_t len;
	uint8_t key[IPC_SYM_KEY_MAX];
};

/* As struct serve_limit_conf. */
struct ipc_limit {
	bool on;
	uint8_t burst;
	uint8_t leak_log2;
	uint8_t kod_log2;
	int32_t interval_log2s;
	uint32_t table_len;
};

struct ipc_serve_conf {
	uint16_t socket_cnt;
	uint16_t port;
	bool nts;
	bool local;
	uint8_t local_stratum;
	double local_distance_s;
	double smear_freq_ppm; /* 0: leap seconds are not smeared */
	double smear_wander_ppm;
	int32_t pinned_cpu; /* -1: not pinned */
	bool clientlog;     /* tell who asks */
	struct ipc_limit limit;
};

struct ipc_access_rule {
	bool allow;
	bool all;
	uint8_t bits;
	struct addr addr; /* ADDR_NONE: both families */
};

struct ipc_access_rules {
	uint8_t cnt;
	struct ipc_access_rule at[IPC_RULES_MAX];
};

struct ipc_ke_conf {
	uint16_t listener_cnt;
	uint16_t connection_max;
	uint16_t ntp_port;
	uint8_t aead_cnt;
	uint16_t aeads[IPC_AEADS_MAX];
	char ntp_server[IPC_NAME_MAX];
	char groups[IPC_NAME_MAX]; /* of TLS, "X25519:P-256" */
	bool clientlog;
	struct ipc_limit limit;
};

/* @uid: may ask what is not for everybody, as root may. */
struct ipc_ctl_conf {
	uint32_t uid;
	bool clientlog;
	uint32_t clientlog_len; /* bytes at most */
	struct ipc_limit limit; /* for each user */
};

/* The ring as nts/keyring encodes it. */
struct ipc_key_ring {
	uint32_t len;
	uint8_t ring[IPC_RING_MAX];
};

struct ipc_dial_conf {
	uint16_t pad;
};

/* A cookie jar as nts/jar encodes it, filed under the source's KE name and
 * port and, for a pool, its place among the servers of that name. */
struct ipc_cookies {
	uint16_t ke_port;
	uint16_t place;
	char host[IPC_NAME_MAX];
	uint32_t len;
	uint8_t blob[IPC_BLOB_MAX];
};

struct ipc_drift_save {
	double freq_sps;
	double error_sps;
	double wander_log10;
	double wander_error_log10; /* 0: not learned */
};

/* What was learned of the way to a server; @base_delay_s 0: nothing. */
struct ipc_path {
	struct addr addr;
	double base_delay_s;
};

/* @id: of the current key.  Told at each IPC_RING_STEP cookies. */
#define IPC_RING_STEP (UINT64_C(1) << 30)
struct ipc_ring_used {
	uint32_t id;
	uint64_t seal_cnt;
};

struct ipc_time_confirmed {
	struct wall wall;
};

/* An interface that stamps packets in hardware.  Its clock is a descriptor:
 * those of all such messages are the role's last, in the same order. */
struct ipc_hardware {
	char interface[IPC_INTERFACE_MAX];
	uint32_t if_idx;
	uint32_t speed_mbps;  /* of the link, 0: not known */
	int8_t minpoll_log2s; /* between readings, at least and at most */
	int8_t maxpoll_log2s;
	bool nocrossts;
	uint16_t minsamples;
	uint16_t maxsamples;
	double precision_s;
	double txcomp_s;
	double rxcomp_s;
};

/* Room for any of them. */
union ipc_any {
	struct ipc_cage cage;
	struct ipc_ready ready;
	struct ipc_stop stop;
	struct ipc_peer peer;
	struct ipc_clock_conf clock_conf;
	struct ipc_clock_adjust clock_adjust;
	struct ipc_clock_step clock_step;
	struct ipc_clock_truth clock_truth;
	struct ipc_clock_state clock_state;
	struct ipc_clock_base clock_base;
	struct ipc_budget_ask budget_ask;
	struct ipc_budget_grant budget_grant;
	struct ipc_dns_ask dns_ask;
	struct ipc_dns_answer dns_answer;
	struct ipc_ke_ask ke_ask;
	struct ipc_ke_answer ke_answer;
	struct ipc_sync_conf sync_conf;
	struct ipc_source_set source_set;
	struct ipc_sources_end sources_end;
	struct ipc_leap_list leap_list;
	struct ipc_hardware hardware;
	struct ipc_sym_key sym_key;
	struct ipc_serve_conf serve_conf;
	struct ipc_access_rules access_rules;
	struct ipc_ke_conf ke_conf;
	struct ipc_key_ring key_ring;
	struct ipc_ring_used ring_used;
	struct ipc_dial_conf dial_conf;
	struct ipc_ctl_conf ctl_conf;
	struct ipc_cookies cookies;
	struct ipc_drift_save drift_save;
	struct ipc_time_confirmed time_confirmed;
	struct ipc_path path;
	struct report_source report_source;
	struct report_sync report_sync;
	struct report_serve report_serve;
	struct report_ke report_ke;
	struct report_role report_role;
	struct report_clients report_clients;
};

#endif
