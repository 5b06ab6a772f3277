#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes plain NTP time from chronyd.
. "$(dirname "$0")/lib.sh"

place srv cli
conf_chronyd srv <<END
port ${NTP[srv]}
allow
local stratum 5
END
conf_truenoon cli <<END
server ${HOST[srv]} port ${NTP[srv]} iburst minpoll 0 maxpoll 2
makestep 1 3
END
start_chronyd srv
start_truenoon cli
wait_for 20 synchronised cli || fail "not synchronised"
says cli tracking stratum 6 || fail "not one below stratum 5"
says cli sources sources.0.auth none || fail "not plain NTP"
says cli sources sources.0.state selected || fail "source not selected"
number "$(abs "$(tn_json cli tracking offset_s)")" -lt 0.01 || fail "offset"
chronyd_counted srv 1 3 || fail "chronyd has not seen three requests"
pass
