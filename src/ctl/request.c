/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status protocol: one bounded line in, one head and its body out.
 */
#include "ctl/request.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[CTL_VERB_CNT] = {
    [CTL_STATUS] = "status",
    [CTL_SOURCES] = "sources",
    [CTL_TRACKING] = "tracking",
    [CTL_SERVERSTATS] = "serverstats",
    [CTL_NTS] = "nts",
    [CTL_CLIENTS] = "clients",
};

static const char magic[] = "truenoon 1 ";

static bool
word_is(const char *data, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(data, word, len) == 0;
}

static int
parse_line(struct ctl_request *r, const char *line, size_t len)
{
	const char *gap = memchr(line, ' ', len);
	size_t verb_len = gap ? (size_t)(gap - line) : len;

	for (unsigned i = 0; i < CTL_VERB_CNT; i++) {
		if (!word_is(line, verb_len, verbs[i]))
			continue;
		r->verb = (enum ctl_verb)i;
		r->json = gap != NULL;
		if (gap && !word_is(gap + 1, len - verb_len - 1, "json"))
			return ERR_BAD;
		return 0;
	}
	return ERR_BAD;
}

int
ctl_request_parse(struct ctl_request *r, const char *data, size_t len)
{
	const char *end = NULL;
	int err;

	memset(r, 0, sizeof *r);
	if (len > 0)
		end = memchr(data, '\n', len);
	if (!end)
		return len < CTL_REQUEST_MAX ? ERR_AGAIN : ERR_BAD;
	/* Nothing may follow: one request for each connection. */
	if (end != data + len - 1 || len > CTL_REQUEST_MAX)
		return ERR_BAD;
	err = parse_line(r, data, len - 1);
	if (err)
		memset(r, 0, sizeof *r);
	return err;
}

size_t
ctl_request_format(char buf[CTL_REQUEST_MAX], const struct ctl_request *r)
{
	int n = snprintf(buf, CTL_REQUEST_MAX, "%s%s\n", verbs[r->verb],
	    r->json ? " json" : "");

	return (size_t)n;
}

const char *
ctl_request_verb(unsigned verb)
{
	return verb < CTL_VERB_CNT ? verbs[verb] : NULL;
}

void
ctl_head_format(char *buf, enum ctl_code code, size_t body_len)
{
	char text[CTL_HEAD_LEN + 16];

	snprintf(text, sizeof text, "%s%u %08lu\n", magic, (unsigned)code % 10,
	    (unsigned long)(body_len % 100000000));
	memcpy(buf, text, CTL_HEAD_LEN);
}

int
ctl_head_parse(const char *buf, enum ctl_code *code, size_t *body_len)
{
	const char *digits = buf + sizeof magic - 1;
	size_t n = 0;

	*code = CTL_CODE_FAILED;
	*body_len = 0;
	if (memcmp(buf, magic, sizeof magic - 1) != 0 || digits[1] != ' ' ||
	    digits[10] != '\n')
		return ERR_BAD;
	if (digits[0] < '0' || digits[0] > '0' + (int)CTL_CODE_UNSYNCED)
		return ERR_BAD;
	for (int i = 2; i < 10; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return ERR_BAD;
		n = n * 10 + (size_t)(digits[i] - '0');
	}
	if (n > CTL_ANSWER_MAX - CTL_HEAD_LEN)
		return ERR_BAD;
	*code = (enum ctl_code)(digits[0] - '0');
	*body_len = n;
	return 0;
}
