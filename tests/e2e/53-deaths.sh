#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile case M1, M4, M6: each role is killed and comes back as another
# process with one line in the log, time runs on; one that dies too often
# stays down, said in the log and in the status; a stopped role stops nobody
# else; super's death is everybody's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"

is_up()
{
	[ "$(role_says "$1" "$2" up)" = true ]
}

murder()
{
	local name=$1 victim=$2 old
	old=$(role "$name" "$victim") || fail "$name has no $victim"
	kill -9 "$old"
	wait_for 10 another_role "$name" "$victim" "$old" ||
		fail "$victim is not restarted"
	wait_for 10 is_up "$name" "$victim" || fail "$victim is not up"
	[ "$(log_lines "$name" \
		"role died role=$victim/.*signal 9.*next=\"restart in")" = 1 ] ||
		fail "not one line about the death of $victim"
	[ "$(role_says "$name" "$victim" restarts)" = 1 ] ||
		fail "$victim: restarts in status"
	role_says "$name" "$victim" last_death | grep -q 'signal 9' ||
		fail "$victim: cause in status"
	[ "$(role_says "$name" "$victim" pid)" = "$(role "$name" "$victim")" ] ||
		fail "$victim: process id in status"
}

for victim in dial dns ctl clock sync; do
	murder cli "$victim"
	still_synchronised cli
done
for victim in serve ke; do
	murder srv "$victim"
	answers srv >/dev/null || fail "no answer after the death of $victim"
done
still_synchronised cli

# M4: a stopped dns keeps nobody else from working and may go on; dial, which
# nobody resumes, is replaced after a while, below.
stopped_dns=$(role cli dns)
stopped_dial=$(role cli dial)
kill -STOP "$stopped_dns" "$stopped_dial"
still_synchronised cli
wait_for 5 logged cli 'role is stopped role=dns/'
kill -CONT "$stopped_dns"

# Six deaths in a minute.
dead()
{
	logged srv 'role stays down role=ke/' ||
		{ kill -9 "$(role srv ke)" && false; }
}
wait_for 30 dead || fail "ke never stays down"
[ "$(log_lines srv 'role died role=ke/')" = 5 ] || fail "ke died not 5 times"
[ "$(log_lines srv 'role stays down role=ke/.*effect="')" = 1 ] ||
	fail "no word of what no longer works"
[ "$(role_says srv ke given_up)" = true ] || fail "status: ke given up"
in_place srv "$BIN" query --no-nts -n 1 --port "${NTP[srv]}" \
	"${HOST[srv]}" >/dev/null || fail "NTP suffers from ke"
! role srv ke || fail "ke came back"
still_synchronised cli # the cookies last

# M4, the end of it.
wait_for 40 another_role cli dial "$stopped_dial" ||
	fail "a stopped dial is never replaced"
logged cli 'role killed role=dial/.*reason="it was stopped' ||
	fail "no word of why dial was replaced"
[ "$(role cli dns)" = "$stopped_dns" ] || fail "dns was replaced, too"

# M6: nobody outlives super.
children=$(roles cli | cut -d' ' -f1)
[ "$(wc -l <<<"$children")" -ge 5 ] || fail "children"
kill -STOP "$(role cli dns)" # not even one that cannot hear of it
kill -9 "$(super_of cli)"
all_gone()
{
	local pid
	for pid in $children; do
		not_running "$pid" || return 1
	done
}
wait_for 1 all_gone || fail "somebody outlives super"

# And a new daemon finds its way over what the dead one left.
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised again"
pass
