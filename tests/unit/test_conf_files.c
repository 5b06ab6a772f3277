/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading configurations of several files: includes, directories, and those
 * that cannot be read or never end (K5).
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(k5_includes_that_never_end),
	    cmocka_unit_test(files_of_directories),
	    cmocka_unit_test(files_of_sources),
	    cmocka_unit_test(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("conf_files", tests, NULL, NULL);
}
