#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Time runs out in live daemons (hostile cases Q1, Q2): the 32 bits of NTP
# seconds on 2036-02-07, those of a signed time_t on 2038-01-19.  They follow
# their source across it, and serve the same.
. "$(dirname "$0")/lib.sh"

LEAD=12
declare -A END=([ntp]=2085978496 [unix]=2147483648)

# era_time WHAT PLACE ERA: serve or ask there, around the end of that era.
era_time()
{
	echo perl "$E2E/leaptime.pl" "$1" "${ADDR[$2]}" "${NTP[$2]}" \
		"$((END[$3] - MIDDLE))" "${END[$3]}" 0
}

# serves ERA: whether its daemon serves the time of its source.
serves()
{
	local leap stratum offset
	# shellcheck disable=SC2046 # words
	read -r leap stratum offset < \
		<(in_place "source-$1" $(era_time ask "$1" "$1"))
	echo "$1: leap $leap stratum $stratum offset $offset"
	[ "$leap" = 0 ] && [ "$stratum" = 2 ] &&
		number "$(abs "$offset")" -lt 0.02
}

# after SECONDS: whether it is so long after the end.
after()
{
	[ $(($(date +%s) - MIDDLE)) -ge "$1" ]
}

MIDDLE=$(($(date +%s) + LEAD))
for era in ntp unix; do
	place "source-$era" "$era"
	# shellcheck disable=SC2046 # words
	start "source-$era" $(era_time serve "source-$era" "$era")
	conf_truenoon "$era" <<-END
		server ${ADDR[source-$era]} port ${NTP[source-$era]} iburst minpoll 0 maxpoll 0
		port ${NTP[$era]}
		allow
		makestep 1 3
	END
	start_truenoon "$era"
done
for era in ntp unix; do
	wait_for 20 serves "$era" || fail "before: $(serves "$era")"
done
after 0 && fail "too late to see anything"
wait_for 60 after 4 || fail "time does not pass"
for era in ntp unix; do
	serves "$era" >/dev/null || fail "after: $(serves "$era")"
	synchronised "$era" || fail "$era is not synchronised any more"
	! logged "$era" 'falseticker|refused' || fail "$era was surprised"
done
pass
