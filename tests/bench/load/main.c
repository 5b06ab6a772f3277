/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon-load: what a server carries.  Plain NTP, NTS with keys from real
 * exchanges, and key exchanges; at a fixed rate or as fast as answers return;
 * one line of JSON with rate, loss, latency and the server's CPU time.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define KEYS_MAX 4096

static const char usage[] =
    "usage: truenoon-load [OPTION...] ADDRESS\n"
    "  -m, --mode ntp|nts|ke     what to ask for (ntp)\n"
    "  -p, --port N              UDP port (123; for nts: as the exchange "
    "says)\n"
    "  -k, --ke-port N           TCP port of the key exchange (4460)\n"
    "      --ca FILE             whom to trust in it\n"
    "      --name NAME           in the certificate (the address)\n"
    "  -l, --length N            bytes of a plain request, at least (48)\n"
    "  -K, --keys N              sessions to spread NTS requests over (4)\n"
    "  -P, --placeholders N      0 to 7, in each NTS request (0)\n"
    "  -s, --sources ADDRESS     first address to send from; all of them must\n"
    "  -a, --addresses N         be local: ip route add local PREFIX dev lo\n"
    "  -o, --outstanding N       as fast as answers return, N under way (64)\n"
    "  -r, --rate R              so many a second instead\n"
    "  -t, --time S              how long (2)\n"
    "  -v, --verify N            open every Nth NTS answer (64; 0: none)\n"
    "      --pid PID             a server process whose CPU time to account;\n"
    "                            may be repeated\n"
    "      --core N              and a core, interrupts included\n";

enum long_option {
	OPT_CA = 256,
	OPT_NAME,
	OPT_PID,
	OPT_CORE,
};

static const struct option options[] = {
    {"mode", required_argument, NULL, 'm'},
    {"port", required_argument, NULL, 'p'},
    {"ke-port", required_argument, NULL, 'k'},
    {"ca", required_argument, NULL, OPT_CA},
    {"name", required_argument, NULL, OPT_NAME},
    {"length", required_argument, NULL, 'l'},
    {"keys", required_argument, NULL, 'K'},
    {"placeholders", required_argument, NULL, 'P'},
    {"sources", required_argument, NULL, 's'},
    {"addresses", required_argument, NULL, 'a'},
    {"outstanding", required_argument, NULL, 'o'},
    {"rate", required_argument, NULL, 'r'},
    {"time", required_argument, NULL, 't'},
    {"verify", required_argument, NULL, 'v'},
    {"pid", required_argument, NULL, OPT_PID},
    {"core", required_argument, NULL, OPT_CORE},
    {0},
};

static int
fault(const char *what)
{
	fprintf(stderr, "load: %s\n%s", what, usage);
	return -1;
}

static unsigned
number(const char *text, unsigned max)
{
	unsigned long v = strtoul(text, NULL, 10);

	return v > max ? max : (unsigned)v;
}

static int
set_mode(struct load_options *o, const char *text)
{
	static const char *const names[] = {"ntp", "nts", "ke"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0) {
			o->mode = (enum load_mode)i;
			return 0;
		}
	return fault("no such mode");
}

static int
set_option(struct load_options *o, int option, const char *text)
{
	switch (option) {
	case 'm':
		return set_mode(o, text);
	case 'p':
		o->server.port = (uint16_t)number(text, 65535);
		return 0;
	case 'k':
		o->ke_port = (uint16_t)number(text, 65535);
		return 0;
	case 'l':
		o->len = number(text, LOAD_PACKET) & ~3U;
		return 0;
	case 'K':
		o->key_cnt = number(text, KEYS_MAX);
		return 0;
	case 'P':
		o->placeholder_cnt = number(text, 7);
		return 0;
	case 's':
		return addr_parse(&o->source, text) < 0 ? fault("no address")
							: 0;
	case 'a':
		o->address_cnt = number(text, UINT32_MAX);
		return 0;
	case 'o':
		o->outstanding = number(text, 65536);
		return 0;
	case 'r':
		o->rate = strtod(text, NULL);
		return 0;
	case 't':
		o->duration_s = strtod(text, NULL);
		return 0;
	case 'v':
		o->verify = number(text, UINT32_MAX);
		return 0;
	case OPT_CA:
		o->ca = text;
		return 0;
	case OPT_NAME:
		o->name = text;
		return 0;
	case OPT_CORE:
		o->core = (int)number(text, 4095);
		return 0;
	case OPT_PID:
		if (o->pid_cnt == LOAD_PIDS_MAX)
			return fault("too many processes");
		o->pids[o->pid_cnt++] = (int)number(text, INT32_MAX);
		return 0;
	default:
		return fault("no such option");
	}
}

static int
parse(struct load_options *o, int argc, char **argv)
{
	uint16_t port;
	int option;

	*o = (struct load_options){
	    .ke_port = 4460,
	    .key_cnt = 4,
	    .outstanding = 64,
	    .duration_s = 2,
	    .verify = 64,
	    .core = -1,
	};
	while ((option = getopt_long(argc, argv,
		    "m:p:k:l:K:P:s:a:o:r:t:v:", options, NULL)) != -1)
		if (set_option(o, option, optarg) < 0)
			return -1;
	if (argc - optind != 1)
		return fault("one server, please");
	port = o->server.port;
	if (addr_parse(&o->server, argv[optind]) < 0)
		return fault("a numeric address, please");
	o->server.port = port;
	if (!o->name)
		o->name = argv[optind];
	if (o->mode != LOAD_NTP && !o->ca)
		return fault("NTS needs --ca");
	if (o->key_cnt == 0 || o->outstanding == 0 || !(o->duration_s > 0))
		return fault("nothing to do");
	if (o->source.family != ADDR_NONE && o->address_cnt == 0)
		o->address_cnt = 1;
	if (o->address_cnt > 0 && o->source.family != ADDR_V4)
		return fault("sources are IPv4 addresses");
	return 0;
}

static void
print(const struct load_options *o, const struct load_result *r)
{
	static const char *const names[] = {"ntp", "nts", "ke"};
	double per = r->answered > 0 ? 1e6 / (double)r->answered : 0;
	double all = (double)(r->sent > 0 ? r->sent : 1);

	printf("{\"mode\":\"%s\",\"duration_s\":%.3f,\"sent\":%llu,"
	       "\"answered\":%llu,\"rate\":%.0f,\"loss\":%.6f,\"bad\":%llu,"
	       "\"kissed\":%llu,\"verified\":%llu,\"verify_failed\":%llu,"
	       "\"bytes\":%.1f",
	    names[o->mode], r->duration_s, (unsigned long long)r->sent,
	    (unsigned long long)r->answered,
	    (double)r->answered / r->duration_s, (double)r->lost / all,
	    (unsigned long long)r->bad, (unsigned long long)r->kissed,
	    (unsigned long long)r->verified,
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
	if (o->core >= 0)
		printf(",\"core_us\":%.3f,\"core_busy\":%.3f",
		    r->cpu.core_s * per, r->cpu.core_s / r->duration_s);
	printf("}\n");
}

static int
run_ke(const struct load_options *o, struct load_ke *ke, struct load_result *r)
{
	struct load_cpu before;
	int rc;

	load_cpu_read(o, &before);
	rc = load_ke_run(ke, r);
	load_cpu_read(o, &r->cpu);
	r->cpu.user_s -= before.user_s;
	r->cpu.sys_s -= before.sys_s;
	r->cpu.run_s -= before.run_s;
	r->cpu.core_s -= before.core_s;
	return rc;
}

static int
run(struct load_options *o, struct load_result *r)
{
	static struct load_session sessions[KEYS_MAX];
	struct load_ke *ke = NULL;
	int rc = 0;

	if (o->mode != LOAD_NTP) {
		ke = load_ke_new(o);
		rc = ke ? 0 : -1;
	}
	for (unsigned i = 0; rc == 0 && o->mode == LOAD_NTS && i < o->key_cnt;
	     i++)
		rc = load_ke_session(ke, &sessions[i]);
	if (o->server.port == 0)
		o->server.port = o->mode == LOAD_NTS ? sessions[0].port : 123;
	if (rc == 0)
		rc = o->mode == LOAD_KE ? run_ke(o, ke, r)
					: load_run(o, sessions, r);
	load_ke_free(ke);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct load_result r;
	struct load_options o;

	if (parse(&o, argc, argv) < 0)
		return 2;
	if (run(&o, &r) < 0)
		return 1;
	print(&o, &r);
	return r.answered > 0 && r.verify_failed == 0 ? 0 : 1;
}
