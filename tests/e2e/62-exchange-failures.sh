#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases F1, F2, F3, F7: a key exchange that must not succeed names
# its stage in the query's answer, in `nts --json` and in the log, with the
# reason; and a source with nts never asks without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

command -v openssl >/dev/null || skip "no openssl command"
server_conf srv
start_truenoon srv

# pem NAME DAYS SAN: signed by nobody but itself.
pem()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -days 30 -addext "subjectAltName=DNS:$2" \
		-keyout "$T/$1.key" -out "$T/$1.crt" 2>/dev/null
}

# wrong NAME STAGE PATTERN PORT [TRUST]: the exchange at PORT fails so.
wrong()
{
	local name=$1 stage=$2 pattern=$3 port=$4 trust=${5:-$T/ca.pem} json
	local rc=0
	json=$(in_place srv "$BIN" query --json --nts-only -t 5 --ca "$trust" \
		--ke-port "$port" --port "${NTP[srv]}" "${HOST[srv]}") || rc=$?
	[ "$rc" = 1 ] || fail "$name: query exits with $rc"
	[ "$(json servers.0.stage <<<"$json")" = "$stage" ] ||
		fail "$name: query says stage $(json servers.0.stage <<<"$json")"
	json servers.0.error <<<"$json" | grep -E -i -q "$pattern" ||
		fail "$name: query says $(json servers.0.error <<<"$json")"
	[ "$(json servers.0.authenticated <<<"$json")" = false ] ||
		fail "$name: authenticated"

	conf_truenoon "$name" <<-END
		server ${HOST[srv]} nts ntsport $port port ${NTP[srv]} iburst
		ntstrustedcerts $trust
		nosystemcert
	END
	start_truenoon "$name@srv"
	stage_is()
	{
		says "$1" nts sources.0.stage "$2"
	}
	wait_for 25 stage_is "$name" "$stage" ||
		fail "$name: nts says $(tn "$name" nts --json)"
	tn_json "$name" nts sources.0.reason | grep -E -i -q "$pattern" ||
		fail "$name: nts says $(tn_json "$name" nts sources.0.reason)"
	logged "$name" "key exchange failed .*stage=$stage reason=" ||
		fail "$name: log"
	[ "$(tn_json "$name" sources sources.0.sent)" = 0 ] ||
		fail "$name: NTP is asked without keys"
	! synchronised "$name" || fail "$name: synchronised"
	stop "$name"
}

tls_server()
{
	local name=$1
	shift
	KE[$name]=$(free_port)
	start "$name@srv" openssl s_server -accept "${KE[$name]}" -quiet "$@"
	# shellcheck disable=SC2016 # perl
	ready "$name" 10 in_place srv perl -MIO::Socket::INET -e '
		exit !IO::Socket::INET->new(PeerAddr => $ARGV[0],
		    PeerPort => $ARGV[1])' 127.0.0.1 "${KE[$name]}"
}

# Nobody there.
wrong nobody tcp refused "$(free_port)"

# A certificate for somebody else; one that signed itself; one that is over.
"$BIN" selfcert --ca-cert "$T/ca.pem" --ca-key "$T/ca.key" \
	--cert "$T/other.crt" --key "$T/other.key" other.test >/dev/null
tls_server named -cert "$T/other.crt" -key "$T/other.key" -tls1_3 -alpn ntske/1
wrong name tls 'name' "${KE[named]}"
pem itself "${HOST[srv]}"
tls_server own -cert "$T/itself.crt" -key "$T/itself.key" -tls1_3 -alpn ntske/1
wrong selfsigned tls 'self-signed|self signed|authority|trust' "${KE[own]}"
openssl req -new -key "$T/itself.key" -subj /CN=past -out "$T/past.csr" \
	2>/dev/null
printf 'subjectAltName=DNS:%s\n' "${HOST[srv]}" >"$T/past.ext"
openssl x509 -req -in "$T/past.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" \
	-set_serial 99 -days -1 -extfile "$T/past.ext" -out "$T/past.crt" \
	2>/dev/null
tls_server old -cert "$T/past.crt" -key "$T/itself.key" -tls1_3 -alpn ntske/1
wrong expired tls 'expired' "${KE[old]}"

# An authority that is not trusted.
wrong unknown tls 'self-signed|authority|trust|issuer' "${KE[srv]}" \
	"$T/itself.crt"

# TLS 1.2 only; no ALPN, another ALPN.
tls_server twelve -cert "$T/srv.crt" -key "$T/srv.key" -tls1_2 -alpn ntske/1
wrong tls12 tls 'TLS 1.3|version' "${KE[twelve]}"
tls_server bare -cert "$T/srv.crt" -key "$T/srv.key" -tls1_3
wrong noalpn alpn 'ALPN|ntske' "${KE[bare]}"


[ "$(tn_json srv serverstats requests)" = 0 ] ||
	fail "somebody asked for time without keys"
pass
