#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How well a client sees a server's clock: Debian's chronyd -x measures
# truenoon and chronyd over a veth pair, both on the clock of this machine, so
# that every offset is an error.  They take turns within each round, and which
# begins is drawn; prints medians of the absolute offset and of the delay of
# all rounds together, and the ratio of ours to chronyd's within each round.
# The client only looks (noselect).  One that follows, even with -x, measures
# by a clock that it steers, in which whatever is always the same is lost.
#
# usage: accuracy.sh BUILD-DIR PEERS-DIR
#   ROUNDS=3 SECONDS_EACH=12 KINDS="basic xleave nts nts-xleave"
#   FOLLOW=         1: the client follows after all
#   LOAD_RATE=0     requests a second from truenoon-load meanwhile
#   SERVER_CORE=1 LOAD_CORE=0
set -eu

# shellcheck source=tests/bench/place.sh
. "$(dirname "$0")/place.sh"
: "${ROUNDS:=3}" "${SECONDS_EACH:=12}" "${LOAD_RATE:=0}"
: "${KINDS:=basic xleave nts nts-xleave}" "${FOLLOW:=}"
[ -x "$PEERS/bin/chronyd" ] || { echo "accuracy: run make peers"; exit 1; }

# Its own file: it would find the code that chronyd as a server ran in the
# caches, and the other way round, as on two machines nobody does.
cp -r "$PEERS" "$T/client"

certify ec ec ec_paramgen_curve:P-256
truenoon truenoon 1123 1446 ec
chronyd chronyd 2123 2446 ec
sleep 3

# client NAME KIND ROUND: measure; the offsets go to $T/NAME.KIND.ROUND.
client()
{
	local name=$1 kind=$2 how="minpoll -4 maxpoll -4"
	local home=$T/$name.$kind.home other=0
	[ -n "$FOLLOW" ] || how="$how noselect"
	case $kind in *xleave) how="$how xleave" ;; esac
	case $kind in nts*) how="$how nts ntsport ${KE[$name]}" ;; esac
	mkdir -p "$home"
	cat >"$home/conf" <<-END
		server 10.77.0.1 port ${PORT[$name]} $how
		pidfile $home/pid
		bindcmdaddress /
		cmdport 0
		port 0
		ntstrustedcerts $T/ec.crt
		logdir $home
		log rawmeasurements
	END
	if [ "$LOAD_RATE" != 0 ]; then
		ip netns exec c taskset -c "$LOAD_CORE" "$B/truenoon-load" \
			-p "${PORT[$name]}" -r "$LOAD_RATE" -t "$SECONDS_EACH" \
			10.77.0.1 >/dev/null &
		other=$!
	fi
	ip netns exec c taskset -c "$LOAD_CORE" timeout "$SECONDS_EACH" \
		"$T/client/bin/chronyd" -x -U -d -u root -f "$home/conf" \
		>"$home/log" 2>&1 || true
	[ "$other" = 0 ] || wait "$other" || true
	# Those that passed all of chronyd's tests.
	awk '$1 ~ /^[0-9]/ && $7 == "111" { print $12, $13 }' \
		"$home/measurements.log" >"$T/$name.$kind.$3"
	rm -f "$home/measurements.log"
}

for round in $(seq "$ROUNDS"); do
	for kind in $KINDS; do
		for name in $(shuf -e truenoon chronyd); do
			client "$name" "$kind" "$round"
		done
	done
	echo "accuracy: round $round of $ROUNDS" >&2
done

# shellcheck disable=SC2086 # words
perl "$HERE/accuracy.pl" "$T" "$ROUNDS" $KINDS
