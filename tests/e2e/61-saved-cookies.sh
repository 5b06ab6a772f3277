#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A client's cookies over its restart: saved at stop, handed over and gone
# from the disc while it runs, no new key exchange; none of it after kill -9
# with a file that is gone; and time for as long as they last without KE.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
wait_for 10 more srv serverstats key_exchange.done 0 || fail "no exchange"
[ "$(tn_json srv serverstats key_exchange.done)" = 1 ] || fail "exchanges"
stop cli

saved=("$T"/cli/state/cookies-*.nts)
[ "${#saved[@]}" = 1 ] || fail "not one file of cookies"
[ -s "${saved[0]}" ] || fail "no saved cookies"
[ "$(stat -c %a "${saved[0]}")" = 600 ] || fail "mode of saved cookies"
before=$(sha256sum <"${saved[0]}")

start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised with saved cookies"
logged cli 'saved cookies taken up' || fail "saved cookies not taken"
[ ! -e "${saved[0]}" ] || fail "the file is still there while they are used"
[ "$(tn_json srv serverstats key_exchange.done)" = 1 ] ||
	fail "keys exchanged in spite of saved cookies"
[ "$(tn_json cli nts sources.0.key_exchange_age_s)" != "" ] || fail "nts"
stop cli
[ -s "${saved[0]}" ] || fail "no new set at stop"
[ "$(stat -c %a "${saved[0]}")" = 600 ] || fail "mode of the new set"
[ "$(sha256sum <"${saved[0]}")" != "$before" ] || fail "the old set again"

# Killed: what was handed over is not there to be used twice.
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
kill -9 "$(super_of cli)"
gone_within 5 "${PID[cli]}" || fail "still there"
[ ! -e "${saved[0]}" ] || fail "used cookies are on the disc after kill -9"
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised after kill -9"
exchanges()
{
	[ "$(tn_json srv serverstats key_exchange.done)" = "$1" ]
}
wait_for 10 exchanges 2 || fail "not one new exchange after kill -9"

# Open to others: not trusted.
stop cli
chmod 644 "${saved[0]}"
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
wait_for 10 exchanges 3 || fail "cookies that others could read are used"

# KE gone, the cookies last: NTP answers, nobody exchanges keys.
stop srv
server_conf srv "ntsport $(free_port)"
sed -i "0,/^ntsport/{/^ntsport/d}" "$T/srv.conf"
start_truenoon srv
still_synchronised cli
good=$(tn_json cli sources sources.0.good)
wait_for 20 more cli sources sources.0.good $((good + 4)) ||
	fail "no answers without KE"
says cli sources sources.0.auth nts || fail "not authenticated"
[ "$(tn_json srv serverstats answered_ntp)" = 0 ] || fail "plain NTP asked"
[ "$(tn_json srv serverstats key_exchange.done)" = 0 ] || fail "KE used"
pass
