/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What role sync may ask of role clock, and what it hears back: plain data
 * that discipline produces, ipc carries, the limits judge and os/clock
 * carries out.  Signs: positive makes the clock later or faster.
 */
#ifndef BASE_CLOCKCMD_H
#define BASE_CLOCKCMD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

#define CLOCKCMD_EVIDENCE_MAX 16

/* Set the base frequency, and slew by @offset over @duration on top of it.
 * A new adjust replaces what is left of the one before. */
struct clockcmd_adjust {
	double freq_sps; /* correction of the oscillator: +1e-6 is 1 ppm fast */
	struct dur offset;   /* phase to slew, may be 0 */
	struct dur duration; /* over which; > 0 when offset is not 0 */
};

/* One source's word for a step: its interval is offset +- root_distance. */
struct clockcmd_evidence {
	uint16_t slot;
	struct dur offset;
	struct dur root_distance;
};

/* Step by @offset now, keeping the frequency and dropping any slew. */
struct clockcmd_step {
	struct dur offset;
	uint8_t evidence_cnt;
	struct clockcmd_evidence evidence[CLOCKCMD_EVIDENCE_MAX];
};

/* What may be told to the kernel and onwards. */
struct clockcmd_truth {
	bool synced;
	uint8_t leap;         /* 0 none, 1 insert, 2 delete at the day's end */
	int32_t tai_offset_s; /* 0 unknown */
	struct dur max_error;
	struct dur est_error;
	struct dur valid; /* how long synced stays true without news */
};

/* Why a command was not carried out. */
enum clockcmd_refusal {
	CLOCKCMD_OK = 0,
	CLOCKCMD_NO_STEP_LEFT, /* makestep does not allow it (any more) */
	CLOCKCMD_BELOW_STEP,   /* smaller than makestep's threshold */
	CLOCKCMD_WINDOW,       /* outside the absolute window */
	CLOCKCMD_TOO_FAR,      /* a later start-up step beyond 10 s */
	CLOCKCMD_EVIDENCE,     /* too few sources hold the target */
	CLOCKCMD_SLEW_RATE,    /* faster than maxslewrate */
	CLOCKCMD_SLEW_LATER,   /* that fast only during start-up */
	CLOCKCMD_FREQUENCY,    /* beyond maxdrift */
	CLOCKCMD_BUDGET,       /* the daily displacement budget is spent */
	CLOCKCMD_RESERVE,      /* a tranche of it is being written: again */
	CLOCKCMD_MALFORMED,    /* NaN, negative duration, absurd number */
	CLOCKCMD_RATE,         /* too many commands */
	CLOCKCMD_SYSTEM,       /* the kernel refused */
	CLOCKCMD_REFUSAL_CNT,
};

/* What clock says after each command and whenever something happened. */
struct clockcmd_state {
	struct mono as_of;
	double freq_sps;        /* base frequency in force */
	double slew_rate_sps;   /* slew in progress, else 0 */
	double slew_max_sps;    /* the fastest that may be asked for now */
	struct mono slew_until; /* its end */
	struct dur corrected;   /* sum of all slews and steps up to as_of,
	                          * by our commands, since clock started */
	struct dur stepped;     /* of that, the steps */
	struct dur foreign;     /* sum of steps by others seen since start */
	struct dur suspended;   /* BOOTTIME - MONOTONIC growth since start */
	struct dur budget_left;
	uint32_t step_cnt;    /* commands to step that were carried out */
	uint32_t command_seq; /* last command taken, as sync numbered it */
	uint8_t refusal;      /* enum clockcmd_refusal of that command */
	bool startup;         /* the start-up window is still open */
};

/**
 * clockcmd_refusal_text - words for a refusal, for logs and status.
 */
const char *clockcmd_refusal_text(unsigned refusal);

#endif
