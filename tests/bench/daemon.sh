#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# daemon.sh BUILDDIR: what a running server and client cost, on loopback and
# with virtual clocks: key exchanges per second, memory per role, time from
# start to the first authenticated sample.  One line each, "name value unit".
set -u
B=$1 program=$1/truenoon
dir=$(mktemp -d "${TMPDIR:-/tmp}/truenoon-bench.XXXXXX") || exit 1
server='' client='' bad=0

finish() {
	for pid in $client $server; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

row() {
	printf '%-36s %8s %s\n' "$1" "$2" "$3"
}

fail() {
	echo "bench: $*" >&2
	tail -n 20 "$dir"/*.log >&2
	exit 1
}

# start WHO: with the rest of its configuration on standard input.
start() {
	mkdir -p "$dir/$1"
	{
		echo "statedir $dir/$1/state"
		echo "rundir $dir/$1/run"
		echo "pidfile $dir/$1/pid"
		cat
	} >"$dir/$1.conf"
	"$program" daemon -x -d -c "$dir/$1.conf" >"$dir/$1.log" 2>&1 &
}

ask() {
	who=$1
	shift
	"$program" "$@" --json --socket "$dir/$who/run/control.sock" 2>/dev/null
}

# value NAME: the first number of that name in JSON on standard input.
value() {
	sed -n "s/^ *\"$1\": \([-0-9.e]*\),*\$/\1/p" | head -n 1
}

# roles WHO PID: lines "ROLE/INSTANCE PID", super first.
roles() {
	echo "super $2"
	ask "$1" status | awk -F'[",: ]+' '
		$2 == "role" {role = $3}
		$2 == "instance" {instance = $3}
		$2 == "pid" {print role "/" instance, $3}' | sort
}

# memory WHO PID: PSS of each role and of all.
memory() {
	total=0
	roles "$1" "$2" >"$dir/roles"
	while read -r role pid; do
		kib=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' \
			"/proc/$pid/smaps_rollup" 2>/dev/null)
		[ -n "$kib" ] || continue
		row "pss_$1_$role" "$kib" KiB
		total=$((total + kib))
	done <"$dir/roles"
	if [ "$total" = 0 ]; then
		row "pss_$1" - "(needs root)"
	else
		row "pss_$1_all_roles" "$total" KiB
	fi
}

ticks() {
	awk '{print $14 + $15}' "/proc/$1/stat"
}

"$program" selfcert --ca-cert "$dir/ca.pem" --ca-key "$dir/ca.key" \
	--cert "$dir/cert.pem" --key "$dir/key.pem" localhost 127.0.0.1 \
	>/dev/null 2>&1 || fail "no certificate"
port=$((20000 + $$ % 10000)) keport=$((30000 + $$ % 10000))
start server <<END
port $port
ntsport $keport
bindaddress 127.0.0.1
allow 127.0.0.1
local stratum 2
ntsprocesses 1
ntsservercert $dir/cert.pem
ntsserverkey $dir/key.pem
END
server=$!
tries=50
until ask server serverstats >/dev/null && roles server $server | grep -q '^ke/'; do
	tries=$((tries - 1))
	kill -0 $server 2>/dev/null || fail "no server"
	[ $tries -gt 0 ] || fail "no server"
	sleep 0.1
done

ke=$(roles server $server | sed -n 's,^ke/0 ,,p' )
before=$(ticks "$ke")
"$B/tests/bench/load_ke" "$dir/ca.pem" "$keport" 3 >"$dir/ke" || bad=1
after=$(ticks "$ke")
cat "$dir/ke"
row ke_server_cpu "$(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" '
	$1 == "ke_exchanges" {printf "%.0f", t / hz / ($2 * 3) * 1e6}' "$dir/ke")" us

memory server $server

began=$(date +%s.%N)
start client <<END
server 127.0.0.1 nts ntsport $keport iburst minpoll 0 maxpoll 4
ntstrustedcerts $dir/ca.pem
END
client=$!
tries=1000
until ask client sources >"$dir/sources" &&
	[ "$(value good <"$dir/sources" || echo 0)" -gt 0 ] 2>/dev/null; do
	tries=$((tries - 1))
	kill -0 $client 2>/dev/null || fail "no client"
	[ $tries -gt 0 ] || fail "no sample"
	sleep 0.01
done
row start_to_authenticated_sample "$(awk -v began="$began" -v now="$(date +%s.%N)" \
	-v age="$(value last_rx_age_s <"$dir/sources")" \
	'BEGIN {printf "%.0f", (now - began - age) * 1000}')" ms
sleep 5
# Pages shared with the server would make the client look small.
kill $server
wait $server 2>/dev/null
server=
memory client $client
exit $bad
