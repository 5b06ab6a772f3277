/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the renderers share: the facts derived from a view, and the layout of
 * a list of facts.  One text and one JSON function for each verb.
 */
#ifndef CTL_RENDER_PRIV_H
#define CTL_RENDER_PRIV_H

#include <math.h>
#include <stdbool.h>

#include "ctl/json.h"
#include "ctl/render.h"

#define NEVER   INT64_MIN
#define UNKNOWN ((double)NAN)

/* What the pages say of the clock at v->now.  NAN where unknown. */
struct facts {
	bool synced;
	const char *reason; /* why not, else "" */
	double offset_s;    /* true - clock, still to be corrected */
	double sigma_s;
	double bound_s;
	double root_dispersion_s;
	double update_age_s; /* < 0: never */
	double virtual_s;    /* virtual clock - system clock, NAN without */
};

void ctl_render_facts(struct facts *f, const struct ctl_view *v);

/* The source that gives reference and root delay, or NULL. */
const struct report_source *ctl_render_selected(const struct ctl_view *v);

/* Seconds from a moment to v->now, -1 for never. */
double ctl_render_age_s(const struct ctl_view *v, struct mono since);

/* A text that came with a source, escaped, without its NUL padding. */
void ctl_render_outside(struct ctl_text *t, const char *s, size_t max);

/* Name for a table: what the operator wrote, or a pool member's address. */
void ctl_render_name(struct ctl_text *t, const struct report_source *s);

/* "Label" in the left column of a list of facts. */
void ctl_render_label(struct ctl_text *t, const char *label);

/* Age in JSON: null for never. */
void ctl_render_json_age(struct ctl_json *j, const char *key, double age_s);

typedef void ctl_render_text_fn(struct ctl_text *, const struct ctl_view *);
typedef void ctl_render_json_fn(struct ctl_json *, const struct ctl_view *);

ctl_render_text_fn ctl_render_status_text, ctl_render_tracking_text;
ctl_render_text_fn ctl_render_sources_text, ctl_render_nts_text;
ctl_render_text_fn ctl_render_server_text, ctl_render_clients_text;
ctl_render_json_fn ctl_render_status_json, ctl_render_tracking_json;
ctl_render_json_fn ctl_render_sources_json, ctl_render_nts_json;
ctl_render_json_fn ctl_render_server_json, ctl_render_clients_json;

#endif
