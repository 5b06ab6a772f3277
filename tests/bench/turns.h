/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many octets go to and fro in a key exchange: the client's hello, the
 * server's flight with a chain of two, the client's end with its request, the
 * answer with eight cookies.  Then the server closes.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include <stddef.h>

#define BENCH_TURN_CNT 4
#define BENCH_TURN_MAX 2048

static const size_t bench_turns[BENCH_TURN_CNT] = {320, 1300, 150, 930};

#endif
