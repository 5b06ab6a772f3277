#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Requests of version 1 to 4, 1 also with mode 0, are answered in their
# version, others not at all; nothing is longer than what was asked.
. "$(dirname "$0")/lib.sh"

place srv cli
conf_truenoon srv <<END
port ${NTP[srv]}
allow
local stratum 3
END
start_truenoon srv

# ask VERSION MODE: prints version, mode, stratum and length of the answer,
# whether its origin is our transmit time and its time is ours; "silence"
# when a good request sent after it was answered first.
# shellcheck disable=SC2016 # perl expands them
ask()
{
	in_place cli perl -MSocket -e '
		my ($host, $port, $version, $mode) = @ARGV;
		socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
		connect $s, sockaddr_in($port, inet_aton($host)) or die;
		my ($ours, $after) = map { pack "NN", 77, $_ } 1, 2;
		send $s, chr($version << 3 | $mode) . "\0" x 39 . $ours, 0;
		send $s, chr(4 << 3 | 3) . "\0" x 39 . $after, 0;
		my $r = "";
		vec($r, fileno $s, 1) = 1;
		select($r, undef, undef, 10) or print("nothing\n"), exit;
		recv $s, my $a, 2000, 0;
		my $origin = substr $a, 24, 8;
		$origin ne $after or print("silence\n"), exit;
		my $h = ord $a;
		my $t = unpack("N", substr $a, 40) - 2208988800 & 0xffffffff;
		printf "%d %d %d %d %s %s\n", $h >> 3 & 7, $h & 7,
		    ord substr($a, 1), length $a,
		    $origin eq $ours ? "ours" : "foreign",
		    abs($t - time) <= 2 ? "now" : "wrong";
	' "${ADDR[srv]}" "${NTP[srv]}" "$1" "$2"
}

for version in 1 2 3 4; do
	got=$(ask $version 3)
	[ "$got" = "$version 4 3 48 ours now" ] || fail "version $version: $got"
done
got=$(ask 1 0)
[ "${got%% *}" = 1 ] && [ "${got#*48 }" = "ours now" ] ||
	fail "version 1 mode 0: $got"
for bad in "0 3" "5 3" "7 3" "4 0" "4 1" "4 2" "4 4" "4 5" "4 6" "3 7"; do
	# shellcheck disable=SC2086 # two words
	got=$(ask $bad)
	[ "$got" = silence ] || fail "version and mode $bad: $got"
done
wait_for 20 at_least srv serverstats answered_ntp 5 || fail "answers"
wait_for 20 at_least srv serverstats requests_by_version.1 2 || fail "version 1"
pass
