/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading configurations: what good lines mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

static struct conf conf;
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
	assert_non_null(
	    strstr(faults.list[0].text, "maxpoll 2 is less than minpoll 3"));
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
	};

	return cmocka_run_group_tests_name(
	    "conf_directives", tests, NULL, NULL);
}
