/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleaved mode of the server, RFC 9769 section 2: who gets the true time
 * of the last answer and who does not, once each, and a table that strangers
 * can neither fill for others nor spend for them.
 */
#include "serve_rig.h"

#define CLIENT_RX 0x1111111111111111ULL
#define WIRE_NS   20000 /* from our last stamp to the wire */

/* The next request of an interleaved client; the last answer is at r->head. */
static void
ask_again(struct rig *r, struct ntp_ts origin)
{
	struct ntp_packet p = {
	    .version = 4,
	    .mode = NTP_MODE_CLIENT,
	    .origin = origin,
	    .receive = {CLIENT_RX},
	    .transmit = {RIG_TRANSMIT},
	};

	r->req.rx.ns += TSTAMP_NS_PER_S;
	r->req.now.ns = r->req.rx.ns + 20000;
	memset(r->in, 0, sizeof r->in);
	ntp_packet_encode(&p, r->in);
	r->req.len = NTP_HEADER_LEN;
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_true(r->head.receive.v & 1);
	assert_false(r->head.transmit.v & 1);
}

static struct wall
left(const struct rig *r)
{
	return (struct wall){r->req.now.ns + WIRE_NS};
}

/* The kernel tells when the last answer left. */
static bool
tell(struct rig *r)
{
	return serve_sent(r->serve, r->out, r->out_len, left(r));
}

static bool
is_interleaved(const struct rig *r)
{
	return r->head.origin.v == CLIENT_RX;
}

/* First a basic exchange, then one that makes us remember. */
static void
begin(struct rig *r)
{
	rig_init(r, NULL);
	assert_int_equal(rig_ask(r), SERVE_ANSWERED);
	assert_false(serve_wants_stamp(r->serve, 0));
	assert_false(tell(r));
	ask_again(r, r->head.receive);
	assert_false(is_interleaved(r));
	assert_int_equal(r->head.origin.v, RIG_TRANSMIT);
	assert_true(serve_wants_stamp(r->serve, 0));
}

static void
true_transmit_time(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	for (int i = 0; i < 100; i++) {
		struct wall was = left(&r);

		assert_true(tell(&r));
		ask_again(&r, r.head.receive);
		assert_true(is_interleaved(&r));
		assert_in_range(
		    llabs(
			tstamp_diff(r.head.transmit, tstamp_from_wall(was)).ns),
		    0, 1);
		/* The receive time is that of this request. */
		assert_in_range(llabs(tstamp_diff(
				    r.head.receive, tstamp_from_wall(r.req.rx))
					  .ns),
		    0, 60);
	}
	assert_int_equal(serve_counters_get(r.serve)->interleaved_cnt, 100);
	rig_fini(&r);
}

/* With a virtual clock or a slew under way the stamp is corrected as well. */
static void
corrected(void **state)
{
	struct rig r;
	struct wall was;

	(void)state;
	begin(&r);
	r.clock.virt_offset_ns = 5000000;
	rig_batch(&r);
	ask_again(&r, r.head.receive);
	was = left(&r);
	assert_true(tell(&r));
	ask_again(&r, r.head.receive);
	assert_true(is_interleaved(&r));
	assert_in_range(tstamp_diff(r.head.transmit, tstamp_from_wall(was)).ns,
	    5000000 - 2, 5000000 + 2);
	rig_fini(&r);
}

static void
without_the_stamp_basic(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	ask_again(&r, r.head.receive);
	assert_false(is_interleaved(&r));
	assert_true(tell(&r));
	ask_again(&r, r.head.receive);
	assert_true(is_interleaved(&r));
	rig_fini(&r);
}

/* What cannot be when that answer left. */
static void
absurd_stamps(void **state)
{
	static const int64_t off[] = {
	    -21000 - WIRE_NS, -TSTAMP_NS_PER_S, 2 * TSTAMP_NS_PER_S};
	struct rig r;
	uint8_t other[NTP_HEADER_LEN];

	(void)state;
	begin(&r);
	for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
		assert_false(serve_sent(r.serve, r.out, r.out_len,
		    (struct wall){left(&r).ns + off[i]}));
	memcpy(other, r.out, sizeof other);
	other[NTP_OFFSET_RECEIVE + 3] ^= 1; /* not one of ours */
	assert_false(serve_sent(r.serve, other, sizeof other, left(&r)));
	for (size_t len = 0; len < NTP_HEADER_LEN; len++)
		assert_false(serve_sent(r.serve, r.out, len, left(&r)));
	other[0] = 0x23; /* a request */
	assert_false(serve_sent(r.serve, other, sizeof other, left(&r)));
	ask_again(&r, r.head.receive);
	assert_false(is_interleaved(&r));
	rig_fini(&r);
}

static void
used_once(void **state)
{
	struct rig r;
	struct ntp_ts rx;

	(void)state;
	begin(&r);
	assert_true(tell(&r));
	assert_false(tell(&r));
	rx = r.head.receive;
	ask_again(&r, rx);
	assert_true(is_interleaved(&r));
	for (int i = 0; i < 10; i++) {
		ask_again(&r, rx);
		assert_false(is_interleaved(&r));
	}
	rig_fini(&r);
}

/* RFC 9769: receive and transmit the same is no interleaved request, and an
 * origin that is a transmit time of ours, or zero, neither. */
static void
no_interleaved_request(void **state)
{
	struct rig r;
	struct ntp_packet p = {.version = 4, .mode = NTP_MODE_CLIENT};

	(void)state;
	begin(&r);
	assert_true(tell(&r));
	p.origin = r.head.receive;
	p.receive.v = p.transmit.v = CLIENT_RX;
	ntp_packet_encode(&p, r.in);
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	assert_false(serve_wants_stamp(r.serve, 0));
	assert_int_equal(serve_counters_get(r.serve)->interleaved_cnt, 0);
	ask_again(&r, r.head.transmit);
	assert_false(is_interleaved(&r));
	assert_false(serve_wants_stamp(r.serve, 0));
	ask_again(&r, (struct ntp_ts){0});
	assert_false(is_interleaved(&r));
	assert_false(serve_wants_stamp(r.serve, 0));
	/* It is still there for the right question. */
	ask_again(&r, p.origin);
	assert_true(is_interleaved(&r));
	rig_fini(&r);
}

/* G9: what one client was told is of no use to another address; another
 * port is the same client (RFC 9109). */
static void
g9_other_clients(void **state)
{
	struct rig r;
	struct ntp_ts rx;

	(void)state;
	begin(&r);
	assert_true(tell(&r));
	rx = r.head.receive;
	assert_int_equal(addr_parse(&r.req.from, "192.0.2.8"), 0);
	r.req.from.port = 40000;
	ask_again(&r, rx);
	assert_false(is_interleaved(&r));
	assert_int_equal(addr_parse(&r.req.from, "192.0.2.7"), 0);
	r.req.from.port = 40001;
	for (uint64_t bit = 2; bit != 0; bit <<= 1) {
		ask_again(&r, (struct ntp_ts){rx.v ^ bit});
		assert_false(is_interleaved(&r));
		if (bit > 1ULL << 12)
			break; /* more would push it out, see below */
	}
	ask_again(&r, rx);
	assert_true(is_interleaved(&r));
	rig_fini(&r);
}

/* J3: a flood from one address pushes out its own and nobody else's. */
static void
j3_flood(void **state)
{
	struct rig r;
	struct ntp_ts rx;

	(void)state;
	begin(&r);
	assert_true(tell(&r));
	rx = r.head.receive;
	assert_int_equal(addr_parse(&r.req.from, "198.51.100.1"), 0);
	r.req.from.port = 4000;
	for (int i = 0; i < 50000; i++) {
		r.req.rx.ns -= TSTAMP_NS_PER_S;
		ask_again(&r, (struct ntp_ts){1 + 2 * (uint64_t)i});
		tell(&r);
	}
	assert_int_equal(addr_parse(&r.req.from, "192.0.2.7"), 0);
	r.req.from.port = 40000;
	ask_again(&r, rx);
	assert_true(is_interleaved(&r));
	/* And its own survive as far as there is room: the newest. */
	assert_true(tell(&r));
	rx = r.head.receive;
	for (int i = 0; i < 15; i++)
		ask_again(&r, (struct ntp_ts){1});
	ask_again(&r, rx);
	assert_true(is_interleaved(&r));
	rx = r.head.receive;
	assert_true(tell(&r));
	for (int i = 0; i < 16; i++)
		ask_again(&r, (struct ntp_ts){1});
	ask_again(&r, rx);
	assert_false(is_interleaved(&r));
	rig_fini(&r);
}

/* Receive times of one client are unique however fast it asks, and never
 * equal to a transmit time. */
static void
unique(void **state)
{
	enum { MANY = 16 };
	struct serve_conf conf = {.precision_log2s = -32};
	struct rig r;
	uint64_t seen[MANY];

	(void)state;
	rig_init(&r, &conf);
	for (int i = 0; i < MANY; i++) {
		r.req.rx.ns = RIG_WALL_NS - TSTAMP_NS_PER_S;
		ask_again(&r, (struct ntp_ts){1});
		seen[i] = r.head.receive.v;
		assert_true((int64_t)(r.head.transmit.v - seen[i]) > 0);
		for (int k = 0; k < i; k++)
			assert_true(seen[k] != seen[i]);
	}
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(true_transmit_time),
	    cmocka_unit_test(corrected),
	    cmocka_unit_test(without_the_stamp_basic),
	    cmocka_unit_test(absurd_stamps),
	    cmocka_unit_test(used_once),
	    cmocka_unit_test(no_interleaved_request),
	    cmocka_unit_test(g9_other_clients),
	    cmocka_unit_test(j3_flood),
	    cmocka_unit_test(unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
