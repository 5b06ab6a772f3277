/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files, memory files and time pages in a scratch directory (hostile cases
 * K1, K2, K3, K6, K7, K8).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "os/memfile.h"
#include "os/timepage.h"

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_os_file.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd);
}

static const char *
at(const char *name)
{
	static char path[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static void
expect(const char *name, const char *want)
{
	uint8_t *data;
	size_t len;

	assert_int_equal(os_file_read(at(name), 0, 1 << 20, &data, &len), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal((const char *)data, want);
	os_file_free(data, len);
}

static void
writes_and_reads(void **state)
{
	struct os_file_facts f;
	mode_t before = umask(077);
	uint8_t *data;
	size_t len;

	(void)state;
	assert_int_equal(os_file_write(at("a"), "one", 3, 0644), 0);
	expect("a", "one");
	assert_int_equal(os_file_facts(at("a"), &f), 0);
	assert_int_equal(f.mode, 0644); /* K8: whatever the umask */
	assert_true(f.regular && f.others_read && !f.others_write);
	umask(0);
	assert_int_equal(os_file_write(at("a"), "", 0, 0600), 0);
	expect("a", "");
	assert_int_equal(os_file_facts(at("a"), &f), 0);
	assert_int_equal(f.mode, 0600);
	umask(before);
	/* A temporary left by a death is replaced. */
	assert_int_equal(os_file_write(at(".a.tmp"), "x", 1, 0600), 0);
	assert_int_equal(os_file_write(at("a"), "two", 3, 0600), 0);
	expect("a", "two");
	assert_int_equal(os_file_facts(at(".a.tmp"), &f), ERR_ABSENT);

	assert_int_equal(os_file_read(at("a"), 0, 2, &data, &len), ERR_FULL);
	assert_null(data);
	assert_int_equal(os_file_read(at("a"), 0, 3, &data, &len), 0);
	os_file_free(data, len);
	assert_int_equal(
	    os_file_read(at("none"), 0, 3, &data, &len), ERR_ABSENT);
	assert_int_equal(
	    os_file_read("/proc/self/status", 0, 1 << 20, &data, &len), 0);
	assert_true(len > 100 && data[len] == '\0');
	os_file_free(data, len);
	assert_int_equal(
	    os_file_read("/proc/self/status", 0, 50, &data, &len), ERR_FULL);
	assert_int_equal(os_file_remove(at("a")), 0);
	assert_int_equal(os_file_remove(at("a")), 0);
}

static void
links_and_others_are_refused(void **state)
{
	uint8_t *data;
	size_t len;

	(void)state; /* K1 */
	assert_int_equal(os_file_write(at("victim"), "keep", 4, 0600), 0);
	assert_int_equal(symlink(at("victim"), at("link")), 0);
	assert_int_equal(os_file_write(at("link"), "bad", 3, 0600), ERR_DENIED);
	assert_int_equal(
	    os_file_read(at("link"), OS_FILE_NOFOLLOW, 99, &data, &len),
	    ERR_DENIED);
	assert_int_equal(os_timepage_create(at("link")), ERR_DENIED);
	assert_null(os_timepage_open(at("link")));
	/* Neither through a planted temporary. */
	assert_int_equal(symlink(at("victim"), at(".new.tmp")), 0);
	assert_int_equal(os_file_write(at("new"), "new", 3, 0600), 0);
	expect("new", "new");
	expect("victim", "keep");
	expect("link", "keep");
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(os_file_read(at("fifo"), 0, 99, &data, &len), ERR_BAD);
	assert_int_equal(os_file_write(at("fifo"), "x", 1, 0600), ERR_DENIED);
	assert_int_equal(os_file_read(dir, 0, 99, &data, &len), ERR_BAD);
}

static void
modes_are_judged(void **state)
{
	static const struct {
		mode_t mode;
		int private, trusted;
	} rows[] = {{0600, 0, 0}, {0640, 0, 0}, {0400, 0, 0},
	    {0644, ERR_DENIED, 0}, {0660, ERR_DENIED, ERR_DENIED},
	    {0602, ERR_DENIED, ERR_DENIED}};
	uint8_t *data;
	size_t len;

	(void)state; /* K3 */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(
		    os_file_write(at("key"), "k", 1, rows[i].mode), 0);
		assert_int_equal(
		    os_file_read(at("key"), OS_FILE_PRIVATE, 9, &data, &len),
		    rows[i].private);
		os_file_free(data, len);
		assert_int_equal(
		    os_file_read(at("key"), OS_FILE_TRUSTED, 9, &data, &len),
		    rows[i].trusted);
		os_file_free(data, len);
	}
}

/* K7: whoever looks while a writer is killed sees a whole file. */
static void
killed_writer_leaves_a_whole_file(void **state)
{
	static char old[20000], new[20000];

	(void)state;
	memset(old, 'o', sizeof old);
	memset(new, 'n', sizeof new);
	for (int i = 0; i < 40; i++) {
		uint8_t *data;
		size_t len;
		pid_t pid;

		assert_int_equal(
		    os_file_write(at("state"), old, sizeof old, 0600), 0);
		pid = fork();
		if (pid == 0) {
			while (os_file_write(
				   at("state"), new, sizeof new, 0600) == 0)
				;
			_exit(1);
		}
		usleep((useconds_t)i * 50);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(
		    os_file_read(at("state"), 0, 1 << 20, &data, &len), 0);
		assert_int_equal(len, sizeof old);
		assert_true(
		    memcmp(data, old, len) == 0 || memcmp(data, new, len) == 0);
		os_file_free(data, len);
	}
}

static void
failure_keeps_the_old(void **state)
{
	(void)state; /* K6 */
	assert_int_equal(
	    os_file_write(at("nodir/x"), "x", 1, 0600), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(os_file_write("", "x", 1, 0600), ERR_SYSTEM);
	assert_int_equal(os_file_write("/proc/x", "x", 1, 0600), ERR_SYSTEM);
}

static void
directories(void **state)
{
	struct os_file_list list;
	struct os_file_facts f;

	(void)state;
	assert_int_equal(os_file_mkdir(at("d"), 0750), 0);
	assert_int_equal(os_file_facts(at("d"), &f), 0);
	assert_true(f.directory && f.mode == 0750);
	assert_int_equal(os_file_mkdir(at("d"), 0750), 0);
	assert_int_equal(os_file_write(at("d/b.conf"), "", 0, 0600), 0);
	assert_int_equal(os_file_write(at("d/a.conf"), "", 0, 0600), 0);
	assert_int_equal(os_file_write(at("d/10.conf"), "", 0, 0600), 0);
	assert_int_equal(os_file_write(at("d/.h.conf"), "", 0, 0600), 0);
	assert_int_equal(os_file_write(at("d/c.confx"), "", 0, 0600), 0);
	assert_int_equal(os_file_mkdir(at("d/dir.conf"), 0700), 0);
	assert_int_equal(os_file_list(at("d"), ".conf", 10, &list), 0);
	assert_int_equal(list.cnt, 3);
	assert_string_equal(list.names[0], "10.conf");
	assert_string_equal(list.names[1], "a.conf");
	assert_string_equal(list.names[2], "b.conf");
	os_file_list_free(&list);
	assert_int_equal(os_file_list(at("d"), ".conf", 2, &list), ERR_FULL);
	assert_int_equal(list.cnt, 0);
	assert_int_equal(os_file_list(at("e"), ".conf", 2, &list), ERR_ABSENT);
	assert_int_equal(os_file_mkdir(at("d/a.conf"), 0700), ERR_DENIED);
}

static void
memory_files(void **state)
{
	static uint8_t big[200000];
	uint8_t *data;
	size_t len;
	int fd;

	(void)state;
	memset(big, 7, sizeof big);
	fd = os_memfile_make(big, sizeof big);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(os_memfile_take(fd, sizeof big, &data, &len), 0);
	assert_int_equal(len, sizeof big);
	assert_memory_equal(data, big, len);
	os_file_free(data, len);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	fd = os_memfile_make("", 0);
	assert_int_equal(os_memfile_take(fd, 10, &data, &len), 0);
	assert_int_equal(len, 0);
	os_file_free(data, len);
	fd = os_memfile_make(big, 11);
	assert_int_equal(os_memfile_take(fd, 10, &data, &len), ERR_FULL);
	assert_null(data);
	fd = memfd_create("unsealed", 0);
	assert_int_equal(os_memfile_take(fd, 10, &data, &len), ERR_BAD);
}

static void
time_pages(void **state)
{
	struct timepage_clock put = {.virt_offset_ns = 42}, got;
	const struct timepage *r, *later;
	struct os_file_facts f;
	struct timepage *w;
	int fd;

	(void)state;
	assert_null(os_timepage_open(at("time")));
	fd = os_timepage_create(at("time"));
	assert_true(fd >= 0);
	assert_int_equal(os_file_facts(at("time"), &f), 0);
	assert_int_equal(f.mode, 0644);
	w = os_timepage_map(fd);
	r = os_timepage_open(at("time"));
	assert_non_null(w);
	assert_non_null(r);
	assert_int_equal(timepage_get(r, &got, sizeof got), ERR_ABSENT);
	timepage_put(w, &put, sizeof put);
	assert_int_equal(timepage_get(r, &got, sizeof got), 0);
	assert_int_equal(got.virt_offset_ns, 42);
	close(fd);
	/* The next daemon's page is another file. */
	fd = os_timepage_create(at("time"));
	assert_true(fd >= 0);
	later = os_timepage_map_ro(fd);
	assert_non_null(later);
	assert_int_equal(timepage_get(later, &got, sizeof got), ERR_ABSENT);
	assert_int_equal(timepage_get(r, &got, sizeof got), 0);
	os_timepage_unmap(later);
	os_timepage_unmap(r);
	os_timepage_unmap(w);
	os_timepage_unmap(NULL);
	close(fd);
	assert_int_equal(os_file_write(at("short"), "x", 1, 0600), 0);
	assert_null(os_timepage_open(at("short")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_and_reads),
	    cmocka_unit_test(links_and_others_are_refused),
	    cmocka_unit_test(modes_are_judged),
	    cmocka_unit_test(killed_writer_leaves_a_whole_file),
	    cmocka_unit_test(failure_keeps_the_old),
	    cmocka_unit_test(directories),
	    cmocka_unit_test(memory_files),
	    cmocka_unit_test(time_pages),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
