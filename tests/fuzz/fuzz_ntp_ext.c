/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over extension fields, outer and inner: what is listed covers the
 * input without gap or overlap, and writes back to the same bytes.
 */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "ntp/ext.h"
#include "ntp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_fields(const struct ntp_ext_list *list, const uint8_t *data, size_t start,
    size_t len_min)
{
	static uint8_t again[65536];
	struct bytes_out out;
	size_t at = start;

	assert(list->cnt <= NTP_EXT_MAX);
	bytes_out_init(&out, again, sizeof again);
	for (unsigned i = 0; i < list->cnt; i++) {
		const struct ntp_ext *e = &list->ext[i];

		assert(e->offset == at && e->body == data + at + 4);
		assert(e->body_len % 4 == 0 && e->body_len + 4U >= len_min);
		ntp_ext_put(&out, e->type, e->body, e->body_len, len_min);
		at += 4U + e->body_len;
	}
	assert(at == list->end && !out.bad && out.pos == at - start);
	assert(out.pos == 0 || memcmp(again, data + start, out.pos) == 0);
}

static void
check_trailer(const struct ntp_ext_list *list, const uint8_t *data, size_t len,
    unsigned version)
{
	unsigned max = version == 4 ? 20 : 64;

	switch ((enum ntp_ext_trailer)list->trailer) {
	case NTP_EXT_TRAILER_NONE:
		assert(list->end == len && !list->digest);
		break;
	case NTP_EXT_TRAILER_NAK:
		assert(list->end + 4 == len && !list->digest);
		break;
	case NTP_EXT_TRAILER_MAC:
		assert(list->digest == data + list->end + 4);
		assert(list->end + 4 + list->digest_len == len);
		assert(list->digest_len >= 16 && list->digest_len <= max);
		break;
	}
}

/* Going from field to field finds as many as the list has, or none of it. */
static void
check_pass(const struct ntp_ext_list *list, const uint8_t *data, size_t len,
    unsigned version, int err)
{
	struct ntp_ext_pass pass;
	struct ntp_ext e;
	unsigned cnt = 0;
	int got = ntp_ext_begin(&pass, data, len, version);

	while (got == 0 && (got = ntp_ext_next(&pass, &e)) == 0)
		cnt++;
	if (got == ERR_ABSENT && ntp_ext_ends(&pass, version))
		assert(err == 0 && cnt == list->cnt);
	else
		assert(err < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ntp_ext_list list;

	for (unsigned version = 3; version <= 4; version++) {
		int err = ntp_ext_walk(&list, data, len, version);

		check_pass(&list, data, len, version, err);
		if (err < 0) {
			assert(list.cnt == 0 && list.end == 0);
			continue;
		}
		assert(version == 4 || list.cnt == 0);
		check_fields(&list, data, NTP_HEADER_LEN, NTP_EXT_LEN_MIN);
		check_trailer(&list, data, len, version);
	}
	if (ntp_ext_walk_inner(&list, data, len) == 0) {
		check_fields(&list, data, 0, NTP_EXT_HEADER_LEN);
		assert(list.end == len);
		assert(list.trailer == NTP_EXT_TRAILER_NONE);
	}
	return 0;
}
