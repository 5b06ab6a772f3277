#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How far off are the samples?  All daemons read the same kernel clock, so
# the true offset is zero and what a client measures is error.  Clients of
# either kind ask servers of either kind, in basic and in interleaved mode,
# once a second and all at the same time; median and 99th percentile of the
# measured offsets are printed.  Only a gross difference is a failure: other
# things run on this machine.
#   E2E_SAMPLES=N   so many from each (30)
. "$(dirname "$0")/lib.sh"

: "${E2E_SAMPLES:=30}"
need_peers
place ours theirs cli
declare -A WIRE=([ours]=${ADDR[ours]} [theirs]=${ADDR[theirs]})

# wire SERVER N: a cable of its own to the clients, without the bridge, in
# which a request that wakes everybody up takes longer than its answer.
wire()
{
	ip link add name "w$2" netns "$1" type veth peer name "w$2" netns cli
	ip -n "$1" address add "10.124.$2.1/24" dev "w$2"
	ip -n cli address add "10.124.$2.2/24" dev "w$2"
	ip -n "$1" link set "w$2" up
	ip -n cli link set "w$2" up
	WIRE[$1]=10.124.$2.1
}

if [ "$E2E_INSIDE" = netns ]; then
	wire ours 1
	wire theirs 2
fi
conf_truenoon ours <<END
port ${NTP[ours]}
allow
local stratum 3
END
conf_chronyd theirs <<END
port ${NTP[theirs]}
allow
local stratum 3
END
start_truenoon ours
start_chronyd theirs

# clients SERVER MODE: one of each kind, that measure and follow nobody.
clients()
{
	local line="server ${WIRE[$1]} port ${NTP[$1]} minpoll 0 maxpoll 0"
	local name=$1-$2

	line="$line noselect ${2#basic}"
	conf_truenoon "tn-$name" <<-END
	$line
	END
	start "tn-$name@cli" "$BIN" daemon -x -d -d -c "$T/tn-$name.conf"
	conf_chronyd "ch-$name" <<-END
	$line
	port 0
	logdir $T/ch-$name
	log rawmeasurements
	END
	start_chronyd "ch-$name@cli"
}

# offsets CLIENT: in microseconds, without sign, smallest first; the first
# few samples, while all the daemons start, are not counted.
offsets()
{
	local mode=${1##*-} log=$T/$1/measurements.log
	case $1 in
	tn-*) sed -n "s/.* sample .* offset_us=\([^ ]*\).* mode=${mode/xleave/interleaved}.*/\1/p" \
		"$T/$1.log" ;;
	ch-*-basic) awk '/^20/ && $(NF - 2) ~ /B/ {print $12 * 1e6}' "$log" ;;
	ch-*) awk '/^20/ && $(NF - 2) ~ /I/ {print $12 * 1e6}' "$log" ;;
	esac | sed -e 1,4d -e 's/^-//' | sort -g
}

enough()
{
	[ "$(offsets "$1" | wc -l)" -ge "$E2E_SAMPLES" ]
}

# quantile CLIENT PERCENT
quantile()
{
	offsets "$1" | awk -v p="$2" '{v[NR] = $1}
		END {i = int((NR - 1) * p / 100 + 0.999) + 1; print v[i]}'
}

for server in ours theirs; do
	for mode in basic xleave; do
		clients $server $mode
	done
done
for server in ours theirs; do
	for mode in basic xleave; do
		for kind in tn ch; do
			wait_for $((E2E_SAMPLES + 40)) \
				enough $kind-$server-$mode ||
				fail "too few samples of $kind-$server-$mode"
		done
	done
done

worse=
printf '%-10s %-8s %21s %21s\n' "" "" "truenoon client" "chronyd client"
printf '%-10s %-8s %10s %10s %10s %10s  (us)\n' server mode median 99% median 99%
for server in ours theirs; do
	for mode in basic xleave; do
		name=$server-$mode
		figures="$(quantile "tn-$name" 50) $(quantile "tn-$name" 99)"
		figures="$figures $(quantile "ch-$name" 50)"
		figures="$figures $(quantile "ch-$name" 99)"
		# shellcheck disable=SC2086 # four words
		printf '%-10s %-8s %10.3f %10.3f %10.3f %10.3f\n' \
			${server/ours/truenoon} $mode $figures |
			sed 's/^theirs /chronyd/'
		# shellcheck disable=SC2086
		set -- $figures
		number "$1" -lt "$(perl -e "print 4 * $3 + 25")" ||
			worse="$worse $name"
	done
done
[ -z "$worse" ] || fail "far worse than chronyd:$worse"
pass
