#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases J2, J5: of a flood in a client's name few are answered and
# some told to ask less often; the client itself, which shows cookies, and
# other addresses are served as if nothing were; key exchanges have a limit
# of their own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv "ratelimit interval 0 burst 16 leak 4 kod 2" \
	"ntsratelimit interval 6 burst 2 leak 4"
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
good=$(tn_json cli sources sources.0.good)

# flood PLACE COUNT: requests from there, and what came of them.
flood()
{
	# shellcheck disable=SC2016 # perl
	in_place "$1" perl -MSocket -e '
		my ($host, $port, $cnt) = @ARGV;
		my %seen = (served => 0, rate => 0, odd => 0);
		socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
		connect $s, sockaddr_in($port, inet_aton($host)) or die;
		for (1 .. $cnt) {
			send $s, "\x23" . "\0" x 39 . "abcdefgh", 0;
			my $rin = "";
			vec($rin, fileno $s, 1) = 1;
			my $wait = $_ == $cnt ? 0.5 : 0.001;
			while (select my $r = $rin, undef, undef, $wait) {
				last unless defined recv $s, my $a, 1024, 0;
				my ($stratum, $code) = unpack "x C x10 a4", $a;
				$seen{$stratum ? "served" :
				    $code eq "RATE" ? "rate" : "odd"}++;
			}
		}
		print "$seen{served} $seen{rate} $seen{odd}\n"' \
		"${ADDR[srv]}" "${NTP[srv]}" "$2"
}

# One in sixteen leaks, a quarter of the rest is told; the flood lasts for
# some seconds, with a new answer due each.
flood cli 2000 >"$T/found"
read -r served rate odd <"$T/found"
[ "$odd" = 0 ] || fail "answers of another kind: $odd"
number "$served" -gt 16 || fail "served $served of 2000"
number "$served" -lt 500 || fail "served $served of 2000"
number "$rate" -gt 200 || fail "told to ask less often: $rate of 2000"
number "$rate" -lt 1000 || fail "told to ask less often: $rate of 2000"
wait_for 20 more srv serverstats dropped_rate 1000 ||
	fail "not counted: $(tn srv serverstats --json)"

# Who shows a cookie goes on being served.
wait_for 20 more cli sources sources.0.good $((good + 2)) ||
	fail "the client starves: $(tn cli sources)"

# The third exchange of a minute is one too many, one in sixteen leaks.
ask_keys()
{
	in_place cli "$BIN" query --nts-only --ca "$T/ca.pem" -n 1 -t 3 \
		-k "${KE[srv]}" "${HOST[srv]}" >>"$T/query.log" 2>&1
}
refused=0
for _ in 1 2 3 4 5 6; do
	ask_keys || refused=$((refused + 1))
done
[ "$refused" -ge 3 ] || fail "key exchanges refused: $refused of 6"
pass
