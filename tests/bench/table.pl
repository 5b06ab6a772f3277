#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What server.sh measured, as a table: medians over the rounds; for each
# ratio the median of the ratios within a round with its 95 % interval; and
# what of the targets is met.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/stats.pl";

my (%v, @works, %seen);
while (<>) {
	my ($round, $work, $who, $json) = split ' ', $_, 4;
	# Without sockets in nanoseconds, without a server in microseconds.
	if ($work eq 'memory' || $work eq 'floor') {
		$v{$work}{$who}{is}[$round] = $json + 0;
		next;
	}
	next unless $json =~ /"answered":[1-9]/;
	push @works, $work unless $seen{$work}++;
	my $f = $v{$work}{$who} //= {};
	for (qw(rate loss user sys run core_us core_busy p50 p99 answered
	    interleaved after)) {
		$f->{$_}[$round] = $1 if $json =~ /"$_":(-?[\d.]+)/;
	}
	print STDERR "table: $work $who: answers that do not verify\n"
	    if $json =~ /"verify_failed":[1-9]/;
}

sub show
{
	my ($format, $x) = @_;
	return defined $x ? sprintf $format, $x : '-';
}

# The same field of two servers, round by round.
sub ratios
{
	my ($f, $work, $us, $peer) = @_;
	return by_round(sub { $_[0] / $_[1] }, $v{$work}{$us}{$f},
	    $v{$work}{$peer}{$f});
}

my @format = (
	[core_us => '%.2f', 'core us'], [run => '%.2f', 'cpu us'],
	[user => '%.2f', 'user us'], [sys => '%.2f', 'sys us'],
	[core_busy => '%.2f', 'busy'], [p50 => '%.1f', 'p50 us'],
	[p99 => '%.1f', 'p99 us']);
printf "%-9s %-9s %6s %9s %7s" . ' %8s' x @format . "\n", 'workload',
    'server', 'rounds', 'rate/s', 'loss%', map { $_->[2] } @format;
for my $work (@works) {
	for my $who (qw(echo truenoon chronyd ntpd)) {
		my $f = $v{$work}{$who} or next;
		my %m = map { $_ => median(@{$f->{$_}}) } keys %$f;
		printf "%-9s %-9s %6d %9s %7s" . ' %8s' x @format . "\n", $work,
		    $who, scalar(grep { defined } @{$f->{rate}}),
		    show('%.0f', $m{rate}),
		    show('%.2f', 100 * ($m{loss} // 0)),
		    map { show($_->[1], $m{$_->[0]}) } @format;
	}
}

printf "\n%-9s %-28s %s\n", 'workload', 'truenoon against',
    'median (interval, confidence)';
for my $work (@works) {
	my $quiet = $work =~ /^quiet/;
	my $ke = $work =~ /^ke/; # load is made on the server's core, too
	for my $peer (qw(echo chronyd ntpd)) {
		next unless $v{$work}{$peer} && $v{$work}{truenoon};
		for (['core_us', 'core time'], ['run', 'cpu time'],
		    ['rate', 'rate'],
		    ['user', 'user time'], ['p50', 'latency']) {
			my ($f, $text) = @$_;
			next if $quiet xor $f eq 'p50';
			next if $ke && $f =~ /core_us|rate/;
			printf "%-9s %-28s %s\n", $work, "$peer, $text",
			    with_interval(ratios($f, $work, 'truenoon', $peer));
		}
	}
}

# ---- the targets -----------------------------------------------------------

# target TEXT, FIGURES, most|least, LIMIT, AIM: a line if it was measured.
sub target
{
	my ($what, $r, @rest) = @_;
	target_line($what, $r, @rest) if @$r;
}

# How many times more a peer spends.
sub peer_over
{
	my ($f, $work, $peer) = @_;
	return [ratios($f, $work, $peer, 'truenoon')];
}

# What more addresses cost beyond what they cost the floor.
sub growth
{
	my ($many, $few) = @_;
	return [by_round(
		sub { ($_[0] - ($_[2] - $_[3])) / $_[1] },
		map { $v{$_->[0]}{$_->[1]}{core_us} } (
			[$many, 'truenoon'], [$few, 'truenoon'],
			[$many, 'echo'], [$few, 'echo']))];
}

# When an answer comes, against the floor and what the same request takes in
# memory: the cryptography, and what little there is beside it.
sub delay
{
	my ($work, $memory) = @_;
	return [by_round(sub { $_[0] / ($_[1] + $_[2] * 1e-3) },
		$v{$work}{truenoon}{p50}, $v{$work}{echo}{p50},
		$v{memory}{$memory}{is})];
}

# Of the worker's memory, the last round against the first.
sub memory_growth
{
	my @r = grep { defined } @{$v{$_[0]}{truenoon}{after} // []};
	return @r > 1 ? [$r[-1] / $r[0]] : [];
}

target_head();
target('NTP: core time, of the floor', [ratios('core_us', 'ntp', 'truenoon', 'echo')],
    'most', 1.10);
target('NTP: chronyd\'s core time, of ours', peer_over('core_us', 'ntp', 'chronyd'),
    'least', 1.10, 1.25);
target('NTP: chronyd\'s core time, of the floor',
    [ratios('core_us', 'ntp', 'chronyd', 'echo')], 'least', 1.10);
target('NTP, 10k addresses: chronyd\'s core time, of ours',
    peer_over('core_us', 'ntp10k', 'chronyd'), 'least', 1.10, 1.25);
target('NTS: user time, us',
    [grep { defined } @{$v{nts}{truenoon}{user} // []}], 'most', 1.1);
# An hour in which everything is slow is not ours: 1.1 of chronyd's 2.0 to 2.3.
target('NTS: user time, of chronyd\'s',
    [ratios('user', 'nts', 'truenoon', 'chronyd')], 'most', 0.48);
target('NTS: chronyd\'s core time, of ours', peer_over('core_us', 'nts', 'chronyd'),
    'least', 1.20, 1.35);
target('NTS: ntpd\'s core time, of ours', peer_over('core_us', 'nts', 'ntpd'),
    'least', 3);
target('NTS, 8 cookies: chronyd\'s core time, of ours',
    peer_over('core_us', 'nts8', 'chronyd'), 'least', 1.45, 1.7);
target('NTS, 8 cookies: ntpd\'s core time, of ours',
    peer_over('core_us', 'nts8', 'ntpd'), 'least', 4);
target('NTP, 10k addresses, less floor\'s, of few',
    growth('ntp10k', 'ntp'), 'most', 1.1, 1.0);
target('NTS, 10k addresses, less floor\'s, of few',
    growth('nts10k', 'nts'), 'most', 1.1, 1.0);
target('NTP, 1M addresses and limits, less floor\'s',
    growth('ntp1m', 'ntp'), 'most', 1.2, 1.0);
target('the same: memory, last round of first', memory_growth('ntp1m'),
    'most', 1.01);
target('interleaved: answers that are',
    [by_round(sub { $_[0] / $_[1] }, map { $v{xleave}{truenoon}{$_} }
	qw(interleaved answered))], 'least', 0.99);
target('KE, P-256: CPU time, of chronyd\'s', [ratios('run', 'ke', 'truenoon', 'chronyd')],
    'most', 0.85, 0.7);
target('KE, P-256: CPU time, of libssl\'s + TCP\'s',
    [by_round(sub { $_[0] / ($_[1] + $_[2]) }, $v{ke}{truenoon}{run},
	$v{floor}{ke_floor_libssl_p256}{is}, $v{ke}{echo}{run})],
    'most', 1.25);
target('KE, RSA-2048: CPU time, of chronyd\'s',
    [ratios('run', 'ke-rsa', 'truenoon', 'chronyd')], 'most', 0.4);
target('NTP at 1 % load: latency, of floor + memory', delay('quiet', 'serve_ntp'),
    'most', 1.1, 1.05);
target('NTS at 1 % load: latency, of floor + memory',
    delay('quietnts', 'serve_nts_1_cookie'), 'most', 1.1, 1.05);
print "\nOf few rounds the interval is all there is, with the confidence that",
    "\nit has; \"not sure\": the limit lies in the interval.\n";
