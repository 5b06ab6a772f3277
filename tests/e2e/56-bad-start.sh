#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What cannot work says so in a sentence before anything is started: faults
# of the file all at once and exit 2; ports, keys, directories, a second
# daemon with exit 1 and no trace left.  Hostile case K5.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

place bad
certify bad

# refused CODE PATTERN...: the daemon ends by itself with that code, and each
# pattern is in one line of its output.
refused()
{
	local code=$1 rc=0 pattern
	shift
	in_place bad timeout 20 "$BIN" daemon -x -d -c "$T/bad.conf" \
		>"$T/bad.log" 2>&1 || rc=$?
	[ "$rc" = "$code" ] || fail "exit $rc, not $code, for: $*"
	for pattern in "$@"; do
		[ "$(log_lines bad "$pattern")" = 1 ] || fail "no line: $pattern"
	done
	[ "$(log_lines bad 'role up role=(clock|sync|serve|ke)')" = 0 ] ||
		fail "started all the same: $*"
	[ ! -e "$T/bad/run/control.sock" ] || fail "control socket left: $*"
	[ ! -e "$T/bad/run/pid" ] || fail "pid file left: $*"
}

good()
{
	conf_truenoon bad <<-END
		port ${NTP[bad]}
		ntsport ${KE[bad]}
		ntsservercert $T/bad.crt
		ntsserverkey $T/bad.key
		allow
		local stratum 3
		$(printf '%s\n' "$@")
	END
}

# Every fault in one go.
conf_truenoon bad <<END
server
pool pool.example. iburst minpoll x
frobnicate yes
minsources none
peer other.example
port 65536
ntsservercert $T/nowhere.crt
ntsserverkey $T/nowhere.key
END
refused 2 'bad.conf:4:[0-9]+: error: .*server' 'bad.conf:5:[0-9]+: error: ' \
	'bad.conf:6:[0-9]+: error: .*frobnicate' 'bad.conf:7:[0-9]+: error: ' \
	'bad.conf:8:[0-9]+: error: .*peer' 'bad.conf:9:[0-9]+: error: ' \
	'bad.conf:10:.*nowhere.crt' 'bad.conf:11:.*nowhere.key' \
	'nothing started'
[ ! -e "$T/bad/state" ] || fail "directories made for a bad file"

printf 'port 1\0 23\nallow\n' >>"$T/bad.conf"
refused 2 'nothing started'
head -c 1000000 /dev/zero | tr '\0' 'a' >"$T/bad.conf"
refused 2 'bad.conf:1:' 'nothing started'
echo "include $T/bad.conf" >"$T/bad.conf"
refused 2 'nothing started'
rm "$T/bad.conf"
refused 2 'bad.conf: error: there is no such file' 'nothing started'

# Ports.
good
# shellcheck disable=SC2016 # perl
start squatter@bad perl -MIO::Socket::INET -e '
	my $u = IO::Socket::INET->new(LocalPort => $ARGV[0], Proto => "udp")
	    or die;
	$| = 1; print "in\n"; sleep 60' "${NTP[bad]}"
wait_for 10 logged squatter in || fail "no squatter"
refused 1 "NTP port is in use: .*addr=.*:${NTP[bad]}"
stop squatter
rm "$T/squatter.log"
# shellcheck disable=SC2016 # perl
start squatter@bad perl -MIO::Socket::INET -e '
	my $t = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 1)
	    or die;
	$| = 1; print "in\n"; sleep 60' "${KE[bad]}"
wait_for 10 logged squatter in || fail "no squatter"
refused 1 "NTS-KE port is in use: .*addr=.*:${KE[bad]}"
stop squatter
rm "$T/squatter.log"

# Key and certificate.
echo "nonsense" >"$T/nonsense"
chmod 600 "$T/nonsense"
sed -i "s|ntsserverkey .*|ntsserverkey $T/nonsense|" "$T/bad.conf"
refused 1 "$T/nonsense holds no readable PEM"
certify other
sed -i "s|ntsserverkey .*|ntsserverkey $T/other.key|" "$T/bad.conf"
refused 1 "other.key does not belong to certificate .*bad.crt"
good
sed -i "s|ntsservercert .*|ntsservercert $T/nonsense|" "$T/bad.conf"
refused 1 "$T/nonsense holds no PEM certificate"
good "keyfile $T/keys"
echo '1 AES128 HEX:000102030405060708090A0B0C0D0E0F' >"$T/keys"
chmod 644 "$T/keys"
refused 1 "key file refused.*file=$T/keys.*chmod 0600"
chmod 600 "$T/keys"
echo '2 AES128 HEX:00' >>"$T/keys"
echo 'nonsense' >>"$T/keys"
refused 1 "$T/keys:2" "$T/keys:3"

# Directories.
: >"$T/file"
good
sed -i "s|^rundir .*|rundir $T/file/run|" "$T/bad.conf"
refused 1 "directory cannot be made: choose another with rundir.*$T/file"
good
sed -i "s|^statedir .*|statedir $T/file|" "$T/bad.conf"
refused 1 'directory cannot be made: .* statedir,.*reason="Not a directory"'

# An expired certificate is served, with a warning.
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=old -days 1 -keyout "$T/old.key" -out "$T/new.crt" \
		2>/dev/null
	openssl x509 -in "$T/new.crt" -signkey "$T/old.key" -days -1 \
		-out "$T/old.crt" 2>/dev/null
	good
	sed -i "s|$T/bad.crt|$T/old.crt|; s|$T/bad.key|$T/old.key|" \
		"$T/bad.conf"
	start_truenoon bad
	[ "$(log_lines bad 'old.crt.* expired')" = 1 ] ||
		fail "no warning about an expired certificate"
	stop bad
fi

# A second daemon on the same pid file, on the same socket, on the same ports.
good
start_truenoon bad
second()
{
	local rc=0
	in_place bad timeout 20 "$BIN" daemon -x -d -c "$T/second.conf" \
		>"$T/second.log" 2>&1 || rc=$?
	[ "$rc" = 1 ] || fail "second daemon: exit $rc"
	logged second "$1" || fail "second daemon: no line: $1"
	answers bad >/dev/null || fail "the first does not answer any more"
	[ -e "$T/bad/run/pid" ] || fail "the pid file of the first is gone"
	[ -S "$T/bad/run/control.sock" ] || fail "its control socket is gone"
}
cp "$T/bad.conf" "$T/second.conf"
second "another daemon is running pid=$(super_of bad) pidfile=$T/bad/run/pid"
sed "s|^pidfile.*|pidfile $T/second.pid|" "$T/bad.conf" >"$T/second.conf"
second "another truenoon answers on $T/bad/run/control.sock"
[ ! -e "$T/second.pid" ] || fail "pid file of the second is left"
sed "s|/bad/|/second/|" "$T/bad.conf" >"$T/second.conf"
second 'NTP port is in use'
pass
