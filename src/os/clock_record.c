/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine made up for tests: its clocks move when told to, with the
 * kernel's meaning of rate, step and sleep, and every command is written
 * down.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "os/clock.h"

static struct os_clock_call *
note(struct os_clock_record *rec, enum os_clock_call_kind kind)
{
	uint32_t at = rec->call_cnt;

	if (at >= OS_CLOCK_RECORD_MAX)
		at = OS_CLOCK_RECORD_MAX - 1;
	rec->call_cnt++;
	rec->calls[at] = (struct os_clock_call){.kind = kind};
	return &rec->calls[at];
}

static int
outcome(const struct os_clock_record *rec)
{
	if (rec->fail_errno == 0)
		return 0;
	errno = rec->fail_errno;
	return errno == EPERM ? ERR_DENIED : ERR_SYSTEM;
}

static void
record_read(void *ctx, struct os_clock_reading *r)
{
	const struct os_clock_record *rec = ctx;

	r->mono.ns = llrint(rec->mono_ns);
	r->raw_ns = llrint(rec->raw_ns);
	r->boot_ns = r->mono.ns + rec->slept_ns;
	r->real.ns = r->boot_ns + rec->real_off_ns;
	r->spread.ns = 0;
	r->has_raw = true;
}

static int
record_take(void *ctx)
{
	note(ctx, OS_CLOCK_CALL_TAKE);
	return outcome(ctx);
}

static int
record_set_rate(void *ctx, double sps, double *applied)
{
	struct os_clock_record *rec = ctx;
	int err = outcome(rec);

	note(rec, OS_CLOCK_CALL_RATE)->rate_sps = sps;
	*applied = sps;
	if (err == 0)
		rec->rate_sps = sps;
	return err;
}

static int
record_get_rate(void *ctx, double *sps)
{
	const struct os_clock_record *rec = ctx;

	*sps = rec->rate_sps;
	return 0;
}

static int
record_step(void *ctx, struct dur by)
{
	struct os_clock_record *rec = ctx;
	int err = outcome(rec);

	note(rec, OS_CLOCK_CALL_STEP)->by = by;
	if (err == 0)
		rec->real_off_ns += by.ns;
	return err;
}

static int
record_tell(void *ctx, const struct clockcmd_truth *t, bool rtcsync)
{
	(void)rtcsync;
	note(ctx, OS_CLOCK_CALL_TELL)->truth = *t;
	return outcome(ctx);
}

static const struct os_clock_backend record_ops = {false, record_read,
    record_take, record_set_rate, record_get_rate, record_step, record_tell};

void
os_clock_init_record(
    struct os_clock *c, struct os_clock_record *rec, struct wall start)
{
	memset(rec, 0, sizeof *rec);
	rec->real_off_ns = start.ns;
	os_clock_init_with(c, &record_ops, rec);
}

void
os_clock_record_pass(struct os_clock_record *rec, struct dur raw)
{
	rec->raw_ns += (double)raw.ns;
	rec->mono_ns += (double)raw.ns * (1 + rec->rate_sps);
}
