#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases A1-A11, B1-B3, C11, D1, J1: thousands of bent requests of all
# sorts; what comes back is never more than what went in, nothing but client
# requests is answered, the counters tell, and honest clients are served.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
serve=$(role srv serve)

# shellcheck disable=SC2016 # perl
in_place srv perl -MSocket -e '
	my ($host, $port) = @ARGV;
	my $to = sockaddr_in($port, inet_aton($host));
	my ($in, $out, $answers, $long) = (0, 0, 0, 0);
	sub garbage { join "", map { chr int rand 256 } 1 .. $_[0] }
	sub ask {
		my ($p, $may) = @_;
		socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
		connect $s, $to or die;
		$in += length $p;
		send $s, $p, 0;
		my $rin = "";
		vec($rin, fileno $s, 1) = 1;
		while (select my $r = $rin, undef, undef, $may ? 0.02 : 0.002) {
			last unless defined recv $s, my $a, 65536, 0;
			$answers++;
			$out += length $a;
			$long++ if length $a > length $p;
			my $mode = 7 & ord $a;
			print "mode $mode\n" if $mode != 4;
			print "unasked ", unpack("H*", substr $p, 0, 60), "\n"
			    unless $may;
		}
	}
	srand 1;
	my $good = "\x23" . "\0" x 39 . "abcdefgh";
	ask("", 0);
	ask(garbage($_), 0) for 1, 4, 12, 47, 1472, 9000, 60000;
	ask($good . garbage($_), 0) for 1, 2, 3, 5, 7;
	for my $mode (0, 1, 2, 4, 5, 6, 7) { # v4
		ask(chr(0x20 | $mode) . garbage(47), 0) for 1 .. 5;
	}
	ask(chr($_ << 3 | 3) . garbage(47), 0) for 0, 5, 6, 7;
	ask("\0" x 48, 0);
	ask("\xff" x 48, 0);
	ask($good . pack("nn", 0x204, $_) . "\0" x 24, 0) for 0 .. 3, 5, 13,
	    29, 65532, 65535;
	# Fields: many empty ones, cookies and identifiers of nonsense.
	ask($good . pack("nn", 0x4001, 4) x 200, 1);
	my $uid = pack("nn", 0x104, 36) . "u" x 32;
	for my $len (0, 4, 100, 104, 1000) {
		my $cookie = pack("nn", 0x204, $len + 4) . garbage($len);
		my $auth = pack("nnnn", 0x404, 40, 16, 16) . garbage(32);
		my $holder = pack("nn", 0x304, $len + 4) . "\0" x $len;
		ask($good . $cookie . $auth, 1);
		ask($good . $uid . $cookie . $auth, 1);
		ask($good . $uid . $cookie . $holder x 3 . $auth, 1);
		ask($good . $uid . $cookie . $cookie . $auth, 1);
		ask($good . $uid . $auth . $cookie, 1);
		ask($good . $uid . $cookie, 1);
	}
	# Random bodies behind a good start, and random bytes for all.
	ask($good . garbage(4 * int rand 100), 1) for 1 .. 100;
	ask(garbage(48 + int rand 200), 1) for 1 .. 200;
	# A flood nobody reads the answers of.
	socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
	connect $s, $to or die;
	send $s, $_ % 2 ? $good : garbage(48 + $_ % 600), 0 for 1 .. 20000;
	print "long $long\n" if $long;
	print "more out than in\n" if $out > $in;
	print STDERR "in $in out $out answers $answers\n";
	' "${ADDR[srv]}" "${NTP[srv]}" >"$T/found" 2>"$T/count.log" || fail "sender"
[ ! -s "$T/found" ] || fail "$(head -n 3 "$T/found")"

[ "$(role srv serve)" = "$serve" ] || fail "serve died"
counted()
{
	local path
	for path in dropped_malformed dropped_mode; do
		more srv serverstats "$path" 0 || return 1
	done
	more srv serverstats requests 2000
}
wait_for 10 counted || fail "counters: $(tn srv serverstats --json)"
stats=$(tn srv serverstats --json)
number "$(json answer_bytes <<<"$stats")" -le \
	"$(json request_bytes <<<"$stats")" || fail "amplification"
answers srv >/dev/null || fail "no answer after the garbage"
still_synchronised cli
[ "$(log_lines srv '')" -lt 40 ] || fail "the log is flooded"
pass
