#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# SIGHUP: sources come and go while the others keep their history; a new
# certificate is served; a broken file is refused
# with its faults; ports move; NTS can come later.  Hostile cases K5, R4.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
server_conf two
client_conf cli srv
start_truenoon srv
start_truenoon two
start_truenoon cli
wait_for 30 synchronised cli || fail "not synchronised"

reload()
{
	local lines
	lines=$(log_lines "$1" 'configuration reloaded')
	kill -HUP "$(super_of "$1")"
	reloaded()
	{
		[ "$(log_lines "$1" 'configuration reloaded')" -gt "$2" ]
	}
	wait_for 10 reloaded "$1" "$lines" || fail "$1: no reload"
}

source_cnt()
{
	says cli sources 'sources.#' "$1"
}

# A source more, and less again.
wait_for 20 more cli sources sources.0.samples 5 || fail "samples"
samples=$(tn_json cli sources sources.0.samples)
sent=$(tn_json cli sources sources.0.sent)
client_conf cli srv "$(source_line two)"
reload cli
wait_for 15 source_cnt 2 || fail "no second source"
number "$(tn_json cli sources sources.0.sent)" -ge "$sent" ||
	fail "the first source began anew"
number "$(tn_json cli sources sources.0.samples)" -ge "$samples" ||
	fail "the first source lost its samples"
wait_for 20 more cli sources sources.1.good 1 || fail "second does not answer"
synchronised cli || fail "no longer synchronised"
client_conf cli two
second=$(tn_json cli sources sources.1.sent)
reload cli
wait_for 15 source_cnt 1 || fail "the first source is not gone"
number "$(tn_json cli sources sources.0.sent)" -ge "$second" ||
	fail "the second source began anew"
wait_for 15 synchronised cli || fail "not synchronised by the second alone"
[ "$(log_lines cli 'keys exchanged')" = 2 ] || fail "keys exchanged again"

# A name without an address is shown, until it has one.
conf_truenoon names <<END
server nowhere.invalid nts
pool nobody.invalid
server 192.0.2.7 offline
END
start_truenoon names@cli
nameless()
{
	says names sources "sources.$1.name" "$2" &&
		says names sources "sources.$1.stage" name &&
		says names sources "sources.$1.state" unreachable &&
		says names sources "sources.$1.address" null
}
wait_for 20 nameless 0 nowhere.invalid || fail "a name is not shown"
wait_for 20 nameless 1 nobody.invalid || fail "the name of a pool is not shown"
wait_for 10 says names tracking sources 3 || fail "not all are counted"
says names sources sources.2.reason null || fail "more than offline is said"
sed -i '/^server 192/d' "$T/names.conf"
reload names
unknown="no address of a source is known yet"
wait_for 10 says names tracking reason "$unknown" || fail "reason"
says names tracking rms_offset_s null || fail "of a clock never set"
conf_truenoon names <<<"$(source_line two)
ntstrustedcerts $T/ca.pem"
reload names
named()
{
	says names sources 'sources.#' 1 && synchronised names
}
wait_for 30 named || fail "still nameless: $(tn names sources)"
number "$(tn_json names tracking rms_offset_s)" -ge 0 || fail "never set"

# Another certificate.
before=$(answers srv --json | json servers.0.certificate.not_after)
in_place srv "$BIN" selfcert --force --days 700 --ca-cert "$T/ca.pem" \
	--ca-key "$T/ca.key" --cert "$T/srv.crt" --key "$T/srv.key" \
	"${HOST[srv]}" >/dev/null
reload srv
new_certificate()
{
	local after
	after=$(answers srv --json | json servers.0.certificate.not_after) &&
		[ "$after" != "$before" ]
}
wait_for 10 new_certificate || fail "the old certificate is still served"
[ "$(log_lines srv 'role died')" = 0 ] || fail "a role died"

# The worker with the old one is gone, and is not spoken of any more.
after=$(answers srv --json | json servers.0.certificate.not_after)
wait_for 20 says srv serverstats key_exchange.certificate_not_after "$after" ||
	fail "the old certificate is still shown"
says srv serverstats key_exchange.workers 1 || fail "workers"
at_least srv serverstats key_exchange.done 3 || fail "key exchanges forgotten"

# One that does not fit its key: refused, the old pair stays.
cp "$T/two.key" "$T/srv.key"
kill -HUP "$(super_of srv)"
refused()
{
	[ "$(log_lines "$1" 'reload failed, the old configuration stays')" = "$2" ]
}
wait_for 10 refused srv 1 || fail "a wrong key is taken"
logged srv 'srv.key' || fail "no word about the key"
answers srv >/dev/null || fail "no service after a refused reload"

# Broken lines: all named, nothing changes.
printf 'server\nfoo bar\nminsources none\n' >>"$T/two.conf"
kill -HUP "$(super_of two)"
wait_for 10 refused two 1 || fail "a broken file is taken"
for what in 'two.conf:[0-9]+:.*server' 'two.conf:[0-9]+:.*foo' \
	'two.conf:[0-9]+:.*minsources'; do
	logged two "$what" || fail "no word of $what"
done
answers two >/dev/null || fail "no service after a broken file"

# Another port; then one that is taken: refused, the port of before stays.
server_conf two
old_ntp=${NTP[two]} old_ke=${KE[two]}
NTP[two]=$(free_port)
KE[two]=$(free_port)
server_conf two
reload two
wait_for 10 answers two || fail "not at the new port"
! in_place two "$BIN" query --no-nts -t 1 -n 1 --port "$old_ntp" \
	"${HOST[two]}" >/dev/null || fail "still at the old port"
# shellcheck disable=SC2016 # perl
start squatter@two perl -MIO::Socket::INET -e '
	my ($s, $port) = (undef, @ARGV);
	$| = 1;
	for (1 .. 100) {
		$s = IO::Socket::INET->new(LocalPort => $port, Listen => 1,
		    ReuseAddr => 1) and last;
		select undef, undef, undef, 0.1;
	}
	print "in\n" if $s;
	sleep 60' "$old_ke"
wait_for 15 logged squatter in || fail "no squatter"
here=${KE[two]}
KE[two]=$old_ke
server_conf two
kill -HUP "$(super_of two)"
wait_for 10 refused two 2 || fail "a port in use is taken"
logged two 'NTS-KE port is in use' || fail "no word about the port"
KE[two]=$here
answers two >/dev/null || fail "no longer at the port of before"
stop squatter

# NTS that comes with a reload, keys and all.
place late
grep -v '^nts' "$T/srv.conf" | sed "s|/srv/|/late/|; s|^port .*|port ${NTP[late]}|" \
	>"$T/late.conf"
start_truenoon late
! answers late -t 2 >/dev/null || fail "NTS without being configured"
server_conf late
reload late
wait_for 10 answers late || fail "no NTS after the reload"
[ "$(stat -c %a "$T/late/state/cookie-keys")" = 600 ] || fail "no key ring"
pass
