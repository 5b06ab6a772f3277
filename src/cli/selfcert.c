/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selfcert: a private authority and a server certificate under it, in four
 * PEM files.  An authority that is there already is used again, so that its
 * clients need no change; nothing is overwritten unless told.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "net/selfcert.h"
#include "os/clock.h"
#include "os/file.h"

#define DAY_S 86400

struct values {
	const char *ca_cert;
	const char *ca_key;
	const char *cert;
	const char *key;
	unsigned days;
	bool force;
};

static const struct cli_option options[] = {
    {"ca-cert", 0, CLI_TEXT, offsetof(struct values, ca_cert), 0, "FILE",
	"the authority, for clients (ca.pem)"},
    {"ca-key", 0, CLI_TEXT, offsetof(struct values, ca_key), 0, "FILE",
	"its key, to be kept (ca-key.pem)"},
    {"cert", 0, CLI_TEXT, offsetof(struct values, cert), 0, "FILE",
	"the server's certificate (cert.pem)"},
    {"key", 0, CLI_TEXT, offsetof(struct values, key), 0, "FILE",
	"the server's key (key.pem)"},
    {"days", 0, CLI_COUNT, offsetof(struct values, days), 36500, "N",
	"how long they are valid (365)"},
    {"force", 'f', CLI_FLAG, offsetof(struct values, force), 0, NULL,
	"overwrite the server's certificate and key"},
};

static const struct cli_command_help help = {"selfcert", "NAME-OR-ADDRESS...",
    "Make a certificate for a server with these names and addresses, signed "
    "by a private\nauthority, which is made first unless its two files are "
    "there.  For a lab: servers\nthat others use should have a certificate "
    "of a public authority.",
    options, sizeof options / sizeof *options};

static bool
exists(const char *path)
{
	struct os_file_facts f;

	return os_file_facts(path, &f) != ERR_ABSENT;
}

/* Nothing is begun that would end half done. */
static bool
may_write(const struct values *v)
{
	bool ca = exists(v->ca_cert), ca_key = exists(v->ca_key);

	if (ca != ca_key) {
		fprintf(stderr,
		    "truenoon selfcert: %s is there but %s is not: an "
		    "authority needs both, remove or complete it\n",
		    ca ? v->ca_cert : v->ca_key, ca ? v->ca_key : v->ca_cert);
		return false;
	}
	if (v->force || (!exists(v->cert) && !exists(v->key)))
		return true;
	fprintf(stderr,
	    "truenoon selfcert: %s is there already; --force overwrites it\n",
	    exists(v->cert) ? v->cert : v->key);
	return false;
}

static bool
read_pem(const char *path, unsigned rules, uint8_t **data, size_t *len)
{
	int err =
	    os_file_read(path, rules, NET_SELFCERT_PEM_MAX - 1, data, len);

	if (err == ERR_DENIED)
		fprintf(stderr,
		    "truenoon selfcert: %s can be read or written by others; "
		    "run chmod 600 on it\n",
		    path);
	else if (err)
		fprintf(stderr, "truenoon selfcert: cannot read %s: %s\n", path,
		    err == ERR_SYSTEM ? strerror(errno) : err_text(err));
	return err == 0;
}

static bool
write_pem(const char *path, const char *pem, mode_t mode)
{
	int err = os_file_write(path, pem, strlen(pem), mode);

	if (err)
		fprintf(stderr, "truenoon selfcert: cannot write %s: %s\n",
		    path, err == ERR_SYSTEM ? strerror(errno) : err_text(err));
	else
		printf("wrote %s\n", path);
	return err == 0;
}

/* Keys first: a certificate without its key would look complete. */
static bool
write_all(const struct values *v, const struct net_selfcert *c, bool new_ca)
{
	if (new_ca &&
	    (!write_pem(v->ca_key, c->ca_key, 0600) ||
		!write_pem(v->ca_cert, c->ca, 0644)))
		return false;
	if (!write_pem(v->key, c->cert_key, 0600) ||
	    !write_pem(v->cert, c->cert, 0644))
		return false;
	printf("server: ntsservercert %s, ntsserverkey %s\n"
	       "client: ntstrustedcerts %s\n",
	    v->cert, v->key, v->ca_cert);
	return true;
}

static int
make(const struct values *v, const struct net_selfcert_ask *ask, bool new_ca)
{
	struct net_selfcert *c = malloc(sizeof *c);
	int err = c ? net_selfcert_make(ask, c) : ERR_SYSTEM;
	bool done = false;

	if (err == ERR_BAD)
		fprintf(stderr,
		    "truenoon selfcert: these names cannot be in a "
		    "certificate, or the authority's files are not one; at "
		    "most %d names\n",
		    NET_SELFCERT_NAME_MAX);
	else if (err)
		fprintf(stderr, "truenoon selfcert: %s\n", err_text(err));
	else
		done = write_all(v, c, new_ca);
	if (c)
		wipe_bytes(c, sizeof *c);
	free(c);
	return done ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

static int
run(const struct values *v, char **names, int name_cnt)
{
	int64_t now_s = os_clock_real().ns / TSTAMP_NS_PER_S;
	struct net_selfcert_ask ask = {.names = (const char *const *)names,
	    .name_cnt = (size_t)name_cnt,
	    .not_before_s = now_s - DAY_S,
	    .not_after_s = now_s + (int64_t)v->days * DAY_S};
	uint8_t *ca = NULL, *key = NULL;
	size_t ca_len = 0, key_len = 0;
	int code = CLI_EXIT_FAILED;

	if (!may_write(v))
		return CLI_EXIT_FAILED;
	if (!exists(v->ca_cert))
		return make(v, &ask, true);
	if (read_pem(v->ca_cert, 0, &ca, &ca_len) &&
	    read_pem(v->ca_key, OS_FILE_PRIVATE, &key, &key_len)) {
		ask.ca = (const char *)ca;
		ask.ca_key = (const char *)key;
		code = make(v, &ask, false);
	}
	os_file_free(ca, ca_len);
	os_file_free(key, key_len);
	return code;
}

int
cli_selfcert(int argc, char **argv)
{
	struct values v = {.ca_cert = "ca.pem",
	    .ca_key = "ca-key.pem",
	    .cert = "cert.pem",
	    .key = "key.pem",
	    .days = 365};
	int operand_cnt, err;

	err = cli_options_parse(&help, argc, argv, &v, &operand_cnt);
	if (err)
		return err == CLI_OPTIONS_HELP ? CLI_EXIT_OK : CLI_EXIT_USAGE;
	if (operand_cnt == 0) {
		fputs("truenoon selfcert: for which name?\n", stderr);
		fputs("'truenoon help selfcert' lists the options\n", stderr);
		return CLI_EXIT_USAGE;
	}
	return run(&v, argv + 1, operand_cnt);
}
