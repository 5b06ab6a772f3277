/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of every message between roles, little-endian:
 *
 *     u32 magic, u16 type, u16 payload length, u16 origin role,
 *     u16 origin instance, u32 zero, u64 sequence, u64 monotonic ns
 *
 * The origin is stamped by super, which switches all messages; a receiver
 * takes nobody else's word for it.  The sequence of a channel only rises.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/role.h"
#include "base/tstamp.h"
#include "ipc/message.h"

#define IPC_FRAME_LEN   32
#define IPC_PAYLOAD_MAX 8192
#define IPC_MSG_MAX     (IPC_FRAME_LEN + IPC_PAYLOAD_MAX)

struct ipc_frame {
	uint16_t type;
	uint16_t payload_len;
	enum role origin;
	uint16_t instance;
	uint64_t seq;
	struct mono sent;
};

/**
 * ipc_frame_encode - write frame and payload.
 * @msg: the struct that goes with f->type, borrowed.
 * @buf: IPC_MSG_MAX bytes.
 * Return: the length of the message, or ERR_BAD for a type that does not
 * exist or a string without its NUL.
 */
int ipc_frame_encode(const struct ipc_frame *f, const void *msg,
    uint8_t buf[IPC_MSG_MAX]) MUST_CHECK;

/**
 * ipc_frame_peek - check the frame alone: magic, known type, exact length.
 * Return: 0 or ERR_BAD.
 */
int ipc_frame_peek(
    struct ipc_frame *f, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * ipc_frame_decode - check the whole message and unpack it.
 * @msg: out: the struct that goes with f->type; zeroed on error.
 * Return: 0; ERR_BAD for anything off: length, padding that is not zero, a
 * string without NUL or with something behind it, a number that is not
 * finite, a count beyond its array, a boolean that is neither.
 */
int ipc_frame_decode(struct ipc_frame *f, const uint8_t *data, size_t len,
    union ipc_any *msg) MUST_CHECK;

/**
 * ipc_frame_restamp - rewrite the origin and sequence of an encoded message,
 * as the switch does when it passes one on.
 */
void ipc_frame_restamp(
    uint8_t *data, enum role origin, uint16_t instance, uint64_t seq);

#endif
