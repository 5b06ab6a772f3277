/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the clocks, and adjusting the one that is disciplined.
 *
 * One struct os_clock keeps the books (base frequency, slew, sum of what was
 * corrected, steps of others) over one of three back ends: the kernel's
 * clock, a virtual clock over CLOCK_REALTIME (-x), or a recording for tests.
 * Nothing is adjusted before the first command.  No limits are judged here:
 * discipline/limits does, role clock asks it first.
 *
 * Signs: positive makes the clock later or faster.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clockcmd.h"
#include "base/err.h"
#include "base/timepage.h"
#include "base/tstamp.h"

/**
 * os_clock_mono - CLOCK_MONOTONIC; may start at 0.
 */
struct mono os_clock_mono(void);

/**
 * os_clock_real - CLOCK_REALTIME, the kernel's, without a virtual clock.
 */
struct wall os_clock_real(void);

/**
 * os_clock_boot_ns, os_clock_raw_ns - CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW;
 * CLOCK_MONOTONIC where the platform lacks them.
 */
int64_t os_clock_boot_ns(void);
int64_t os_clock_raw_ns(void);

/**
 * os_clock_mono_of - the monotonic time of a recent CLOCK_REALTIME stamp.
 */
struct mono os_clock_mono_of(struct wall real);

/* All clocks at one moment, as nearly as can be had.  @spread: how long the
 * reading took. */
struct os_clock_reading {
	struct mono mono;
	struct wall real;
	int64_t raw_ns;
	int64_t boot_ns;
	struct dur spread;
	bool has_raw; /* else raw_ns repeats mono */
};

/**
 * os_clock_read - the kernel's clocks together, best of a few tries.
 */
void os_clock_read(struct os_clock_reading *r);

/* What a back end does; each call is one system call or nearly so.
 * Each returns 0 or ERR_SYSTEM (errno) or ERR_DENIED (EPERM). */
struct os_clock_backend {
	bool is_virtual;
	/* The clocks; real is that which is disciplined by the kernel. */
	void (*read)(void *ctx, struct os_clock_reading *r);
	/* Drop leftovers of whoever adjusted the clock before us. */
	int (*take)(void *ctx);
	/* Run this much faster than nominal. @applied: as quantised. */
	int (*set_rate)(void *ctx, double sps, double *applied);
	/* The rate in force; ERR_ABSENT: the back end keeps none. */
	int (*get_rate)(void *ctx, double *sps);
	int (*step)(void *ctx, struct dur by);
	/* @rtcsync: the kernel may copy the clock to the RTC. */
	int (*tell)(void *ctx, const struct clockcmd_truth *t, bool rtcsync);
};

struct os_clock {
	const struct os_clock_backend *ops;
	void *ctx;
	bool taken; /* the first command was given */
	bool rtcsync;
	uint8_t leap;    /* as last told */
	bool leapt;      /* it came, the next watch says so */
	double base_sps; /* base frequency in force */
	double slew_sps; /* gained per monotonic second, 0: no slew */
	double rate_sps; /* what the back end really runs at */
	struct mono slew_until;
	struct mono from_mono; /* begin of the running piece */
	int64_t from_raw_ns;
	int64_t virt_ns;  /* virtual clock - real at from_mono */
	double slewed_ns; /* by finished pieces */
	struct dur stepped;
	struct dur foreign;
	int64_t real_boot_ns; /* REALTIME - BOOTTIME: only steps change it */
	int64_t boot_mono_ns; /* BOOTTIME - MONOTONIC: only sleep changes it */
	uint64_t disruption_cnt;
	/* MONOTONIC against RAW: what cannot be explained, since when. */
	struct mono look_mono;
	int64_t look_raw_ns;
	double stray_ns;
	double stray_slewed_ns; /* of it, booked as slewed meanwhile */
	double stray_span_ns;
	double stray_spread_ns;
	double turn_sps; /* changes of rate in that time */
	double host_sps; /* -x: the rate that others keep */
	bool host_known;
	unsigned odd_looks;
	struct dur suspended;
	uint32_t step_cnt;
	int32_t tai_offset_s;
};

enum os_clock_event {
	OS_CLOCK_STEPPED = 1U << 0,   /* somebody else stepped the clock */
	OS_CLOCK_SUSPENDED = 1U << 1, /* the machine slept */
	OS_CLOCK_RETUNED = 1U << 2,   /* somebody else changed its rate */
	OS_CLOCK_LEAPT = 1U << 3,     /* the announced leap second happened */
	OS_CLOCK_STRAYED = 1U << 4,   /* somebody else slewed it, or moved
	                               * MONOTONIC and it together */
};

/**
 * os_clock_init_kernel - discipline the kernel's clock; only reads it.
 * Return: 0, ERR_SYSTEM when it cannot even be read.
 */
int os_clock_init_kernel(struct os_clock *c, bool rtcsync) MUST_CHECK;

/**
 * os_clock_init_virtual - keep an offset and a rate over CLOCK_REALTIME;
 * the clock itself is not touched.
 */
void os_clock_init_virtual(struct os_clock *c);

/**
 * os_clock_init_with - any back end; ops and ctx are borrowed.
 */
void os_clock_init_with(
    struct os_clock *c, const struct os_clock_backend *ops, void *ctx);

/**
 * os_clock_may_adjust - whether the kernel would let us (CAP_SYS_TIME),
 * found out without changing anything.
 */
bool os_clock_may_adjust(void);

/**
 * os_clock_set_base - correct the oscillator by freq_sps from now on; a slew
 * in progress goes on.
 */
int os_clock_set_base(struct os_clock *c, double freq_sps) MUST_CHECK;

/**
 * os_clock_slew - run faster or slower so that offset is gained within
 * duration; replaces what is left of an earlier slew.  The caller ends it
 * by a timer at c->slew_until with os_clock_end_slew.
 * @rate_sps: the rate applied; may be NULL.
 */
int os_clock_slew(struct os_clock *c, struct dur offset, struct dur duration,
    double *rate_sps) MUST_CHECK;

/**
 * os_clock_end_slew - back to the base frequency; nothing to do is fine.
 */
int os_clock_end_slew(struct os_clock *c) MUST_CHECK;

/**
 * os_clock_step - step by offset now, dropping any slew; frequency is kept.
 */
int os_clock_step(struct os_clock *c, struct dur by) MUST_CHECK;

/**
 * os_clock_tell - synchronised or not, leap, TAI offset and errors to the
 * kernel; only remembered by the virtual clock.  "Not synchronised" before
 * the first command is not told: nothing is adjusted before it.
 */
int os_clock_tell(
    struct os_clock *c, const struct clockcmd_truth *t) MUST_CHECK;

/**
 * os_clock_watch - look for what others did to the clock; every second.
 * REALTIME - BOOTTIME shows steps, BOOTTIME - MONOTONIC sleep, and MONOTONIC
 * against RAW, whose rate is known (with a virtual clock: was steady), what
 * moved all of these.
 * @step: what others moved the clock by since the last look; may be NULL.
 * Return: bits of enum os_clock_event.
 */
unsigned os_clock_watch(struct os_clock *c, struct dur *step);

/**
 * os_clock_reclaim - somebody else slewed or retuned our clock: end what he
 * began and run at our own rate again.  Tell leap and state anew then.
 */
int os_clock_reclaim(struct os_clock *c) MUST_CHECK;

/**
 * os_clock_state - fill as_of, frequency, slew, corrected, stepped, foreign,
 * suspended and step_cnt; the other fields are the caller's.
 */
void os_clock_state(struct os_clock *c, struct clockcmd_state *st);

/**
 * os_clock_page - fill what the clock page says; synced_until_boot_ns is the
 * caller's.
 */
void os_clock_page(struct os_clock *c, struct timepage_clock *p);

/**
 * os_clock_wall - the disciplined clock now.
 */
struct wall os_clock_wall(struct os_clock *c);

/**
 * os_clock_cancel_fd - a descriptor that becomes readable when somebody
 * steps CLOCK_REALTIME.  Not for --single-process.
 * Return: the descriptor, owned by the caller, or ERR_SYSTEM.
 */
int os_clock_cancel_fd(void) MUST_CHECK;

/**
 * os_clock_cancel_rearm - take the news from such a descriptor and wait for
 * the next.
 * Return: whether the clock was set (by anybody, ourselves included).
 */
bool os_clock_cancel_rearm(int fd);

/* The recording back end: a made-up machine whose clocks move when the test
 * says, and the calls it saw. */
enum os_clock_call_kind {
	OS_CLOCK_CALL_TAKE,
	OS_CLOCK_CALL_RATE,
	OS_CLOCK_CALL_STEP,
	OS_CLOCK_CALL_TELL,
};

struct os_clock_call {
	enum os_clock_call_kind kind;
	double rate_sps;
	struct dur by;
	struct clockcmd_truth truth;
};

#define OS_CLOCK_RECORD_MAX 256

struct os_clock_record {
	struct os_clock_call calls[OS_CLOCK_RECORD_MAX]; /* the first ones */
	uint32_t call_cnt;
	double rate_sps;
	double raw_ns;       /* the undisciplined oscillator */
	double mono_ns;      /* disciplined in rate */
	int64_t real_off_ns; /* REALTIME - BOOTTIME: change it to step */
	int64_t slept_ns;    /* BOOTTIME - MONOTONIC: change it to sleep */
	int fail_errno;      /* not 0: commands fail with it */
};

/**
 * os_clock_init_record - over rec, borrowed and set up by this call.
 */
void os_clock_init_record(
    struct os_clock *c, struct os_clock_record *rec, struct wall start);

/**
 * os_clock_record_pass - let raw time pass on that machine.
 */
void os_clock_record_pass(struct os_clock_record *rec, struct dur raw);

#endif
