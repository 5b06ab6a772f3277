#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Three honest servers and one that is half a second off: a chronyd that
# follows one of the honest with an offset.  truenoon marks it a falseticker
# and stays with the others.
. "$(dirname "$0")/lib.sh"

place a b c liar cli
for name in a b c; do
	conf_chronyd $name <<-END
	port ${NTP[$name]}
	allow
	local stratum 5
	END
	start_chronyd $name
done
conf_chronyd liar <<END
port ${NTP[liar]}
allow
server ${ADDR[a]} port ${NTP[a]} iburst minpoll 0 maxpoll 0 offset 0.5
makestep 0.1 1
END
start_chronyd liar
lies()
{
	in_place cli "$BIN" query --json --no-nts --port "${NTP[liar]}" \
		"${ADDR[liar]}" >"$T/liar.json" &&
	number "$(abs "$(json servers.0.offset_s <"$T/liar.json")")" -gt 0.4
}
wait_for 30 lies || fail "the liar does not lie: $(cat "$T/liar.json")"

conf_truenoon cli <<END
server ${ADDR[liar]} port ${NTP[liar]} iburst minpoll 0 maxpoll 2
server ${ADDR[a]} port ${NTP[a]} iburst minpoll 0 maxpoll 2
server ${ADDR[b]} port ${NTP[b]} iburst minpoll 0 maxpoll 2
server ${ADDR[c]} port ${NTP[c]} iburst minpoll 0 maxpoll 2
makestep 1 3
END
start_truenoon cli

# state ADDRESS PORT: of that source.
state()
{
	tn cli sources --json >"$T/sources.json"
	local i n
	n=$(json sources.# <"$T/sources.json")
	for ((i = 0; i < n; i++)); do
		[ "$(json "sources.$i.address" <"$T/sources.json")" = "$1" ] &&
		[ "$(json "sources.$i.port" <"$T/sources.json")" = "$2" ] ||
			continue
		json "sources.$i.state" <"$T/sources.json"
	done
}
unmasked()
{
	synchronised cli && [ "$(state "${ADDR[liar]}" "${NTP[liar]}")" = falseticker ]
}
wait_for 40 unmasked || fail "the liar is $(state "${ADDR[liar]}" "${NTP[liar]}")"
for name in a b c; do
	case $(state "${ADDR[$name]}" "${NTP[$name]}") in
	selected | combined | candidate | accepted) ;;
	*) fail "honest $name is $(state "${ADDR[$name]}" "${NTP[$name]}")" ;;
	esac
done
number "$(abs "$(tn_json cli tracking offset_s)")" -lt 0.1 || fail "offset"
number "$(abs "$(tn_json cli tracking virtual_clock_s)")" -lt 0.1 ||
	fail "the clock followed the liar"
pass
