/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and answers: the sample's arithmetic and stamps, what is refused,
 * and that the real answer is still taken after anything forged.  Cases G
 * and H1 of the hostile list, and symmetric keys.
 */
#include "assoc_rig.h"

#include <math.h>

#include "ntp/ext.h"
#include "ntp/kiss.h"

static void
test_request_is_bare(void **state)
{
	static const uint8_t zero[39];
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	assert_int_equal(r.request_len, NTP_HEADER_LEN);
	assert_int_equal(r.request[0], 0x23);
	assert_memory_equal(r.request + 1, zero, sizeof zero);
	assert_true(r.asked.transmit.v != 0);
	rig_fini(&r);
}

static void
test_versions(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned version = 1; version <= 4; version++) {
		rig_conf(&r, ASSOC_AUTH_NONE);
		r.conf.version = (uint8_t)version;
		rig_start(&r, false);
		assert_int_equal(r.request[0], version << 3 | 3);
		assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		rig_fini(&r);
	}
}

static int
by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* G10: no transmit timestamp twice, no bit that leans. */
static void
test_g10_random_transmit(void **state)
{
	enum { MANY = 100000 };
	uint64_t *seen = calloc(MANY, sizeof *seen);
	unsigned ones[64] = {0};
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	for (int i = 0; i < MANY; i++) {
		seen[i] = r.asked.transmit.v;
		for (int bit = 0; bit < 64; bit++)
			ones[bit] += (unsigned)(seen[i] >> bit & 1);
		assoc_burst(r.a, 1, r.now, &r.todo);
		rig_obey(&r);
	}
	qsort(seen, MANY, sizeof *seen, by_value);
	for (int i = 1; i < MANY; i++)
		assert_true(seen[i] != seen[i - 1]);
	for (int bit = 0; bit < 64; bit++)
		assert_in_range(ones[bit], MANY / 2 - 1000, MANY / 2 + 1000);
	free(seen);
	rig_fini(&r);
}

static void
test_hardware_stamps(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	r.hardware = true;
	r.stamp_error_s = 3e-6;
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_true(r.todo.sample.hardware);
	assert_true(
	    fabs(r.todo.sample.stamp_error_s - 3e-6 - 2 * 0x1p-24) < 1e-12);
	rig_fini(&r);
}

static void
test_sample(void **state)
{
	struct rig r;
	const struct sample *s = &r.todo.sample;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_true(fabs(s->offset_s - 0.25) < 2e-9); /* we are slow */
	assert_true(fabs(s->delay_s - 0.04) < 2e-9);
	assert_true(fabs(s->server_time_s - 0.001) < 2e-9);
	assert_true(fabs(s->root_delay_s - 0.01) < 2e-5);
	assert_true(fabs(s->root_dispersion_s - 0.002) < 2e-5);
	assert_true(fabs(s->stamp_error_s - 2 * 0x1p-24) < 1e-12);
	assert_int_equal(s->at.ns, r.sent_at.ns + 20500000);
	assert_int_equal(s->wall.ns, rig_ours(s->at).ns);
	assert_int_equal(s->stratum, 2);
	assert_int_equal(s->ref_id, 0xc0000201);
	assert_false(s->authenticated);
	assert_false(s->interleaved);
	assert_true(r.todo.what & ASSOC_CLOSE);
	assert_int_equal(r.todo.close, 1U << r.exchange);
	rig_fini(&r);
}

/* The kernel's transmit stamp corrects ours, if it can be true. */
static void
test_kernel_stamp(void **state)
{
	static const struct {
		int64_t late_ns;
		double delay_s;
	} t[] = {
	    {5 * MS, 0.035}, /* left 5 ms later than we thought */
	    {-5 * MS, 0.04}, /* before we sent it: not true */
	    {60 * MS, 0.04}, /* after the answer */
	    {2 * SEC, 0.04},
	    {-3000 * SEC, 0.04},
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		rig_conf(&r, ASSOC_AUTH_NONE);
		rig_start(&r, false);
		assoc_sent(r.a, r.exchange,
		    (struct wall){rig_ours(r.sent_at).ns + t[i].late_ns}, r.now,
		    true);
		assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
		assert_true(fabs(r.todo.sample.delay_s - t[i].delay_s) < 2e-9);
		assert_int_equal(
		    r.todo.sample.wall.ns, rig_ours(r.todo.sample.at).ns);
		rig_fini(&r);
	}
}

/* T4 not after T1, and answers to what was never stamped. */
static void
test_own_stamps(void **state)
{
	struct rig r;
	struct assoc_answer in = {0};
	struct ntp_packet p;

	(void)state;
	for (int back = 0; back < 2; back++) {
		rig_conf(&r, ASSOC_AUTH_NONE);
		rig_start(&r, false);
		p = rig_honest(&r);
		ntp_packet_encode(&p, r.answer);
		in.data = r.answer;
		in.len = NTP_HEADER_LEN;
		in.exchange = r.exchange;
		in.rx.ns = rig_ours(r.sent_at).ns - back;
		in.rx_mono.ns = r.sent_at.ns + 41 * MS;
		assert_int_equal(
		    assoc_received(r.a, &in, &r.todo), ASSOC_BAD_TIME);
		assert_false(r.todo.what & ASSOC_SAMPLE);
		rig_fini(&r);
	}
}

/* O1, O4: our clock was set between T1 and T4, or a caller says so. */
static void
test_o1_clock_moved(void **state)
{
	struct rig r;
	struct assoc_answer in = {0};
	struct ntp_packet p;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	rig_start(&r, false);
	p = rig_honest(&r);
	ntp_packet_encode(&p, r.answer);
	in.data = r.answer;
	in.len = NTP_HEADER_LEN;
	in.exchange = r.exchange;
	in.rx_mono.ns = r.sent_at.ns + 41 * MS;
	in.rx.ns = rig_ours(in.rx_mono).ns + 100 * MS;
	assert_int_equal(assoc_received(r.a, &in, &r.todo), ASSOC_CLOCK_MOVED);
	rig_obey(&r);
	assert_int_equal(rig_status(&r).reach, 1);
	assert_true(rig_next(&r));
	assoc_clock_moved(r.a);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_CLOCK_MOVED);
	assert_true(rig_next(&r));
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

/* Refuse a changed answer, then take the real one. */
static void
refuse_then_good(struct rig *r, const struct ntp_packet *p, unsigned want)
{
	assert_int_equal(rig_answer(r, p), want);
	assert_false(r->todo.what & ASSOC_CLOSE);
	assert_int_equal(rig_status(r).counters.verdict_cnt[want], 1);
	assert_int_equal(rig_answer_honestly(r), ASSOC_GOOD);
	rig_fini(r);
}

static void
start_plain(struct rig *r)
{
	rig_conf(r, ASSOC_AUTH_NONE);
	rig_start(r, false);
}

static void
test_g1_origin_then_good(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	for (int i = 0; i < 5; i++) {
		start_plain(&r);
		p = rig_honest(&r);
		switch (i) {
		case 0:
			p.origin.v = 0;
			break;
		case 1:
			p.origin.v = UINT64_MAX;
			break;
		case 2:
			p.origin.v ^= 1;
			break;
		case 3:
			p.origin.v ^= 1ULL << 63;
			break;
		default: /* a kiss that knows nothing of us */
			p.origin.v = 12345;
			p.stratum = 0;
			p.ref_id = NTP_KISS_CODE_DENY;
			break;
		}
		refuse_then_good(&r, &p, ASSOC_BAD_ORIGIN);
	}
}

/* G9: what an interleaved answer would say is not believed either. */
static void
test_g9_interleaved_origin(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	start_plain(&r);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	p = rig_honest(&r);
	assert_true(rig_next(&r));
	p.origin = p.receive;
	refuse_then_good(&r, &p, ASSOC_BAD_ORIGIN);
}

static void
test_g2_duplicates(void **state)
{
	struct rig r;
	struct ntp_packet old;

	(void)state;
	start_plain(&r);
	old = rig_honest(&r);
	assert_int_equal(rig_answer(&r, &old), ASSOC_GOOD);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(rig_answer(&r, &old), ASSOC_DUPLICATE);
	assert_true(rig_next(&r));
	assert_int_equal(rig_answer(&r, &old), ASSOC_BAD_ORIGIN);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	assert_int_equal(rig_status(&r).counters.verdict_cnt[ASSOC_GOOD], 2);
	assert_int_equal(
	    rig_status(&r).counters.verdict_cnt[ASSOC_DUPLICATE], 1000);
	rig_fini(&r);
}

static void
test_g4_modes_and_versions(void **state)
{
	struct rig r;
	struct ntp_packet p;

	(void)state;
	for (unsigned version = 0; version < 8; version++)
		for (unsigned mode = 0; mode < 8; mode++) {
			if (version == 4 && mode == 4)
				continue;
			start_plain(&r);
			p = rig_honest(&r);
			p.version = (uint8_t)version;
			p.mode = (uint8_t)mode;
			refuse_then_good(&r, &p, ASSOC_BAD_MODE);
		}
}

static void
test_g5_late(void **state)
{
	struct rig r;
	struct ntp_packet p;
	unsigned exchange;

	(void)state;
	start_plain(&r);
	p = rig_honest(&r);
	ntp_packet_encode(&p, r.answer);
	r.answer_len = NTP_HEADER_LEN;
	exchange = r.exchange;
	rig_until(&r, r.sent_at.ns + 4 * SEC);
	assert_true(r.todo.what & ASSOC_CLOSE);
	assert_int_equal(
	    rig_deliver_to(&r, exchange, r.now.ns + SEC), ASSOC_LATE);
	assert_int_equal(rig_deliver_to(&r, 3, r.now.ns), ASSOC_LATE);
	assert_int_equal(rig_deliver_to(&r, 77, r.now.ns), ASSOC_LATE);
	rig_fini(&r);
}

static void
test_g11_lengths(void **state)
{
	static const size_t bad[] = {0, 1, 4, 12, 44, 47, 49, 50, 51, 2047};
	struct rig r;
	struct ntp_packet p;

	(void)state;
	start_plain(&r);
	p = rig_honest(&r);
	ntp_packet_encode(&p, r.answer);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		r.answer_len = bad[i];
		assert_int_equal(rig_deliver(&r), ASSOC_BAD_LENGTH);
	}
	r.answer_len = 56;
	assert_int_equal(rig_deliver(&r), ASSOC_BAD_FIELDS);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

struct h1 {
	const char *what;
	void (*change)(struct ntp_packet *p);
	unsigned want;
};

static void
h1_stratum_16(struct ntp_packet *p)
{
	p->stratum = 16;
}

static void
h1_stratum_255(struct ntp_packet *p)
{
	p->stratum = 255;
}

static void
h1_stratum_0(struct ntp_packet *p)
{
	p->stratum = 0;
	p->ref_id = 0;
}

static void
h1_leap_3(struct ntp_packet *p)
{
	p->leap = 3;
}

static void
h1_root_delay(struct ntp_packet *p)
{
	p->root_delay.v = UINT32_MAX;
}

static void
h1_root_dispersion(struct ntp_packet *p)
{
	p->root_dispersion = tstamp_short_from_s(3.1);
}

static void
h1_t2_after_t3(struct ntp_packet *p)
{
	p->receive.v = p->transmit.v + (1ULL << 22);
}

static void
h1_t3_far_ahead(struct ntp_packet *p)
{
	p->transmit.v += 100ULL << 32;
}

static void
h1_too_quick(struct ntp_packet *p)
{
	p->transmit.v += 1ULL << 31; /* half a second in a 41 ms exchange */
}

static void
h1_zero_rx(struct ntp_packet *p)
{
	p->receive.v = 0;
}

static void
h1_zero_tx(struct ntp_packet *p)
{
	p->transmit.v = 0;
}

static void
h1_reference_ahead(struct ntp_packet *p)
{
	p->reference.v = p->transmit.v + (10ULL << 32);
}

static void
test_h1_content(void **state)
{
	static const struct h1 t[] = {
	    {"stratum 16", h1_stratum_16, ASSOC_UNSYNC},
	    {"stratum 255", h1_stratum_255, ASSOC_UNSYNC},
	    {"stratum 0", h1_stratum_0, ASSOC_UNSYNC},
	    {"leap 3", h1_leap_3, ASSOC_UNSYNC},
	    {"root delay", h1_root_delay, ASSOC_BAD_TIME},
	    {"root dispersion", h1_root_dispersion, ASSOC_BAD_TIME},
	    {"T2 > T3", h1_t2_after_t3, ASSOC_BAD_TIME},
	    {"T3 far ahead", h1_t3_far_ahead, ASSOC_BAD_TIME},
	    {"negative delay", h1_too_quick, ASSOC_BAD_TIME},
	    {"zero rx", h1_zero_rx, ASSOC_BAD_TIME},
	    {"zero tx", h1_zero_tx, ASSOC_BAD_TIME},
	    {"reference ahead", h1_reference_ahead, ASSOC_BAD_TIME},
	};
	struct rig r;
	struct ntp_packet p;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		start_plain(&r);
		p = rig_honest(&r);
		t[i].change(&p);
		assert_int_equal(rig_answer(&r, &p), t[i].want);
		assert_false(r.todo.what & ASSOC_SAMPLE);
		/* It was the answer: the request is spent. */
		assert_int_equal(rig_answer_honestly(&r), ASSOC_DUPLICATE);
		rig_fini(&r);
	}
}

static void
test_max_delay(void **state)
{
	struct rig r;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.maxdelay_s = 0.03;
	rig_start(&r, false);
	assert_int_equal(rig_answer_honestly(&r), ASSOC_BAD_DELAY);
	rig_fini(&r);
}

/* Q3: our clock says 1970; the era is that of the floor. */
static void
test_q3_clock_in_1970(void **state)
{
	struct rig r;
	struct assoc_answer in = {0};
	struct ntp_packet p;

	(void)state;
	rig_conf(&r, ASSOC_AUTH_NONE);
	r.conf.floor.ns = RIG_EPOCH_NS - 1000 * SEC;
	rig_start(&r, false);
	assoc_sent(r.a, r.exchange, (struct wall){5 * SEC}, r.now, false);
	p = rig_honest(&r);
	ntp_packet_encode(&p, r.answer);
	in.data = r.answer;
	in.len = NTP_HEADER_LEN;
	in.exchange = r.exchange;
	in.rx.ns = 5 * SEC + 41 * MS;
	in.rx_mono.ns = r.sent_at.ns + 41 * MS;
	assert_int_equal(assoc_received(r.a, &in, &r.todo), ASSOC_GOOD);
	assert_true(
	    fabs(r.todo.sample.offset_s -
		(double)(RIG_EPOCH_NS + r.sent_at.ns - 5 * SEC) * 1e-9) < 1e-3);
	rig_fini(&r);
}

/* Random datagrams: nothing comes of them. */
static void
test_random_answers(void **state)
{
	struct rig r;

	(void)state;
	start_plain(&r);
	for (int i = 0; i < 20000; i++) {
		r.answer_len = (size_t)(i % 128) * 4;
		rig_fill(&r.seed, r.answer, r.answer_len);
		if (i % 2)
			r.answer[0] = 0x24;
		assert_true(rig_deliver(&r) != ASSOC_GOOD);
	}
	assert_int_equal(rig_answer_honestly(&r), ASSOC_GOOD);
	rig_fini(&r);
}

/* ---- symmetric keys ---- */

static void
start_key(struct rig *r)
{
	rig_conf(r, ASSOC_AUTH_KEY);
	r->conf.key.id = 42;
	r->conf.key.type = CRYPTO_MAC_AES128;
	r->conf.key.len = 16;
	rig_fill(&r->seed, r->conf.key.key, 16);
	rig_start(r, false);
}

static unsigned
answer_mac(
    struct rig *r, const struct ntp_packet *p, const struct crypto_mac_key *key)
{
	uint8_t mac[CRYPTO_MAC_MAX];
	struct bytes_out out;
	int len;

	ntp_packet_encode(p, r->answer);
	bytes_out_init(&out, r->answer, sizeof r->answer);
	out.pos = NTP_HEADER_LEN;
	len = crypto_mac_compute(r->tools.mac, key, r->answer, out.pos, mac);
	assert_true(len > 0);
	ntp_ext_put_mac(&out, key->id, mac, (size_t)len);
	r->answer_len = out.pos;
	return rig_deliver(r);
}

static void
test_key(void **state)
{
	struct rig r;
	struct ntp_packet p;
	struct crypto_mac_tag tag;

	(void)state;
	start_key(&r);
	assert_int_equal(r.request_len, 68);
	tag.data = r.request + 52;
	tag.len = 16;
	assert_int_equal(
	    crypto_mac_verify(r.tools.mac, &r.conf.key, r.request, 48, tag), 0);
	p = rig_honest(&r);
	assert_int_equal(answer_mac(&r, &p, &r.conf.key), ASSOC_GOOD);
	assert_true(r.todo.sample.authenticated);
	rig_fini(&r);
}

/* A long digest is cut in version 4 and whole before. */
static void
test_key_long_digest(void **state)
{
	(void)state;
	for (uint8_t version = 3; version <= 4; version++) {
		size_t want = version == 4 ? 20 : 32;
		struct rig r;
		struct crypto_mac_tag tag;

		rig_conf(&r, ASSOC_AUTH_KEY);
		r.conf.version = version;
		r.conf.key.id = 42;
		r.conf.key.type = CRYPTO_MAC_SHA256;
		r.conf.key.len = 16;
		rig_start(&r, false);
		assert_int_equal(r.request_len, 52 + want);
		tag.data = r.request + 52;
		tag.len = want;
		assert_int_equal(crypto_mac_verify(r.tools.mac, &r.conf.key,
				     r.request, 48, tag),
		    0);
		rig_fini(&r);
	}
}

/* G6, B8, B9: whatever is not made with our key changes nothing. */
static void
test_key_forged(void **state)
{
	struct rig r;
	struct ntp_packet p;
	struct crypto_mac_key other;

	(void)state;
	start_key(&r);
	p = rig_honest(&r);
	assert_int_equal(rig_answer(&r, &p), ASSOC_UNAUTH);
	r.answer_len = 52; /* crypto-NAK */
	memset(r.answer + 48, 0, 4);
	assert_int_equal(rig_deliver(&r), ASSOC_UNAUTH);
	other = r.conf.key;
	other.id = 43;
	assert_int_equal(answer_mac(&r, &p, &other), ASSOC_BAD_AUTH);
	other = r.conf.key;
	other.key[0] ^= 1;
	assert_int_equal(answer_mac(&r, &p, &other), ASSOC_BAD_AUTH);
	other = r.conf.key;
	other.type = CRYPTO_MAC_SHA1;
	assert_int_equal(answer_mac(&r, &p, &other), ASSOC_BAD_AUTH);
	for (int i = 0; i < 5; i++) {
		p.stratum = 0;
		p.ref_id = i % 2 ? NTP_KISS_CODE_DENY : NTP_KISS_CODE_RATE;
		assert_int_equal(rig_answer(&r, &p), ASSOC_UNAUTH);
	}
	assert_int_equal(rig_status(&r).poll_log2s, 6);
	assert_false(rig_status(&r).refused);
	p = rig_honest(&r);
	assert_int_equal(answer_mac(&r, &p, &r.conf.key), ASSOC_GOOD);
	/* Authentic, so it is obeyed. */
	assert_true(rig_next(&r));
	p = rig_honest(&r);
	p.stratum = 0;
	p.ref_id = NTP_KISS_CODE_RATE;
	assert_int_equal(answer_mac(&r, &p, &r.conf.key), ASSOC_KOD_RATE);
	assert_int_equal(rig_status(&r).poll_log2s, 7);
	rig_fini(&r);
}

static void
test_texts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ASSOC_VERDICT_CNT; i++)
		assert_non_null(assoc_verdict_text(i));
	assert_string_equal(assoc_verdict_text(99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request_is_bare),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_g10_random_transmit),
	    cmocka_unit_test(test_hardware_stamps),
	    cmocka_unit_test(test_sample),
	    cmocka_unit_test(test_kernel_stamp),
	    cmocka_unit_test(test_own_stamps),
	    cmocka_unit_test(test_o1_clock_moved),
	    cmocka_unit_test(test_g1_origin_then_good),
	    cmocka_unit_test(test_g9_interleaved_origin),
	    cmocka_unit_test(test_g2_duplicates),
	    cmocka_unit_test(test_g4_modes_and_versions),
	    cmocka_unit_test(test_g5_late),
	    cmocka_unit_test(test_g11_lengths),
	    cmocka_unit_test(test_h1_content),
	    cmocka_unit_test(test_max_delay),
	    cmocka_unit_test(test_q3_clock_in_1970),
	    cmocka_unit_test(test_random_answers),
	    cmocka_unit_test(test_key),
	    cmocka_unit_test(test_key_long_digest),
	    cmocka_unit_test(test_key_forged),
	    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
