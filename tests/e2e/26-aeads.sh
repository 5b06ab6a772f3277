#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every AEAD algorithm that libcrypto has, agreed on as the client wishes and
# used between our client and our server; what it does not have is not offered.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

names=([15]=AES-SIV-CMAC-256 [16]=AES-SIV-CMAC-384 [17]=AES-SIV-CMAC-512
	[30]=AES-128-GCM-SIV [31]=AES-256-GCM-SIV)

server_conf srv "ntsaeads 15 16 17 30 31"
start_truenoon srv
for id in 16 17 30 31; do
	client_conf cli srv "ntsaeads $id 15"
	start_truenoon cli
	wait_for 30 synchronised cli || fail "not synchronised: $id"
	wait_for 20 more cli sources sources.0.good 2 || fail "few answers: $id"
	got=$(tn_json cli nts sources.0.aead)
	if [ "$id" -ge 30 ] && [ "$got" = "${names[15]}" ]; then
		echo "not offered by libcrypto: ${names[$id]}"
	else
		[ "$got" = "${names[$id]}" ] || fail "ntsaeads $id 15: $got"
	fi
	stop cli
done
says srv serverstats answered_nak 0 || fail "NAKs"

# A server that insists on one: who has it takes it, others get nothing.
sed -i 's/^ntsaeads.*/ntsaeads 17/' "$T/srv.conf"
kill -HUP "$(super_of srv)"
insists()
{
	[ "$(answers srv --json | json servers.0.aead)" = "${names[17]}" ]
}
wait_for 10 insists || fail "not what the server wants: $(answers srv)"
client_conf cli srv "ntsaeads 16"
start_truenoon cli
wait_for 10 logged cli 'key exchange failed .* stage=negotiation' ||
	fail "an algorithm that was not offered"
synchronised cli && fail "synchronised"
pass
