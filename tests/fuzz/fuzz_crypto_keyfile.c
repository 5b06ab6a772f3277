/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key file lines: a key that comes out is one that can be used, and comes
 * out again from its own hexadecimal form.
 */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "crypto/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char line[1024], hex[2 * CRYPTO_MAC_KEY_MAX + 64];
	struct crypto_mac_key key, again;
	const char *why;
	int err, at;

	if (len >= sizeof line)
		return 0;
	if (len > 0)
		memcpy(line, data, len);
	line[len] = '\0';
	err = crypto_keyfile_parse_line(&key, line, &why);
	assert(err == 0 || err == ERR_ABSENT || err == ERR_BAD);
	assert((why != NULL) == (err == ERR_BAD));
	if (err < 0) {
		assert(key.id == 0 && key.len == 0);
		return 0;
	}
	assert(crypto_mac_key_check(&key) == 0);
	at = snprintf(hex, sizeof hex, "%u %s HEX:", key.id,
	    crypto_mac_type_name(key.type));
	for (size_t i = 0; i < key.len; i++)
		at += snprintf(
		    hex + at, sizeof hex - (size_t)at, "%02x", key.key[i]);
	assert(crypto_keyfile_parse_line(&again, hex, NULL) == 0);
	assert(memcmp(&key, &again, sizeof key) == 0);
	return 0;
}
