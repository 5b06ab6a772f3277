#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What a request costs when two workers on two processors share the clients,
# against one worker alone on either of the two.  They take turns within each
# round.  Each worker gets the same rate in the same bursts, from a client
# address that comes to it; and, for comparison, from clients that are mixed:
# then a burst comes to each worker at half the pace, it finds fewer requests
# at a time, and so each costs more.  Then what the workers share: what perf
# c2c finds, where it works, and what is mapped.
#
# usage: workers.sh BUILD-DIR PEERS-DIR
#   ROUNDS=9 SECONDS_EACH=2 SERVER_CORE=1 LOAD_CORE=0
#   RATE=20000      requests a second for each worker
#   WORKLOADS="ntp nts"
#   RAW=FILE        keep what was measured
# The load is made on LOAD_CORE, where one of the workers runs, too; that
# costs both of them caches, so one worker is measured in both places.
set -eu

# shellcheck source=tests/bench/place.sh
. "$(dirname "$0")/place.sh"
: "${ROUNDS:=9}" "${SECONDS_EACH:=2}" "${RATE:=20000}"
: "${WORKLOADS:=ntp nts}"
RAW=${RAW:-$T/raw}
: >"$RAW"

certify ec ec ec_paramgen_curve:P-256
WORKERS="1 pinned $LOAD_CORE" truenoon near 1123 1446 ec
WORKERS="1 pinned $SERVER_CORE" truenoon far 1124 1447 ec
WORKERS="2 pinned $LOAD_CORE,$SERVER_CORE" truenoon both 1125 1448 ec

# workers NAME: their processes.
workers()
{
	pgrep -P "${TOP[$1]}" -f '^truenoon-role serve'
}

# load NAME WORKLOAD RATE BATCH OPTION...
load()
{
	local name=$1 what=
	[ "$2" != nts ] || what="-m nts --ca $T/ec.crt"
	# shellcheck disable=SC2086 # words
	ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
		-p "${PORT[$name]}" -k "${KE[$name]}" $what -r "$3" -b "$4" \
		-t "$SECONDS_EACH" "${@:5}" 10.77.0.1
}

# own ADDRESS: the worker of "both" that it comes to.
own()
{
	local pid most=0 now best=
	declare -A before=()
	for pid in $(workers both); do
		before[$pid]=$(cut -d ' ' -f 1 "/proc/$pid/schedstat")
	done
	SECONDS_EACH=0.05 load both ntp 2000 8 -s "$1" >/dev/null
	for pid in $(workers both); do
		now=$(cut -d ' ' -f 1 "/proc/$pid/schedstat")
		now=$((now - before[$pid]))
		[ "$now" -le "$most" ] || most=$now best=$pid
	done
	echo "$best"
}

# ask NAME WORKLOAD: one measurement, a line for each worker.
ask()
{
	local name=$1 work=$2 pid loads=()
	case $name in
	both)
		for pid in $(workers both); do
			load both "$work" "$RATE" 64 -s "${CLIENT[$pid]}" \
				--pid "$pid" >"$T/$pid.json" &
			loads+=($!)
		done
		wait "${loads[@]}"
		for pid in $(workers both); do
			cat "$T/$pid.json"
		done
		;;
	mixed)
		# shellcheck disable=SC2046 # words
		load both "$work" $((2 * RATE)) 128 -s 10.80.0.1 -a 1024 \
			$(workers both | sed 's/^/--pid /')
		;;
	*)
		load "$name" "$work" "$RATE" 64 -s 10.80.0.1 \
			--pid "$(workers "$name")"
		;;
	esac
}

for name in near far both; do
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! SECONDS_EACH=0.05 load "$name" ntp 1000 1 >/dev/null 2>&1 ||
			break
		[ "$try" != 10 ] || { echo "workers: $name does not answer" >&2
			exit 1; }
		sleep 1
	done
done
declare -A CLIENT=()
for i in $(seq 40); do
	pid=$(own "10.80.0.$i")
	CLIENT[$pid]=10.80.0.$i
	[ "${#CLIENT[@]}" -lt 2 ] || break
done
for round in $(seq "$ROUNDS"); do
	for work in $WORKLOADS; do
		for name in $(shuf -e near far both mixed); do
			ask "$name" "$work" |
				sed "s/^/$round $work $name /" >>"$RAW"
		done
	done
	echo "bench-workers: round $round of $ROUNDS" >&2
done
perl "$HERE/workers.pl" "$RAW"

# ---- what they share -------------------------------------------------------

echo
pids=$(workers both | paste -s -d ,)
if ! command -v perf >/dev/null; then
	echo "cache lines: no perf here"
elif perf c2c record -o "$T/c2c" -p "$pids" -- sleep 0.1 \
	>"$T/c2c.log" 2>&1; then
	ask mixed ntp >/dev/null &
	loading=$!
	perf c2c record -o "$T/c2c" -p "$pids" -- sleep 1 >"$T/c2c.log" 2>&1
	wait "$loading"
	perf c2c report -i "$T/c2c" --stats 2>/dev/null |
		grep -E 'Load Local HITM|Load Remote HITM|Total Shared' ||
		echo "cache lines: perf c2c tells nothing"
else
	echo "cache lines: perf c2c does not work on this machine:" \
		"$(grep -v '^$' "$T/c2c.log" | head -n 1)"
fi
for pid in $(workers both); do
	echo "worker $pid: shared memory that it may write:" \
		"$(awk '$2 ~ /^.w.s/' "/proc/$pid/maps" | wc -l) mappings;" \
		"that it may read:" \
		"$(awk '$2 ~ /s$/ {n = split($6, p, "/"); printf " %s %s", p[n], $2}' \
			"/proc/$pid/maps")"
done
