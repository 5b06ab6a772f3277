/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of symmetric keys in the format of chrony.keys(5): a line each,
 * "ID [TYPE] KEY", the key as text, as ASCII:text or as HEX:digits.  Secret:
 * whoever fills a conf_keys wipes it.
 */
#ifndef CONF_KEYFILE_H
#define CONF_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/fault.h"

#define CONF_KEYS_MAX    256
#define CONF_KEY_LEN_MAX 256 /* octets */

/* The words in the file are the names without the prefix; no word: MD5. */
enum conf_keytype {
	CONF_KEY_NONE = 0,
	CONF_KEY_MD5,
	CONF_KEY_SHA1,
	CONF_KEY_SHA256,
	CONF_KEY_SHA384,
	CONF_KEY_SHA512,
	CONF_KEY_AES128, /* AES-128-CMAC: 16 octets */
	CONF_KEY_AES256, /* 32 octets */
};

struct conf_key {
	uint32_t id; /* 1..2^32-1 */
	uint16_t len;
	uint8_t type; /* enum conf_keytype */
	uint8_t bytes[CONF_KEY_LEN_MAX];
};

struct conf_keys {
	uint32_t cnt;
	struct conf_key key[CONF_KEYS_MAX]; /* by growing id, no id twice */
};

/**
 * conf_keyfile_parse - read a key file held in memory.
 * @name: of the file, for the faults.  No fault quotes a key.
 * Return: 0, or ERR_BAD when a line could not be used: the others were.
 */
int conf_keyfile_parse(struct conf_keys *k, const char *name, const char *text,
    size_t len, struct conf_faults *f) MUST_CHECK;

/**
 * conf_keyfile_find - the key with this id.
 * Return: borrowed, NULL when there is none.
 */
const struct conf_key *conf_keyfile_find(
    const struct conf_keys *k, uint32_t id);

/**
 * conf_keyfile_wipe - erase all keys.
 */
void conf_keyfile_wipe(struct conf_keys *k);

/**
 * conf_keyfile_type - the name of a type as in the file, NULL if unknown.
 */
const char *conf_keyfile_type(enum conf_keytype t);

#endif
