#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Print one value of the JSON document on standard input, with nothing but
# what perl-base has.  The path names object members and array indices, as
# in "servers.0.offset_s"; "servers.#" is how many elements there are, "."
# the whole document checked for syntax.  null prints as null.  Exit 1 when
# the document is not JSON or has no such value.
# usage: json.pl PATH <FILE
use strict;
use warnings;

my $text = do { local $/; <STDIN> } // '';

sub bad { die "json: $_[0] at octet " . (pos($text) // 0) . "\n" }

sub string {
	$text =~ /\G"((?:[^"\\\x00-\x1f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*)"\s*/gc
	    or bad 'string expected';
	my $s = $1;
	my %plain = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");
	$s =~ s/\\(?:u(....)|(.))/
	    defined $1 ? chr hex $1 : $plain{$2} \/\/ $2/gex;
	return $s;
}

sub value {
	if ($text =~ /\G\{\s*/gc) {
		my %object;
		until ($text =~ /\G\}\s*/gc) {
			!%object or $text =~ /\G,\s*/gc or bad 'comma expected';
			my $name = string();
			exists $object{$name} and bad "second \"$name\"";
			$text =~ /\G:\s*/gc or bad 'colon expected';
			$object{$name} = value();
		}
		return \%object;
	}
	if ($text =~ /\G\[\s*/gc) {
		my @array;
		until ($text =~ /\G\]\s*/gc) {
			!@array or $text =~ /\G,\s*/gc or bad 'comma expected';
			push @array, value();
		}
		return \@array;
	}
	$text =~ /\G(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)\s*/gc
	    and return $1;
	return string();
}

$text =~ /\G\s*/gc;
my $at = value();
pos($text) == length $text or bad 'more after the document';

for my $step (grep { length } split /\./, shift // '.') {
	if (ref $at eq 'ARRAY' && $step eq '#') {
		$at = @$at;
	} elsif (ref $at eq 'ARRAY' && $step =~ /^\d+$/ && $step < @$at) {
		$at = $at->[$step];
	} elsif (ref $at eq 'HASH' && exists $at->{$step}) {
		$at = $at->{$step};
	} else {
		die "json: no $step\n";
	}
}
print ref $at ? lc(ref $at) : $at, "\n";
