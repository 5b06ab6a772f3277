#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# chronyd takes NTS time from truenoon and says that it is authenticated.
. "$(dirname "$0")/lib.sh"

place srv cli
certify srv
conf_truenoon srv <<END
port ${NTP[srv]}
ntsport ${KE[srv]}
ntsservercert $T/srv.crt
ntsserverkey $T/srv.key
allow
local stratum 3
END
start_truenoon srv
conf_chronyd cli <<END
server ${HOST[srv]} nts ntsport ${KE[srv]} port ${NTP[srv]} iburst minpoll 0 maxpoll 0
ntstrustedcerts $T/ca.pem
port 0
END
start_chronyd cli
wait_for 30 chronyc_says cli sources "^\^,\*,${ADDR[srv]},3," ||
	fail "chronyd does not select it"
# Name, mode, key id, type (15 is AES-SIV-CMAC-256), key length, age of the
# key exchange, attempts, NAKs, cookies, their length.
wait_for 20 chronyc_says cli authdata \
	"^${ADDR[srv]},NTS,1,15,256,[0-9]+,0,0,8,[0-9]+$" ||
	fail "authdata: $(chronyc cli authdata)"
wait_for 30 at_least srv serverstats answered_nts 12 || fail "fewer than twelve NTS answers"
says srv serverstats key_exchange.done 1 || fail "more than one key exchange"
says srv serverstats answered_ntp 0 || fail "unauthenticated answers"
says srv serverstats answered_nak 0 || fail "NAKs"
chronyc_says cli authdata ',0,0,8,[0-9]+$' || fail "the stock shrinks"
pass
