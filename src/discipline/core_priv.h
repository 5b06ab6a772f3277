/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state behind struct discipline and the seams between its modules.  All
 * phases are true time minus the free-running oscillator, all times raw
 * seconds of that oscillator (timeline.h), unless a name says otherwise.
 */
#ifndef DISCIPLINE_CORE_PRIV_H
#define DISCIPLINE_CORE_PRIV_H

#include "discipline/bank.h"
#include "discipline/delay.h"
#include "discipline/discipline.h"
#include "discipline/stacked.h"
#include "discipline/timeline.h"
#include "discipline/traits.h"

#define CORE_REPLAY_MAX   128
#define CORE_ANCHOR_MAX   16
#define CORE_SERVER_TIMES 8
#define CORE_SURPRISE_MAX 4
#define CORE_FORGET       0.995

/* A sample kept for rebuilding the joint estimate. */
struct core_replay {
	double raw_s;
	struct estimate_obs o;
};

/* A hard interval: z +- lambda, valid at raw_s. */
struct core_hard {
	double raw_s;
	double z_s;
	double lambda_s;
};

/* What a source told with its last sample. */
struct core_told {
	struct mono at;
	double raw_s;
	double z_s;
	double lambda_s;
	double delay_s;
	double root_delay_s;
	double root_dispersion_s;
	uint32_t ref_id;
	uint8_t stratum;
	uint8_t leap;
	bool authenticated;
	bool interleaved;
};

struct core_poll {
	int8_t log2;
	int8_t want;          /* what the estimate asks for */
	uint8_t since_climb;  /* replies since the last step up */
	uint8_t burst_sent;   /* start burst: requests sent so far */
	uint8_t confirm;      /* confirmation requests still wanted */
	bool start_over;      /* the start burst is over */
	uint8_t watch;        /* replies for which minpoll is wanted */
	bool spread;          /* the first steady interval has been shortened */
	bool rated;           /* asked to be slower... */
	struct mono rated_at; /* ...at this time */
	struct mono first_at; /* the first request */
	struct mono sent_at;
	struct mono confirm_at; /* the last confirmation burst */
	bool confirmed_ever;
	uint32_t answered; /* samples when the last request left */
};

/* Replies that queueing cannot explain, waiting for a verdict. */
struct core_surprise {
	unsigned cnt; /* in the ring, of the last replies */
	unsigned head;
	struct core_hard seen[CORE_SURPRISE_MAX];
	bool odd[CORE_SURPRISE_MAX];
	double step_s;   /* last verdict: the source moved by this... */
	double step_raw; /* ...at this raw time */
	bool stepped;
};

/* Where the frequency of the truth against the oscillator must be. */
struct core_rate {
	bool known;
	double mid_sps;
	double half_sps;
};

struct core_source {
	struct core_rate rate;        /* as of the newest sample */
	struct core_rate rate_before; /* what cleared anchors had shown */
	bool open;
	bool primed; /* bank holds an estimate */
	struct discipline_source_conf conf;
	struct discipline_delay delay;
	struct discipline_traits traits;
	struct discipline_bank bank;
	struct core_replay replay[CORE_REPLAY_MAX];
	unsigned replay_cnt;
	struct core_hard recent[CORE_ANCHOR_MAX];
	unsigned recent_cnt;
	struct core_hard anchor[CORE_ANCHOR_MAX];
	unsigned anchor_cnt;
	double anchor_raw_s; /* when the newest anchor's time began */
	struct core_told told;
	struct core_poll poll;
	struct core_surprise surprise;
	double server_time[CORE_SERVER_TIMES]; /* T3 - T2 */
	unsigned server_time_cnt;
	double info; /* its share in the joint estimate, 1/s^2 */
	double info_raw_s;
	uint32_t request_cnt;
	uint32_t sample_cnt;
	uint32_t dropped_cnt;
	uint32_t asked;       /* requests since the history began */
	uint32_t since_reset; /* samples since the history began */
	uint8_t reach;
	uint8_t suspect;  /* replies in a row that looked like drifting */
	uint8_t bar;      /* replies for which it does not vote */
	bool contradicts; /* its last reply and its own past exclude each
	                   * other */
	bool loop;
	uint8_t state;  /* enum discipline_state */
	double agree_s; /* for the report: how far it is off the others */
};

/* How the members share the estimate. */
struct core_share {
	double weight; /* in the mean of their phases */
	double bias_s; /* taken off its samples */
	double dilute; /* factor on its variances, >= 1 */
};

struct core_joint {
	struct core_share share[DISCIPLINE_SLOT_MAX];
	double bias_var; /* of the mean, from what the members differ */
	struct discipline_bank bank;
	uint64_t members;
	bool primed;
	unsigned fed; /* samples since its beginning */
	bool new_members;
	bool keep_rate; /* the next beginning knows the frequency */
};

/* The sources' rates against each other. */
struct core_compare {
	int idx[DISCIPLINE_SLOT_MAX]; /* in the filters, -1 not there */
	struct discipline_stacked filter[2];
};

/* The outcome of the vote. */
struct core_vote {
	uint64_t voting;
	uint64_t accepted;
	uint64_t members; /* of these, who carry the estimate */
	unsigned voting_cnt;
	unsigned accepted_cnt;
	/* If none: who was to agree, and why they do not. */
	unsigned elector_cnt;
	unsigned barred_cnt; /* of these */
	unsigned needed;
	double apart_s; /* the nearest two that disagree; 0: there are none */
	bool unmet;     /* they agree, but none of them has `require` */
	int system;     /* slot of the system peer, -1 */
};

struct core_bound {
	bool valid;
	double raw_s; /* of the values below */
	double lo_s;  /* phases */
	double hi_s;
	double growth_sps;
	double rate_lo_sps;
	double rate_hi_sps;
};

struct core_control {
	bool heard;        /* the clock has reported */
	bool wanted;       /* a decision is due as soon as the clock is ready */
	bool asked;        /* a command is on its way */
	double asked_rate; /* of the slew asked for */
	struct mono asked_at;
	struct mono last_at; /* last command */
	bool stepping;
	struct clockcmd_state state;
	bool settled; /* has been synchronised: slew gently from now on */
	bool rested;  /* a suspend allows one step up to... */
	double rest_step_s;
	bool refused_step;
	bool panic;
	double panic_s;
	int changes;
	int ignored;
	uint64_t updates;
	double last_offset_s;
	double square_offset;
	double interval_s; /* between updates of the joint estimate */
	double last_raw_s;
	struct wall ref_wall; /* the clock at the last sample used */
	struct mono ref_at;
	struct mono next;
};

/* The leap second that is believed, and the last one that came.  @due,
 * @done: the first instant after it, ns 0 none. */
struct core_leap {
	bool known; /* what the clock showed... */
	struct wall wall;
	struct timeline_point wall_at; /* ...at this point */
	struct wall due;
	struct wall done;
	struct mono done_at;
	int8_t sense; /* of @due: +1 inserted, -1 deleted */
	int8_t done_sense;
	bool step;    /* the clock is still to be stepped by it */
	bool slewing; /* more is left than a synchronised clock has, for it */
};

struct discipline {
	struct discipline_conf conf;
	struct discipline_timeline timeline;
	struct core_source source[DISCIPLINE_SLOT_MAX];
	struct core_joint joint;
	struct core_compare compare;
	struct core_vote vote;
	struct core_bound bound;
	struct core_control control;
	bool synced;
	bool holdover;
	uint8_t leap; /* to be announced */
	struct core_leap leapsec;
	uint8_t last_stratum; /* of the last system peer */
	uint32_t last_ref_id;
	struct mono started;
	struct mono ticked;
};

/* source.c: one source's samples, from validation to its own estimate. */
int discipline_source_take(struct discipline *d, unsigned slot,
    const struct sample *s, struct core_replay *r);
void discipline_source_init(
    struct core_source *src, const struct discipline_source_conf *conf);
void discipline_source_forget(struct core_source *src);
void discipline_source_shift(struct core_source *src, double dx_s);
bool discipline_source_reachable(const struct core_source *src);

/* hard.c: intervals that hold the truth, per source and for the clock. */
bool discipline_hard_source(
    const struct core_source *src, double raw_s, struct core_hard *h);
void discipline_hard_add(const struct discipline *d, struct core_source *src,
    const struct core_hard *h);
void discipline_hard_clear(struct core_source *src);
void discipline_hard_bound(struct discipline *d, double raw_s);
double discipline_hard_half(
    const struct discipline *d, double raw_s, double x_s);

/* compare.c: who keeps whose rate. */
void discipline_compare_init(struct core_compare *c);
void discipline_compare_remove(struct core_compare *c, unsigned slot);
void discipline_compare_take(
    struct discipline *d, unsigned slot, const struct core_replay *r);
void discipline_compare_share(struct discipline *d, uint64_t members);
bool discipline_compare_agree(
    const struct core_compare *c, unsigned i, unsigned k);
void discipline_compare_realign(struct discipline *d, double step_s);
void discipline_compare_shift(struct core_compare *c, double dx_s, double pxx);

/* select.c: who is believed. */
void discipline_select_vote(struct discipline *d, double raw_s);

/* joint.c: the estimate over all accepted sources. */
void discipline_joint_take(
    struct discipline *d, unsigned slot, const struct core_replay *r);

/* sigma.c: the estimate at a moment, with the standard errors to be told. */
void discipline_sigma_joint(
    const struct discipline *d, double raw_s, struct estimate *e);
void discipline_sigma_source(
    const struct core_source *src, double raw_s, struct estimate *e);

/* control.c: from the estimate to one command. */
void discipline_control_decide(
    struct discipline *d, struct mono now, struct discipline_out *out);
void discipline_control_lost(struct discipline *d, struct mono now);
int discipline_control_step(
    struct discipline *d, struct mono now, struct discipline_out *out);
void discipline_control_heard(
    struct discipline *d, const struct clockcmd_state *state, struct mono now);

int discipline_control_leap(
    struct discipline *d, struct mono now, struct discipline_out *out);

/* discipline.c: the truth has moved against the oscillator. */
void discipline_shift(struct discipline *d, double dx_s);
/* It is known less well than before: measure again, soon. */
void discipline_disturbed(struct discipline *d, double sd_s, struct mono now);

/* leap.c: what to announce, and what to do when it comes.
 * _see: what the clock showed; _moved: it was stepped, or slept since.
 * _judge: once it is known whether we are synchronised; _pass: first of all,
 * whatever is called.  _close: samples are of no use.  _slewing: more than
 * usual may be left.  _when: next or last one. */
uint8_t discipline_leap_vote(const struct discipline *d);
void discipline_leap_see(
    struct discipline *d, struct wall wall, struct mono at);
void discipline_leap_moved(struct discipline *d, struct dur by, bool slept);
void discipline_leap_judge(struct discipline *d, struct mono now);
void discipline_leap_pass(struct discipline *d, struct mono now);
bool discipline_leap_close(const struct discipline *d, struct mono now);
bool discipline_leap_slewing(struct discipline *d, double left_s);
int32_t discipline_leap_tai(const struct discipline *d);
struct mono discipline_leap_when(
    const struct discipline *d, struct mono now, int8_t *sense);

/* pollctl.c: when to ask. */
void discipline_pollctl_init(struct core_source *src);
void discipline_pollctl_sent(struct core_source *src, struct mono now);
uint64_t discipline_pollctl_review(
    struct discipline *d, unsigned slot, struct mono now);
bool discipline_pollctl_confirm(struct core_source *src, struct mono now);
int8_t discipline_pollctl_lowest(
    const struct core_source *src, struct mono now);
double discipline_pollctl_interval(
    const struct discipline *d, unsigned slot, struct mono now, bool *burst);

#endif
