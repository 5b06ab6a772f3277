/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for the clock's refusals.
 */
#include "base/clockcmd.h"

static const char *const texts[CLOCKCMD_REFUSAL_CNT] = {
    [CLOCKCMD_OK] = "carried out",
    [CLOCKCMD_NO_STEP_LEFT] = "makestep allows no step now",
    [CLOCKCMD_BELOW_STEP] = "smaller than the makestep threshold",
    [CLOCKCMD_WINDOW] = "outside the window of believable dates",
    [CLOCKCMD_TOO_FAR] = "a later start-up step of more than 10 s",
    [CLOCKCMD_EVIDENCE] = "too few sources agree on the target",
    [CLOCKCMD_SLEW_RATE] = "faster than maxslewrate",
    [CLOCKCMD_SLEW_LATER] = "as fast as that only during start-up",
    [CLOCKCMD_FREQUENCY] = "beyond maxdrift",
    [CLOCKCMD_BUDGET] = "the daily displacement budget is spent",
    [CLOCKCMD_RESERVE] = "the next tranche of the budget is not granted yet",
    [CLOCKCMD_MALFORMED] = "not a sensible number",
    [CLOCKCMD_RATE] = "too many commands",
    [CLOCKCMD_SYSTEM] = "the kernel refused",
};

const char *
clockcmd_refusal_text(unsigned refusal)
{
	if (refusal >= CLOCKCMD_REFUSAL_CNT)
		return "unknown";
	return texts[refusal];
}
