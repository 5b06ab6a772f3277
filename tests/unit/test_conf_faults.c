/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading configurations: which fault each bad line gives, with its place, and
 * what is only warned of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

static struct conf conf;
static struct conf_faults faults;

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_lines_are_named),
	    cmocka_unit_test(doubtful_lines_are_warned_of_once),
	    cmocka_unit_test(all_faults_in_one_go),
	    cmocka_unit_test(faults_are_bounded),
	    cmocka_unit_test(faults_are_printable),
	};

	return cmocka_run_group_tests_name("conf_faults", tests, NULL, NULL);
}
