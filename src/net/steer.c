/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which worker gets a datagram or a connection: a classic BPF program on the
 * SO_REUSEPORT group looks at the source address alone, so that what a client
 * asks, from whatever port, comes to the same worker.  An IPv6 client is its
 * /64.
 */
#include "net/steer.h"

#include <linux/filter.h>
#include <string.h>
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
#define XOR_X       (BPF_ALU | BPF_XOR | BPF_X)
#define DOWN        (BPF_ALU | BPF_RSH | BPF_K)
#define TO_X        (BPF_MISC | BPF_TAX)
#define RETURN_A    (BPF_RET | BPF_A)

/* 2^32 divided by the golden ratio: the last factor needs no secret, but it
 * has to be a good one whatever was drawn for the others. */
#define GOLDEN 0x9e3779b1u

/* The upper half of a word comes into the lower, from where the next product
 * carries it up again.  Without this, neighbours stay a progression, which
 * some factors bring to one worker, and of addresses that differ in a high bit
 * alone anybody knows whether they meet. */
#define FOLD          BPF_STMT(TO_X, 0), BPF_STMT(DOWN, 16), BPF_STMT(XOR_X, 0)
#define MIX(one, two) BPF_STMT(TIMES, (one)), FOLD, BPF_STMT(TIMES, (two))

/* The upper half of the last product is its good one: as a part of 2^16 it
 * says which of cnt.  No division. */
#define PICK(one, two, cnt)                                                    \
	MIX(one, two), FOLD, BPF_STMT(TIMES, GOLDEN), BPF_STMT(DOWN, 16),      \
	    BPF_STMT(TIMES, (cnt)), BPF_STMT(DOWN, 16), BPF_STMT(RETURN_A, 0)

unsigned
net_steer_code(
    struct sock_filter *code, unsigned family, unsigned cnt, uint64_t secret)
{
	/* Odd factors lose nothing of a word. */
	uint32_t one = (uint32_t)secret | 1;
	uint32_t two = (uint32_t)(secret >> 32) | 1;
	const struct sock_filter v4[] = {
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V4)),
	    PICK(one, two, cnt),
	};
	const struct sock_filter v6[] = {
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V6)),
	    MIX(one, two),
	    BPF_STMT(TO_X, 0),
	    BPF_STMT(LOAD_WORD, NET(SOURCE_V6 + 4)),
	    BPF_STMT(PLUS_X, 0),
	    PICK(one, two, cnt),
	};

	_Static_assert(
	    sizeof v6 / sizeof v6[0] == NET_STEER_CODE_MAX, "the longer one");
	if (family == ADDR_V6) {
		memcpy(code, v6, sizeof v6);
		return sizeof v6 / sizeof v6[0];
	}
	memcpy(code, v4, sizeof v4);
	return sizeof v4 / sizeof v4[0];
}

int
net_steer(int fd, unsigned family, unsigned cnt, uint64_t secret)
{
	struct sock_filter code[NET_STEER_CODE_MAX];
	struct sock_fprog prog = {.filter = code};

	if (cnt == 0 || cnt > UINT16_MAX)
		return ERR_BAD;
	prog.len = (unsigned short)net_steer_code(code, family, cnt, secret);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
		   sizeof prog) < 0
	    ? ERR_SYSTEM
	    : 0;
}
