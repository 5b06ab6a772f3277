#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What server.sh measured, as a table: medians over the rounds, and for each
# ratio the median of the ratios within a round with the least and greatest.
use strict;
use warnings;

my (%v, @works, %seen);
while (<>) {
	my ($round, $work, $who, $json) = split ' ', $_, 4;
	next unless $json =~ /"answered":[1-9]/;
	push @works, $work unless $seen{$work}++;
	for my $f (qw(rate loss user sys run core_us core_busy p50 p99)) {
		$v{$work}{$who}{$f}[$round] = $1
		    if $json =~ /"$f":(-?[\d.]+)/;
	}
	print STDERR "table: $work $who: answers that do not verify\n"
	    if $json =~ /"verify_failed":[1-9]/;
}

sub median
{
	my @s = sort { $a <=> $b } grep { defined } @_;
	return undef unless @s;
	return @s % 2 ? $s[@s / 2] : ($s[@s / 2 - 1] + $s[@s / 2]) / 2;
}

sub show
{
	my ($format, $x) = @_;
	return defined $x ? sprintf $format, $x : '-';
}

# The same field of two servers, round by round.
sub ratio
{
	my ($work, $f, $us, $peer) = @_;
	my ($x, $y) = ($v{$work}{$us}{$f}, $v{$work}{$peer}{$f});
	my @r = map { $x->[$_] / $y->[$_] }
	    grep { ($x->[$_] // 0) > 0 && ($y->[$_] // 0) > 0 } 0 .. ($x ? $#$x : -1);
	return '-' unless @r;
	@r = sort { $a <=> $b } @r;
	return sprintf '%.2f (%.2f..%.2f)', median(@r), $r[0], $r[-1];
}

printf "%-8s %-9s %9s %7s %7s %7s %7s %7s %5s %8s %8s\n", 'workload',
    'server', 'rate/s', 'loss%', 'core us', 'cpu us', 'user us', 'sys us',
    'busy', 'p50 us', 'p99 us';
for my $work (@works) {
	for my $who (qw(echo truenoon chronyd ntpd)) {
		my $f = $v{$work}{$who} or next;
		my %m = map { $_ => median(@{$f->{$_}}) } keys %$f;
		printf "%-8s %-9s %9s %7s %7s %7s %7s %7s %5s %8s %8s\n",
		    $work, $who, show('%.0f', $m{rate}),
		    show('%.2f', 100 * ($m{loss} // 0)),
		    show('%.2f', $m{core_us}), show('%.2f', $m{run}),
		    show('%.2f', $m{user}), show('%.2f', $m{sys}),
		    show('%.2f', $m{core_busy}), show('%.1f', $m{p50}),
		    show('%.1f', $m{p99});
	}
}
printf "\n%-8s %-28s %s\n", 'workload', 'truenoon against', 'median (range)';
for my $work (@works) {
	for my $peer (qw(echo chronyd ntpd)) {
		next unless $v{$work}{$peer} && $v{$work}{truenoon};
		for (['core_us', 'core time'], ['rate', 'rate'],
		    ['user', 'user time'], ['p50', 'latency']) {
			my ($f, $text) = @$_;
			next if $work eq 'quiet' xor $f eq 'p50';
			printf "%-8s %-28s %s\n", $work, "$peer, $text",
			    ratio($work, $f, 'truenoon', $peer);
		}
	}
}
