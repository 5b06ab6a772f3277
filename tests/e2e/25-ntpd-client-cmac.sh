#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ntpsec's ntpd takes time from truenoon under an AES-CMAC key and a digest.
. "$(dirname "$0")/lib.sh"

place srv a b
cat >"$T/ntpd.keys" <<END
1 AES-128 000102030405060708090a0b0c0d0e0f
3 SHA256 1234567890abcdef1234567890abcdef12345678
END
cat >"$T/srv.keys" <<END
1 AES128 HEX:000102030405060708090a0b0c0d0e0f
3 SHA256 HEX:1234567890abcdef1234567890abcdef12345678
END
chmod 600 "$T"/*.keys
conf_truenoon srv <<END
port ${NTP[srv]}
keyfile $T/srv.keys
allow
local stratum 3
END
start_truenoon srv
# follow PLACE ID
follow()
{
	conf_ntpd "$1" <<-END
	keys $T/ntpd.keys
	trustedkey 1 3
	server ${ADDR[srv]} key $2 iburst minpoll 3 maxpoll 3
	END
	start_ntpd "$1"
}
follow a 1
follow b 3
for name in a b; do
	wait_for 60 ntpq_says $name as 'ok +sys\.peer' ||
		fail "$name: $(ntpq $name as)"
done
says srv serverstats answered_ntp 0 || fail "unauthenticated answers"
pass
