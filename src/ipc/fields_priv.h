/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How each message is laid out as bytes: a table of fields per type, so that
 * one encoder and one decoder serve them all.
 */
#ifndef IPC_FIELDS_PRIV_H
#define IPC_FIELDS_PRIV_H

#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_END = 0,
	FIELD_INT,   /* size bytes, little-endian, two's complement */
	FIELD_COUNT, /* as FIELD_INT, at most @most */
	FIELD_BOOL,  /* one byte, 0 or 1 */
	FIELD_F64,   /* IEEE 754 bits; must be finite */
	FIELD_STR,   /* size bytes, NUL inside, zero behind it */
	FIELD_RAW,   /* size bytes as they are */
	FIELD_ADDR,  /* struct addr */
	FIELD_SUB,   /* an array of structs with a table of their own */
};

struct field {
	uint8_t kind;
	uint16_t offset;
	uint16_t size; /* of one element */
	uint16_t cnt;  /* elements; 1 but for arrays */
	uint32_t most; /* FIELD_COUNT: the largest value */
	const struct field *sub;
};

/* The table of a type, ended by FIELD_END; NULL for a type that is not. */
const struct field *ipc_fields_of(unsigned type);

/* Bytes of the payload and of the struct in memory. */
size_t ipc_fields_len(const struct field *table);

#endif
