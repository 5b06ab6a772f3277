/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the answers whose time of leaving may be asked for, and what
 * it makes of a request: RFC 9769 section 2, server side.  Receive stamps are
 * odd and transmit stamps even, so an origin tells which of the two it is
 * without a search, and only clients that ask interleaved cost anything.
 */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/wipe.h"
#include "serve_priv.h"

#define RECENT     256 /* answers whose stamps may still come; power of two */
#define STAMP_LATE TSTAMP_NS_PER_S /* a stamp later than this is not true */

/* @rx: 0 is free.  @tx: 0 until the kernel has told it. */
struct entry {
	uint64_t rx;
	uint64_t tx;
	uint64_t tag;
};

struct recent {
	uint64_t rx;
	uint32_t entry;
};

struct serve_interleave {
	uint8_t key[SIPHASH_KEY_LEN];
	unsigned recent_idx; /* the next to use */
	struct recent recent[RECENT];
	struct entry entries[SERVE_INTERLEAVE_SETS * SERVE_INTERLEAVE_WAYS];
};

struct serve_interleave *
serve_interleave_new(struct rng *rng)
{
	struct serve_interleave *t = calloc(1, sizeof *t);

	if (t)
		rng_bytes(rng, t->key, sizeof t->key);
	return t;
}

void
serve_interleave_free(struct serve_interleave *t)
{
	if (!t)
		return;
	wipe_bytes(t->key, sizeof t->key);
	free(t);
}

uint64_t
serve_interleave_tag(
    const struct serve_interleave *t, const struct addr *from, unsigned auth)
{
	uint8_t who[sizeof from->bytes + 2];

	memcpy(who, from->bytes, sizeof from->bytes);
	who[sizeof from->bytes] = from->family;
	who[sizeof from->bytes + 1] = (uint8_t)auth;
	return siphash_24(t->key, who, sizeof who);
}

static struct entry *
set_of(struct serve_interleave *t, uint64_t tag)
{
	return &t->entries[(tag & (SERVE_INTERLEAVE_SETS - 1)) *
	    SERVE_INTERLEAVE_WAYS];
}

static struct entry *
find(struct serve_interleave *t, uint64_t tag, struct ntp_ts rx)
{
	struct entry *set = set_of(t, tag);

	for (unsigned i = 0; i < SERVE_INTERLEAVE_WAYS; i++)
		if (set[i].rx == rx.v && set[i].tag == tag)
			return &set[i];
	return NULL;
}

/* A free one, or that with the oldest time. */
static struct entry *
room(struct serve_interleave *t, uint64_t tag)
{
	struct entry *set = set_of(t, tag), *oldest = set;

	for (unsigned i = 0; i < SERVE_INTERLEAVE_WAYS; i++) {
		if (set[i].rx == 0)
			return &set[i];
		if ((int64_t)(set[i].rx - oldest->rx) < 0)
			oldest = &set[i];
	}
	return oldest;
}

bool
serve_interleave_take(struct serve_interleave *t, uint64_t tag,
    struct ntp_ts rx, struct ntp_ts *tx)
{
	struct entry *e = rx.v == 0 ? NULL : find(t, tag, rx);

	tx->v = 0;
	if (!e)
		return false;
	tx->v = e->tx;
	memset(e, 0, sizeof *e);
	return tx->v != 0;
}

bool
serve_interleave_put(struct serve_interleave *t, uint64_t tag, struct ntp_ts rx)
{
	struct entry *e;
	struct recent *r = &t->recent[t->recent_idx % RECENT];

	if (find(t, tag, rx))
		return false;
	e = room(t, tag);
	*e = (struct entry){.rx = rx.v, .tag = tag};
	*r = (struct recent){rx.v, (uint32_t)(e - t->entries)};
	t->recent_idx++;
	return true;
}

bool
serve_interleave_stamp(
    struct serve_interleave *t, struct ntp_ts rx, struct ntp_ts tx)
{
	/* Stamps come soon: the newest first. */
	for (unsigned i = 1; i <= RECENT; i++) {
		struct recent *r = &t->recent[(t->recent_idx - i) % RECENT];
		struct entry *e = &t->entries[r->entry];

		if (r->rx != rx.v || r->rx == 0)
			continue;
		r->rx = 0;
		if (e->rx != rx.v)
			return false; /* pushed out meanwhile */
		e->tx = tx.v;
		return true;
	}
	return false;
}

/* RFC 9769 section 2: not if receive and transmit are the same, which a
 * client that does not know this mode may send. */
static bool
may_be_interleaved(const struct ntp_packet *p)
{
	return (p->origin.v & 1) != 0 && p->receive.v != p->transmit.v;
}

void
serve_interleave_answer(
    struct serve *s, struct serve_job *job, struct ntp_packet *p)
{
	struct serve_interleave *t = s->interleave;
	uint64_t tag;
	struct ntp_ts tx;

	if (!may_be_interleaved(&job->head))
		return;
	tag = serve_interleave_tag(t, &job->req->from, job->auth);
	if (serve_interleave_take(t, tag, job->head.origin, &tx)) {
		p->origin = job->head.receive;
		p->transmit = tx;
		job->interleaved = true;
	}
	/* Twice the same time to one client: one of them is a bit later. */
	while (!serve_interleave_put(t, tag, p->receive))
		p->receive.v += 2;
	job->stamp_wanted = true;
}

bool
serve_wants_stamp(const struct serve *s, size_t idx)
{
	return s->jobs[idx].stamp_wanted;
}

bool
serve_sent(struct serve *s, const uint8_t *data, size_t len, struct wall at)
{
	struct ntp_packet p;
	struct ntp_ts tx;
	int64_t stay_ns;
	bool learned;

	if (ntp_packet_decode(&p, data, len) < 0 || p.mode != NTP_MODE_SERVER ||
	    p.receive.v == 0)
		return false;
	tx = tstamp_from_wall(
	    tstamp_wall_add(at, (struct dur){s->face.correction_ns}));
	stay_ns = tstamp_diff(tx, p.receive).ns;
	if (stay_ns < 0 || stay_ns > STAMP_LATE)
		return false;
	learned = serve_wire_sent(&s->wire, p.receive, at);
	s->counters.early_cnt = s->wire.early_cnt;
	tx.v &= ~UINT64_C(1);
	return serve_interleave_stamp(s->interleave, p.receive, tx) || learned;
}
