#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases M2, M3: SIGTERM ends it all within two seconds, with state
# saved, whatever is under way; a storm of SIGHUP does no harm.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
good=$(tn_json cli sources sources.0.good)
for ((i = 0; i < 100; i++)); do
	kill -HUP "$(super_of cli)" "$(super_of srv)"
done
still_synchronised cli
more cli sources sources.0.good "$good" || fail "history is gone"
answers srv >/dev/null || fail "the server does not answer any more"
logged cli 'configuration reloaded' || fail "no reload"
[ "$(log_lines cli 'role died')$(log_lines srv 'role died')" = 00 ] ||
	fail "a role died of it"

quick_end()
{
	local name=$1 pid=${PID[$1]}
	local children began ms child
	children=$(roles "$name" | cut -d' ' -f1)
	began=$(date +%s%N)
	kill -TERM "$pid"
	gone_within 5 "$pid" || fail "$name does not stop"
	ms=$((($(date +%s%N) - began) / 1000000))
	[ "$ms" -lt 2000 ] || fail "$name took $ms ms to stop"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" = 0 ] || fail "$name ended with $rc"
	unset "PID[$name]"
	for child in $children; do
		not_running "$child" || fail "a role of $name is left"
	done
	[ "$(log_lines "$name" 'super: stopped')" = 1 ] || fail "no last line"
	[ ! -e "$T/$name/run/pid" ] || fail "pid file is left"
	[ ! -e "$T/$name/run/control.sock" ] || fail "control socket is left"
}

# One that hangs, and one that is in the middle of a handshake.
kill -STOP "$(role cli dns)"
quick_end cli
[ -s "$T/cli/state/last-time" ] || fail "last known time is not saved"
[ -s "$T/cli/state/drift" ] || fail "drift is not saved"
ls "$T"/cli/state/cookies-*.nts >/dev/null || fail "cookies are not saved"
# shellcheck disable=SC2016 # perl
start half@srv perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0],
	    PeerPort => $ARGV[1], Timeout => 3) or die;
	syswrite $s, "\x16\x03\x01\x02\x00\x01" or die;
	$| = 1; print "in\n"; sleep 20' "${ADDR[srv]}" "${KE[srv]}"
wait_for 10 logged half in || fail "no half handshake"
quick_end srv
stop half
pass
