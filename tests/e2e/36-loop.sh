#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A server that follows us is not followed by us: chronyd takes its time from
# truenoon, which is configured to take it from that chronyd.
. "$(dirname "$0")/lib.sh"

place a b
[ "$E2E_INSIDE" = netns ] ||
	skip "needs addresses of its own: root and network namespaces"
conf_truenoon a <<END
port ${NTP[a]}
allow
local stratum 3
server ${ADDR[b]} port ${NTP[b]} iburst minpoll 0 maxpoll 0
END
conf_chronyd b <<END
port ${NTP[b]}
allow
server ${ADDR[a]} port ${NTP[a]} iburst minpoll 0 maxpoll 0
END
start_chronyd b
start_truenoon a
wait_for 30 chronyc_says b sources "^\^,\*,${ADDR[a]},3," ||
	fail "chronyd: $(chronyc b sources)"
# Its answers are good, and not believed.
wait_for 30 at_least a sources sources.0.good 6 || fail "chronyd is silent"
says a sources sources.0.reason "it follows us" ||
	fail "it is $(tn_json a sources sources.0.reason)"
says a sources sources.0.samples 0 || fail "samples of its own follower"
says a tracking synchronised false || fail "follows its own follower"
chronyc_says b tracking ",${ADDR[a]},4," || fail "chronyd lost its source"
pass
