/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role sync, between its files, from the top down: sync.c is the role and its
 * talk with the clock; sync_source.c turns configured sources into
 * associations and does what those want; sync_name.c and sync_keys.c ask dns
 * and dial for them; sync_exchange.c does one request and answer on the wire;
 * sync_report.c tells ctl; sync_time.c knows the disciplined clock,
 * sync_leap.c the leap seconds and sync_refid.c the names of servers.  What
 * comes from below goes up through the calls in struct sync.
 */
#ifndef DAEMON_SYNC_PRIV_H
#define DAEMON_SYNC_PRIV_H

#include "assoc/assoc.h"
#include "conf/leaplist.h"
#include "crypto/mac.h"
#include "daemon/phcs.h"
#include "daemon/role.h"
#include "discipline/discipline.h"
#include "net/udp.h"
#include "nts/keys.h"

#define SYNC_SLOTS DISCIPLINE_SLOT_MAX
#define SYNC_KEYS  256

/* The socket of one request under way. */
struct sync_exchange {
	struct sync_slot *slot;
	unsigned idx;
	struct net_udp_client udp;
	struct net_watch watch;
};

/* One server that is asked. */
struct sync_slot {
	struct sync *sync;
	bool ready; /* its timer and watches are made */
	uint16_t slot;
	struct sync_directive *dir; /* NULL: free */
	struct assoc *assoc;
	struct addr addr;
	struct net_timer timer;
	struct sync_exchange exchanges[ASSOC_EXCHANGES];
	uint32_t ke_id;          /* key exchange under way, 0 none */
	uint32_t name_id;        /* its server's name being looked up */
	struct assoc_keys *keys; /* waiting for that name; owned, secret */
	bool dirty;              /* to be reported */
	char cert_subject[REPORT_TEXT_MAX];
	char why[REPORT_TEXT_MAX]; /* what failed last, in words */
	uint8_t tx_stamp; /* enum report_stamp of the last good answer */
	uint8_t rx_stamp;
};

/* One line of the configuration: a server, or a pool of them. */
struct sync_directive {
	struct sync *sync;
	bool ready; /* its timer is made */
	bool used;
	bool named; /* by the reload in progress */
	struct ipc_source_set conf;
	uint32_t dns_id; /* question under way, 0 none */
	unsigned dns_tries;
	struct net_timer retry;
	uint8_t addr_cnt;
	uint8_t addr_next; /* where to look for an unused one */
	struct addr addrs[IPC_ADDRS_MAX];
};

struct sync {
	struct net_loop *loop;
	/* The way up: what an association wants done, a name that has its
	 * addresses, a sample for discipline. */
	void (*todo)(struct sync_slot *sl, const struct assoc_todo *todo);
	void (*named)(struct sync_directive *d);
	void (*sampled)(struct sync_slot *sl, const struct sample *m);
	struct daemon_port port;
	struct rng rng;
	struct nts_aeads aeads;
	struct assoc_tools tools;
	struct ipc_sync_conf conf;
	struct discipline *discipline;
	struct timepage *time;
	const struct timepage *clock;
	struct sync_directive dirs[SYNC_SLOTS];
	struct sync_slot slots[SYNC_SLOTS];
	struct crypto_mac_key keys[SYNC_KEYS];
	size_t key_cnt;
	struct ipc_cookies *saved; /* from disc, each used once; owned */
	size_t saved_cnt;
	struct ipc_path paths[SYNC_SLOTS]; /* learned in an earlier run */
	size_t path_cnt;
	uint32_t id;  /* of the last question asked */
	uint32_t seq; /* of the last clock command */
	struct net_timer tick;
	struct net_timer report;
	struct mono reported; /* when last */
	bool running;
	bool stepped_once;
	struct clockcmd_state state; /* as clock told last */
	struct clockcmd_truth told;
	struct mono told_at;
	uint32_t ref_id; /* of the server followed last, 0 none */
	struct mono saved_at;
	struct conf_leaplist leaps;  /* expires_s 0: none */
	struct discipline_leap leap; /* what it says of now */
	int hold_fd;                 /* keeps kernel time stamping on */
	struct phcs phcs;
};

/* sync_time.c */
struct wall daemon_sync_wall(const struct sync *s, struct mono now);
struct wall daemon_sync_wall_of(
    const struct sync *s, const struct net_stamp *st);

/* sync_refid.c: the id of a server at this address, 0 unknown; and of the
 * one that we follow now, or followed last. */
uint32_t daemon_sync_refid_of(const struct addr *a);
uint32_t daemon_sync_refid_now(struct sync *s, struct mono now);

/* sync_leap.c; _review: whether the list says something new by now. */
void daemon_sync_leap_take(struct sync *s, const struct ipc_leap_list *m);
bool daemon_sync_leap_review(struct sync *s, struct wall now);

/* sync_source.c */
void daemon_sync_source_set(struct sync *s, const struct ipc_source_set *conf);
void daemon_sync_source_end(struct sync *s);
void daemon_sync_source_run(struct sync *s);
void daemon_sync_source_poll(struct sync_slot *sl);
void daemon_sync_source_close(struct sync_slot *sl);
void daemon_sync_source_save(struct sync_slot *sl, bool stop);

/* sync_name.c */
uint32_t daemon_sync_name_id(struct sync *s); /* of a new question */
int daemon_sync_name_init(struct sync_directive *d);
void daemon_sync_name_ask(struct sync_directive *d);
bool daemon_sync_name_take(struct sync *s, const struct ipc_dns_answer *m);
void daemon_sync_name_lost(struct sync *s); /* dns died with our questions */

/* sync_keys.c */
void daemon_sync_keys_ask(struct sync_slot *sl);
void daemon_sync_keys_take(struct sync *s, const struct ipc_ke_answer *m);
void daemon_sync_keys_name(struct sync *s, const struct ipc_dns_answer *m);
void daemon_sync_keys_lost(struct sync *s, enum role by);
void daemon_sync_keys_drop(struct sync_slot *sl);

/* sync_exchange.c */
int daemon_sync_exchange_init(struct sync_slot *sl);
void daemon_sync_exchange_send(
    struct sync_slot *sl, const struct assoc_todo *todo);
void daemon_sync_exchange_close(struct sync_slot *sl, unsigned set);

/* sync_report.c */
void daemon_sync_report_soon(struct sync *s);
void daemon_sync_report_dirty(struct sync_slot *sl);
void daemon_sync_report_all(void *arg);
void daemon_sync_report_clock(struct sync *s);

#endif
