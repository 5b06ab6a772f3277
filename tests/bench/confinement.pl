#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What confinement.sh counted and measured, a worker in its cage beside one
# without.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/stats.pl";

my (%calls, %answered, %time, @works, %seen);
while (<>) {
	my ($what, $work, $who, $key, $v) = split ' ', $_, 5;
	push @works, $work unless $seen{$work}++;
	if ($what eq 'time') {
		$time{$work}{$who}[$key] = $1 if $v =~ /"run":([\d.]+)/;
	} elsif ($what eq 'instructions') {
		printf "%-8s %-7s %8d instructions in user space\n", $work,
		    $who, $v;
	} elsif ($key eq 'answered') {
		$answered{$work}{$who} = $v;
	} else {
		$calls{$work}{$key}{$who} = $v;
	}
}

# For a request; what comes less than once in a hundred is the clock's.
sub per
{
	my ($work, $call, $who) = @_;
	return ($calls{$work}{$call}{$who} // 0) /
	    ($answered{$work}{$who} || 1);
}

printf "%-8s %-20s %10s %10s\n", 'workload', 'calls for a request', 'caged',
    'bare' if %calls;
for my $work (sort keys %calls) {
	my ($sum, %all) = (0);
	for my $call (sort keys %{$calls{$work}}) {
		my @n = map { per($work, $call, $_) } qw(caged bare);
		next if $n[0] < 0.01 && $n[1] < 0.01;
		printf "%-8s %-20s %10.3f %10.3f\n", $work, $call, @n;
		$all{caged} += $n[0];
		$all{bare} += $n[1];
	}
	printf "%-8s %-20s %10.3f %10.3f\n", $work, 'all', $all{caged} // 0,
	    $all{bare} // 0;
}
print "\n";
for my $work (@works) {
	my $t = $time{$work} or next;
	my @r = by_round(sub { $_[0] / $_[1] }, $t->{caged}, $t->{bare});
	printf "%-8s CPU time of a request: caged %.3f us, bare %.3f us, ratio %s\n",
	    $work, median(@{$t->{caged}}), median(@{$t->{bare}}),
	    with_interval(@r);
}
