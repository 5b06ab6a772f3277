/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration from the disc: the files that conf asks for, and whether
 * the files it names are there.
 */
#ifndef DAEMON_CONFFILE_H
#define DAEMON_CONFFILE_H

#include "base/err.h"
#include "conf/conf.h"

/* What configuration is read when none is named. */
#define DAEMON_CONFFILE SYSCONFDIR "/truenoon.conf"

/**
 * daemon_conffile_load - conf_parse with the file system.
 * Return: 0, or ERR_BAD: the faults say why, do not start on c.
 */
int daemon_conffile_load(
    struct conf *c, const char *path, struct conf_faults *f) MUST_CHECK;

/**
 * daemon_conffile_look - add a fault for each certificate, key, key file or
 * trust file that c names and that is not there (an error; for a key file
 * that no source needs a warning) or that we may not read (a warning).
 */
void daemon_conffile_look(const struct conf *c, struct conf_faults *f);

#endif
