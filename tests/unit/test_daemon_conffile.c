/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations on the disc: directories, patterns, files that are not
 * there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_help.h"
#include "daemon/conffile.h"

static struct conf conf;
static struct conf_faults faults;
static char dir[] = "/tmp/test_conffile.XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[4][128];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[0], "%s/%s", dir, name);
	return path[turn];
}

/* Each @ of the text is the directory. */
static void
put(const char *name, const char *text)
{
	FILE *out = fopen(path_of(name), "w");

	assert_non_null(out);
	for (; *text; text++) {
		if (*text == '@')
			fputs(dir, out);
		else
			fputc(*text, out);
	}
	fclose(out);
}

static int
load(const char *name)
{
	memset(&faults, 0, sizeof faults);
	return daemon_conffile_load(&conf, path_of(name), &faults);
}

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || mkdir(path_of("c"), 0700) < 0 ||
	    mkdir(path_of("s"), 0700) < 0)
		return -1;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
directories_and_patterns(void **state)
{
	(void)state;
	put("main", "confdir @/c @/absent\nsourcedir @/s\ninclude @/x*\n");
	put("c/20.conf", "server two\n");
	put("c/10.conf", "server one\n");
	put("c/30.txt", "bogus\n");
	put("s/a.sources", "server three\n");
	put("x2", "server five\n");
	put("x1", "server four\n");
	assert_int_equal(load("main"), 0);
	assert_int_equal(faults.cnt, 0);
	assert_int_equal(conf.source_cnt, 5);
	assert_string_equal(conf.source[0].name, "one");
	assert_string_equal(conf.source[1].name, "two");
	assert_string_equal(conf.source[2].name, "three");
	assert_string_equal(conf.source[3].name, "four");
	assert_string_equal(conf.source[4].name, "five");
}

static void
files_that_cannot_be_read(void **state)
{
	(void)state;
	put("broken", "server a\ninclude @/none\ninclude @\n");
	assert_int_equal(load("broken"), ERR_BAD);
	assert_true(has_fault(&faults, "broken:2:9: error: '/tmp/test_conf"));
	assert_true(has_fault(&faults, "none': there is no such file"));
	assert_true(has_fault(&faults, "it cannot be read"));
	assert_int_equal(load("nowhere"), ERR_BAD);
	assert_int_equal(faults.cnt, 1);
	assert_true(has_fault(&faults, "nowhere: error: there is no such"));
}

static void
files_that_are_named(void **state)
{
	(void)state;
	put("cert", "");
	put("named",
	    "server a\nallow\nntsservercert @/cert\n"
	    "ntsserverkey @/nokey\nntstrustedcerts @/noca\n"
	    "keyfile @/nokeys\n");
	assert_int_equal(load("named"), 0);
	daemon_conffile_look(&conf, &faults);
	assert_int_equal(faults.error_cnt, 2);
	assert_int_equal(faults.warning_cnt, 1);
	assert_true(has_fault(&faults, "named:4:1: error: ntsserverkey"));
	assert_true(has_fault(&faults, "named:5:1: error: ntstrustedcerts"));
	assert_true(has_fault(&faults, "named:6:1: warning: keyfile"));
	put("named", "server a key 1\nkeyfile @/nokeys\n");
	assert_int_equal(load("named"), 0);
	daemon_conffile_look(&conf, &faults);
	assert_int_equal(faults.error_cnt, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(directories_and_patterns),
	    cmocka_unit_test(files_that_cannot_be_read),
	    cmocka_unit_test(files_that_are_named),
	};

	return cmocka_run_group_tests_name(
	    "daemon_conffile", tests, setup, teardown);
}
