/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a configuration, read in two ways of cutting them.  Both give
 * the same; faults are printable and bounded; what is accepted prints to a
 * configuration that is accepted and prints the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
	const char *data;
	size_t len;
	size_t piece;
	unsigned read_cnt;
};

struct text {
	char *buf;
	size_t len, max;
};

static struct conf first, second;
static struct conf_faults faults, faults2;

static void
demand(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_conf: %s\n", what);
	abort();
}

/* The first few files are all the input: includes find something. */
static int
read_input(void *ctx, const char *path, conf_sink *sink, void *arg)
{
	struct input *in = ctx;

	if (strlen(path) > 200 || in->read_cnt++ == 4)
		return ERR_ABSENT;
	for (size_t at = 0; at < in->len; at += in->piece)
		sink(arg, in->data + at,
		    in->len - at < in->piece ? in->len - at : in->piece);
	return 0;
}

static int
glob_input(void *ctx, const char *pattern, conf_sink *sink, void *arg)
{
	(void)ctx;
	sink(arg, pattern, strlen(pattern));
	return 0;
}

static int
parse(struct conf *c, struct conf_faults *f, struct input *in)
{
	struct conf_reader r = {read_input, glob_input, in};

	memset(f, 0, sizeof *f);
	return conf_parse(c, &r, "input", f);
}

static void
check_faults(const struct conf_faults *f)
{
	char line[CONF_FAULT_LINE];

	demand(f->cnt <= CONF_FAULT_MAX, "too many faults");
	for (uint32_t i = 0; i < f->cnt; i++) {
		const char *at = conf_fault_text(&f->list[i], line);

		demand(f->list[i].text[0] != '\0', "an empty fault");
		for (; *at; at++)
			demand(*at >= ' ' && *at <= '~', "unprintable fault");
	}
}

static void
append(void *arg, const char *data, size_t len)
{
	struct text *t = arg;

	if (t->len + len > t->max) {
		t->max = 2 * (t->len + len);
		t->buf = realloc(t->buf, t->max);
		demand(t->buf != NULL, "no memory");
	}
	memcpy(t->buf + t->len, data, len);
	t->len += len;
}

static void
round_trip(void)
{
	struct text a = {0}, b = {0};

	first.dir_cnt = 0; /* printed as a comment */
	conf_print(&first, append, &a);
	memset(&faults2, 0, sizeof faults2);
	demand(conf_parse_text(
		   &second, NULL, "printed", a.buf, a.len, &faults2) == 0,
	    "what was printed is not accepted");
	conf_print(&second, append, &b);
	demand(a.len == b.len && memcmp(a.buf, b.buf, a.len) == 0,
	    "printed again it differs");
	demand(first.source_cnt == second.source_cnt, "sources got lost");
	for (uint32_t i = 0; i < first.source_cnt; i++)
		demand(conf_source_same(&first.source[i], &second.source[i]),
		    "a source changed");
	free(a.buf);
	free(b.buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input whole = {(const char *)data, len, len ? len : 1, 0};
	struct input cut = {(const char *)data, len, 1, 0};
	int err;

	if (len > 16384)
		return 0;
	err = parse(&second, &faults2, &cut);
	demand(parse(&first, &faults, &whole) == err, "the cut matters");
	demand(conf_same(&first, &second), "cut: other values");
	demand(
	    memcmp(&faults, &faults2, sizeof faults) == 0, "cut: other faults");
	demand(err == (faults.error_cnt ? ERR_BAD : 0), "result and faults");
	check_faults(&faults);
	if (err == 0)
		round_trip();
	return 0;
}
