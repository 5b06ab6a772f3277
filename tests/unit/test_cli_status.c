/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status commands against a control socket that behaves well, and
 * against hostile ones (L5): exit codes, escaping, bounds in length.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "ctl/request.h"
#include "net/local.h"

static char dir[] = "/tmp/truenoon-test-XXXXXX";
static char path[64];
static char out[600000];

/* Take one request, which must be this line, and send the answer. */
static _Noreturn void
serve(int listener, const char *want, const char *answer, size_t len)
{
	char line[CTL_REQUEST_MAX] = {0};
	int fd;

	do
		fd = net_local_accept(listener);
	while (fd == ERR_AGAIN);
	while (read(fd, line, sizeof line - 1) < 0)
		;
	if (strcmp(line, want) != 0)
		_exit(1);
	while (len > 0) {
		ssize_t n = write(fd, answer, len);

		if (n > 0) {
			answer += n;
			len -= (size_t)n;
		} else if (n < 0 && access(path, F_OK) != 0) {
			break; /* the test is over */
		}
	}
	_exit(0);
}

static int
run(const char *command, const char *option)
{
	char name[16], opt[16], socket_opt[] = "--socket";
	char *argv[] = {name, socket_opt, path, opt, NULL};
	int keep = dup(1), code;
	FILE *to = tmpfile();
	size_t n;

	assert_non_null(to);
	snprintf(name, sizeof name, "%s", command);
	snprintf(opt, sizeof opt, "%s", option);
	fflush(stdout);
	dup2(fileno(to), 1);
	code = cli_status(option[0] ? 4 : 3, argv);
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	rewind(to);
	n = fread(out, 1, sizeof out - 1, to);
	out[n] = '\0';
	fclose(to);
	return code;
}

/* The command's exit code when the socket gives this answer. */
static int
ask(const char *want, const char *answer, size_t len)
{
	int listener = net_local_listen(path, 0600), code, status;
	bool json = strstr(want, " json") != NULL;
	char verb[16];
	pid_t pid;

	assert_true(listener >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		serve(listener, want, answer, len);
	close(listener);
	snprintf(verb, sizeof verb, "%.*s", (int)strcspn(want, " \n"), want);
	code = run(verb, json ? "--json" : "");
	unlink(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return code;
}

static int
ask_text(const char *want, const char *answer)
{
	return ask(want, answer, strlen(answer));
}

static void
an_answer_is_printed(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_text("sources\n", "truenoon 1 0 00000006\na b\\x\n"), 0);
	assert_string_equal(out, "a b\\x\n");
	assert_int_equal(
	    ask_text("nts json\n", "truenoon 1 0 00000003\n{}\n"), 0);
	assert_string_equal(out, "{}\n");
	assert_int_equal(
	    ask_text("status\n", "truenoon 1 3 00000003\nno\n"), 3);
	assert_string_equal(out, "no\n");
	assert_int_equal(
	    ask_text("status\n", "truenoon 1 1 00000003\nno\n"), 1);
	assert_string_equal(out, "");
}

static void
l5_control_characters_are_escaped(void **state)
{
	static const char evil[] = "truenoon 1 0 00000013\n"
				   "\x1b[2J\r\t\x9b\x00\x7f\xc3\xa9\nx";

	(void)state;
	assert_int_equal(ask("sources\n", evil, sizeof evil - 1), 0);
	assert_string_equal(
	    out, "\\x1b[2J\\x0d\\x09\\x9b\\x00\\x7f\\xc3\\xa9\nx");
}

static void
l5_what_is_no_answer_is_refused(void **state)
{
	static char huge[2 * CTL_ANSWER_MAX];

	(void)state;
	memset(huge, 'x', sizeof huge);
	assert_int_equal(ask_text("sources\n", ""), 1);
	assert_int_equal(ask_text("sources\n", "truenoon 1 0 000"), 1);
	assert_int_equal(
	    ask_text("sources\n", "HTTP/1.1 200 OK\r\n\r\nhello"), 1);
	assert_int_equal(
	    ask_text("sources\n", "truenoon 1 0 00000004\nabc"), 1);
	assert_int_equal(
	    ask_text("sources\n", "truenoon 1 0 00000004\nabcde"), 1);
	assert_int_equal(
	    ask_text("sources\n", "truenoon 1 0 99999999\nabcde"), 1);
	assert_string_equal(out, "");
	assert_int_equal(ask("sources\n", huge, sizeof huge), 1);
	assert_string_equal(out, "");
}

static void
the_longest_answer_fits(void **state)
{
	static char full[CTL_ANSWER_MAX];
	size_t body = sizeof full - CTL_HEAD_LEN;

	(void)state;
	memset(full, 'y', sizeof full);
	ctl_head_format(full, CTL_CODE_OK, body);
	/* Room for all of it and the end of the stream. */
	assert_int_equal(ask("sources\n", full, sizeof full), 0);
	assert_int_equal(strlen(out), body);
}

static void
nobody_listens(void **state)
{
	(void)state;
	assert_int_equal(run("status", ""), 1);
	assert_int_equal(run("status", "--nothing"), 2);
	assert_int_equal(run("status", "operand"), 2);
	assert_int_equal(run("status", "--help"), 0);
}

static int
make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/sock", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_is_printed),
	    cmocka_unit_test(l5_control_characters_are_escaped),
	    cmocka_unit_test(l5_what_is_no_answer_is_refused),
	    cmocka_unit_test(the_longest_answer_fits),
	    cmocka_unit_test(nobody_listens),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
