#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hardware stamps asked for where there are none: one line says so, and the
# client goes on with the kernel's, in basic and interleaved mode.
. "$(dirname "$0")/lib.sh"

need_peers
place theirs cli
conf_chronyd theirs <<END
port ${NTP[theirs]}
allow
local stratum 3
END
start_chronyd theirs
interface=lo
[ "$E2E_INSIDE" != netns ] || interface=eth0

for stamps in "*" "$interface rxfilter all minpoll -2" nosuchcard; do
	for mode in "" xleave; do
		name=cli-${stamps%% *}$mode
		name=${name/\*/all}
		conf_truenoon "$name" <<-END
		server ${HOST[theirs]} port ${NTP[theirs]} iburst minpoll 0 \
			maxpoll 0 $mode
		hwtimestamp $stamps
		END
		start_truenoon "$name@cli"
	done
done

by_kernel()
{
	says "$1" sources sources.0.tx_stamp kernel &&
		says "$1" sources sources.0.rx_stamp kernel
}

for card in all "$interface" nosuchcard; do
	for mode in "" xleave; do
		name=cli-$card$mode
		wait_for 30 by_kernel "$name" || fail "$name: not the kernel's"
		[ -z "$mode" ] || wait_for 30 says "$name" sources \
			sources.0.interleaved true ||
			fail "$name: not interleaved"
		number "$(abs "$(tn_json "$name" sources \
			sources.0.last_offset_s)")" -lt 0.005 ||
			fail "$name: offset"
		says "$name" tracking hardware_stamps 0 &&
			says "$name" tracking hardware_stamps_refused 0 ||
			fail "$name: stamps by hardware"
		line="no hardware stamps here, the kernel's are used"
		[ "$card" != nosuchcard ] ||
			line="no such interface: its hwtimestamp does nothing"
		[ "$(grep -c "$line" "$T/$name.log")" = 1 ] ||
			fail "$name: not said once: $line"
	done
done
logged "cli-all" "are used interface=\*" || fail "not said of all"
logged "cli-$interface" "are used interface=$interface" ||
	fail "not said of $interface"

# A reload looks again; what is no longer wanted needs no start.
sed -i '/^hwtimestamp/d' "$T/cli-all.conf"
kill -HUP "${PID[cli-all]}" "${PID[cli-nosuchcard]}"
for name in cli-all cli-nosuchcard; do
	wait_for 10 logged $name "configuration reloaded" ||
		fail "$name: not reloaded"
	! logged $name "at the next start" || fail "$name: not at once"
done
[ "$(grep -c "no such interface.*next=\"a reload looks again\"" \
	"$T/cli-nosuchcard.log")" = 2 ] || fail "not looked for again"

# Who asked for none at the start cannot switch them on later, and says so.
conf_truenoon without <<END
server ${HOST[theirs]} port ${NTP[theirs]} iburst
END
start_truenoon without@cli
echo "hwtimestamp *" >>"$T/without.conf"
kill -HUP "${PID[without]}"
wait_for 10 logged without "at the next start directive=hwtimestamp" ||
	fail "the change was not noticed"
wait_for 10 logged without "configuration reloaded" || fail "not reloaded"
pass
