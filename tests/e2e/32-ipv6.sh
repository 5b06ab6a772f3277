#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Both directions over IPv6, plain and NTS, with addresses in brackets
# nowhere: chronyd -> truenoon -> chronyd.
. "$(dirname "$0")/lib.sh"

place srv mid cli
[ -n "${ADDR6[srv]}" ] || skip "no IPv6 here"
certify srv
certify mid
conf_chronyd srv <<END
port ${NTP[srv]}
ntsport ${KE[srv]}
ntsservercert $T/srv.crt
ntsserverkey $T/srv.key
allow
local stratum 5
END
start_chronyd srv
conf_truenoon mid <<END
server ${ADDR6[srv]} nts port ${NTP[srv]} ntsport ${KE[srv]} iburst minpoll 0 maxpoll 2
ntstrustedcerts $T/ca.pem
makestep 1 3
port ${NTP[mid]}
ntsport ${KE[mid]}
ntsservercert $T/mid.crt
ntsserverkey $T/mid.key
allow
END
start_truenoon mid
wait_for 20 synchronised mid || fail "truenoon is not synchronised"
says mid sources sources.0.address "${ADDR6[srv]}" || fail "not over IPv6"
says mid sources sources.0.auth nts || fail "not by NTS"
conf_chronyd cli <<END
server ${ADDR6[mid]} nts port ${NTP[mid]} ntsport ${KE[mid]} iburst minpoll 0 maxpoll 1
ntstrustedcerts $T/ca.pem
port 0
END
start_chronyd cli
wait_for 30 chronyc_says cli sources "^\^,\*,${ADDR6[mid]},6," ||
	fail "chronyd: $(chronyc cli sources)"
chronyc_says cli authdata "^${ADDR6[mid]},NTS,1,15,256," ||
	fail "chronyd: $(chronyc cli authdata)"
in_place cli "$BIN" query --json --ca "$T/ca.pem" --nts-only \
	--port "${NTP[mid]}" --ke-port "${KE[mid]}" "${ADDR6[mid]}" \
	>"$T/query.json" || fail "query: $(cat "$T/query.json")"
pass
