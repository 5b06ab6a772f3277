#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What a request costs: truenoon's worker, Debian's chronyd and ntpsec, and
# the floor that sockets set (truenoon-echo), on one core, over a veth pair,
# taking turns within each round.  Prints medians and ratios (table.pl).
#
# usage: server.sh BUILD-DIR PEERS-DIR
#   ROUNDS=5 SECONDS_EACH=2 SERVER_CORE=1 LOAD_CORE=0
#   WORKLOADS="ntp nts nts8 ntp10k nts10k quiet ke ke-rsa"
#   ADDRESSES=10000 KEYS=32 OUTSTANDING=64
#   CONF="ratelimit interval 3" more lines for truenoon
#   RAW=FILE        keep what was measured
# Needs root and at least two processors, and nobody else at work on them.
set -eu

# shellcheck source=tests/bench/place.sh
. "$(dirname "$0")/place.sh"
: "${ROUNDS:=5}" "${SECONDS_EACH:=2}"
: "${WORKLOADS:=ntp nts nts8 ntp10k nts10k quiet ke ke-rsa}"
: "${ADDRESSES:=10000}" "${KEYS:=32}" "${OUTSTANDING:=64}"

RAW=${RAW:-$T/raw}
: >"$RAW"

load()
{
	ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
		-t "$SECONDS_EACH" --core "$SERVER_CORE" "$@" 10.77.0.1
}

# Which processes answer: NAME KIND, as options of the load generator.
processes()
{
	case $1.$2 in
	truenoon*.ke*) pgrep -P "${TOP[$1]}" -f '^truenoon-role ke' ;;
	truenoon*) pgrep -P "${TOP[$1]}" -f '^truenoon-role serve' ;;
	chronyd*.ke*) echo "${TOP[$1]}"; pgrep -P "${TOP[$1]}" ;;
	*) echo "${TOP[$1]}" ;;
	esac | sed 's/^/--pid /'
}

certify ec ec ec_paramgen_curve:P-256
certify rsa rsa:2048 ""
truenoon truenoon 1123 1446 ec
truenoon truenoon-rsa 1124 1447 rsa
if [ -x "$PEERS/bin/chronyd" ]; then
	chronyd chronyd 2123 2446 ec
	chronyd chronyd-rsa 2124 2447 rsa
	ntpd ntpd 123 4460 ec
else
	echo "bench-server: no peers to compare with: make peers" >&2
fi
begin echo 3123 0 "$B/truenoon-echo" 3123

# answers NAME: whether it does, plain or by key exchange.
answers()
{
	case $1 in
	*-rsa) SECONDS_EACH=0.2 load -m ke -k "${KE[$1]}" -o 1 \
		--ca "$T/rsa.crt" ;;
	*) SECONDS_EACH=0.2 load -p "${PORT[$1]}" -o 1 ;;
	esac >/dev/null 2>&1
}

for name in "${!TOP[@]}"; do
	for try in 1 2 3 4 5 6 7 8 9 10 last; do
		! answers "$name" || break
		[ "$try" != last ] || {
			echo "bench-server: $name does not answer" >&2
			tail -n 40 "$T/$name.log" >&2
			exit 1
		}
		sleep 1
	done
done

# ---- the workloads ---------------------------------------------------------

# The length of an answer with one cookie and with eight, for the floor.
nts="-m nts --ca $T/ec.crt"
many="-s 10.80.0.1 -a $ADDRESSES"

# ask NAME WORKLOAD: one measurement.
ask()
{
	local name=$1 how
	case $2.$name in
	nts.echo) how="-l 232" ;;
	nts8.echo) how="-l 988" ;;
	nts10k.echo) how="-l 232 $many" ;;
	nts.*) how="$nts -K 4" ;;
	nts8.*) how="$nts -K 4 -P 7" ;;
	nts10k.*) how="$nts -K $KEYS $many" ;;
	ntp.*) how="" ;;
	ntp10k.*) how="$many" ;;
	quiet.*) how="-r 1000" ;;
	ke.*) how="-m ke --ca $T/ec.crt -o 16" ;;
	ke-rsa.*) how="-m ke --ca $T/rsa.crt -o 16" ;;
	*) echo "bench-server: no workload $2" >&2; exit 1 ;;
	esac
	[ "$2" = quiet ] || how="-o $OUTSTANDING $how"
	# shellcheck disable=SC2046,SC2086 # words
	load -p "${PORT[$name]}" -k "${KE[$name]}" $how \
		$(processes "$name" "$2")
}

for round in $(seq "$ROUNDS"); do
	for work in $WORKLOADS; do
		for name in echo truenoon chronyd ntpd; do
			case $work in
			ke-rsa) name=$name-rsa ;;
			esac
			[ -n "${TOP[$name]:-}" ] || continue
			[ "$work.$name" != ke.echo ] || continue
			line=$(ask "$name" "$work") || line="{}"
			echo "$round $work ${name%-rsa} $line" >>"$RAW"
		done
	done
	echo "bench-server: round $round of $ROUNDS" >&2
done
perl "$HERE/table.pl" "$RAW"
