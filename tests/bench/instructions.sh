#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Instructions that one request takes in memory: repeatable where times are
# not.  What setting up costs is subtracted: 320 requests less 160.
# usage: instructions.sh BUILD-DIR
set -eu

command -v valgrind >/dev/null || { echo "instructions: needs valgrind"; exit 0; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT

count()
{
	valgrind --tool=callgrind --callgrind-out-file="$out" \
		"$B/tests/bench/bench_serve" "$1" "$2" >/dev/null 2>&1
	sed -n 's/^summary: //p; s/^totals: //p' "$out" | head -n 1
}

B=$1
for what in serve_ntp serve_ntp_10000_access_rules serve_ntp_aes_cmac \
	serve_nts_1_cookie serve_nts_bad_tag_ntsn serve_nts_8_cookies \
	serve_ntp_batch serve_nts_1_cookie_batch serve_nts_8_cookies_batch; do
	printf '%-36s %8d instructions\n' $what \
		$((($(count $what 320) - $(count $what 160)) / 160))
done
