#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# cov.sh BUILDDIR: lines and branches that the tests reached, per folder.
set -u
B=$1
printf '%-12s %8s %8s %9s\n' folder lines covered branches
for dir in src/*/; do
	folder=$(basename "$dir")
	for f in "$dir"*.c; do
		echo "= $f"
		gcov -b -n -o "$B/$dir" "$f" 2>/dev/null
	done | awk -v folder="$folder" '
		/^= / {want = $2}
		/^File / {mine = index($0, "'\''" want "'\''") > 0}
		mine && /^Lines executed:/ {split($0, a, /[:%]/); n = $NF; l += n; lc += a[2] * n / 100}
		mine && /^Taken at least once:/ {split($0, a, /[:%]/); n = $NF; b += n; bc += a[2] * n / 100}
		END {printf "%-12s %8d %7.1f%% %8.1f%%\n", folder, l,
		    l ? 100 * lc / l : 0, b ? 100 * bc / b : 0; print l, lc, b, bc > "/dev/fd/3"}
	' 3>>"$B/cov.sums"
done
awk '{l += $1; lc += $2; b += $3; bc += $4}
    END {printf "%-12s %8d %7.1f%% %8.1f%%\n", "all", l, 100 * lc / l, 100 * bc / b}' "$B/cov.sums"
rm -f "$B/cov.sums"
