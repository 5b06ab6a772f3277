/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE records: header, body, limits, and what a server may be called.
 * RFC 8915 section 4.  A stream decides on declared lengths, never on how
 * many bytes happen to have come, so that every split gives the same result.
 */
#include "nts/record.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

#define DNS_NAME_MAX  253
#define DNS_LABEL_MAX 63

void
nts_record_stream_init(struct nts_record_stream *s, size_t total_max)
{
	memset(s, 0, sizeof(*s));
	s->total_max = total_max;
}

static size_t
declared_len(const struct nts_record_stream *s)
{
	return (size_t)s->head[2] << 8 | s->head[3];
}

/* Return: whether the header is complete. */
static bool
gather_head(struct nts_record_stream *s, struct bytes_in *in)
{
	size_t n = NTS_RECORD_HEADER_LEN - s->head_len;

	if (n > bytes_left(in))
		n = bytes_left(in);
	bytes_get_raw(in, s->head + s->head_len, n);
	s->head_len += n;
	return s->head_len == NTS_RECORD_HEADER_LEN;
}

/* Return: whether the body is complete. */
static bool
gather_body(struct nts_record_stream *s, struct bytes_in *in)
{
	size_t n = declared_len(s) - s->body_len;
	size_t keep = 0;
	const uint8_t *p;

	if (n > bytes_left(in))
		n = bytes_left(in);
	p = bytes_take(in, n);
	if (s->body_len < NTS_RECORD_BODY_MAX)
		keep = NTS_RECORD_BODY_MAX - s->body_len;
	if (keep > n)
		keep = n;
	if (p && keep > 0)
		memcpy(s->body + s->body_len, p, keep);
	s->body_len += n;
	return s->body_len == declared_len(s);
}

int
nts_record_stream_next(
    struct nts_record_stream *s, struct bytes_in *in, struct nts_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	if (s->total > s->total_max || s->record_cnt > NTS_KE_RECORDS_MAX)
		return ERR_FULL;
	if (s->head_len < NTS_RECORD_HEADER_LEN) {
		if (!gather_head(s, in))
			return ERR_AGAIN;
		s->total += NTS_RECORD_HEADER_LEN + declared_len(s);
		s->record_cnt++;
		if (s->total > s->total_max ||
		    s->record_cnt > NTS_KE_RECORDS_MAX)
			return ERR_FULL;
	}
	if (!gather_body(s, in))
		return ERR_AGAIN;
	rec->critical = (s->head[0] & 0x80) != 0;
	rec->type = (uint16_t)((s->head[0] & 0x7f) << 8 | s->head[1]);
	rec->len = declared_len(s);
	rec->body = s->body;
	s->head_len = 0;
	s->body_len = 0;
	return 0;
}

void
nts_record_put(struct bytes_out *out, uint16_t type_and_critical,
    const void *body, size_t len)
{
	if (len > UINT16_MAX) {
		out->bad = true;
		return;
	}
	bytes_put_u16(out, type_and_critical);
	bytes_put_u16(out, (uint16_t)len);
	bytes_put_raw(out, body, len);
}

void
nts_record_put_u16s(struct bytes_out *out, uint16_t type_and_critical,
    const uint16_t *list, size_t cnt)
{
	if (cnt > UINT16_MAX / 2) {
		out->bad = true;
		return;
	}
	bytes_put_u16(out, type_and_critical);
	bytes_put_u16(out, (uint16_t)(2 * cnt));
	for (size_t i = 0; i < cnt; i++)
		bytes_put_u16(out, list[i]);
}

uint16_t
nts_record_u16(const struct nts_record *rec, size_t idx)
{
	size_t len = rec->len;

	if (len > NTS_RECORD_BODY_MAX)
		len = NTS_RECORD_BODY_MAX;
	if (idx >= len / 2)
		return 0;
	return (uint16_t)(rec->body[2 * idx] << 8 | rec->body[2 * idx + 1]);
}

const char *
nts_record_error_text(unsigned code)
{
	static const char *const text[] = {
	    [NTS_KE_ERROR_CRITICAL] = "unrecognised critical record",
	    [NTS_KE_ERROR_BAD_REQUEST] = "bad request",
	    [NTS_KE_ERROR_INTERNAL] = "internal server error",
	};

	if (code >= sizeof(text) / sizeof(text[0]))
		return "unknown error";
	return text[code];
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_label(const char *label, size_t len)
{
	if (len == 0 || len > DNS_LABEL_MAX)
		return false;
	if (label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = label[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

/*
 * Resolvers take "127.1", "0x7f000001" and "2130706433" for IPv4 addresses,
 * past every check on addresses.  A top-level label starts with a letter.
 */
static bool
is_dns_name(const char *name, size_t len)
{
	const char *label = name;
	const char *dot;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > DNS_NAME_MAX)
		return false;
	while ((dot = memchr(label, '.', len - (size_t)(label - name)))) {
		if (!is_label(label, (size_t)(dot - label)))
			return false;
		label = dot + 1;
	}
	return is_label(label, len - (size_t)(label - name)) &&
	    is_letter(label[0]);
}

/* "localhost" and everything below it, RFC 6761 section 6.3. */
static bool
is_loopback_name(const char *name, size_t len)
{
	static const char word[] = "localhost";
	size_t word_len = sizeof(word) - 1;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len < word_len)
		return false;
	if (strncasecmp(name + len - word_len, word, word_len) != 0)
		return false;
	return len == word_len || name[len - word_len - 1] == '.';
}

bool
nts_record_name_ok(const uint8_t *name, size_t len, bool loopback_ok)
{
	char text[NTS_NAME_MAX];
	struct addr a;

	if (len == 0 || len >= sizeof(text))
		return false;
	if (memchr(name, '\0', len) || memchr(name, '%', len))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	if (addr_parse(&a, text) != 0)
		return is_dns_name(text, len) &&
		    (loopback_ok || !is_loopback_name(text, len));
	if (addr_is_unspecified(&a) || addr_is_multicast(&a) ||
	    addr_is_link_local(&a))
		return false;
	return loopback_ok || !addr_is_loopback(&a);
}

void
nts_record_context(uint8_t ctx[NTS_KE_CONTEXT_LEN], unsigned aead, bool s2c)
{
	struct bytes_out out;

	bytes_out_init(&out, ctx, NTS_KE_CONTEXT_LEN);
	bytes_put_u16(&out, NTS_PROTOCOL_NTPV4);
	bytes_put_u16(&out, (uint16_t)aead);
	bytes_put_u8(&out, s2c ? 1 : 0);
}
