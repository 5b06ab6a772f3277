/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One client association: what to ask a server and when, and what of its
 * answers to believe.  RFC 5905 (client mode), RFC 8915 sections 5.7 and 6
 * of its client rules, RFC 8633, RFC 9109, data minimisation.
 *
 * A state machine: each event returns a set of things to do, at most one of
 * each kind, all of it in struct assoc_todo.  It has no socket, clock or
 * table of others, and allocates nothing after assoc_new.
 *
 * With xleave a request may ask when the answer before really left the
 * server (RFC 9769), and the sample of an exchange then comes with the next
 * answer: its time lies one poll interval back.
 *
 * Invariants: every request has a fresh random transmit timestamp and, with
 * NTS, a cookie that was never sent before; every request has at most one
 * accepted answer and gives at most one sample; a source configured with NTS or a key gives authenticated
 * samples or none; what does not authenticate changes nothing but counters.
 */
#ifndef ASSOC_ASSOC_H
#define ASSOC_ASSOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/tstamp.h"
#include "crypto/mac.h"
#include "discipline/discipline.h"
#include "discipline/sample.h"

#define ASSOC_EXCHANGES    4    /* requests that may be under way at once */
#define ASSOC_PACKET_MAX   1280 /* no request is longer */
#define ASSOC_NAME_MAX     256
#define ASSOC_KEY_MAX      64
#define ASSOC_COOKIES_MAX  8
#define ASSOC_COOKIE_MAX   512
#define ASSOC_AEADS_MAX    8
#define ASSOC_SAVED_MAX    4864
#define ASSOC_KOD_POLL_MAX 13 /* no kiss code raises the interval further */
#define ASSOC_NEVER        INT64_MIN /* a struct mono that has not been */

/* How the association authenticates. */
enum assoc_auth {
	ASSOC_AUTH_NONE = 0,
	ASSOC_AUTH_KEY,
	ASSOC_AUTH_NTS,
};

struct nts_aeads;

/* What all associations share; borrowed for their lives. */
struct assoc_tools {
	struct rng *rng;
	struct nts_aeads *aeads; /* NULL: no NTS */
	struct crypto_mac *mac;  /* NULL: no symmetric keys */
};

/* Copied by assoc_new. */
struct assoc_conf {
	uint8_t auth; /* enum assoc_auth */
	bool iburst;
	bool burst;
	bool offline;    /* start so */
	bool xleave;     /* ask in interleaved mode, RFC 9769 */
	bool pool;       /* may be replaced when it does not answer */
	bool local_ok;   /* a loopback server was named by the operator */
	uint8_t version; /* 1..4; 0 means 4 */
	int8_t minpoll_log2s;
	int8_t maxpoll_log2s;
	int8_t precision_log2s; /* of our clock as read */
	uint16_t port;     /* NTP port unless key exchange says otherwise */
	double maxdelay_s; /* 0: 3 s */
	struct wall floor; /* later of build date and last known time */
	double refresh_s;  /* ntsrefresh: new keys after; 0: 28 days */
	/* Algorithms that saved keys may be for; none: any that there is. */
	uint16_t aeads[ASSOC_AEADS_MAX];
	uint16_t aead_cnt;
	struct crypto_mac_key key;    /* for ASSOC_AUTH_KEY */
	char ke_name[ASSOC_NAME_MAX]; /* the configured name, for NTS */
};

/* What there is to do, in this order; a set. */
enum assoc_do {
	ASSOC_CLOSE = 1U << 0,   /* close the sockets of the exchanges in
	                         * @close, a set of 1 << exchange */
	ASSOC_SAMPLE = 1U << 1,  /* @sample is a measurement */
	ASSOC_SEND = 1U << 2,    /* @packet to @to from a fresh socket, kept as
	                         * that of @exchange; then assoc_sent() */
	ASSOC_TIMER = 1U << 3,   /* the one timer is due at @timer from now on,
	                         * whatever it was; INT64_MAX: none */
	ASSOC_NEED_KE = 1U << 4, /* exchange keys; then assoc_keys() */
	ASSOC_NEED_ADDRESS = 1U << 5, /* look the name up again; then
	                               * assoc_address() if it moved */
	ASSOC_REPLACE = 1U << 6, /* use another server of the pool instead */
	ASSOC_SAVE = 1U << 7,    /* take cookies with assoc_save(), to disc */
	ASSOC_REPORT = 1U << 8,  /* assoc_status() has changed */
};

struct assoc_todo {
	unsigned what; /* enum assoc_do */
	unsigned close;
	unsigned exchange;
	const uint8_t *packet; /* in the association, until the next event */
	size_t packet_len;
	struct addr to;
	struct mono timer;
	struct sample sample;
};

/* Why an answer gave no sample. */
enum assoc_verdict {
	ASSOC_GOOD = 0,   /* it gave one */
	ASSOC_BAD_LENGTH, /* short, unaligned, oversize */
	ASSOC_BAD_MODE,   /* not a server's answer, or another version */
	ASSOC_BAD_ORIGIN, /* not an answer to this request */
	ASSOC_BAD_FIELDS, /* extension fields malformed */
	ASSOC_DUPLICATE,  /* this request has had its answer */
	ASSOC_LATE,       /* after the timeout, or never asked */
	ASSOC_UNAUTH,     /* authentication missing */
	ASSOC_BAD_AUTH,   /* authentication wrong */
	ASSOC_KOD_RATE,
	ASSOC_KOD_DENY, /* DENY and RSTR */
	ASSOC_KOD_NTSN,
	ASSOC_KOD_OTHER,
	ASSOC_UNSYNC,      /* authentic, but the server has no time */
	ASSOC_BAD_TIME,    /* stamps that cannot be, root distance */
	ASSOC_BAD_CERT,    /* time outside the certificate's validity */
	ASSOC_BAD_DELAY,   /* beyond maxdelay */
	ASSOC_CLOCK_MOVED, /* our clock was set while it was under way */
	ASSOC_NO_NEWS,     /* interleaved: its sample comes with the next */
	ASSOC_VERDICT_CNT,
};

struct assoc_counters {
	uint64_t tx_cnt;
	uint64_t rx_cnt;
	uint64_t verdict_cnt[ASSOC_VERDICT_CNT];
	uint64_t timeout_cnt;
	uint64_t send_fail_cnt;
};

/* An answer.  @rx: on the disciplined clock, kernel's where it has one;
 * @rx_mono: when it was read. */
struct assoc_answer {
	unsigned exchange; /* whose socket it came to */
	const uint8_t *data;
	size_t len;
	bool cut; /* the kernel truncated it */
	bool hardware;
	double stamp_error_s; /* bound on our two, beyond the precision */
	struct wall rx;
	struct mono rx_mono;
};

/* The end of a key exchange.  @stage: enum report_stage, 0 when it worked.
 * All else is meaningful only then.  @second_set: keys for servers that
 * derive them the other way for GCM-SIV (no record 1024).  @cookie_len of 0
 * ends the list early. */
struct assoc_keys {
	uint8_t stage;
	bool permanent; /* asking again unchanged cannot help */
	uint16_t aead;
	uint8_t key_len;
	bool second_set;
	uint8_t cookie_cnt;
	struct addr addr; /* the NTP server, with its port */
	uint8_t c2s[ASSOC_KEY_MAX];
	uint8_t s2c[ASSOC_KEY_MAX];
	uint8_t c2s_second[ASSOC_KEY_MAX];
	uint8_t s2c_second[ASSOC_KEY_MAX];
	uint16_t cookie_len[ASSOC_COOKIES_MAX];
	uint8_t cookies[ASSOC_COOKIES_MAX][ASSOC_COOKIE_MAX];
	int64_t cert_not_before_s; /* unix time; 0 unknown */
	int64_t cert_not_after_s;
};

/* Plain facts for reports and decisions. */
struct assoc_status {
	bool online;
	bool refused;  /* DENY or RSTR stopped it */
	uint8_t reach; /* latest poll in bit 0 */
	uint8_t stage; /* enum report_stage of what failed last */
	int8_t poll_log2s;
	uint8_t stratum; /* of the last authentic answer */
	uint8_t leap;
	uint32_t ref_id;
	double root_delay_s;
	double root_dispersion_s;
	struct addr addr;
	struct mono last_rx; /* last authentic answer; ASSOC_NEVER */
	double last_offset_s;
	double last_delay_s;
	uint16_t aead; /* 0: no keys */
	uint8_t cookie_cnt;
	uint16_t cookie_len;
	uint32_t ke_try_cnt; /* since the last that led to an answer */
	struct mono ke_at;   /* last success */
	int64_t cert_not_after_s;
	unsigned verdict; /* enum assoc_verdict of the last packet */
	struct assoc_counters counters;
};

struct assoc;

/**
 * assoc_new - an association at rest.
 * @conf: copied.
 * Return: owned; NULL without memory, or when it wants a tool that is not
 * there or a key that crypto refuses.
 */
struct assoc *assoc_new(
    const struct assoc_conf *conf, const struct assoc_tools *tools);

/**
 * assoc_free - wipe and give back; NULL is fine.  Close its sockets first.
 */
void assoc_free(struct assoc *a);

/**
 * assoc_address - the server's address, at first and when it has changed.
 * @addr: the port in it is ignored; ADDR_NONE: the name has none now.
 * What was under way to the old address is given up.  An NTS association
 * keeps the address that its key exchange gave until the next exchange,
 * unless it has stopped answering.
 */
void assoc_address(struct assoc *a, const struct addr *addr, struct mono now,
    struct assoc_todo *todo);

/**
 * assoc_start - begin to ask, after @phase; sources spread theirs.
 * @hurry: our clock may be far off: the first requests go 0.2 s apart until
 *         one is answered, then 2 s.
 */
void assoc_start(struct assoc *a, struct dur phase, bool hurry, struct mono now,
    struct assoc_todo *todo);

/**
 * assoc_online, assoc_offline - the network is there, or is not: nothing is
 * sent while offline.  Coming online asks at once, with a burst if iburst.
 */
void assoc_online(struct assoc *a, struct mono now, struct assoc_todo *todo);
void assoc_offline(struct assoc *a, struct mono now, struct assoc_todo *todo);

/**
 * assoc_burst - up to cnt requests 2 s apart, from now.
 */
void assoc_burst(
    struct assoc *a, unsigned cnt, struct mono now, struct assoc_todo *todo);

/**
 * assoc_timer - the timer is due.
 */
void assoc_timer(struct assoc *a, struct mono now, struct assoc_todo *todo);

/**
 * assoc_sent - when a request left, on the disciplined clock.
 * @kernel: it is the kernel's stamp, that corrects the caller's own; it may
 *          come at any time before the answer is handed over.
 * @at:     CLOCK_MONOTONIC then, used with the caller's own.
 */
void assoc_sent(struct assoc *a, unsigned exchange, struct wall tx,
    struct mono at, bool kernel);

/**
 * assoc_send_failed - it could not be sent, or an ICMP error came back.
 */
void assoc_send_failed(struct assoc *a, unsigned exchange, struct mono now,
    struct assoc_todo *todo);

/**
 * assoc_received - a datagram came to the socket of an exchange.
 * Return: enum assoc_verdict, counted here already.
 */
unsigned assoc_received(struct assoc *a, const struct assoc_answer *answer,
    struct assoc_todo *todo);

/**
 * assoc_keys - a key exchange asked for with ASSOC_NEED_KE has ended.
 * @keys: borrowed for the call; the caller wipes it.
 */
void assoc_keys(struct assoc *a, const struct assoc_keys *keys, struct mono now,
    struct assoc_todo *todo);

/**
 * assoc_poll - when discipline wants to ask next; its burst shortens the
 * wait, never lengthens it.  Call discipline_sent on ASSOC_SEND, and
 * discipline_rate on ASSOC_KOD_RATE, so that it knows.
 */
void assoc_poll(struct assoc *a, const struct discipline_poll *poll,
    struct mono now, struct assoc_todo *todo);

/**
 * assoc_clock_moved - our clock was stepped, or the machine was suspended:
 * what is under way can give no sample.
 */
void assoc_clock_moved(struct assoc *a);

/**
 * assoc_save - take cookies with their keys out of the association, to be
 * written to disc.  They will not be used live.
 * @stop: take all there are, else the few to set aside.
 * @out:  ASSOC_SAVED_MAX bytes; secret, the caller wipes it.
 * Return: bytes used (nts/jar's saved form); 0: nothing to save.
 */
size_t assoc_save(struct assoc *a, bool stop, struct wall now, uint8_t *out);

/**
 * assoc_restore - keys and cookies from disc, whose file is already gone;
 * before assoc_start.
 * Return: 0; ERR_BAD for a malformed blob, one of another name, one older
 * than refresh_s, or one for an algorithm that is not wanted or not there: the
 * association then does a key exchange.
 */
int assoc_restore(struct assoc *a, const uint8_t *blob, size_t len,
    struct wall now) MUST_CHECK;

/**
 * assoc_status - the facts now.
 */
void assoc_status(const struct assoc *a, struct assoc_status *out);

/**
 * assoc_verdict_text - a few words for enum assoc_verdict.
 */
const char *assoc_verdict_text(unsigned verdict);

#endif
