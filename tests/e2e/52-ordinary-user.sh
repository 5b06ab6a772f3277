#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Started without root and with -x on high ports everything works, with one
# line about the account; without -x and without the capability it is one
# clear error.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "no setpriv"
	chmod 711 "$T"
	AS="setpriv --reuid 65534 --regid 65534 --clear-groups"
	# shellcheck disable=SC2086 # words
	$AS test -x "$BIN" || skip "the binary is out of reach for others"
else
	AS=
fi
place srv cli
certify srv
[ "$E2E_INSIDE" != netns ] || { NTP[srv]=11123 KE[srv]=14460; }
server_conf srv
client_conf cli srv
mkdir -p "$T/srv" "$T/cli"
[ -z "$AS" ] || chown -R 65534:65534 "$T/srv" "$T/cli" "$T/srv.key"

# shellcheck disable=SC2086
start srv $AS "$BIN" daemon -x -d -c "$T/srv.conf"
# shellcheck disable=SC2086
start cli $AS "$BIN" daemon -x -d -c "$T/cli.conf"
ready srv 20 tn srv serverstats
ready cli 20 tn cli serverstats
wait_for 30 synchronised cli || fail "not synchronised"
says cli nts sources.0.stage null || fail "no NTS"
[ "$(log_lines cli 'not started as root: all roles run as uid')" = 1 ] ||
	fail "no line about the account"
[ "$(log_lines cli 'account missing')" = 0 ] || fail "talk of accounts"
while read -r pid role; do
	[ "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$pid/status")" = \
		0000000000000000 ] || fail "$role has capabilities"
	released || continue
	[ "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")" = 2 ] ||
		fail "$role has no filter"
done <<<"$(roles cli)"

conf_truenoon bare <<END
# no sources
END
rc=0
# shellcheck disable=SC2086
timeout 20 $AS "$BIN" daemon -d -c "$T/bare.conf" >"$T/bare.log" 2>&1 || rc=$?
[ $rc = 1 ] || fail "without the capability: exit $rc"
[ "$(log_lines bare 'the clock cannot be adjusted: start as root')" = 1 ] ||
	fail "no clear error"
pass
