/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options from a table: parsing, help, and the nearest word to a wrong one.
 * A value is checked as it is read, so that a subcommand sees only good ones.
 */
#include "cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "ctl/text.h"

static const struct cli_option help_option = {
    .name = "help", .letter = 'h', .help = "this help"};

/* What a person typed may hold anything; the terminal gets it escaped. */
static void
complain(const struct cli_command_help *help, const char *what,
    const char *word, const char *hint)
{
	char buf[256];
	struct ctl_text t;

	ctl_text_init(&t, buf, sizeof buf);
	ctl_text_escape(&t, word, strlen(word));
	fprintf(stderr, "truenoon %s: %s: %s", help->name, what, buf);
	if (hint)
		fprintf(stderr, "; did you mean --%s?", hint);
	fprintf(stderr, "\n'truenoon help %s' lists the options\n", help->name);
}

static bool
set_number(const struct cli_option *o, void *to, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !isfinite(v) || v <= 0 || v > o->max)
		return false;
	if (o->kind == CLI_SECONDS) {
		*(double *)to = v;
		return true;
	}
	if (v < 1 || v != floor(v))
		return false;
	if (o->kind == CLI_PORT)
		*(uint16_t *)to = (uint16_t)v;
	else
		*(unsigned *)to = (unsigned)v;
	return true;
}

static bool
set_value(const struct cli_option *o, void *values, const char *text)
{
	void *to = (unsigned char *)values + o->at;

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)to = true;
		return true;
	case CLI_TEXT:
		*(const char **)to = text;
		return *text != '\0';
	case CLI_PORT:
	case CLI_COUNT:
	case CLI_SECONDS:
		return set_number(o, to, text);
	}
	return false;
}

static const struct cli_option *
find_long(const struct cli_command_help *help, const char *name, size_t len)
{
	for (size_t i = 0; i < help->option_cnt; i++) {
		const struct cli_option *o = &help->options[i];

		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	}
	return len == 4 && memcmp(name, "help", 4) == 0 ? &help_option : NULL;
}

static const struct cli_option *
find_letter(const struct cli_command_help *help, char letter)
{
	for (size_t i = 0; i < help->option_cnt; i++)
		if (help->options[i].letter == letter)
			return &help->options[i];
	return letter == 'h' ? &help_option : NULL;
}

/* One command line being read.  @next: the argument that comes next. */
struct reader {
	const struct cli_command_help *help;
	char **argv;
	int argc;
	int next;
	void *values;
};

/* @text: a value that stood with the option, or NULL. */
static int
take_value(struct reader *r, const struct cli_option *o, const char *word,
    const char *text)
{
	if (o == &help_option) {
		cli_options_usage(r->help, word[1] != '-', stdout);
		return CLI_OPTIONS_HELP;
	}
	if (o->kind == CLI_FLAG && text) {
		complain(r->help, "option takes no value", word, NULL);
		return ERR_BAD;
	}
	if (o->kind != CLI_FLAG && !text) {
		if (r->next >= r->argc) {
			complain(r->help, "option needs a value", word, NULL);
			return ERR_BAD;
		}
		text = r->argv[r->next++];
	}
	if (set_value(o, r->values, text))
		return 0;
	complain(r->help, "not a good value for this option", word, NULL);
	return ERR_BAD;
}

static int
take_long(struct reader *r, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find_long(r->help, name, len);

	if (o)
		return take_value(r, o, word, equals ? equals + 1 : NULL);
	complain(r->help, "unknown option", word,
	    r->help->option_cnt == 0
		? NULL
		: cli_options_nearest(name, &r->help->options[0].name,
		      r->help->option_cnt, sizeof *r->help->options));
	return ERR_BAD;
}

/* "-46", "-t5", "-t 5" */
static int
take_letters(struct reader *r, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct cli_option *o = find_letter(r->help, *p);
		bool rest = o && o->kind != CLI_FLAG && p[1];
		int err;

		if (!o) {
			complain(r->help, "unknown option", word, NULL);
			return ERR_BAD;
		}
		err = take_value(r, o, word, rest ? p + 1 : NULL);
		if (err || rest)
			return err;
	}
	return 0;
}

int
cli_options_parse(const struct cli_command_help *help, int argc, char **argv,
    void *values, int *operand_cnt)
{
	struct reader r = {help, argv, argc, 1, values};
	bool all_operands = false;
	int err = 0, n = 0;

	while (!err && r.next < argc) {
		char *word = argv[r.next++];

		if (all_operands || word[0] != '-' || !word[1])
			argv[1 + n++] = word;
		else if (strcmp(word, "--") == 0)
			all_operands = true;
		else if (word[1] == '-')
			err = take_long(&r, word);
		else
			err = take_letters(&r, word);
	}
	*operand_cnt = n;
	return err;
}

static void
print_option(const struct cli_option *o, FILE *to)
{
	char left[48];
	struct ctl_text t;

	ctl_text_init(&t, left, sizeof left);
	if (o->letter)
		ctl_text_printf(&t, "  -%c, --%s", o->letter, o->name);
	else
		ctl_text_printf(&t, "      --%s", o->name);
	if (o->arg)
		ctl_text_printf(&t, " %s", o->arg);
	ctl_text_pad(&t, 26);
	fprintf(to, "%s%s\n", left, o->help);
}

void
cli_options_usage(const struct cli_command_help *help, bool brief, FILE *to)
{
	fprintf(to, "usage: truenoon %s%s%s%s\n", help->name,
	    help->option_cnt > 0 ? " [OPTION...]" : "",
	    help->usage[0] ? " " : "", help->usage);
	if (!brief)
		fprintf(to, "\n%s\n\n", help->text);
	for (size_t i = 0; i < help->option_cnt; i++)
		print_option(&help->options[i], to);
	print_option(&help_option, to);
}

const char *
cli_options_nearest(
    const char *word, const void *first_name, size_t cnt, size_t stride)
{
	const unsigned char *at = first_name;
	const char *best = NULL;
	size_t limit = strlen(word) / 3 + 2;
	unsigned d;

	for (size_t i = 0; i < cnt; i++, at += stride) {
		const char *name;

		memcpy(&name, at, sizeof(name));
		d = words_distance(word, name);
		if (d < limit) {
			limit = d;
			best = name;
		}
	}
	return best;
}
