#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `query` says when it fails: name, TCP, negotiation, UDP, authentication
# (TLS and ALPN: 62), with its exit codes, and --no-nts and --nts-only.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

certify srv 127.0.0.1
server_conf srv "ntstlsgroups P-256"
start_truenoon srv

# query_says CODE STAGE PATTERN ARGS...
query_says()
{
	local code=$1 stage=$2 pattern=$3 rc=0 json
	shift 3
	json=$(in_place srv "$BIN" query --json -t 3 -n 1 --ca "$T/ca.pem" \
		"$@") || rc=$?
	[ "$rc" = "$code" ] || fail "exit $rc, not $code: $*"
	[ "$(json servers.0.stage <<<"$json")" = "$stage" ] ||
		fail "stage $(json servers.0.stage <<<"$json"): $*"
	json servers.0.error <<<"$json" | grep -E -i -q "$pattern" ||
		fail "error $(json servers.0.error <<<"$json"): $*"
}

at="${HOST[srv]}"
ntp="--port ${NTP[srv]}"
ke="--ke-port ${KE[srv]}"

# shellcheck disable=SC2086 # words
{
	query_says 0 null null $ntp $ke "$at"
	query_says 0 null null --nts-only $ntp $ke "$at"
	query_says 0 null null --no-nts $ntp "$at"
	query_says 1 name 'nowhere.invalid|resolve|name' nowhere.invalid
	query_says 1 tcp refused --nts-only --ke-port "$(free_port)" "$at"
	query_says 1 udp 'refused|answer' --no-nts --port "$(free_port)" "$at"
}

# How TLS was agreed is shown, with the group that the server insists on.
json=$(answers srv --json) || fail "no answer"
[ "$(json servers.0.tls_group <<<"$json")" = secp256r1 ] &&
	[[ "$(json servers.0.tls_cipher <<<"$json")" = TLS_*_SHA* ]] ||
	fail "TLS: $json"
answers srv | grep -q '^  TLS  *secp256r1, TLS_.*_SHA' || fail "TLS in text"

# Without NTS where it is not insisted on: plain time, said to be that.
json=$(in_place srv "$BIN" query --json -n 1 -t 3 --ca "$T/ca.pem" \
	--ke-port "$(free_port)" --port "${NTP[srv]}" "$at") || true
[ "$(json servers.0.authenticated <<<"$json")" = false ] || fail "fallback"

# One good and one bad: the bad one decides.
rc=0
json=$(in_place srv "$BIN" query --json -n 1 -t 3 --no-nts \
	--port "${NTP[srv]}" "$at" nowhere.invalid) || rc=$?
[ "$rc" = 1 ] || fail "exit $rc with one of two failing"
[ "$(json servers.0.stage <<<"$json")" = null ] || fail "the good one"
[ "$(json servers.1.stage <<<"$json")" = name ] || fail "the bad one"
[ "$(json agreed <<<"$json")" != null ] || fail "no interval"

for args in '' '--frobnicate' '--timeout x host' '--port 70000 host'; do
	rc=0
	# shellcheck disable=SC2086
	"$BIN" query $args >/dev/null 2>&1 || rc=$?
	[ "$rc" = 2 ] || fail "exit $rc for: query $args"
done

if [ "$E2E_INSIDE" = netns ]; then
	query_says 1 tcp 'time|answer|no route|unreachable' --nts-only 10.123.0.77
fi

# A key exchange that sends its clients elsewhere: to where nobody answers,
# to a server with other keys, to a forger.
port=$(free_port)
split_conf()
{
	KE[$1]=$(free_port)
	conf_truenoon "$1" <<-END
		port $port
		ntsport ${KE[$1]}
		bindaddress $2
		${3:+bindaddress $3}
		ntsservercert $T/srv.crt
		ntsserverkey $T/srv.key
		ntsntpserver 127.0.0.2
		allow
		local stratum 3
		serverworkers 1
	END
}
split_conf ke 127.0.0.1 ::1
start_truenoon ke@srv
query_says 1 udp 'refused|answer' --nts-only --ke-port "${KE[ke]}" 127.0.0.1
if [ "$E2E_INSIDE" = netns ] && [ -n "${ADDR6[srv]}" ]; then
	split_conf ntp 127.0.0.2 "${ADDR6[srv]}"
	start_truenoon ntp@srv
	query_says 1 authentication 'cookie|NTSN|key' --nts-only \
		--ke-port "${KE[ke]}" 127.0.0.1
	stop ntp
fi
# shellcheck disable=SC2016 # perl
start forger@srv perl -MSocket -e '
	socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
	bind $s, sockaddr_in($ARGV[0], inet_aton("127.0.0.2")) or die "bind";
	$| = 1;
	print "in\n";
	while (my $from = recv $s, my $p, 2000, 0) {
		my $now = time() + 2208988800;
		# The identifier comes back; nothing seals it.
		send $s, pack("C4 N2 a4 N2 a8 N4", 0x24, 1, 0, 0xe8, 0, 0,
		    "LIAR", $now, 0, substr($p, 40, 8), $now, 0, $now, 0) .
		    substr($p, 48, 36), 0, $from;
	}' "$port"
wait_for 10 logged forger in || fail "no forger"
query_says 1 authentication 'authentic' --nts-only --ke-port "${KE[ke]}" \
	127.0.0.1
pass
