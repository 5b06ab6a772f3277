#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# truenoon query against chronyd and ntpd: NTS, plain, several at once, and
# the fields of its JSON.
. "$(dirname "$0")/lib.sh"

place chrony cli
certify chrony
conf_chronyd chrony <<END
port ${NTP[chrony]}
ntsport ${KE[chrony]}
ntsservercert $T/chrony.crt
ntsserverkey $T/chrony.key
allow
local stratum 5
END
start_chronyd chrony
servers=("${HOST[chrony]}")
if [ "$E2E_INSIDE" = netns ]; then
	certify ntpd
	conf_ntpd ntpd <<-END
	nts enable
	nts key $T/ntpd.key
	nts cert $T/ntpd.crt
	nts cookie $T/ntpd/cookies
	tos orphan 4 orphanwait 1
	END
	start_ntpd ntpd
	servers+=("${HOST[ntpd]}")
fi
ports="--port ${NTP[chrony]} --ke-port ${KE[chrony]}"

# query FILE ARGS: its exit code, its JSON in FILE.
query()
{
	local file=$1
	shift
	# shellcheck disable=SC2086 # words
	in_place cli "$BIN" query --json $ports "$@" >"$T/$file"
}

# field FILE PATH VALUE
field()
{
	[ "$(json "$2" <"$T/$1")" = "$3" ] ||
		fail "$1: $2 is $(json "$2" <"$T/$1"), not $3"
}

# near FILE PATH LOW HIGH
near()
{
	local value
	value=$(json "$2" <"$T/$1")
	number "$value" -ge "$3" && number "$value" -le "$4" ||
		fail "$1: $2 is $value"
}

ready_to_serve()
{
	query first --no-nts "${servers[@]}"
}
wait_for 20 ready_to_serve || fail "no plain answers: $(cat "$T/first")"

query nts --ca "$T/ca.pem" --nts-only "${servers[@]}" || fail "nts: exit $?"
field nts servers.# "${#servers[@]}"
for ((i = 0; i < ${#servers[@]}; i++)); do
	field nts "servers.$i.name" "${servers[i]}"
	field nts "servers.$i.authenticated" true
	field nts "servers.$i.leap" normal
	field nts "servers.$i.aead" AES-SIV-CMAC-256
	field nts "servers.$i.cookies" 8
	json "servers.$i.tls_group" <"$T/nts" | grep -q "[0-9]" ||
		fail "no TLS group: $(cat "$T/nts")"
	field nts "servers.$i.certificate.subject" "CN = ${servers[i]}"
	near nts "servers.$i.certificate.days_left" 1 400
	near nts "servers.$i.certificate.not_after" "$(date +%s)" 4e9
	field nts "servers.$i.stage" null
	field nts "servers.$i.error" null
	near nts "servers.$i.offset_s" -0.1 0.1
	near nts "servers.$i.delay_s" 0 0.1
	near nts "servers.$i.bound_s" 0 0.2
done
field nts servers.0.address "${ADDR[chrony]}"
field nts servers.0.stratum 5
near nts agreed.earliest_s -0.2 0.1
near nts agreed.latest_s -0.1 0.2
chronyd_counted chrony 6 1 || fail "chronyd counts no key exchange"
chronyd_counted chrony 8 1 || fail "chronyd counts no NTS request"

query plain --no-nts "${servers[@]}" || fail "plain: exit $?"
for ((i = 0; i < ${#servers[@]}; i++)); do
	field plain "servers.$i.authenticated" false
	field plain "servers.$i.aead" null
	field plain "servers.$i.cookies" null
	field plain "servers.$i.tls_group" null
	field plain "servers.$i.certificate" null
done

# Without the authority there is no NTS, and who asked for it is told so.
! query untrusted --nts-only "${servers[0]}" || fail "an unknown authority"
field untrusted servers.0.authenticated false
field untrusted servers.0.offset_s null
field untrusted servers.0.stage tls
field untrusted agreed null

# The text says the same to a person.
# shellcheck disable=SC2086
in_place cli "$BIN" query $ports --ca "$T/ca.pem" "${servers[@]}" >"$T/text" ||
	fail "text: exit $?"
grep -q 'authenticated, AES-SIV-CMAC-256' "$T/text" || fail "$(cat "$T/text")"
pass
