#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What a request costs: truenoon's worker, Debian's chronyd and ntpsec, and
# the floor that sockets set (truenoon-echo), on one core, over a veth pair,
# taking turns within each round, in an order that is drawn anew each time.
# Prints medians, ratios and what of the targets is met (table.pl).
#
# usage: server.sh BUILD-DIR PEERS-DIR
#   ROUNDS=5 SECONDS_EACH=2 SERVER_CORE=1 LOAD_CORE=0
#   WORKLOADS="ntp nts nts8 ntp6 xleave ntsxleave ntp10k nts10k ntp1m quiet
#   quietnts ke ke-rsa"
#   ADDRESSES=10000 KEYS=32 OUTSTANDING=64
#                   (with thousands OUTSTANDING a worker's queue overflows,
#                   and ours then drops the requests of strangers)
#   QUIET=2000      requests a second of an idle server
#   MANY_SECONDS=8  of ntp1m: each address is to be heard
#   CONF="local stratum 2" more lines for truenoon
#   RAW=FILE        keep what was measured: table.pl reads it again
# Needs root and at least two processors, and nobody else at work on them.
set -eu

# shellcheck source=tests/bench/place.sh
. "$(dirname "$0")/place.sh"
: "${ROUNDS:=5}" "${SECONDS_EACH:=2}"
all="ntp nts nts8 ntp6 xleave ntsxleave ntp10k nts10k ntp1m quiet quietnts"
: "${WORKLOADS:=$all ke ke-rsa}"
: "${ADDRESSES:=10000}" "${KEYS:=32}" "${OUTSTANDING:=64}" "${QUIET:=2000}"
: "${MANY_SECONDS:=8}"

RAW=${RAW:-$T/raw}
: >"$RAW"

load()
{
	ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
		-t "$SECONDS_EACH" --core "$SERVER_CORE" "$@"
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
CONF="$CONF
ratelimit
clientloglimit 16777216" truenoon truenoon-limit 1125 1448 ec
if [ -x "$PEERS/bin/chronyd" ]; then
	chronyd chronyd 2123 2446 ec
	chronyd chronyd-rsa 2124 2447 rsa
	ntpd ntpd 123 4460 ec
else
	echo "bench-server: no peers to compare with: make peers" >&2
fi
begin echo 3123 3446 "$B/truenoon-echo" 3123 3446

# answers NAME: whether it does, plain or by key exchange.  To many addresses:
# one alone would soon be limited where there are limits.
answers()
{
	case $1 in
	*-rsa) SECONDS_EACH=0.2 load -m ke -k "${KE[$1]}" -o 1 \
		--ca "$T/rsa.crt" 10.77.0.1 ;;
	*) SECONDS_EACH=0.2 load -p "${PORT[$1]}" -o 1 -s 10.80.0.1 -a 1000 \
		10.77.0.1 ;;
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
few="-s 10.80.0.1 -a 4"
many="-s 10.80.0.1 -a $ADDRESSES"
six="-s fd00:80::1 -a 4"

# how NAME WORKLOAD: options of the load generator.
how()
{
	case $2.$1 in
	nts.echo) echo "-l 224 $few" ;;
	nts8.echo) echo "-l 924 $few" ;;
	nts10k.echo) echo "-l 224 $many" ;;
	xleave.echo) echo "$many" ;;
	ntsxleave.echo) echo "-l 224 $many" ;;
	quietnts.echo) echo "-l 224 -r $QUIET" ;;
	nts.*) echo "$nts -K 4 $few" ;;
	nts8.*) echo "$nts -K 4 -P 7 $few" ;;
	nts10k.*) echo "$nts -K $KEYS $many" ;;
	ntp.*) echo "$few" ;;
	ntp6.*) echo "$six" ;;
	xleave.*) echo "-x -s 10.80.0.1 -a 1024" ;;
	ntsxleave.*) echo "-x $nts -K 4 -s 10.80.0.1 -a 1024" ;;
	ntp10k.*) echo "$many" ;;
	ntp1m.*) echo "-t $MANY_SECONDS -s 10.80.0.1 -a 1000000" ;;
	quiet.*) echo "-r $QUIET" ;;
	quietnts.*) echo "$nts -K 4 -r $QUIET" ;;
	# One generator cannot fill a server with these.
	ke.echo) echo "-m tcp -o 16 --beside $SERVER_CORE" ;;
	ke.*) echo "-m ke --ca $T/ec.crt -o 16 --beside $SERVER_CORE" ;;
	ke-rsa.*) echo "-m ke --ca $T/rsa.crt -o 16 --beside $SERVER_CORE" ;;
	*) echo "bench-server: no workload $2" >&2; return 1 ;;
	esac
}

# ask NAME WORKLOAD: one measurement.
ask()
{
	local name=$1 to=10.77.0.1 how
	how=$(how "$1" "$2") || exit 1
	case $2 in
	quiet* | ke*) ;;
	*) how="-o $OUTSTANDING $how" ;;
	esac
	[ "$2" != ntp6 ] || to=fd00:77::1
	# shellcheck disable=SC2046,SC2086 # words
	load -p "${PORT[$name]}" -k "${KE[$name]}" $how \
		$(processes "$name" "$2") "$to"
}

# who WORKLOAD: NAME WHO of the servers that it is for, in any order.
who()
{
	case $1 in
	ke) printf '%s\n' echo truenoon chronyd ntpd ;;
	ke-rsa) printf '%s\n' truenoon-rsa chronyd-rsa ;;
	ntp1m) printf '%s\n' echo truenoon-limit ;;
	ntp6) printf '%s\n' truenoon chronyd ntpd ;;
	*) printf '%s\n' echo truenoon chronyd ntpd ;;
	esac | shuf
}

# What a request takes without sockets.
memory()
{
	taskset -c "$SERVER_CORE" "$B/tests/bench/bench_serve" |
		awk -v round="$1" '/^serve_/ {print round, "memory", $1, $2}'
}

# What a key exchange takes without a server and TCP: libssl.
floor()
{
	taskset -c "$SERVER_CORE" "$B/tests/bench/load_ke_floor" 1 |
		awk -v round="$1" '/^ke_/ {print round, "floor", $1, $2}'
}

for round in $(seq "$ROUNDS"); do
	case "$WORKLOADS" in
	*quiet*) memory "$round" >>"$RAW" ;;
	esac
	case "$WORKLOADS" in
	*ke*) floor "$round" >>"$RAW" ;;
	esac
	for work in $WORKLOADS; do
		for name in $(who "$work"); do
			[ -n "${TOP[$name]:-}" ] || continue
			line=$(ask "$name" "$work") || line="{}"
			echo "$round $work ${name%-*} $line" >>"$RAW"
		done
	done
	echo "bench-server: round $round of $ROUNDS" >&2
done
perl "$HERE/table.pl" "$RAW"
