#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Several workers on one port: pinned where they are to be, moved by a reload,
# and one that stays down leaves the group: its clients are answered by the
# others.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

# with LINE: the server's configuration, and that line for its workers.
with()
{
	server_conf srv "$1"
	sed -i '/^serverworkers 1$/d' "$T/srv.conf"
}

# workers: the process id of each.
workers()
{
	roles srv | sed -n 's/ serve$//p'
}

# allowed PROCESS: where it may run.
allowed()
{
	sed -n 's/^Cpus_allowed_list:\t*//p' "/proc/$1/status"
}

# places: on which processors each may run, in their order.
places()
{
	local pid
	for pid in $(workers); do
		allowed "$pid"
	done | sort -n | tr '\n' ' '
}

placed()
{
	[ "$(places)" = "$1 " ]
}

ask()
{
	in_place srv "$BIN" query --no-nts -n 1 --port "${NTP[srv]}" \
		"${HOST[srv]}" >/dev/null
}

# What this script itself may use: "0-3,8" one by one.
mine=$(allowed self | tr ',' '\n' | while IFS=- read -r first last; do
	seq "$first" "${last:-$first}"
done)
last=$(tail -n 1 <<<"$mine")
two=$(tail -n 2 <<<"$mine" | tr '\n' ' ')
[ "$(wc -w <<<"$two")" = 2 ] || two="$last $last "

with "serverworkers 2 pinned"
start_truenoon srv
wait_for 10 placed "${two% }" || fail "pinned: $(places), not $two"
ask || fail "pinned workers do not answer"
[ "$(allowed "$(super_of srv)")" = "$(allowed self)" ] || fail "super is pinned"

# What they share they cannot write; so no cache line goes to and fro.
for pid in $(workers); do
	[ -n "$(head -n 1 "/proc/$pid/maps" 2>/dev/null)" ] || continue # not root
	! grep -E '^[^ ]+ .w.s' "/proc/$pid/maps" ||
		fail "a worker may write to shared memory"
	[ "$(grep -c -E '^[^ ]+ r--s ' "/proc/$pid/maps")" = 2 ] ||
		fail "shared maps: $(grep 's ' "/proc/$pid/maps")"
done

# Moved: new workers, on the listed processor.
with "serverworkers 2 pinned $last"
kill -HUP "$(super_of srv)"
wait_for 10 placed "$last $last" || fail "moved: $(places)"
ask || fail "moved workers do not answer"
wait_for 10 at_least srv serverstats requests 2 ||
	fail "what the old workers counted is gone"
says srv serverstats workers 2 || fail "the old workers count as workers"

# There is no such processor: said, and served all the same.
with "serverworkers 2 pinned 1023"
kill -HUP "$(super_of srv)"
wait_for 10 logged srv 'serve: worker is not pinned cpu=1023' ||
	fail "no word of a processor that does not exist"

with "serverworkers 2"
kill -HUP "$(super_of srv)"
free()
{
	[ "$(workers | wc -l)" = 2 ] && ! places | grep -q -x "$last $last " &&
		[ "$(log_lines srv 'configuration reloaded')" = 3 ]
}
wait_for 10 free || fail "reload: $(places)"

# answered: how many of 64 clients with an address each get an answer here.
answered()
{
	# shellcheck disable=SC2016 # perl
	in_place srv perl -MSocket -e '
		my ($port, $cnt) = (shift, 0);
		for my $n (1 .. 64) {
			socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
			bind $s, sockaddr_in(0, inet_aton("127.0.1.$n"))
			    or die "bind: $!";
			send $s, "\x23" . "\0" x 39 . "abcdefgh", 0,
			    sockaddr_in($port, inet_aton("127.0.0.1"));
			my $rin = "";
			vec($rin, fileno $s, 1) = 1;
			$cnt++ if select $rin, undef, undef, 2;
		}
		print "$cnt\n"' "${NTP[srv]}"
}
[ "$(answered)" = 64 ] || fail "two workers do not answer everybody"

# One dies until it stays down; the other lives.
survivor=$(workers | tail -n 1)
dead()
{
	local pid
	logged srv 'role stays down role=serve/' && return 0
	for pid in $(workers); do
		[ "$pid" = "$survivor" ] || kill -9 "$pid"
	done
	return 1
}
wait_for 30 dead || fail "no worker stays down"
logged srv 'effect="fewer workers answer requests"' || fail "effect"
[ "$(workers)" = "$survivor" ] || fail "workers: $(workers)"
says srv serverstats workers 1 || fail "the one that is down counts as a worker"
[ "$(answered)" = 64 ] || fail "clients of the worker that is gone: $(answered)"

# A reload makes the group whole again.
kill -HUP "$(super_of srv)"
whole()
{
	[ "$(workers | wc -l)" = 2 ]
}
wait_for 10 whole || fail "not whole again: $(workers)"
[ "$(answered)" = 64 ] || fail "whole again, and does not answer everybody"
pass
