/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dialect is complete: every word of chrony 4.8 is known, the manual page
 * names each word under what becomes of it, and the files that are shipped
 * can be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_help.h"

#define MANUAL "man/truenoon.conf.5"

/* What chronyd 4.8 takes in its configuration file. */
static const char chrony_directives[] =
    "acquisitionport allow authselectmode bindacqaddress bindacqdevice "
    "bindaddress bindcmdaddress bindcmddevice binddevice broadcast "
    "clientloglimit clockprecision cmdallow cmddeny cmdport cmdratelimit "
    "combinelimit confdir corrtimeratio deny driftfile dscp dumpdir "
    "dumponexit fallbackdrift hwclockfile hwtimestamp hwtstimeout include "
    "initstepslew keyfile leapsecmode leapsectz leapseclist local lock_all "
    "log logbanner logchange logdir mailonchange makestep manual maxchange "
    "maxclockerror maxdistance maxdrift maxjitter maxntsconnections "
    "maxsamples maxslewrate maxupdateskew minsamples minsources "
    "nocerttimecheck noclientlog nosystemcert ntpsigndsocket ntsaeads "
    "ntsratelimit ntscachedir ntsdumpdir ntsntpserver ntsport ntsprocesses "
    "ntsrefresh ntsrotate ntsservercert ntsserverkey ntstrustedcerts "
    "opencommands peer pidfile pool port ptpdomain ptpport ratelimit "
    "refclock refresh reselectdist rtcautotrim rtcdevice rtcfile rtconutc "
    "rtcsync sched_priority server smoothtime sourcedir stratumweight "
    "tempcomp user commandkey generatecommandkey linux_freq_scale linux_hz";
static const char chrony_options[] =
    "minpoll maxpoll iburst burst key nts certset maxdelay maxdelayratio "
    "maxdelaydevratio maxdelayquant mindelay asymmetry offset minsamples "
    "maxsamples maxunreach filter offline auto_offline prefer noselect trust "
    "require xleave polltarget port ntsport presend minstratum version copy "
    "extfield ipv4 ipv6 maxsources";

/* What is to be acted on by now. */
static const char acted_directives[] =
    "server pool makestep maxchange maxslewrate maxdrift driftfile rtcsync "
    "minsources local allow deny port bindaddress bindacqaddress binddevice "
    "ntsserverkey ntsservercert ntsport ntsprocesses maxntsconnections "
    "ntsrotate ntsdumpdir ntstrustedcerts nosystemcert ntsaeads ntsrefresh "
    "keyfile authselectmode include confdir sourcedir user pidfile dumpdir "
    "lock_all sched_priority controlsocket serverworkers statedir rundir "
    "ratelimit ntsratelimit clientloglimit ntstlsgroups leapsecmode "
    "leapsectz leapseclist smoothtime hwtimestamp hwtstimeout";
static const char acted_options[] =
    "nts port minpoll maxpoll iburst burst key ntsport certset prefer "
    "noselect trust require offline maxsources maxdelay";

static struct conf conf;
static struct conf_faults faults;

static bool
find(const char *name, enum conf_scope scope, struct conf_word *w)
{
	for (size_t i = 0; conf_word_at(i, w); i++)
		if (w->scope == scope && strcmp(w->name, name) == 0)
			return true;
	return false;
}

static void
all_known(const char *names, enum conf_scope scope, bool acted)
{
	char copy[2048], *rest = copy, *name;
	struct conf_word w;

	assert_in_range(strlen(names), 1, sizeof copy - 1);
	memcpy(copy, names, strlen(names) + 1);
	while ((name = strsep(&rest, " ")) != NULL) {
		if (!find(name, scope, &w))
			fail_msg("%s is not in the table", name);
		if (acted && w.state != CONF_ACTED)
			fail_msg("%s is not acted on", name);
	}
}

static void
all_of_chrony(void **state)
{
	(void)state;
	all_known(chrony_directives, CONF_DIRECTIVE, false);
	all_known(chrony_options, CONF_OPTION, false);
	all_known(acted_directives, CONF_DIRECTIVE, true);
	all_known(acted_options, CONF_OPTION, true);
}

static void
no_word_twice(void **state)
{
	struct conf_word a, b;

	(void)state;
	for (size_t i = 0; conf_word_at(i, &a); i++) {
		if (a.state == CONF_NEVER || a.state == CONF_REFUSED)
			assert_non_null(a.why);
		for (size_t j = i + 1; conf_word_at(j, &b); j++)
			if (a.scope == b.scope && strcmp(a.name, b.name) == 0)
				fail_msg("%s is there twice", a.name);
	}
}

/* ---- the manual ---- */

static unsigned marks[512];

/* The word of an item, "Ic" for directives and "Cm" for options. */
static bool
item(const char *line, const char *macro, char name[64])
{
	char head[16];

	snprintf(head, sizeof head, ".It %s ", macro);
	if (strncmp(line, head, strlen(head)) != 0)
		return false;
	line += strlen(head);
	snprintf(name, 64, "%.*s", (int)strcspn(line, " \n"), line);
	return true;
}

static bool
belongs(enum conf_state state, const char *section)
{
	if (strcmp(section, ".Sh REFUSED\n") == 0)
		return state == CONF_REFUSED;
	if (strcmp(section, ".Sh NOT ACTED ON\n") == 0)
		return state == CONF_LATER || state == CONF_NEVER;
	return state == CONF_ACTED;
}

static void
mark(const char *name, enum conf_scope scope, const char *section)
{
	struct conf_word w;

	for (size_t i = 0; conf_word_at(i, &w); i++) {
		if (w.scope != scope || strcmp(w.name, name) != 0)
			continue;
		if (!belongs(w.state, section))
			fail_msg("%s stands in the wrong section", name);
		marks[i]++;
		return;
	}
	fail_msg("the manual knows %s, the table does not", name);
}

static void
manual_and_table_agree(void **state)
{
	char line[512], section[512] = "", name[64];
	FILE *in = fopen(MANUAL, "r");
	struct conf_word w;

	(void)state;
	assert_non_null(in);
	memset(marks, 0, sizeof marks);
	while (fgets(line, sizeof line, in)) {
		if (strncmp(line, ".Sh ", 4) == 0)
			memcpy(section, line, sizeof section);
		if (item(line, "Ic", name))
			mark(name, CONF_DIRECTIVE, section);
		if (item(line, "Cm", name))
			mark(name, CONF_OPTION, section);
	}
	fclose(in);
	for (size_t i = 0; conf_word_at(i, &w); i++)
		if (marks[i] != 1)
			fail_msg("%s %s stands %u times in " MANUAL,
			    w.scope == CONF_OPTION ? "option" : "directive",
			    w.name, marks[i]);
}

/* ---- what is shipped ---- */

static void
parse_file(const char *path)
{
	static char text[16384];
	static const struct mem_file none[] = {{NULL, NULL}};
	struct mem_disc disc = {.file = none};
	struct conf_reader r = {mem_read, mem_glob, &disc};
	FILE *in = fopen(path, "r");
	size_t len;
	int err;

	assert_non_null(in);
	len = fread(text, 1, sizeof text, in);
	fclose(in);
	memset(&faults, 0, sizeof faults);
	err = conf_parse_text(&conf, &r, path, text, len, &faults);
	show_faults(&faults);
	assert_int_equal(err, 0);
}

static void
installed_default(void **state)
{
	(void)state;
	parse_file("contrib/truenoon.conf");
	assert_int_equal(faults.warning_cnt, 0);
	assert_in_range(conf.source_cnt, 4, 10);
	for (uint32_t i = 0; i < conf.source_cnt; i++)
		assert_true(conf.source[i].nts);
	assert_in_range(conf.minsources, 2, conf.source_cnt);
	assert_true(conf.rtcsync && conf.makestep_limit > 0);
	assert_false(conf_serves_ntp(&conf));
	assert_string_not_equal(conf.driftfile, "");
}

/* The examples of the manual are such that they work. */
static void
examples_of_the_manual(void **state)
{
	char line[512], text[4096] = "";
	FILE *in = fopen(MANUAL, "r");
	bool inside = false;
	unsigned cnt = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		if (strncmp(line, ".Ed", 3) == 0) {
			memset(&faults, 0, sizeof faults);
			if (conf_parse_text(&conf, NULL, MANUAL, text,
				strlen(text), &faults) < 0 ||
			    faults.cnt > 0) {
				show_faults(&faults);
				fail_msg("%s", text);
			}
			inside = false;
			text[0] = '\0';
			cnt++;
		}
		if (inside)
			strncat(text, line, sizeof text - strlen(text) - 1);
		if (strncmp(line, ".Bd", 3) == 0)
			inside = true;
	}
	fclose(in);
	assert_int_equal(cnt, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_chrony),
	    cmocka_unit_test(no_word_twice),
	    cmocka_unit_test(manual_and_table_agree),
	    cmocka_unit_test(installed_default),
	    cmocka_unit_test(examples_of_the_manual),
	};

	return cmocka_run_group_tests_name("conf_words", tests, NULL, NULL);
}
