#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ntpsec's ntpd takes NTS time from truenoon, and says that it is
# authenticated.
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
conf_ntpd cli <<END
nts ca $T/ca.pem
server ${HOST[srv]} nts iburst minpoll 3 maxpoll 3
END
start_ntpd cli
wait_for 60 ntpq_says cli peers '^\*' ||
	fail "ntpd does not select it: $(ntpq cli peers)"
ntpq_says cli as 'ok +sys\.peer' || fail "$(ntpq cli as)"
wait_for 20 at_least srv serverstats answered_nts 3 ||
	fail "fewer than three NTS answers"
says srv serverstats answered_ntp 0 || fail "unauthenticated answers"
says srv serverstats answered_nak 0 || fail "NAKs"
pass
