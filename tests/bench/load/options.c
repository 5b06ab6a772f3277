/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truenoon-load's options.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static const char usage[] =
    "usage: truenoon-load [OPTION...] ADDRESS\n"
    "  -m, --mode ntp|nts|ke|tcp what to ask for (ntp); tcp: what a key "
    "exchange\n"
    "                            is without cryptography\n"
    "  -p, --port N              UDP port (123; for nts: as the exchange "
    "says)\n"
    "  -k, --ke-port N           TCP port of the key exchange (4460)\n"
    "      --ca FILE             whom to trust in it\n"
    "      --name NAME           in the certificate (the address)\n"
    "  -l, --length N            bytes of a plain request, at least (48)\n"
    "  -K, --keys N              sessions to spread NTS requests over (4)\n"
    "  -P, --placeholders N      0 to 7, in each NTS request (0)\n"
    "  -x, --interleaved         as clients that ask for the time at which "
    "the\n"
    "                            last answer left (RFC 9769)\n"
    "  -s, --sources ADDRESS     first address to send from; all of them must\n"
    "  -a, --addresses N         be local: ip route add local PREFIX dev lo;\n"
    "                            IPv6: each in a /64 of its own\n"
    "  -o, --outstanding N       as fast as answers return, N under way (64)\n"
    "  -r, --rate R              so many a second instead, evenly\n"
    "  -b, --batch N             N of them together, asleep in between\n"
    "  -t, --time S              how long (2)\n"
    "  -v, --verify N            open every Nth NTS answer (64; 0: none)\n"
    "      --pid PID             a server process whose CPU time to account;\n"
    "                            may be repeated\n"
    "      --core N              and a core, interrupts included\n"
    "      --beside N            a second generator of ke or tcp, on core N\n"
    "  -h, --help                this help\n"
    "One line of JSON: requests sent and answered, rate, loss, answers that "
    "were\ninterleaved, that are no answers, that do not verify; latency; CPU "
    "time of\nthe server for each answer, and its memory before and after.  "
    "Exit code 0:\nthere were answers, and those opened verify.\n";

enum long_option {
	OPT_CA = 256,
	OPT_NAME,
	OPT_PID,
	OPT_CORE,
	OPT_BESIDE,
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
    {"interleaved", no_argument, NULL, 'x'},
    {"batch", required_argument, NULL, 'b'},
    {"help", no_argument, NULL, 'h'},
    {"pid", required_argument, NULL, OPT_PID},
    {"core", required_argument, NULL, OPT_CORE},
    {"beside", required_argument, NULL, OPT_BESIDE},
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
	static const char *const names[] = {"ntp", "nts", "ke", "tcp"};

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
		o->key_cnt = number(text, LOAD_KEYS_MAX);
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
	case 'x':
		o->interleaved = true;
		return 0;
	case 'b':
		o->batch = number(text, 65536);
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
	case OPT_BESIDE:
		o->beside = (int)number(text, 1023);
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

/* What belongs together. */
static int
check(struct load_options *o)
{
	unsigned clients;

	if ((o->mode == LOAD_NTS || o->mode == LOAD_KE) && !o->ca)
		return fault("NTS needs --ca");
	if (o->key_cnt == 0 || o->outstanding == 0 || !(o->duration_s > 0))
		return fault("nothing to do");
	if (o->beside >= 0 && o->mode != LOAD_KE && o->mode != LOAD_TCP)
		return fault("--beside is for ke and tcp");
	if (o->batch > 0 && !(o->rate > 0))
		return fault("--batch needs --rate");
	if (o->source.family != ADDR_NONE && o->address_cnt == 0)
		o->address_cnt = 1;
	clients = o->address_cnt > 0 ? o->address_cnt : LOAD_FEW;
	/* Each waits for its answer, and has it known when that left. */
	if (o->interleaved && o->outstanding > clients / 2)
		o->outstanding = clients > 1 ? clients / 2 : 1;
	if (o->address_cnt > 0 && o->source.family != o->server.family)
		return fault("sources are of the server's address family");
	return 0;
}

int
load_options(struct load_options *o, int argc, char **argv)
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
	    .beside = -1,
	};
	while ((option = getopt_long(argc, argv, "m:p:k:l:K:P:s:a:o:r:t:v:xb:h",
		    options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (set_option(o, option, optarg) < 0)
			return -1;
	}
	if (argc - optind != 1)
		return fault("one server, please");
	port = o->server.port;
	if (addr_parse(&o->server, argv[optind]) < 0)
		return fault("a numeric address, please");
	o->server.port = port;
	if (!o->name)
		o->name = argv[optind];
	return check(o);
}
