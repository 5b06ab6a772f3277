#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Interleaved mode (RFC 9769) between truenoon and chronyd, either way round,
# and among ourselves, plain and with NTS.
. "$(dirname "$0")/lib.sh"

need_peers
place ours theirs cli
certify ours
certify theirs
conf_truenoon ours <<END
port ${NTP[ours]}
ntsport ${KE[ours]}
ntsservercert $T/ours.crt
ntsserverkey $T/ours.key
allow
local stratum 3
END
conf_chronyd theirs <<END
port ${NTP[theirs]}
ntsport ${KE[theirs]}
ntsservercert $T/theirs.crt
ntsserverkey $T/theirs.key
allow
local stratum 3
END
start_truenoon ours
start_chronyd theirs

# options PLACE NTS: the source line of a client.
options()
{
	echo "server ${HOST[$1]} port ${NTP[$1]} iburst minpoll 0 maxpoll 0" \
		"xleave ${2:+nts ntsport ${KE[$1]}}"
}

# A chronyd client of ours, and clients of ours of both.
for nts in "" nts; do
	conf_chronyd "their$nts" <<-END
	$(options ours "$nts")
	ntstrustedcerts $T/ca.pem
	port 0
	END
	start_chronyd "their$nts@cli"
	for server in ours theirs; do
		conf_truenoon "our$nts-$server" <<-END
		$(options "$server" "$nts")
		ntstrustedcerts $T/ca.pem
		END
		start_truenoon "our$nts-$server@cli"
	done
done

chronyd_interleaved()
{
	in_place cli "$PEERS/bin/chronyc" -n -h "$T/$1/chronyd.sock" ntpdata |
		grep -q '^Interleaved *: Yes'
}

for nts in "" nts; do
	wait_for 30 chronyd_interleaved "their$nts" ||
		fail "chronyd $nts: not interleaved"
	for server in ours theirs; do
		wait_for 30 says "our$nts-$server" sources \
			sources.0.interleaved true ||
			fail "truenoon $nts at $server: not interleaved"
		says "our$nts-$server" sources sources.0.bogus 0 ||
			fail "truenoon $nts at $server: bogus answers"
		number "$(abs "$(tn_json "our$nts-$server" sources \
			sources.0.last_offset_s)")" -lt 0.005 ||
			fail "truenoon $nts at $server: offset"
	done
done
counted()
{
	[ "$(tn_json ours serverstats answered_interleaved)" -ge 12 ]
}
wait_for 20 counted || fail "ours does not count interleaved answers"
# The kernel stamped nearly all that came, and all answers to these.
tn ours serverstats --json >"$T/stats"
stat()
{
	json "$1" <"$T/stats"
}
number "$(stat answer_stamps_kernel)" -ge 12 ||
	fail "stamps of answers: $(cat "$T/stats")"
number "$(($(stat request_stamps_kernel) + $(stat request_stamps_daemon)))" \
	-eq "$(stat requests)" && number "$(stat request_stamps_kernel)" -ge 12 ||
	fail "stamps of requests: $(cat "$T/stats")"
says ours serverstats dropped_malformed 0 || fail "malformed requests"
in_place theirs "$PEERS/bin/chronyc" -h "$T/theirs/chronyd.sock" serverstats |
	grep -q '^Interleaved NTP packets *: *[1-9]' ||
	fail "chronyd has not answered interleaved"
pass
