#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes NTS time from chronyd, under the server's name; chronyd
# itself counts the key exchange and the authenticated requests.
. "$(dirname "$0")/lib.sh"

place srv cli
certify srv
conf_chronyd srv <<END
port ${NTP[srv]}
ntsport ${KE[srv]}
ntsservercert $T/srv.crt
ntsserverkey $T/srv.key
allow
local stratum 5
END
conf_truenoon cli <<END
server ${HOST[srv]} nts ntsport ${KE[srv]} port ${NTP[srv]} iburst minpoll 0 maxpoll 2
ntstrustedcerts $T/ca.pem
makestep 1 3
END
start_chronyd srv
start_truenoon cli
wait_for 20 synchronised cli || fail "not synchronised"
says cli sources sources.0.auth nts || fail "not by NTS"
says cli sources sources.0.state selected || fail "source not selected"
says cli sources sources.0.authentication_failed 0 || fail "refused answers"
says cli nts sources.0.cookies 8 || fail "not eight cookies"
says cli nts sources.0.certificate.subject "CN = ${HOST[srv]}" ||
	fail "certificate subject"
chronyd_counted srv 6 1 || fail "chronyd counts no key exchange"
chronyd_counted srv 8 3 || fail "chronyd has not seen three NTS requests"
# The stock stays full: as many cookies come back as were spent.
chronyd_grew() { chronyd_counted srv 8 12; }
wait_for 20 chronyd_grew || fail "polling stopped"
says cli nts sources.0.cookies 8 || fail "the stock shrinks"
[ "$(chronyc srv serverstats | cut -d, -f6)" = 1 ] ||
	fail "more than one key exchange"
pass
