/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authenticated answers, RFC 8915 section 5.7: cookies opened, requests
 * verified, fresh cookies laid out to be sealed with the header, or NTSN when
 * the asker should get new keys.  What is done under our own keys is done for
 * the whole batch.  Invariant: time goes out only sealed.
 */
#include "base/wipe.h"
#include "ntp/kiss.h"
#include "serve_priv.h"

_Static_assert(SERVE_BATCH_MAX <= NTS_COOKIE_BATCH, "a batch at once");

static enum serve_verdict
put_nak(struct serve *s, struct serve_job *job)
{
	if (s->pressed && serve_sheds(s, &job->req->from))
		return SERVE_DROP_SHED;
	if (serve_limit_charge(s->conf.limit, SERVE_LIMIT_PLAIN,
		&job->req->from, s->now) != SERVE_LIMIT_PASS)
		return SERVE_DROP_LIMITED;
	serve_put_header(s, job, NTP_KISS_CODE_NTSN);
	if (nts_ef_put_nak(&job->nts->req, &job->out) < 0)
		return SERVE_DROP_ROOM;
	return SERVE_NAK;
}

/* To somebody with a good cookie: the kiss, too, is authenticated. */
static enum serve_verdict
put_answer(struct serve *s, struct serve_job *job)
{
	enum serve_limit_verdict limit = serve_limit_charge(
	    s->conf.limit, SERVE_LIMIT_PROVEN, &job->req->from, s->now);

	if (limit == SERVE_LIMIT_DROP)
		return SERVE_DROP_LIMITED;
	job->auth = SERVE_ANSWERED_NTS;
	serve_put_header(
	    s, job, limit == SERVE_LIMIT_KISS ? NTP_KISS_CODE_RATE : 0);
	if (nts_ef_put_response(&s->nts, job->nts, &job->out) < 0)
		return SERVE_DROP_ROOM;
	job->seal = SERVE_SEAL_NTS;
	return limit == SERVE_LIMIT_KISS ? SERVE_RATE : SERVE_ANSWERED_NTS;
}

static enum serve_verdict
answer(struct serve *s, struct serve_job *job)
{
	int err = nts_ef_open_request(&s->nts, job->nts);

	if (err == ERR_AUTH)
		return put_nak(s, job);
	return err < 0 ? SERVE_DROP_NTS : put_answer(s, job);
}

/* Those of the batch that are to be sealed. */
static void
put_cookies(struct serve *s, size_t cnt)
{
	struct nts_ef_exchange *xs[SERVE_BATCH_MAX];
	size_t x_cnt = 0, cookie_cnt = 0;
	bool failed;

	for (size_t i = 0; i < cnt; i++)
		if (s->jobs[i].seal == SERVE_SEAL_NTS) {
			cookie_cnt += s->jobs[i].nts->cookies.cnt;
			xs[x_cnt++] = s->jobs[i].nts;
		}
	failed = x_cnt > 0 && nts_ef_put_cookies(&s->nts, xs, x_cnt) < 0;
	for (size_t i = 0; failed && i < cnt; i++)
		if (s->jobs[i].seal == SERVE_SEAL_NTS) {
			s->jobs[i].seal = SERVE_SEAL_NONE;
			s->jobs[i].verdict = SERVE_DROP_ROOM;
		}
	if (!failed)
		s->counters.cookie_cnt += cookie_cnt;
}

void
serve_nts_answers(struct serve *s, size_t cnt)
{
	struct nts_ef_exchange *xs[SERVE_BATCH_MAX];

	for (size_t i = 0; i < s->exchange_cnt; i++)
		xs[i] = &s->exchanges[i];
	nts_ef_open_cookies(&s->nts, xs, s->exchange_cnt);
	for (size_t i = 0; i < cnt; i++)
		if (s->jobs[i].verdict == SERVE_PENDING)
			s->jobs[i].verdict = answer(s, &s->jobs[i]);
	put_cookies(s, cnt);
	for (size_t i = 0; i < cnt; i++)
		if (s->jobs[i].nts && s->jobs[i].seal != SERVE_SEAL_NTS)
			wipe_bytes(&s->jobs[i].nts->session,
			    sizeof s->jobs[i].nts->session);
}
