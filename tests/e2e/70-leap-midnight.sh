#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A leap second over midnight in live daemons (hostile case Q4): their source
# lives near the end of 2028 and inserts a second, another one leaves it out.
# Whatever leapsecmode makes
# of the clock, what is served is announced before and right afterwards; a
# smear begins with the whole second, and goes on in a daemon started anew.
. "$(dirname "$0")/lib.sh"

MIDNIGHT=1861920000 # 2029-01-01
LEAD=${LEAP_LEAD:-25}
TESTS=$(cd "$(dirname "$0")/.." && pwd)

# list EXPIRY FILE: the leap seconds there were, and this one.
list()
{
	{
		echo "#@ $((MIDNIGHT + $1 + 2208988800))"
		grep '^[0-9]' "$TESTS/data/leap-seconds.list"
		echo "$((MIDNIGHT + 2208988800)) 38"
		echo '#h 0'
	} >"$2"
}
list 8640000 "$T/leap-seconds.list"

# follower NAME SOURCE [LINE...]: it follows the source and serves.
follower()
{
	local name=$1 source=$2
	shift 2
	place "$name"
	conf_truenoon "$name" <<-END
		server ${ADDR[$source]} port ${NTP[$source]} iburst minpoll 0 maxpoll 0
		port ${NTP[$name]}
		allow
		makestep 1 3
		$(printf '%s\n' "$@")
	END
	start_truenoon "$name"
}

# leaptime WHAT PLACE [SENSE]: serve or ask there.
leaptime()
{
	echo perl "$E2E/leaptime.pl" "$1" "${ADDR[$2]}" "${NTP[$2]}" "$SHIFT" \
		"$MIDNIGHT" "${3:-1}"
}

# serves NAME LEAP FROM TO [SENSE]: what it serves now, its offset within.
serves()
{
	local leap stratum offset
	# shellcheck disable=SC2046 # words
	read -r leap stratum offset < \
		<(in_place source $(leaptime ask "$1" "${5:-1}"))
	echo "$1: leap $leap stratum $stratum offset $offset"
	[ "$leap" = "$2" ] && [ "$stratum" = 2 ] &&
		number "$offset" -gt "$3" && number "$offset" -lt "$4"
}

# after SECONDS: whether it is so long after midnight.
after()
{
	[ $(($(date +%s) + SHIFT - MIDNIGHT)) -ge "$1" ]
}

place source shorter
SHIFT=$((MIDNIGHT - LEAD - $(date +%s)))
# shellcheck disable=SC2046 # words
start source $(leaptime serve source)
# shellcheck disable=SC2046 # words
start shorter $(leaptime serve shorter -1)
follower plain source
follower slew source 'leapsecmode slew'
follower ignore source 'leapsecmode ignore'
follower listed source 'leapsecmode step' \
	"leapseclist $T/leap-seconds.list"
follower deleted shorter
follower smear source "leapseclist $T/leap-seconds.list" \
	'smoothtime 400 10 leaponly force'

for name in plain slew ignore listed; do
	wait_for 20 serves $name 1 -0.02 0.02 ||
		fail "before: $(serves $name 1 -0.02 0.02)"
done
wait_for 20 serves deleted 2 -0.02 0.02 -1 ||
	fail "before: $(serves deleted 2 -0.02 0.02 -1)"
wait_for 20 serves smear 0 -0.02 0.02 ||
	fail "before: $(serves smear 0 -0.02 0.02)"
says plain tracking leap insert || fail "leap status $(tn_json plain tracking leap)"
after 0 && fail "too late to see anything"

wait_for 60 after 2 || fail "time does not pass"
for name in plain slew listed; do
	wait_for 2 serves $name 0 -0.02 0.02 ||
		fail "after: $(serves $name 0 -0.02 0.02)"
done
wait_for 2 serves deleted 0 -0.02 0.02 -1 ||
	fail "after: $(serves deleted 0 -0.02 0.02 -1)"
wait_for 2 serves smear 0 0.98 1.01 || fail "after: $(serves smear 0 0.98 1.01)"
says listed tracking tai_offset_s 38 || fail "TAI offset"

# Nothing comes later; the samples agree.
wait_for 30 after 10 || fail "time does not pass"
for name in plain slew listed; do
	synchronised $name || fail "$name is not synchronised any more"
	serves $name 0 -0.02 0.02 >/dev/null || fail "$name does not stay"
done
synchronised deleted && serves deleted 0 -0.02 0.02 -1 >/dev/null ||
	fail "deleted does not stay"
# It was not to touch the clock: an offset like any other.
learned()
{
	number "$(tn_json ignore tracking offset_s)" -lt -0.9
}
wait_for 20 learned || fail "ignored: $(tn ignore tracking)"

stop smear
rm -r "$T/smear/state"
start_truenoon smear
wait_for 20 serves smear 0 0.95 1.01 ||
	fail "started in the middle: $(serves smear 0 0.95 1.01)"
pass
