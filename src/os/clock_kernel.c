/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's clock through clock_adjtime(2), and nothing else: rates by
 * ADJ_FREQUENCY, with ADJ_TICK for what its +-500 ppm cannot hold; steps by
 * ADJ_SETOFFSET.  The virtual back end, which only reads, is here too.
 */
#include <errno.h>
#include <linux/capability.h>
#include <math.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif
#ifndef ADJ_NANO
#define ADJ_NANO 0x2000
#endif
#ifndef ADJ_SETOFFSET
#define ADJ_SETOFFSET 0x0100
#endif

#define FREQ_MAX_SPS  500e-6 /* what ADJ_FREQUENCY can hold */
#define FREQ_UNIT_SPS 0x1p-16 * 1e-6
#define TICK_RANGE    0.1      /* what ADJ_TICK can hold */
#define ERROR_MAX_US  16000000 /* NTP_PHASE_LIMIT: beyond is unsynced */
#define STATUS_PLL                                                             \
	(STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_FREQHOLD)

static int
adjust(struct timex *tx)
{
	if (clock_adjtime(CLOCK_REALTIME, tx) >= 0)
		return 0;
	return errno == EPERM ? ERR_DENIED : ERR_SYSTEM;
}

/* Microseconds a tick of user space nominally has: 10000. */
static long
nominal_tick(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return 1000000 / (hz > 0 ? hz : 100);
}

static void
kernel_read(void *ctx, struct os_clock_reading *r)
{
	(void)ctx;
	os_clock_read(r);
}

/* End what another daemon or adjtime(3) left to be done: its phase-locked
 * loop (an offset of 0 replaces its offset), its single shot, its leap. */
static int
kernel_take(void *ctx)
{
	struct timex tx = {0};
	int status, err;

	(void)ctx;
	err = adjust(&tx);
	if (err < 0)
		return err;
	status = tx.status & ~(STATUS_PLL | STA_INS | STA_DEL);
	tx = (struct timex){.modes = ADJ_OFFSET | ADJ_STATUS,
	    .status = status | STA_PLL | STA_FREQHOLD};
	err = adjust(&tx);
	if (err < 0)
		return err;
	tx = (struct timex){.modes = ADJ_OFFSET_SINGLESHOT};
	err = adjust(&tx);
	if (err < 0)
		return err;
	tx = (struct timex){.modes = ADJ_STATUS, .status = status};
	return adjust(&tx);
}

static double
rate_of(const struct timex *tx)
{
	long tick = nominal_tick();

	return (double)(tx->tick - tick) / (double)tick +
	    (double)tx->freq * FREQ_UNIT_SPS;
}

static int
kernel_get_rate(void *ctx, double *sps)
{
	struct timex tx = {0};
	int err = adjust(&tx);

	(void)ctx;
	*sps = err < 0 ? 0 : rate_of(&tx);
	return err;
}

static int
kernel_set_rate(void *ctx, double sps, double *applied)
{
	long tick = nominal_tick();
	struct timex tx = {.modes = ADJ_TICK | ADJ_FREQUENCY, .tick = tick};
	int err;

	(void)ctx;
	if (fabs(sps) > TICK_RANGE)
		return ERR_BAD;
	if (fabs(sps) > FREQ_MAX_SPS)
		tx.tick += lrint(sps * (double)tick);
	sps -= (double)(tx.tick - tick) / (double)tick;
	tx.freq = lrint(sps / (FREQ_UNIT_SPS));
	*applied = rate_of(&tx);
	err = adjust(&tx);
	return err;
}

static int
kernel_step(void *ctx, struct dur by)
{
	struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
	int64_t s = by.ns / TSTAMP_NS_PER_S;
	int64_t ns = by.ns % TSTAMP_NS_PER_S;

	(void)ctx;
	if (ns < 0) { /* the fraction must not be negative */
		ns += TSTAMP_NS_PER_S;
		s--;
	}
	tx.time.tv_sec = (time_t)s;
	tx.time.tv_usec = (suseconds_t)ns;
	return adjust(&tx);
}

/* Microseconds, rounded up, so that a bound stays one. */
static long
error_us(struct dur d)
{
	if (d.ns < 0)
		return 0;
	if (d.ns >= ERROR_MAX_US * 1000LL)
		return ERROR_MAX_US;
	return (long)((d.ns + 999) / 1000);
}

static int
kernel_tell(void *ctx, const struct clockcmd_truth *t, bool rtcsync)
{
	struct timex tx = {
	    .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
	    .maxerror = error_us(t->max_error),
	    .esterror = error_us(t->est_error),
	};

	(void)ctx;
	/* Cleared, the flag makes the kernel copy the clock to the RTC. */
	if (!t->synced || !rtcsync)
		tx.status |= STA_UNSYNC;
	if (!t->synced)
		tx.maxerror = tx.esterror = ERROR_MAX_US;
	else if (t->leap == 1)
		tx.status |= STA_INS;
	else if (t->leap == 2)
		tx.status |= STA_DEL;
	if (t->synced && t->tai_offset_s > 0) {
		tx.modes |= ADJ_TAI;
		tx.constant = t->tai_offset_s;
	}
	return adjust(&tx);
}

static int
virtual_take(void *ctx)
{
	(void)ctx;
	return 0;
}

static int
virtual_set_rate(void *ctx, double sps, double *applied)
{
	(void)ctx;
	*applied = sps;
	return 0;
}

static int
virtual_get_rate(void *ctx, double *sps)
{
	(void)ctx;
	*sps = 0;
	return ERR_ABSENT;
}

static int
virtual_step(void *ctx, struct dur by)
{
	(void)ctx;
	(void)by;
	return 0;
}

static int
virtual_tell(void *ctx, const struct clockcmd_truth *t, bool rtcsync)
{
	(void)ctx;
	(void)t;
	(void)rtcsync;
	return 0;
}

static const struct os_clock_backend kernel_ops = {false, kernel_read,
    kernel_take, kernel_set_rate, kernel_get_rate, kernel_step, kernel_tell};
static const struct os_clock_backend virtual_ops = {true, kernel_read,
    virtual_take, virtual_set_rate, virtual_get_rate, virtual_step,
    virtual_tell};

int
os_clock_init_kernel(struct os_clock *c, bool rtcsync)
{
	double rate;
	int err = kernel_get_rate(NULL, &rate);

	os_clock_init_with(c, &kernel_ops, NULL);
	c->rtcsync = rtcsync;
	return err;
}

void
os_clock_init_virtual(struct os_clock *c)
{
	os_clock_init_with(c, &virtual_ops, NULL);
}

/* In the C library, but declared by libcap's header alone. */
extern int capget(cap_user_header_t header, cap_user_data_t data);

bool
os_clock_may_adjust(void)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (capget(&head, data) < 0)
		return false;
	return data[0].effective & (1U << CAP_SYS_TIME);
}

/* Armed far in the future: only a set clock ever makes it readable. */
static int
arm_cancel(int fd)
{
	struct itimerspec at = {
	    .it_value.tv_sec =
		(time_t)(os_clock_real().ns / TSTAMP_NS_PER_S) + 400000000};

	return timerfd_settime(
	    fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

int
os_clock_cancel_fd(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return ERR_SYSTEM;
	if (arm_cancel(fd) < 0) {
		close(fd);
		return ERR_SYSTEM;
	}
	return fd;
}

bool
os_clock_cancel_rearm(int fd)
{
	uint64_t fired;
	ssize_t n = read(fd, &fired, sizeof fired);
	bool set = n > 0 || (n < 0 && errno == ECANCELED);

	if (set)
		(void)arm_cancel(fd);
	return set;
}
