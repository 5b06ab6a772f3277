/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock discipline: samples of many sources in, one clock command out,
 * and everything that can be said about the time and how good it is.
 *
 * Pure: time comes in as `now`, no allocation after discipline_new, and no
 * command is ever assumed to have been carried out: discipline_clock brings
 * what the clock really did, and only that is booked.
 *
 * The daily round of a caller (role sync, the simulator):
 *   discipline_sent      when a request leaves
 *   discipline_sample    when an answer has been verified
 *   discipline_clock     when the clock reports, after a command or by itself
 *   discipline_tick      not later than discipline_next
 * and after each of the last three: carry out what struct discipline_out
 * says, publish the page if it says so, and ask discipline_poll again.
 * Signs: offsets are true minus our clock, positive means that we are slow.
 */
#ifndef DISCIPLINE_DISCIPLINE_H
#define DISCIPLINE_DISCIPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clockcmd.h"
#include "base/err.h"
#include "base/timepage.h"
#include "base/tstamp.h"
#include "discipline/sample.h"

#define DISCIPLINE_SLOT_MAX 64  /* slots are 0..63 */
#define DISCIPLINE_WHY_MAX  160 /* a reason in words, with its NUL */

/* How unauthenticated sources count beside authenticated ones. */
enum discipline_authmode {
	DISCIPLINE_AUTH_REQUIRE, /* they do not */
	DISCIPLINE_AUTH_PREFER,  /* only when no authenticated one is usable */
	DISCIPLINE_AUTH_MIX,     /* they must agree with those (default) */
	DISCIPLINE_AUTH_IGNORE,  /* as all others */
};

/* What the clock may be told about leap seconds. */
enum discipline_leapmode {
	DISCIPLINE_LEAP_SYSTEM, /* the kernel inserts it */
	DISCIPLINE_LEAP_STEP,   /* we step when it has come */
	DISCIPLINE_LEAP_SLEW,   /* we slew when it has come */
	DISCIPLINE_LEAP_IGNORE, /* it shows up as an offset */
};

/* A leap second announced by the leap second list, if there is one. */
struct discipline_leap {
	struct wall next; /* first instant after it, ns 0: none known */
	struct wall
	    expires;      /* the list says nothing from here on; 0: no list */
	struct wall last; /* likewise of the last one, for a smear that
	                       * began before we did; 0: none */
	int32_t tai_offset_s; /* TAI - UTC until then; 0 unknown */
	int8_t sense;         /* +1 insert, -1 delete, 0 none */
	int8_t last_sense;
};

/* The configuration; discipline_conf_init gives the defaults named here. */
struct discipline_conf {
	unsigned minsources;        /* 1 */
	double makestep_s;          /* threshold; 0: never step (default) */
	int makestep_limit;         /* updates that may step, < 0: always */
	double maxchange_s;         /* panic beyond; 0: off (default) */
	int maxchange_delay;        /* updates before the rule starts, */
	int maxchange_ignore;       /* updates it may break, < 0 always */
	double maxslewrate_ppm;     /* until first synchronised: 83333.333 */
	double slewrate_synced_ppm; /* after: 1000 */
	double maxdrift_ppm;        /* 500 */
	double maxdistance_s;       /* 3 */
	double maxjitter_s;         /* 1 */
	double combinelimit;        /* 3; 0: use the best source alone */
	double stratumweight_s;     /* 1e-3 per stratum, for the tie only */
	double reselectdist_s;      /* 1e-4, for the tie only */
	double corrtimeratio;       /* 3 */
	double maxupdateskew_ppm;   /* 1000 */
	double excursion_ppm;       /* c, B4 of the bound: 15 */
	double maxclockerror_ppm;   /* 1, in the root dispersion growth */
	double targeterror_s;       /* 0: by elasticity (default) */
	int lying_sources;          /* f of the bound; < 0: (n - 1) / 2 */
	enum discipline_authmode authmode;
	enum discipline_leapmode leapmode;
	bool steers_mono;          /* our frequency steers CLOCK_MONOTONIC (not
	                         * with a virtual clock) */
	bool local;                /* serve by `local stratum` when alone */
	uint8_t local_stratum;     /* 10 */
	double freq_sps;           /* from the drift file, with its error... */
	double freq_error_sps;     /* ...500e-6 when there is none */
	double wander_log10;       /* learned wander, log10 s/s/sqrt(s): -9 */
	double wander_error_log10; /* 1.5 */
	struct discipline_leap leap;
};

/* Configuration of one source; discipline_source_conf_init: the defaults. */
struct discipline_source_conf {
	bool prefer;
	bool noselect;
	bool trust;
	bool require;
	bool authenticated; /* configured to be: NTS or a key */
	bool is_public;     /* politeness: not private, not our network */
	bool iburst;        /* the start burst of seven */
	bool interleaved;
	int8_t minpoll;          /* 6 */
	int8_t maxpoll;          /* 10 */
	double maxdelay_s;       /* 3: drop samples beyond */
	double maxdelayratio;    /* 0: off; delay over the least one */
	double maxdelaydevratio; /* 10: how far over, in jitters; 0: off */
	double maxdelayquant;    /* 0: off; quantile of recent delays */
	double mindelay_s;       /* least delay known to be possible, or 0 */
	double offset_s;         /* added to every sample */
	double asymmetry;        /* -0.5..0.5, correlation of offset and delay
	                          * beyond the least; NaN (default): unknown */
	unsigned minsamples;     /* before it may be selected: 0 = our rule */
	unsigned maxsamples;     /* remembered: 0 = our rule */
	double base_delay_s;     /* learned in an earlier run; 0 unknown */
};

enum discipline_cmd {
	DISCIPLINE_CMD_NONE = 0,
	DISCIPLINE_CMD_ADJUST,
	DISCIPLINE_CMD_STEP,
};

/* What the caller is to do now. */
struct discipline_out {
	uint8_t cmd; /* enum discipline_cmd; which of the two holds */
	struct clockcmd_adjust adjust;
	struct clockcmd_step step;
	bool publish;    /* discipline_time and _truth have news */
	uint64_t repoll; /* bit per slot: ask discipline_poll again now */
};

/* When to ask a source next. */
struct discipline_poll {
	int8_t poll_log2;  /* the steady poll, for packets and reports */
	bool burst;        /* interval_s belongs to a burst */
	double interval_s; /* from the last request to the next; the caller
	                    * varies it by +-3 % unless @burst */
};

/* What a source is to us; discipline_state_char gives chronyc's letters. */
enum discipline_state {
	DISCIPLINE_SELECTED,    /* '*' carries most of the estimate */
	DISCIPLINE_COMBINED,    /* '+' carries some of it */
	DISCIPLINE_AGREEING,    /* '-' truthful, carries nothing */
	DISCIPLINE_FALSETICKER, /* 'x' disagrees with the majority */
	DISCIPLINE_VARIABLE,    /* '~' too jittery (maxjitter) */
	DISCIPLINE_UNREACHABLE, /* '?' does not answer */
	DISCIPLINE_WAITING,     /* '?' too few samples yet */
	DISCIPLINE_DISTANT,     /* '?' root distance beyond maxdistance */
	DISCIPLINE_NOSELECT,    /* '?' configured so */
	DISCIPLINE_UNTRUSTED,   /* '?' authselectmode, trust, require */
	DISCIPLINE_TIED,        /* '?' no majority, so nobody is used */
	DISCIPLINE_BARRED,      /* '?' just stepped; not voting for a while */
	DISCIPLINE_LOOP,        /* '?' synchronised to ourselves */
	DISCIPLINE_STATE_CNT,
};

/* The report on one source.  Relative to our clock at the moment asked. */
struct discipline_source_view {
	uint8_t state;
	uint8_t reach; /* last eight requests, newest in bit 0 */
	int8_t poll_log2;
	uint8_t stratum;
	uint8_t leap;
	bool authenticated;
	bool interleaved;
	bool prefer;
	uint32_t ref_id;
	uint32_t sample_cnt;  /* accepted since opened */
	uint32_t dropped_cnt; /* refused: delay tests, sanity */
	uint32_t request_cnt; /* sent since opened */
	bool sampled;         /* the values below mean something */
	struct mono last_at;  /* the last sample */
	double last_offset_s; /* as measured, at that time, since then moved
	                       * by our own corrections */
	double last_error_s;  /* its hard interval, half width */
	double offset_s;      /* estimate now */
	double sigma_s;       /* its standard error */
	double freq_sps;      /* drift of the source against our clock */
	double skew_sps;      /* its standard error */
	double delay_s;       /* of the last sample */
	double base_delay_s;  /* least believed */
	double jitter_s;      /* mean queueing per direction */
	double distance_s;    /* hard interval now, half width */
	double root_delay_s;
	double root_dispersion_s;
	double weight; /* share of the information in the joint estimate */
	char why[DISCIPLINE_WHY_MAX];
};

/* The report on the clock as a whole. */
struct discipline_view {
	bool synced;
	bool bounded;
	bool holdover; /* synced, but no source is accepted any more */
	uint8_t stratum;
	uint8_t leap;
	int selected; /* slot, -1 none */
	uint32_t ref_id;
	uint32_t source_cnt; /* voting */
	uint32_t accepted_cnt;
	uint64_t update_cnt;
	double remaining_s;    /* true - clock, being slewed */
	double last_offset_s;  /* correction at the last update */
	double rms_offset_s;   /* long-term mean of that */
	double freq_sps;       /* correction of the oscillator in force */
	double resid_freq_sps; /* estimate minus that */
	double skew_sps;       /* standard error of the frequency */
	double sigma_s;        /* standard error of the time */
	double bound_s;        /* if bounded */
	double bound_growth_sps;
	double root_delay_s;
	double root_dispersion_s;
	double update_interval_s;
	double wander_log10;
	struct wall ref_wall;
};

/* What is worth keeping over a restart: the drift file. */
struct discipline_learned {
	bool valid;
	double freq_sps;
	double freq_error_sps;
	double wander_log10;
	double wander_error_log10;
};

struct discipline;

/**
 * discipline_conf_init, discipline_source_conf_init - the defaults.
 */
void discipline_conf_init(struct discipline_conf *conf);
void discipline_source_conf_init(struct discipline_source_conf *conf);

/**
 * discipline_new - start with no sources and an unsynchronised clock.
 * @conf: copied.
 * @now:  the origin of its time.
 * Return: owned, NULL without memory.  No command is given before the first
 * discipline_clock.
 */
struct discipline *discipline_new(
    const struct discipline_conf *conf, struct mono now);
void discipline_free(struct discipline *d);

/**
 * discipline_size - bytes that discipline_new allocates, all there ever are.
 */
size_t discipline_size(void);

/**
 * discipline_reconfigure - other settings; estimates are kept, the drift
 * file's values ignored.
 */
void discipline_reconfigure(
    struct discipline *d, const struct discipline_conf *conf);

/**
 * discipline_open - take a slot into use, empty.
 * Return: 0; ERR_BAD for a slot out of range, ERR_FULL when in use.
 */
int discipline_open(struct discipline *d, unsigned slot,
    const struct discipline_source_conf *conf) MUST_CHECK;

/**
 * discipline_modify - other settings for a source, its history kept.
 * discipline_reset  - forget its history (another server, another path).
 * discipline_close  - free the slot; unknown slots are ignored.
 */
void discipline_modify(struct discipline *d, unsigned slot,
    const struct discipline_source_conf *conf);
void discipline_reset(struct discipline *d, unsigned slot);
void discipline_close(struct discipline *d, unsigned slot);

/**
 * discipline_sent  - a request left; shifts the reach register and moves a
 *                    burst on.
 * discipline_reply - it was answered, by something that is no sample (server
 *                    not synchronised): counts as reached.
 * discipline_rate  - the server asked for less (kiss code RATE, believed by
 *                    the caller): its minpoll is one higher for a day.
 * discipline_loop  - the server says that it follows us: not selectable until
 *                    a sample comes.
 */
void discipline_sent(struct discipline *d, unsigned slot, struct mono now);
void discipline_reply(struct discipline *d, unsigned slot);
void discipline_rate(struct discipline *d, unsigned slot, struct mono now);
void discipline_loop(struct discipline *d, unsigned slot);

/**
 * discipline_sample - a verified measurement.
 * @s:   offset_s as measured against the clock as it stood.
 * @now: not before s->at.
 * @out: what to do; always filled.
 * Return: 0; ERR_BAD for an unknown slot or an insane sample (counted);
 * ERR_DENIED when the source's delay tests drop it.
 */
int discipline_sample(struct discipline *d, unsigned slot,
    const struct sample *s, struct mono now, struct discipline_out *out);

/**
 * discipline_clock - what the clock has really done, as reported by role
 * clock after each command and whenever something happened to it.
 * @state: running sums; corrected is what the clock moved against its
 *         oscillator beyond freq_sps; slew_rate_sps is per second of
 *         CLOCK_MONOTONIC.
 */
void discipline_clock(struct discipline *d, const struct clockcmd_state *state,
    struct mono now, struct discipline_out *out);

/**
 * discipline_clock_lost - role clock died; the sums of the next report start
 * at zero again.
 */
void discipline_clock_lost(struct discipline *d, struct mono now);

/**
 * discipline_tick - time has passed.
 * discipline_next - call discipline_tick not later than this; never sooner
 *                   than a second after the last call, but for a leap second.
 */
void discipline_tick(
    struct discipline *d, struct mono now, struct discipline_out *out);
struct mono discipline_next(const struct discipline *d);

/**
 * discipline_reselect - choose again now (operator's wish).
 * discipline_burst    - measure all sources quickly (within politeness).
 * discipline_makestep - the operator wants the remaining offset stepped;
 *                       ERR_ABSENT without an estimate, ERR_DENIED when no
 *                       source's interval holds it.
 */
void discipline_reselect(
    struct discipline *d, struct mono now, struct discipline_out *out);
void discipline_burst(struct discipline *d, struct mono now, uint64_t slots);
int discipline_makestep(struct discipline *d, struct mono now,
    struct discipline_out *out) MUST_CHECK;

/**
 * discipline_poll - when to ask this source next.
 * Return: 0, ERR_BAD for an unknown slot.
 */
int discipline_poll(const struct discipline *d, unsigned slot, struct mono now,
    struct discipline_poll *poll) MUST_CHECK;

/**
 * discipline_time - the time page at this moment.
 * @page: all of it but as_of_raw_ns, as_of_boot_ns, as_of_wall_ns and
 *        TIMEPAGE_VIRTUAL, which the caller fills in from the clocks.
 */
void discipline_time(
    const struct discipline *d, struct mono now, struct timepage_time *page);

/**
 * discipline_truth - what role clock may tell the kernel and onwards.
 */
void discipline_truth(
    const struct discipline *d, struct mono now, struct clockcmd_truth *truth);

/**
 * discipline_learned - for the drift file.
 */
void discipline_learned(
    const struct discipline *d, struct discipline_learned *l);

/**
 * discipline_look        - the whole clock.
 * discipline_look_source - one source.  Return: 0, ERR_BAD unknown slot.
 * discipline_reason      - why (not) synchronised, one sentence with numbers.
 * discipline_state_char, discipline_state_text - '*' and "selected".
 */
void discipline_look(
    const struct discipline *d, struct mono now, struct discipline_view *view);
int discipline_look_source(const struct discipline *d, unsigned slot,
    struct mono now, struct discipline_source_view *view) MUST_CHECK;
const char *discipline_reason(
    const struct discipline *d, struct mono now, char text[DISCIPLINE_WHY_MAX]);
char discipline_state_char(unsigned state);
const char *discipline_state_text(unsigned state);

#endif
