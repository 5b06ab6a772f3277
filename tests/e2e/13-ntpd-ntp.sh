#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes plain NTP time from ntpsec's ntpd.
. "$(dirname "$0")/lib.sh"

place srv cli

conf_ntpd srv <<END
tos orphan 5 orphanwait 1
END
conf_truenoon cli <<END
server ${HOST[srv]} iburst minpoll 0 maxpoll 2
makestep 1 3
END
start_ntpd srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
says cli tracking stratum 6 || fail "not one below stratum 5"
says cli sources sources.0.auth none || fail "authentication is not none"
says cli sources sources.0.state selected || fail "source not selected"
says cli sources sources.0.authentication_failed 0 || fail "refused answers"
pass
