/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What query found out about each server, and how that is shown: as text for
 * a person, as JSON for a program (truenoon-query(1)), and as the interval
 * in which all servers can be right.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/report.h"
#include "ctl/text.h"

#define CLI_RESULT_WORDS 320

/* The certificate that the key exchange showed, good or not. */
struct cli_result_cert {
	bool known;
	char subject[128]; /* escaped already */
	int64_t not_before_s;
	int64_t not_after_s;
};

/* How TLS was agreed, in the library's words. */
struct cli_result_tls {
	char group[32];  /* "": the library has no word for it */
	char cipher[32]; /* "": no TLS */
};

/* @offset_s, @delay_s, @bound_s: NAN when unknown.  @heard: stratum, ref_id
 * and leap are of an answer.  @stage: enum report_stage at which it failed,
 * if it did; @error: in words, "" when the server answered as asked.
 * @no_nts: why there was no NTS and plain NTP was used instead. */
struct cli_result {
	const char *name;
	struct addr addr; /* ADDR_NONE: never known */
	bool heard;
	bool authenticated;
	double offset_s; /* true - our clock */
	double delay_s;
	double bound_s;
	uint8_t stratum;
	uint8_t leap;
	uint32_t ref_id;
	uint16_t aead;       /* 0: no keys */
	unsigned cookie_cnt; /* in stock at the end, with aead */
	unsigned sent_cnt;
	unsigned good_cnt;
	bool kernel_stamps;
	struct cli_result_tls tls;
	struct cli_result_cert cert;
	uint8_t stage;
	char error[CLI_RESULT_WORDS];
	char no_nts[CLI_RESULT_WORDS];
};

/* Offsets from our clock between which true time lies if every server is
 * right.  @cnt: servers that gave a bound. */
struct cli_result_agreed {
	unsigned cnt;
	bool agreed;
	double earliest_s;
	double latest_s;
	size_t earliest_of; /* the result that sets each limit */
	size_t latest_of;
};

/**
 * cli_result_agree - intersect the intervals of all servers with a bound.
 * Not agreed when cnt is 0 or the intervals do not meet.
 */
void cli_result_agree(
    struct cli_result_agreed *a, const struct cli_result *r, size_t cnt);

/**
 * cli_result_text - all of it for a person.
 * @now_s: unix time, for the days a certificate has left.
 */
void cli_result_text(
    struct ctl_text *t, const struct cli_result *r, size_t cnt, int64_t now_s);

/**
 * cli_result_json - all of it as one JSON object.
 */
void cli_result_json(
    struct ctl_text *t, const struct cli_result *r, size_t cnt, int64_t now_s);

#endif
