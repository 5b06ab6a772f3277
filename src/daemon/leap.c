/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role super: the leap second list, read at the start, at each reload and
 * once a day.  A list that cannot be had, or has expired, counts as none;
 * each such state is said once (hostile case Q5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/clock.h"
#include "os/file.h"
#include "super_priv.h"

#define AGAIN_NS TSTAMP_DAY_NS

/* What was said of the list last. */
enum leap_state {
	LEAP_NONE, /* none is configured */
	LEAP_GOOD,
	LEAP_UNREADABLE,
	LEAP_BAD,
	LEAP_EXPIRED,
};

static bool
path_of(const struct conf *c, char path[SUPER_LEAP_PATH_MAX])
{
	int len = 0;

	if (c->leapseclist[0] != '\0')
		len = snprintf(path, SUPER_LEAP_PATH_MAX, "%s", c->leapseclist);
	else if (c->leapsectz[0] != '\0')
		len = snprintf(path, SUPER_LEAP_PATH_MAX, "%s/%s",
		    DAEMON_ZONEINFO, c->leapsectz);
	return len > 0;
}

static enum leap_state
read_list(struct conf_leaplist *l, const char *path)
{
	struct conf_leap_outlook o;
	uint8_t *data;
	size_t len;
	int err = os_file_read(path, 0, CONF_LEAPLIST_FILE_LEN, &data, &len);

	if (err < 0)
		return err == ERR_FULL || err == ERR_BAD ? LEAP_BAD
							 : LEAP_UNREADABLE;
	err = conf_leaplist_parse(l, data, len);
	os_file_free(data, len);
	if (err < 0)
		return LEAP_BAD;
	err = conf_leaplist_look(l, os_clock_real(), &o);
	return err < 0 ? LEAP_EXPIRED : LEAP_GOOD;
}

static void
say(enum leap_state state, const char *path)
{
	switch (state) {
	case LEAP_NONE:
		break;
	case LEAP_GOOD:
		os_log_info("leap second list read file=%s", path);
		break;
	case LEAP_UNREADABLE:
		os_log_warn("leap second list cannot be read, the sources are "
			    "believed instead file=%s reason=\"%s\"",
		    path, strerror(errno));
		break;
	case LEAP_BAD:
		os_log_warn("leap second list is damaged, the sources are "
			    "believed instead file=%s",
		    path);
		break;
	case LEAP_EXPIRED:
		os_log_warn("leap second list has expired, the sources are "
			    "believed instead: update it file=%s",
		    path);
		break;
	}
}

void
daemon_leap_read(struct super *s)
{
	char path[SUPER_LEAP_PATH_MAX] = "";
	enum leap_state state = LEAP_NONE;

	memset(&s->leaps, 0, sizeof s->leaps);
	if (path_of(&s->conf, path))
		state = read_list(&s->leaps, path);
	if (state != s->leap_state || strcmp(path, s->leap_path) != 0)
		say(state, path);
	s->leap_state = (uint8_t)state;
	memcpy(s->leap_path, path, sizeof path);
}

void
daemon_leap_message(const struct super *s, struct ipc_leap_list *m)
{
	_Static_assert(IPC_LEAPS_MAX == CONF_LEAPLIST_MAX, "fits");
	memset(m, 0, sizeof *m);
	m->expires_s = s->leaps.expires_s;
	m->cnt = (uint8_t)s->leaps.cnt;
	for (uint32_t i = 0; i < s->leaps.cnt; i++) {
		m->at_s[i] = s->leaps.leap[i].at_s;
		m->tai_offset_s[i] = (int16_t)s->leaps.leap[i].tai_offset_s;
	}
}

static void
due(void *arg)
{
	struct super *s = arg;
	struct ipc_leap_list m;

	daemon_leap_read(s);
	daemon_leap_message(s, &m);
	daemon_crew_send(&s->crew, ROLE_SYNC, IPC_LEAP_LIST, &m);
	net_timer_arm(&s->leap_timer, (struct dur){AGAIN_NS});
}

int
daemon_leap_init(struct super *s)
{
	int err = net_timer_init(&s->leap_timer, s->loop, due, s);

	if (err == 0)
		net_timer_arm(&s->leap_timer, (struct dur){AGAIN_NS});
	return err;
}
