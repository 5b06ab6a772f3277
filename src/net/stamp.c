/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading stamps, and the sanity of those by hardware: whatever the mapping
 * or the card does, a stamp is never further from the software's than a
 * packet can have waited.
 */
#include "net/stamp.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "sock_priv.h"

#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif
#ifndef SCM_TIMESTAMPING_PKTINFO
#define SCM_TIMESTAMPING_PKTINFO 58
#endif

#define RX_EARLY_NS  1000000  /* from the wire to the kernel's stamp */
#define TX_LATE_NS   10000000 /* from there to the wire */
#define LEFT_NS      TSTAMP_NS_PER_S
#define ERROR_MAX_NS 1000000 /* worse mappings are of no use */

/* As struct scm_ts_pktinfo of newer headers. */
struct pktinfo {
	uint32_t if_idx;
	uint32_t len;
	uint32_t reserved[2];
};

static int64_t
ns_of(const struct timespec *ts)
{
	if (ts->tv_sec < 0 || ts->tv_sec >= INT64_MAX / TSTAMP_NS_PER_S ||
	    ts->tv_nsec < 0 || ts->tv_nsec >= TSTAMP_NS_PER_S)
		return 0;
	return (int64_t)ts->tv_sec * TSTAMP_NS_PER_S + ts->tv_nsec;
}

/* Software, unused, hardware; SO_TIMESTAMPNS gives the first alone. */
static void
read_times(const struct cmsghdr *c, size_t len, struct net_stamp_raw *raw)
{
	struct timespec ts[3];

	memcpy(&ts[0], CMSG_DATA(c), sizeof ts[0]);
	raw->soft.ns = ns_of(&ts[0]);
	if (len < sizeof ts)
		return;
	memcpy(ts, CMSG_DATA(c), sizeof ts);
	raw->phc_ns = ns_of(&ts[2]);
}

static void
read_pktinfo(const struct cmsghdr *c, struct net_stamp_raw *raw)
{
	struct pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof info);
	raw->if_idx = info.if_idx;
	raw->link_len = info.len;
}

void
net_stamp_part(const struct cmsghdr *c, struct net_stamp_raw *raw)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);

	if ((c->cmsg_type == SCM_TIMESTAMPING ||
		c->cmsg_type == SCM_TIMESTAMPNS) &&
	    len >= sizeof(struct timespec))
		read_times(c, len, raw);
	else if (c->cmsg_type == SCM_TIMESTAMPING_PKTINFO &&
	    len >= sizeof(struct pktinfo))
		read_pktinfo(c, raw);
}

void
net_stamp_read(struct msghdr *msg, struct net_stamp_raw *raw)
{
	memset(raw, 0, sizeof *raw);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET)
			net_stamp_part(c, raw);
}

/* From when to when after a moment that is known. */
struct range {
	int64_t from_ns;
	int64_t to_ns;
};

static bool
take(struct net_hardware *h, const struct net_stamp_raw *raw, bool rx,
    struct wall known, struct range r, struct net_stamp_at *at)
{
	struct dur error = {0};
	struct wall real;
	int64_t after;

	if (raw->phc_ns == 0)
		return false;
	h->refused_cnt++;
	if (h->map(h->ctx, raw, rx, &real, &error) < 0 || error.ns < 0 ||
	    error.ns > ERROR_MAX_NS)
		return false;
	after = tstamp_wall_diff(real, known).ns;
	if (after < r.from_ns - error.ns || after > r.to_ns + error.ns)
		return false;
	h->refused_cnt--;
	h->used_cnt++;
	*at = (struct net_stamp_at){real, error};
	return true;
}

bool
net_stamp_rx(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall soft, struct net_stamp_at *at)
{
	struct range r = {-RX_EARLY_NS, 0};

	return take(h, raw, true, soft, r, at);
}

bool
net_stamp_tx(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall soft, struct net_stamp_at *at)
{
	struct range r = {0, TX_LATE_NS};

	return take(h, raw, false, soft, r, at);
}

bool
net_stamp_left(struct net_hardware *h, const struct net_stamp_raw *raw,
    struct wall now, struct net_stamp_at *at)
{
	struct range r = {-LEFT_NS, 0};

	return take(h, raw, false, now, r, at);
}

int
net_stamp_ask(int fd, bool tx, bool hardware)
{
	unsigned flags =
	    SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;

	if (tx)
		flags |= SOF_TIMESTAMPING_TX_SOFTWARE;
	/* Which interface it was is told only with the whole packet. */
	if (hardware)
		flags |= SOF_TIMESTAMPING_RAW_HARDWARE |
		    SOF_TIMESTAMPING_RX_HARDWARE |
		    SOF_TIMESTAMPING_OPT_PKTINFO | SOF_TIMESTAMPING_OPT_CMSG;
	if (hardware && tx)
		flags |=
		    SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_OPT_TX_SWHW;
	if (tx && !hardware &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING,
		&(unsigned){flags | SOF_TIMESTAMPING_OPT_TSONLY},
		sizeof flags) == 0)
		return 0;
	return setsockopt(
		   fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) < 0
	    ? ERR_SYSTEM
	    : 0;
}
