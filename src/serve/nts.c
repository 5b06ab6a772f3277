/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authenticated answer, RFC 8915 section 5.7: cookie opened, request
 * verified, header and fresh cookies sealed, or NTSN when the asker should
 * get new keys.  Invariant: time goes out only sealed.
 */
#include "base/wipe.h"
#include "ntp/kiss.h"
#include "serve_priv.h"

static enum serve_verdict
put_nak(struct serve *s, struct serve_job *job, const struct nts_ef_request *ef)
{
	serve_put_header(s, job, NTP_KISS_CODE_NTSN);
	if (nts_ef_put_nak(ef, &job->out) < 0)
		return SERVE_DROP_ROOM;
	return SERVE_NAK;
}

enum serve_verdict
serve_nts_answer(
    struct serve *s, struct serve_job *job, struct nts_ef_request *ef)
{
	enum serve_verdict verdict = SERVE_ANSWERED_NTS;
	struct nts_keys session;
	int err = nts_ef_open_request(&s->nts, ef, &session);

	if (err == ERR_AUTH) {
		verdict = put_nak(s, job, ef);
	} else if (err < 0) {
		verdict = SERVE_DROP_NTS;
	} else {
		job->auth = SERVE_ANSWERED_NTS;
		serve_put_header(s, job, 0);
		if (nts_ef_put_response(&s->nts, ef, &session, &job->out) < 0)
			verdict = SERVE_DROP_ROOM;
		else
			s->counters.cookie_cnt += 1 + ef->placeholder_cnt;
	}
	wipe_bytes(&session, sizeof session);
	return verdict;
}
