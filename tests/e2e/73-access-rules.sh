#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Ten thousand access rules, from a file of their own through to the answers:
# what is decided at the edges of the rules is what the rules say one by one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

# rules COUNT: such lines on the standard output.
rules()
{
	# shellcheck disable=SC2016 # perl
	perl -e '
		srand 7;
		for (1 .. $ARGV[0]) {
			my $bits = 9 + int rand 24;
			my $at = 127 << 24 | int rand 1 << 24;
			$at &= ~0 << 32 - $bits & 0xffffffff;
			printf "%s%s %s/%d\n", rand() < 0.5 ? "allow" : "deny",
			    rand() < 0.002 ? " all" : "",
			    join(".", unpack "C4", pack "N", $at), $bits;
		}' "$1"
}

server_conf srv "include $T/rules"
rules 10000 >"$T/rules"
start_truenoon srv

# The first and last address of some rules, and their neighbours: those that
# must not be answered are asked first, and the one worker keeps the order.
# shellcheck disable=SC2016 # perl
in_place srv perl -MSocket -e '
	my ($port, $file) = @ARGV;
	my (@rules, %probe);
	open my $in, "<", $file or die;
	while (<$in>) {
		m|^(\w+)( all)? ([\d.]+)/(\d+)$| or die "rule: $_";
		my ($at, $bits) = (unpack("N", inet_aton($3)), $4);
		my $rule = [$at, $bits, $1 eq "allow"];
		my $size = 1 << 32 - $bits;
		@rules = grep { $_->[1] < $bits || $_->[0] < $at ||
		    $_->[0] >= $at + $size } @rules if $2;
		push @rules, $rule;
		next if $. % 100;
		$probe{$_} = 1 for $at, $at + $size - 1, $at - 1, $at + $size;
	}
	my (@no, @yes);
	for my $at (sort keys %probe) {
		my ($best, $allow) = (-1, 1); # the line of server_conf
		for my $r (@rules) {
			next if $at >> 32 - $r->[1] != $r->[0] >> 32 - $r->[1];
			($best, $allow) = @$r[1, 2] if $r->[1] >= $best;
		}
		next if $at <= 127 << 24 || $at >= (128 << 24) - 1;
		push @{$allow ? \@yes : \@no}, $at;
	}
	my $to = sockaddr_in($port, INADDR_LOOPBACK);
	my %sock;
	sub ask {
		my ($s) = @_;
		send $s, "\x23" . "\0" x 39 . "abcdefgh", 0;
	}
	sub heard {
		my ($s, $wait) = @_;
		my $rin = "";
		vec($rin, fileno $s, 1) = 1;
		return scalar select $rin, undef, undef, $wait;
	}
	# Asked again for as long as it may have been lost.
	sub answered {
		my ($s) = @_;
		for (1 .. 20) {
			ask($s);
			return 1 if heard($s, 0.25);
		}
		return 0;
	}
	my $name = sub { join ".", unpack "C4", pack "N", $_[0] };
	for my $at (@no, @yes) {
		socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
		bind $s, sockaddr_in(0, pack "N", $at) or die;
		connect $s, $to or die;
		$sock{$at} = $s;
	}
	ask($sock{$_}) for @no;
	for my $at (@yes) {
		next if answered($sock{$at});
		print "no answer ", $name->($at), "\n";
		last;
	}
	heard($sock{$_}, 0) and print "answered ", $name->($_), "\n" for @no;
	print "few probes\n" if @no < 100 || @yes < 100;
	print STDERR scalar(@rules), " rules, ", scalar(@yes), " allowed, ",
	    scalar(@no), " denied\n"' \
	"${NTP[srv]}" "$T/rules" >"$T/found" 2>"$T/count.log" || fail "probes"
cat "$T/count.log"
[ ! -s "$T/found" ] || fail "$(head -n 3 "$T/found")"

# A file too long is told, not cut.
rules 65537 >"$T/rules"
! "$BIN" check "$T/srv.conf" >/dev/null 2>"$T/check.err" ||
	fail "more rules than there can be are accepted"
grep -q "rules:65536:.*more than 65536 rules" "$T/check.err" ||
	fail "$(head -n 3 "$T/check.err")"
pass
