/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The permission table.  A type that is missing here cannot be sent by
 * anybody.  Rates are generous for honest work and stop a taken-over role
 * from keeping the others busy.
 */
#include "ipc/permit.h"

#define BIT(role)  (1U << (role))
#define ANY_CHILD  (((1U << ROLE_CNT) - 1) & ~BIT(ROLE_SUPER))
#define FROM_SUPER BIT(ROLE_SUPER)
#define UNLIMITED  0.0F

struct row {
	uint16_t from;
	uint16_t to;
	float per_s; /* UNLIMITED: super is trusted not to flood */
	float burst;
	const char *name;
};

static const struct row rows[IPC_TYPE_CNT] = {
    [IPC_CAGE] = {FROM_SUPER, ANY_CHILD, UNLIMITED, 0, "cage"},
    [IPC_READY] = {ANY_CHILD, BIT(ROLE_SUPER), 1, 2, "ready"},
    [IPC_STOP] = {FROM_SUPER, ANY_CHILD, UNLIMITED, 0, "stop"},
    [IPC_PEER] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0, "peer"},
    [IPC_CLOCK_CONF] = {FROM_SUPER, BIT(ROLE_CLOCK), UNLIMITED, 0,
	"clock-conf"},
    [IPC_CLOCK_ADJUST] = {BIT(ROLE_SYNC), BIT(ROLE_CLOCK), 4, 16,
	"clock-adjust"},
    [IPC_CLOCK_STEP] = {BIT(ROLE_SYNC), BIT(ROLE_CLOCK), 4, 16, "clock-step"},
    [IPC_CLOCK_TRUTH] = {BIT(ROLE_SYNC), BIT(ROLE_CLOCK), 4, 16, "clock-truth"},
    [IPC_CLOCK_STATE] = {BIT(ROLE_CLOCK), BIT(ROLE_SYNC), 50, 200,
	"clock-state"},
    [IPC_CLOCK_BASE] = {BIT(ROLE_CLOCK), BIT(ROLE_SUPER), 8, 32, "clock-base"},
    [IPC_BUDGET_ASK] = {BIT(ROLE_CLOCK), BIT(ROLE_SUPER), 1, 8, "budget-ask"},
    [IPC_BUDGET_GRANT] = {FROM_SUPER, BIT(ROLE_CLOCK), UNLIMITED, 0,
	"budget-grant"},
    [IPC_DNS_ASK] = {BIT(ROLE_SYNC), BIT(ROLE_DNS), 10, 150, "dns-ask"},
    [IPC_DNS_ANSWER] = {BIT(ROLE_DNS), BIT(ROLE_SYNC), 10, 150, "dns-answer"},
    [IPC_KE_ASK] = {BIT(ROLE_SYNC), BIT(ROLE_DIAL), 10, 150, "ke-ask"},
    [IPC_KE_ANSWER] = {BIT(ROLE_DIAL), BIT(ROLE_SYNC), 10, 150, "ke-answer"},
    [IPC_SYNC_CONF] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0, "sync-conf"},
    [IPC_SOURCE_SET] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0, "source-set"},
    [IPC_SOURCES_END] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0,
	"sources-end"},
    [IPC_LEAP_LIST] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0, "leap-list"},
    [IPC_HARDWARE] = {FROM_SUPER, BIT(ROLE_SYNC) | BIT(ROLE_SERVE), UNLIMITED,
	0, "hardware"},
    [IPC_SYM_KEY] = {FROM_SUPER, BIT(ROLE_SYNC) | BIT(ROLE_SERVE), UNLIMITED, 0,
	"sym-key"},
    [IPC_SERVE_CONF] = {FROM_SUPER, BIT(ROLE_SERVE), UNLIMITED, 0,
	"serve-conf"},
    [IPC_ACCESS_RULES] = {FROM_SUPER, BIT(ROLE_SERVE) | BIT(ROLE_KE), UNLIMITED,
	0, "access-rules"},
    [IPC_KE_CONF] = {FROM_SUPER, BIT(ROLE_KE), UNLIMITED, 0, "ke-conf"},
    [IPC_KEY_RING] = {FROM_SUPER, BIT(ROLE_SERVE) | BIT(ROLE_KE), UNLIMITED, 0,
	"key-ring"},
    /* A liar would need days to use up a key. */
    [IPC_RING_USED] = {BIT(ROLE_SERVE), BIT(ROLE_SUPER), 0.004F, 4,
	"ring-used"},
    [IPC_DIAL_CONF] = {FROM_SUPER, BIT(ROLE_DIAL), UNLIMITED, 0, "dial-conf"},
    [IPC_CTL_CONF] = {FROM_SUPER, BIT(ROLE_CTL), UNLIMITED, 0, "ctl-conf"},
    [IPC_COOKIES_SAVED] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0,
	"cookies-saved"},
    [IPC_COOKIES_SAVE] = {BIT(ROLE_SYNC), BIT(ROLE_SUPER), 10, 150,
	"cookies-save"},
    [IPC_DRIFT_SAVE] = {BIT(ROLE_SYNC), BIT(ROLE_SUPER), 1, 8, "drift-save"},
    [IPC_TIME_CONFIRMED] = {BIT(ROLE_SYNC), BIT(ROLE_SUPER), 1, 8,
	"time-confirmed"},
    [IPC_PATH_SAVED] = {FROM_SUPER, BIT(ROLE_SYNC), UNLIMITED, 0, "path-saved"},
    [IPC_PATH_SAVE] = {BIT(ROLE_SYNC), BIT(ROLE_SUPER), 1, 150, "path-save"},
    [IPC_REPORT_SOURCE] = {BIT(ROLE_SYNC), BIT(ROLE_CTL), 200, 1000,
	"report-source"},
    [IPC_REPORT_SYNC] = {BIT(ROLE_SYNC), BIT(ROLE_CTL), 50, 200, "report-sync"},
    [IPC_REPORT_SERVE] = {BIT(ROLE_SERVE), BIT(ROLE_CTL), 5, 20,
	"report-serve"},
    [IPC_REPORT_KE] = {BIT(ROLE_KE), BIT(ROLE_CTL), 5, 20, "report-ke"},
    [IPC_REPORT_CLIENTS] = {BIT(ROLE_SERVE) | BIT(ROLE_KE), BIT(ROLE_CTL), 16,
	64, "report-clients"},
    [IPC_REPORT_ROLE] = {FROM_SUPER, BIT(ROLE_CTL), UNLIMITED, 0,
	"report-role"},
};

bool
ipc_permit_allowed(unsigned type, enum role from, enum role to)
{
	if (type >= IPC_TYPE_CNT || from >= ROLE_CNT || to >= ROLE_CNT)
		return false;
	return (rows[type].from & BIT(from)) && (rows[type].to & BIT(to));
}

enum role
ipc_permit_destination(unsigned type, enum role from)
{
	for (unsigned to = 0; to < ROLE_CNT; to++)
		if (ipc_permit_allowed(type, from, (enum role)to))
			return (enum role)to;
	return ROLE_CNT;
}

bool
ipc_permit_rate(struct ipc_rates *r, unsigned type, struct mono now)
{
	const struct row *row;
	float age_s;

	if (type >= IPC_TYPE_CNT)
		return false;
	row = &rows[type];
	if (row->burst <= UNLIMITED)
		return true;
	age_s =
	    (float)tstamp_dur_to_s(tstamp_mono_diff(now, r->bucket[type].at));
	if (!r->bucket[type].started)
		r->bucket[type].tokens = row->burst;
	else if (age_s > 0)
		r->bucket[type].tokens += age_s * row->per_s;
	if (r->bucket[type].tokens > row->burst)
		r->bucket[type].tokens = row->burst;
	r->bucket[type].started = true;
	r->bucket[type].at = now;
	if (r->bucket[type].tokens < 1)
		return false;
	r->bucket[type].tokens -= 1;
	return true;
}

const char *
ipc_permit_name(unsigned type)
{
	if (type >= IPC_TYPE_CNT || !rows[type].name)
		return "unknown";
	return rows[type].name;
}
