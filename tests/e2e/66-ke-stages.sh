#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A key exchange that stands still is ended, wherever it stands, and counted
# there; the private key is nowhere but in role ke.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"
command -v openssl >/dev/null || skip "no openssl program"

server_conf srv
start_truenoon srv
answers srv >/dev/null || fail "no service"

# hold NAME BYTES: a connection that sends no more than that.
hold()
{
	# shellcheck disable=SC2016 # perl
	start "$1@srv" perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0],
		    PeerPort => $ARGV[1]) or die "connect: $!";
		syswrite $s, pack "H*", $ARGV[2] if $ARGV[2] ne "";
		1 while sysread $s, my $buf, 4096' \
		"${ADDR[srv]}" "${KE[srv]}" "$2"
}

hold silent ''
hold half 160301020001
start asking@srv sh -c "sleep 20 | openssl s_client -quiet -alpn ntske/1 \
	-connect ${ADDR[srv]}:${KE[srv]}"
for stage in silent handshake request; do
	wait_for 20 says srv serverstats "key_exchange.timed_out_$stage" 1 ||
		fail "not ended in stage $stage: $(tn srv serverstats)"
done
wait_for 10 says srv serverstats key_exchange.open 0 || fail "one is open"
says srv serverstats key_exchange.timed_out 3 || fail "sum of timeouts"
for name in silent half; do
	gone_within 10 "${PID[$name]}" || fail "$name was not told"
done
answers srv >/dev/null || fail "no service afterwards"

# The key as text and as a number, in both orders of bytes.
[ "$(id -u)" = 0 ] || pass
number=$(openssl pkey -in "$T/srv.key" -noout -text 2>/dev/null |
	sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\n')
reverse=$(echo "$number" | fold -w 2 | tac | tr -d '\n')
text=$(sed -n 2p "$T/srv.key" | cut -c 1-40 | tr -d '\n' |
	od -A n -t x1 | tr -d ' \n')

# holds_key PID: whether the process can be read, and has the key.
holds_key()
{
	# shellcheck disable=SC2016 # perl
	perl -e '
		my ($pid, @needles) = @ARGV;
		open my $maps, "<", "/proc/$pid/maps" or exit 2;
		open my $mem, "<:raw", "/proc/$pid/mem" or exit 2;
		while (<$maps>) {
			next unless /^([0-9a-f]+)-([0-9a-f]+) rw/;
			next if /\[v/;
			my ($from, $to) = (hex $1, hex $2);
			sysseek $mem, $from, 0 or next;
			sysread $mem, my $data, $to - $from or next;
			for (@needles) {
				exit 0 if index($data, pack "H*", $_) >= 0;
			}
		}
		exit 1' "$1" "$number" "$reverse" "$text"
}

# Sanitizers keep what was freed, and the heap looks different there.
released || skip "the rest: an instrumented heap does not show where the key is"
rc=0
holds_key "$(role srv ke)" || rc=$?
[ $rc != 2 ] || pass # nobody may look
[ $rc = 0 ] || fail "this test cannot see the key where it has to be"
for pid in $(super_of srv) $(roles srv | grep -v ' ke$' | cut -d ' ' -f 1); do
	! holds_key "$pid" || fail "the key is in $(cat "/proc/$pid/comm")"
done
# Neither after another look at it.
kill -HUP "$(super_of srv)"
wait_for 10 logged srv 'configuration reloaded' || fail "no reload"
! holds_key "$(super_of srv)" || fail "the key is in super after a reload"
pass
