/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start data of a role: a sequence of records, written by super into one
 * memory file that the role reads before its cage closes.  A record is either
 * a message (as ipc/message.h has it, always from super) or a named blob of
 * any length: a PEM text, a trust store.
 */
#ifndef IPC_START_H
#define IPC_START_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ipc/message.h"

enum ipc_blob {
	IPC_BLOB_TRUST = 1, /* PEM certificates; number: the cert set */
	IPC_BLOB_CHAIN,     /* PEM chain; number: its place */
	IPC_BLOB_KEY,       /* PEM private key; number: its place */
	IPC_BLOB_CNT,
};

/* A growing buffer; @data owned, wiped when freed. */
struct ipc_start {
	uint8_t *data;
	size_t len;
	size_t max;
};

/* One record.  @type: a message in @msg; 0: a blob. */
struct ipc_start_record {
	unsigned type;
	union ipc_any msg;
	unsigned blob;
	uint32_t number;
	const uint8_t *data; /* borrowed from the start data */
	size_t len;
};

/**
 * ipc_start_put - append a message.
 * Return: 0, ERR_FULL when memory is out, ERR_BAD as ipc_frame_encode.
 */
int ipc_start_put(
    struct ipc_start *s, unsigned type, const void *msg) MUST_CHECK;

/**
 * ipc_start_put_blob - append len bytes under a kind and a number.
 */
int ipc_start_put_blob(struct ipc_start *s, enum ipc_blob kind, uint32_t number,
    const void *data, size_t len) MUST_CHECK;

/**
 * ipc_start_next - the record at *pos; *pos moves on.
 * Return: 0, ERR_ABSENT at the end, ERR_BAD when damaged.
 */
int ipc_start_next(const void *data, size_t len, size_t *pos,
    struct ipc_start_record *r) MUST_CHECK;

/**
 * ipc_start_fini - wipe and free.
 */
void ipc_start_fini(struct ipc_start *s);

#endif
