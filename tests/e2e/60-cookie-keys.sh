#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases R1, R2: keys that rotate every second under clients that ask
# without a pause, and no cookie is refused while it is young enough; a ring
# on disc outlives the server; one that is lost costs a new key exchange.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv 'ntsrotate 1'
client_conf cli srv
sed -i 's/maxpoll 1/maxpoll 0/' "$T/cli.conf"
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"

rotated()
{
	[ "$(log_lines srv 'cookie keys rotated')" -ge "$1" ]
}

# R1: a client that asks every second holds eight cookies, the oldest eight
# seconds old: with keys of a second each it must not be refused within two
# rotations, so keys of four seconds serve it without a single refusal.
first=$(sha256sum <"$T/srv/state/cookie-keys")
wait_for 20 rotated 3 || fail "keys do not rotate"
[ "$(sha256sum <"$T/srv/state/cookie-keys")" != "$first" ] ||
	fail "the ring on disc is the old one"
stop srv
stop cli
rm -f "$T"/cli/state/cookies-*
server_conf srv 'ntsrotate 4'
: >"$T/srv.log"
start_truenoon srv
start_truenoon cli
end=$((SECONDS + 30))
until rotated 3; do
	[ "$SECONDS" -lt "$end" ] || fail "keys do not rotate"
	answers srv >/dev/null || fail "a query is refused while keys rotate"
done
still_synchronised cli
[ "$(tn_json srv serverstats answered_nak)" = 0 ] || fail "cookies refused"
[ "$(tn_json cli sources sources.0.kiss_of_death)" = 0 ] || fail "NTSN"
[ "$(log_lines cli 'keys exchanged')" = 2 ] || fail "keys exchanged anew"

# R2: a restart with the ring on disc: not one cookie lost.
stop srv
server_conf srv
start_truenoon srv
still_synchronised cli
[ "$(tn_json cli sources sources.0.kiss_of_death)" = 0 ] ||
	fail "cookies did not survive the server's restart"
[ "$(log_lines cli 'keys exchanged')" = 2 ] || fail "keys exchanged anew"

# ... and with the ring lost: NTSN, new keys, on it goes.
stop srv
rm "$T/srv/state/cookie-keys"
start_truenoon srv
wait_for 30 more cli sources sources.0.kiss_of_death 0 ||
	fail "no NTSN for cookies of lost keys"
new_keys()
{
	[ "$(log_lines cli 'keys exchanged')" -ge 3 ]
}
wait_for 30 new_keys || fail "no new keys after NTSN"
still_synchronised cli
[ "$(log_lines cli 'keys exchanged')" -le 4 ] || fail "a storm of exchanges"
number "$(tn_json srv serverstats answered_nak)" -ge 1 || fail "no NAK counted"
pass
