# SPDX-License-Identifier: BSD-2-Clause
# Time of another day.  UTC here is the machine's clock and SHIFT seconds; at
# MIDNIGHT a second is inserted (SENSE 1), left out (-1), or nothing is (0).
#
#   leaptime.pl serve ADDRESS PORT SHIFT MIDNIGHT SENSE
#     answers NTP with that time, and announces the second until it has come
#   leaptime.pl ask ADDRESS PORT SHIFT MIDNIGHT SENSE
#     prints leap indicator, stratum and how far the server is off that time
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

my ($what, $address, $port, $shift, $midnight, $sense) = @ARGV;
my $era = 2208988800;

sub has_leapt {
	return time + $shift >= $midnight - ($sense < 0 ? 1 : 0);
}

sub utc {
	return time + $shift - (has_leapt() ? $sense : 0);
}

# Of 32 bits: the era is not in it.
sub stamp {
	my $t = $_[0] + $era;
	return pack "N N", int($t) % 4294967296, int(($t - int $t) * 4294967296);
}

sub seconds {
	my ($s, $fraction) = unpack "N N", $_[0];
	$s += 4294967296 if $s - $era < time + $shift - 2147483648;
	return $s - $era + $fraction / 4294967296;
}

socket my $s, PF_INET, SOCK_DGRAM, 0 or die "socket: $!";
my $at = sockaddr_in($port, inet_aton($address));

if ($what eq "serve") {
	bind $s, $at or die "bind: $!";
	while (defined(my $from = recv $s, my $request, 1024, 0)) {
		my $received = utc();
		next if length $request < 48;
		my $leap = has_leapt() ? 0 : (2, 0, 1)[$sense + 1];
		my ($head, $poll) = unpack "C x C", $request;
		my $reply = pack "C C C c N N a4", $leap << 6 | 4 << 3 | 4, 1,
		    $poll, -20, 0, 1, "TEST";
		$reply .= stamp($received) . substr($request, 40, 8) .
		    stamp($received) . stamp(utc());
		send $s, $reply, 0, $from;
	}
	die "recv: $!";
}

for (1 .. 3) {
	my $t1 = utc();
	my $request = pack "C x39 a8", 4 << 3 | 3, stamp($t1);
	send $s, $request, 0, $at or next;
	vec(my $ready = "", fileno $s, 1) = 1;
	select($ready, undef, undef, 1) or next;
	recv $s, my $reply, 1024, 0;
	my $t4 = utc();
	next if length $reply < 48;
	my ($head, $stratum) = unpack "C C", $reply;
	printf "%d %d %.6f\n", $head >> 6, $stratum,
	    (seconds(substr $reply, 32, 8) - $t1 +
		seconds(substr $reply, 40, 8) - $t4) / 2;
	exit 0;
}
exit 1;
