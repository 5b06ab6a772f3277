/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon query: ask servers for the time now, NTS first.  This file reads
 * the options, prepares what the hosts share, runs them all on one loop and
 * shows the results.  No privilege, no file but the trusted certificates.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "os/signal.h"
#include "query_priv.h"

#define HOSTS_MAX 64
#define CA_MAX    (4 * 1024 * 1024)
#define OUT_MAX   8192 /* bytes of output for each host, at most */

#define AT(m)     offsetof(struct query_options, m)

static const struct cli_option options[] = {
    {"no-nts", 0, CLI_FLAG, AT(no_nts), 0, NULL,
	"plain NTP only: the time is not authenticated"},
    {"nts-only", 0, CLI_FLAG, AT(nts_only), 0, NULL,
	"never fall back to plain NTP"},
    {"ipv4", '4', CLI_FLAG, AT(v4), 0, NULL, "use IPv4 addresses only"},
    {"ipv6", '6', CLI_FLAG, AT(v6), 0, NULL, "use IPv6 addresses only"},
    {"port", 'p', CLI_PORT, AT(port), 65535, "N",
	"UDP port, unless the key exchange names one (123)"},
    {"ke-port", 'k', CLI_PORT, AT(ke_port), 65535, "N",
	"TCP port of the key exchange (4460)"},
    {"ca", 0, CLI_TEXT, AT(ca), 0, "FILE",
	"trust these certificates, not the system's"},
    {"timeout", 't', CLI_SECONDS, AT(timeout_s), 3600, "S",
	"give up on a server after S seconds (6)"},
    {"samples", 'n', CLI_COUNT, AT(samples), 64, "N",
	"answers to take from each server (4)"},
    {"json", 'j', CLI_FLAG, AT(json), 0, NULL,
	"for programs; truenoon-query(1) names the fields"},
};

static const struct cli_command_help help = {"query", "HOST...",
    "Ask each server for the time now, authenticated by NTS where it can, "
    "and show how\nfar this machine's clock is from it, and how sure that "
    "is.  The clock is not\ntouched.  Exit code 0: every server answered as "
    "asked.",
    options, sizeof options / sizeof *options};

/* ---- one host, whatever the step -------------------------------------------------- */

static void
end_all(struct query_host *h)
{
	cli_query_lookup_end(h);
	cli_query_ke_end(h);
	cli_query_ntp_end(h);
	net_timer_stop(&h->whole);
	if (!h->over && --h->q->running_cnt == 0)
		net_loop_stop(h->q->loop);
	h->over = true;
}

void
cli_query_finish(struct query_host *h)
{
	end_all(h);
}

void
cli_query_fail(
    struct query_host *h, enum report_stage stage, const char *fmt, ...)
{
	va_list ap;

	if (h->over)
		return;
	va_start(ap, fmt);
	vsnprintf(h->res->error, sizeof h->res->error, fmt, ap);
	va_end(ap);
	h->res->stage = (uint8_t)stage;
	end_all(h);
}

void
cli_query_step(
    struct query_host *h, double s, void (*step_over)(struct query_host *h))
{
	h->step_over = step_over;
	net_timer_arm(&h->step, tstamp_dur_from_s(s));
}

void
cli_query_wait(struct query_host *h, int fd, unsigned what,
    void (*ready)(struct query_host *h, unsigned what))
{
	h->ready = ready;
	net_watch_set(&h->watch, fd, what);
}

void
cli_query_stop(struct query_host *h)
{
	net_timer_stop(&h->step);
	net_watch_stop(&h->watch);
}

double
cli_query_left_s(const struct query_host *h)
{
	return h->q->o.timeout_s -
	    tstamp_dur_to_s(tstamp_mono_diff(os_clock_mono(), h->start));
}

static void
step_over(void *arg)
{
	struct query_host *h = arg;

	h->step_over(h);
}

static void
ready(void *arg, unsigned what)
{
	struct query_host *h = arg;

	h->ready(h, what);
}

/* Steps before the packets time out by themselves a moment before. */
static void
whole_over(void *arg)
{
	cli_query_ntp_late(arg);
}

static void
named(struct query_host *h, int err)
{
	if (err) {
		cli_query_fail(
		    h, REPORT_STAGE_NAME, "%s", cli_query_lookup_words(err));
		return;
	}
	h->res->addr = h->names.at[0];
	if (h->q->tls) {
		cli_query_ke_start(h);
		return;
	}
	h->names.at[0].port = h->q->o.port;
	cli_query_ntp_start(h, &h->names.at[0]);
}

/* "[2001:db8::1]" is how people write an address where a port could follow. */
static bool
take_name(struct query_host *h, const char *name)
{
	size_t len = strlen(name);

	if (len > 2 && name[0] == '[' && name[len - 1] == ']') {
		name++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof h->name)
		return false;
	memcpy(h->name, name, len);
	return true;
}

static int
start_host(struct query *q, struct query_host *h)
{
	h->q = q;
	h->ke.fd = h->ntp.udp.fd = -1;
	h->start = os_clock_mono();
	if (net_timer_init(&h->whole, q->loop, whole_over, h) != 0 ||
	    net_timer_init(&h->step, q->loop, step_over, h) != 0 ||
	    net_watch_init(&h->watch, q->loop, ready, h) != 0)
		return ERR_LIBRARY;
	net_timer_arm(&h->whole, tstamp_dur_from_s(q->o.timeout_s + 0.1));
	return 0;
}

static void
fini_host(struct query_host *h)
{
	net_timer_fini(&h->whole);
	net_timer_fini(&h->step);
	net_watch_fini(&h->watch);
	wipe_bytes(h, sizeof *h);
}

/* ---- what they share -------------------------------------------------------------- */

static int
complain(const char *what, const char *which)
{
	fprintf(stderr, "truenoon query: %s%s\n", what, which);
	return CLI_EXIT_FAILED;
}

static int
load_trust(struct query *q)
{
	struct net_tls_blob blob = {.name = q->o.ca ? q->o.ca : "system"};
	uint8_t *data = NULL;
	size_t len = 0, cnt = 0;
	int err;

	if (q->o.ca)
		err = os_file_read(q->o.ca, 0, CA_MAX, &data, &len);
	else
		err = net_tls_system_bundle(&data, &len);
	if (err && q->o.ca)
		return complain("cannot read --ca ", q->o.ca);
	if (err)
		return complain("this system has no trusted certificates: "
				"install ca-certificates, or use --ca FILE",
		    "");
	blob.data = data;
	blob.len = len;
	q->tls = net_tls_client_new(&blob, 1, &cnt);
	os_file_free(data, len);
	if (!q->tls)
		return complain("TLS could not be set up", "");
	return cnt > 0 ? 0 : complain("no certificate in ", blob.name);
}

static int
prepare(struct query *q)
{
	if (os_signal_ignore(SIGPIPE) != 0)
		return complain("signals cannot be set", "");
	if (os_random_init(&q->rng) != 0)
		return complain("the system gives no random numbers", "");
	q->loop = net_loop_new(0);
	if (!q->loop)
		return complain("no event loop can be had", "");
	if (q->o.no_nts)
		return 0;
	if (nts_aeads_init(&q->aeads) != 0)
		return complain("libcrypto lacks AES", "");
	return load_trust(q);
}

static void
release(struct query *q)
{
	net_tls_ctx_free(q->tls);
	nts_aeads_fini(&q->aeads);
	net_loop_free(q->loop);
}

static int
run_hosts(struct query *q, struct query_host *hosts, size_t cnt)
{
	int hold = net_udp_hold_stamps(), err = 0;

	q->running_cnt = (unsigned)cnt;
	for (size_t i = 0; i < cnt && !err; i++)
		err = start_host(q, &hosts[i]);
	for (size_t i = 0; i < cnt && !err; i++)
		cli_query_lookup(&hosts[i], hosts[i].name, true, named);
	if (!err && q->running_cnt > 0)
		err = net_loop_run(q->loop);
	for (size_t i = 0; i < cnt; i++)
		fini_host(&hosts[i]);
	if (hold >= 0)
		close(hold);
	return err;
}

static int
show(const struct query *q, const struct cli_result *res, size_t cnt)
{
	size_t max = (cnt + 1) * OUT_MAX;
	int64_t now_s = os_clock_real().ns / TSTAMP_NS_PER_S;
	char *buf = malloc(max);
	int code = CLI_EXIT_OK;
	struct ctl_text t;

	if (!buf)
		return complain("out of memory", "");
	ctl_text_init(&t, buf, max);
	if (q->o.json)
		cli_result_json(&t, res, cnt, now_s);
	else
		cli_result_text(&t, res, cnt, now_s);
	fputs(buf, stdout);
	free(buf);
	for (size_t i = 0; i < cnt; i++)
		if (res[i].error[0])
			code = CLI_EXIT_FAILED;
	return fflush(stdout) == 0 ? code : CLI_EXIT_FAILED;
}

static int
query(struct query *q, char **names, size_t cnt)
{
	struct query_host *hosts = calloc(cnt, sizeof *hosts);
	struct cli_result *res = calloc(cnt, sizeof *res);
	int code = CLI_EXIT_USAGE;

	if (!hosts || !res) {
		code = complain("out of memory", "");
		goto free_all;
	}
	for (size_t i = 0; i < cnt; i++) {
		res[i].name = names[i];
		res[i].offset_s = res[i].delay_s = (double)NAN;
		res[i].bound_s = (double)NAN;
		hosts[i].res = &res[i];
		if (!take_name(&hosts[i], names[i])) {
			(void)complain("a name is empty or too long", "");
			goto free_all;
		}
	}
	code = prepare(q);
	if (code == 0 && run_hosts(q, hosts, cnt) != 0)
		code = complain("the event loop failed", "");
	if (code == 0)
		code = show(q, res, cnt);
	release(q);
free_all:
	free(res);
	free(hosts);
	return code;
}

int
cli_query(int argc, char **argv)
{
	struct query q = {.o = {.ke_port = NTS_KE_PORT,
			      .port = NTP_PORT,
			      .timeout_s = 6,
			      .samples = 4}};
	int cnt, err;

	err = cli_options_parse(&help, argc, argv, &q.o, &cnt);
	if (err)
		return err == CLI_OPTIONS_HELP ? CLI_EXIT_OK : CLI_EXIT_USAGE;
	if (cnt == 0 || cnt > HOSTS_MAX || (q.o.no_nts && q.o.nts_only)) {
		fputs(cnt == 0 ? "truenoon query: which server?\n"
			: cnt > HOSTS_MAX
			? "truenoon query: at most 64 servers at a time\n"
			: "truenoon query: --no-nts and --nts-only exclude "
			  "each other\n",
		    stderr);
		fputs("'truenoon help query' lists the options\n", stderr);
		return CLI_EXIT_USAGE;
	}
	return query(&q, argv + 1, (size_t)cnt);
}
