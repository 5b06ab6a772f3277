/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the program that chooses a worker, as the kernel does, for a source
 * address given in two words: an IPv6 /64, or for IPv4 the second alone.
 * What it does not know, or a read of any other place, fails the test.
 */
#ifndef TESTS_UNIT_STEER_RIG_H
#define TESTS_UNIT_STEER_RIG_H

#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "net/steer.h"

struct steer_rig {
	struct sock_filter code[NET_STEER_CODE_MAX];
	unsigned family;
	unsigned len;
};

static inline struct steer_rig
steer_rig(unsigned family, unsigned cnt, uint64_t secret)
{
	struct steer_rig r = {.family = family};

	r.len = net_steer_code(r.code, family, cnt, secret);
	assert_in_range(r.len, 1, NET_STEER_CODE_MAX);
	return r;
}

/* The source is at 12 to 15 of an IPv4 header, at 8 to 23 of an IPv6 one. */
static inline uint32_t
steer_rig_load(const struct steer_rig *r, uint32_t at, const uint32_t src[2])
{
	at -= (uint32_t)SKF_NET_OFF;
	if (at != 12 && (at != 8 || r->family != ADDR_V6))
		fail_msg("reads at %u", at);
	return at == 8 ? src[0] : src[1];
}

/* Return: the number of the worker. */
static inline uint32_t
steer_rig_pick(const struct steer_rig *r, uint32_t first, uint32_t second)
{
	const uint32_t src[2] = {first, second};
	uint32_t a = 0, x = 0;

	for (unsigned i = 0; i < r->len; i++) {
		const struct sock_filter *f = &r->code[i];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = steer_rig_load(r, f->k, src);
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_ALU | BPF_MUL | BPF_K:
			a *= f->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			a >>= f->k;
			break;
		case BPF_ALU | BPF_MOD | BPF_K:
			a %= f->k;
			break;
		case BPF_ALU | BPF_ADD | BPF_X:
			a += x;
			break;
		case BPF_ALU | BPF_XOR | BPF_X:
			a ^= x;
			break;
		case BPF_RET | BPF_A:
			return a;
		default:
			fail_msg("instruction %u: %#x", i, f->code);
		}
	}
	fail_msg("no end");
	return 0;
}

#endif
