/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the roles tell about themselves: plain data that sync, serve, ke and
 * super push to ctl as messages whenever it changes, and that folder ctl
 * renders.  Nothing here is secret: no key, cookie or origin timestamp.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/tstamp.h"

#define REPORT_NAME_MAX 256
#define REPORT_TEXT_MAX 160

enum report_auth {
	REPORT_AUTH_NONE = 0,
	REPORT_AUTH_KEY = 1,
	REPORT_AUTH_NTS = 2,
};

/* What selection makes of a source, best first. */
enum report_select {
	REPORT_SELECTED = 0, /* the system peer: reference and root delay */
	REPORT_COMBINED,     /* accepted and part of the estimate */
	REPORT_ACCEPTED,     /* agrees, but adds nothing now */
	REPORT_NOSELECT,     /* measured only, as configured */
	REPORT_WAITING,      /* too few samples yet */
	REPORT_FALSETICKER,  /* disagrees with the majority */
	REPORT_NO_MAJORITY,  /* no majority to judge it */
	REPORT_UNSUITABLE,   /* distance, jitter, stratum, loop, leap */
	REPORT_UNTRUSTED,    /* authentication policy leaves it out */
	REPORT_UNREACHABLE,  /* no answers */
	REPORT_OFFLINE,      /* told not to ask */
	REPORT_SELECT_CNT,
};

/* Who made the time stamps of packets. */
enum report_stamp {
	REPORT_STAMP_NONE = 0,
	REPORT_STAMP_DAEMON, /* we, around the system call */
	REPORT_STAMP_KERNEL,
	REPORT_STAMP_HARDWARE,
	REPORT_STAMP_CNT,
};

/* How far a key exchange or a poll got, for "which stage failed". */
enum report_stage {
	REPORT_STAGE_NONE = 0, /* nothing tried, or nothing wrong */
	REPORT_STAGE_NAME,
	REPORT_STAGE_TCP,
	REPORT_STAGE_TLS,
	REPORT_STAGE_ALPN,
	REPORT_STAGE_NEGOTIATION,
	REPORT_STAGE_UDP,
	REPORT_STAGE_AUTH,
	REPORT_STAGE_CNT,
};

struct report_source {
	uint16_t slot;
	bool used; /* false: the slot is empty now */
	bool pool;
	bool interleaved; /* the last sample was (RFC 9769) */
	uint8_t tx_stamp; /* enum report_stamp, of the last good answer */
	uint8_t rx_stamp;
	uint8_t auth;   /* enum report_auth */
	uint8_t select; /* enum report_select */
	uint8_t stage;  /* enum report_stage of what failed last, 0 none */
	uint8_t stratum;
	uint8_t leap;
	int8_t poll_log2s;
	uint8_t reach; /* the last eight polls, latest in bit 0 */
	uint32_t ref_id;
	struct addr addr;
	struct mono last_rx; /* INT64_MIN: never */
	uint32_t sample_cnt;
	double offset_s; /* estimate, true - clock, at last_rx */
	double sigma_s;
	double last_offset_s; /* of the last sample */
	double delay_s;
	double jitter_s;
	double freq_sps; /* of the source against the accepted ones */
	double freq_error_sps;
	double bound_s;
	double root_delay_s;
	double root_dispersion_s;
	uint64_t tx_cnt;
	uint64_t rx_cnt;
	uint64_t good_cnt;
	uint64_t bogus_cnt; /* wrong origin, duplicate, malformed */
	uint64_t auth_bad_cnt;
	uint64_t kod_cnt;
	uint16_t aead; /* 0: no NTS keys */
	uint8_t cookie_cnt;
	uint16_t cookie_len;
	uint32_t ke_try_cnt;      /* since the last success */
	struct mono ke_at;        /* last success, INT64_MIN: never */
	int64_t cert_not_after_s; /* unix time, 0 unknown */
	char name[REPORT_NAME_MAX];
	char cert_subject[REPORT_TEXT_MAX];
	char why[REPORT_TEXT_MAX]; /* in words, "" when all is well */
};

/* How long answers took, from the arrival to the reading of their transmit
 * time: below 2^12 ns, below 2^13, and so on; the last has all the rest. */
#define REPORT_LATENCY_LOG2NS 12
#define REPORT_LATENCY_CNT    16

/* Requests and answers of one serve worker; sums are made by ctl. */
struct report_serve {
	uint16_t instance;
	uint64_t rx_cnt;
	uint64_t rx_bytes;
	uint64_t tx_cnt;
	uint64_t tx_bytes;
	uint64_t by_version[8];
	uint64_t ntp_cnt; /* answered without authentication */
	uint64_t mac_cnt;
	uint64_t nts_cnt;
	uint64_t nak_cnt;
	uint64_t interleaved_cnt; /* of those answered */
	uint64_t early_cnt; /* left before their stamp, of those looked at */
	uint64_t rx_stamp_cnt[REPORT_STAMP_CNT]; /* of requests */
	uint64_t tx_stamp_cnt[REPORT_STAMP_CNT]; /* of answers looked at */
	uint64_t latency_cnt[REPORT_LATENCY_CNT];
	uint64_t denied_cnt;
	uint64_t malformed_cnt;
	uint64_t mode_cnt; /* not a client request */
	uint64_t auth_bad_cnt;
	uint64_t limited_cnt;
	uint64_t shed_cnt;   /* by an overloaded worker */
	uint64_t missed_cnt; /* by the kernel, its queue being full */
	uint64_t send_fail_cnt;
};

/* What a client asked; the numbers are estimates where only some requests
 * are looked at.  @addr: without port, of IPv6 only the /64. */
struct report_client {
	struct addr addr;
	uint64_t ask_cnt;  /* NTP requests, and of these: */
	uint64_t drop_cnt; /* not answered */
	uint64_t nts_cnt;  /* answered with NTS */
	uint64_t ke_cnt;   /* key exchanges begun */
};

#define REPORT_CLIENTS_MAX 64

/* From a serve or ke worker: what was added since the last such report. */
struct report_clients {
	uint8_t cnt;
	struct report_client at[REPORT_CLIENTS_MAX];
};

/* A client as ctl remembers it. */
struct report_seen {
	struct report_client sum;
	struct mono first;
	struct mono last;
};

/* What a key exchange was waiting for. */
enum report_ke_stage {
	REPORT_KE_SILENT = 0, /* the first byte */
	REPORT_KE_HANDSHAKE,
	REPORT_KE_REQUEST,
	REPORT_KE_ANSWER, /* that it is taken */
	REPORT_KE_STAGE_CNT,
};

/* Key exchanges of one ke worker. */
struct report_ke {
	uint16_t instance;
	uint64_t accept_cnt;
	uint64_t done_cnt;
	uint64_t tls_fail_cnt;    /* and of these: */
	uint64_t tls_lost_cnt;    /* connection lost or closed */
	uint64_t tls_version_cnt; /* no TLS 1.3 */
	uint64_t tls_alpn_cnt;    /* no ntske/1 */
	uint64_t bad_request_cnt;
	uint64_t no_agreement_cnt; /* on a protocol or an algorithm */
	uint64_t internal_cnt;     /* our own fault */
	uint64_t timeout_cnt;      /* and of these, by what was missing: */
	uint64_t late_cnt[REPORT_KE_STAGE_CNT];
	uint64_t evicted_cnt; /* made room for newcomers */
	uint64_t refused_cnt; /* and of these: */
	uint64_t denied_cnt;  /* by the access rules */
	uint64_t limited_cnt; /* by ntsratelimit */
	uint64_t pause_cnt;   /* no descriptors left: accepting stopped */
	uint32_t open_cnt;
	uint32_t ring_cnt;        /* how often cookie keys came, */
	struct mono ring_at;      /* and when they came last */
	int64_t cert_not_after_s; /* the certificate that expires first */
	char cert_subject[REPORT_TEXT_MAX];
};

/* One process of ours. */
struct report_role {
	uint8_t role; /* enum role */
	uint16_t instance;
	bool up;
	bool given_up; /* stays down: died too often */
	bool gone;     /* retired: forget it */
	uint32_t restart_cnt;
	int64_t pid;
	struct mono since;
	char cage[REPORT_TEXT_MAX];
	char last_death[REPORT_TEXT_MAX];
};

/* The daemon's own summary: why (not) synchronised, and what clock did. */
struct report_sync {
	bool synced;
	uint16_t source_cnt;
	uint16_t accepted_cnt;
	uint16_t selected_slot; /* UINT16_MAX: none */
	uint32_t step_cnt;
	uint8_t refusal; /* enum clockcmd_refusal of the last command */
	struct dur budget_left;
	uint64_t update_cnt; /* of the clock; 0: these three are not known */
	struct dur last_offset;
	double rms_offset_s; /* long-term */
	double update_interval_s;
	double freq_sps;
	double freq_error_sps;
	uint64_t hardware_used_cnt;    /* stamps by hardware, both ways */
	uint64_t hardware_refused_cnt; /* the kernel's taken instead */
	char reason[REPORT_TEXT_MAX];
};

/**
 * report_serve_add, report_ke_add - add what r has counted to sum.  What is
 * no counter stays as it is.
 */
void report_serve_add(struct report_serve *sum, const struct report_serve *r);
void report_ke_add(struct report_ke *sum, const struct report_ke *r);

/**
 * report_select_text, report_stage_text, report_auth_text,
 * report_stamp_text - one word each.
 */
const char *report_select_text(unsigned select);
const char *report_stage_text(unsigned stage);
const char *report_auth_text(unsigned auth);
const char *report_stamp_text(unsigned stamp);

#endif
