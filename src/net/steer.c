/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which worker gets a datagram or a connection: a classic BPF program on the
 * SO_REUSEPORT group looks at the source address alone, so that what a client
 * asks, from whatever port, comes to the same worker.  An IPv6 client is its
 * /64.
 */
#include "net/steer.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include "base/addr.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

/* Places of the source address from the network header on. */
#define NET(offset) ((uint32_t)SKF_NET_OFF + (offset))
#define SOURCE_V4   12
#define SOURCE_V6   8

#define LOAD_WORD   (BPF_LD | BPF_W | BPF_ABS)
#define TIMES       (BPF_ALU | BPF_MUL | BPF_K)
#define PLUS_X      (BPF_ALU | BPF_ADD | BPF_X)
#define DOWN        (BPF_ALU | BPF_RSH | BPF_K)
#define MODULO      (BPF_ALU | BPF_MOD | BPF_K)
#define RETURN_A    (BPF_RET | BPF_A)

/* Multiplied by something odd and secret, the upper half of a word depends
 * on all of it. */
#define PICK(mul, cnt)                                                         \
	BPF_STMT(TIMES, (mul)), BPF_STMT(DOWN, 16), BPF_STMT(MODULO, (cnt)),   \
	    BPF_STMT(RETURN_A, 0)

static int
attach(int fd, struct sock_filter *code, unsigned short len)
{
	struct sock_fprog prog = {.len = len, .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
		   sizeof prog) < 0
	    ? ERR_SYSTEM
	    : 0;
}

int
net_steer(int fd, unsigned family, unsigned cnt, uint64_t secret)
{
	uint32_t low = (uint32_t)secret | 1;
	uint32_t high = (uint32_t)(secret >> 32) | 1;
	struct sock_filter v4[] = {
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V4)),
	    PICK(low, cnt),
	};
	struct sock_filter v6[] = {
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V6)),
	    BPF_STMT(TIMES, high),
	    BPF_STMT(BPF_MISC | BPF_TAX, 0),
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V6 + 4)),
	    BPF_STMT(PLUS_X, 0),
	    PICK(low, cnt),
	};

	if (cnt == 0)
		return ERR_BAD;
	return family == ADDR_V6 ? attach(fd, v6, sizeof v6 / sizeof v6[0])
				 : attach(fd, v4, sizeof v4 / sizeof v4[0]);
}
