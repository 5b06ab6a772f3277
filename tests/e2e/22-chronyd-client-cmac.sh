#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# chronyd takes time from truenoon under symmetric keys; with a key that
# truenoon does not have it gets nothing.
. "$(dirname "$0")/lib.sh"

place srv cli
cat >"$T/keys" <<END
1 AES128 HEX:000102030405060708090a0b0c0d0e0f
2 AES256 HEX:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
3 SHA256 HEX:1234567890abcdef1234567890abcdef
END
sed 's/:000102/:ff0102/' "$T/keys" >"$T/wrong"
chmod 600 "$T/keys" "$T/wrong"
conf_truenoon srv <<END
port ${NTP[srv]}
keyfile $T/keys
allow
local stratum 3
END
start_truenoon srv

# follow NAME KEYFILE ID
follow()
{
	conf_chronyd "$1" <<-END
	server ${ADDR[srv]} key $3 port ${NTP[srv]} iburst minpoll 0 maxpoll 1
	keyfile $2
	port 0
	END
	start_chronyd "$1@cli"
}

for id in 1 2 3; do
	follow "cli$id" "$T/keys" $id
done
follow bad "$T/wrong" 1
for id in 1 2 3; do
	wait_for 30 chronyc_says "cli$id" sources \
		"^\^,\*,${ADDR[srv]},3," || fail "key $id: not its source"
	chronyc_says "cli$id" authdata "^${ADDR[srv]},SK,$id," ||
		fail "key $id: authdata"
done
wait_for 20 at_least srv serverstats answered_key 9 ||
	fail "fewer than nine answers under keys"
says srv serverstats answered_ntp 0 || fail "unauthenticated answers"
wait_for 20 at_least srv serverstats dropped_authentication 3 || fail "the wrong key is not refused"
chronyc_says bad sources '^\^,\?,[^,]*,0,-?[0-9]+,0,' ||
	fail "wrong key: $(chronyc bad sources)"
pass
