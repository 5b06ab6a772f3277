/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every directive and every option of sources in chrony.conf(5) 4.8, those
 * that came after it, and our own: what becomes of each, and what it may be.
 * Defaults are chrony's, but for maxdrift and for paths.  The manual page is
 * tested against this table.
 */
#include <string.h>

#include "conf_priv.h"

/* clang-format off */
#define AT(s, f) .offset = offsetof(struct s, f), \
	.size = sizeof(((struct s *)0)->f)
#define C(f)            AT(conf, f)
#define S(f)            AT(conf_source, f)
#define ACTED           .state = CONF_ACTED
#define LATER           .state = CONF_LATER
#define NEVER(reason)   .state = CONF_NEVER, .why = (reason)
#define REFUSED(reason) .state = CONF_REFUSED, .kind = CONF_ANY, .why = (reason)
#define CHOICE(n)       .kind = CONF_CHOICE, .arg = (n)
#define FLAG            CHOICE(1)
#define INT(lo, hi, d)  .kind = CONF_INT, .min = (lo), .max = (hi), .def = (d)
#define REAL(lo, hi, d) .kind = CONF_REAL, .clamp = true, \
	.min = (lo), .max = (hi), .def = (d)
#define TEXT(d)         .kind = CONF_TEXT, .text = (d)
#define ENUM(n)         .kind = CONF_ENUM, .names = (n)
#define ANY(n)          .kind = CONF_ANY, .arg = (n)
#define OWN(name)       .kind = CONF_OWN, .parse = conf_own_##name
#define OWNOUT(name)    OWN(name), .print = conf_out_##name
#define ARG(n)          .arg = (n)
#define MANY            .repeat = CONF_MANY
#define ONCE            .repeat = CONF_ONCE
#define CLAMP           .clamp = true
#define I32             2147483647.0
#define U32             4294967295.0

static const char *const authselect_names[] = {
	"mix", "require", "prefer", "ignore", NULL};
static const char *const leapmode_names[] = {
	"system", "slew", "step", "ignore", NULL};

static const char *const rxfilter_names[] = {
	"auto", "none", "ntp", "ptp", "all", NULL};

static const char gone[] = "chrony has given it up";
static const char rtc[] =
    "the kernel keeps the hardware clock (rtcsync)";

static const char memory[] =
    "how much is remembered follows from what is learned of the clock";
static const char weigh[] =
    "every agreeing source has the weight that its error earns";
static const char holdover[] =
    "the best frequency is kept for as long as no source answers";
static const char wander[] = "the clock's own error is learned";

static const struct conf_entry directives[] = {
	/* time sources */
	{"server", ACTED, OWN(source), ARG(CONF_SERVER), MANY},
	{"pool", ACTED, OWN(source), ARG(CONF_POOL), MANY},
	{"peer", REFUSED("symmetric mode cannot be made safe; write a "
	    "'server' line on both hosts"), MANY},
	{"refclock", LATER, ANY(2), MANY},
	{"initstepslew", NEVER("'makestep' with 'server ... iburst' does it"),
	    ANY(1)},
	{"manual", LATER, ANY(0)},
	{"bindacqaddress", ACTED, OWNOUT(bind), C(bindacq), MANY},
	{"bindacqdevice", ACTED, TEXT(""), C(bindacqdevice)},
	{"acquisitionport", NEVER("each request leaves from a fresh random "
	    "port (RFC 9109)"), ANY(1)},
	{"dscp", LATER, INT(0, 63, 0), C(dscp)},
	{"refresh", LATER, INT(0, I32, 1209600), C(refresh_s)},
	{"dumpdir", ACTED, TEXT(""), C(dumpdir)},
	{"minsamples", ACTED, INT(0, I32, 6), C(minsamples)},
	{"maxsamples", NEVER(memory), INT(0, I32, 0), C(maxsamples)},
	/* selection */
	{"authselectmode", ACTED, ENUM(authselect_names), C(authselectmode)},
	{"minsources", ACTED, INT(1, I32, 1), C(minsources)},
	{"combinelimit", NEVER(weigh), REAL(0, 1e9, 3), C(combinelimit)},
	{"maxdistance", ACTED, REAL(0, 1e9, 3), C(maxdistance_s)},
	{"maxjitter", ACTED, REAL(0, 1e9, 1), C(maxjitter_s)},
	{"minstratum", LATER, INT(0, I32, 0), C(minstratum)},
	{"maxstratum", LATER, INT(0, I32, 15), C(maxstratum)},
	{"reselectdist", NEVER(weigh), REAL(0, 1e9, 1e-4), C(reselectdist_s)},
	{"stratumweight", NEVER(weigh), REAL(0, 1e9, 1e-3), C(stratumweight_s)},
	/* the clock */
	{"makestep", ACTED, OWNOUT(makestep), C(makestep_s)},
	{"maxchange", ACTED, OWNOUT(maxchange), C(maxchange_s)},
	{"maxslewrate", ACTED, OWNOUT(slewrate), C(maxslewrate_ppm),
	    .min = 0, .max = 500000, .def = 1e6 / 12, CLAMP},
	{"maxdrift", ACTED, REAL(0, 500000, 500), C(maxdrift_ppm)},
	{"driftfile", ACTED, OWNOUT(drift), C(driftfile), .text = "%S/drift",
	    .min = 1, .max = I32},
	{"rtcsync", ACTED, FLAG, C(rtcsync)},
	{"clockprecision", LATER, REAL(0, 1, 0), C(clockprecision_s)},
	{"corrtimeratio", ACTED, REAL(0, 1e9, 3), C(corrtimeratio)},
	{"fallbackdrift", NEVER(holdover), OWNOUT(fallback), C(fallbackdrift_min),
	    .min = 0, .max = 62},
	{"leapsecmode", ACTED, ENUM(leapmode_names), C(leapsecmode)},
	{"leapsectz", ACTED, TEXT(""), C(leapsectz)},
	{"leapseclist", ACTED, TEXT(""), C(leapseclist)},
	{"maxclockerror", NEVER(wander), REAL(0, 1e6, 1), C(maxclockerror_ppm)},
	{"maxupdateskew", ACTED, REAL(0, 1e6, 1000), C(maxupdateskew_ppm)},
	{"targeterror", ACTED, REAL(0, 1e3, 0), C(targeterror_s)},
	{"tempcomp", LATER, ANY(3)},
	/* NTS, client */
	{"ntsaeads", ACTED, OWNOUT(aeads), C(ntsaead), .text = "30 15",
	    .min = 0, .max = 65535},
	{"ntsdumpdir", ACTED, TEXT("%S"), C(ntsdumpdir)},
	{"ntscachedir", ACTED, OWN(ntscachedir), C(ntsdumpdir),
	    .why = "the old name of ntsdumpdir"},
	{"ntsrefresh", ACTED, INT(0, I32, 2419200), C(ntsrefresh_s)},
	{"ntstrustedcerts", ACTED, OWNOUT(trust), C(trust), MANY},
	{"nosystemcert", ACTED, FLAG, C(nosystemcert)},
	{"nocerttimecheck", LATER, INT(0, I32, 0), C(nocerttimecheck)},
	{"keyfile", ACTED, TEXT(""), C(keyfile)},
	/* serving */
	{"allow", ACTED, OWNOUT(access), ARG(1), C(access), MANY},
	{"deny", ACTED, OWN(access), ARG(0), C(access), MANY},
	{"port", ACTED, INT(0, 65535, 123), C(port), ONCE},
	{"bindaddress", ACTED, OWNOUT(bind), C(bind), MANY},
	{"binddevice", ACTED, TEXT(""), C(binddevice)},
	{"serverworkers", ACTED, OWNOUT(workers), C(serverworkers),
	    .text = "0", .min = 0, .max = 256},
	{"local", ACTED, OWNOUT(local), C(local)},
	{"ratelimit", ACTED, OWNOUT(limits), C(ratelimit)},
	{"ntsratelimit", ACTED, OWNOUT(limits), C(ntsratelimit)},
	{"clientloglimit", ACTED, INT(0, 9007199254740992.0, 524288),
	    C(clientloglimit_len)},
	{"noclientlog", ACTED, FLAG, C(noclientlog)},
	{"broadcast", REFUSED("broadcast time cannot be made safe; let the "
	    "clients ask"), MANY},
	{"ntpsigndsocket", LATER, ANY(1)},
	{"smoothtime", ACTED, OWNOUT(smooth), C(smooth), .min = 0,
	    .max = 1e5},
	{"ptpport", LATER, ANY(1)},
	{"ptpdomain", LATER, ANY(1)},
	/* NTS, server */
	{"ntsport", ACTED, INT(0, 65535, 4460), C(ntsport), ONCE},
	{"ntsservercert", ACTED, OWNOUT(cert), C(ntsservercert), MANY},
	{"ntsserverkey", ACTED, OWNOUT(cert), C(ntsserverkey), ARG(1), MANY},
	{"ntsprocesses", ACTED, INT(0, 1000, 0), C(ntsprocesses)},
	{"maxntsconnections", ACTED, INT(1, I32, 1000), C(maxntsconnections)},
	{"ntstlsgroups", ACTED, TEXT("X25519MLKEM768:X25519:P-256"),
	    C(ntstlsgroups)},
	{"ntsrotate", ACTED, INT(0, I32, 604800), C(ntsrotate_s)},
	{"ntsntpserver", ACTED, TEXT(""), C(ntsntpserver)},
	/* being asked about it */
	{"controlsocket", ACTED, TEXT("%R/control.sock"), C(controlsocket)},
	{"cmdallow", LATER, OWNOUT(access), ARG(1), C(cmdaccess), MANY},
	{"cmddeny", LATER, OWN(access), ARG(0), C(cmdaccess), MANY},
	{"cmdport", LATER, INT(0, 65535, 323), C(cmdport)},
	{"bindcmdaddress", LATER, OWNOUT(cmdbind), C(bindcmd), MANY},
	{"bindcmddevice", LATER, ANY(1)},
	{"cmdratelimit", ACTED, OWNOUT(limits), C(cmdratelimit)},
	{"opencommands", LATER, ANY(0)},
	{"log", LATER, ANY(0), MANY},
	{"logbanner", LATER, ANY(1)},
	{"logchange", LATER, REAL(0, 1e9, 1), C(logchange_s)},
	{"logdir", LATER, TEXT(""), C(logdir)},
	{"mailonchange", NEVER("no mail program is started; watch the log"),
	    ANY(2)},
	/* the hardware clock */
	{"hwclockfile", NEVER(rtc), ANY(1)},
	{"rtcautotrim", NEVER(rtc), ANY(1)},
	{"rtcdevice", NEVER(rtc), ANY(1)},
	{"rtcfile", NEVER(rtc), ANY(1)},
	{"rtconutc", NEVER(rtc), ANY(0)},
	/* the process */
	{"include", ACTED, OWN(include), MANY},
	{"confdir", ACTED, OWN(confdir), MANY},
	{"sourcedir", ACTED, OWN(sourcedir), MANY},
	{"statedir", ACTED, TEXT(STATEDIR), C(statedir)},
	{"rundir", ACTED, TEXT(RUNDIR), C(rundir)},
	{"pidfile", ACTED, TEXT("%R/truenoon.pid"), C(pidfile)},
	{"user", ACTED, TEXT("truenoon"), C(user)},
	{"lock_all", ACTED, FLAG, C(lock_all)},
	{"sched_priority", ACTED, INT(0, 100, 0), C(sched_priority)},
	{"hwtimestamp", ACTED, OWNOUT(hardware), C(hardware), MANY},
	{"hwtstimeout", ACTED, REAL(0, 0.1, 1e-3), C(hwtstimeout_s)},
	{"maxtxbuffers", LATER, ANY(1)},
	{"commandkey", NEVER(gone), ANY(0)},
	{"generatecommandkey", NEVER(gone), ANY(0)},
	{"linux_freq_scale", NEVER(gone), ANY(0)},
	{"linux_hz", NEVER(gone), ANY(0)},
	{"dumponexit", NEVER("'dumpdir' says it"), ANY(0)},
};

static const struct conf_entry options[] = {
	{"nts", ACTED, FLAG, S(nts)},
	{"port", ACTED, INT(0, 65535, 123), S(port), ONCE},
	{"ntsport", ACTED, INT(0, 65535, 4460), S(ntsport), ONCE},
	{"certset", ACTED, INT(0, U32, 0), S(certset)},
	{"key", ACTED, INT(1, U32, 0), S(key)},
	{"iburst", ACTED, FLAG, S(iburst)},
	{"burst", ACTED, FLAG, S(burst)},
	{"minpoll", ACTED, INT(CONF_POLL_MIN, CONF_POLL_MAX, 6), S(minpoll),
	    CLAMP},
	{"maxpoll", ACTED, INT(CONF_POLL_MIN, CONF_POLL_MAX, 10), S(maxpoll),
	    CLAMP},
	{"maxsources", ACTED, INT(1, 16, 4), S(maxsources), CLAMP},
	{"maxdelay", ACTED, REAL(0, 1000, 3), S(maxdelay_s)},
	{"prefer", ACTED, FLAG, S(prefer)},
	{"noselect", ACTED, FLAG, S(noselect)},
	{"trust", ACTED, FLAG, S(trust)},
	{"require", ACTED, FLAG, S(require)},
	{"offline", ACTED, FLAG, S(offline)},
	{"auto_offline", LATER, FLAG, S(auto_offline)},
	{"ipv4", ACTED, CHOICE(ADDR_V4), S(family)},
	{"ipv6", ACTED, CHOICE(ADDR_V6), S(family)},
	{"version", ACTED, INT(1, 4, 0), S(version)},
	{"minstratum", LATER, INT(0, 16, 0), S(minstratum)},
	{"copy", LATER, FLAG, S(copy)},
	{"xleave", ACTED, FLAG, S(xleave)},
	{"extfield", LATER, OWNOUT(extfield), S(extfields)},
	{"private", LATER, FLAG, S(tight)},
	{"presend", LATER, INT(-32, 32, 100), S(presend)},
	{"polltarget", NEVER(memory), INT(1, I32, 8), S(polltarget)},
	{"minsamples", ACTED, INT(0, I32, -1), S(minsamples)},
	{"maxsamples", NEVER(memory), INT(0, I32, -1), S(maxsamples)},
	{"maxunreach", LATER, INT(0, I32, 100000), S(maxunreach)},
	{"filter", NEVER(memory), INT(0, I32, 0), S(filter)},
	{"maxdelayratio", ACTED, REAL(0, 1e6, 0), S(maxdelayratio)},
	{"maxdelaydevratio", NEVER(memory), REAL(0, 1e6, 10), S(maxdelaydevratio)},
	{"maxdelayquant", ACTED, REAL(0, 1, 0), S(maxdelayquant)},
	{"mindelay", ACTED, REAL(0, 1000, 0), S(mindelay_s)},
	{"asymmetry", ACTED, REAL(-0.5, 1, 1), S(asymmetry)},
	{"offset", ACTED, REAL(-1e9, 1e9, 0), S(offset_s)},
};

#undef S
#define S(f) AT(conf_local, f)
static const struct conf_entry local_options[] = {
	{"stratum", ACTED, INT(1, 15, 10), S(stratum)},
	{"distance", ACTED, REAL(0, 1e9, 1), S(distance_s)},
	{"activate", ACTED, REAL(0, 1e9, 0), S(activate_s)},
	{"waitsynced", ACTED, REAL(0, 1e9, 0), S(waitsynced_s)},
	{"waitunsynced", ACTED, REAL(0, 1e9, -1), S(waitunsynced_s)},
	{"orphan", .state = CONF_LATER, FLAG, S(orphan)},
};

#undef S
#define S(f) AT(conf_ratelimit, f)
static const struct conf_entry limits_options[] = {
	{"interval", ACTED, INT(-19, 12, 3), S(interval), CLAMP},
	{"burst", ACTED, INT(1, 255, 8), S(burst), CLAMP},
	{"leak", ACTED, INT(1, 4, 2), S(leak), CLAMP},
	{"kod", ACTED, INT(0, 4, 0), S(kod), CLAMP},
};

#undef S
#define S(f) AT(conf_hardware, f)
static const struct conf_entry hardware_options[] = {
	{"minpoll", ACTED, INT(-6, 20, 0), S(minpoll), CLAMP},
	{"maxpoll", ACTED, INT(-6, 20, CONF_HARDWARE_MAXPOLL), S(maxpoll),
	    CLAMP},
	{"minsamples", ACTED, INT(1, 64, 3), S(minsamples), CLAMP},
	{"maxsamples", ACTED, INT(1, 64, 16), S(maxsamples), CLAMP},
	{"precision", ACTED, REAL(0, 1, 1e-7), S(precision_s)},
	{"txcomp", ACTED, REAL(-1, 1, 0), S(txcomp_s)},
	{"rxcomp", ACTED, REAL(-1, 1, 0), S(rxcomp_s)},
	{"rxfilter", ACTED, ENUM(rxfilter_names), S(rxfilter)},
	{"nocrossts", ACTED, FLAG, S(nocrossts)},
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

_Static_assert(COUNT(directives) <= CONF_PLACE_MAX, "places for directives");
_Static_assert(COUNT(options) <= CONF_OPTION_MAX, "bits for options");

const struct conf_set conf_directives = {
    directives, COUNT(directives), "directive"};
const struct conf_set conf_options = {options, COUNT(options), "option"};
const struct conf_set conf_local_set = {
    local_options, COUNT(local_options), "option of 'local'"};
const struct conf_set conf_limits_set = {
    limits_options, COUNT(limits_options), "option of a rate limit"};
const struct conf_set conf_hardware_set = {
    hardware_options, COUNT(hardware_options), "option of 'hwtimestamp'"};

bool
conf_word_at(size_t n, struct conf_word *w)
{
	const struct conf_entry *e;

	memset(w, 0, sizeof *w);
	if (n >= COUNT(directives) + COUNT(options))
		return false;
	if (n < COUNT(directives)) {
		e = &directives[n];
		w->scope = CONF_DIRECTIVE;
	} else {
		e = &options[n - COUNT(directives)];
		w->scope = CONF_OPTION;
	}
	w->name = e->name;
	w->state = (enum conf_state)e->state;
	w->why = e->why;
	return true;
}

const struct conf_where *
conf_place(const struct conf *c, const char *name)
{
	const struct conf_entry *e = conf_set_find(&conf_directives, name);

	return &c->place[e ? e - directives : 0];
}

bool
conf_source_same(const struct conf_source *a, const struct conf_source *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	    conf_value_same(&conf_options, a, b);
}
