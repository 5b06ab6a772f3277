/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No member of a message's struct is forgotten in its field table: what goes
 * over the channel is as long as all members together.  How long that is the
 * compiler says of the same structs declared without padding.  That no two
 * fields are the same member is test_ipc_frame.c's to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Addresses travel as they lie in memory, so they keep their padding; times
 * have none. */
#include "base/addr.h"
#include "base/tstamp.h"

/* Nothing of these types may be handed to code outside of this file. */
#pragma pack(push, 1)
#include "ipc/message.h"
#pragma pack(pop)

#include "ipc/frame.h"

#define SUM(type, name) [type] = sizeof(struct name)

static const size_t sums[IPC_TYPE_CNT] = {
    SUM(IPC_CAGE, ipc_cage),
    SUM(IPC_READY, ipc_ready),
    SUM(IPC_STOP, ipc_stop),
    SUM(IPC_PEER, ipc_peer),
    SUM(IPC_CLOCK_CONF, ipc_clock_conf),
    SUM(IPC_CLOCK_ADJUST, ipc_clock_adjust),
    SUM(IPC_CLOCK_STEP, ipc_clock_step),
    SUM(IPC_CLOCK_TRUTH, ipc_clock_truth),
    SUM(IPC_CLOCK_STATE, ipc_clock_state),
    SUM(IPC_CLOCK_BASE, ipc_clock_base),
    SUM(IPC_BUDGET_ASK, ipc_budget_ask),
    SUM(IPC_BUDGET_GRANT, ipc_budget_grant),
    SUM(IPC_DNS_ASK, ipc_dns_ask),
    SUM(IPC_DNS_ANSWER, ipc_dns_answer),
    SUM(IPC_KE_ASK, ipc_ke_ask),
    SUM(IPC_KE_ANSWER, ipc_ke_answer),
    SUM(IPC_SYNC_CONF, ipc_sync_conf),
    SUM(IPC_SOURCE_SET, ipc_source_set),
    SUM(IPC_SOURCES_END, ipc_sources_end),
    SUM(IPC_LEAP_LIST, ipc_leap_list),
    SUM(IPC_HARDWARE, ipc_hardware),
    SUM(IPC_SYM_KEY, ipc_sym_key),
    SUM(IPC_SERVE_CONF, ipc_serve_conf),
    SUM(IPC_ACCESS_RULES, ipc_access_rules),
    SUM(IPC_KE_CONF, ipc_ke_conf),
    SUM(IPC_KEY_RING, ipc_key_ring),
    SUM(IPC_RING_USED, ipc_ring_used),
    SUM(IPC_DIAL_CONF, ipc_dial_conf),
    SUM(IPC_CTL_CONF, ipc_ctl_conf),
    SUM(IPC_COOKIES_SAVED, ipc_cookies),
    SUM(IPC_COOKIES_SAVE, ipc_cookies),
    SUM(IPC_DRIFT_SAVE, ipc_drift_save),
    SUM(IPC_TIME_CONFIRMED, ipc_time_confirmed),
    SUM(IPC_PATH_SAVED, ipc_path),
    SUM(IPC_PATH_SAVE, ipc_path),
    SUM(IPC_REPORT_SOURCE, report_source),
    SUM(IPC_REPORT_SYNC, report_sync),
    SUM(IPC_REPORT_SERVE, report_serve),
    SUM(IPC_REPORT_KE, report_ke),
    SUM(IPC_REPORT_ROLE, report_role),
    SUM(IPC_REPORT_CLIENTS, report_clients),
};

static void
no_member_is_forgotten(void **state)
{
	/* Zeros for a message of any type, padding included. */
	static const _Alignas(max_align_t) uint8_t zeros[2 * IPC_PAYLOAD_MAX];
	static uint8_t buf[IPC_MSG_MAX];
	unsigned wrong = 0;

	(void)state;
	for (unsigned type = 1; type < IPC_TYPE_CNT; type++) {
		struct ipc_frame f = {.type = (uint16_t)type};
		int len = ipc_frame_encode(&f, zeros, buf) - IPC_FRAME_LEN;

		if (len == (int)sums[type])
			continue;
		print_error("message type %u: %d bytes of fields, %zu of "
			    "members\n",
		    type, len, sums[type]);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_member_is_forgotten),
	};

	return cmocka_run_group_tests_name("ipc fields", tests, NULL, NULL);
}
