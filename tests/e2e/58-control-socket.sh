#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases L1, L3: whatever is done to the control socket, time goes on
# and honest questions are answered; a dead daemon's socket is replaced.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
ctl=$(role cli ctl)
sock=$T/cli/run/control.sock

# shellcheck disable=SC2016 # perl
perl -MIO::Socket::UNIX -e '
	my ($path) = @ARGV;
	$SIG{PIPE} = "IGNORE";
	sub conn { IO::Socket::UNIX->new(Peer => $path) or die "connect: $!" }
	my @rude = ("\0" x 10, "\xff" x 300, "a" x 1000000, "sources json",
	    "\n" x 5000, "sources json \x1b[2J\n", "status\0\n", "%s%n\n",
	    "../../etc/passwd\n", "sources json\n" x 1000);
	for my $what (@rude) {
		my $s = conn();
		syswrite $s, $what;
		close $s;
	}
	# A slow reader: asks, and reads nothing.
	my @slow = map { my $s = conn(); syswrite $s, "sources json\n"; $s }
	    1 .. 8;
	# A hundred that say nothing.
	my @idle = map { conn() } 1 .. 100;
	$| = 1;
	print "in\n";
	sleep 30' "$sock" >"$T/rude" &
rude=$!
wait_for 20 grep -q in "$T/rude" || fail "the rude one cannot even connect"
for command in status sources tracking nts; do
	tn cli "$command" --json | json . >/dev/null ||
		fail "$command is not answered beside idle connections"
done
still_synchronised cli
kill $rude
[ "$(role cli ctl)" = "$ctl" ] || fail "ctl died"
fds=("/proc/$ctl/fd"/*)
[ "${#fds[@]}" -lt 40 ] || fail "ctl holds ${#fds[@]} descriptors"

# A thousand, one after another.
# shellcheck disable=SC2016 # perl
perl -MIO::Socket::UNIX -e '
	for (1 .. 1000) {
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$_: $!";
		syswrite $s, "sources json\n" if $_ % 2;
	}' "$sock" || fail "a thousand connections"
tn cli sources >/dev/null || fail "no answer after a thousand"
[ "$(role cli ctl)" = "$ctl" ] || fail "ctl died"

# L4: nothing secret is in what is told.
cookies=$(for f in status sources tracking nts; do tn cli $f --json; done)
! grep -E -i 'key"|c2s|s2c|origin|"cookie"' <<<"$cookies" ||
	fail "something secret is told"

# L3: a dead one's socket.
children=$(roles cli | cut -d' ' -f1)
kill -9 "$(super_of cli)"
for pid in $children; do
	gone_within 2 "$pid" || fail "a role is left"
done
[ -S "$sock" ] || fail "the dead daemon took its socket along"
start_truenoon cli
tn cli sources >/dev/null || fail "the stale socket is not replaced"
# Not a socket at all: not ours to remove.
stop cli
echo precious >"$sock"
rc=0
in_place cli timeout 20 "$BIN" daemon -x -d -c "$T/cli.conf" \
	>"$T/again.log" 2>&1 || rc=$?
[ "$rc" = 1 ] || fail "exit $rc with a file in place of the socket"
[ "$(cat "$sock")" = precious ] ||
	fail "a file in place of the socket is removed"
logged again "control socket cannot be made path=$sock" || fail "no sentence"
pass
