/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seam between the books of the clock and the watch over what others do.
 */
#ifndef OS_CLOCK_PRIV_H
#define OS_CLOCK_PRIV_H

#include "os/clock.h"

/* Take MONOTONIC against RAW into account up to here: before the rate that
 * is known changes. */
void os_clock_sum_strays(struct os_clock *c, const struct os_clock_reading *r);

/* From now on this leap second is announced; what was announced before may
 * have come, unseen yet. */
void os_clock_take_leap(struct os_clock *c, uint8_t leap);

#endif
