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

B=$(cd "$1" && pwd)
PEERS=$2
[ ! -d "$PEERS" ] || PEERS=$(cd "$PEERS" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
: "${ROUNDS:=5}" "${SECONDS_EACH:=2}" "${SERVER_CORE:=1}" "${LOAD_CORE:=0}"
: "${WORKLOADS:=ntp nts nts8 ntp10k nts10k quiet ke ke-rsa}"
: "${ADDRESSES:=10000}" "${KEYS:=32}" "${OUTSTANDING:=64}" "${CONF:=}"

if [ -z "${BENCH_INSIDE:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "bench-server: needs root"; exit 1; }
	[ "$(nproc)" -gt 1 ] || { echo "bench-server: needs two cores"; exit 1; }
	# Nobody in there can touch the clock, and nobody outlives it.
	BENCH_INSIDE=1 exec setpriv --bounding-set -sys_time \
		--inh-caps -sys_time unshare -m -n -p -f --kill-child \
		--mount-proc bash "$0" "$@"
fi

T=$(mktemp -d "${TMPDIR:-/tmp}/tn-bench.XXXXXX")
chmod 755 "$T"
trap 'rm -rf "$T"' EXIT
RAW=${RAW:-$T/raw}
: >"$RAW"

# ---- two places: the servers here, the load in "c" -------------------------

mkdir -p /run/netns
mount -t tmpfs none /run/netns
ip netns add c
ip link set lo up
ip link add name s0 type veth peer name c0 netns c
ip address add 10.77.0.1/24 dev s0
ip link set s0 up
ip -n c link set lo up
ip -n c address add 10.77.0.2/24 dev c0
ip -n c link set c0 up
ip -n c route add local 10.80.0.0/12 dev lo
ip route add 10.80.0.0/12 via 10.77.0.2

load()
{
	ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
		-t "$SECONDS_EACH" --core "$SERVER_CORE" "$@" 10.77.0.1
}

# ---- the servers -----------------------------------------------------------

certify()
{
	openssl req -x509 -nodes -newkey "$2" ${3:+-pkeyopt "$3"} -days 30 \
		-subj "/CN=10.77.0.1" -addext "subjectAltName=IP:10.77.0.1" \
		-keyout "$T/$1.key" -out "$T/$1.crt" 2>/dev/null
}

declare -A PORT=() KE=() TOP=()

# begin NAME PORT KE-PORT CMD...: on the server's core.
begin()
{
	local name=$1
	PORT[$name]=$2
	KE[$name]=$3
	shift 3
	taskset -c "$SERVER_CORE" "$@" >"$T/$name.log" 2>&1 &
	TOP[$name]=$!
}

# truenoon NAME PORT KE-PORT CERTIFICATE
truenoon()
{
	mkdir -p "$T/$1"
	cat >"$T/$1.conf" <<-END
		statedir $T/$1/state
		rundir $T/$1/run
		pidfile $T/$1/run/pid
		port $2
		ntsport $3
		allow
		local stratum 1
		serverworkers 1
		maxntsconnections 1000
		ntsservercert $T/$4.crt
		ntsserverkey $T/$4.key
		user root
		$CONF
	END
	begin "$1" "$2" "$3" "$B/truenoon" daemon -x -d -c "$T/$1.conf"
}

chronyd()
{
	mkdir "$T/$1"
	chmod 700 "$T/$1"
	cat >"$T/$1.conf" <<-END
		pidfile $T/$1/pid
		bindcmdaddress /
		cmdport 0
		port $2
		ntsport $3
		allow
		local stratum 1
		ntsservercert $T/$4.crt
		ntsserverkey $T/$4.key
	END
	begin "$1" "$2" "$3" "$PEERS/bin/chronyd" -x -U -d -u root \
		-f "$T/$1.conf"
}

ntpd()
{
	mkdir -p "$T/$1"
	cat >"$T/$1.conf" <<-END
		disable ntp
		unrestrict default limited kod
		disable monitor
		refclock local stratum 1
		nts enable
		nts cert $T/$4.crt
		nts key $T/$4.key
		nts cookie $T/$1/cookies
	END
	begin "$1" "$2" "$3" "$PEERS/bin/ntpd" -n -c "$T/$1.conf" \
		-p "$T/$1/pid"
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
