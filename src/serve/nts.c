/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authenticated answer, RFC 8915 section 5.7: cookie opened, request
 * verified, fresh cookies laid out to be sealed with the header, or NTSN when
 * the asker should get new keys.  Invariant: time goes out only sealed.
 */
#include "base/wipe.h"
#include "ntp/kiss.h"
#include "serve_priv.h"

static enum serve_verdict
put_nak(struct serve *s, struct serve_job *job, const struct nts_ef_request *ef)
{
	if (s->pressed && serve_sheds(s, &job->req->from))
		return SERVE_DROP_SHED;
	if (serve_limit_charge(s->conf.limit, SERVE_LIMIT_PLAIN,
		&job->req->from, s->now) != SERVE_LIMIT_PASS)
		return SERVE_DROP_LIMITED;
	serve_put_header(s, job, NTP_KISS_CODE_NTSN);
	if (nts_ef_put_nak(ef, &job->out) < 0)
		return SERVE_DROP_ROOM;
	return SERVE_NAK;
}

/* To somebody with a good cookie: the kiss, too, is authenticated. */
static enum serve_verdict
put_answer(struct serve *s, struct serve_job *job,
    const struct nts_ef_request *ef, const struct nts_keys *session)
{
	enum serve_limit_verdict limit = serve_limit_charge(
	    s->conf.limit, SERVE_LIMIT_PROVEN, &job->req->from, s->now);

	if (limit == SERVE_LIMIT_DROP)
		return SERVE_DROP_LIMITED;
	job->auth = SERVE_ANSWERED_NTS;
	serve_put_header(
	    s, job, limit == SERVE_LIMIT_KISS ? NTP_KISS_CODE_RATE : 0);
	if (nts_ef_put_response(&s->nts, ef, session, &job->out) < 0)
		return SERVE_DROP_ROOM;
	job->seal = SERVE_SEAL_NTS;
	s->counters.cookie_cnt += 1 + ef->placeholder_cnt;
	return limit == SERVE_LIMIT_KISS ? SERVE_RATE : SERVE_ANSWERED_NTS;
}

enum serve_verdict
serve_nts_answer(
    struct serve *s, struct serve_job *job, struct nts_ef_request *ef)
{
	enum serve_verdict verdict;
	struct nts_keys session;
	int err = nts_ef_open_request(&s->nts, ef, &session);

	if (err == ERR_AUTH) {
		verdict = put_nak(s, job, ef);
	} else if (err < 0) {
		verdict = SERVE_DROP_NTS;
	} else {
		verdict = put_answer(s, job, ef, &session);
	}
	wipe_bytes(&session, sizeof session);
	return verdict;
}
