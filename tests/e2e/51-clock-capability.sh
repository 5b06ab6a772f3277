#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A daemon that may set the clock: CAP_SYS_TIME is in the hands of role clock
# and of super, to hand it on, and of nobody else.  It has no sources, so
# nothing is ever adjusted.
E2E_KEEP_SYS_TIME=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
could_set_clock || skip "this machine does not give CAP_SYS_TIME"

capeff()
{
	sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$1/status"
}

# What the kernel's clock runs at and whether it counts as synchronised.
kernel_clock()
{
	if command -v adjtimex >/dev/null; then
		adjtimex -p | grep -E 'frequency|status|tick'
	fi
}

before=$(kernel_clock)
conf_truenoon own <<END
# no sources
END
start own "$BIN" daemon -d -c "$T/own.conf"
ready own 20 tn own serverstats
released || skip "this build runs without filters: only a release build has cages"

[ "$(capeff "$(super_of own)")" = 00000000020005e0 ] ||
	fail "super has $(capeff "$(super_of own)")"
while read -r pid role; do
	want=0000000000000000
	[ "$role" != clock ] || want=0000000002000000
	[ "$(capeff "$pid")" = $want ] || fail "$role has $(capeff "$pid")"
done <<<"$(roles own)"
logged own 'role up role=clock.* caps=sys_time ' || fail "log about clock"

# A clock that died is back with the same, having touched nothing.
old=$(role own clock)
kill -9 "$old"
wait_for 10 another_role own clock "$old" || fail "clock is not restarted"
wait_for 10 role_says own clock up
[ "$(capeff "$(role own clock)")" = 0000000002000000 ] || fail "second clock"
stop own
[ "$(kernel_clock)" = "$before" ] || fail "the clock was touched"
pass
