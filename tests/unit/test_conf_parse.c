/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading configurations: what good lines mean, and which fault each bad one
 * gives, with its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

static struct conf conf, other;
static struct conf_faults faults;

static void
parse_ok(const char *text)
{
	int err = text_parse(&conf, text, &faults);

	if (err < 0)
		show_faults(&faults);
	assert_int_equal(err, 0);
}

static void
defaults(void **state)
{
	(void)state;
	parse_ok("server a\n");
	assert_int_equal(faults.warning_cnt, 0);
	assert_int_equal(conf.source_cnt, 1);
	assert_string_equal(conf.source[0].name, "a");
	assert_int_equal(conf.source[0].kind, CONF_SERVER);
	assert_int_equal(conf.source[0].port, 123);
	assert_int_equal(conf.source[0].ntsport, 4460);
	assert_int_equal(conf.source[0].minpoll, 6);
	assert_int_equal(conf.source[0].maxpoll, 10);
	assert_int_equal(conf.source[0].maxsources, 4);
	assert_int_equal(conf.source[0].minsamples, -1);
	assert_int_equal(conf.source[0].presend, 100);
	assert_true(conf.source[0].maxdelay_s == 3.0);
	assert_int_equal(conf.source[0].where.line, 1);
	assert_int_equal(conf.port, 123);
	assert_int_equal(conf.ntsport, 4460);
	assert_int_equal(conf.ntsaead_cnt, 2);
	assert_int_equal(conf.ntsaead[0], 30);
	assert_int_equal(conf.ntsaead[1], 15);
	assert_int_equal(conf.minsources, 1);
	assert_int_equal(conf.makestep_limit, 0);
	assert_int_equal(conf.maxchange_start, -1);
	assert_true(conf.maxdrift_ppm == 500.0);
	assert_true(conf.maxslewrate_ppm > 83333 && !conf.maxslewrate_set);
	assert_int_equal(conf.ntsrotate_s, 604800);
	assert_int_equal(conf.ntsrefresh_s, 2419200);
	assert_int_equal(conf.drift_interval_s, 3600);
	assert_int_equal(conf.clientloglimit_len, 524288);
	assert_string_equal(conf.user, "truenoon");
	assert_string_equal(conf.controlsocket, RUNDIR "/control.sock");
	assert_string_equal(conf.driftfile, STATEDIR "/drift");
	assert_string_equal(conf.ntsdumpdir, STATEDIR);
	assert_false(conf_serves_ntp(&conf));
	assert_false(conf_serves_nts(&conf));
}

static void
paths_follow_statedir_and_rundir(void **state)
{
	(void)state;
	parse_ok("server a\ncontrolsocket /c\nrundir /r\nstatedir /s\n");
	assert_string_equal(conf.controlsocket, "/c");
	assert_string_equal(conf.pidfile, "/r/truenoon.pid");
	assert_string_equal(conf.driftfile, "/s/drift");
	assert_string_equal(conf.ntsdumpdir, "/s");
}

static void
all_source_options(void **state)
{
	const struct conf_source *s = conf.source;

	(void)state;
	parse_ok("keyfile /k\nntstrustedcerts 7 /ca.pem\n"
		 "POOL Example.ORG NTS port 1123 ntsport 14460 certset 7 iburst"
		 " burst minpoll -2 maxpoll 4 maxsources 3 maxdelay 0.25 prefer"
		 " noselect trust require offline\n"
		 "server 2001:db8::1 key 4294967295 ipv6 version 3 xleave"
		 " offset -0.5 asymmetry 0.1 filter 3 extfield F323"
		 " minsamples 0 private\n");
	assert_int_equal(conf.source_cnt, 2);
	assert_int_equal(s->kind, CONF_POOL);
	assert_string_equal(s->name, "Example.ORG");
	assert_true(s->nts && s->iburst && s->burst && s->prefer);
	assert_true(s->noselect && s->trust && s->require && s->offline);
	assert_int_equal(s->port, 1123);
	assert_int_equal(s->ntsport, 14460);
	assert_int_equal(s->certset, 7);
	assert_int_equal(s->minpoll, -2);
	assert_int_equal(s->maxpoll, 4);
	assert_int_equal(s->maxsources, 3);
	assert_true(s->maxdelay_s == 0.25);
	s++;
	assert_int_equal(s->key, 4294967295U);
	assert_int_equal(s->family, ADDR_V6);
	assert_int_equal(s->version, 3);
	assert_int_equal(s->minsamples, 0);
	assert_true(s->xleave && s->tight && s->filter == 3);
	assert_true(s->offset_s == -0.5 && s->asymmetry == 0.1);
	assert_int_equal(s->extfields, 1);
	assert_int_equal(s->where.line, 4);
}

static void
hardware_stamps(void **state)
{
	const struct conf_hardware *h = conf.hardware;

	(void)state;
	parse_ok("hwtimestamp *\n"
		 "hwtimestamp eth1 minpoll -3 precision 20e-9 txcomp 1e-7"
		 " rxcomp 2e-7 minsamples 2 maxsamples 32 rxfilter ptp"
		 " nocrossts\n");
	assert_int_equal(conf.hardware_cnt, 2);
	assert_string_equal(h->interface, "*");
	assert_int_equal(h->minpoll, 0);
	assert_int_equal(h->maxpoll, CONF_HARDWARE_MAXPOLL);
	assert_int_equal(h->maxsamples, 16);
	assert_int_equal(h->rxfilter, CONF_RXFILTER_AUTO);
	assert_true(h->precision_s == 1e-7 && !h->nocrossts);
	h++;
	assert_string_equal(h->interface, "eth1");
	assert_int_equal(h->minpoll, -3);
	assert_int_equal(h->minsamples, 2);
	assert_int_equal(h->maxsamples, 32);
	assert_int_equal(h->rxfilter, CONF_RXFILTER_PTP);
	assert_true(h->precision_s == 20e-9 && h->nocrossts);
	assert_true(h->txcomp_s == 1e-7 && h->rxcomp_s == 2e-7);
	/* The last line of an interface holds. */
	assert_int_equal(text_parse(&conf,
			     "hwtimestamp eth1 minpoll 3\n"
			     "hwtimestamp eth1 minpoll 5\n",
			     &faults),
	    0);
	assert_non_null(strstr(faults.list[0].text, "replaces an earlier"));
	assert_int_equal(conf.hardware_cnt, 1);
	assert_int_equal(conf.hardware[0].minpoll, 5);
	assert_int_equal(text_parse(&conf,
			     "hwtimestamp eth1 minpoll 3 maxpoll 2\n", &faults),
	    0);
	assert_non_null(strstr(
	    faults.list[0].text, "maxpoll 2 is less than minpoll 3"));
	assert_int_equal(conf.hardware[0].maxpoll, 2);
	for (int i = 8; i < 10; i++) {
		char text[512] = "";

		for (int k = 0; k < i; k++)
			sprintf(text + strlen(text), "hwtimestamp e%d\n", k);
		assert_int_equal(
		    text_parse(&conf, text, &faults), i > 8 ? ERR_BAD : 0);
	}
}

static void
pinned_workers(void **state)
{
	(void)state;
	parse_ok("serverworkers 4\n");
	assert_false(conf.serverpins.on);
	parse_ok("serverworkers 4 pinned\n");
	assert_true(conf.serverpins.on);
	assert_int_equal(conf.serverworkers, 4);
	assert_int_equal(conf.serverpins.cnt, 0);
	parse_ok("serverworkers 0 Pinned 2-4,1023,0\n");
	assert_int_equal(conf.serverworkers, 0);
	assert_int_equal(conf.serverpins.cnt, 5);
	assert_int_equal(conf.serverpins.cpu[0], 2);
	assert_int_equal(conf.serverpins.cpu[2], 4);
	assert_int_equal(conf.serverpins.cpu[3], 1023);
	assert_int_equal(conf.serverpins.cpu[4], 0);
	parse_ok("serverworkers 1 pinned 0-255\n");
	assert_int_equal(conf.serverpins.cnt, CONF_PIN_MAX);
}

static void
server_directives(void **state)
{
	(void)state;
	parse_ok("allow\ndeny 10\nallow all 192.168.0.0/16\n"
		 "deny 2001:db8::/32\n"
		 "local stratum 5 distance 0.5 activate 2 waitsynced 3\n"
		 "ntsservercert /c1\nntsserverkey /k1\n"
		 "ntsservercert /c2\nntsserverkey /k2\n"
		 "bindaddress 127.0.0.1\nbindaddress ::1\n"
		 "bindacqaddress 192.0.2.1\nbinddevice eth0\n"
		 "ntsaeads 15 17\nserverworkers 3\nntsprocesses 0\n");
	assert_int_equal(conf.access.cnt, 4);
	assert_int_equal(conf.access.rule[0].net.addr.family, ADDR_NONE);
	assert_true(conf.access.rule[0].allow && !conf.access.rule[0].all);
	assert_int_equal(conf.access.rule[1].net.bits, 8);
	assert_false(conf.access.rule[1].allow);
	assert_true(conf.access.rule[2].all);
	assert_int_equal(conf.access.rule[3].net.bits, 32);
	assert_true(conf.local.on && conf.local.stratum == 5);
	assert_true(conf.local.waitsynced_s == 3.0);
	assert_true(conf.local.waitunsynced_s == 0.0);
	assert_int_equal(conf.cert_cnt, 2);
	assert_string_equal(conf.ntsserverkey[1], "/k2");
	assert_int_equal(conf.bind.v4.bytes[0], 127);
	assert_int_equal(conf.bind.v6.bytes[15], 1);
	assert_int_equal(conf.bindacq.v4.bytes[0], 192);
	assert_int_equal(conf.bindacq.v6.family, ADDR_NONE);
	assert_int_equal(conf.ntsaead[1], 17);
	assert_true(conf_serves_ntp(&conf) && conf_serves_nts(&conf));
}

static void
clock_directives(void **state)
{
	(void)state;
	parse_ok("server a\nmakestep 0.1 -5\nmaxchange 1000 1 2\n"
		 "maxslewrate 100\nmaxdrift 50\n"
		 "driftfile /d interval 60\nrtcsync\n");
	assert_true(conf.makestep_s == 0.1);
	assert_int_equal(conf.makestep_limit, CONF_STEPS_ANY);
	assert_true(conf.maxchange_s == 1000.0);
	assert_int_equal(conf.maxchange_start, 1);
	assert_int_equal(conf.maxchange_ignore, 2);
	assert_true(conf.maxslewrate_set && conf.maxslewrate_ppm == 100.0);
	assert_true(conf.maxdrift_ppm == 50.0 && conf.rtcsync);
	assert_string_equal(conf.driftfile, "/d");
	assert_int_equal(conf.drift_interval_s, 60);
}

static void
lines_of_every_kind(void **state)
{
	(void)state;
	parse_ok("\xef\xbb\xbf# comment\r\n! comment\n  ; comment \x01\n% c\n"
		 "\n   \t \r\n\t sErVeR   a \t iBuRsT\t\r\n");
	assert_int_equal(conf.source_cnt, 1);
	assert_true(conf.source[0].iburst);
}

static void
lines_of_every_kind_bad_name(void **state)
{
	(void)state;
	assert_int_equal(
	    text_parse(&conf, "server a\n server b#c", &faults), ERR_BAD);
	assert_true(has_fault(&faults, "t:2:9: error: 'b#c' is neither"));
}

/* Who may be given a smear, and names of time zones. */
static void
leap_seconds(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: none */
	} cases[] = {
	    {"smoothtime 400 0.01 leaponly\n", NULL},
	    {"smoothtime 400 0.01 leaponly\nallow 10\n", NULL},
	    {"smoothtime 400 0.01 leaponly\nallow 192.168.3.0/24\n"
	     "allow fd00::/8\nallow 127.0.0.0/8\nallow ::1\ndeny all\n",
		NULL},
	    {"smoothtime 400 0.01 leaponly\nallow\n", "not private"},
	    {"smoothtime 400 0.01 leaponly\nallow 10.0.0.0/7\n", "not private"},
	    {"smoothtime 400 0.01 leaponly\nallow 172.16.0.0/11\n",
		"not private"},
	    {"smoothtime 400 0.01 leaponly\nallow 2001:db8::/32\n",
		"not private"},
	    {"smoothtime 400 0.01 leaponly force\nallow\n", NULL},
	    {"smoothtime 400 0.01\nallow\n", "with 'leaponly' only"},
	    {"smoothtime 400 0.01 sometimes\n", "unknown option"},
	    {"smoothtime 400\n", "needs more arguments"},
	    {"smoothtime 0 0.01 leaponly\n", "above 0"},
	    {"leapsectz right/UTC\n", NULL},
	    {"leapsectz /etc/shadow\n", "leapsectz takes the name"},
	    {"leapsectz ../../../etc/shadow\n", "leapsectz takes the name"},
	    {"leapsectz right/../../x\n", "leapsectz takes the name"},
	    {"leapseclist leap-seconds.list\n", "begins with '/'"},
	    {"leapseclist /l\nleapsectz right/UTC\n", "is not looked at"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];

		snprintf(text, sizeof text, "server a\n%s", cases[i].text);
		memset(&faults, 0, sizeof faults);
		(void)!conf_parse_text(
		    &conf, NULL, "t", text, strlen(text), &faults);
		if (cases[i].fault ? !has_fault(&faults, cases[i].fault)
				   : faults.cnt != 0)
			fail_msg("%s", cases[i].text);
	}
}

static void
debian_default(void **state)
{
	static char text[8192];
	static const struct mem_file none[] = {{NULL, NULL}};
	struct mem_disc disc = {.file = none};
	struct conf_reader r = {mem_read, mem_glob, &disc};
	FILE *in = fopen("tests/data/debian-chrony.conf", "r");
	size_t len;

	(void)state;
	assert_non_null(in);
	len = fread(text, 1, sizeof text, in);
	fclose(in);
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, &r, "debian", text, len, &faults), 0);
	assert_int_equal(faults.warning_cnt, 1);
	assert_true(has_fault(&faults, "warning: 'logdir' is accepted"));
	assert_string_equal(conf.leapsectz, "right/UTC");
	assert_int_equal(conf.source_cnt, 1);
	assert_int_equal(conf.dir_cnt, 2);
	assert_true(conf.rtcsync && conf.source[0].iburst);
	assert_int_equal(conf.makestep_limit, 3);
	assert_string_equal(conf.driftfile, "/var/lib/chrony/chrony.drift");
}

struct bad {
	const char *text, *fault;
};

static const struct bad bad_lines[] = {
    {"sever a",
	"t:1:1: error: unknown directive 'sever'; did you mean "
	"'server'?"},
    {"\n  xyzzyplugh", "t:2:3: error: unknown directive 'xyzzyplugh'"},
    {"maekstep 1 3", "did you mean 'makestep'?"},
    {"iburst", "'iburst' is no directive but an option"},
    {"peer a", "t:1:1: error: 'peer' is refused: "},
    {"broadcast 60 192.0.2.255", "'broadcast' is refused: "},
    {"server", "t:1:1: error: 'server' needs more arguments"},
    {"server a ibrust",
	"t:1:10: error: unknown option 'ibrust'; did you "
	"mean 'iburst'?"},
    {"server a minpoll",
	"error: 'minpoll' needs a whole number from -7 to "
	"24"},
    {"server a minpoll six",
	"t:1:18: error: 'minpoll' takes a whole number "
	"from -7 to 24, not 'six'"},
    {"server a minpoll 6x", "not '6x'"},
    {"server a port 65536", "'port' takes a whole number from 0 to 65535"},
    {"server a port -1", "not '-1'"},
    {"server a port 99999999999999999999", "not '99999"},
    {"server a key 0", "'key' takes"},
    {"server a maxdelay nan", "'maxdelay' takes a number, not 'nan'"},
    {"server a maxdelay 0x10", "not '0x10'"},
    {"server a maxdelay 1e999", "not '1e999'"},
    {"server a minpoll 8 maxpoll 7", "minpoll 8 is more than maxpoll 7"},
    {"server a nts key 5", "'nts' and 'key' exclude each other"},
    {"server a port 1 port 2", "'port' stands twice"},
    {"server a:123", "a port is written 'port N' after the name"},
    {"server 0.0.0.0", "is not the address of one server"},
    {"server 224.0.0.1", "is not the address of one server"},
    {"server a\x1b[31m", "error: a control character"},
    {"port 123 4", "t:1:10: error: too many arguments to 'port'"},
    {"rtcsync yes", "too many arguments to 'rtcsync'"},
    {"port 1\nport 2", "t:2:1: error: 'port' has another value in line 1"},
    {"ntsport 1\nntsport 2", "'ntsport' has another value in line 1"},
    {"allow 10.0.0.0/33", "t:1:7: error: '10.0.0.0/33' is no subnet"},
    {"allow example.org", "names are not looked up here"},
    {"allow all 10 x", "too many arguments to 'allow'"},
    {"bindaddress eth0", "'bindaddress' takes a numeric address"},
    {"makestep 1", "'the limit of makestep' needs a whole number"},
    {"makestep x 3", "'makestep' takes a number, not 'x'"},
    {"makestep -1 3", "'makestep' takes a number from 0"},
    {"authselectmode some", "takes one of: mix, require, prefer, ignore"},
    {"authselectmode", "takes one of: mix"},
    {"local stratum 16", "'stratum' takes a whole number from 1 to 15"},
    {"local stratumm 5",
	"unknown option of 'local' 'stratumm'; did you mean "
	"'stratum'?"},
    {"driftfile /d intervall 5", "it has 'interval'"},
    {"driftfile /d interval 0", "'interval' takes a whole number from 1"},
    {"serverworkers 257", "'serverworkers' takes a whole number from 0 to"},
    {"serverworkers pinned", "'serverworkers' takes a whole number"},
    {"serverworkers 2 pin", "it has 'pinned'"},
    {"serverworkers 2 pinned 0-256", "up to 256 of them, not '0-256'"},
    {"serverworkers 2 pinned 1024", "processors like 0-3,8"},
    {"serverworkers 2 pinned 3-1", "processors like 0-3,8"},
    {"serverworkers 2 pinned 1,", "processors like 0-3,8"},
    {"serverworkers 2 pinned -1", "processors like 0-3,8"},
    {"serverworkers 2 pinned 1 2", "too many arguments to 'serverworkers'"},
    {"ntsaeads 1", "no AEAD is left"},
    {"ntsaeads x", "'ntsaeads' takes a whole number"},
    {"ntstrustedcerts x /p", "the set of 'ntstrustedcerts'"},
    {"fallbackdrift 9 8", "takes the smaller interval first"},
    {"include /x", "'include' is not possible here"},
    {"refclock SHM", "'refclock' needs more arguments"},
    {"hwtimestamp", "needs"},
    {"hwtimestamp a-name-beyond-all-limits", "hwtimestamp"},
    {"hwtimestamp eth0 rxfiltre all", "did you mean 'rxfilter'?"},
    {"hwtimestamp eth0 rxfilter some", "rxfilter"},
    {"hwtimestamp eth0 minsamples 9 maxsamples 8", "is more than"},
    {"hwtimestamp eth0 precision x", "precision"},
    {"ratelimit intervall 3", "did you mean 'interval'?"},
    {"sched_priority 101", "from 0 to 100"},
    /* the whole */
    {"ntsservercert /c", "1 ntsservercert but 0 ntsserverkey"},
    {"ntsserverkey /c", "t:1:1: error: 0 ntsservercert but 1 ntsserverkey"},
    {"server a\nminsources 2",
	"t:2:1: error: minsources 2 can never be met "
	"by 1 configured"},
    {"server a nts\nnosystemcert",
	"t:1:1: error: no certificate is trusted "
	"for a: nosystemcert needs"},
    {"server a nts certset 3", "its certset needs"},
    {"server a key 3", "has key 3 but there is no keyfile"},
};

static void
bad_lines_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
		const struct bad *b = &bad_lines[i];
		int err = text_parse(&conf, b->text, &faults);

		if (err != ERR_BAD || !has_fault(&faults, b->fault)) {
			show_faults(&faults);
			fail_msg("%s: wanted: %s", b->text, b->fault);
		}
		assert_int_equal(faults.error_cnt, 1);
	}
}

static const struct bad warned_lines[] = {
    {"server a minpoll 12", ""},
    {"server a maxpoll 4", "maxpoll 4 is less than the default minpoll 6"},
    {"server a maxpoll 30", "'maxpoll 30' is out of range and taken as 24"},
    {"pool a maxsources 20",
	"'maxsources 20' is out of range and taken as "
	"16"},
    {"server a maxsources 2", "'maxsources' means nothing for a server"},
    {"server a copy\nserver b copy",
	"option 'copy' is accepted but "
	"not acted on yet"},
    {"server a\nmailonchange a@b 1",
	"'mailonchange' is accepted but not "
	"acted on: no mail"},
    {"server a\nrefclock SHM 0\nrefclock SHM 1", "'refclock' is accepted"},
    {"server a\nserver A", "is configured in line 1 of t already"},
    {"server a\nminsources 1\nminsources 1",
	"'minsources' replaces the one "
	"in line 2"},
    {"server a\nport 5\nport 5", "'port' replaces the one in line 2"},
    {"server a iburst minpoll 3 minpoll 4", "'minpoll' stands twice"},
    {"server a noselect prefer", "a is never selected"},
    {"server a\nauthselectmode require", "no source is authenticated"},
    {"rtcsync", "no source of time is configured"},
    {"server a\nport 0\nallow", "nobody is served"},
    {"server a\nserverworkers 3 pinned 0-1",
	"more workers than processors for them: 3 on 2"},
    {"server a\nntsaeads 15 99", "AEAD 99 is not known here"},
    {"server a\nntsservercert /c\nntsserverkey /k", "nobody is allowed"},
    {"server a\nlocal orphan", "option 'orphan' is accepted but"},
    {"server a\nacquisitionport 1123", "RFC 9109"},
};

static void
doubtful_lines_are_warned_of_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof warned_lines / sizeof warned_lines[0];
	     i++) {
		const struct bad *b = &warned_lines[i];
		int err = text_parse(&conf, b->text, &faults);

		if (err != 0 || faults.warning_cnt != (b->fault[0] != '\0') ||
		    (b->fault[0] && !has_fault(&faults, b->fault))) {
			show_faults(&faults);
			fail_msg("%s: wanted: %s", b->text, b->fault);
		}
	}
	assert_int_equal(text_parse(&conf, "server a minpoll 12", &faults), 0);
	assert_int_equal(conf.source[0].maxpoll, 12);
	assert_int_equal(
	    text_parse(&conf, "server a\nserver A\nserver b", &faults), 0);
	assert_int_equal(conf.source_cnt, 2);
	assert_string_equal(conf.source[1].name, "b");
}

static void
all_faults_in_one_go(void **state)
{
	(void)state;
	assert_int_equal(text_parse(&conf,
			     "sever a\nport x\nserver a\n"
			     "server b minpoll 99 maxpoll x bogus\nallow /\n",
			     &faults),
	    ERR_BAD);
	assert_true(has_fault(&faults, "t:1:1:"));
	assert_true(has_fault(&faults, "t:2:6:"));
	assert_true(has_fault(&faults, "t:4:"));
	assert_true(has_fault(&faults, "'maxpoll' takes"));
	assert_true(has_fault(&faults, "unknown option 'bogus'"));
	assert_true(has_fault(&faults, "t:5:7:"));
}

/* Errors push out warnings; what does not fit is counted. */
static void
faults_are_bounded(void **state)
{
	static char text[65536];
	char *at = text;

	(void)state;
	for (int i = 0; i < 100; i++)
		at += sprintf(at, "server s%d maxpoll 4\n", i);
	for (int i = 0; i < 40; i++)
		at += sprintf(at, "bad%d\n", i);
	assert_int_equal(text_parse(&conf, text, &faults), ERR_BAD);
	assert_int_equal(faults.cnt, CONF_FAULT_MAX);
	assert_int_equal(faults.error_cnt, 40);
	assert_int_equal(faults.warning_cnt, 100);
	assert_true(has_fault(&faults, "t:140:1: error: unknown"));
	assert_true(has_fault(&faults, "t:1:"));
}

static void
k5_nul(void **state)
{
	static const char text[] = "server a\nport\0 5\nserver b\n";

	(void)state;
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, sizeof text - 1, &faults),
	    ERR_BAD);
	assert_true(has_fault(&faults, "t:2:5: error: a NUL octet"));
	assert_int_equal(conf.source_cnt, 2);
}

static void
k5_line_of_a_megabyte(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len + 10);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text + len, "\nserver b\n", 10);
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, len + 10, &faults),
	    ERR_BAD);
	free(text);
	assert_int_equal(faults.error_cnt, 1);
	assert_true(has_fault(&faults,
	    "t:1:2048: error: the line is longer "
	    "than 2047 octets"));
	assert_int_equal(conf.source_cnt, 1);
}

static void
k5_includes_that_never_end(void **state)
{
	static const struct mem_file self[] = {
	    {"/a", "server x\ninclude /a\n"},
	    {NULL, NULL},
	};
	static const struct mem_file ring[] = {
	    {"/a", "server x\ninclude /b\n"},
	    {"/b", "\n include  /a\n"},
	    {NULL, NULL},
	};
	static const struct mem_file deep[] = {
	    {"/0", "include /1"},
	    {"/1", "include /2"},
	    {"/2", "include /3"},
	    {"/3", "include /4"},
	    {"/4", "include /5"},
	    {"/5", "include /6"},
	    {"/6", "include /7"},
	    {"/7", "include /8"},
	    {"/8", "include /9"},
	    {"/9", "server a\ninclude /10"},
	    {"/10", "server b"},
	    {NULL, NULL},
	};
	static const struct mem_file many[] = {
	    {"/a", "include /b*\ninclude /b*\ninclude /b*\n"},
	    {"/b1", "include /c*\ninclude /c*\ninclude /c*\n"},
	    {"/c1", "include /d*\ninclude /d*\ninclude /d*\n"},
	    {"/d1", "include /e*\ninclude /e*\ninclude /e*\n"},
	    {"/e1", "include /f*\ninclude /f*\ninclude /f*\n"},
	    {"/f1", "rtcsync\n"},
	    {NULL, NULL},
	};

	(void)state;
	assert_int_equal(mem_parse(&conf, self, 0, &faults), ERR_BAD);
	assert_true(has_fault(&faults, "/a:2:9: error: '/a' includes itself"));
	assert_int_equal(mem_parse(&conf, ring, 0, &faults), ERR_BAD);
	assert_true(has_fault(&faults, "/b:2:11: error: '/a' includes itself"));
	assert_int_equal(mem_parse(&conf, deep, 0, &faults), ERR_BAD);
	assert_true(has_fault(&faults,
	    "/9:2:9: error: files include each "
	    "other more than 10 deep"));
	assert_int_equal(conf.source_cnt, 1);
	assert_int_equal(mem_parse(&conf, many, 0, &faults), ERR_BAD);
	assert_true(has_fault(&faults, "more than 128 files"));
}

static void
files_of_directories(void **state)
{
	static const struct mem_file files[] = {
	    {"/m", "confdir /x /y\nserver last\n"},
	    {"/y/10.conf", "server ten-y\n"},
	    {"/y/20.conf", "server twenty-y\n"},
	    {"/x/20.conf", "server twenty-x\n"},
	    {"/x/30.conf", "server thirty-x"},
	    {"/x/40.conf.bak", "bogus\n"},
	    {NULL, NULL},
	};

	(void)state;
	assert_int_equal(mem_parse(&conf, files, 0, &faults), 0);
	assert_int_equal(conf.source_cnt, 4);
	assert_string_equal(conf.source[0].name, "ten-y");
	assert_string_equal(conf.source[1].name, "twenty-x");
	assert_string_equal(conf.source[2].name, "thirty-x");
	assert_string_equal(conf.source[3].name, "last");
	assert_string_equal(
	    conf.file[conf.source[1].where.file_idx], "/x/20.conf");
}

static void
files_of_sources(void **state)
{
	static const struct mem_file files[] = {
	    {"/m", "sourcedir /run\nserver a\nserver b bogus\n"},
	    {"/run/dhcp.sources",
		"server d iburst\nserver e bogus\nport 5\n"
		"peer f\nserver half"},
	    {NULL, NULL},
	};

	(void)state;
	assert_int_equal(mem_parse(&conf, files, 0, &faults), ERR_BAD);
	assert_int_equal(faults.error_cnt, 1);
	assert_int_equal(faults.warning_cnt, 4);
	assert_true(has_fault(&faults, "/m:3:10: error: unknown option"));
	assert_true(has_fault(&faults, "sources:2:10: warning: unknown"));
	assert_true(has_fault(&faults, "sources:3:1: warning: only server"));
	assert_true(has_fault(&faults, "half written"));
	assert_int_equal(conf.source_cnt, 2);
	assert_true(conf.source[0].from_dir && !conf.source[1].from_dir);
	assert_int_equal(conf.port, 123);
	assert_string_equal(conf.sourcedir[0], "/run");
}

static void
files_that_cannot_be_read(void **state)
{
	static const struct mem_file files[] = {
	    {"/m", "server a\ninclude /nowhere\ninclude /no*\ninclude /d\n"},
	    {"/d", NULL},
	    {NULL, NULL},
	};
	static const struct mem_file none[] = {{"/m", NULL}, {NULL, NULL}};

	(void)state;
	assert_int_equal(mem_parse(&conf, files, 0, &faults), ERR_BAD);
	assert_int_equal(faults.error_cnt, 2);
	assert_true(has_fault(&faults,
	    "/m:2:9: error: '/nowhere': there is no "
	    "such file"));
	assert_true(has_fault(&faults, "/m:4:9: error: '/d': no permission"));
	assert_int_equal(mem_parse(&conf, none, 0, &faults), ERR_BAD);
	assert_true(has_fault(&faults, "/m: error: no permission"));
}

static const char long_text[] =
    "server a iburst nts\r\n# c\npool b maxsources 2 key 3\nkeyfile /k\n"
    "allow 10.0.0.0/8\nlocal stratum 9\nmakestep 1 3\nrefclock PPS /dev/p\n";

static void
every_split_is_the_same(void **state)
{
	struct mem_file files[] = {{"/m", long_text}, {NULL, NULL}};

	(void)state;
	assert_int_equal(mem_parse(&other, files, 0, &faults), 0);
	for (size_t piece = 1; piece < sizeof long_text; piece++) {
		assert_int_equal(mem_parse(&conf, files, piece, &faults), 0);
		assert_true(conf_same(&conf, &other));
		assert_int_equal(faults.warning_cnt, 1);
	}
}

static void
every_truncation_is_judged(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof long_text; len++) {
		int err;

		memset(&faults, 0, sizeof faults);
		err =
		    conf_parse_text(&conf, NULL, "t", long_text, len, &faults);
		assert_int_equal(err, faults.error_cnt ? ERR_BAD : 0);
		assert_true(conf.source_cnt <= 2);
	}
}

/* What stood in the file reaches a terminal: nothing but printable ASCII. */
static void
faults_are_printable(void **state)
{
	char text[16] = "server x";

	(void)state;
	for (int ch = 1; ch < 256; ch++) {
		text[7] = (char)ch;
		(void)text_parse(&conf, text, &faults);
		for (uint32_t i = 0; i < faults.cnt; i++)
			for (char *at = faults.list[i].text; *at; at++)
				assert_in_range(*at, ' ', '~');
	}
}

/* Room for rules grows with what is written, up to the bound. */
static void
rules_by_the_thousand(void **state)
{
	const uint32_t cnt = CONF_ACCESS_MAX + 1;
	char *text = malloc(cnt * 32);
	size_t len = 0, half = 0;

	(void)state;
	assert_non_null(text);
	for (uint32_t i = 0; i < cnt; i++) {
		len += (size_t)sprintf(text + len, "%s 10.%u.%u.%u\n",
		    i % 3 ? "allow" : "deny", i >> 16, i >> 8 & 255, i & 255);
		if (i == 9999)
			half = len;
	}
	memset(&faults, 0, sizeof faults);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, half, &faults), 0);
	assert_int_equal(conf.access.cnt, 10000);
	for (uint32_t i = 0; i < conf.access.cnt; i++) {
		const struct conf_access *r = &conf.access.rule[i];

		assert_int_equal(r->allow, i % 3 != 0);
		assert_int_equal(r->net.addr.bytes[2], i >> 8);
		assert_int_equal(r->net.addr.bytes[3], i & 255);
	}
	assert_false(conf_same(&conf, &other));
	conf_move(&other, &conf);
	assert_int_equal(conf.access.cnt, 0);
	assert_int_equal(other.access.cnt, 10000);
	assert_int_equal(
	    conf_parse_text(&conf, NULL, "t", text, len, &faults), ERR_BAD);
	assert_int_equal(faults.error_cnt, 1);
	assert_true(has_fault(&faults, "t:65537:"));
	assert_true(has_fault(&faults, "error: more than 65536 rules"));
	conf_init(&conf);
	assert_int_equal(conf.access.cnt, 0);
	conf_fini(&other);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(paths_follow_statedir_and_rundir),
	    cmocka_unit_test(all_source_options),
	    cmocka_unit_test(hardware_stamps),
	    cmocka_unit_test(pinned_workers),
	    cmocka_unit_test(server_directives),
	    cmocka_unit_test(clock_directives),
	    cmocka_unit_test(lines_of_every_kind),
	    cmocka_unit_test(lines_of_every_kind_bad_name),
	    cmocka_unit_test(leap_seconds),
	    cmocka_unit_test(debian_default),
	    cmocka_unit_test(bad_lines_are_named),
	    cmocka_unit_test(doubtful_lines_are_warned_of_once),
	    cmocka_unit_test(all_faults_in_one_go),
	    cmocka_unit_test(faults_are_bounded),
	    cmocka_unit_test(k5_nul),
	    cmocka_unit_test(k5_line_of_a_megabyte),
	    cmocka_unit_test(k5_includes_that_never_end),
	    cmocka_unit_test(files_of_directories),
	    cmocka_unit_test(files_of_sources),
	    cmocka_unit_test(files_that_cannot_be_read),
	    cmocka_unit_test(every_split_is_the_same),
	    cmocka_unit_test(every_truncation_is_judged),
	    cmocka_unit_test(faults_are_printable),
	    cmocka_unit_test(rules_by_the_thousand),
	};

	return cmocka_run_group_tests_name("conf_parse", tests, NULL, NULL);
}
