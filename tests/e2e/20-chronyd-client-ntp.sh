#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# chronyd takes plain NTP time from truenoon, also when it asks for the
# interleaved mode, which a server may decline.
. "$(dirname "$0")/lib.sh"

place srv cli
conf_truenoon srv <<END
port ${NTP[srv]}
allow
local stratum 3
END
start_truenoon srv
for option in "" xleave "version 3"; do
	name=cli${option%% *}
	conf_chronyd "$name" <<-END
	server ${ADDR[srv]} port ${NTP[srv]} iburst minpoll 0 maxpoll 1 $option
	port 0
	END
	start_chronyd "$name@cli"
done
for name in cli clixleave cliversion; do
	wait_for 30 chronyc_says "$name" sources \
		"^\^,\*,${ADDR[srv]},3," || fail "$name: not its source"
	chronyc_says "$name" tracking ",${ADDR[srv]},4," ||
		fail "$name: not one below stratum 3"
	chronyc_says "$name" tracking ',Normal$' || fail "$name: leap"
done
says srv serverstats dropped_malformed 0 || fail "malformed requests"
wait_for 20 at_least srv serverstats answered_ntp 9 ||
	fail "truenoon does not count its answers"
at_least srv serverstats requests_by_version.3 3 ||
	fail "truenoon does not count version 3"
pass
