/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status, sources, tracking, serverstats, nts, clients: ask the daemon over its
 * control socket and print what it says.  The daemon renders; here only the
 * frame is checked, time and length are bounded, and control characters are
 * escaped, because the socket may belong to somebody else.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "ctl/request.h"
#include "ctl/text.h"
#include "net/local.h"
#include "os/clock.h"

#define TIMEOUT_MS 5000
#define SOCKET     RUNDIR "/control.sock"

struct values {
	const char *socket;
	bool json;
};

static const struct cli_option options[] = {
    {"json", 'j', CLI_FLAG, offsetof(struct values, json), 0, NULL,
	"for programs; truenoon(8) names the fields"},
    {"socket", 's', CLI_TEXT, offsetof(struct values, socket), 0, "PATH",
	"the daemon's control socket (" SOCKET ")"},
};

static const char *const texts[CTL_VERB_CNT] = {
    [CTL_STATUS] = "Say whether the clock is synchronised and how good it "
		   "is, or why not.\nExit code 3: not synchronised.",
    [CTL_SOURCES] = "List the servers that the daemon asks, what they "
		    "measure, and what is made of it.",
    [CTL_TRACKING] = "Show how the clock is being disciplined: reference, "
		     "offset, frequency, error bound.",
    [CTL_SERVERSTATS] = "Count requests by what became of them, and key "
			"exchanges.",
    [CTL_NTS] = "Show keys, cookies and certificates of the sources that "
		"use NTS.",
    [CTL_CLIENTS] = "List who asks this server, most requests first, as far "
		    "as it is known; for root and\nthe daemon's own user.",
};

/* What comes back: room for one byte too many, and a NUL. */
struct answer {
	char data[CTL_ANSWER_MAX + 2];
	size_t len;
};

static int
find_verb(const char *name)
{
	for (unsigned i = 0; i < CTL_VERB_CNT; i++)
		if (strcmp(ctl_request_verb(i), name) == 0)
			return (int)i;
	return CTL_STATUS;
}

static int
connect_or_say(const char *path)
{
	int fd = net_local_connect(path, TIMEOUT_MS);

	if (fd == ERR_ABSENT)
		fprintf(stderr,
		    "truenoon: no daemon listens at %s; is it running? "
		    "(another socket: --socket PATH)\n",
		    path);
	else if (fd == ERR_DENIED)
		fprintf(stderr,
		    "truenoon: may not connect to %s: permission denied\n",
		    path);
	else if (fd == ERR_BAD)
		fprintf(stderr,
		    "truenoon: %s is too long for a socket's path\n", path);
	else if (fd < 0)
		fprintf(stderr, "truenoon: cannot connect to %s: %s\n", path,
		    strerror(errno));
	return fd;
}

static bool
send_line(int fd, const char *line, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		line += n;
		len -= (size_t)n;
	}
	return true;
}

/* Until the end, bounded in length and in time: the timeout of the socket is
 * for each read, and a hostile server could drip. */
static int
read_all(int fd, struct answer *a)
{
	struct mono end = tstamp_mono_add(os_clock_mono(),
	    (struct dur){TIMEOUT_MS * (TSTAMP_NS_PER_S / 1000)});

	a->len = 0;
	for (;;) {
		ssize_t n =
		    read(fd, a->data + a->len, CTL_ANSWER_MAX + 1 - a->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_AGAIN;
		a->len += (size_t)n;
		a->data[a->len] = '\0';
		if (n == 0)
			return 0;
		if (a->len > CTL_ANSWER_MAX)
			return ERR_FULL;
		if (tstamp_mono_diff(end, os_clock_mono()).ns < 0)
			return ERR_AGAIN;
	}
}

/* Lines pass, all other control characters do not (L5). */
static void
print_body(const char *body, size_t len, FILE *to)
{
	char buf[1024];
	struct ctl_text t;

	while (len > 0) {
		const char *end = memchr(body, '\n', len < 200 ? len : 200);
		size_t n = end ? (size_t)(end - body) : len < 200 ? len : 200;

		ctl_text_init(&t, buf, sizeof buf);
		for (size_t i = 0; i < n; i++)
			/* What the daemon escaped stays as it is. */
			if (body[i] == '\\')
				ctl_text_put(&t, "\\");
			else
				ctl_text_escape(&t, &body[i], 1);
		fputs(buf, to);
		if (end) {
			fputc('\n', to);
			n++;
		}
		body += n;
		len -= n;
	}
}

static int
show(const struct answer *a, int err)
{
	enum ctl_code code;
	size_t len;

	if (err == ERR_AGAIN) {
		fprintf(stderr, "truenoon: the daemon does not answer\n");
		return CLI_EXIT_FAILED;
	}
	if (err || a->len < CTL_HEAD_LEN ||
	    ctl_head_parse(a->data, &code, &len) != 0) {
		fprintf(stderr,
		    "truenoon: what answers at that socket is no "
		    "truenoon daemon, or another version\n");
		return CLI_EXIT_FAILED;
	}
	if (a->len != CTL_HEAD_LEN + len) {
		fprintf(
		    stderr, "truenoon: the daemon's answer was cut short\n");
		return CLI_EXIT_FAILED;
	}
	if (code == CTL_CODE_FAILED || code == CTL_CODE_USAGE) {
		fputs("truenoon: the daemon says: ", stderr);
		print_body(a->data + CTL_HEAD_LEN, len, stderr);
		return CLI_EXIT_FAILED;
	}
	print_body(a->data + CTL_HEAD_LEN, len, stdout);
	return code == CTL_CODE_UNSYNCED ? CLI_EXIT_UNSYNCED : CLI_EXIT_OK;
}

static int
ask(const struct values *v, const struct ctl_request *r)
{
	struct answer *a;
	char line[CTL_REQUEST_MAX];
	size_t len = ctl_request_format(line, r);
	int fd = connect_or_say(v->socket), code;

	if (fd < 0)
		return CLI_EXIT_FAILED;
	a = malloc(sizeof *a);
	if (!a) {
		fprintf(stderr, "truenoon: out of memory\n");
		code = CLI_EXIT_FAILED;
	} else if (!send_line(fd, line, len)) {
		fprintf(stderr, "truenoon: the daemon closed the connection\n");
		code = CLI_EXIT_FAILED;
	} else {
		code = show(a, read_all(fd, a));
	}
	free(a);
	close(fd);
	return code;
}

int
cli_status(int argc, char **argv)
{
	int verb = find_verb(argv[0]), operand_cnt, err;
	struct cli_command_help help = {argv[0], "", texts[verb], options,
	    sizeof options / sizeof *options};
	struct values v = {.socket = SOCKET};
	struct ctl_request r = {.verb = (enum ctl_verb)verb};

	err = cli_options_parse(&help, argc, argv, &v, &operand_cnt);
	if (err)
		return err == CLI_OPTIONS_HELP ? CLI_EXIT_OK : CLI_EXIT_USAGE;
	if (operand_cnt > 0) {
		fprintf(stderr, "truenoon %s: takes no operands\n", argv[0]);
		return CLI_EXIT_USAGE;
	}
	r.json = v.json;
	return ask(&v, &r);
}
