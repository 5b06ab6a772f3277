/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One measurement of one source: what an association hands to discipline.
 */
#ifndef DISCIPLINE_SAMPLE_H
#define DISCIPLINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

/* Offsets are true minus our clock: positive means that we are slow.
 * offset = ((T2-T1)+(T3-T4))/2, delay = (T4-T1)-(T3-T2), RFC 5905 section 8;
 * T1 and T4 are read on the disciplined clock (virtual clock included). */
struct sample {
	struct mono at;   /* middle of the exchange */
	struct wall wall; /* the disciplined clock at that moment */
	double offset_s;
	double delay_s;       /* > 0 */
	double stamp_error_s; /* bound on our stamps and the precisions */
	double server_time_s; /* T3 - T2 */
	double root_delay_s;  /* the server's own */
	double root_dispersion_s;
	uint32_t ref_id;
	uint8_t stratum;    /* 1..15 */
	uint8_t leap;       /* 0..2 */
	bool authenticated; /* NTS or a MAC verified */
	bool interleaved;
	bool hardware; /* stamps come from the NIC */
};

#endif
