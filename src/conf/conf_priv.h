/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the folder: the table that knows every word of the dialect, and the
 * state of a parse.  Values are set, printed, compared and given their
 * defaults by the table alone; only what has a shape of its own has code.
 */
#ifndef CONF_CONF_PRIV_H
#define CONF_CONF_PRIV_H

#include "conf/conf.h"

#define CONF_LINE_MAX   2048 /* with the NUL, as in chrony */
#define CONF_LEVEL_MAX  10   /* includes within includes, as in chrony */
#define CONF_OPTION_MAX 64   /* bits of the set of options seen */

struct conf_parse;
struct conf_entry;
struct conf_out;

enum conf_value {
	CONF_CHOICE, /* no argument: stores .arg; 1 for a flag */
	CONF_INT,
	CONF_REAL,
	CONF_TEXT,
	CONF_ENUM, /* one of .names */
	CONF_OWN,  /* .parse and .print */
	CONF_ANY,  /* nothing kept; .arg: how many words it needs at least */
};

enum conf_repeat {
	CONF_REPLACES, /* the last one holds; warn */
	CONF_ONCE,     /* another value is an error */
	CONF_MANY,
};

/* @min, @max, @def: of CONF_INT and CONF_REAL.
 * @clamp: out of range is a warning and the nearest value, as in chrony.
 * @text: default of CONF_TEXT; %S, %R stand for statedir and rundir.  A
 * CONF_OWN with a text has a default to print. */
struct conf_entry {
	const char *name;
	uint8_t state; /* enum conf_state */
	uint8_t kind;  /* enum conf_value */
	uint8_t repeat;
	bool clamp;
	uint8_t arg;
	uint16_t size;
	size_t offset;
	double min, max, def;
	const char *text;
	const char *const *names;
	void (*parse)(
	    struct conf_parse *p, const struct conf_entry *e, void *base);
	void (*print)(const struct conf_out *o, const struct conf_entry *e,
	    const void *base);
	const char *why;
};

/* A table and what it is called in messages. */
struct conf_set {
	const struct conf_entry *entry;
	size_t cnt;
	const char *what;
};

extern const struct conf_set conf_directives;
extern const struct conf_set conf_options;      /* of struct conf_source */
extern const struct conf_set conf_local_set;    /* of struct conf_local */
extern const struct conf_set conf_limits_set;   /* of struct conf_ratelimit */
extern const struct conf_set conf_hardware_set; /* of struct conf_hardware */

/* One line being put together from pieces. */
struct conf_line {
	char text[CONF_LINE_MAX];
	size_t len;
	uint32_t number;  /* of the line, from 1 */
	uint32_t nul_col; /* of the first NUL, 0: none */
	bool too_long;
	bool ended; /* by a newline */
};

typedef void conf_line_fn(void *arg, struct conf_line *l);

void conf_line_init(struct conf_line *l);
void conf_line_feed(struct conf_line *l, const char *data, size_t len,
    conf_line_fn *fn, void *arg);
void conf_line_end(struct conf_line *l, conf_line_fn *fn, void *arg);

/* A cursor over the words of a line; it writes a NUL after each word. */
struct conf_words {
	char *line;
	char *next;
	uint16_t column; /* of the word last taken */
};

char *conf_words_take(struct conf_words *w);
bool conf_words_more(const struct conf_words *w);

/* @bad: this line had an error.
 * @options_warned: bits of source options already warned of. */
struct conf_parse {
	struct conf *c;
	struct conf_faults *f;
	const struct conf_reader *r;
	struct conf_words w;
	struct conf_where where;
	unsigned level;
	bool in_sources;
	bool bad;
	uint64_t options_warned;
	uint16_t stack[CONF_LEVEL_MAX]; /* files being read */
};

void conf_error(struct conf_parse *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conf_warn(struct conf_parse *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As they, of a place kept from the parse. */
void conf_check_fault(const struct conf *c, struct conf_faults *f,
    enum conf_severity s, const struct conf_where *w, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether there is room for one more, made if need be. */
bool conf_lists_room(struct conf_access_list *list) MUST_CHECK;

int conf_number_int(const char *text, int64_t *v) MUST_CHECK;
int conf_number_real(const char *text, double *v) MUST_CHECK;

/* The entry of this name, ignoring case; NULL if there is none. */
const struct conf_entry *conf_set_find(
    const struct conf_set *s, const char *name);
/* The name most like this one, NULL if none is near. */
const char *conf_set_near(const struct conf_set *s, const char *name);

/* The default of CONF_TEXT. */
void conf_value_text(const struct conf_entry *e, const struct conf *c,
    char buf[CONF_PATH_MAX + 32]);
void conf_value_init(const struct conf_set *s, void *base);
/* Take the argument of an entry, or complain. */
void conf_value_set(
    struct conf_parse *p, const struct conf_entry *e, void *base);
bool conf_value_is_default(const struct conf_entry *e, const void *base);
bool conf_value_same(const struct conf_set *s, const void *a, const void *b);
void conf_value_print(
    const struct conf_out *o, const struct conf_entry *e, const void *base);
/* Options with their values to the end of the line.  Return: which, a bit
 * each. */
uint64_t conf_options_read(
    struct conf_parse *p, const struct conf_set *s, void *base);
/* Those that differ from the defaults. */
void conf_options_print(
    const struct conf_out *o, const struct conf_set *s, const void *base);

/* One argument that is a word, copied; complains. */
bool conf_take_text(
    struct conf_parse *p, const struct conf_entry *e, char *to, size_t max);
bool conf_take_real(
    struct conf_parse *p, const struct conf_entry *e, double *v);
bool conf_take_int(
    struct conf_parse *p, const struct conf_entry *e, int64_t *v);

struct conf_out {
	conf_sink *sink;
	void *arg;
	const struct conf *c;
	bool defaults; /* print what is at its default, else what is not */
};

void conf_out_text(const struct conf_out *o, const char *text);
void conf_out_int(const struct conf_out *o, int64_t v);
void conf_out_real(const struct conf_out *o, double v);

/* Read a file on another level; complains.  Return: 0 or the reader's error. */
int conf_parse_file(struct conf_parse *p, const char *path);

/* Directives with a shape of their own. */
#define CONF_OWN_PARSE(name)                                                   \
	void conf_own_##name(                                                  \
	    struct conf_parse *p, const struct conf_entry *e, void *base)
#define CONF_OWN_PRINT(name)                                                   \
	void conf_out_##name(const struct conf_out *o,                         \
	    const struct conf_entry *e, const void *base)
CONF_OWN_PARSE(source);
CONF_OWN_PARSE(extfield);
CONF_OWN_PRINT(extfield);
CONF_OWN_PARSE(access);
CONF_OWN_PRINT(access);
CONF_OWN_PARSE(bind);
CONF_OWN_PRINT(bind);
CONF_OWN_PARSE(cmdbind);
CONF_OWN_PRINT(cmdbind);
CONF_OWN_PARSE(drift);
CONF_OWN_PRINT(drift);
CONF_OWN_PARSE(fallback);
CONF_OWN_PRINT(fallback);
CONF_OWN_PARSE(local);
CONF_OWN_PRINT(local);
CONF_OWN_PARSE(makestep);
CONF_OWN_PRINT(makestep);
CONF_OWN_PARSE(maxchange);
CONF_OWN_PRINT(maxchange);
CONF_OWN_PARSE(slewrate);
CONF_OWN_PRINT(slewrate);
CONF_OWN_PARSE(aeads);
CONF_OWN_PRINT(aeads);
CONF_OWN_PARSE(cert);
CONF_OWN_PRINT(cert);
CONF_OWN_PARSE(trust);
CONF_OWN_PRINT(trust);
CONF_OWN_PARSE(ntscachedir);
CONF_OWN_PARSE(limits);
CONF_OWN_PRINT(limits);
CONF_OWN_PARSE(workers);
CONF_OWN_PRINT(workers);
CONF_OWN_PARSE(smooth);
CONF_OWN_PRINT(smooth);
CONF_OWN_PARSE(hardware);
CONF_OWN_PRINT(hardware);
CONF_OWN_PARSE(include);
CONF_OWN_PARSE(confdir);
CONF_OWN_PARSE(sourcedir);

#endif
