# SPDX-License-Identifier: BSD-2-Clause
# What accuracy.sh measured: DIR/SERVER.KIND.ROUND holds an offset and a delay
# in seconds for each sample.
#
#	accuracy.pl DIR ROUNDS KIND...
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/stats.pl";

my ($dir, $rounds, @kinds) = @ARGV;

# The quantile q of the column of these rounds, without signs, in ns.
sub quantile
{
	my ($q, $column, $server, $kind, @rounds) = @_;
	my @v;
	for my $round (@rounds) {
		open my $f, '<', "$dir/$server.$kind.$round" or next;
		push @v, map { abs((split)[$column]) * 1e9 } <$f>;
	}
	@v = sort { $a <=> $b } @v;
	return (scalar @v, @v ? $v[$q * $#v] : undef);
}

sub text { defined $_[0] ? sprintf('%10.0f', $_[0]) : sprintf('%10s', '-') }

printf "%-12s %-10s %8s %10s %10s %10s %10s\n", 'kind', 'server', 'samples',
    'median ns', 'p90 ns', 'p99 ns', 'delay ns';
for my $kind (@kinds) {
	for my $server (qw(truenoon chronyd)) {
		my @all = ($server, $kind, 1 .. $rounds);
		my ($cnt) = quantile(0.5, 0, @all);
		printf "%-12s %-10s %8d %s %s %s %s\n", $kind, $server, $cnt,
		    map { text((quantile($_->[0], $_->[1], @all))[1]) }
		    [0.5, 0], [0.9, 0], [0.99, 0], [0.5, 1];
	}
}

# A quantile of each round.
sub rounds
{
	my ($q, $server, $kind) = @_;
	return [map { (quantile($q, 0, $server, $kind, $_))[1] } 1 .. $rounds];
}

# No worse than chronyd; and interleaved, as good as the kernel's stamps.
target_head();
for my $kind (@kinds) {
	for (['median', 0.5, 200], ['p99', 0.99, 1500]) {
		my ($name, $q, $limit) = @$_;
		my $ours = rounds($q, 'truenoon', $kind);
		target_line("$kind: $name, of chronyd's",
		    [by_round(sub { $_[0] / $_[1] }, $ours,
			rounds($q, 'chronyd', $kind))], 'most', 1);
		target_line("$kind: $name, ns", $ours, 'most', $limit)
		    if $kind =~ /xleave/;
	}
}
