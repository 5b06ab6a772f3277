#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An interface with hardware stamps that comes after the start, and goes: a
# reload notices, the roles that stamp packets start anew, keep their cookies,
# and nobody else does.  The card is made up; its clock cannot be read.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

[ "$E2E_INSIDE" = netns ] || skip "needs network namespaces"
command -v "${CC:-cc}" >/dev/null || skip "no C compiler"

"${CC:-cc}" -shared -fPIC -o "$T/fakecard.so" "$E2E/fakecard.c"
chmod 755 "$T/fakecard.so"
LD_PRELOAD=$T/fakecard.so "$BIN" --version >/dev/null 2>&1 ||
	skip "nothing can be preloaded into this build"
server_conf srv "hwtimestamp card0"
client_conf cli srv "hwtimestamp *"
start_with_card()
{
	LD_PRELOAD=$T/fakecard.so start_truenoon "$1"
}
start_with_card srv
start_with_card cli
released || skip "needs a release build"
logged srv 'no such interface.*interface=card0 next="a reload looks again"' ||
	fail "not said that there is none"
logged cli 'no hardware stamps here.*interface=\* next="a reload looks' ||
	fail "not said that none of all can"
logged cli 'role=super .*net_admin' || fail "no right to switch on later"
[ "$(log_lines cli 'role up .*net_admin')" = 1 ] || fail "a role has that too"
wait_for 30 synchronised cli || fail "not synchronised"
wait_for 20 more cli sources sources.0.samples 4 || fail "samples"

remember()
{
	sync=$(role cli sync)
	serve=$(role srv serve)
	others=$(roles cli | grep -v sync; roles srv | grep -Ev 'sync|serve')
}

reload()
{
	local name lines
	for name in cli srv; do
		lines=$(log_lines $name 'configuration reloaded')
		kill -HUP "$(super_of $name)"
		wait_for 10 more_lines $name "$lines" || fail "$name: no reload"
	done
}

more_lines()
{
	[ "$(log_lines "$1" 'configuration reloaded')" -gt "$2" ]
}

# Each time by a reload alone.
started_anew()
{
	wait_for 10 another_role cli sync "$sync" || fail "$1: sync is the same"
	wait_for 10 another_role srv serve "$serve" ||
		fail "$1: serve is the same"
	[ "$others" = "$(roles cli | grep -v sync
		roles srv | grep -Ev 'sync|serve')" ] || fail "$1: the others"
	wait_for 30 synchronised cli || fail "$1: not synchronised"
	wait_for 20 more cli sources sources.0.good 2 || fail "$1: no answers"
	[ "$(log_lines cli 'saved cookies taken up')" = "$2" ] ||
		fail "$1: cookies are lost"
}

remember
for at in cli srv; do
	ip -n $at link add card0 type veth peer name peer0
done
reload
started_anew "it came" 1
logged cli 'hardware stamps interface=card0 clock=/dev/ptp0' || fail "log"
for who in "cli sync" "srv serve"; do
	# shellcheck disable=SC2086 # two words
	set -- $who
	wait_for 5 logged "$1" \
		"$2: clock of the interface cannot be read interface=card0" ||
		fail "$2 does not read it"
done

# Nothing new: nobody starts anew, but for a changed line.
remember
reload
[ "$sync $serve" = "$(role cli sync) $(role srv serve)" ] ||
	fail "started anew for nothing"
for name in cli srv; do
	sed -i 's/^hwtimestamp.*/& txcomp 1e-7/' "$T/$name.conf"
done
reload
started_anew "it is set otherwise" 2

remember
for at in cli srv; do
	ip -n $at link del card0
done
reload
started_anew "it is gone" 3
for name in cli srv; do
	logged $name 'no hardware stamps any more interface=card0' ||
		fail "$name: not said that it is gone"
	[ "$(log_lines $name 'role died')" = 0 ] || fail "$name: a role died"
done
pass
