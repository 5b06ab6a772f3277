/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong with a file, for the person who wrote it: where, how bad, and
 * what to do.  A bounded list; what no longer fits is counted.
 */
#ifndef CONF_FAULT_H
#define CONF_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_FAULT_MAX  64
#define CONF_FAULT_TEXT 240
#define CONF_FAULT_LINE 544 /* conf_fault_text with its NUL */

/* A place in a file: an index into conf.file.  line 0: no place. */
struct conf_where {
	uint16_t file_idx;
	uint16_t column; /* from 1; 0: the whole line */
	uint32_t line;   /* from 1 */
};

enum conf_severity {
	CONF_WARNING, /* what was written is accepted */
	CONF_ERROR,   /* nothing may start on it */
};

/* @text: printable ASCII: whatever stood in the file is escaped. */
struct conf_fault {
	enum conf_severity severity;
	uint32_t line;
	uint32_t column;
	char file[256];
	char text[CONF_FAULT_TEXT];
};

struct conf_faults {
	uint32_t cnt;         /* in list */
	uint32_t error_cnt;   /* all, also those that did not fit */
	uint32_t warning_cnt; /* likewise */
	struct conf_fault list[CONF_FAULT_MAX];
};

/**
 * conf_fault_add - note a fault; errors displace warnings when it is full.
 * @file: may be NULL.
 */
void conf_fault_add(struct conf_faults *f, enum conf_severity severity,
    const char *file, const struct conf_where *w, const char *text);

/**
 * conf_fault_text - "FILE:LINE:COLUMN: error: TEXT"; parts that are not
 * known are left out.
 * Return: buf.
 */
const char *conf_fault_text(
    const struct conf_fault *f, char buf[CONF_FAULT_LINE]);

#endif
