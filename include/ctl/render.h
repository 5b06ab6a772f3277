/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon is doing, as text for people and as JSON for programs.
 * The caller shows a view of the reports it holds; nothing is kept here.
 * Field names of the JSON form are an interface, documented in truenoon(8).
 */
#ifndef CTL_RENDER_H
#define CTL_RENDER_H

#include <stddef.h>

#include "base/report.h"
#include "base/timepage.h"
#include "base/tstamp.h"
#include "ctl/request.h"
#include "ctl/text.h"

/* All pointers are borrowed for the call; any may be NULL with its count 0:
 * what is not known is said to be unknown.  Sources that are not @used are
 * left out.  @serves and @kes: one per worker, and what those that are gone
 * had counted, summed here; workers are counted among @roles. */
struct ctl_view {
	const struct timepage_time *time;   /* NULL: never published */
	const struct timepage_clock *clock; /* NULL: never published */
	const struct report_sync *sync;
	const struct report_source *sources;
	size_t source_cnt;
	const struct report_serve *serves;
	size_t serve_cnt;
	const struct report_ke *kes;
	size_t ke_cnt;
	const struct report_role *roles;
	size_t role_cnt;
	const struct report_seen *const *clients; /* most requests first */
	size_t client_cnt; /* of them; CTL_CLIENTS_MAX are shown */
	bool clients_kept; /* who asks is recorded */
	bool privileged;   /* by one who may see addresses of clients */
	bool limited;      /* the asker asks too often */
	const char *version;
	struct mono started;
	struct mono now;     /* of the view */
	struct wall wall;    /* the disciplined clock at now */
	int64_t now_boot_ns; /* CLOCK_BOOTTIME at now, 0 unknown */
};

#define CTL_CLIENTS_MAX 500

/**
 * ctl_render_body - what a request asks for, without the head.
 * Return: the exit code for the client.
 */
enum ctl_code ctl_render_body(struct ctl_text *out, const struct ctl_view *v,
    const struct ctl_request *r);

/**
 * ctl_render_answer - from bytes received to bytes to send.
 * @data, @len: what the client has sent so far.
 * @buf, @max:  the answer; CTL_ANSWER_MAX bytes hold any.
 * Return: the length of the answer, or ERR_AGAIN when the request is not
 * complete yet.  A bad request, one too many and one that is not for this
 * asker are answered with the reason.
 */
long ctl_render_answer(const struct ctl_view *v, const char *data, size_t len,
    char *buf, size_t max) MUST_CHECK;

#endif
