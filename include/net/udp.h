/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP with kernel time stamps: one connected socket per client request
 * (RFC 9109), and batches of datagrams on server sockets.  What the platform
 * refuses (time stamping, batch calls, flags) is done without.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/tstamp.h"
#include "net/stamp.h"

enum net_stamp_source {
	NET_STAMP_NONE = 0,
	NET_STAMP_USER,   /* read by us around the system call */
	NET_STAMP_KERNEL, /* the kernel's, in software */
	NET_STAMP_HARDWARE,
	NET_STAMP_CNT,
};

/* A moment on CLOCK_REALTIME (without a virtual clock), and the same on
 * CLOCK_MONOTONIC. */
struct net_stamp {
	struct wall real;
	struct mono mono;
	uint8_t source;   /* enum net_stamp_source */
	struct dur error; /* of a hardware stamp: a bound; else 0 */
};

/* How to send; zeroed is fine. */
struct net_udp_options {
	struct addr bind;   /* ADDR_NONE: any; its port is not used */
	const char *device; /* NULL: any; borrowed */
	bool no_stamps;     /* do not ask the kernel for time stamps */
	struct net_hardware *hardware; /* NULL: no such stamps; borrowed */
	struct dur hardware_wait; /* an answer, for the stamp of the question */
};

/* One client socket. */
struct net_udp_client {
	int fd; /* -1: none */
	bool rx_stamps;
	bool tx_stamps;
	bool tx_wanted;           /* a transmit stamp is still to come */
	struct net_stamp pre;     /* our reading just before sending */
	struct net_stamp tx;      /* the best transmit stamp known */
	struct net_stamp tx_soft; /* without hardware */
	struct net_stamp tx_hard; /* source NET_STAMP_NONE: none */
	struct net_hardware *hardware;
	struct dur hardware_wait;
	bool may_wait; /* once for each question */
};

/**
 * net_udp_hold_stamps - a socket that keeps the kernel's time stamping
 * switched on while the short-lived ones come and go: without it the first
 * packets on a fresh socket get late stamps.
 * Return: a descriptor to be kept and closed by the caller, or ERR_SYSTEM.
 */
int net_udp_hold_stamps(void) MUST_CHECK;

/**
 * net_udp_rehearse - one datagram to ourselves, stamped and taken back, just
 * before a question whose own stamp is to be close to its departure.
 * @fd: of net_udp_hold_stamps.  Without a loopback interface this does
 *      nothing.
 */
void net_udp_rehearse(int fd);

/**
 * net_udp_open - a socket connected to peer from a fresh ephemeral port.
 * @o: NULL for defaults.
 * Return: 0; ERR_ABSENT when no route or family (errno); ERR_SYSTEM.
 */
int net_udp_open(struct net_udp_client *u, const struct addr *peer,
    const struct net_udp_options *o) MUST_CHECK;

/**
 * net_udp_send - one datagram; u->tx is the time it left as far as known,
 * at once the kernel's when that can be had.
 * Return: 0; ERR_AGAIN (buffers full); ERR_FULL (beyond the path MTU);
 * ERR_ABSENT (unreachable); ERR_SYSTEM.
 */
int net_udp_send(
    struct net_udp_client *u, const void *data, size_t len) MUST_CHECK;

/**
 * net_udp_recv - one datagram, or a late transmit stamp, which updates u->tx
 * and reads as ERR_AGAIN.  Call it on NET_READ, until not 0.
 * @rx: time of arrival.  A transmit stamp later than it, or out of bounds
 *      against our own reading, has been replaced by our reading.  It is of
 *      hardware only where u->tx is too: what lies between the two kinds is
 *      not the same both ways.
 * Return: 0; ERR_AGAIN; ERR_BAD (longer than max, dropped); ERR_CLOSED (the
 * peer's host says that nobody listens: a hint, anyone can forge it);
 * ERR_ABSENT (unreachable); ERR_SYSTEM.
 */
int net_udp_recv(struct net_udp_client *u, void *buf, size_t max, size_t *len,
    struct net_stamp *rx) MUST_CHECK;

/**
 * net_udp_local - our own address on this socket.
 */
int net_udp_local(const struct net_udp_client *u, struct addr *a) MUST_CHECK;

/**
 * net_udp_local_of - the address that a descriptor is bound to.
 */
int net_udp_local_of(int fd, struct addr *a) MUST_CHECK;

/**
 * net_udp_close - close it; closed already is fine.
 */
void net_udp_close(struct net_udp_client *u);

/**
 * net_udp_listen - a non-blocking server socket: kernel receive stamps,
 * SO_REUSEPORT, packet info.
 * @at:     address and port; IPv6 sockets take IPv6 only.
 * @device: NULL: any.
 * Return: the descriptor; ERR_ABSENT when the family is not there;
 * ERR_DENIED (EACCES, EPERM: port needs privilege); ERR_FULL (EADDRINUSE);
 * ERR_SYSTEM.
 */
int net_udp_listen(const struct addr *at, const char *device) MUST_CHECK;

/**
 * net_udp_hardware - let a server socket have hardware stamps as well, where
 * the interface makes them: of what comes in, and of answers with out_stamp,
 * which then have no other.
 * Return: 0, ERR_SYSTEM when the kernel cannot: it is as it was.
 */
int net_udp_hardware(int fd) MUST_CHECK;

/**
 * net_udp_probe - whether address and port are free: net_udp_listen shares
 * its port and would not notice another daemon that does so too.  Ask once,
 * before the first net_udp_listen.
 * Return: 0 or as net_udp_listen.
 */
int net_udp_probe(const struct addr *at, const char *device) MUST_CHECK;

/* As many as leave the processor's nearest cache to the answers: with 64 a
 * request with NTS takes a tenth more time. */
#define NET_UDP_BATCH    16
#define NET_UDP_DATA_MAX 2048 /* longer ones are marked and dropped */

/* One datagram received, and room for its answer. */
struct net_udp_packet {
	const uint8_t *data;
	size_t len;
	bool truncated;    /* longer than NET_UDP_DATA_MAX: drop it */
	bool kernel_stamp; /* else received is our own reading */
	struct addr from;
	struct addr to; /* our address it came to, ADDR_NONE unknown */
	uint32_t if_idx;
	struct wall received; /* CLOCK_REALTIME */
	uint8_t *out;         /* NET_UDP_DATA_MAX bytes */
	size_t out_len;       /* 0: no answer */
	bool out_stamp;       /* ask the kernel when the answer leaves */
};

/* An answer that has left, as the kernel tells. */
struct net_udp_sent {
	const uint8_t *data; /* borrowed until the next call */
	size_t len;
	struct wall at; /* CLOCK_REALTIME */
};

struct net_udp_room; /* message headers and buffers */

struct net_udp_batch {
	size_t cnt;
	struct net_udp_packet at[NET_UDP_BATCH];
	struct net_udp_room *room;
	struct net_hardware *hardware; /* NULL: none; borrowed */
	uint64_t lost_cnt; /* answers that the kernel did not take */
	/* By enum net_stamp_source: stamps of what came in, one for each, and of
	 * answers, as net_udp_batch_sent gave them. */
	uint64_t rx_stamp_cnt[NET_STAMP_CNT];
	uint64_t tx_stamp_cnt[NET_STAMP_CNT];
	/* Datagrams that found the queue of the socket full, as of the last
	 * one of this batch; a counter that wraps. */
	uint32_t missed_cnt;
};

/**
 * net_udp_batch_new - all the room a worker needs, allocated once.
 * Return: owned by the caller, or NULL.
 */
struct net_udp_batch *net_udp_batch_new(void) MUST_CHECK;

/**
 * net_udp_batch_free - NULL is fine.
 */
void net_udp_batch_free(struct net_udp_batch *b);

/**
 * net_udp_batch_recv - what waits on fd, up to NET_UDP_BATCH datagrams, with
 * out_len = 0 and out_stamp = false each.
 * Return: how many; 0 when none waits; ERR_SYSTEM.
 */
int net_udp_batch_recv(struct net_udp_batch *b, int fd) MUST_CHECK;

/**
 * net_udp_batch_send - send the answers with out_len > 0, each from the
 * address its request came to, once.  What cannot be sent is counted and
 * dropped.
 * Return: how many were sent.
 */
int net_udp_batch_send(struct net_udp_batch *b, int fd);

/**
 * net_udp_batch_head - give the kernel the first len bytes of an answer and
 * let it wait for the rest: route, buffer and copy are then done, and what
 * comes after a time stamp takes less than half as long.
 * @idx: of the answer, whose out_len is more than len.  The next call for fd
 *       must be net_udp_batch_rest or net_udp_batch_drop.
 * Return: 0; ERR_SYSTEM: the answer is lost, and nothing waits.
 */
int net_udp_batch_head(
    struct net_udp_batch *b, int fd, size_t idx, size_t len) MUST_CHECK;

/**
 * net_udp_batch_rest - the bytes after them; the answer leaves, and its
 * out_len is 0.
 */
void net_udp_batch_rest(
    struct net_udp_batch *b, int fd, size_t idx, size_t len);

/**
 * net_udp_batch_drop - forget the bytes that wait; the answer is lost.
 */
void net_udp_batch_drop(struct net_udp_batch *b, int fd, size_t idx);

/**
 * net_udp_batch_sent - the transmit stamps that the kernel has ready for
 * answers sent with out_stamp, in one system call.  Mostly they are there
 * when net_udp_batch_send returns; late ones wake the loop, so this must
 * also be called when a socket is ready and has no datagram.
 * Return: how many there are in sent.
 */
size_t net_udp_batch_sent(
    struct net_udp_batch *b, int fd, struct net_udp_sent sent[NET_UDP_BATCH]);

#endif
