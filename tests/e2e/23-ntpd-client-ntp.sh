#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ntpsec's ntpd takes plain NTP time from truenoon.
. "$(dirname "$0")/lib.sh"

place srv cli
conf_truenoon srv <<END
port ${NTP[srv]}
allow
local stratum 3
END
start_truenoon srv
conf_ntpd cli <<END
server ${ADDR[srv]} iburst minpoll 3 maxpoll 3
END
start_ntpd cli
wait_for 60 ntpq_says cli peers "^\*${ADDR[srv]}" ||
	fail "ntpd does not select it: $(ntpq cli peers)"
ntpq_says cli as 'none +sys\.peer' || fail "$(ntpq cli as)"
ntpq_says cli "rv 0 stratum,refid" "stratum=4, refid=${ADDR[srv]}" ||
	fail "$(ntpq cli 'rv 0 stratum,refid')"
pass
