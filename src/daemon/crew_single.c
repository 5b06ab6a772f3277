/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members that are objects in this process: messages are letters in a queue
 * that is run when the callbacks now running have returned, by the same
 * switch and the same checks.  No pipe, socket pair, signal event or thread.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "crew_priv.h"
#include "os/clock.h"

/* Letters carry the index of their member in front of the message, and
 * whether it wrote it or is to get it. */
#define HEAD_LEN 3

static void
post(struct crew_member *m, bool outgoing, const uint8_t *data, size_t len)
{
	struct crew *c = m->crew;
	struct crew_letter *l = malloc(sizeof *l + HEAD_LEN + len);
	size_t idx = (size_t)(m - c->members);

	if (!l) {
		os_log_error("message lost: out of memory");
		return;
	}
	l->next = NULL;
	l->len = HEAD_LEN + len;
	l->data[0] = (uint8_t)(idx >> 8);
	l->data[1] = (uint8_t)idx;
	l->data[2] = outgoing;
	memcpy(l->data + HEAD_LEN, data, len);
	if (c->last)
		c->last->next = l;
	else
		c->first = l;
	c->last = l;
	net_defer_post(&c->post);
}

static void
hand_over(struct crew_member *m, const uint8_t *data, size_t len)
{
	union ipc_any msg;
	struct ipc_frame f;

	if (!m->state || ipc_frame_decode(&f, data, len, &msg) < 0)
		return;
	if (f.type == IPC_STOP) {
		m->ops->stop(m->state);
		m->phase = CREW_LEAVING;
	} else {
		m->ops->message(m->state, f.type, &msg);
	}
	wipe_bytes(&msg, sizeof msg);
}

static void
run_letters(void *arg)
{
	struct crew *c = arg;
	struct crew_letter *l;

	while ((l = c->first) != NULL) {
		struct crew_member *m =
		    &c->members[l->data[0] << 8 | l->data[1]];

		c->first = l->next;
		if (!c->first)
			c->last = NULL;
		if (l->data[2])
			daemon_crew_route(
			    m, l->data + HEAD_LEN, l->len - HEAD_LEN);
		else
			hand_over(m, l->data + HEAD_LEN, l->len - HEAD_LEN);
		wipe_bytes(l->data, l->len);
		free(l);
	}
}

static int
single_init(struct crew *c)
{
	return net_defer_init(&c->post, c->loop, run_letters, c);
}

static void
single_deliver(struct crew_member *m, const uint8_t *data, size_t len)
{
	post(m, false, data, len);
}

static void
port_send(void *ctx, unsigned type, const void *msg)
{
	struct crew_member *m = ctx;
	struct ipc_frame f = {
	    .type = (uint16_t)type,
	    .origin = m->role,
	    .instance = m->instance,
	    .seq = ++m->seq_out,
	    .sent = os_clock_mono(),
	};
	uint8_t buf[IPC_MSG_MAX];
	int len = ipc_frame_encode(&f, msg, buf);

	if (len < 0)
		return;
	post(m, true, buf, (size_t)len);
	wipe_bytes(buf, (size_t)len);
}

static void
port_quit(void *ctx, int code)
{
	struct crew_member *m = ctx;

	os_log_error("role gives up role=%s code=%d", role_name(m->role), code);
	m->phase = CREW_GIVEN_UP;
	net_loop_stop(m->crew->loop);
}

static void
say_ready(struct crew_member *m)
{
	struct ipc_ready msg = {.cage = "cage none (single process)"};

	port_send(m, IPC_READY, &msg);
}

static int
single_start(struct crew_member *m)
{
	int fds[DAEMON_ROLE_FDS_MAX];
	struct ipc_start start = {0};
	struct daemon_boot boot;
	size_t cnt = 0;
	int err;

	err =
	    m->crew->hooks.provision(m->crew->hooks.ctx, m, &start, fds, &cnt);
	if (err < 0)
		goto free_start;
	boot = (struct daemon_boot){
	    .role = m->role,
	    .instance = m->instance,
	    .single = true,
	    .start = start.data,
	    .start_len = start.len,
	    .fds = fds,
	    .fd_cnt = cnt,
	    .loop = m->crew->loop,
	    .port = {.send = port_send, .quit = port_quit, .ctx = m},
	};
	m->ops = daemon_role_of(m->role);
	m->state = m->ops->open(&boot);
	err = m->state ? m->ops->run(m->state) : ERR_DENIED;
	if (err == 0)
		say_ready(m);
free_start:
	ipc_start_fini(&start);
	return err;
}

static void
single_close(struct crew_member *m)
{
	if (m->state)
		m->ops->close(m->state);
	m->state = NULL;
}

static void
single_reap(struct crew *c)
{
	(void)c; /* nobody dies alone here */
}

const struct crew_kind daemon_crew_single = {
    .single = true,
    .init = single_init,
    .start = single_start,
    .deliver = single_deliver,
    .close = single_close,
    .reap = single_reap,
};
