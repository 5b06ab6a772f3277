#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fuzz.sh BUILDDIR SECONDS: each fuzz target for so long.  New inputs are kept
# in BUILDDIR/corpus, what broke a target in BUILDDIR/crash.  Exit 1 if
# anything broke.
set -u
B=$1 seconds=$2 bad=0
for t in "$B"/tests/fuzz/fuzz_*; do
	[ -x "$t" ] || continue
	name=${t##*/fuzz_}
	mkdir -p "$B/corpus/$name" "$B/crash" "$B/log"
	printf '  %-16s ' "$name"
	if "$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="$B/crash/$name-" -print_final_stats=1 \
		"$B/corpus/$name" "tests/fuzz/corpus/$name" \
		>"$B/log/$name" 2>&1 </dev/null; then
		sed -n 's/^stat::number_of_executed_units: */ok /p' "$B/log/$name"
	else
		echo "BROKEN, see $B/log/$name and $B/crash/$name-*"
		grep -E 'ERROR|SUMMARY|runtime error' "$B/log/$name" | head -5
		bad=1
	fi
done
exit $bad
