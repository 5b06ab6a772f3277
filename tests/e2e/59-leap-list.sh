#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile case Q5: the leap second list is read at the start and at each
# reload; one that has expired, is damaged or gone is warned of once and counts
# as none.  TAI goes to the clients' tracking only while there is a list.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

list=$T/leap-seconds.list
# write_list EXPIRY: in seconds since 1970.
write_list()
{
	{
		echo "#@ $(($1 + 2208988800))"
		grep '^[0-9]' "$TESTS/data/leap-seconds.list"
		echo '#h 0'
	} >"$list"
}

reload()
{
	local lines
	lines=$(log_lines cli 'configuration reloaded')
	kill -HUP "$(super_of cli)"
	reloaded()
	{
		[ "$(log_lines cli 'configuration reloaded')" -gt "$1" ]
	}
	wait_for 10 reloaded "$lines" || fail "no reload"
}

TESTS=$(cd "$(dirname "$0")/.." && pwd)
write_list $(($(date +%s) + 1000000))
server_conf srv
client_conf cli srv "leapseclist $list"
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
wait_for 10 says cli tracking tai_offset_s 37 || fail "no TAI offset"
logged cli 'leap second list read' || fail "no word of the list"

write_list $(($(date +%s) - 10))
reload
logged cli 'leap second list has expired' || fail "expired, and no word"
reload
[ "$(log_lines cli 'list has expired')" = 1 ] || fail "said twice"
wait_for 90 says cli tracking tai_offset_s null || fail "an expired list counts"

head -c 300 "$list" >"$list.cut"
mv "$list.cut" "$list"
reload
logged cli 'leap second list is damaged' || fail "damaged, and no word"
rm "$list"
reload
logged cli 'leap second list cannot be read' || fail "gone, and no word"

write_list $(($(date +%s) + 1000000))
reload
wait_for 90 says cli tracking tai_offset_s 37 || fail "a good list is not taken"
synchronised cli || fail "not synchronised any more"
pass
