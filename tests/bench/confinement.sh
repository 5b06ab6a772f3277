#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What its cage costs a worker: the same requests to a caged one and to one of
# a build without filters, Landlock and limits: which object files differ;
# system calls of each kind for a request, by strace; instructions in user
# space, where the processor counts them; CPU time, taking turns.
#
# usage: confinement.sh BUILD-DIR BARE-BUILD-DIR
#   ROUNDS=9 SECONDS_EACH=2 SERVER_CORE=1 LOAD_CORE=0
#   WORKLOADS="ntp nts"
#   COUNT=20000     requests, about, for what is counted
set -eu

# shellcheck source=tests/bench/place.sh
. "$(dirname "$0")/place.sh"
: "${ROUNDS:=9}" "${SECONDS_EACH:=2}" "${WORKLOADS:=ntp nts}"
: "${COUNT:=20000}"

BARE=$PEERS

certify ec ec ec_paramgen_curve:P-256
truenoon caged 1123 1446 ec
B=$BARE truenoon bare 1124 1447 ec

# worker NAME: its process.
worker()
{
	pgrep -P "${TOP[$1]}" -f '^truenoon-role serve'
}

# load NAME WORKLOAD OPTION...
load()
{
	local name=$1 what=
	[ "$2" != nts ] || what="-m nts --ca $T/ec.crt"
	# shellcheck disable=SC2086 # words
	ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
		-p "${PORT[$name]}" -k "${KE[$name]}" $what "${@:3}" 10.77.0.1
}

# all_answers: also those of the warm-up.
all_answers()
{
	perl -ne 'print $1 + $2 if /"answered":(\d+).*"warm_up":(\d+)/' "$T/json"
}

# calls NAME WORKLOAD: "KIND COUNT" for each kind, and "answered COUNT".
# One request at a time: what the worker does for it does not depend on how
# fast it is.
calls()
{
	local pid trace
	pid=$(worker "$1")
	strace -f -c -U name,calls -o "$T/calls" -p "$pid" 2>"$T/strace.log" &
	trace=$!
	for _ in $(seq 50); do
		! grep -q attached "$T/strace.log" || break
		sleep 0.1
	done
	load "$1" "$2" -o 1 -t "$(awk "BEGIN {print $COUNT / 4000}")" \
		>"$T/json"
	kill -INT "$trace"
	wait "$trace" || :
	echo "answered $(all_answers)"
	awk '$2 ~ /^[0-9]+$/ && $1 != "total" {print}' "$T/calls"
}

# instructions NAME WORKLOAD: in user space, for a request; or why not.
instructions()
{
	local pid
	pid=$(worker "$1")
	perf stat -x , -e instructions:u -p "$pid" -o "$T/stat" -- \
		ip netns exec c "$B/truenoon-load" -p "${PORT[$1]}" -o 1 \
		-t "$(awk "BEGIN {print $COUNT / 4000}")" 10.77.0.1 \
		>"$T/json" 2>/dev/null || return 1
	grep -q '^[0-9]' "$T/stat" || return 1
	awk -F , -v n="$(all_answers)" \
		'/^[0-9]/ {printf "%.0f\n", $1 / n}' "$T/stat"
}

for name in caged bare; do
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! load "$name" ntp -t 0.05 -o 1 >/dev/null 2>&1 || break
		[ "$try" != 10 ] || { echo "confinement: $name does not answer" >&2
			exit 1; }
		sleep 1
	done
done

echo "object files that differ:" "$(cd "$BARE" && find src -name '*.o' |
	while read -r o; do cmp -s "$o" "$B/$o" || echo "$o"; done | sort)"
if command -v strace >/dev/null; then
	for work in $WORKLOADS; do
		for name in caged bare; do
			calls "$name" "$work" | sed "s/^/calls $work $name /"
		done
	done >"$T/raw"
else
	echo "confinement: no strace: system calls are not counted" >&2
fi
counted=no
if command -v perf >/dev/null; then
	counted=yes
	for name in caged bare; do
		n=$(instructions "$name" ntp) || { counted=no; break; }
		echo "instructions ntp $name user $n"
	done >>"$T/raw"
fi
for round in $(seq "$ROUNDS"); do
	for work in $WORKLOADS; do
		for name in $(shuf -e caged bare); do
			line=$(load "$name" "$work" -t "$SECONDS_EACH" \
				--pid "$(worker "$name")") || continue
			echo "time $work $name $round $line"
		done
	done
done >>"$T/raw"
perl "$HERE/confinement.pl" "$T/raw"
[ "$counted" = yes ] ||
	echo "instructions: this machine's processor does not count them"
