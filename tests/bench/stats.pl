# SPDX-License-Identifier: BSD-2-Clause
# Medians and what is known of them, for the scripts beside this one and for
# tests/e2e/46-stamps.sh.
use strict;
use warnings;

sub median
{
	my @s = sort { $a <=> $b } grep { defined } @_;
	return undef unless @s;
	return @s % 2 ? $s[@s / 2] : ($s[@s / 2 - 1] + $s[@s / 2]) / 2;
}

# The interval that holds the median of what was drawn from with 95 % or
# more, by order statistics: no assumption but that the draws are
# independent.  Fewer than six cannot have that; then it is all of them, and
# the confidence says so.  Return: least, greatest, confidence.
sub interval
{
	my @s = sort { $a <=> $b } grep { defined } @_;
	my ($n, $k, $sum) = (scalar @s, 0, 0);
	return () unless $n;
	my $p = 0.5**$n; # that none is below the median, then 1, 2, ...
	my $outside = 2 * $p;
	while ($sum + $p <= 0.025 && $k < ($n - 1) / 2) {
		$sum += $p;
		$outside = 2 * $sum;
		$p *= ($n - $k) / ($k + 1);
		$k++;
	}
	$k = 1 if $k < 1;
	return ($s[$k - 1], $s[$n - $k], $n > 1 ? 1 - $outside : 0);
}

# "1.23 (1.20..1.26, 95 %)"
sub with_interval
{
	my ($lo, $hi, $sure) = interval(@_);
	return '-' unless defined $lo;
	return sprintf '%.3f (%.3f..%.3f, %.0f %%)', median(@_), $lo, $hi,
	    100 * $sure;
}

# Round by round: a function of several measurements, where all are there.
sub by_round
{
	my ($f, @of) = @_;
	my ($last, @r) = (-1);
	for my $x (@of) {
		$last = $#$x if $x && $#$x > $last;
	}
	for my $i (0 .. $last) {
		my @at = map { $_ ? $_->[$i] : undef } @of;
		push @r, $f->(@at) unless grep { !defined || $_ <= 0 } @at;
	}
	return @r;
}

# A line of the summary.  @$r: the figure of each round; $limit and whether
# it is to be at most or at least that; $aim: the second figure, or undef.
sub target_line
{
	my ($what, $r, $how, $limit, $aim) = @_;
	my $met = '-';
	my $text = ($how eq 'most' ? '<= ' : '>= ') . $limit;
	$text .= ", aim $aim" if defined $aim;
	my $m = median(@$r);
	if (defined $m) {
		my ($lo, $hi) = interval(@$r);
		my $ok = sub { $how eq 'most' ? $_[0] <= $limit : $_[0] >= $limit };
		$met = $ok->($m) ? 'yes' : 'NO';
		$met .= ', not sure' if !$ok->($lo) != !$ok->($hi);
		$met .= ', aim too' if $met eq 'yes' && defined $aim &&
		    ($how eq 'most' ? $m <= $aim : $m >= $aim);
	}
	printf "%-46s %-16s %-30s %s\n", $what, $text, with_interval(@$r), $met;
}

sub target_head
{
	printf "\n%-46s %-16s %-30s %s\n", 'target', 'to be', 'measured: median (interval)',
	    'met';
}

1;
