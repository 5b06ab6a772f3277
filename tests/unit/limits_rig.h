/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the clock limits share: a machine whose clock and disc do
 * exactly what the limits allowed.
 */
#ifndef TESTS_UNIT_LIMITS_RIG_H
#define TESTS_UNIT_LIMITS_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/limits.h"

#define S    TSTAMP_NS_PER_S
#define DAY  (86400 * S)
#define MS   1000000LL
#define PPM  1e-6
#define NOW  (1795300000LL * S) /* 2026-11-21T22:26:40Z, no last of month */
#define BOOT 77ULL

/* A machine: an oscillator, a kernel clock over it, a virtual one. */
struct machine {
	struct limits l;
	struct limits_conf conf;
	double raw_ns;
	double mono_ns;
	double slept_ns;
	double real_minus_boot_ns;
	double virt_ns;
	double freq_sps;
	double slew_sps;
	double slew_left_ns; /* of mono */
	struct limits_saved disc;
	bool has_disc;
};

static inline struct limits_reading
look(const struct machine *m)
{
	double boot = m->mono_ns + m->slept_ns;

	return (struct limits_reading){
	    .real = {NOW + (int64_t)(boot + m->real_minus_boot_ns)},
	    .virt = {(int64_t)m->virt_ns},
	    .mono = {(int64_t)m->mono_ns},
	    .raw = {(int64_t)m->raw_ns},
	    .boot = {(int64_t)boot},
	    .spread = {1000}};
}

static inline struct wall
wall_of(const struct machine *m)
{
	struct limits_reading r = look(m);

	return (struct wall){r.real.ns + r.virt.ns};
}

static inline struct limits_conf
usual(void)
{
	return (struct limits_conf){.step_allowed = true,
	    .step_threshold = {1 * S},
	    .step_limit = 3,
	    .slew_sps = 83333.333 * PPM,
	    .later_slew_sps = DISCIPLINE_LIMITS_LATER_SLEW_SPS,
	    .drift_sps = 500 * PPM,
	    .minsources = 2,
	    .slot_cnt = 8,
	    .build_date = {1795000000LL * S},
	    .boot_id = BOOT};
}

static inline void
start(struct machine *m, const struct limits_conf *conf)
{
	struct limits_reading r;

	m->conf = *conf;
	r = look(m);
	discipline_limits_init(&m->l, conf, m->has_disc ? &m->disc : NULL, &r);
}

static inline void
boot(struct machine *m, const struct limits_conf *conf)
{
	*m = (struct machine){.mono_ns = 100e9, .raw_ns = 100e9};
	start(m, conf);
}

/* Let super write whatever is to be written; through the file's bytes. */
static inline bool
write_disc(struct machine *m)
{
	struct limits_reading r = look(m);
	uint8_t bytes[DISCIPLINE_LIMITS_SAVED_LEN];
	struct limits_saved s;

	if (!discipline_limits_save(&m->l, &r, &s))
		return false;
	discipline_limits_encode(&s, bytes);
	assert_int_equal(
	    discipline_limits_decode(&m->disc, bytes, sizeof(bytes)), 0);
	assert_int_equal(m->disc.spent.ns, s.spent.ns);
	m->has_disc = true;
	assert_false(discipline_limits_save(&m->l, &r, &s));
	discipline_limits_granted(&m->l, true);
	return true;
}

/* Raw time passes, the clocks run as they were told. */
static inline void
pass(struct machine *m, double s)
{
	double raw = s * 1e9;
	double gained = raw * m->freq_sps;
	double slewing = fmin(raw, m->slew_left_ns);

	gained += slewing * m->slew_sps;
	m->slew_left_ns -= slewing;
	m->raw_ns += raw;
	m->mono_ns += raw;
	if (m->conf.virtual_clock)
		m->virt_ns += gained;
	else
		m->mono_ns += gained;
}

static inline unsigned
watch(struct machine *m)
{
	struct limits_reading r = look(m);

	return discipline_limits_watch(&m->l, &r);
}

static inline enum clockcmd_refusal
adjust(struct machine *m, double freq_ppm, int64_t offset_ns, double over_s)
{
	struct clockcmd_adjust cmd = {.freq_sps = freq_ppm * PPM,
	    .offset = {offset_ns},
	    .duration = {(int64_t)(over_s * 1e9)}};
	struct limits_reading r = look(m);
	enum clockcmd_refusal refusal =
	    discipline_limits_adjust(&m->l, &cmd, &r);

	if (refusal != CLOCKCMD_OK)
		return refusal;
	m->freq_sps = cmd.freq_sps;
	m->slew_left_ns = over_s * 1e9;
	m->slew_sps = over_s > 0 ? (double)offset_ns / (over_s * 1e9) : 0;
	r = look(m);
	discipline_limits_adjusted(&m->l, &cmd, &r);
	return CLOCKCMD_OK;
}

/* A step with two sources that hold the target. */
static inline struct clockcmd_step
step_by(int64_t offset_ns)
{
	return (struct clockcmd_step){.offset = {offset_ns},
	    .evidence_cnt = 2,
	    .evidence = {{1, {offset_ns - 2 * MS}, {5 * MS}},
		{4, {offset_ns + 5 * MS}, {5 * MS}}}};
}

static inline enum clockcmd_refusal
step_with(struct machine *m, const struct clockcmd_step *cmd)
{
	struct limits_reading r = look(m);
	enum clockcmd_refusal refusal = discipline_limits_step(&m->l, cmd, &r);

	if (refusal != CLOCKCMD_OK)
		return refusal;
	if (m->conf.virtual_clock)
		m->virt_ns += (double)cmd->offset.ns;
	else
		m->real_minus_boot_ns += (double)cmd->offset.ns;
	m->slew_left_ns = 0;
	r = look(m);
	discipline_limits_stepped(&m->l, cmd, &r);
	return CLOCKCMD_OK;
}

static inline enum clockcmd_refusal
step(struct machine *m, int64_t offset_ns)
{
	struct clockcmd_step cmd = step_by(offset_ns);

	return step_with(m, &cmd);
}

static inline struct limits_truth
tell(struct machine *m, bool synced, uint8_t leap, int32_t tai)
{
	struct clockcmd_truth claim = {.synced = synced,
	    .leap = leap,
	    .tai_offset_s = tai,
	    .valid = {1000 * S}};
	struct limits_reading r = look(m);
	struct limits_truth out;

	assert_int_equal(
	    discipline_limits_truth(&m->l, &claim, &r, &out), CLOCKCMD_OK);
	return out;
}

static inline struct clockcmd_state
report(const struct machine *m)
{
	struct clockcmd_state st = {0};

	discipline_limits_state(&m->l, &st);
	return st;
}

/* Through start-up into the rule of the budget, an hour later. */
static inline void
settle(struct machine *m, const struct limits_conf *conf)
{
	boot(m, conf);
	write_disc(m);
	assert_int_equal(adjust(m, 10, 0, 0), CLOCKCMD_OK);
	assert_true(tell(m, true, 0, 37).synced);
	for (int i = 0; i < 90; i++) {
		pass(m, 60);
		assert_int_equal(watch(m), 0);
		write_disc(m);
	}
}

#endif
