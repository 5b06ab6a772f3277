/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a symmetric key file.  A comment starts with one of # ! ; % before
 * anything else; inside of a key they are characters like any.
 */
#include "crypto/keyfile.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/wipe.h"

#define SPACE     " \t\r\n\v\f"
#define WORDS_MAX 3

struct word {
	const char *text;
	size_t len;
};

/* Return how many words there are, WORDS_MAX + 1 for more than that. */
static unsigned
split(const char *line, struct word words[WORDS_MAX])
{
	unsigned cnt = 0;

	for (;;) {
		line += strspn(line, SPACE);
		if (*line == '\0')
			return cnt;
		if (cnt == WORDS_MAX)
			return cnt + 1;
		words[cnt].text = line;
		words[cnt].len = strcspn(line, SPACE);
		line += words[cnt++].len;
	}
}

static const char *
parse_id(uint32_t *id, const struct word *w)
{
	uint64_t v = 0;

	if (w->len > 10)
		return "the key id is not a number from 1 to 4294967295";
	for (size_t i = 0; i < w->len; i++) {
		if (w->text[i] < '0' || w->text[i] > '9')
			return "the key id is not a number";
		v = v * 10 + (uint64_t)(w->text[i] - '0');
	}
	if (v == 0 || v > UINT32_MAX)
		return "the key id is not a number from 1 to 4294967295";
	*id = (uint32_t)v;
	return NULL;
}

static const char *
parse_type(uint8_t *type, const struct word *w)
{
	char name[16];

	if (w->len >= sizeof name)
		return "unknown key type";
	memcpy(name, w->text, w->len);
	name[w->len] = '\0';
	*type = (uint8_t)crypto_mac_type_parse(name);
	return *type == CRYPTO_MAC_NONE ? "unknown key type" : NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
starts(const struct word *w, const char *prefix)
{
	size_t len = strlen(prefix);

	return w->len >= len && strncasecmp(w->text, prefix, len) == 0;
}

static const char *
parse_hex(struct crypto_mac_key *key, const char *text, size_t len)
{
	if (len % 2 != 0)
		return "odd number of hexadecimal digits";
	if (len / 2 > CRYPTO_MAC_KEY_MAX)
		return "the key is longer than 128 bytes";
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return "not a hexadecimal key";
		key->key[i / 2] = (uint8_t)(high << 4 | low);
	}
	key->len = (uint8_t)(len / 2);
	return NULL;
}

static const char *
parse_key(struct crypto_mac_key *key, const struct word *w)
{
	size_t skip = starts(w, "ASCII:") ? 6 : 0;
	size_t len = w->len - skip;

	if (starts(w, "HEX:"))
		return parse_hex(key, w->text + 4, w->len - 4);
	if (len > CRYPTO_MAC_KEY_MAX)
		return "the key is longer than 128 bytes";
	memcpy(key->key, w->text + skip, len);
	key->len = (uint8_t)len;
	return NULL;
}

static const char *
parse(struct crypto_mac_key *key, const struct word *words, unsigned cnt)
{
	const char *fault;

	if (cnt < 2 || cnt > WORDS_MAX)
		return "expected: ID [TYPE] KEY";
	fault = parse_id(&key->id, &words[0]);
	key->type = CRYPTO_MAC_MD5;
	if (!fault && cnt == 3)
		fault = parse_type(&key->type, &words[1]);
	if (!fault)
		fault = parse_key(key, &words[cnt - 1]);
	if (!fault && crypto_mac_key_check(key) < 0)
		fault = key->len == 0 ? "the key is empty"
				      : "the key has the wrong length for its "
					"type";
	return fault;
}

int
crypto_keyfile_parse_line(
    struct crypto_mac_key *key, const char *line, const char **why)
{
	struct word words[WORDS_MAX];
	unsigned cnt = split(line, words);
	const char *fault;

	memset(key, 0, sizeof *key);
	if (why)
		*why = NULL;
	if (cnt == 0 || strchr("#!;%", words[0].text[0]))
		return ERR_ABSENT;
	fault = parse(key, words, cnt);
	if (!fault)
		return 0;
	wipe_bytes(key, sizeof *key);
	if (why)
		*why = fault;
	return ERR_BAD;
}
