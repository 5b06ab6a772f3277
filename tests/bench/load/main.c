/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon-load: what a server carries.  Plain NTP, interleaved or not, NTS
 * with keys from real exchanges, and key exchanges; at a fixed rate or as fast
 * as answers return; one line of JSON with rate, loss, latency and the
 * server's CPU time.
 */
#include <stdio.h>

#include "load.h"

static void
print(const struct load_options *o, const struct load_result *r)
{
	static const char *const names[] = {"ntp", "nts", "ke", "tcp"};
	double per = r->answered > 0 ? 1e6 / (double)r->answered : 0;
	double all = (double)(r->sent > 0 ? r->sent : 1);

	printf("{\"mode\":\"%s\",\"duration_s\":%.3f,\"sent\":%llu,"
	       "\"answered\":%llu,\"rate\":%.0f,\"loss\":%.6f,\"bad\":%llu,"
	       "\"kissed\":%llu,\"interleaved\":%llu,\"verified\":%llu,"
	       "\"verify_failed\":%llu,"
	       "\"bytes\":%.1f",
	    names[o->mode], r->duration_s, (unsigned long long)r->sent,
	    (unsigned long long)r->answered,
	    (double)r->answered / r->duration_s, (double)r->lost / all,
	    (unsigned long long)r->bad, (unsigned long long)r->kissed,
	    (unsigned long long)r->interleaved, (unsigned long long)r->verified,
	    (unsigned long long)r->verify_failed,
	    r->answered > 0 ? (double)r->bytes / (double)r->answered : 0);
	printf(",\"latency_us\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,"
	       "\"p999\":%.2f,\"max\":%.2f}",
	    load_latency_us(&r->latency, 0.5),
	    load_latency_us(&r->latency, 0.9),
	    load_latency_us(&r->latency, 0.99),
	    load_latency_us(&r->latency, 0.999),
	    (double)r->latency.max_ns * 1e-3);
	if (o->pid_cnt > 0)
		printf(",\"cpu_us\":{\"user\":%.3f,\"sys\":%.3f,\"run\":%.3f}",
		    r->cpu.user_s * per, r->cpu.sys_s * per,
		    r->cpu.run_s * per);
	if (o->pid_cnt > 0)
		printf(",\"rss_kib\":{\"before\":%llu,\"after\":%llu}",
		    (unsigned long long)r->rss_before_kib,
		    (unsigned long long)r->cpu.rss_kib);
	if (o->core >= 0)
		printf(",\"core_us\":%.3f,\"core_busy\":%.3f",
		    r->cpu.core_s * per, r->cpu.core_s / r->duration_s);
	printf(",\"warm_up\":%llu}\n", (unsigned long long)r->warm_up);
}

int
load_tcp_run(
    const struct load_options *o, struct load_ke *ke, struct load_result *r)
{
	return ke ? load_ke_run(ke, r) : load_turns_run(o, r);
}

static int
measure_tcp(
    const struct load_options *o, struct load_ke *ke, struct load_result *r)
{
	struct load_beside beside;
	struct load_cpu before;
	int rc;

	load_cpu_read(o, &before);
	if (load_beside_begin(&beside, o, ke) < 0)
		return -1;
	rc = load_tcp_run(o, ke, r);
	if (load_beside_end(&beside, r) < 0)
		rc = -1;
	load_cpu_read(o, &r->cpu);
	load_cpu_since(&r->cpu, &before);
	r->rss_before_kib = before.rss_kib;
	return rc;
}

static int
run(struct load_options *o, struct load_result *r)
{
	static struct load_session sessions[LOAD_KEYS_MAX];
	struct load_ke *ke = NULL;
	int rc = 0;

	if (o->mode == LOAD_NTS || o->mode == LOAD_KE) {
		ke = load_ke_new(o);
		rc = ke ? 0 : -1;
	}
	for (unsigned i = 0; rc == 0 && o->mode == LOAD_NTS && i < o->key_cnt;
	     i++)
		rc = load_ke_session(ke, &sessions[i]);
	if (o->server.port == 0)
		o->server.port = o->mode == LOAD_NTS ? sessions[0].port : 123;
	if (rc == 0)
		rc = o->mode >= LOAD_KE ? measure_tcp(o, ke, r)
					: load_run(o, sessions, r);
	load_ke_free(ke);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct load_result r;
	struct load_options o;
	int rc = load_options(&o, argc, argv);

	if (rc != 0)
		return rc < 0 ? 2 : 0;
	if (run(&o, &r) < 0)
		return 1;
	print(&o, &r);
	return r.answered > 0 && r.verify_failed == 0 ? 0 : 1;
}
