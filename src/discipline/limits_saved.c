/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the limits remember from one start to the next: tranches of the
 * budget, written down by super before they may be spent, and the counts of
 * this boot, in a form for a file.
 *
 * Invariant: what is on disc never says less than what was spent.
 */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/siphash.h"
#include "discipline/limits.h"
#include "limits_priv.h"

static void
fill_saved(const struct limits *l, const struct limits_reading *now,
    struct limits_saved *out)
{
	*out = (struct limits_saved){.boot_id = l->conf.boot_id,
	    .boot = now->boot,
	    .wall = clock_of(now),
	    .spent = {(int64_t)ceil(l->asked_ns)},
	    .phase_cnt = l->phase_cnt,
	    .step_cnt = l->step_cnt,
	    .begun = l->begun,
	    .over = l->over,
	    .has_freq = l->has_freq,
	    .has_floor = l->has_floor,
	    .begun_boot = l->begun_boot,
	    .over_boot = l->over_boot,
	    .freq_sps = discipline_limits_hold_freq(l)};
	if (l->has_floor)
		out->floor = floor_at(l, now->boot);
}

bool
discipline_limits_save(struct limits *l, const struct limits_reading *now,
    struct limits_saved *out)
{
	double used = spent(l, l->moved_ns) + l->need_ns;
	double target = fmin(used + TRANCHE_NS, BUDGET_NS);
	bool more = l->reserved_ns < used + TRANCHE_NS / 2 &&
	    target > l->reserved_ns + HOLD_SLACK_NS;

	if (l->asking || (!more && !l->dirty))
		return false;
	l->asked_ns = more ? target : l->reserved_ns;
	l->asking = true;
	l->dirty = false;
	l->need_ns = 0;
	fill_saved(l, now, out);
	return true;
}

void
discipline_limits_granted(struct limits *l, bool written)
{
	if (!l->asking)
		return;
	l->asking = false;
	if (written)
		l->reserved_ns = fmax(l->reserved_ns, l->asked_ns);
	else
		l->dirty = true;
}

void
discipline_limits_release(struct limits *l, const struct limits_reading *now,
    struct limits_saved *out)
{
	l->asked_ns = spent(l, l->moved_ns);
	l->reserved_ns = l->asked_ns;
	fill_saved(l, now, out);
}

static void
restore_boot(struct limits *l, const struct limits_saved *s)
{
	l->phase_cnt = s->phase_cnt;
	l->step_cnt = s->step_cnt;
	l->begun = s->begun;
	l->begun_boot = s->begun_boot;
	l->over = s->over;
	l->over_boot = s->over_boot;
}

static void
restore(struct limits *l, const struct limits_saved *s,
    const struct limits_reading *now)
{
	double since;

	if (s->boot_id == l->conf.boot_id) {
		since = elapsed(now->boot, s->boot);
		restore_boot(l, s);
	} else {
		since = fmax(
		    0, (double)tstamp_wall_diff(clock_of(now), s->wall).ns);
	}
	l->carried_ns = fmin(BUDGET_NS, (double)s->spent.ns);
	l->carried_ns = towards_zero(l->carried_ns, LEAK_SPS * since);
	l->reserved_ns = l->carried_ns;
	l->has_freq = s->has_freq;
	l->long_sps = s->freq_sps;
	l->freq_sps = s->freq_sps;
	l->has_floor = s->has_floor;
	l->floor = s->floor;
	l->floor_boot = now->boot;
}

void
discipline_limits_init(struct limits *l, const struct limits_conf *conf,
    const struct limits_saved *saved, const struct limits_reading *now)
{
	*l = (struct limits){.conf = *conf,
	    .last = *now,
	    .commands = {BUCKET_MAX, now->mono},
	    .claims = {BUCKET_MAX, now->mono},
	    .slew_until = now->mono,
	    .floor_boot = now->boot};
	if (saved != NULL)
		restore(l, saved, now);
}

void
discipline_limits_set_conf(struct limits *l, const struct limits_conf *conf)
{
	uint16_t slots = l->conf.slot_cnt;

	l->conf = *conf;
	if (l->conf.slot_cnt < slots)
		l->conf.slot_cnt = slots;
}

/* ---- bytes ---- */

#define MAGIC   0x746c696dU /* "tlim" */
#define VERSION 1
#define SUM_LEN 8

enum saved_flag {
	BEGUN = 1U << 0,
	OVER = 1U << 1,
	HAS_FREQ = 1U << 2,
	HAS_FLOOR = 1U << 3,
};

/* Frequencies are kept as whole numbers, 1e-15 each. */
#define FREQ_UNIT 1e15
#define FREQ_MAX  1.0

/* Against damage, not against forgery: only super can write the file. */
static uint64_t
checksum(const uint8_t *data)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "truenoon limits";

	return siphash_24(key, data, DISCIPLINE_LIMITS_SAVED_LEN - SUM_LEN);
}

static uint32_t
flags_of(const struct limits_saved *s)
{
	return (s->begun ? BEGUN : 0U) | (s->over ? OVER : 0U) |
	    (s->has_freq ? HAS_FREQ : 0U) | (s->has_floor ? HAS_FLOOR : 0U);
}

void
discipline_limits_encode(const struct limits_saved *saved, uint8_t *data)
{
	struct bytes_out out;

	bytes_out_init(&out, data, DISCIPLINE_LIMITS_SAVED_LEN);
	bytes_put_u32(&out, MAGIC);
	bytes_put_u32(&out, VERSION);
	bytes_put_u64(&out, saved->boot_id);
	bytes_put_u64(&out, (uint64_t)saved->boot.ns);
	bytes_put_u64(&out, (uint64_t)saved->wall.ns);
	bytes_put_u64(&out, (uint64_t)saved->spent.ns);
	bytes_put_u32(&out, saved->phase_cnt);
	bytes_put_u32(&out, saved->step_cnt);
	bytes_put_u32(&out, flags_of(saved));
	bytes_put_u32(&out, 0);
	bytes_put_u64(&out, (uint64_t)saved->begun_boot.ns);
	bytes_put_u64(&out, (uint64_t)saved->over_boot.ns);
	bytes_put_u64(&out, (uint64_t)llrint(saved->freq_sps * FREQ_UNIT));
	bytes_put_u64(&out, (uint64_t)saved->floor.ns);
	bytes_put_u64(&out, checksum(data));
}

int
discipline_limits_decode(
    struct limits_saved *saved, const uint8_t *data, size_t len)
{
	struct bytes_in in;
	uint32_t flags;

	*saved = (struct limits_saved){0};
	if (len != DISCIPLINE_LIMITS_SAVED_LEN)
		return ERR_BAD;
	bytes_in_init(&in, data, len);
	if (bytes_get_u32(&in) != MAGIC || bytes_get_u32(&in) != VERSION)
		return ERR_BAD;
	saved->boot_id = bytes_get_u64(&in);
	saved->boot.ns = (int64_t)bytes_get_u64(&in);
	saved->wall.ns = (int64_t)bytes_get_u64(&in);
	saved->spent.ns = (int64_t)bytes_get_u64(&in);
	saved->phase_cnt = bytes_get_u32(&in);
	saved->step_cnt = bytes_get_u32(&in);
	flags = bytes_get_u32(&in);
	(void)bytes_get_u32(&in);
	saved->begun = flags & BEGUN;
	saved->over = flags & OVER;
	saved->has_freq = flags & HAS_FREQ;
	saved->has_floor = flags & HAS_FLOOR;
	saved->begun_boot.ns = (int64_t)bytes_get_u64(&in);
	saved->over_boot.ns = (int64_t)bytes_get_u64(&in);
	saved->freq_sps = (double)(int64_t)bytes_get_u64(&in) / FREQ_UNIT;
	saved->floor.ns = (int64_t)bytes_get_u64(&in);
	if (bytes_get_u64(&in) != checksum(data) || saved->spent.ns < 0 ||
	    fabs(saved->freq_sps) > FREQ_MAX) {
		*saved = (struct limits_saved){0};
		return ERR_BAD;
	}
	return 0;
}
