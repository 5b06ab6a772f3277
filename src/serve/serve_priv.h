/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the modules of folder serve share: the worker's state, the request as
 * read so far, and the steps of an answer.
 */
#ifndef SERVE_PRIV_H
#define SERVE_PRIV_H

#include "base/bytes.h"
#include "interleave_priv.h"
#include "ntp/ext.h"
#include "ntp/packet.h"
#include "nts/ef.h"
#include "serve/access.h"
#include "serve/crowd.h"
#include "serve/serve.h"
#include "serve/smear.h"
#include "wire_priv.h"

/* What every answer of a batch says of our time. */
struct serve_face {
	uint8_t leap;
	uint8_t stratum; /* as on the wire: 0 unsynchronised */
	uint32_t ref_id;
	struct ntp_short root_delay;
	struct ntp_short root_dispersion;
	struct ntp_ts reference; /* 0: that of the request's arrival */
	int64_t correction_ns;   /* true time - CLOCK_REALTIME */
};

/* What is left to do when the time is written. */
enum serve_seal {
	SERVE_SEAL_NONE,
	SERVE_SEAL_MAC,
	SERVE_SEAL_NTS,
};

/* A verdict that waits for the others of the batch. */
#define SERVE_PENDING SERVE_VERDICT_CNT

/* One request while it is answered. */
struct serve_job {
	const struct serve_request *req; /* NULL once the batch is judged */
	enum serve_verdict verdict;
	struct ntp_packet head;
	struct wall arrived; /* as stamped */
	struct ntp_ts rx;    /* true time, as the answer says it */
	uint32_t fuzz;       /* below the precision of the transmit time */
	unsigned auth;       /* enum serve_verdict of a good answer */
	bool interleaved;    /* the transmit time is an earlier one */
	unsigned class_idx;  /* of the way to the wire */
	struct dur delay;    /* of the class; to be added */
	bool sampled;        /* ask when it leaves, to learn from it */
	bool stamp_wanted;   /* for that, or for its client */
	struct bytes_out out;
	enum serve_seal seal;
	struct nts_ef_exchange *nts;      /* NULL: without */
	const struct crypto_mac_key *key; /* of a MAC, with its place */
	uint8_t *mac;
	size_t mac_len;
};

struct serve {
	struct serve_conf conf; /* keys and ring NULL: they are below */
	struct crypto_mac *mac;
	struct crypto_mac_key *keys; /* ascending by id */
	size_t key_cnt;
	bool nts_on;
	struct nts_server_ctx nts;
	struct timepage_time time; /* the last copies */
	struct timepage_clock clock;
	bool time_known;
	bool clock_known;
	struct mono now;      /* of the batch */
	struct wall finished; /* CLOCK_REALTIME: the last answer */
	struct serve_face face;
	struct serve_smear smear;
	struct serve_interleave *interleave;
	bool pressed;
	struct serve_wire wire;
	struct serve_job jobs[SERVE_BATCH_MAX]; /* of the last batch */
	struct nts_ef_exchange exchanges[SERVE_BATCH_MAX];
	size_t exchange_cnt;
	struct serve_counters counters;
};

/**
 * serve_sheds - whether a request that shows no valid cookie is to be dropped
 * for the sake of others when there is pressure.
 */
bool serve_sheds(const struct serve *s, const struct addr *from);

/**
 * serve_face_make - what to tell, from the last copies of the pages.
 */
void serve_face_make(struct serve *s, const struct serve_now *now);

/**
 * serve_stamp_arrival - when the request came, and what an answer's stamps
 * need besides.
 * Return: whether that can be true.
 */
bool serve_stamp_arrival(const struct serve *s, struct serve_job *job);

/**
 * serve_stamp_class - find out where the answer belongs among those whose way
 * to the wire is learned.
 * Return: what of it stays unknown, as dispersion.
 */
struct ntp_short serve_stamp_class(struct serve *s, struct serve_job *job);

/**
 * serve_put_header - append the header of the answer, a kiss code's if kiss
 * is not 0, all but the transmit time.
 */
void serve_put_header(struct serve *s, struct serve_job *job, uint32_t kiss);

/**
 * serve_interleave_answer - make the header of an answer with time
 * interleaved if that is what the request asks and we can, and remember it
 * if it may be asked for next time.
 */
void serve_interleave_answer(
    struct serve *s, struct serve_job *job, struct ntp_packet *p);

/**
 * serve_nts_answers - of the jobs with NTS fields: verify them, then append
 * the rest of the response to job->out, to be sealed, or an NTSN.
 */
void serve_nts_answers(struct serve *s, size_t cnt);

#endif
