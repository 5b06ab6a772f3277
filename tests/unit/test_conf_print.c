/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The effective configuration reads back to itself, and sources are told
 * apart by what they mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

static struct conf conf, again;
static struct conf_faults faults;
static struct buffer first, second;

static const char everything[] =
    "server a.example nts iburst certset 2 ntsport 4461 maxdelay 0.1\n"
    "server 192.0.2.1 key 10 port 1123 burst prefer trust require offline\n"
    "pool p.example minpoll -3 maxpoll 24 maxsources 16 noselect\n"
    "server 2001:db8::1 auto_offline ipv6 version 4 minstratum 3 copy xleave"
    " extfield F323 extfield f324 private presend -1 polltarget 30"
    " minsamples 0 maxsamples 64 maxunreach 5 filter 7 maxdelayratio 2.5"
    " maxdelaydevratio 0.1 maxdelayquant 0.3 mindelay 1e-6 asymmetry -0.5"
    " offset 0.123456789012345678\n"
    "server fe80::1 ipv4\n"
    "bindacqaddress 192.0.2.2\nbindacqaddress 2001:db8::2\n"
    "bindacqdevice eth1\ndscp 46\nrefresh 60\ndumpdir /dump\n"
    "minsamples 8\nmaxsamples 9\nauthselectmode prefer\nminsources 2\n"
    "combinelimit 2\nmaxdistance 1.5\nmaxjitter 0.5\nminstratum 1\n"
    "maxstratum 14\nreselectdist 1e-5\nstratumweight 0\n"
    "makestep 0.1 -1\nmaxchange 1000 1 -1\nmaxslewrate 123.456\n"
    "maxdrift 100\ndriftfile /d interval 5\nrtcsync\nclockprecision 1e-9\n"
    "corrtimeratio 4\nfallbackdrift 16 19\nleapsecmode ignore\n"
    "leapsectz right/UTC\nleapseclist /l\nsmoothtime 400 0.001 leaponly "
    "force\nmaxclockerror 2\n"
    "maxupdateskew 100.0\ntargeterror 1e-4\n"
    "ntsaeads 15 17 16 30 31\nntscachedir /n\nntsrefresh 5\n"
    "ntstrustedcerts 2 /t2\nntstrustedcerts /t0\nnosystemcert\n"
    "nocerttimecheck 1\nkeyfile /k\n"
    "allow\ndeny all 10\nallow 10.1.2.3\nallow all 2001:db8::/32\n"
    "port 1123\nbindaddress 127.0.0.1\nbindaddress ::1\nbinddevice lo\n"
    "serverworkers 2 pinned 3,0-1\nlocal stratum 5 distance 0.1 activate 1 "
    "waitsynced 2"
    " waitunsynced 3 orphan\n"
    "ratelimit interval 1 burst 16 leak 3 kod 2\n"
    "ntsratelimit interval 2\ncmdratelimit\nclientloglimit 10000000000\n"
    "noclientlog\nntsport 14460\nntsservercert /c1\nntsservercert /c2\n"
    "ntsserverkey /k1\nntsserverkey /k2\nntsprocesses 3\n"
    "maxntsconnections 7\nntstlsgroups P-256:X25519\nntsrotate 0\nntsntpserver "
    "ntp.example\n"
    "controlsocket /s\ncmdallow 10\ncmddeny\ncmdport 0\n"
    "bindcmdaddress /c\nbindcmdaddress 127.0.0.2\nlogchange 0.5\n"
    "logdir /log\nstatedir /st\nrundir /ru\npidfile /\nuser root\n"
    "lock_all\nsched_priority 50\n"
    "hwtimestamp eth0 minpoll -2 maxpoll 3 minsamples 4 maxsamples 5"
    " precision 5e-8 txcomp 1.5e-7 rxcomp -2e-7 rxfilter all nocrossts\n"
    "hwtimestamp eth1 minpoll 2\nhwtimestamp *\nhwtstimeout 0.002\n";

/* What is where is no part of what holds. */
static void
forget_places(struct conf *c)
{
	c->file_cnt = 0;
	c->dir_cnt = 0;
	memset(c->file, 0, sizeof c->file);
	memset(c->sourcedir, 0, sizeof c->sourcedir);
	memset(c->place, 0, sizeof c->place);
	for (uint32_t i = 0; i < c->source_cnt; i++)
		memset(&c->source[i].where, 0, sizeof c->source[i].where);
}

static void
round_trip(const char *text)
{
	int err = text_parse(&conf, text, &faults);

	if (err < 0)
		show_faults(&faults);
	assert_int_equal(err, 0);
	first.len = second.len = 0;
	conf_print(&conf, to_buffer, &first);
	err = text_parse(&again, first.text, &faults);
	if (err < 0) {
		show_faults(&faults);
		fail_msg("%s", first.text);
	}
	conf_print(&again, to_buffer, &second);
	assert_string_equal(first.text, second.text);
	forget_places(&conf);
	forget_places(&again);
	assert_true(conf_same(&conf, &again));
}

static void
nothing(void **state)
{
	(void)state;
	round_trip("");
	assert_non_null(strstr(first.text, "\nport 123\n"));
	assert_non_null(strstr(first.text, "\nuser truenoon\n"));
	assert_null(strstr(first.text, "makestep"));
}

static void
all_of_it(void **state)
{
	(void)state;
	round_trip(everything);
	assert_null(strstr(first.text, "# with"));
}

/* Nothing that can be kept is missing from the text above. */
static void
the_test_knows_every_value(void **state)
{
	struct conf_word w;

	(void)state;
	round_trip(everything);
	for (size_t i = 0; conf_word_at(i, &w); i++) {
		char line[64];

		if (w.scope != CONF_DIRECTIVE || w.state != CONF_ACTED ||
		    strcmp(w.name, "include") == 0 ||
		    strcmp(w.name, "confdir") == 0 ||
		    strcmp(w.name, "sourcedir") == 0 ||
		    strcmp(w.name, "ntsdumpdir") == 0)
			continue;
		snprintf(line, sizeof line, "\n%s", w.name);
		if (!strstr(everything, line) && strcmp(w.name, "server") != 0)
			fail_msg("%s is not tested", w.name);
	}
	for (size_t i = 0; conf_word_at(i, &w); i++) {
		char word[64];

		snprintf(word, sizeof word, " %s", w.name);
		if (w.scope == CONF_OPTION && !strstr(everything, word))
			fail_msg("option %s is not tested", w.name);
	}
}

static void
defaults_are_told_apart(void **state)
{
	char *mark;

	(void)state;
	round_trip("server a\nport 1123\n");
	mark = strstr(first.text, "# defaults");
	assert_non_null(mark);
	assert_true(strstr(first.text, "port 1123\n") < mark);
	assert_true(strstr(first.text, "ntsport 4460\n") > mark);
	assert_int_equal(strncmp(first.text, "server a\n", 9), 0);
}

static void
same_sources(void **state)
{
	struct conf_source *s = conf.source;

	(void)state;
	assert_int_equal(text_parse(&conf,
			     "server a minpoll 5\n\n"
			     "pool a minpoll 5\nserver a minpoll 5 port 124\n"
			     "server b minpoll 5\n",
			     &faults),
	    0);
	assert_int_equal(conf.source_cnt, 4);
	s[4] = s[0];
	s[4].where.line = 77;
	s[4].from_dir = true;
	assert_true(conf_source_same(&s[0], &s[4]));
	s[4].maxdelay_s = 1.0;
	assert_false(conf_source_same(&s[0], &s[4]));
	for (int i = 1; i < 4; i++)
		assert_false(conf_source_same(&s[0], &s[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing),
	    cmocka_unit_test(all_of_it),
	    cmocka_unit_test(the_test_knows_every_value),
	    cmocka_unit_test(defaults_are_told_apart),
	    cmocka_unit_test(same_sources),
	};

	return cmocka_run_group_tests_name("conf_print", tests, NULL, NULL);
}
