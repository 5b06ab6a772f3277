#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile case N1, E7, E10: hundreds of idle, half and garbage connections to
# the key exchange while honest clients are served; and it obeys the access
# rules.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv "maxntsconnections 100"
start_truenoon srv
ke=$(role srv ke)

# The rude ones come from many addresses of the loopback network.
# shellcheck disable=SC2016 # perl
start rude@srv perl -MSocket -e '
	my ($host, $port) = @ARGV;
	$SIG{PIPE} = "IGNORE";
	my $to = sockaddr_in($port, inet_aton($host));
	my $n = 0;
	sub conn {
		socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
		my $from = sprintf "127.1.%d.%d", $n / 50, 1 + $n++ % 50;
		bind $s, sockaddr_in(0, inet_aton($from)) or die "bind: $!";
		connect $s, $to or return undef;
		return $s;
	}
	# The beginning of a ClientHello that promises more.
	my $half = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . "x" x 40;
	my @held;
	$| = 1;
	for (my $round = 0; ; $round++) {
		@held = ();
		for my $i (1 .. 500) {
			my $s = conn() or next;
			syswrite $s, $half if $i % 5 == 0;
			syswrite $s, pack("N*", map { rand 2**32 } 1 .. 100)
			    if $i % 7 == 0;
			push @held, $s;
		}
		print "round $round\n";
		select undef, undef, undef, 0.2;
	}' 127.0.0.1 "${KE[srv]}"
wait_for 20 logged rude 'round 1' || fail "no flood"
honest=0
for ((i = 0; i < 10; i++)); do
	answers srv -t 6 >/dev/null && honest=$((honest + 1))
done
[ "$honest" -ge 9 ] || fail "$honest of 10 honest clients served in the flood"
in_place srv "$BIN" query --no-nts -n 1 --port "${NTP[srv]}" "${HOST[srv]}" \
	>/dev/null || fail "NTP suffers from the flood"
[ "$(role srv ke)" = "$ke" ] || fail "ke died"
fds=("/proc/$ke/fd"/*)
[ "${#fds[@]}" -lt 180 ] || fail "ke holds ${#fds[@]} descriptors"
wait_for 20 more srv serverstats key_exchange.evicted 500 ||
	fail "few made room: $(tn srv serverstats --json)"
stop rude KILL

none_open()
{
	says srv serverstats key_exchange.open 0
}
wait_for 15 none_open || fail "connections are kept for ever"

# More bytes than any request has: cut.
# shellcheck disable=SC2016 # perl
in_place srv perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE";
	$SIG{ALRM} = sub { exit 1 };
	alarm 20;
	my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0],
	    PeerPort => $ARGV[1]) or die;
	while (defined syswrite $s, "\x16\x03\x01\x40\x00" . "x" x 16384) {}
	exit 0' "${ADDR[srv]}" "${KE[srv]}" || fail "endless garbage is taken"
answers srv >/dev/null || fail "no service after the flood"
[ "$(log_lines srv '')" -lt 60 ] || fail "the log is flooded"

# Who is denied gets no keys.
sed -i "s|^allow\$|deny all|" "$T/srv.conf"
echo 'allow 127.0.0.1' >>"$T/srv.conf"
kill -HUP "$(super_of srv)"
denied()
{
	! in_place srv "$BIN" query --nts-only --ca "$T/ca.pem" -t 2 -n 1 \
		--ke-port "${KE[srv]}" --port "${NTP[srv]}" "${ADDR[srv]}"
}
if [ "$E2E_INSIDE" = netns ]; then
	wait_for 15 denied || fail "who is denied gets keys"
fi
pass
