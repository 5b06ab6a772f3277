#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Who asks is known to root alone, and not at all with noclientlog; a user who
# asks the daemon without end is limited, and costs nobody else an answer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv "cmdratelimit interval -1 burst 4 leak 1"
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"

known()
{
	tn srv clients --json >"$T/clients" &&
		[ "$(json clients.0.address <"$T/clients")" = "${CLIENT:-}" ] &&
		number "$(json clients.0.requests <"$T/clients")" -ge 4 &&
		number "$(json clients.0.answered_nts <"$T/clients")" -ge 3 &&
		number "$(json clients.0.key_exchanges <"$T/clients")" -ge 1 &&
		number "$(json clients.0.interval_s <"$T/clients")" -lt 10
}
CLIENT=${ADDR[cli]}
[ "$E2E_INSIDE" = netns ] || CLIENT=127.0.0.1
wait_for 20 known || fail "not listed: $(cat "$T/clients")"
tn srv clients | grep -q "^$CLIENT " || fail "$(tn srv clients)"

# Somebody else, with the right to connect and no other.
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$T" "$T/srv" "$T/srv/run"
	other()
	{
		in_place srv setpriv --reuid 12345 --regid 12345 \
			--clear-groups "$BIN" "$@" \
			--socket "$T/srv/run/control.sock"
	}
	other serverstats >/dev/null || fail "not for everybody"
	! other clients >"$T/other" 2>&1 || fail "shown to anybody"
	! grep -q "$CLIENT" "$T/other" || fail "shown to anybody"
	grep -q "root" "$T/other" || fail "$(cat "$T/other")"
	refused=0
	for _ in $(seq 24); do
		other serverstats >>"$T/other" 2>&1 || refused=$((refused + 1))
	done
	[ "$refused" -ge 2 ] || fail "limited only $refused of 24"
	[ "$refused" -le 22 ] || fail "nothing leaks: $refused of 24"
	grep -q cmdratelimit "$T/other" || fail "$(tail -n 3 "$T/other")"
	for _ in $(seq 24); do
		tn srv serverstats >/dev/null || fail "root is limited"
	done
fi

# From one answer to the next it is off, and what was known is forgotten.
echo noclientlog >>"$T/srv.conf"
kill -HUP "$(super_of srv)"
forgotten()
{
	[ "$(tn_json srv clients recorded)" = false ] &&
		tn srv clients | grep -q noclientlog
}
wait_for 20 forgotten || fail "still recorded: $(tn srv clients)"
! tn srv clients --json | grep -q "$CLIENT" || fail "not forgotten"
still_synchronised cli
pass
