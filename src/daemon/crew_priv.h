/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The crew: all child roles, how they are started, reached and buried.  Super
 * is the switch: each child has one channel, to super, and every message is
 * checked against the table of ipc/permit before it goes on.  The members are
 * processes (crew_process.c) or, with --single-process, objects in this one
 * (crew_single.c); crew.c is the same for both.
 */
#ifndef DAEMON_CREW_PRIV_H
#define DAEMON_CREW_PRIV_H

#include <sys/types.h>

#include "daemon/role.h"
#include "ipc/frame.h"
#include "ipc/permit.h"
#include "ipc/start.h"
#include "os/log.h"

#define CREW_MAX   136 /* 64 serve, 64 ke, and the others */
#define CREW_QUEUE 64  /* messages that may wait for one member */
#define CREW_LINE  4096

/* A message waiting for a slow member. */
struct crew_letter {
	struct crew_letter *next;
	size_t len;
	uint8_t data[];
};

enum crew_phase {
	CREW_FREE = 0,
	CREW_DOWN,     /* waiting to be started (again) */
	CREW_STARTING, /* its cage is closing */
	CREW_UP,
	CREW_LEAVING,  /* told to stop */
	CREW_GIVEN_UP, /* stays down */
	CREW_GONE,     /* retired, about to be free */
};

struct crew_member {
	struct crew *crew;
	enum role role;
	uint16_t instance;
	enum crew_phase phase;
	uint16_t place;      /* which of its role's workers: its sockets */
	uint32_t generation; /* of start data; a newer one retires it */
	bool retired;        /* told to stop, perhaps for a successor */
	bool again;          /* told to stop, then to start anew */
	struct mono since;
	uint32_t restart_cnt;
	uint32_t death_cnt; /* in this minute */
	struct mono death_minute;
	struct net_timer timer; /* restart, end of a stop or of a pause */
	struct ipc_rates rates;
	struct os_log_flow flow;
	uint64_t seq_out;
	uint64_t seq_in;
	char cage[IPC_TEXT_MAX];
	char last_death[IPC_TEXT_MAX];
	/* a process */
	const char *environment; /* "NAME=VALUE", or NULL: none; borrowed */
	pid_t pid;
	int channel; /* -1: none */
	int pipe;
	struct net_watch channel_watch;
	struct net_watch pipe_watch;
	char line[CREW_LINE];
	size_t line_len;
	struct crew_letter *queue;
	unsigned queue_cnt;
	/* an object in this process */
	const struct daemon_role *ops;
	void *state;
};

/* A kind of members: processes, or objects in this process. */
struct crew_kind {
	bool single;
	int (*init)(struct crew *c);
	int (*start)(struct crew_member *m);
	void (*deliver)(struct crew_member *m, const uint8_t *data, size_t len);
	void (*close)(struct crew_member *m);
	void (*reap)(struct crew *c); /* some have died */
};

extern const struct crew_kind daemon_crew_process;
extern const struct crew_kind daemon_crew_single;

/* What super does for its crew. */
struct crew_hooks {
	/* Fill the start data and the descriptors (duplicates, to be closed
	 * by the crew) of a member about to start, and its environment. */
	int (*provision)(void *ctx, struct crew_member *m, struct ipc_start *s,
	    int fds[DAEMON_ROLE_FDS_MAX], size_t *fd_cnt);
	/* A message for super itself. */
	void (*message)(void *ctx, struct crew_member *m, unsigned type,
	    const union ipc_any *msg);
	/* It is up, down, or given up: tell who must know. */
	void (*changed)(void *ctx, struct crew_member *m);
	void *ctx;
};

struct crew {
	struct net_loop *loop;
	const struct crew_kind *kind;
	struct crew_hooks hooks;
	struct crew_member members[CREW_MAX];
	/* single process: letters under way */
	struct net_defer post;
	struct crew_letter *first;
	struct crew_letter *last;
	bool ending;
};

/* crew.c */
int daemon_crew_init(struct crew *c, struct net_loop *loop,
    const struct crew_kind *kind, const struct crew_hooks *hooks);
struct crew_member *daemon_crew_add(
    struct crew *c, enum role role, uint16_t place);
void daemon_crew_start(struct crew_member *m);
void daemon_crew_stop(struct crew_member *m, unsigned linger_s);
void daemon_crew_restart(struct crew_member *m);
void daemon_crew_send(
    struct crew *c, enum role to, unsigned type, const void *msg);
void daemon_crew_send_to(struct crew_member *m, unsigned type, const void *msg);
bool daemon_crew_running(const struct crew *c);
struct crew_member *daemon_crew_find(
    struct crew *c, enum role role, uint16_t place);
void daemon_crew_free(struct crew *c);

/* crew.c, for its two kinds */
void daemon_crew_route(struct crew_member *from, uint8_t *data, size_t len);
void daemon_crew_died(struct crew_member *m, bool violation, const char *cause);
void daemon_crew_paused(struct crew_member *m, bool stopped);
void daemon_crew_kill(struct crew_member *m, const char *why);

#endif
