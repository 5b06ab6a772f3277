#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hostile cases K1, K2, K4, K6, K8: links are not followed, garbage is not
# believed, files are made with their modes, and no disc stops the time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

server_conf srv
client_conf cli srv
start_truenoon srv

# K8: modes and owners, whatever the umask.
umask 0
start_truenoon cli
umask 022
wait_for 30 synchronised cli || fail "not synchronised"
stop cli
modes()
{
	(cd "$T" && stat -c '%a %u %n' cli/state cli/run srv/state srv/run \
		cli/state/* srv/state/* srv/run/*)
}
me=$(id -u)
while read -r mode owner name; do
	case $name in
	*/state) want=750 ;;
	*/run) want=755 ;;
	*/cookie-keys | */cookies-*.nts | */clock-limits) want=600 ;;
	*/drift | */last-time | */pid | */time | */clock) want=644 ;;
	*/control.sock) want=666 ;;
	*) fail "unexpected file $name" ;;
	esac
	[ "$mode" = $want ] || fail "$name has mode $mode"
	[ "$owner" = "$me" ] || fail "$name belongs to $owner"
done <<<"$(modes)"

# K1: state that is a link: neither read nor written through.
victim=$T/victim
echo precious >"$victim"
chmod 600 "$victim"
rm -f "$T"/cli/state/*
for name in drift last-time; do
	ln -s "$victim" "$T/cli/state/$name"
done
ln -s "$victim" "$T/cli/run/pid"
start cli "$BIN" daemon -x -d -c "$T/cli.conf"
ready cli 20 tn cli serverstats
wait_for 30 synchronised cli || fail "links keep it from working"
stop cli
[ "$(cat "$victim")" = precious ] || fail "written through a link"
logged cli 'pid file cannot be written file=.*symbolic link' ||
	fail "no word about the pid file"
logged cli 'state cannot be written, time keeps running file=.*drift.*symbolic link' ||
	fail "no word about the drift file"
rm -f "$T/cli/run/pid" "$T"/cli/state/*

stop srv
rm "$T/srv/state/cookie-keys"
ln -s "$victim" "$T/srv/state/cookie-keys"
start_truenoon srv
answers srv >/dev/null || fail "no service with a link for a key ring"
stop srv
[ "$(cat "$victim")" = precious ] || fail "keys written through a link"
rm "$T/srv/state/cookie-keys"

# K4: a key ring that is cut, foreign, or open to others is made anew.
start_truenoon srv
answers srv >/dev/null
stop srv
ring=$T/srv/state/cookie-keys
for bad in short zero open; do
	cp -p "$ring" "$T/ring"
	case $bad in
	short) head -c 100 "$T/ring" >"$ring" ;;
	zero) head -c "$(stat -c %s "$T/ring")" /dev/zero >"$ring" ;;
	open) chmod 644 "$ring" ;;
	esac
	cp "$ring" "$T/given"
	start_truenoon srv
	answers srv >/dev/null || fail "no service with a $bad key ring"
	! cmp -s "$ring" "$T/given" || fail "$bad key ring is used"
	[ "$(stat -c %a "$ring")" = 600 ] || fail "mode of the new ring"
	stop srv
done
[ "$(log_lines srv 'cookie keys not taken from a link or a file that')" = 2 ] ||
	fail "no word about the linked and the open ring"
start_truenoon srv

# K2: a drift file of garbage.
sober()
{
	local ppm
	ppm=$(tn_json cli tracking frequency_ppm) &&
		number "$(abs "$ppm")" -lt 1
}
n=0
for garbage in 'nan nan' '1e308 1' '-1e9 0.1' 'inf' '' 'x y' 'big'; do
	mkdir -p "$T/cli/state"
	printf '%s\n' "$garbage" >"$T/cli/state/drift"
	[ "$garbage" != big ] || head -c 10000000 /dev/urandom \
		>"$T/cli/state/drift"
	rm -f "$T/cli.log"
	start_truenoon cli
	wait_for 10 sober || fail "drift '$garbage' is believed"
	[ "$garbage" = big ] || [ "$garbage" = '' ] ||
		logged cli 'drift file makes no sense' ||
		fail "no word about '$garbage'"
	n=$((n + 1))
	if [ $n = 1 ]; then
		wait_for 30 synchronised cli || fail "not synchronised"
	fi
	stop cli
done

# K6: no room on the disc, and one that cannot be written any more.
if [ "$E2E_INSIDE" = netns ]; then
	rm -rf "$T/cli/state"
	mkdir -m 750 "$T/cli/state"
	mount -t tmpfs -o size=16k,mode=750 none "$T/cli/state"
	head -c 100000 /dev/zero >"$T/cli/state/full" 2>/dev/null || true
	start_truenoon cli
	wait_for 30 synchronised cli || fail "a full disc stops the time"
	stop cli
	logged cli 'state cannot be written, time keeps running' ||
		fail "no word about the full disc"
	rm "$T/cli/state/full"
	start_truenoon cli
	wait_for 30 synchronised cli || fail "not synchronised"
	mount -o remount,ro "$T/cli/state"
	still_synchronised cli
	stop cli
	logged cli 'reason="Read-only file system"' ||
		fail "no word about the read-only disc"
	umount "$T/cli/state"
fi
pass
