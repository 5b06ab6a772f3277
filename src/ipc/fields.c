/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The field tables.  A message is its fields in the order of these rows,
 * without gaps; tests/unit/test_ipc_fields.c holds each table against the
 * struct it describes, so that a field cannot be forgotten.
 */
#include "fields_priv.h"

#include "base/role.h"
#include "ipc/message.h"

#define SIZE(s, f) sizeof(((struct s *)0)->f)
#define CNT(s, f)  (SIZE(s, f) / SIZE(s, f[0]))
#define ROW(k, s, f)                                                           \
	{                                                                      \
		.kind = k, .offset = offsetof(struct s, f),                    \
		.size = SIZE(s, f), .cnt = 1                                   \
	}
#define INT(s, f)  ROW(FIELD_INT, s, f)
#define BOOL(s, f) ROW(FIELD_BOOL, s, f)
#define F64(s, f)  ROW(FIELD_F64, s, f)
#define STR(s, f)  ROW(FIELD_STR, s, f)
#define RAW(s, f)  ROW(FIELD_RAW, s, f)
#define ADDR(s, f) ROW(FIELD_ADDR, s, f)
#define COUNT(s, f, max)                                                       \
	{                                                                      \
		.kind = FIELD_COUNT, .offset = offsetof(struct s, f),          \
		.size = SIZE(s, f), .cnt = 1, .most = max                      \
	}
#define MANY(k, s, f)                                                          \
	{                                                                      \
		.kind = k, .offset = offsetof(struct s, f),                    \
		.size = SIZE(s, f[0]), .cnt = CNT(s, f)                        \
	}
#define INTS(s, f)  MANY(FIELD_INT, s, f)
#define ADDRS(s, f) MANY(FIELD_ADDR, s, f)
#define SUB(s, f, t)                                                           \
	{                                                                      \
		.kind = FIELD_SUB, .offset = offsetof(struct s, f),            \
		.size = SIZE(s, f[0]), .cnt = CNT(s, f), .sub = t              \
	}
#define END                                                                    \
	{                                                                      \
		.kind = FIELD_END                                              \
	}

static const struct field ipc_cage[] = {
    BOOL(ipc_cage, change_user),
    INT(ipc_cage, uid),
    INT(ipc_cage, gid),
    INT(ipc_cage, parent),
    BOOL(ipc_cage, virtual_clock),
    INT(ipc_cage, log_level),
    INT(ipc_cage, nofile),
    COUNT(ipc_cage, port_cnt, IPC_PORTS_MAX),
    INTS(ipc_cage, ports),
    BOOL(ipc_cage, lock_all),
    INT(ipc_cage, sched_priority),
    BOOL(ipc_cage, hardware),
    END,
};

static const struct field ipc_ready[] = {
    STR(ipc_ready, cage),
    END,
};

static const struct field ipc_stop[] = {
    INT(ipc_stop, linger_s),
    END,
};

static const struct field ipc_peer[] = {
    COUNT(ipc_peer, role, ROLE_CNT - 1),
    INT(ipc_peer, instance),
    BOOL(ipc_peer, up),
    END,
};

static const struct field ipc_clock_conf[] = {
    BOOL(ipc_clock_conf, virtual_clock),
    BOOL(ipc_clock_conf, makestep),
    F64(ipc_clock_conf, makestep_s),
    INT(ipc_clock_conf, makestep_limit),
    F64(ipc_clock_conf, maxslew_sps),
    BOOL(ipc_clock_conf, maxslew_given),
    F64(ipc_clock_conf, maxdrift_sps),
    INT(ipc_clock_conf, minsources),
    INT(ipc_clock_conf, slot_cnt),
    INT(ipc_clock_conf, boot_id),
    BOOL(ipc_clock_conf, rtcsync),
    BOOL(ipc_clock_conf, kernel_leap),
    F64(ipc_clock_conf, base_freq_sps),
    BOOL(ipc_clock_conf, base_known),
    INT(ipc_clock_conf, build.ns),
    COUNT(ipc_clock_conf, saved_len, IPC_LIMITS_MAX),
    RAW(ipc_clock_conf, saved),
    END,
};

static const struct field ipc_clock_adjust[] = {
    INT(ipc_clock_adjust, seq),
    F64(ipc_clock_adjust, cmd.freq_sps),
    INT(ipc_clock_adjust, cmd.offset.ns),
    INT(ipc_clock_adjust, cmd.duration.ns),
    END,
};

static const struct field clockcmd_evidence[] = {
    INT(clockcmd_evidence, slot),
    INT(clockcmd_evidence, offset.ns),
    INT(clockcmd_evidence, root_distance.ns),
    END,
};

static const struct field ipc_clock_step[] = {
    INT(ipc_clock_step, seq),
    INT(ipc_clock_step, cmd.offset.ns),
    COUNT(ipc_clock_step, cmd.evidence_cnt, CLOCKCMD_EVIDENCE_MAX),
    SUB(ipc_clock_step, cmd.evidence, clockcmd_evidence),
    END,
};

static const struct field ipc_clock_truth[] = {
    BOOL(ipc_clock_truth, truth.synced),
    INT(ipc_clock_truth, truth.leap),
    INT(ipc_clock_truth, truth.tai_offset_s),
    INT(ipc_clock_truth, truth.max_error.ns),
    INT(ipc_clock_truth, truth.est_error.ns),
    INT(ipc_clock_truth, truth.valid.ns),
    BOOL(ipc_clock_truth, confirmed),
    END,
};

static const struct field ipc_clock_state[] = {
    INT(ipc_clock_state, state.as_of.ns),
    F64(ipc_clock_state, state.freq_sps),
    F64(ipc_clock_state, state.slew_rate_sps),
    F64(ipc_clock_state, state.slew_max_sps),
    INT(ipc_clock_state, state.slew_until.ns),
    INT(ipc_clock_state, state.corrected.ns),
    INT(ipc_clock_state, state.stepped.ns),
    INT(ipc_clock_state, state.foreign.ns),
    INT(ipc_clock_state, state.suspended.ns),
    INT(ipc_clock_state, state.budget_left.ns),
    INT(ipc_clock_state, state.step_cnt),
    INT(ipc_clock_state, state.command_seq),
    COUNT(ipc_clock_state, state.refusal, CLOCKCMD_REFUSAL_CNT - 1),
    BOOL(ipc_clock_state, state.startup),
    END,
};

static const struct field ipc_clock_base[] = {
    F64(ipc_clock_base, freq_sps),
    BOOL(ipc_clock_base, synced_once),
    END,
};

static const struct field ipc_budget_ask[] = {
    INT(ipc_budget_ask, id),
    COUNT(ipc_budget_ask, saved_len, IPC_LIMITS_MAX),
    RAW(ipc_budget_ask, saved),
    END,
};

static const struct field ipc_budget_grant[] = {
    INT(ipc_budget_grant, id),
    BOOL(ipc_budget_grant, written),
    END,
};

static const struct field ipc_dns_ask[] = {
    INT(ipc_dns_ask, id),
    INT(ipc_dns_ask, family),
    BOOL(ipc_dns_ask, local_ok),
    STR(ipc_dns_ask, name),
    END,
};

static const struct field ipc_dns_answer[] = {
    INT(ipc_dns_answer, id),
    INT(ipc_dns_answer, err),
    COUNT(ipc_dns_answer, addr_cnt, IPC_ADDRS_MAX),
    ADDRS(ipc_dns_answer, addrs),
    END,
};

static const struct field ipc_ke_ask[] = {
    INT(ipc_ke_ask, id),
    ADDR(ipc_ke_ask, addr),
    INT(ipc_ke_ask, cert_set),
    INT(ipc_ke_ask, check_at.ns),
    COUNT(ipc_ke_ask, aead_cnt, IPC_AEADS_MAX),
    INTS(ipc_ke_ask, aeads),
    STR(ipc_ke_ask, host),
    END,
};

static const struct field ipc_cookie[] = {
    COUNT(ipc_cookie, len, IPC_COOKIE_MAX),
    RAW(ipc_cookie, data),
    END,
};

static const struct field ipc_ke_answer[] = {
    INT(ipc_ke_answer, id),
    COUNT(ipc_ke_answer, stage, REPORT_STAGE_CNT - 1),
    BOOL(ipc_ke_answer, permanent),
    STR(ipc_ke_answer, why),
    INT(ipc_ke_answer, aead),
    COUNT(ipc_ke_answer, key_len, IPC_KEY_MAX),
    RAW(ipc_ke_answer, c2s),
    RAW(ipc_ke_answer, s2c),
    BOOL(ipc_ke_answer, second_set),
    RAW(ipc_ke_answer, c2s_second),
    RAW(ipc_ke_answer, s2c_second),
    COUNT(ipc_ke_answer, cookie_cnt, IPC_COOKIES_MAX),
    SUB(ipc_ke_answer, cookies, ipc_cookie),
    STR(ipc_ke_answer, server),
    INT(ipc_ke_answer, port),
    INT(ipc_ke_answer, cert_not_before_s),
    INT(ipc_ke_answer, cert_not_after_s),
    STR(ipc_ke_answer, cert_subject),
    END,
};

static const struct field ipc_sync_conf[] = {
    BOOL(ipc_sync_conf, virtual_clock),
    BOOL(ipc_sync_conf, reload),
    BOOL(ipc_sync_conf, makestep),
    F64(ipc_sync_conf, makestep_s),
    INT(ipc_sync_conf, makestep_limit),
    F64(ipc_sync_conf, maxslew_sps),
    BOOL(ipc_sync_conf, maxslew_given),
    F64(ipc_sync_conf, maxdrift_sps),
    F64(ipc_sync_conf, maxchange_s),
    INT(ipc_sync_conf, maxchange_start),
    INT(ipc_sync_conf, maxchange_ignore),
    INT(ipc_sync_conf, minsources),
    INT(ipc_sync_conf, authselect),
    F64(ipc_sync_conf, maxdistance_s),
    F64(ipc_sync_conf, maxjitter_s),
    F64(ipc_sync_conf, combinelimit),
    F64(ipc_sync_conf, stratumweight_s),
    F64(ipc_sync_conf, reselectdist_s),
    F64(ipc_sync_conf, corrtimeratio),
    F64(ipc_sync_conf, maxupdateskew_ppm),
    F64(ipc_sync_conf, maxclockerror_sps),
    F64(ipc_sync_conf, targeterror_s),
    F64(ipc_sync_conf, drift_sps),
    F64(ipc_sync_conf, drift_error_sps),
    F64(ipc_sync_conf, wander_log10),
    F64(ipc_sync_conf, wander_error_log10),
    INT(ipc_sync_conf, ntsrefresh_s),
    BOOL(ipc_sync_conf, local),
    INT(ipc_sync_conf, local_stratum),
    INT(ipc_sync_conf, leapmode),
    ADDR(ipc_sync_conf, bind4),
    ADDR(ipc_sync_conf, bind6),
    STR(ipc_sync_conf, bind_device),
    INT(ipc_sync_conf, hardware_wait.ns),
    COUNT(ipc_sync_conf, aead_cnt, IPC_AEADS_MAX),
    INTS(ipc_sync_conf, aeads),
    INT(ipc_sync_conf, last_known.ns),
    END,
};

static const struct field ipc_source_set[] = {
    INT(ipc_source_set, slot),
    INT(ipc_source_set, slot_cnt),
    BOOL(ipc_source_set, pool),
    BOOL(ipc_source_set, nts),
    BOOL(ipc_source_set, iburst),
    BOOL(ipc_source_set, burst),
    BOOL(ipc_source_set, prefer),
    BOOL(ipc_source_set, noselect),
    BOOL(ipc_source_set, trust),
    BOOL(ipc_source_set, require),
    BOOL(ipc_source_set, offline),
    BOOL(ipc_source_set, xleave),
    BOOL(ipc_source_set, local_ok),
    INT(ipc_source_set, family),
    INT(ipc_source_set, version),
    INT(ipc_source_set, port),
    INT(ipc_source_set, ke_port),
    INT(ipc_source_set, minpoll_log2s),
    INT(ipc_source_set, maxpoll_log2s),
    INT(ipc_source_set, key_id),
    INT(ipc_source_set, cert_set),
    F64(ipc_source_set, maxdelay_s),
    F64(ipc_source_set, maxdelayratio),
    F64(ipc_source_set, maxdelaydevratio),
    F64(ipc_source_set, maxdelayquant),
    F64(ipc_source_set, mindelay_s),
    F64(ipc_source_set, asymmetry),
    F64(ipc_source_set, offset_s),
    INT(ipc_source_set, minsamples),
    INT(ipc_source_set, maxsamples),
    STR(ipc_source_set, host),
    END,
};

static const struct field ipc_sources_end[] = {
    INT(ipc_sources_end, cnt),
    END,
};

static const struct field ipc_leap_list[] = {
    INT(ipc_leap_list, expires_s),
    COUNT(ipc_leap_list, cnt, IPC_LEAPS_MAX),
    INTS(ipc_leap_list, at_s),
    INTS(ipc_leap_list, tai_offset_s),
    END,
};

static const struct field ipc_hardware[] = {
    STR(ipc_hardware, interface),
    INT(ipc_hardware, if_idx),
    INT(ipc_hardware, speed_mbps),
    INT(ipc_hardware, minpoll_log2s),
    INT(ipc_hardware, maxpoll_log2s),
    BOOL(ipc_hardware, nocrossts),
    INT(ipc_hardware, minsamples),
    INT(ipc_hardware, maxsamples),
    F64(ipc_hardware, precision_s),
    F64(ipc_hardware, txcomp_s),
    F64(ipc_hardware, rxcomp_s),
    END,
};

static const struct field ipc_sym_key[] = {
    INT(ipc_sym_key, id),
    INT(ipc_sym_key, type),
    COUNT(ipc_sym_key, len, IPC_SYM_KEY_MAX),
    RAW(ipc_sym_key, key),
    END,
};

#define LIMIT(s)                                                               \
	BOOL(s, limit.on), INT(s, limit.burst), INT(s, limit.leak_log2),       \
	    INT(s, limit.kod_log2), INT(s, limit.interval_log2s),              \
	    INT(s, limit.table_len)

static const struct field ipc_serve_conf[] = {
    INT(ipc_serve_conf, socket_cnt),
    INT(ipc_serve_conf, port),
    BOOL(ipc_serve_conf, nts),
    BOOL(ipc_serve_conf, local),
    INT(ipc_serve_conf, local_stratum),
    F64(ipc_serve_conf, local_distance_s),
    F64(ipc_serve_conf, smear_freq_ppm),
    F64(ipc_serve_conf, smear_wander_ppm),
    INT(ipc_serve_conf, pinned_cpu),
    BOOL(ipc_serve_conf, clientlog),
    LIMIT(ipc_serve_conf),
    END,
};

static const struct field ipc_access_rule[] = {
    BOOL(ipc_access_rule, allow),
    BOOL(ipc_access_rule, all),
    INT(ipc_access_rule, bits),
    ADDR(ipc_access_rule, addr),
    END,
};

static const struct field ipc_access_rules[] = {
    COUNT(ipc_access_rules, cnt, IPC_RULES_MAX),
    SUB(ipc_access_rules, at, ipc_access_rule),
    END,
};

static const struct field ipc_ke_conf[] = {
    INT(ipc_ke_conf, listener_cnt),
    INT(ipc_ke_conf, connection_max),
    INT(ipc_ke_conf, ntp_port),
    COUNT(ipc_ke_conf, aead_cnt, IPC_AEADS_MAX),
    INTS(ipc_ke_conf, aeads),
    STR(ipc_ke_conf, ntp_server),
    STR(ipc_ke_conf, groups),
    BOOL(ipc_ke_conf, clientlog),
    LIMIT(ipc_ke_conf),
    END,
};

static const struct field ipc_ctl_conf[] = {
    INT(ipc_ctl_conf, uid),
    BOOL(ipc_ctl_conf, clientlog),
    INT(ipc_ctl_conf, clientlog_len),
    LIMIT(ipc_ctl_conf),
    END,
};

static const struct field ipc_key_ring[] = {
    COUNT(ipc_key_ring, len, IPC_RING_MAX),
    RAW(ipc_key_ring, ring),
    END,
};

static const struct field ipc_dial_conf[] = {
    INT(ipc_dial_conf, pad),
    END,
};

static const struct field ipc_cookies[] = {
    INT(ipc_cookies, ke_port),
    INT(ipc_cookies, place),
    STR(ipc_cookies, host),
    COUNT(ipc_cookies, len, IPC_BLOB_MAX),
    RAW(ipc_cookies, blob),
    END,
};

static const struct field ipc_drift_save[] = {
    F64(ipc_drift_save, freq_sps),
    F64(ipc_drift_save, error_sps),
    F64(ipc_drift_save, wander_log10),
    F64(ipc_drift_save, wander_error_log10),
    END,
};

static const struct field ipc_path[] = {
    ADDR(ipc_path, addr),
    F64(ipc_path, base_delay_s),
    END,
};

static const struct field ipc_ring_used[] = {
    INT(ipc_ring_used, id),
    INT(ipc_ring_used, seal_cnt),
    END,
};

static const struct field ipc_time_confirmed[] = {
    INT(ipc_time_confirmed, wall.ns),
    END,
};

static const struct field report_source[] = {
    INT(report_source, slot),
    BOOL(report_source, used),
    BOOL(report_source, pool),
    BOOL(report_source, interleaved),
    COUNT(report_source, tx_stamp, REPORT_STAMP_CNT - 1),
    COUNT(report_source, rx_stamp, REPORT_STAMP_CNT - 1),
    COUNT(report_source, auth, REPORT_AUTH_NTS),
    COUNT(report_source, select, REPORT_SELECT_CNT - 1),
    COUNT(report_source, stage, REPORT_STAGE_CNT - 1),
    INT(report_source, stratum),
    INT(report_source, leap),
    INT(report_source, poll_log2s),
    INT(report_source, reach),
    INT(report_source, ref_id),
    ADDR(report_source, addr),
    INT(report_source, last_rx.ns),
    INT(report_source, sample_cnt),
    F64(report_source, offset_s),
    F64(report_source, sigma_s),
    F64(report_source, last_offset_s),
    F64(report_source, delay_s),
    F64(report_source, jitter_s),
    F64(report_source, freq_sps),
    F64(report_source, freq_error_sps),
    F64(report_source, bound_s),
    F64(report_source, root_delay_s),
    F64(report_source, root_dispersion_s),
    INT(report_source, tx_cnt),
    INT(report_source, rx_cnt),
    INT(report_source, good_cnt),
    INT(report_source, bogus_cnt),
    INT(report_source, auth_bad_cnt),
    INT(report_source, kod_cnt),
    INT(report_source, aead),
    INT(report_source, cookie_cnt),
    INT(report_source, cookie_len),
    INT(report_source, ke_try_cnt),
    INT(report_source, ke_at.ns),
    INT(report_source, cert_not_after_s),
    STR(report_source, name),
    STR(report_source, cert_subject),
    STR(report_source, why),
    END,
};

static const struct field report_sync[] = {
    BOOL(report_sync, synced),
    INT(report_sync, source_cnt),
    INT(report_sync, accepted_cnt),
    INT(report_sync, selected_slot),
    INT(report_sync, step_cnt),
    COUNT(report_sync, refusal, CLOCKCMD_REFUSAL_CNT - 1),
    INT(report_sync, budget_left.ns),
    INT(report_sync, update_cnt),
    INT(report_sync, last_offset.ns),
    F64(report_sync, rms_offset_s),
    F64(report_sync, freq_sps),
    F64(report_sync, freq_error_sps),
    F64(report_sync, update_interval_s),
    INT(report_sync, hardware_used_cnt),
    INT(report_sync, hardware_refused_cnt),
    STR(report_sync, reason),
    END,
};

static const struct field report_serve[] = {
    INT(report_serve, instance),
    INT(report_serve, rx_cnt),
    INT(report_serve, rx_bytes),
    INT(report_serve, tx_cnt),
    INT(report_serve, tx_bytes),
    INTS(report_serve, by_version),
    INT(report_serve, ntp_cnt),
    INT(report_serve, mac_cnt),
    INT(report_serve, nts_cnt),
    INT(report_serve, nak_cnt),
    INT(report_serve, interleaved_cnt),
    INT(report_serve, early_cnt),
    INTS(report_serve, rx_stamp_cnt),
    INTS(report_serve, tx_stamp_cnt),
    INTS(report_serve, latency_cnt),
    INT(report_serve, denied_cnt),
    INT(report_serve, malformed_cnt),
    INT(report_serve, mode_cnt),
    INT(report_serve, auth_bad_cnt),
    INT(report_serve, limited_cnt),
    INT(report_serve, shed_cnt),
    INT(report_serve, missed_cnt),
    INT(report_serve, send_fail_cnt),
    END,
};

static const struct field report_ke[] = {
    INT(report_ke, instance),
    INT(report_ke, accept_cnt),
    INT(report_ke, done_cnt),
    INT(report_ke, tls_fail_cnt),
    INT(report_ke, tls_lost_cnt),
    INT(report_ke, tls_version_cnt),
    INT(report_ke, tls_alpn_cnt),
    INT(report_ke, bad_request_cnt),
    INT(report_ke, no_agreement_cnt),
    INT(report_ke, internal_cnt),
    INT(report_ke, timeout_cnt),
    INTS(report_ke, late_cnt),
    INT(report_ke, evicted_cnt),
    INT(report_ke, refused_cnt),
    INT(report_ke, denied_cnt),
    INT(report_ke, limited_cnt),
    INT(report_ke, pause_cnt),
    INT(report_ke, open_cnt),
    INT(report_ke, ring_cnt),
    INT(report_ke, ring_at.ns),
    INT(report_ke, cert_not_after_s),
    STR(report_ke, cert_subject),
    END,
};

static const struct field report_client[] = {
    ADDR(report_client, addr),
    INT(report_client, ask_cnt),
    INT(report_client, drop_cnt),
    INT(report_client, nts_cnt),
    INT(report_client, ke_cnt),
    END,
};

static const struct field report_clients[] = {
    COUNT(report_clients, cnt, REPORT_CLIENTS_MAX),
    SUB(report_clients, at, report_client),
    END,
};

static const struct field report_role[] = {
    COUNT(report_role, role, ROLE_CNT - 1),
    INT(report_role, instance),
    BOOL(report_role, up),
    BOOL(report_role, given_up),
    BOOL(report_role, gone),
    INT(report_role, restart_cnt),
    INT(report_role, pid),
    INT(report_role, since.ns),
    STR(report_role, cage),
    STR(report_role, last_death),
    END,
};

static const struct field *const tables[IPC_TYPE_CNT] = {
    [IPC_CAGE] = ipc_cage,
    [IPC_READY] = ipc_ready,
    [IPC_STOP] = ipc_stop,
    [IPC_PEER] = ipc_peer,
    [IPC_CLOCK_CONF] = ipc_clock_conf,
    [IPC_CLOCK_ADJUST] = ipc_clock_adjust,
    [IPC_CLOCK_STEP] = ipc_clock_step,
    [IPC_CLOCK_TRUTH] = ipc_clock_truth,
    [IPC_CLOCK_STATE] = ipc_clock_state,
    [IPC_CLOCK_BASE] = ipc_clock_base,
    [IPC_BUDGET_ASK] = ipc_budget_ask,
    [IPC_BUDGET_GRANT] = ipc_budget_grant,
    [IPC_DNS_ASK] = ipc_dns_ask,
    [IPC_DNS_ANSWER] = ipc_dns_answer,
    [IPC_KE_ASK] = ipc_ke_ask,
    [IPC_KE_ANSWER] = ipc_ke_answer,
    [IPC_SYNC_CONF] = ipc_sync_conf,
    [IPC_SOURCE_SET] = ipc_source_set,
    [IPC_SOURCES_END] = ipc_sources_end,
    [IPC_LEAP_LIST] = ipc_leap_list,
    [IPC_HARDWARE] = ipc_hardware,
    [IPC_SYM_KEY] = ipc_sym_key,
    [IPC_SERVE_CONF] = ipc_serve_conf,
    [IPC_ACCESS_RULES] = ipc_access_rules,
    [IPC_KE_CONF] = ipc_ke_conf,
    [IPC_KEY_RING] = ipc_key_ring,
    [IPC_RING_USED] = ipc_ring_used,
    [IPC_DIAL_CONF] = ipc_dial_conf,
    [IPC_CTL_CONF] = ipc_ctl_conf,
    [IPC_COOKIES_SAVED] = ipc_cookies,
    [IPC_COOKIES_SAVE] = ipc_cookies,
    [IPC_DRIFT_SAVE] = ipc_drift_save,
    [IPC_TIME_CONFIRMED] = ipc_time_confirmed,
    [IPC_PATH_SAVED] = ipc_path,
    [IPC_PATH_SAVE] = ipc_path,
    [IPC_REPORT_SOURCE] = report_source,
    [IPC_REPORT_SYNC] = report_sync,
    [IPC_REPORT_SERVE] = report_serve,
    [IPC_REPORT_KE] = report_ke,
    [IPC_REPORT_ROLE] = report_role,
    [IPC_REPORT_CLIENTS] = report_clients,
};

const struct field *
ipc_fields_of(unsigned type)
{
	return type < IPC_TYPE_CNT ? tables[type] : NULL;
}

size_t
ipc_fields_len(const struct field *table)
{
	size_t len = 0;

	for (const struct field *f = table; f->kind != FIELD_END; f++) {
		size_t one = f->size;

		if (f->kind == FIELD_BOOL)
			one = 1;
		else if (f->kind == FIELD_ADDR)
			one = 24;
		else if (f->kind == FIELD_SUB)
			one = ipc_fields_len(f->sub);
		len += one * f->cnt;
	}
	return len;
}
