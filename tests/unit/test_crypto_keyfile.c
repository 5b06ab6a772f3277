/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key file lines: the examples of chrony.keys(5), its defaults, and what
 * must be refused with a reason that holds no secret.
 */
#include "crypto/keyfile.h"

#include "hex.h"

struct good {
	const char *line;
	uint32_t id;
	uint8_t type;
	uint8_t len;
	const char *key; /* hex */
};

static const struct good good[] = {
    {"10 Tulip", 10, CRYPTO_MAC_MD5, 5, "54756c6970"},
    {"11 Hyacinth\n", 11, CRYPTO_MAC_MD5, 8, "48796163696e7468"},
    {"20 MD5 ASCII:crocus", 20, CRYPTO_MAC_MD5, 6, "63726f637573"},
    {"25 SHA1 HEX:933F62BE1D604E68A81B557F18CFA200483F5B70\r\n", 25,
	CRYPTO_MAC_SHA1, 20, "933f62be1d604e68a81b557f18cfa200483f5b70"},
    {"30 AES128 HEX:7EA62AE64D190114D46D5A082F948EC1", 30, CRYPTO_MAC_AES128,
	16, "7ea62ae64d190114d46d5a082f948ec1"},
    {"31 AES256 HEX:37DDCBC67BB902BCB8E995977FAB4D2B5642F5B32EBCEEE421921D97"
     "E5CBFE39",
	31, CRYPTO_MAC_AES256, 32,
	"37ddcbc67bb902bcb8e995977fab4d2b5642f5b32ebceee421921d97e5cbfe39"},
    {"  7\tsha3-512   #a!b;c%  ", 7, CRYPTO_MAC_SHA3_512, 7, "23612162 3b6325"},
    {"4294967295 SHA256 x", 4294967295U, CRYPTO_MAC_SHA256, 1, "78"},
    {"1 aes128 0123456789abcdef", 1, CRYPTO_MAC_AES128, 16,
	"30313233343536373839616263646566"},
};

static void
lines_as_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct crypto_mac_key key;
		uint8_t want[64];
		const char *why = "unset";

		assert_int_equal(
		    crypto_keyfile_parse_line(&key, good[i].line, &why), 0);
		assert_null(why);
		assert_int_equal(key.id, good[i].id);
		assert_int_equal(key.type, good[i].type);
		assert_int_equal(key.len, good[i].len);
		assert_int_equal(hex(want, sizeof want, good[i].key), key.len);
		assert_memory_equal(key.key, want, key.len);
	}
}

static void
nothing_on_the_line(void **state)
{
	static const char *const lines[] = {"", "\n", "   \t\r\n", "# 1 MD5 x",
	    "! comment", "; comment", "%comment", "  #1 x"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct crypto_mac_key key;

		assert_int_equal(
		    crypto_keyfile_parse_line(&key, lines[i], NULL),
		    ERR_ABSENT);
		assert_int_equal(key.id, 0);
	}
}

static void
refused_with_a_reason(void **state)
{
	static const char *const lines[] = {"1", "0 secret", "-1 secret",
	    "4294967296 secret", "99999999999999999999 secret", "1x secret",
	    "x secret", "1 MD4 secret", "1 MD5 a b",
	    "1 verylongnameofatypethatisnone secret",
	    "1 MD5 HEX:", "1 MD5 HEX:123", "1 MD5 HEX:12x4",
	    "1 MD5 ASCII:", "1 AES128 HEX:00112233445566778899aabbccddee",
	    "1 AES256 HEX:00112233445566778899aabbccddeeff", "1 AES128 secret",
	    "0x1 secret", "+1 secret"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct crypto_mac_key key, zero = {0};
		const char *why = NULL;

		assert_int_equal(
		    crypto_keyfile_parse_line(&key, lines[i], &why), ERR_BAD);
		assert_non_null(why);
		assert_null(strstr(why, "secret"));
		assert_memory_equal(&key, &zero, sizeof key);
	}
}

static void
the_longest_key(void **state)
{
	char line[400] = "1 SHA512 ";
	struct crypto_mac_key key;
	size_t at = strlen(line);

	(void)state;
	memset(line + at, 'k', CRYPTO_MAC_KEY_MAX);
	assert_int_equal(crypto_keyfile_parse_line(&key, line, NULL), 0);
	assert_int_equal(key.len, CRYPTO_MAC_KEY_MAX);
	line[at + CRYPTO_MAC_KEY_MAX] = 'k';
	assert_int_equal(crypto_keyfile_parse_line(&key, line, NULL), ERR_BAD);
	memcpy(line + at, "HEX:", 4);
	memset(line + at + 4, 'f', 2 * CRYPTO_MAC_KEY_MAX);
	assert_int_equal(crypto_keyfile_parse_line(&key, line, NULL), 0);
	memset(line + at + 4, 'f', 2 * CRYPTO_MAC_KEY_MAX + 2);
	assert_int_equal(crypto_keyfile_parse_line(&key, line, NULL), ERR_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_as_documented),
	    cmocka_unit_test(nothing_on_the_line),
	    cmocka_unit_test(refused_with_a_reason),
	    cmocka_unit_test(the_longest_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
