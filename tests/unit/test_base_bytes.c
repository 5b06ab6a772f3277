/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing bytes: values in both orders, every bound, and errors
 * that stick.
 */
#include "base/bytes.h"

#include "hex.h"

static const uint8_t count[16] = {
    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98};

static void
numbers_are_read(void **state)
{
	struct bytes_in in;

	(void)state;
	bytes_in_init(&in, count, sizeof count);
	assert_int_equal(bytes_get_u8(&in), 0x01);
	assert_int_equal(bytes_get_u16(&in), 0x2345);
	assert_int_equal(bytes_get_u32(&in), 0x6789abcd);
	assert_int_equal(bytes_left(&in), 9);
	assert_int_equal(bytes_get_u64(&in), 0xeffedcba98000000);
	assert_int_equal(bytes_left(&in), 1);
	bytes_in_init(&in, count, sizeof count);
	assert_int_equal(bytes_get_u16le(&in), 0x2301);
	assert_int_equal(bytes_get_u32le(&in), 0xab896745);
	assert_int_equal(bytes_get_u64le(&in), 0x000098badcfeefcd);
	assert_false(in.bad);
}

static void
numbers_are_written(void **state)
{
	uint8_t buf[32];
	struct bytes_out out;
	struct bytes_in in;

	(void)state;
	bytes_out_init(&out, buf, sizeof buf);
	bytes_put_u8(&out, 0xf1);
	bytes_put_u16(&out, 0xf203);
	bytes_put_u32(&out, 0xf4050607);
	bytes_put_u64(&out, 0xf8090a0b0c0d0e0f);
	bytes_put_u16le(&out, 0x0211);
	bytes_put_u32le(&out, 0x06050413);
	bytes_put_u64le(&out, 0x1e1d1c1b1a191817);
	assert_int_equal(out.pos, 29);
	assert_memory_equal(buf,
	    "\xf1\xf2\x03\xf4\x05\x06\x07\xf8\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	    "\x11\x02\x13\x04\x05\x06\x17\x18\x19\x1a\x1b\x1c\x1d\x1e",
	    29);
	bytes_in_init(&in, buf, out.pos);
	(void)bytes_take(&in, 15);
	assert_int_equal(bytes_get_u16le(&in), 0x0211);
	assert_int_equal(bytes_get_u32le(&in), 0x06050413);
	assert_int_equal(bytes_get_u64le(&in), 0x1e1d1c1b1a191817);
	assert_int_equal(bytes_left(&in), 0);
	assert_false(in.bad);
}

/* Every number at every distance from the end. */
static void
reading_stops_at_the_end(void **state)
{
	static const size_t sizes[] = {1, 2, 4, 8, 2, 4, 8};

	(void)state;
	for (size_t left = 0; left < 10; left++)
		for (size_t k = 0; k < 7; k++) {
			struct bytes_in in;
			uint64_t v = 0;

			bytes_in_init(&in, count, left);
			switch (k) {
			case 0:
				v = bytes_get_u8(&in);
				break;
			case 1:
				v = bytes_get_u16(&in);
				break;
			case 2:
				v = bytes_get_u32(&in);
				break;
			case 3:
				v = bytes_get_u64(&in);
				break;
			case 4:
				v = bytes_get_u16le(&in);
				break;
			case 5:
				v = bytes_get_u32le(&in);
				break;
			default:
				v = bytes_get_u64le(&in);
				break;
			}
			assert_int_equal(in.bad, left < sizes[k]);
			assert_int_equal(v == 0, in.bad);
			assert_int_equal(
			    bytes_left(&in), in.bad ? 0 : left - sizes[k]);
		}
}

static void
reading_errors_stick(void **state)
{
	uint8_t raw[4] = {1, 1, 1, 1};
	struct bytes_in in;

	(void)state;
	bytes_in_init(&in, count, 3);
	assert_int_equal(bytes_get_u32(&in), 0);
	assert_int_equal(bytes_get_u8(&in), 0);
	assert_null(bytes_take(&in, 0));
	bytes_get_raw(&in, raw, sizeof raw);
	assert_int_equal(raw[0] | raw[1] | raw[2] | raw[3], 0);
	assert_true(in.bad);
	bytes_in_init(&in, count, 3);
	assert_null(bytes_take(&in, SIZE_MAX));
	assert_true(in.bad);
	bytes_in_init(&in, NULL, 0);
	assert_int_equal(bytes_left(&in), 0);
	assert_int_equal(bytes_get_u8(&in), 0);
	assert_true(in.bad);
}

static void
raw_bytes(void **state)
{
	uint8_t buf[8] = {0}, to[4];
	struct bytes_in in;
	struct bytes_out out;

	(void)state;
	bytes_out_init(&out, buf, sizeof buf);
	bytes_put_raw(&out, "abcd", 4);
	bytes_put_raw(&out, NULL, 0);
	bytes_put_zero(&out, 2);
	assert_ptr_equal(bytes_reserve(&out, 2), buf + 6);
	assert_false(out.bad);
	bytes_in_init(&in, buf, sizeof buf);
	bytes_get_raw(&in, to, 4);
	assert_memory_equal(to, "abcd", 4);
	assert_ptr_equal(bytes_take(&in, 3), buf + 4);
	assert_int_equal(bytes_left(&in), 1);
}

/* Nothing is ever written past max, and a number is written whole or not. */
static void
writing_stops_at_the_end(void **state)
{
	(void)state;
	for (size_t max = 0; max < 12; max++) {
		uint8_t buf[16];
		struct bytes_out out;

		memset(buf, 0x55, sizeof buf);
		bytes_out_init(&out, buf, max);
		bytes_put_u32(&out, 0);
		bytes_put_u32le(&out, 0);
		bytes_put_u16(&out, 0);
		assert_int_equal(out.bad, max < 10);
		assert_int_equal(out.pos, max >= 10 ? 10 : max & ~3UL);
		for (size_t i = 0; i < sizeof buf; i++)
			assert_int_equal(buf[i], i < out.pos ? 0 : 0x55);
		if (!out.bad)
			continue;
		bytes_put_u8(&out, 0);
		bytes_put_raw(&out, count, 1);
		bytes_put_zero(&out, 1);
		assert_null(bytes_reserve(&out, 0));
		for (size_t i = out.pos; i < sizeof buf; i++)
			assert_int_equal(buf[i], 0x55);
	}
	uint8_t one;
	struct bytes_out out;

	bytes_out_init(&out, &one, 1);
	assert_null(bytes_reserve(&out, SIZE_MAX));
	assert_true(out.bad);
}

static void
patching(void **state)
{
	(void)state;
	for (size_t written = 0; written < 6; written++)
		for (size_t at = 0; at < 8; at++) {
			uint8_t buf[8] = {0};
			struct bytes_out out;

			bytes_out_init(&out, buf, sizeof buf);
			bytes_put_zero(&out, written);
			bytes_patch_u16(&out, at, 0xabcd);
			assert_int_equal(out.bad, at + 2 > written);
			assert_int_equal(out.pos, written);
			if (!out.bad)
				assert_memory_equal(buf + at, "\xab\xcd", 2);
			else
				assert_memory_equal(buf, (uint8_t[8]){0}, 8);
		}
	uint8_t buf[4];
	struct bytes_out out;

	bytes_out_init(&out, buf, sizeof buf);
	bytes_put_zero(&out, 4);
	bytes_patch_u16(&out, SIZE_MAX, 1);
	assert_true(out.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_read),
	    cmocka_unit_test(numbers_are_written),
	    cmocka_unit_test(reading_stops_at_the_end),
	    cmocka_unit_test(reading_errors_stick),
	    cmocka_unit_test(raw_bytes),
	    cmocka_unit_test(writing_stops_at_the_end),
	    cmocka_unit_test(patching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
