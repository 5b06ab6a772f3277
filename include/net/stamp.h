/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time stamps of packets, as the kernel tells them beside the data: its own,
 * made in software, and the interface's, in hardware, on a clock of its own.
 * A hardware stamp is taken only where it agrees with the software's.
 */
#ifndef NET_STAMP_H
#define NET_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

struct cmsghdr;
struct msghdr;

/* What one packet's control data said of its time; 0: nothing. */
struct net_stamp_raw {
	struct wall soft;  /* CLOCK_REALTIME, by the kernel */
	int64_t phc_ns;    /* by the clock of the interface */
	uint32_t if_idx;   /* of that interface */
	uint32_t link_len; /* of the packet with the link's header */
};

/* Hardware stamps wanted, and the way to the system's clock. */
struct net_hardware {
	/**
	 * @rx:    whether the packet came in; it counts from its last bit.
	 * @real:  the same on CLOCK_REALTIME.
	 * @error: how far off that may be.
	 * Return: 0, or negative when it cannot be told.
	 */
	int (*map)(void *ctx, const struct net_stamp_raw *raw, bool rx,
	    struct wall *real, struct dur *error);
	void *ctx;
	uint64_t used_cnt;
	uint64_t refused_cnt; /* not mapped, or against the software's */
};

/* A hardware stamp that agrees, on CLOCK_REALTIME. */
struct net_stamp_at {
	struct wall real;
	struct dur error;
};

/**
 * net_stamp_read - the stamps among a received message's control data.
 */
void net_stamp_read(struct msghdr *msg, struct net_stamp_raw *raw);

/**
 * net_stamp_part - what one part of it, of level SOL_SOCKET, says.
 */
void net_stamp_part(const struct cmsghdr *c, struct net_stamp_raw *raw);

/**
 * net_stamp_rx - the hardware's time of a packet that came in: before the
 * software's, but not by more than a packet may wait for its interrupt.
 * Return: whether at was set; counts.
 */
bool net_stamp_rx(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall soft, struct net_stamp_at *at);

/**
 * net_stamp_tx - the hardware's time of a packet that left: after the
 * driver had it, which the software's tells, or our reading before sending.
 * Return: whether at was set; counts.
 */
bool net_stamp_tx(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall soft, struct net_stamp_at *at);

/**
 * net_stamp_left - as net_stamp_tx, of a packet that has no other stamp.
 * @now: our reading; it left in the second before.
 */
bool net_stamp_left(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall now, struct net_stamp_at *at);

/**
 * net_stamp_ask - switch stamping of a socket on, software's and, with
 * hardware, both.
 * @tx: also of what it sends.
 * Return: 0, ERR_SYSTEM when the kernel refuses.
 */
int net_stamp_ask(int fd, bool tx, bool hardware) MUST_CHECK;

#endif
