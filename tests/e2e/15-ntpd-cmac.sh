#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes time from ntpsec's ntpd under symmetric keys, AES-CMAC and
# a digest longer than fits (SHA-256, cut to 20 octets by both).
. "$(dirname "$0")/lib.sh"

place srv cli
cat >"$T/srv.keys" <<END
1 AES-128 000102030405060708090a0b0c0d0e0f
3 SHA256 1234567890abcdef1234567890abcdef12345678
END
cat >"$T/cli.keys" <<END
1 AES128 HEX:000102030405060708090a0b0c0d0e0f
3 SHA256 HEX:1234567890abcdef1234567890abcdef12345678
END
chmod 600 "$T"/*.keys
conf_ntpd srv <<END
keys $T/srv.keys
trustedkey 1 3
tos orphan 5 orphanwait 1
END
start_ntpd srv
for id in 1 3; do
	conf_truenoon "cli$id" <<-END
	server ${ADDR[srv]} key $id iburst minpoll 0 maxpoll 2
	keyfile $T/cli.keys
	makestep 1 3
	END
	start_truenoon "cli$id@cli"
done
for id in 1 3; do
	wait_for 30 synchronised "cli$id" || fail "key $id: not synchronised"
	says "cli$id" sources sources.0.auth key || fail "key $id: auth"
done
pass
