#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon takes time from chronyd under symmetric keys: one daemon for each
# kind of key, and one whose key is wrong and must get nothing.
. "$(dirname "$0")/lib.sh"

place srv cli
cat >"$T/keys" <<END
1 AES128 HEX:000102030405060708090a0b0c0d0e0f
2 AES256 HEX:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
3 SHA256 HEX:1234567890abcdef1234567890abcdef
END
sed 's/:000102/:ff0102/' "$T/keys" >"$T/wrong"
chmod 600 "$T/keys" "$T/wrong"
conf_chronyd srv <<END
port ${NTP[srv]}
keyfile $T/keys
allow
local stratum 5
END
start_chronyd srv

# follow NAME KEYFILE ID
follow()
{
	conf_truenoon "$1" <<-END
	server ${ADDR[srv]} key $3 port ${NTP[srv]} iburst minpoll 0 maxpoll 2
	keyfile $2
	makestep 1 3
	END
	start_truenoon "$1@cli"
}

for id in 1 2 3; do
	follow "cli$id" "$T/keys" $id
done
follow bad "$T/wrong" 1
for id in 1 2 3; do
	wait_for 20 synchronised "cli$id" || fail "key $id: not synchronised"
	says "cli$id" sources sources.0.auth key || fail "key $id: auth"
done
chronyd_counted srv 8 9 || fail "chronyd has not seen nine MACs verify"
wait_for 20 at_least bad sources sources.0.sent 4 || fail "the one with the wrong key does not ask"
says bad tracking synchronised false || fail "synchronised by a wrong key"
says bad sources sources.0.good 0 || fail "good answers under a wrong key"
pass
