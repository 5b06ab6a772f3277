#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Debian's own chrony.conf, as its package has it but for the directories,
# which are moved, starts truenoon, which stays up although no name resolves
# and the key file that installing the package would make is not there.
. "$(dirname "$0")/lib.sh"

need_peers
conf=
for file in etc/chrony/chrony.conf usr/share/chrony/chrony.conf; do
	[ ! -s "$PEERS/root/$file" ] || conf=$PEERS/root/$file
done
[ -n "$conf" ] || fail "the package has no chrony.conf"
"$BIN" check "$conf" >"$T/check" 2>&1 || fail "check: $(cat "$T/check")"
grep -q '^pool 2\.debian\.pool\.ntp\.org ' "$T/check" ||
	fail "no pool in: $(cat "$T/check")"

mkdir -p "$T/etc/conf.d" "$T/etc/sources.d" "$T/lib" "$T/dhcp"
sed -e "s,/etc/chrony,$T/etc,; s,/var/lib/chrony,$T/lib," \
	-e "s,/run/chrony-dhcp,$T/dhcp,; s,/var/log/chrony,$T/log," \
	"$conf" | conf_truenoon cli
start_truenoon cli
wait_for 20 logged cli '2\.debian\.pool\.ntp\.org' ||
	fail "nothing said about the pool"
alive cli || fail "it did not stay up"
says cli tracking synchronised false || fail "claims to know the time"

# The file is the same to it once there are keys.
echo "1 AES128 HEX:000102030405060708090a0b0c0d0e0f" >"$T/etc/chrony.keys"
chmod 600 "$T/etc/chrony.keys"
stop cli
start_truenoon cli
pass
