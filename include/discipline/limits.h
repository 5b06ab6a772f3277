/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits that role clock enforces, whatever sync asks: pure judgement
 * over readings of this machine's clocks and counts of what was carried out.
 * The configuration comes from super alone; nothing that a command says of
 * itself widens a limit.
 *
 * How clock uses it: every command is judged (discipline_limits_adjust or
 * _step), carried out, then booked (_adjusted, _stepped).  Every few seconds
 * _watch compares the clocks.  After each of these _save says whether super
 * has to write new state; super's answer goes to _granted.
 *
 * Displacement is what the clock moved against CLOCK_MONOTONIC_RAW at the
 * long-term frequency.  After start-up it leaks away at 15 ppm plus 2 s in
 * 24 h, and must stay inside what super has already written down as spent.
 */
#ifndef DISCIPLINE_LIMITS_H
#define DISCIPLINE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clockcmd.h"
#include "base/err.h"
#include "base/tstamp.h"

#define DISCIPLINE_LIMITS_SAVED_LEN 96

/* The longest slew that one command may ask for, so that a clock whose
 * masters died is back at its base frequency soon. */
#define DISCIPLINE_LIMITS_SLEW_MAX_S 3600

/* Slewing once synchronised, unless maxslewrate says otherwise.  A server that
 * stepped by 50 ms is then followed within a minute of noticing; what all
 * slews may do together is limited by the budget, whatever their rate. */
#define DISCIPLINE_LIMITS_LATER_SLEW_SPS 1000e-6

/* From super, never from a child. */
struct limits_conf {
	bool step_allowed;         /* makestep is configured */
	struct dur step_threshold; /* its THRESHOLD */
	int32_t step_limit;        /* its LIMIT; negative: no end */
	double slew_sps;           /* maxslewrate during start-up */
	double later_slew_sps;     /* afterwards: 1000 ppm, or maxslewrate
	                            * where it was configured */
	double drift_sps;          /* maxdrift */
	uint16_t minsources;       /* at least 1 */
	uint16_t slot_cnt;         /* slots that super gave out */
	struct wall build_date;    /* never taken earlier than a constant */
	uint64_t boot_id;          /* a hash of the kernel's boot id */
	bool virtual_clock;        /* -x */
};

/* The clocks, read as near together as can be. */
struct limits_reading {
	struct wall real;  /* CLOCK_REALTIME, of the kernel also with -x */
	struct dur virt;   /* virtual clock minus real; 0 without -x */
	struct mono mono;  /* CLOCK_MONOTONIC */
	struct mono raw;   /* CLOCK_MONOTONIC_RAW */
	struct mono boot;  /* CLOCK_BOOTTIME; mono where there is none */
	struct dur spread; /* between the first and the last of these reads */
};

/* What super keeps on disc for the next start. */
struct limits_saved {
	uint64_t boot_id;
	struct mono boot;   /* when this was true... */
	struct wall wall;   /* ...for the next boot */
	struct dur spent;   /* budget counted as spent, tranches included */
	uint32_t phase_cnt; /* phase commands carried out in this boot */
	uint32_t step_cnt;  /* of these, steps */
	bool begun;         /* a command was carried out in this boot */
	bool over;          /* start-up was over in this boot */
	bool has_freq;
	bool has_floor;
	struct mono begun_boot;
	struct mono over_boot;
	double freq_sps;   /* long-term frequency */
	struct wall floor; /* true time was confirmed to be later than this */
};

/* Bits that discipline_limits_watch returns. */
enum limits_event {
	LIMITS_FOREIGN = 1U << 0, /* somebody else stepped: tell sync, log */
	LIMITS_SUSPEND = 1U << 1, /* the machine slept: tell sync */
	LIMITS_LEAP = 1U << 2,    /* the kernel carried out the leap second */
	LIMITS_HOLD = 1U << 3,    /* budget spent: drop any slew, set the
	                           * frequency to discipline_limits_hold_freq
	                           * (booked already), publish, log */
};

/* What clock publishes beside sync's page. */
struct limits_truth {
	bool synced;
	uint8_t leap;
	int32_t tai_offset_s;
	struct mono synced_until_boot;
};

/* Four commands a second, sixteen at once. */
struct limits_bucket {
	double tokens;
	struct mono at;
};

/* State of the judge; owned by the caller, fields private. */
struct limits {
	struct limits_conf conf;
	struct limits_reading last;
	unsigned events; /* seen since the last watch */
	/* what is in force */
	double freq_sps;
	double slew_sps;
	struct mono slew_until;
	/* this boot */
	uint32_t phase_cnt;
	uint32_t step_cnt;
	bool begun;
	bool over; /* start-up is over: the budget counts */
	struct mono begun_boot;
	struct mono over_boot;
	bool permitted; /* the operator allowed one step, a minute long */
	struct mono permit_boot;
	bool rested;    /* a suspend allows one step */
	double rest_ns; /* its length */
	/* displacement, ns; doubles so that slow leaks do not round away */
	double moved_ns;
	double carried_ns;  /* spent before this start, leaking away */
	double reserved_ns; /* written down, carried included, leaking away */
	double asked_ns;    /* reserved_ns once super has written it */
	double need_ns;     /* of the largest command that had to wait */
	bool asking;
	bool dirty;
	bool held; /* commands are being refused for the budget */
	double long_sps;
	bool has_freq;
	/* floor of the absolute window, moving with boot time */
	bool has_floor;
	bool confirmed; /* in this run */
	struct wall floor;
	struct mono floor_boot;
	/* rates */
	struct limits_bucket commands;
	struct limits_bucket claims;
	/* truth */
	struct limits_truth truth;
	bool leap_changed;
	struct mono leap_boot;
	int32_t tai_last;
	struct mono tai_boot;
};

/**
 * discipline_limits_init - start judging.
 * @conf:  copied.
 * @saved: what super kept, or NULL; of another boot it gives only the budget
 *         (decayed by wall time), the frequency and the floor.
 * @now:   a first reading.
 * Ask discipline_limits_save at once, so that a first tranche is there.
 */
void discipline_limits_init(struct limits *l, const struct limits_conf *conf,
    const struct limits_saved *saved, const struct limits_reading *now);

/**
 * discipline_limits_set_conf - new configuration from super on reload.
 * Super sends it to clock before it sends the matching sources to sync.
 * Counts and budget stay; so do slots once given out.
 */
void discipline_limits_set_conf(
    struct limits *l, const struct limits_conf *conf);

/**
 * discipline_limits_permit - the operator's makestep, by way of super: one
 * step within a minute, to anywhere in the window from the build date on; the
 * confirmed floor is forgotten.
 * @boot: CLOCK_BOOTTIME now.
 */
void discipline_limits_permit(struct limits *l, struct mono boot);

/**
 * discipline_limits_adjust - may this adjustment be carried out?
 * After start-up it must fit the budget; CLOCKCMD_RESERVE means that super
 * has first to write a tranche down: refuse it, call _save, let sync try
 * again with its next update.
 * Return: CLOCKCMD_OK or why not.
 */
enum clockcmd_refusal discipline_limits_adjust(struct limits *l,
    const struct clockcmd_adjust *cmd, const struct limits_reading *now);

/**
 * discipline_limits_step - may this step be carried out?
 * A leap second that was taken by discipline_limits_truth may be stepped, once
 * and within a minute, whatever makestep says and outside the budget.
 * Return: CLOCKCMD_OK or why not.
 */
enum clockcmd_refusal discipline_limits_step(struct limits *l,
    const struct clockcmd_step *cmd, const struct limits_reading *now);

/**
 * discipline_limits_adjusted, discipline_limits_stepped - book a command
 * that was judged CLOCKCMD_OK and that the kernel carried out.
 * @now: read after it.
 */
void discipline_limits_adjusted(struct limits *l,
    const struct clockcmd_adjust *cmd, const struct limits_reading *now);
void discipline_limits_stepped(struct limits *l,
    const struct clockcmd_step *cmd, const struct limits_reading *now);

/**
 * discipline_limits_confirm - at least minsources authenticated sources say
 * that the clock is right: sets the floor of the window, once in a run; it
 * then moves with CLOCK_BOOTTIME alone.
 */
void discipline_limits_confirm(
    struct limits *l, const struct limits_reading *now);

/**
 * discipline_limits_truth - what of sync's claims may be published.
 * A leap is taken only on the last day of a UTC month and changes at most
 * once an hour, TAI - UTC moves by one second a day at most, "synchronised"
 * needs a command carried out, lasts a day at most without news and ends
 * while commands are being refused for the budget.  The first claim of being
 * synchronised without a fast slew in progress ends start-up.
 * @out: to publish.  After a refusal it is what was published last.
 * Return: CLOCKCMD_OK, CLOCKCMD_MALFORMED or CLOCKCMD_RATE.
 */
enum clockcmd_refusal discipline_limits_truth(struct limits *l,
    const struct clockcmd_truth *claim, const struct limits_reading *now,
    struct limits_truth *out);

/**
 * discipline_limits_watch - compare the clocks; call it at least every
 * 16 s while a slew runs, every minute otherwise, and when a timer was
 * cancelled because somebody set the clock.
 * Return: bits of enum limits_event, those seen by other calls included.
 */
unsigned discipline_limits_watch(
    struct limits *l, const struct limits_reading *now);

/**
 * discipline_limits_hold_freq - the frequency to fall back to.
 */
double discipline_limits_hold_freq(const struct limits *l);

/**
 * discipline_limits_save - whether super has to write new state; ask after
 * every call that takes a reading.
 * @out: the state, with the next tranche of the budget counted as spent.
 * Return: true at most once until discipline_limits_granted.
 */
bool discipline_limits_save(struct limits *l, const struct limits_reading *now,
    struct limits_saved *out);

/**
 * discipline_limits_granted - super's answer to what _save gave last.
 * @written: false when the disc did not take it; _save then gives it again.
 */
void discipline_limits_granted(struct limits *l, bool written);

/**
 * discipline_limits_release - the last state before an orderly exit: what was
 * reserved and not spent is given back.  Nothing may be carried out after it.
 */
void discipline_limits_release(struct limits *l,
    const struct limits_reading *now, struct limits_saved *out);

/**
 * discipline_limits_state - fill budget_left, step_cnt, slew_max_sps and
 * startup.
 */
void discipline_limits_state(
    const struct limits *l, struct clockcmd_state *out);

/**
 * discipline_limits_startup - whether makestep still allows a step.
 */
bool discipline_limits_startup(const struct limits *l);

/**
 * discipline_limits_is_violation - whether an honest sync, one that waits
 * for the state message after each command, never earns this refusal: clock
 * then freezes, logs the evidence and exits with code 64.  Evidence that does
 * not hold is only refused: sources that hardly agree bring it about too.
 */
bool discipline_limits_is_violation(enum clockcmd_refusal refusal);

/**
 * discipline_limits_encode - saved state to DISCIPLINE_LIMITS_SAVED_LEN
 * bytes for a file, with a checksum.
 */
void discipline_limits_encode(const struct limits_saved *saved, uint8_t *out);

/**
 * discipline_limits_decode - and back.
 * Return: 0 or ERR_BAD for a wrong length, version, checksum or number.
 */
int discipline_limits_decode(
    struct limits_saved *saved, const uint8_t *data, size_t len) MUST_CHECK;

#endif
