/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: every type goes to bytes and back, and every byte that the encoder
 * could not have written is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/frame.h"
#include "ipc/permit.h"
#include "ipc/start.h"

struct room {
	union ipc_any msg, back;
	uint8_t buf[IPC_MSG_MAX], again[IPC_MSG_MAX];
};

static int
encode(unsigned type, const void *m, uint8_t *to)
{
	struct ipc_frame f = {
	    .type = (uint16_t)type,
	    .origin = ROLE_SYNC,
	    .instance = 3,
	    .seq = 0x1122334455667788,
	    .sent = {-5},
	};

	return ipc_frame_encode(&f, m, to);
}

/* Each byte of the payload set alone is either refused or comes back as it
 * was: no two fields share a byte, and none is lost. */
static void
every_type_round_trips(void **state)
{
	struct room r = {0};

	(void)state;
	for (unsigned type = 1; type < IPC_TYPE_CNT; type++) {
		struct ipc_frame f;
		unsigned seen = 0;
		int len;

		memset(&r.msg, 0, sizeof r.msg);
		len = encode(type, &r.msg, r.buf);
		assert_true(len >= IPC_FRAME_LEN);
		assert_int_equal(
		    ipc_frame_decode(&f, r.buf, (size_t)len, &r.back), 0);
		assert_int_equal(f.type, type);
		assert_int_equal(f.origin, ROLE_SYNC);
		assert_int_equal(f.instance, 3);
		assert_true(f.seq == 0x1122334455667788 && f.sent.ns == -5);
		for (int i = IPC_FRAME_LEN; i < len; i++) {
			r.buf[i] = 1;
			if (ipc_frame_decode(&f, r.buf, (size_t)len, &r.back) ==
			    0) {
				assert_int_equal(
				    encode(type, &r.back, r.again), len);
				assert_memory_equal(r.again + IPC_FRAME_LEN,
				    r.buf + IPC_FRAME_LEN,
				    (size_t)len - IPC_FRAME_LEN);
				seen++;
			}
			r.buf[i] = 0;
		}
		assert_true(seen > 0);
	}
}

static void
lengths_and_frames_are_exact(void **state)
{
	struct room r = {0};
	struct ipc_frame f;
	int len;

	(void)state;
	len = encode(IPC_CLOCK_STEP, &r.msg, r.buf);
	for (size_t n = 0; n < (size_t)len; n++)
		assert_int_equal(
		    ipc_frame_decode(&f, r.buf, n, &r.back), ERR_BAD);
	assert_int_equal(
	    ipc_frame_decode(&f, r.buf, (size_t)len + 1, &r.back), ERR_BAD);
	for (size_t i = 0; i < 16; i++) {
		if (i == 10 || i == 11)
			continue; /* the instance may be any number */
		r.buf[i] ^= 0x40;
		assert_int_equal(
		    ipc_frame_decode(&f, r.buf, (size_t)len, &r.back), ERR_BAD);
		r.buf[i] ^= 0x40;
	}
}

static void
strings_end_once(void **state)
{
	struct room r = {0};
	struct ipc_frame f;
	size_t len;

	(void)state;
	memset(r.msg.dns_ask.name, 'a', sizeof r.msg.dns_ask.name);
	assert_int_equal(encode(IPC_DNS_ASK, &r.msg, r.buf), ERR_BAD);
	strcpy(r.msg.dns_ask.name, "ab");
	len = (size_t)encode(IPC_DNS_ASK, &r.msg, r.buf);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), 0);
	assert_string_equal(r.back.dns_ask.name, "ab");
	r.buf[len - 1] = 'x';
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), ERR_BAD);
	r.buf[len - 1] = 0;
	r.buf[IPC_FRAME_LEN + 6 + 5] = 'x'; /* behind the NUL */
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), ERR_BAD);
}

static void
numbers_and_counts_are_checked(void **state)
{
	struct room r = {0};
	struct ipc_frame f;
	size_t len;

	(void)state;
	r.msg.clock_step.cmd.evidence_cnt = CLOCKCMD_EVIDENCE_MAX + 1;
	len = (size_t)encode(IPC_CLOCK_STEP, &r.msg, r.buf);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), ERR_BAD);

	memset(&r.msg, 0, sizeof r.msg);
	r.msg.clock_adjust.cmd.freq_sps = __builtin_nan("");
	len = (size_t)encode(IPC_CLOCK_ADJUST, &r.msg, r.buf);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), ERR_BAD);
	r.msg.clock_adjust.cmd.freq_sps = __builtin_inf();
	len = (size_t)encode(IPC_CLOCK_ADJUST, &r.msg, r.buf);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), ERR_BAD);
	r.msg.clock_adjust.cmd.freq_sps = -1.5e-6;
	r.msg.clock_adjust.cmd.offset.ns = INT64_MIN;
	len = (size_t)encode(IPC_CLOCK_ADJUST, &r.msg, r.buf);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), 0);
	assert_true(r.back.clock_adjust.cmd.freq_sps == -1.5e-6);
	assert_true(r.back.clock_adjust.cmd.offset.ns == INT64_MIN);
	/* and the bytes are little-endian, whatever the machine */
	assert_int_equal(r.buf[len - 9], 0x80);
}

static void
the_switch_restamps(void **state)
{
	struct room r = {0};
	struct ipc_frame f;
	size_t len;

	(void)state;
	len = (size_t)encode(IPC_READY, &r.msg, r.buf);
	ipc_frame_restamp(r.buf, ROLE_SERVE, 7, 42);
	assert_int_equal(ipc_frame_decode(&f, r.buf, len, &r.back), 0);
	assert_int_equal(f.origin, ROLE_SERVE);
	assert_int_equal(f.instance, 7);
	assert_true(f.seq == 42);
}

static void
nobody_says_more_than_its_role(void **state)
{
	(void)state;
	assert_true(ipc_permit_allowed(IPC_CLOCK_STEP, ROLE_SYNC, ROLE_CLOCK));
	for (unsigned from = 0; from < ROLE_CNT; from++) {
		assert_true(from == ROLE_SYNC ||
		    !ipc_permit_allowed(IPC_CLOCK_STEP, from, ROLE_CLOCK));
		assert_true(from == ROLE_SYNC ||
		    !ipc_permit_allowed(IPC_CLOCK_ADJUST, from, ROLE_CLOCK));
		assert_true(from == ROLE_SUPER ||
		    !ipc_permit_allowed(IPC_CLOCK_CONF, from, ROLE_CLOCK));
		assert_true(from == ROLE_SUPER ||
		    !ipc_permit_allowed(IPC_KEY_RING, from, ROLE_SERVE));
	}
	assert_int_equal(
	    ipc_permit_destination(IPC_CLOCK_STEP, ROLE_SERVE), ROLE_CNT);
	assert_int_equal(
	    ipc_permit_destination(IPC_CLOCK_STEP, ROLE_SYNC), ROLE_CLOCK);
}

/* A child's message has one destination, so that the switch need not choose,
 * and every type can be sent by somebody. */
static void
every_message_has_one_way(void **state)
{
	(void)state;
	for (unsigned type = 1; type < IPC_TYPE_CNT; type++) {
		unsigned ways = 0;

		for (unsigned from = 0; from < ROLE_CNT; from++) {
			unsigned cnt = 0;

			for (unsigned to = 0; to < ROLE_CNT; to++)
				cnt += ipc_permit_allowed(type, from, to);
			assert_true(from == ROLE_SUPER || cnt <= 1);
			ways += cnt;
		}
		assert_true(ways > 0);
	}
}

static void
rates_are_bounded(void **state)
{
	struct ipc_rates r = {0};
	struct mono now = {0};
	unsigned cnt = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		cnt += ipc_permit_rate(&r, IPC_CLOCK_ADJUST, now);
	assert_int_equal(cnt, 16);
	for (int i = 0; i < 100; i++) {
		now.ns += TSTAMP_NS_PER_S / 10;
		cnt += ipc_permit_rate(&r, IPC_CLOCK_ADJUST, now);
	}
	assert_in_range(cnt, 16 + 39, 16 + 41);
}

static void
start_data_round_trips_and_is_checked(void **state)
{
	struct ipc_start s = {0};
	struct ipc_start_record r;
	struct room m = {0};
	size_t pos = 0;
	char big[40000];

	(void)state;
	memset(big, 'k', sizeof big);
	strcpy(m.msg.source_set.host, "ntp.example");
	assert_int_equal(ipc_start_put(&s, IPC_SOURCE_SET, &m.msg), 0);
	assert_int_equal(
	    ipc_start_put_blob(&s, IPC_BLOB_TRUST, 9, big, sizeof big), 0);
	assert_int_equal(ipc_start_next(s.data, s.len, &pos, &r), 0);
	assert_int_equal(r.type, IPC_SOURCE_SET);
	assert_string_equal(r.msg.source_set.host, "ntp.example");
	assert_int_equal(ipc_start_next(s.data, s.len, &pos, &r), 0);
	assert_int_equal(r.type, 0);
	assert_int_equal(r.number, 9);
	assert_int_equal(r.len, sizeof big);
	assert_memory_equal(r.data, big, sizeof big);
	assert_int_equal(ipc_start_next(s.data, s.len, &pos, &r), ERR_ABSENT);
	for (size_t cut = 1; cut < 200; cut++) {
		pos = 0;
		assert_int_equal(
		    ipc_start_next(s.data, cut, &pos, &r), ERR_BAD);
	}
	ipc_start_fini(&s);
	assert_null(s.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_round_trips),
	    cmocka_unit_test(lengths_and_frames_are_exact),
	    cmocka_unit_test(strings_end_once),
	    cmocka_unit_test(numbers_and_counts_are_checked),
	    cmocka_unit_test(the_switch_restamps),
	    cmocka_unit_test(nobody_says_more_than_its_role),
	    cmocka_unit_test(every_message_has_one_way),
	    cmocka_unit_test(rates_are_bounded),
	    cmocka_unit_test(start_data_round_trips_and_is_checked),
	};

	return cmocka_run_group_tests_name("ipc frame", tests, NULL, NULL);
}
