#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# More comes than a worker can take: its queue overflows while it is stopped.
# What was lost is counted; then strangers without NTS are dropped for a
# moment, and who shows good cookies never is.  A worker that is started anew
# does not take what its predecessor's queue lost for losses of its own, and
# what that one had counted stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
worker=$(role srv serve)
nts_before=$(tn_json srv serverstats answered_nts)

# shellcheck disable=SC2016 # perl
flood()
{
	in_place srv perl -MSocket -e '
		my ($port, $pid) = @ARGV;
		my $to = sockaddr_in($port, inet_aton("127.0.0.1"));
		my $ask = "\x23" . "\0" x 39 . "abcdefgh";
		sub from {
			socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
			bind $s, sockaddr_in(0, inet_aton($_[0])) or die $!;
			$s;
		}
		my $one = from("127.0.0.9");
		kill "STOP", $pid;
		send $one, $ask, 0, $to for 1 .. 12000;
		kill "CONT", $pid;
		for my $n (1 .. 250) {
			my $s = from("127.0.3.$n");
			send $s, $ask, 0, $to;
			select undef, undef, undef, 0.0002;
		}' "${NTP[srv]}" "$worker"
}

# Strangers, without NTS.
ask_plain()
{
	in_place srv "$BIN" query --no-nts -n 1 -t 1 --port "${NTP[srv]}" \
		"${HOST[srv]}" >/dev/null
}

# shed QUEUE OVERLOAD: more than these have been dropped so far.
shed()
{
	flood
	tn srv serverstats --json >"$T/stats"
	number "$(json dropped_queue <"$T/stats")" -gt "$1" &&
		number "$(json dropped_overload <"$T/stats")" -gt "$2"
}
wait_for 30 shed 0 0 || fail "nothing shed: $(cat "$T/stats")"
still_synchronised cli

# It is over at once.
answers srv >/dev/null || fail "a stranger gets no answer afterwards"
goes_on()
{
	number "$(tn_json srv serverstats answered_nts)" -gt "$nts_before"
}
wait_for 10 goes_on || fail "no answers with NTS"

sleep 1.5 # it has reported
before=$(tn srv serverstats --json)
count()
{
	json "$1" <<<"$before"
}
kill -9 "$worker"
wait_for 10 another_role srv serve "$worker" || fail "no other worker"
anew()
{
	ask_plain
	tn srv serverstats --json >"$T/stats"
	number "$(json answered_ntp <"$T/stats")" -gt "$(count answered_ntp)"
}
wait_for 10 anew || fail "no report of the new worker: $(cat "$T/stats")"
number "$(json requests <"$T/stats")" -gt "$(count requests)" ||
	fail "old requests do not count: $(cat "$T/stats")"
number "$(json dropped_queue <"$T/stats")" -eq "$(count dropped_queue)" &&
	number "$(json dropped_overload <"$T/stats")" -eq \
		"$(count dropped_overload)" ||
	fail "old losses count as new: $(cat "$T/stats")"

# Those after its first request do count.
worker=$(role srv serve)
wait_for 30 shed "$(count dropped_queue)" "$(count dropped_overload)" ||
	fail "nothing shed by the new one: $(cat "$T/stats")"
pass
