#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile case H8: a server that is synchronised to us is not followed, over
# IPv4 and IPv6, and its answers count as answers.
. "$(dirname "$0")/lib.sh"

place first second
[ "$E2E_INSIDE" = netns ] || skip "needs addresses of their own: root"

# loop ADDRESS1 ADDRESS2
loop()
{
	conf_truenoon first <<-END
	port ${NTP[first]}
	allow
	local stratum 3
	server $2 port ${NTP[second]} iburst minpoll 0 maxpoll 0
	END
	conf_truenoon second <<-END
	port ${NTP[second]}
	allow
	server $1 port ${NTP[first]} iburst minpoll 0 maxpoll 0
	END
	start_truenoon first
	start_truenoon second
	wait_for 20 synchronised second || fail "second does not follow first"
	says second tracking refid "$(refid "$1")" ||
		fail "second does not name its server"
	wait_for 20 looped || fail "first does not see the loop"
	says first tracking synchronised false || fail "first follows itself"
	says first sources sources.0.state unsuitable ||
		fail "first finds second suitable"
	[ "$(tn_json first sources sources.0.reach)" -gt 0 ] ||
		fail "answers are not counted"
	stop first
	stop second
	rm -rf "$T/first" "$T/second"
}

# refid ADDRESS: as RFC 5905 section 7.3 makes it.
refid()
{
	case $1 in
	*:*) perl -MSocket -MDigest::MD5=md5 -e '
		print join ".", unpack "C4", md5(Socket::inet_pton(AF_INET6, shift))
		' "$1" ;;
	*) echo "$1" ;;
	esac
}

looped()
{
	tn_json first sources sources.0.reason | grep -q 'follows us'
}

loop "${ADDR[first]}" "${ADDR[second]}"
[ -z "${ADDR6[first]}" ] || loop "${ADDR6[first]}" "${ADDR6[second]}"
pass
