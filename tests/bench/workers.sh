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
set -euo pipefail

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
declare -A WORKER=() # of each, the processes
declare -A CLIENT=() # of each process, the address of one who comes to it

# give_up NAME TEXT...: with what its daemon has said.
give_up()
{
	echo "bench-workers: ${*:2}; the log of $1:" >&2
	tail -n 30 "$T/$1.log" >&2
	exit 1
}

# running NAME: its workers' processes as they are now, in one line.
running()
{
	pgrep -P "${TOP[$1]}" -f '^truenoon-role serve' | paste -s -d ' '
}

# still NAME: the same workers as after the start.
still()
{
	local now
	now=$(running "$1") || :
	[ "$now" = "${WORKER[$1]}" ] || give_up "$1" \
		"workers of $1 were ${WORKER[$1]}, are ${now:-gone}"
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

# up NAME COUNT: all of its workers are there, and it answers.
up()
{
	[ "$(running "$1" | wc -w)" = "$2" ] &&
		[ "$(grep -c 'role up role=serve/' "$T/$1.log")" = "$2" ] &&
		SECONDS_EACH=0.05 load "$1" ntp 1000 1 >/dev/null 2>&1
}

# spent PID: CPU time, in nanoseconds.
spent()
{
	cut -d ' ' -f 1 "/proc/$1/schedstat"
}

# own ADDRESS: the worker of "both" that it comes to, or nothing where that
# is not clear: a worker has its reports to make and, on a busy machine, may
# answer only when we have looked.
own()
{
	local pid now most=0 second=0 best=
	local -A before=()
	for pid in ${WORKER[both]}; do
		before[$pid]=$(spent "$pid") || return
	done
	SECONDS_EACH=0.1 load both ntp 4000 8 -s "$1" >/dev/null || return 0
	for pid in ${WORKER[both]}; do
		now=$(spent "$pid") || return
		now=$((now - before[$pid]))
		if [ "$now" -gt "$most" ]; then
			second=$most most=$now best=$pid
		elif [ "$now" -gt "$second" ]; then
			second=$now
		fi
	done
	[ "$most" -lt $((4 * second)) ] || echo "$best"
}

# find_clients: an address for each worker of "both".  They are drawn: at one
# start in forty 10.80.0.1 and all its neighbours come to the same worker.
find_clients()
{
	local pid address
	for _ in $(seq 60); do
		address=10.$((80 + RANDOM % 16)).$((RANDOM % 256))
		address=$address.$((RANDOM % 254 + 1))
		pid=$(own "$address") || pid=
		still both
		[ -z "$pid" ] || [ "$(own "$address")" != "$pid" ] ||
			CLIENT[$pid]=$address
		[ "${#CLIENT[@]}" -lt 2 ] || return 0
	done
	give_up both "not each of workers ${WORKER[both]} has a client:" \
		"${!CLIENT[*]}"
}

# ask_both WORKLOAD: each its own client.
ask_both()
{
	local pid one failed=0 loads=()
	for pid in ${WORKER[both]}; do
		load both "$1" "$RATE" 64 -s "${CLIENT[$pid]}" \
			--pid "$pid" >"$T/$pid.json" &
		loads+=($!)
	done
	for one in "${loads[@]}"; do
		wait "$one" || failed=1
	done
	for pid in ${WORKER[both]}; do
		cat "$T/$pid.json"
	done
	return "$failed"
}

# ask NAME WORKLOAD: one measurement, a line for each worker or one for all.
ask()
{
	case $1 in
	both)
		ask_both "$2"
		;;
	mixed)
		# shellcheck disable=SC2086 # words
		load both "$2" $((2 * RATE)) 128 -s 10.80.0.1 -a 1024 \
			--pid ${WORKER[both]/ / --pid }
		;;
	*)
		load "$1" "$2" "$RATE" 64 -s 10.80.0.1 --pid "${WORKER[$1]}"
		;;
	esac
}

# measure ROUND WORKLOAD NAME: it is noted, or that is the end.
measure()
{
	local name=${3/mixed/both}
	still "$name"
	ask "$3" "$2" >"$T/asked" ||
		give_up "$name" "round $1: $2 $3 failed: $(cat "$T/asked")"
	still "$name"
	sed "s/^/$1 $2 $3 /" "$T/asked" >>"$RAW"
}

for name in near far both; do
	count=1
	[ "$name" != both ] || count=2
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! up "$name" "$count" || break
		[ "$try" != 10 ] || give_up "$name" "$name does not come up"
		sleep 1
	done
	WORKER[$name]=$(running "$name")
done
find_clients
for round in $(seq "$ROUNDS"); do
	for work in $WORKLOADS; do
		for name in $(shuf -e near far both mixed); do
			measure "$round" "$work" "$name"
		done
	done
	echo "bench-workers: round $round of $ROUNDS" >&2
done
perl "$HERE/workers.pl" "$RAW"

# ---- what they share -------------------------------------------------------

echo
still both
pids=${WORKER[both]/ /,}
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
for pid in ${WORKER[both]}; do
	echo "worker $pid: shared memory that it may write:" \
		"$(awk '$2 ~ /^.w.s/' "/proc/$pid/maps" | wc -l) mappings;" \
		"that it may read:" \
		"$(awk '$2 ~ /s$/ {n = split($6, p, "/"); printf " %s %s", p[n], $2}' \
			"/proc/$pid/maps")"
done
