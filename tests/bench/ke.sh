#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ke.sh BUILDDIR PEERSDIR: what a key exchange costs.  The floor (libssl in
# memory, bare TCP), then the server with nobody else at work and its memory
# per connection held open, then beside the peers where that is possible
# (server.sh: root, two processors).  ROUNDS as there.
set -u
B=$(cd "$1" && pwd) peers=$2 here=$(cd "$(dirname "$0")" && pwd)
program=$B/truenoon
dir=$(mktemp -d "${TMPDIR:-/tmp}/truenoon-bench.XXXXXX") || exit 1
server='' bad=0

# shellcheck disable=SC2317 # by the trap
finish() {
	stop
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
	echo "bench-ke: $*" >&2
	tail -n 20 "$dir"/log >&2
	exit 1
}

# A key pair that the kind of key names, for localhost.
certify() {
	openssl req -x509 -nodes -newkey "$2" ${3:+-pkeyopt "$3"} -days 30 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null ||
		fail "no certificate"
}

# start CERTIFICATE: and find its worker.
start() {
	cat >"$dir/conf" <<-END
		statedir $dir/state
		rundir $dir/run
		pidfile $dir/pid
		port $port
		ntsport $keport
		bindaddress 127.0.0.1
		allow
		local stratum 2
		ntsprocesses 1
		maxntsconnections 10000
		ntsservercert $dir/$1.pem
		ntsserverkey $dir/$1.key
	END
	"$program" daemon -x -d -c "$dir/conf" >"$dir/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		kill -0 "$server" 2>/dev/null || fail "no server"
		ke=$(pgrep -P "$server" -f '^truenoon-role ke') && break
		sleep 0.1
	done
	sleep 0.3
}

stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ -z "$server" ] || wait "$server" 2>/dev/null
	server=
}

# CPU time of a process, in nanoseconds.
cpu() {
	cut -d ' ' -f 1 "/proc/$1/schedstat"
}

# TCP's share: the same octets in the same turns, and nothing else.
tcp_floor() {
	"$B/truenoon-echo" "$port" "$keport" &
	server=$!
	sleep 0.3
	"$B/truenoon-load" -m tcp -t 3 -o 16 -k "$keport" --pid "$server" \
		127.0.0.1 | sed 's/.*"run":\([0-9.]*\).*/\1/' |
		awk '{printf "%-36s %8.1f us\n", "ke_floor_tcp", $1}'
	stop
}

port=$((20000 + $$ % 10000)) keport=$((30000 + $$ % 10000))
"$B/tests/bench/load_ke_floor" "${ROUNDS:-5}" || bad=1
tcp_floor || bad=1
certify p256 ec ec_paramgen_curve:P-256
certify rsa2048 rsa:2048 ''
for kind in p256 rsa2048; do
	start "$kind"
	"$B/tests/bench/load_ke" "$dir/$kind.pem" "$keport" 0.5 >/dev/null
	before=$(cpu "$ke")
	"$B/tests/bench/load_ke" "$dir/$kind.pem" "$keport" 3 >"$dir/out" ||
		bad=1
	after=$(cpu "$ke")
	awk -v kind="$kind" -v ns=$((after - before)) '
		$1 == "ke_exchanges" {
			printf "%-36s %8.0f 1/s\n", "ke_rate_" kind, $2
			printf "%-36s %8.0f us\n", "ke_cpu_" kind,
				ns / ($2 * 3) / 1e3
		}' "$dir/out"
	stop
done
for stage in silent hello tls; do
	start p256
	"$B/tests/bench/load_ke" "$dir/p256.pem" "$keport" 0.2 >/dev/null
	"$B/tests/bench/load_ke_hold" "$dir/p256.pem" "$keport" "$ke" \
		"$stage" 3000 || bad=1
	stop
done
if [ "$(id -u)" = 0 ] && [ "$(nproc)" -gt 1 ] && [ -x "$peers/bin/chronyd" ]
then
	WORKLOADS='ke ke-rsa' bash "$here/server.sh" "$B" "$peers" || bad=1
else
	echo "bench-ke: beside the peers only as root, with two processors" \
		"and make peers" >&2
fi
exit $bad
