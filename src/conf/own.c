/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directives with a shape of their own: several values, lists, addresses.
 * Each is read and printed side by side, and what is printed reads back to
 * the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_priv.h"

static void *
at(const struct conf_entry *e, void *base)
{
	return (char *)base + e->offset;
}

static const void *
at_const(const struct conf_entry *e, const void *base)
{
	return (const char *)base + e->offset;
}

/* ---- allow, deny: [all] [subnet] ---- */

void
conf_own_access(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf_access_list *list = at(e, base);
	struct conf_access rule = {.allow = e->arg == 1};
	const char *word = conf_words_take(&p->w);

	if (word && strcasecmp(word, "all") == 0) {
		rule.all = true;
		word = conf_words_take(&p->w);
	}
	if (word && addr_parse_prefix(&rule.net, word) < 0) {
		conf_error(p,
		    "'%.60s' is no subnet: write an address, address/bits or "
		    "the first numbers of an IPv4 address; names are not "
		    "looked up here",
		    word);
		return;
	}
	if (list->cnt == CONF_ACCESS_MAX)
		conf_error(p, "more than %d rules of access", CONF_ACCESS_MAX);
	else if (!conf_lists_room(list))
		conf_error(p, "no memory for another rule of access");
	else
		list->rule[list->cnt++] = rule;
}

void
conf_out_access(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf_access_list *list = at_const(e, base);
	const char *cmd = strncmp(e->name, "cmd", 3) == 0 ? "cmd" : "";
	char line[ADDR_TEXT_MAX + 32], host[ADDR_TEXT_MAX], bits[8];

	for (uint32_t i = 0; i < list->cnt; i++) {
		const struct conf_access *r = &list->rule[i];

		snprintf(line, sizeof line, "%s%s%s", cmd,
		    r->allow ? "allow" : "deny", r->all ? " all" : "");
		conf_out_text(o, line);
		if (r->net.addr.family != ADDR_NONE) {
			snprintf(bits, sizeof bits, "/%u", r->net.bits);
			conf_out_text(o, " ");
			conf_out_text(o, addr_text(&r->net.addr, host));
			conf_out_text(o, bits);
		}
		conf_out_text(o, "\n");
	}
}

/* ---- addresses to bind to, one per family ---- */

static bool
set_bind(struct conf_bind *b, const char *word)
{
	struct addr a;

	if (addr_parse(&a, word) < 0)
		return false;
	if (a.family == ADDR_V4)
		b->v4 = a;
	else
		b->v6 = a;
	return true;
}

static void
out_bind(const struct conf_out *o, const char *name, const struct addr *a)
{
	char host[ADDR_TEXT_MAX];

	if (a->family == ADDR_NONE)
		return;
	conf_out_text(o, name);
	conf_out_text(o, " ");
	conf_out_text(o, addr_text(a, host));
	conf_out_text(o, "\n");
}

void
conf_own_bind(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	char word[ADDR_TEXT_MAX];

	if (conf_take_text(p, e, word, sizeof word) &&
	    !set_bind(at(e, base), word))
		conf_error(p, "'%s' takes a numeric address, not '%.60s'",
		    e->name, word);
}

void
conf_out_bind(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf_bind *b = at_const(e, base);

	out_bind(o, e->name, &b->v4);
	out_bind(o, e->name, &b->v6);
}

/* bindcmdaddress also takes the path of a socket. */
void
conf_own_cmdbind(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	char word[CONF_PATH_MAX];

	if (!conf_take_text(p, e, word, sizeof word))
		return;
	if (word[0] == '/')
		memcpy(c->bindcmdpath, word, sizeof word);
	else if (!set_bind(at(e, base), word))
		conf_error(p,
		    "'%s' takes a numeric address or a path, not "
		    "'%.60s'",
		    e->name, word);
}

void
conf_out_cmdbind(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	conf_out_bind(o, e, base);
	if (c->bindcmdpath[0] != '\0') {
		conf_out_text(o, "bindcmdaddress ");
		conf_out_text(o, c->bindcmdpath);
		conf_out_text(o, "\n");
	}
}

/* ---- the clock ---- */

/* An argument after the first: its name in messages and its range. */
static bool
take_more(struct conf_parse *p, const char *name, int64_t min, int64_t *v)
{
	struct conf_entry e = {
	    .name = name,
	    .kind = CONF_INT,
	    .min = (double)min,
	    .max = INT32_MAX,
	};

	return conf_take_int(p, &e, v);
}

static bool
take_seconds(struct conf_parse *p, const char *name, double *v)
{
	struct conf_entry e = {
	    .name = name,
	    .kind = CONF_REAL,
	    .max = 1e12,
	};

	return conf_take_real(p, &e, v);
}

void
conf_own_makestep(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	double threshold;
	int64_t limit;

	if (!take_seconds(p, e->name, &threshold) ||
	    !take_more(p, "the limit of makestep", INT32_MIN, &limit))
		return;
	c->makestep_s = threshold;
	c->makestep_limit = limit < 0 ? CONF_STEPS_ANY : (int32_t)limit;
}

void
conf_out_makestep(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	if (c->makestep_limit == 0)
		return;
	conf_out_text(o, e->name);
	conf_out_real(o, c->makestep_s);
	conf_out_int(o, c->makestep_limit);
	conf_out_text(o, "\n");
}

void
conf_own_maxchange(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	double offset;
	int64_t start, ignore;

	if (!take_seconds(p, e->name, &offset) ||
	    !take_more(p, "the start of maxchange", INT32_MIN, &start) ||
	    !take_more(p, "the ignore of maxchange", INT32_MIN, &ignore))
		return;
	c->maxchange_s = offset;
	c->maxchange_start = start < 0 ? -1 : (int32_t)start;
	c->maxchange_ignore = ignore < 0 ? -1 : (int32_t)ignore;
}

void
conf_out_maxchange(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	if (c->maxchange_start < 0)
		return;
	conf_out_text(o, e->name);
	conf_out_real(o, c->maxchange_s);
	conf_out_int(o, c->maxchange_start);
	conf_out_int(o, c->maxchange_ignore);
	conf_out_text(o, "\n");
}

void
conf_own_slewrate(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;

	if (conf_take_real(p, e, &c->maxslewrate_ppm))
		c->maxslewrate_set = true;
	else
		c->maxslewrate_ppm = e->def;
}

void
conf_out_slewrate(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	if (!c->maxslewrate_set)
		return;
	conf_out_text(o, e->name);
	conf_out_real(o, c->maxslewrate_ppm);
	conf_out_text(o, "\n");
}

void
conf_own_fallback(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	int64_t min, max;

	if (!conf_take_int(p, e, &min) || !conf_take_int(p, e, &max))
		return;
	if (min > max) {
		conf_error(p, "'%s' takes the smaller interval first", e->name);
		return;
	}
	c->fallbackdrift_min = (int32_t)min;
	c->fallbackdrift_max = (int32_t)max;
}

void
conf_out_fallback(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	if (c->fallbackdrift_min == 0 && c->fallbackdrift_max == 0)
		return;
	conf_out_text(o, e->name);
	conf_out_int(o, c->fallbackdrift_min);
	conf_out_int(o, c->fallbackdrift_max);
	conf_out_text(o, "\n");
}

void
conf_own_drift(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	const char *word;
	int64_t interval;

	if (!conf_take_text(p, e, c->driftfile, sizeof c->driftfile) ||
	    !conf_words_more(&p->w))
		return;
	word = conf_words_take(&p->w);
	if (word && strcasecmp(word, "interval") != 0)
		conf_error(p,
		    "unknown option '%.40s' of 'driftfile'; it has "
		    "'interval'",
		    word);
	else if (take_more(p, "interval", 1, &interval))
		c->drift_interval_s = (int32_t)interval;
}

void
conf_out_drift(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;
	char text[CONF_PATH_MAX + 32];

	conf_value_text(e, c, text);
	if ((strcmp(text, c->driftfile) == 0 && c->drift_interval_s == 3600) !=
	    o->defaults)
		return;
	conf_out_text(o, e->name);
	conf_out_text(o, " ");
	conf_out_text(o, c->driftfile);
	if (c->drift_interval_s != 3600) {
		conf_out_text(o, " interval");
		conf_out_int(o, c->drift_interval_s);
	}
	conf_out_text(o, "\n");
}

/* ---- serving ---- */

void
conf_own_local(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf_local *l = at(e, base);

	memset(l, 0, sizeof *l);
	conf_value_init(&conf_local_set, l);
	conf_options_read(p, &conf_local_set, l);
	/* Orphans give the others time to be found first. */
	if (l->waitunsynced_s < 0.0)
		l->waitunsynced_s = l->orphan ? 300.0 : 0.0;
	l->on = true;
}

void
conf_out_local(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	struct conf_local l;

	memcpy(&l, at_const(e, base), sizeof l);
	if (!l.on)
		return;
	if (!(l.waitunsynced_s > (l.orphan ? 300.0 : 0.0)) &&
	    !(l.waitunsynced_s < (l.orphan ? 300.0 : 0.0)))
		l.waitunsynced_s = -1.0; /* what it is without the option */
	conf_out_text(o, e->name);
	conf_options_print(o, &conf_local_set, &l);
	conf_out_text(o, "\n");
}

void
conf_own_limits(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf_ratelimit *l = at(e, base);

	conf_options_read(p, &conf_limits_set, l);
	l->on = true;
}

void
conf_out_limits(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf_ratelimit *l = at_const(e, base);

	if (!l->on)
		return;
	conf_out_text(o, e->name);
	conf_out_text(o, " interval");
	conf_out_int(o, l->interval);
	conf_out_text(o, " burst");
	conf_out_int(o, l->burst);
	conf_out_text(o, " leak");
	conf_out_int(o, l->leak);
	if (l->kod != 0) {
		conf_out_text(o, " kod");
		conf_out_int(o, l->kod);
	}
	conf_out_text(o, "\n");
}

/* smoothtime maxfreq maxwander [leaponly] [force] */
void
conf_own_smooth(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf_smooth s = {.on = true};
	const char *word;

	if (!conf_take_real(p, e, &s.maxfreq_ppm) ||
	    !conf_take_real(p, e, &s.maxwander_ppm))
		return;
	while ((word = conf_words_take(&p->w)) != NULL) {
		if (strcasecmp(word, "leaponly") == 0)
			s.leaponly = true;
		else if (strcasecmp(word, "force") == 0)
			s.force = true;
		else
			conf_error(p,
			    "unknown option '%.40s' of '%s'; it has "
			    "'leaponly' and 'force'",
			    word, e->name);
	}
	if (!(s.maxfreq_ppm > 0) || !(s.maxwander_ppm > 0))
		conf_error(p, "'%s' needs two numbers above 0", e->name);
	else if (!s.leaponly)
		conf_warn(p,
		    "'%s' is acted on with 'leaponly' only: offsets "
		    "other than leap seconds are not hidden from clients",
		    e->name);
	memcpy(at(e, base), &s, sizeof s);
}

void
conf_out_smooth(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf_smooth *s = at_const(e, base);

	if (!s->on)
		return;
	conf_out_text(o, e->name);
	conf_out_real(o, s->maxfreq_ppm);
	conf_out_real(o, s->maxwander_ppm);
	if (s->leaponly)
		conf_out_text(o, " leaponly");
	if (s->force)
		conf_out_text(o, " force");
	conf_out_text(o, "\n");
}

/* ---- NTS ---- */

static bool
aead_known(int64_t id)
{
	return (id >= 15 && id <= 17) || id == 30 || id == 31;
}

void
conf_own_aeads(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	int64_t id;

	c->ntsaead_cnt = 0;
	do {
		if (!conf_take_int(p, e, &id))
			return;
		if (!aead_known(id))
			conf_warn(p,
			    "AEAD %d is not known here and left out; "
			    "15, 16, 17, 30 and 31 are",
			    (int)id);
		else if (c->ntsaead_cnt == CONF_AEAD_MAX)
			conf_error(p, "more than %d AEADs", CONF_AEAD_MAX);
		else
			c->ntsaead[c->ntsaead_cnt++] = (uint16_t)id;
	} while (conf_words_more(&p->w) && !p->bad);
	if (c->ntsaead_cnt == 0)
		conf_error(p, "no AEAD is left: 'ntsaeads 15' always works");
}

void
conf_out_aeads(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	if ((c->ntsaead_cnt == 2 && c->ntsaead[0] == 30 &&
		c->ntsaead[1] == 15) != o->defaults)
		return;
	conf_out_text(o, e->name);
	for (unsigned i = 0; i < c->ntsaead_cnt; i++)
		conf_out_int(o, c->ntsaead[i]);
	conf_out_text(o, "\n");
}

/* ntsservercert and, with arg 1, ntsserverkey. */
void
conf_own_cert(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	uint32_t *cnt = e->arg == 1 ? &c->key_cnt : &c->cert_cnt;
	char(*list)[CONF_PATH_MAX] =
	    e->arg == 1 ? c->ntsserverkey : c->ntsservercert;

	if (*cnt == CONF_CERT_MAX)
		conf_error(p, "more than %d of '%s'", CONF_CERT_MAX, e->name);
	else if (conf_take_text(p, e, list[*cnt], CONF_PATH_MAX))
		(*cnt)++;
}

void
conf_out_cert(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;
	uint32_t cnt = e->arg == 1 ? c->key_cnt : c->cert_cnt;
	const char(*list)[CONF_PATH_MAX] =
	    e->arg == 1 ? c->ntsserverkey : c->ntsservercert;

	for (uint32_t i = 0; i < cnt; i++) {
		conf_out_text(o, e->name);
		conf_out_text(o, " ");
		conf_out_text(o, list[i]);
		conf_out_text(o, "\n");
	}
}

/* ntstrustedcerts [set] path */
void
conf_own_trust(struct conf_parse *p, const struct conf_entry *e, void *base)
{
	struct conf *c = base;
	struct conf_trust t;
	int64_t set = 0;

	if (!conf_take_text(p, e, t.path, sizeof t.path))
		return;
	if (conf_words_more(&p->w)) {
		if (conf_number_int(t.path, &set) < 0 || set < 0 ||
		    set > UINT32_MAX) {
			conf_error(p,
			    "the set of '%s' is a whole number from "
			    "0 to 4294967295, not '%.40s'",
			    e->name, t.path);
			return;
		}
		if (!conf_take_text(p, e, t.path, sizeof t.path))
			return;
	}
	t.set = (uint32_t)set;
	if (c->trust_cnt == CONF_TRUST_MAX)
		conf_error(p, "more than %d of '%s'", CONF_TRUST_MAX, e->name);
	else
		c->trust[c->trust_cnt++] = t;
}

void
conf_out_trust(
    const struct conf_out *o, const struct conf_entry *e, const void *base)
{
	const struct conf *c = base;

	for (uint32_t i = 0; i < c->trust_cnt; i++) {
		conf_out_text(o, e->name);
		conf_out_int(o, c->trust[i].set);
		conf_out_text(o, " ");
		conf_out_text(o, c->trust[i].path);
		conf_out_text(o, "\n");
	}
}

void
conf_own_ntscachedir(
    struct conf_parse *p, const struct conf_entry *e, void *base)
{
	conf_take_text(p, e, at(e, base), e->size);
}
