/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The environment of a role: nothing, or what libcrypto is to think of the
 * processor.  It reads that while it is loaded, so a role cannot set it itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net/tls.h"
#include "super_priv.h"

/* Of libcrypto's manual, one for each architecture. */
static const char *const names[] = {"OPENSSL_ia32cap", "OPENSSL_armcap",
    "OPENSSL_ppccap", "OPENSSL_riscvcap", "OPENSSL_s390xcap"};

void
daemon_environ_read(struct super *s)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = secure_getenv(names[i]);
		int len = value
		    ? snprintf(s->environment, sizeof s->environment, "%s=%s",
			  names[i], value)
		    : 0;

		if (len <= 0)
			continue;
		if ((size_t)len < sizeof s->environment)
			return;
		os_log_warn("variable is too long and not handed on to the "
			    "roles name=%s",
		    names[i]);
		s->environment[0] = '\0';
	}
}

static const char *
for_certificates(const struct ipc_start *start)
{
	struct net_tls_blob chains[NET_TLS_PAIR_MAX];
	struct ipc_start_record r;
	size_t cnt = 0, pos = 0;

	while (ipc_start_next(start->data, start->len, &pos, &r) == 0)
		if (r.blob == IPC_BLOB_CHAIN && cnt < NET_TLS_PAIR_MAX)
			chains[cnt++] =
			    (struct net_tls_blob){.data = r.data, .len = r.len};
	return net_tls_cpu_advice(chains, cnt);
}

const char *
daemon_environ_of(
    const struct super *s, enum role role, const struct ipc_start *start)
{
	if (s->environment[0] != '\0')
		return s->environment;
	return role == ROLE_KE ? for_certificates(start) : NULL;
}
