/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extension fields: what is a field and what is a MAC, every truncation,
 * hostile cases B1 to B7, real packets, and the writer read back.
 */
#include "ntp/ext.h"

#include <stdio.h>
#include <stdlib.h>

#include "hex.h"
#include "ntp/packet.h"

/* A datagram of exactly the bytes put, so that a reader past them is seen. */
struct packet {
	uint8_t *data;
	size_t len;
};

static struct packet
packet(size_t len)
{
	struct packet p = {calloc(1, len > 0 ? len : 1), len};

	assert_non_null(p.data);
	return p;
}

static void
put_header(struct packet *p, size_t at, unsigned type, unsigned len)
{
	p->data[at] = (uint8_t)(type >> 8);
	p->data[at + 1] = (uint8_t)type;
	p->data[at + 2] = (uint8_t)(len >> 8);
	p->data[at + 3] = (uint8_t)len;
}

static int
walk_and_free(struct packet p, unsigned version, struct ntp_ext_list *list)
{
	int err = ntp_ext_walk(list, p.data, p.len, version);

	free(p.data);
	return err;
}

/* What follows a bare header or a field, by its length alone. */
static int
want_for(size_t left)
{
	return left == 0 || left == 4 || left == 20 || left == 24 ? 0 : ERR_BAD;
}

/* A2, B7: 48 + n bytes without a field. */
static void
a2_b7_the_24_octet_rule(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (size_t left = 0; left <= 27; left++)
		for (unsigned version = 1; version <= 4; version++) {
			int want = want_for(left);

			assert_int_equal(
			    walk_and_free(packet(48 + left), version, &list),
			    want);
			if (want < 0)
				continue;
			assert_int_equal(list.cnt, 0);
			assert_int_equal(list.end, 48);
			assert_int_equal(list.trailer,
			    left == 0       ? NTP_EXT_TRAILER_NONE
				: left == 4 ? NTP_EXT_TRAILER_NAK
					    : NTP_EXT_TRAILER_MAC);
			assert_int_equal(
			    list.digest_len, left > 4 ? left - 4 : 0);
		}
	for (size_t len = 0; len < 48; len++)
		assert_int_equal(walk_and_free(packet(len), 4, &list), ERR_BAD);
}

static void
a_field_and_what_follows(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (size_t left = 0; left <= 27; left++) {
		struct packet p = packet(48 + 28 + left);
		int err;

		put_header(&p, 48, NTP_EXT_UID, 28);
		if (left >= 4)
			put_header(&p, 76, 0x1234, 0x5678);
		err = ntp_ext_walk(&list, p.data, p.len, 4);
		assert_int_equal(err, want_for(left));
		if (err == 0) {
			assert_int_equal(list.cnt, 1);
			assert_int_equal(list.ext[0].type, NTP_EXT_UID);
			assert_int_equal(list.ext[0].offset, 48);
			assert_int_equal(list.ext[0].body_len, 24);
			assert_ptr_equal(list.ext[0].body, p.data + 52);
			assert_int_equal(list.end, 76);
			assert_int_equal(
			    list.key_id, left >= 4 ? 0x12345678 : 0);
			if (left > 4)
				assert_ptr_equal(list.digest, p.data + 80);
		} else {
			assert_int_equal(list.cnt, 0);
		}
		free(p.data);
	}
}

/* B1, B2: every length a field can claim, in 40 bytes. */
static void
b1_b2_claimed_lengths(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (unsigned claim = 0; claim <= 65535; claim++) {
		struct packet p = packet(48 + 40);
		bool whole = claim == 40;
		bool mac = claim == 16 || claim == 20; /* 24 or 20 left */
		bool nak = claim == 36;

		put_header(&p, 48, 0x7777, claim);
		assert_int_equal(walk_and_free(p, 4, &list),
		    whole || mac || nak ? 0 : ERR_BAD);
	}
}

/* B2: a field in the second place that reaches past the end. */
static void
b2_second_field_past_the_end(void **state)
{
	static const unsigned claims[] = {32, 36, 65532, 65535, 0, 4, 12};
	struct ntp_ext_list list;

	(void)state;
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		struct packet p = packet(48 + 28 + 28);

		put_header(&p, 48, NTP_EXT_UID, 28);
		put_header(&p, 76, NTP_EXT_COOKIE, claims[i]);
		assert_int_equal(walk_and_free(p, 4, &list), ERR_BAD);
		assert_int_equal(list.cnt, 0);
	}
}

/* B3: the number of fields is bounded. */
static void
b3_many_fields(void **state)
{
	static const unsigned cnts[] = {31, 32, 33, 80, 1000};
	struct ntp_ext_list list;

	(void)state;
	for (size_t i = 0; i < sizeof cnts / sizeof cnts[0]; i++) {
		struct packet p = packet(48 + 28 * (size_t)cnts[i]);
		int want = cnts[i] <= NTP_EXT_MAX ? 0 : ERR_FULL;

		for (unsigned k = 0; k < cnts[i]; k++)
			put_header(&p, 48 + 28 * (size_t)k, k, 28);
		assert_int_equal(walk_and_free(p, 4, &list), want);
		assert_int_equal(list.cnt, want == 0 ? cnts[i] : 0);
	}
	/* 16 000 fields of no body at all stop at the first. */
	struct packet p = packet(48 + 4 * 16000);

	for (size_t at = 48; at < p.len; at += 4)
		put_header(&p, at, 0x0104, 4);
	assert_int_equal(walk_and_free(p, 4, &list), ERR_BAD);
}

/* B4: every type is only listed; A8: the largest datagrams. */
static void
b4_a8_any_type_any_size(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (unsigned type = 0; type <= 0xffff; type += 0xff) {
		struct packet p = packet(48 + 28);

		put_header(&p, 48, type, 28);
		assert_int_equal(walk_and_free(p, 4, &list), 0);
		assert_int_equal(list.ext[0].type, type);
	}
	struct packet big = packet(65504);

	put_header(&big, 48, 1, 65504 - 48);
	assert_int_equal(walk_and_free(big, 4, &list), 0);
	assert_int_equal(list.ext[0].body_len, 65504 - 52);
	assert_int_equal(walk_and_free(packet(65507), 4, &list), ERR_BAD);
	assert_int_equal(walk_and_free(packet(65536), 4, &list), ERR_BAD);
}

/* B7: a digest longer than 20 bytes is whole before version 4. */
static void
b7_long_digests_in_old_versions(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (size_t left = 28; left <= 128; left += 4)
		for (unsigned version = 1; version < 4; version++) {
			bool known = left == 32 || left == 36 || left == 52 ||
			    left == 68;

			assert_int_equal(
			    walk_and_free(packet(48 + left), version, &list),
			    known ? 0 : ERR_BAD);
			if (!known)
				continue;
			assert_int_equal(list.trailer, NTP_EXT_TRAILER_MAC);
			assert_int_equal(list.digest_len, left - 4);
			assert_int_equal(list.end, 48);
		}
}

/* B5: before version 4 there are no fields. */
static void
b5_fields_in_old_versions(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (unsigned version = 0; version < 8; version++) {
		struct packet p = packet(48 + 28);

		put_header(&p, 48, NTP_EXT_UID, 28);
		assert_int_equal(walk_and_free(p, version, &list),
		    version == 4 ? 0 : ERR_BAD);
	}
}

static void
inner_fields(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	assert_int_equal(ntp_ext_walk_inner(&list, NULL, 0), 0);
	assert_int_equal(list.cnt, 0);
	/* C9: one byte, lengths 0 to 3, past the end, not a multiple. */
	for (size_t len = 1; len <= 12; len++)
		for (unsigned claim = 0; claim <= 20; claim++) {
			struct packet p = packet(len);
			bool good = len % 4 == 0 && claim == len;

			if (len >= 4)
				put_header(&p, 0, 5, claim);
			/* Zero bytes that follow are a field of length 0. */
			assert_int_equal(ntp_ext_walk_inner(&list, p.data, len),
			    good ? 0 : ERR_BAD);
			free(p.data);
		}
	/* What would be a MAC outside is a field here. */
	struct packet p = packet(24);

	put_header(&p, 0, 1, 4);
	put_header(&p, 4, 2, 20);
	assert_int_equal(ntp_ext_walk_inner(&list, p.data, p.len), 0);
	assert_int_equal(list.cnt, 2);
	assert_int_equal(list.ext[0].body_len, 0);
	assert_int_equal(list.ext[1].offset, 4);
	assert_int_equal(list.trailer, NTP_EXT_TRAILER_NONE);
	assert_int_equal(list.end, 24);
	free(p.data);
}

static void
finding(void **state)
{
	struct ntp_ext_list list = {.cnt = 4,
	    .ext = {{.type = 1}, {.type = 2}, {.type = 1}, {.type = 3}}};

	(void)state;
	assert_int_equal(ntp_ext_find(&list, 1, 0), 0);
	assert_int_equal(ntp_ext_find(&list, 1, 1), 2);
	assert_int_equal(ntp_ext_find(&list, 1, 3), 4);
	assert_int_equal(ntp_ext_find(&list, 9, 0), 4);
	assert_int_equal(ntp_ext_find(&list, 1, 99), 4);
}

static void
written_and_read_back(void **state)
{
	struct ntp_ext_list list;

	(void)state;
	for (size_t body = 0; body <= 70; body++) {
		uint8_t buf[200], text[70], zero[20] = {0};
		struct bytes_out out;
		size_t inner = 4 + ((body + 3) & ~(size_t)3);
		size_t outer = inner < 16 ? 16 : inner;

		memset(text, 0xaa, sizeof text);
		memset(buf, 0x55, sizeof buf);
		bytes_out_init(&out, buf, sizeof buf);
		bytes_put_zero(&out, 48);
		ntp_ext_put(&out, 0x1234, text, body, NTP_EXT_LEN_MIN);
		ntp_ext_put(&out, 0x4321, text, 24, NTP_EXT_LEN_MIN);
		ntp_ext_put_mac(&out, 77, text, 20);
		assert_false(out.bad);
		assert_int_equal(out.pos, 48 + outer + 28 + 24);
		assert_int_equal(ntp_ext_walk(&list, buf, out.pos, 4), 0);
		assert_int_equal(list.cnt, 2);
		assert_int_equal(list.ext[0].body_len, outer - 4);
		assert_memory_equal(list.ext[0].body, text, body);
		assert_memory_equal(
		    list.ext[0].body + body, zero, outer - 4 - body);
		assert_int_equal(list.key_id, 77);
		assert_int_equal(list.digest_len, 20);

		bytes_out_init(&out, buf, sizeof buf);
		ntp_ext_put(&out, 7, text, body, NTP_EXT_HEADER_LEN);
		assert_int_equal(out.pos, inner);
		assert_int_equal(ntp_ext_walk_inner(&list, buf, out.pos), 0);
		assert_int_equal(list.cnt, 1);
		assert_int_equal(list.ext[0].type, 7);
	}
}

static void
what_does_not_fit_is_bad(void **state)
{
	static uint8_t buf[70000];
	struct bytes_out out;

	(void)state;
	for (size_t max = 0; max < 20; max++) {
		bytes_out_init(&out, buf, max);
		assert_null(ntp_ext_reserve(&out, 1, 13, NTP_EXT_LEN_MIN));
		assert_true(out.bad);
	}
	bytes_out_init(&out, buf, sizeof buf);
	assert_non_null(ntp_ext_reserve(&out, 1, 65528, NTP_EXT_LEN_MIN));
	assert_int_equal(out.pos, 65532);
	bytes_out_init(&out, buf, sizeof buf);
	assert_null(ntp_ext_reserve(&out, 1, 65529, NTP_EXT_LEN_MIN));
	assert_true(out.bad);
	bytes_out_init(&out, buf, sizeof buf);
	assert_null(ntp_ext_reserve(&out, 1, SIZE_MAX, NTP_EXT_LEN_MIN));
	assert_true(out.bad);
}

/* Whether going from field to field finds the same as the list of them. */
static bool
pass_agrees(const struct packet *p, const struct ntp_ext_list *list, int err)
{
	struct ntp_ext_pass pass;
	struct ntp_ext e;
	unsigned cnt = 0;
	int got = ntp_ext_begin(&pass, p->data, p->len, 4);

	while (got == 0 && (got = ntp_ext_next(&pass, &e)) == 0) {
		if (err == 0 &&
		    (cnt >= list->cnt ||
			memcmp(&e, &list->ext[cnt], sizeof e) != 0))
			return false;
		cnt++;
	}
	if (got != ERR_ABSENT || !ntp_ext_ends(&pass, 4))
		return err < 0;
	return err == 0 && cnt == list->cnt;
}

/* A real request at every cut: only whole fields are ever seen, and what is
 * seen covers the datagram to its end. */
static void
cut_everywhere(const uint8_t *data, size_t len)
{
	struct ntp_ext_list list;

	for (size_t cut = 0; cut <= len; cut++) {
		struct packet p = packet(cut);
		size_t at = 48;
		int err;

		memcpy(p.data, data, cut);
		err = ntp_ext_walk(&list, p.data, cut, 4);
		assert_true(pass_agrees(&p, &list, err));
		if (err < 0) {
			assert_int_equal(list.cnt, 0);
			assert_true(cut < len);
			free(p.data);
			continue;
		}
		for (unsigned i = 0; i < list.cnt; i++) {
			assert_int_equal(list.ext[i].offset, at);
			at += 4U + list.ext[i].body_len;
		}
		assert_int_equal(at, list.end);
		if (list.trailer == NTP_EXT_TRAILER_NONE)
			assert_int_equal(list.end, cut);
		if (cut == len)
			assert_int_equal(
			    list.ext[list.cnt - 1].type, NTP_EXT_AUTH);
		free(p.data);
	}
}

static void
recorded_packets_at_every_cut(void **state)
{
	FILE *f = fopen("tests/data/nts-exchanges.txt", "r");
	static char line[10000];
	static uint8_t data[2000];
	unsigned cnt = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		char *save, *kind, *request;
		unsigned placeholders;
		struct ntp_ext_list list;

		if (strncmp(line, "exchange ", 9) != 0)
			continue;
		kind = strtok_r(line + 9, " ", &save);
		placeholders = (unsigned)atoi(strtok_r(NULL, " ", &save));
		request = strtok_r(NULL, " ", &save);
		assert_non_null(kind);
		assert_non_null(request);
		size_t len = hex(data, sizeof data, request);

		cut_everywhere(data, len);
		assert_int_equal(ntp_ext_walk(&list, data, len, 4), 0);
		assert_int_equal(list.cnt, 3 + placeholders);
		assert_int_equal(list.ext[0].type, NTP_EXT_UID);
		assert_int_equal(list.ext[1].type, NTP_EXT_COOKIE);
		cnt++;
	}
	fclose(f);
	assert_int_equal(cnt, 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a2_b7_the_24_octet_rule),
	    cmocka_unit_test(a_field_and_what_follows),
	    cmocka_unit_test(b1_b2_claimed_lengths),
	    cmocka_unit_test(b2_second_field_past_the_end),
	    cmocka_unit_test(b3_many_fields),
	    cmocka_unit_test(b4_a8_any_type_any_size),
	    cmocka_unit_test(b7_long_digests_in_old_versions),
	    cmocka_unit_test(b5_fields_in_old_versions),
	    cmocka_unit_test(inner_fields),
	    cmocka_unit_test(finding),
	    cmocka_unit_test(written_and_read_back),
	    cmocka_unit_test(what_does_not_fit_is_bad),
	    cmocka_unit_test(recorded_packets_at_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
