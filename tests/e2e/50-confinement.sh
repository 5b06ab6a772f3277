#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What /proc says of each role's cage: seccomp, no_new_privs, capabilities,
# account, limits, dumpability and descriptors.  (Role clock with the right
# to set the clock: 51.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"
released || skip "this build runs without filters: only a release build has cages"

field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# kill setgid setuid setpcap net_bind_service
SUPER_CAPS=00000000000005e0
[ "$(id -u)" = 0 ] || SUPER_CAPS=0000000000000000

check_cage()
{
	local pid=$1 role=$2 caps=0000000000000000
	[ "$role" != super ] || caps=$SUPER_CAPS
	[ "$(field "$pid" Seccomp)" = 2 ] || fail "$role: no seccomp filter"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "$role: NoNewPrivs"
	for set in CapEff CapPrm; do
		[ "$(field "$pid" $set)" = $caps ] ||
			fail "$role: $set is $(field "$pid" $set)"
	done
	[ "$(field "$pid" CapInh)" = 0000000000000000 ] || fail "$role: CapInh"
	[ "$(field "$pid" CapAmb)" = 0000000000000000 ] || fail "$role: CapAmb"
	grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits" ||
		fail "$role: may leave a core"
	[ "$role" = super ] || grep -q '^Max processes *0 *0 ' \
		"/proc/$pid/limits" || fail "$role: may start processes"
	[ "$role" = super ] || grep -q '^Max file size *0 *0 ' \
		"/proc/$pid/limits" || fail "$role: may write files"
	# Not dumpable: its files in /proc belong to root.
	[ "$(stat -c %u "/proc/$pid/environ")" = 0 ] || fail "$role: dumpable"
}

# No file but standard input, output and error; of sockets as many as given.
check_descriptors()
{
	local pid=$1 role=$2 sockets=$3 fd to found=0
	[ "$(id -u)" = 0 ] || return 0 # not dumpable: not for us to see
	for fd in "/proc/$pid/fd"/*; do
		to=$(readlink "$fd") || continue
		case $to in
		socket:*) found=$((found + 1)) ;;
		pipe:* | anon_inode:*) ;;
		/dev/null) ;;
		*) [ "${fd##*/}" = 2 ] || fail "$role has $to open" ;;
		esac
	done
	[ "$found" -le "$sockets" ] || fail "$role has $found sockets"
}

check_user()
{
	local pid=$1 role=$2 account=truenoon want
	[ "$(id -u)" = 0 ] || return 0
	[ "$role" != clock ] || account=truenoon-clock
	want=$(id -u "$account" 2>/dev/null) || want=$(id -u nobody)
	[ "$(field "$pid" Uid)" = "$want	$want	$want	$want" ] ||
		fail "$role runs as $(field "$pid" Uid)"
	[ -z "$(field "$pid" Groups | tr -d ' ')" ] || fail "$role has groups"
}

seen=
for name in srv cli; do
	check_cage "$(super_of $name)" super
	while read -r pid role; do
		seen="$seen $role"
		check_cage "$pid" "$role"
		check_user "$pid" "$role"
		case $role in # the channel to super and what it works with
		clock | dns) check_descriptors "$pid" "$role" 1 ;;
		ctl) check_descriptors "$pid" "$role" 2 ;;
		dial) check_descriptors "$pid" "$role" 2 ;;
		serve | ke) check_descriptors "$pid" "$role" 3 ;;
		sync) check_descriptors "$pid" "$role" 8 ;;
		*) fail "unknown role $role" ;;
		esac
	done <<<"$(roles $name)"
done
for role in clock sync serve ke dial dns ctl; do
	[[ " $seen " == *" $role "* ]] || fail "no role $role"
done

# The log says of each what it reached, Landlock included.
abi=none
grep -q landlock /sys/kernel/security/lsm 2>/dev/null && abi='[1-9]'
for role in super clock sync serve ke ctl dns; do
	logged srv "role up role=$role.* seccomp=on landlock=$abi" ||
		[ "$abi" = none ] || fail "log about $role"
	logged srv "role up role=$role.* seccomp=on landlock=" ||
		fail "log about $role"
done
pass
