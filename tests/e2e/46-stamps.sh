#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How far off are the samples?  All daemons read the same kernel clock, so
# the true offset is zero and what a client measures is error.  Clients of
# either kind ask servers of either kind, in basic and in interleaved mode,
# one after the other, since a server that has just answered somebody else is
# quicker; which kind begins is drawn each time.  Median and 99th percentile of
# the measured offsets, without their signs, are printed for all rounds
# together.  From three rounds on, so is the ratio of truenoon's client to
# chronyd's, taken within each round: its median over the rounds, and an
# interval that holds it with the confidence beside it (95 % takes six rounds).
# Where 1 is inside the interval, what differs may be noise.
# Only a gross difference is a failure: other things run on this machine.
#   E2E_ROUNDS=N    each gets so many turns (1)
#   E2E_SAMPLES=N   so many samples in each (100)
#   E2E_POLL=N      one every 2^N seconds (-5)
. "$(dirname "$0")/lib.sh"

: "${E2E_ROUNDS:=1}" "${E2E_SAMPLES:=100}" "${E2E_POLL:=-5}"
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

# pin NAME CPU: it and its children.
pin()
{
	local pid
	[ "$(nproc)" -gt 1 ] || return 0
	for pid in "${PID[$1]}" $(pgrep -P "${PID[$1]}"); do
		taskset -cp "$2" "$pid" >/dev/null 2>&1 || :
	done
}

# Servers have a processor of their own, as most have: whether one runs at
# once where its client was, or wakes up another, is not the client's merit.
pin ours 1
pin theirs 1

# Of two processes with one program, each finds in the caches what the other
# has just run, as it never does on two machines: 1 of 16 us.  So clients have
# copies of their own.
mkdir "$T/client"
cp "$BIN" "$T/client/truenoon"
cp -r "$PEERS" "$T/client/peers"

# client KIND SERVER MODE: one that measures and follows nobody.
client()
{
	local name=$1-$2-$3 poll="minpoll $E2E_POLL maxpoll $E2E_POLL"
	local line="server ${WIRE[$2]} port ${NTP[$2]} $poll noselect"
	rm -rf "${T:?}/$name" "$T/$name.log"
	case $1 in
	tn)
		echo "$line ${3#basic}" | conf_truenoon "$name"
		start "$name@cli" "$T/client/truenoon" daemon -x -d -d \
			-c "$T/$name.conf"
		;;
	ch)
		conf_chronyd "$name" <<-END
		$line ${3#basic}
		port 0
		logdir $T/$name
		log rawmeasurements
		END
		PEERS=$T/client/peers start_chronyd "$name@cli"
		;;
	esac
	pin "$name" 0
}

# As many samples as come in so many seconds.
samples()
{
	perl -e "print int($1 / 2 ** $E2E_POLL)"
}

# offsets CLIENT: of this round, in microseconds, without sign; those of the
# first seconds, while the daemon starts, are not counted.
offsets()
{
	local mode=${1##*-} log=$T/$1/measurements.log
	case $1 in
	tn-*) sed -n "s/.* sample .* offset_us=\([^ ]*\).* mode=${mode/xleave/interleaved}.*/\1/p" \
		"$T/$1.log" ;;
	ch-*-basic) awk '/^20/ && $(NF - 2) ~ /B/ {print $12 * 1e6}' "$log" ;;
	ch-*) awk '/^20/ && $(NF - 2) ~ /I/ {print $12 * 1e6}' "$log" ;;
	esac | sed -e "1,$(samples 1.5)d" -e 's/^-//' | head -n "$E2E_SAMPLES"
}

enough()
{
	[ "$(offsets "$1" | wc -l)" -ge "$E2E_SAMPLES" ]
}

# quantile PERCENT FILE...: of all that is in these.
quantile()
{
	sort -g "${@:2}" | awk -v p="$1" '{v[NR] = $1}
		END {i = int((NR - 1) * p / 100 + 0.999) + 1; print v[i]}'
}

# ratio SERVER-MODE PERCENT: of our client to chronyd's, round by round.
ratio()
{
	local kind round
	for kind in tn ch; do
		for round in $(seq "$E2E_ROUNDS"); do
			quantile "$2" "$T/$kind-$1.offsets.$round"
		done | paste -s
	done | perl -e '
		require shift;
		my ($ours, $theirs) = map { [split] } <STDIN>;
		my @r = by_round(sub { $_[0] / $_[1] }, $ours, $theirs);
		print with_interval(@r), "\n"' "$ROOT/tests/bench/stats.pl"
}

# measure CLIENT ROUND
# Who looks while they measure, or writes down what they say of each sample,
# makes the processors' caches cold.  chronyd's client writes to a file by
# itself; truenoon's line waits in a pipe, and who reads it sleeps meanwhile.
measure()
{
	sleep 1
	[[ $1 != tn-* ]] || kill -STOP "${PID[$1]}"
	sleep "$(perl -e "print 1 + ($E2E_SAMPLES + 8) * 2 ** $E2E_POLL")"
	kill -CONT "${PID[$1]}"
	wait_for $((E2E_SAMPLES + 40)) enough "$1" ||
		fail "too few samples of $1"
	offsets "$1" >"$T/$1.offsets.$2"
	stop "$1"
}

for round in $(seq "$E2E_ROUNDS"); do
	for server in ours theirs; do
		for mode in basic xleave; do
			for kind in $(shuf -e tn ch); do
				client "$kind" $server $mode
				measure "$kind-$server-$mode" "$round"
			done
		done
	done
done

worse=
printf '%-10s %-8s %21s %21s\n' "" "" "truenoon client" "chronyd client"
printf '%-10s %-8s %10s %10s %10s %10s  (us)\n' server mode median 99% median 99%
for server in ours theirs; do
	for mode in basic xleave; do
		name=$server-$mode
		figures=
		for kind in tn ch; do
			for percent in 50 99; do
				figures="$figures $(quantile $percent \
					"$T/$kind-$name.offsets".*)"
			done
		done
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
if [ "$E2E_ROUNDS" -ge 3 ]; then
	printf '\ntruenoon client / chronyd client, median of %d rounds' \
		"$E2E_ROUNDS"
	printf ' (interval, confidence)\n%-10s %-8s %28s %28s\n' \
		server mode median 99%
	for server in ours theirs; do
		for mode in basic xleave; do
			printf '%-10s %-8s %28s %28s\n' \
				${server/ours/truenoon} $mode \
				"$(ratio $server-$mode 50)" \
				"$(ratio $server-$mode 99)" |
				sed 's/^theirs /chronyd/'
		done
	done
fi
[ -z "$worse" ] || fail "far worse than chronyd:$worse"
pass
