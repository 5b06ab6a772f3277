/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: truenoon.conf(5), which is the dialect of chrony.conf(5).
 * Plain data that the roles copy from, and the calls that fill, judge and
 * print it.  Files are read by callbacks; every fault is collected, so that a
 * person sees all of them in one go.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "conf/fault.h"

#define CONF_PATH_MAX      256 /* with its NUL */
#define CONF_NAME_MAX      256 /* a host name is at most 253 octets */
#define CONF_WORD_MAX      64  /* user, interface, time zone */
#define CONF_SOURCE_MAX    128
#define CONF_ACCESS_MAX    65536 /* per list */
#define CONF_CERT_MAX      16    /* certificate and key pairs */
#define CONF_TRUST_MAX     16
#define CONF_AEAD_MAX      8
#define CONF_HARDWARE_MAX  8   /* lines of hwtimestamp */
#define CONF_INTERFACE_MAX 16  /* with its NUL */
#define CONF_PIN_MAX       256 /* processors to run workers on */
#define CONF_FILE_MAX      128 /* files read */
#define CONF_DIR_MAX       20  /* source directories */
#define CONF_PLACE_MAX     128

#define CONF_POLL_MIN      (-7)
#define CONF_POLL_MAX      24
#define CONF_STEPS_ANY     (-1) /* makestep limit: no limit */

enum conf_kind {
	CONF_SERVER,
	CONF_POOL,
};

enum conf_authselect {
	CONF_AUTHSELECT_MIX,
	CONF_AUTHSELECT_REQUIRE,
	CONF_AUTHSELECT_PREFER,
	CONF_AUTHSELECT_IGNORE,
};

enum conf_leapmode {
	CONF_LEAP_SYSTEM,
	CONF_LEAP_SLEW,
	CONF_LEAP_STEP,
	CONF_LEAP_IGNORE,
};

/* Which packets an interface is to stamp when they come in. */
enum conf_rxfilter {
	CONF_RXFILTER_AUTO, /* ntp, or else all */
	CONF_RXFILTER_NONE,
	CONF_RXFILTER_NTP,
	CONF_RXFILTER_PTP,
	CONF_RXFILTER_ALL,
};

/* One server or pool line.  Fields named as their option; the second group
 * is parsed and kept for when it is acted on. */
struct conf_source {
	struct conf_where where;
	uint8_t kind;  /* enum conf_kind */
	bool from_dir; /* from a source directory, may change at reload */
	char name[CONF_NAME_MAX];

	uint16_t port;
	uint16_t ntsport;
	int8_t minpoll; /* CONF_POLL_MIN..CONF_POLL_MAX, <= maxpoll */
	int8_t maxpoll;
	bool nts;
	bool iburst;
	bool burst;
	bool offline;
	bool prefer;
	bool noselect;
	bool trust;
	bool require;
	uint32_t key;       /* 0: none */
	uint32_t certset;   /* the trust set with this id; 0: the default one */
	uint8_t maxsources; /* pool only, 1..16 */
	double maxdelay_s;

	uint8_t family; /* enum addr_family: ipv4, ipv6; ADDR_NONE: both */
	uint8_t version;
	uint8_t minstratum;
	bool auto_offline;
	bool copy;
	bool xleave;
	uint8_t extfields;  /* 1: F323, 2: F324 */
	bool tight;         /* option private: ours to poll tightly */
	int8_t presend;     /* poll from which on; 100: never */
	int32_t polltarget; /* samples */
	int32_t minsamples; /* -1: the global one */
	int32_t maxsamples;
	int32_t maxunreach;
	int32_t filter; /* polls, 0: none */
	double maxdelayratio;
	double maxdelaydevratio;
	double maxdelayquant;
	double mindelay_s;
	double asymmetry; /* -0.5..0.5; 1: estimate it */
	double offset_s;
};

/* One allow or deny line, in the order of the file: the most specific subnet
 * decides; "all" also takes back what was said of subnets in it before. */
struct conf_access {
	bool allow;
	bool all;
	struct addr_prefix net; /* family ADDR_NONE: both families, 0 bits */
};

/* @rule: owned, max of them have room. */
struct conf_access_list {
	uint32_t cnt;
	uint32_t max;
	struct conf_access *rule;
};

/* ntstrustedcerts: a file or a directory of PEM certificates. */
struct conf_trust {
	uint32_t set;
	char path[CONF_PATH_MAX];
};

/* local: serve our own clock when there is no better. */
struct conf_local {
	bool on;
	bool orphan; /* kept, not acted on */
	uint8_t stratum;
	double distance_s;
	double activate_s;
	double waitsynced_s;
	double waitunsynced_s;
};

/* ratelimit and its like; interval, leak: powers of two. */
struct conf_ratelimit {
	bool on;
	int8_t interval;
	int8_t leak;
	int8_t kod;
	uint8_t burst;
};

/* smoothtime; only with leaponly it is acted on. */
struct conf_smooth {
	bool on;
	bool leaponly;
	bool force; /* ours: also where the public is served */
	double maxfreq_ppm;
	double maxwander_ppm; /* per second */
};

/* Worker n runs on processor n of these, and begins again at the end; none:
 * those that we may use. */
struct conf_pins {
	bool on;
	uint16_t cnt;
	uint16_t cpu[CONF_PIN_MAX];
};

#define CONF_HARDWARE_MAXPOLL INT8_MIN /* not given: one more than minpoll */

/* One hwtimestamp line; interface "*": every one that can. */
struct conf_hardware {
	char interface[CONF_INTERFACE_MAX];
	uint8_t rxfilter; /* enum conf_rxfilter */
	bool nocrossts;
	int8_t minpoll; /* between readings of its clock */
	int8_t maxpoll; /* likewise; or CONF_HARDWARE_MAXPOLL */
	int32_t minsamples;
	int32_t maxsamples;
	double precision_s;
	double txcomp_s;
	double rxcomp_s;
};

/* Addresses to bind to, one per family; family ADDR_NONE: any. */
struct conf_bind {
	struct addr v4;
	struct addr v6;
};

struct conf {
	/* ---- acted on ---- */
	uint32_t source_cnt;
	struct conf_source source[CONF_SOURCE_MAX];

	uint16_t port;          /* UDP served, 0: none */
	uint16_t serverworkers; /* 0: by the number of processors */
	struct conf_pins serverpins;
	struct conf_bind bind;    /* server sockets, NTP and NTS-KE */
	struct conf_bind bindacq; /* client sockets */
	char binddevice[CONF_WORD_MAX];
	struct conf_local local;

	uint16_t ntsport;      /* NTS-KE listener; needs certificates */
	uint16_t ntsprocesses; /* 0: by the number of processors */
	uint16_t ntsaead_cnt;
	uint16_t ntsaead[CONF_AEAD_MAX]; /* in order of preference */
	uint32_t cert_cnt; /* the n-th key belongs to the n-th certificate */
	uint32_t key_cnt;
	uint32_t trust_cnt;
	int32_t maxntsconnections;
	char ntstlsgroups[CONF_NAME_MAX];
	int32_t ntsrotate_s;  /* 0: no rotation */
	int32_t ntsrefresh_s; /* 0: never */
	bool nosystemcert;
	char ntsservercert[CONF_CERT_MAX][CONF_PATH_MAX];
	char ntsserverkey[CONF_CERT_MAX][CONF_PATH_MAX];
	struct conf_trust trust[CONF_TRUST_MAX];
	char ntsdumpdir[CONF_PATH_MAX];

	char keyfile[CONF_PATH_MAX]; /* "": none */
	uint8_t authselectmode;      /* enum conf_authselect */
	int32_t minsources;

	int32_t makestep_limit; /* 0: never step; CONF_STEPS_ANY */
	double makestep_s;
	double maxchange_s;
	int32_t maxchange_start; /* updates before it holds; -1: no limit */
	int32_t maxchange_ignore;
	double maxslewrate_ppm;
	bool maxslewrate_set; /* else 1000 ppm once synchronised */
	double maxdrift_ppm;
	bool rtcsync;
	int32_t drift_interval_s;
	char driftfile[CONF_PATH_MAX];
	char dumpdir[CONF_PATH_MAX]; /* "": none */

	char statedir[CONF_PATH_MAX];
	char rundir[CONF_PATH_MAX];
	char controlsocket[CONF_PATH_MAX];
	char pidfile[CONF_PATH_MAX]; /* "/": none */
	char user[CONF_WORD_MAX];
	bool lock_all;
	uint8_t sched_priority; /* 0: none */
	double hwtstimeout_s;   /* an answer waits for our own stamp */
	uint32_t hardware_cnt;
	struct conf_hardware hardware[CONF_HARDWARE_MAX];

	/* ---- kept for when they are acted on ---- */
	double combinelimit;
	double maxdistance_s;
	double maxjitter_s;
	double reselectdist_s;
	double stratumweight_s;
	double clockprecision_s; /* 0: measure it */
	double corrtimeratio;
	double maxclockerror_ppm;
	double maxupdateskew_ppm;
	double targeterror_s; /* 0: none */
	int32_t fallbackdrift_min;
	int32_t fallbackdrift_max;
	int32_t minsamples;
	int32_t maxsamples;
	int32_t minstratum;
	int32_t maxstratum;
	uint8_t leapsecmode; /* enum conf_leapmode */
	char leapsectz[CONF_WORD_MAX];
	char leapseclist[CONF_PATH_MAX];
	int32_t refresh_s;
	int32_t nocerttimecheck;
	uint8_t dscp;
	char bindacqdevice[CONF_WORD_MAX];
	char ntsntpserver[CONF_NAME_MAX];
	struct conf_smooth smooth;
	struct conf_ratelimit ratelimit;
	struct conf_ratelimit ntsratelimit;
	bool noclientlog;
	int64_t clientloglimit_len;
	uint16_t cmdport; /* chronyc's */
	struct conf_bind bindcmd;
	char bindcmdpath[CONF_PATH_MAX]; /* "/": none */
	struct conf_ratelimit cmdratelimit;
	char logdir[CONF_PATH_MAX];
	double logchange_s;

	/* ---- where it all came from; no part of what holds ---- */
	uint32_t file_cnt;
	uint32_t dir_cnt;
	char file[CONF_FILE_MAX][CONF_PATH_MAX];     /* files read */
	char sourcedir[CONF_DIR_MAX][CONF_PATH_MAX]; /* to watch */
	struct conf_where place[CONF_PLACE_MAX]; /* of each directive, last */

	/* ---- what is of any length, behind all that is plain ---- */
	struct conf_access_list access;
	struct conf_access_list cmdaccess; /* not acted on */
};

/**
 * conf_sink - takes the next piece of a file, or one file name; see below.
 */
typedef void conf_sink(void *arg, const char *data, size_t len);

/*
 * How files are reached.
 * @read: hand the whole file to the sink, in pieces of any size.
 *        Return: 0; ERR_ABSENT when there is none; ERR_DENIED; ERR_SYSTEM.
 * @glob: hand each path that matches the pattern to the sink, NUL-terminated
 *        and in the order of names.  Return: 0, also when nothing matches;
 *        ERR_DENIED, ERR_SYSTEM.
 */
struct conf_reader {
	int (*read)(void *ctx, const char *path, conf_sink *sink, void *arg);
	int (*glob)(void *ctx, const char *pattern, conf_sink *sink, void *arg);
	void *ctx;
};

/**
 * conf_init - the defaults, and nothing configured.
 * @c: zero, or used before: its lists are then given back.
 */
void conf_init(struct conf *c);

/**
 * conf_fini - give back what c owns.
 */
void conf_fini(struct conf *c);

/**
 * conf_move - to becomes what from was, which then owns nothing.
 */
void conf_move(struct conf *to, struct conf *from);

/**
 * conf_same - whether everything is the same, and from the same places.
 */
bool conf_same(const struct conf *a, const struct conf *b);

/**
 * conf_parse - conf_init, then read a file and all that it includes, and
 * judge the whole.  Faults are added to f; c holds what was understood.
 * Return: 0 when there are no errors (there may be warnings), else ERR_BAD:
 * do not start on c.
 */
int conf_parse(struct conf *c, const struct conf_reader *r, const char *path,
    struct conf_faults *f) MUST_CHECK;

/**
 * conf_parse_text - as conf_parse, from memory; name stands for the file in
 * faults.  r may be NULL: then include and its like are errors.
 */
int conf_parse_text(struct conf *c, const struct conf_reader *r,
    const char *name, const char *text, size_t len,
    struct conf_faults *f) MUST_CHECK;

/**
 * conf_check - the judgements that need the whole configuration, and the
 * defaults that follow from others.  conf_parse has done this already.
 */
void conf_check(struct conf *c, struct conf_faults *f);

/**
 * conf_print - the effective configuration, a directive a line: first what
 * differs from the defaults, then the defaults.  Parsed again it gives the
 * same configuration.
 */
void conf_print(const struct conf *c, conf_sink *sink, void *arg);

/**
 * conf_source_same - whether two sources are configured the same, wherever
 * that stands: a reload keeps the history of such.
 */
bool conf_source_same(const struct conf_source *a, const struct conf_source *b);

/**
 * conf_place - where a directive stood last; line 0: nowhere.  The file is
 * c->file[where.file_idx].
 */
const struct conf_where *conf_place(const struct conf *c, const char *name);

/**
 * conf_serves_ntp, conf_serves_nts - whether anybody is to be answered.
 * Nothing is served without an allow; NTS needs certificates as well.
 */
bool conf_serves_ntp(const struct conf *c);
bool conf_serves_nts(const struct conf *c);

/* What becomes of a word of the dialect. */
enum conf_state {
	CONF_ACTED,   /* does what the manual says */
	CONF_LATER,   /* accepted with a warning: not acted on yet */
	CONF_NEVER,   /* accepted with a warning: not acted on, for a reason */
	CONF_REFUSED, /* an error, for a reason */
};

enum conf_scope {
	CONF_DIRECTIVE,
	CONF_OPTION, /* of server and pool */
};

/* @why: the reason of CONF_NEVER and CONF_REFUSED, else what to know of it;
 * may be NULL. */
struct conf_word {
	const char *name;
	enum conf_scope scope;
	enum conf_state state;
	const char *why;
};

/**
 * conf_word_at - the n-th word of the dialect.
 * Return: false past the end.
 */
bool conf_word_at(size_t n, struct conf_word *w);

#endif
