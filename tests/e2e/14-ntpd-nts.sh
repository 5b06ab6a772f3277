#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes NTS time from ntpsec's ntpd.
. "$(dirname "$0")/lib.sh"

place srv cli
certify srv
conf_ntpd srv <<END
nts enable
nts key $T/srv.key
nts cert $T/srv.crt
nts cookie $T/srv/cookies
tos orphan 5 orphanwait 1
END
conf_truenoon cli <<END
server ${HOST[srv]} nts iburst minpoll 0 maxpoll 2
ntstrustedcerts $T/ca.pem
makestep 1 3
END
start_ntpd srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
says cli tracking stratum 6 || fail "not one below stratum 5"
says cli sources sources.0.auth nts || fail "authentication is not nts"
says cli sources sources.0.state selected || fail "source not selected"
says cli sources sources.0.authentication_failed 0 || fail "refused answers"
pass
