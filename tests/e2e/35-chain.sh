#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# chronyd -> truenoon -> chronyd: stratum, reference id and root distance of
# what truenoon serves are those of who follows somebody; when it does not
# know the time it says so.
. "$(dirname "$0")/lib.sh"

place top mid cli
conf_truenoon mid <<END
server ${ADDR[top]} port ${NTP[top]} iburst minpoll 0 maxpoll 2
makestep 1 3
port ${NTP[mid]}
allow
END
start_truenoon mid
ask()
{
	in_place cli "$BIN" query --json --no-nts --samples 1 \
		--port "${NTP[mid]}" "${ADDR[mid]}" >"$T/query.json"
}
! ask || fail "somebody without time is believed: $(cat "$T/query.json")"

conf_chronyd top <<END
port ${NTP[top]}
allow
local stratum 5
END
start_chronyd top
wait_for 60 synchronised mid || fail "truenoon is not synchronised"
conf_chronyd cli <<END
server ${ADDR[mid]} port ${NTP[mid]} iburst minpoll 0 maxpoll 1
port 0
END
start_chronyd cli
wait_for 30 chronyc_says cli sources "^\^,\*,${ADDR[mid]},6," ||
	fail "chronyd: $(chronyc cli sources)"
says mid tracking refid "${ADDR[top]}" || fail "reference id of tracking"
# shellcheck disable=SC2046 # four words
top_id=$(printf '%02X' $(echo "${ADDR[top]}" | tr . ' '))
# Of ntpdata: 14 root delay, 15 root dispersion, 16 reference id.
data=$(chronyc cli ntpdata)
[ "$(echo "$data" | cut -d, -f16)" = "$top_id" ] || fail "reference id: $data"
for field in 14 15; do
	value=$(echo "$data" | cut -d, -f$field)
	number "$value" -gt 0 && number "$value" -lt 0.1 ||
		fail "root delay or dispersion: $data"
done
pass
