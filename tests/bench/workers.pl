#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What workers.sh measured: CPU time for each request, medians over the
# rounds, and two workers against one.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/stats.pl";

my (%v, %busy, %answered, @works, %seen);
while (<>) {
	my ($round, $work, $who, $json) = split ' ', $_, 4;
	my ($answered) = $json =~ /"answered":([1-9]\d*)/ or next;
	my ($run) = $json =~ /"run":([\d.]+)/ or next;
	push @works, $work unless $seen{$work}++;
	my $key = "$work $who $round";
	$busy{$key} += $run * $answered;
	$answered{$key} += $answered;
	$v{$work}{$who}{run}[$round] = $busy{$key} / $answered{$key};
	for my $f (qw(rate loss)) {
		$v{$work}{$who}{$f}[$round] += $1 if $json =~ /"$f":([\d.]+)/;
	}
}

printf "%-8s %-26s %6s %9s %7s %8s\n", 'workload', 'workers', 'rounds',
    'rate/s', 'loss%', 'cpu us';
my %name = (near => 'one, beside the load', far => 'one, by itself',
	both => 'two, one in each place', mixed => 'the same, clients mixed');
for my $work (@works) {
	for my $who (qw(near far both mixed)) {
		my $f = $v{$work}{$who} or next;
		printf "%-8s %-26s %6d %9.0f %7.2f %8.3f\n", $work, $name{$who},
		    scalar(grep { defined } @{$f->{rate}}), median(@{$f->{rate}}),
		    100 * median(@{$f->{loss}}), median(@{$f->{run}});
	}
}
target_head();
for my $work (@works) {
	my @r = by_round(sub { 2 * $_[2] / ($_[0] + $_[1]) },
	    map { $v{$work}{$_}{run} } qw(near far both));
	target_line("$work: two workers, of one in the same places", \@r,
	    'most', 1.05, 1.0);
}
