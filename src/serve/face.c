/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the server claims of its own time: the worse of what sync says, what
 * clock confirms and what `local stratum` allows.  Invariant: without a
 * current confirmation the answer is leap 3, stratum 0, with a dispersion
 * that keeps growing.
 */
#include <math.h>

#include "ntp/poll.h"
#include "ntp/refid.h"
#include "serve_priv.h"

#define UNKNOWN_DISPERSION_S 16.0       /* MAXDISP of RFC 5905 */
#define REFID_SMEAR          0x7f7f01ff /* 127.127.1.255, as chrony has it */
#define SUSPEND_NS           (TSTAMP_NS_PER_S / 2)

/* BOOTTIME runs through a suspend and MONOTONIC does not. */
static bool
suspended_since(const struct timepage_time *t, const struct serve_now *now)
{
	int64_t before = t->as_of_boot_ns - t->as_of_mono_ns;
	int64_t after = now->boot_ns - now->mono.ns;

	return after - before > SUSPEND_NS;
}

static bool
confirmed(const struct serve *s, const struct serve_now *now)
{
	return s->time_known && s->clock_known &&
	    (s->time.flags & TIMEPAGE_SYNCED) != 0 &&
	    s->time.leap < NTP_LEAP_UNSYNCED &&
	    s->clock.leap < NTP_LEAP_UNSYNCED && s->time.stratum >= 1 &&
	    s->time.stratum <= NTP_STRATUM_MAX &&
	    now->boot_ns < s->clock.synced_until_boot_ns &&
	    !suspended_since(&s->time, now);
}

static double
dispersion_s(const struct serve *s, const struct serve_now *now)
{
	double d = UNKNOWN_DISPERSION_S;

	if (s->time_known)
		d = timepage_dispersion_s(&s->time, now->mono);
	return isnan(d) || d < 0 ? UNKNOWN_DISPERSION_S : d;
}

static void
make_local(struct serve *s)
{
	struct serve_face *f = &s->face;

	f->leap = NTP_LEAP_NONE;
	f->stratum = s->conf.local_stratum;
	f->ref_id = NTP_REFID_LOCAL;
	f->root_delay = tstamp_short_from_s(0);
	f->root_dispersion =
	    tstamp_short_from_s(ntp_poll_to_s(s->conf.precision_log2s));
	f->reference.v = 0;
}

/* The time served beside a leap second; those who ask do not see it. */
static void
smear(struct serve *s, const struct serve_now *now)
{
	struct dur ahead = {
	    now->real.ns + s->face.correction_ns - now->mono.ns};

	if (!s->time_known)
		return;
	serve_smear_look(&s->smear, &s->time, now->mono, ahead);
	s->face.correction_ns += s->smear.shift.ns;
}

void
serve_face_make(struct serve *s, const struct serve_now *now)
{
	struct serve_face *f = &s->face;
	bool synced = confirmed(s, now);
	double disp_s = dispersion_s(s, now);
	double delay_s = (double)s->time.root_delay_ns * 1e-9;
	bool far = s->conf.local_distance_s > 0 &&
	    disp_s + delay_s / 2 > s->conf.local_distance_s;

	f->correction_ns = 0;
	if (s->clock_known)
		f->correction_ns += timepage_virtual(&s->clock, now->mono).ns;
	if (s->time_known)
		f->correction_ns += timepage_remaining(&s->time, now->mono).ns;
	smear(s, now);
	if (s->conf.local_stratum != 0 &&
	    (!synced || far || (s->time.flags & TIMEPAGE_LOCAL) != 0)) {
		make_local(s);
		return;
	}
	f->root_delay = tstamp_short_from_s(delay_s);
	disp_s += fabs(tstamp_dur_to_s(s->smear.shift));
	f->root_dispersion = tstamp_short_from_s(disp_s);
	if (!synced) {
		f->leap = NTP_LEAP_UNSYNCED;
		f->stratum = 0;
		f->ref_id = 0;
		f->reference.v = 0;
		return;
	}
	/* A leap second is announced only when both know of it. */
	f->leap = s->time.leap == s->clock.leap ? s->time.leap : NTP_LEAP_NONE;
	f->stratum = s->time.stratum;
	f->ref_id = s->time.ref_id;
	f->reference = tstamp_from_wall((struct wall){s->time.ref_wall_ns});
	/* Clients of a smear must not add the second themselves. */
	if (serve_smear_wanted(&s->smear))
		f->leap = NTP_LEAP_NONE;
	if (s->smear.active)
		f->ref_id = REFID_SMEAR;
}

void
serve_batch_time(struct serve *s, const struct timepage_time *t,
    const struct timepage_clock *c, const struct serve_now *now)
{
	if (t) {
		s->time = *t;
		s->time_known = true;
	}
	if (c) {
		s->clock = *c;
		s->clock_known = true;
	}
	s->now = now->mono;
	s->wire.now = now->mono;
	serve_face_make(s, now);
}
