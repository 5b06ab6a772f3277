/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTS-KE records: the same whether they come whole or in pieces; what was
 * read, written again gives the bytes that were read.  The first byte says
 * how long the pieces are.
 */
#include "nts/record.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct reading {
	unsigned cnt;
	int rc;
	size_t end;
	uint8_t again[1 << 16];
	struct bytes_out out;
	bool skipped; /* a body too long to be kept */
};

static void
note(struct reading *r, const struct nts_record *rec)
{
	unsigned type = rec->type;

	if (rec->critical)
		type |= NTS_RECORD_CRITICAL;
	if (rec->len > NTS_RECORD_BODY_MAX)
		r->skipped = true;
	else
		nts_record_put(&r->out, (uint16_t)type, rec->body, rec->len);
	(void)nts_record_u16(rec, rec->len / 2);
	if (rec->len <= NTS_RECORD_BODY_MAX &&
	    nts_record_name_ok(rec->body, rec->len, true)) {
		need(rec->len > 0 && rec->len < NTS_NAME_MAX);
		need(!memchr(rec->body, 0, rec->len));
	}
	r->cnt++;
}

static void
read_all(struct reading *r, const uint8_t *data, size_t len, size_t piece)
{
	struct nts_record_stream s;
	struct nts_record rec;
	struct bytes_in in;

	memset(r, 0, sizeof(*r));
	bytes_out_init(&r->out, r->again, sizeof(r->again));
	nts_record_stream_init(&s, NTS_KE_TOTAL_MAX);
	r->rc = ERR_AGAIN;
	for (size_t at = 0; at < len && r->rc == ERR_AGAIN; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		bytes_in_init(&in, data + at, n);
		while ((r->rc = nts_record_stream_next(&s, &in, &rec)) == 0)
			note(r, &rec);
	}
	need(s.total <= NTS_KE_TOTAL_MAX || r->rc == ERR_FULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct reading whole, pieces;

	if (len < 2)
		return 0;
	read_all(&whole, data + 1, len - 1, len);
	read_all(&pieces, data + 1, len - 1, 1 + data[0] % 37);
	need(whole.rc == pieces.rc && whole.cnt == pieces.cnt);
	need(whole.out.pos == pieces.out.pos);
	need(memcmp(whole.again, pieces.again, whole.out.pos) == 0);
	need(whole.out.bad || whole.out.pos < len);
	if (!whole.skipped && !whole.out.bad)
		need(memcmp(whole.again, data + 1, whole.out.pos) == 0);
	return 0;
}
