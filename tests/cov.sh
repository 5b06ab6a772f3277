#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# cov.sh BUILDDIR: lines and branches that the tests reached, per folder.
set -u
B=$1
for f in src/*/*.c; do
	echo "= $f"
	gcov -b -n -o "$B/$(dirname "$f")" "$f" 2>/dev/null
done | awk '
function percent(part, of) {return of ? 100 * part / of : 0}
function row(name, i) {
	printf "%-12s %8d %7.1f%% %8.1f%%\n", name, l[i], percent(lc[i], l[i]),
	    percent(bc[i], b[i])
}
/^= / {
	want = $2
	split(want, at, "/")
	if (at[2] != dir) order[++cnt] = dir = at[2]
}
# The block of this source; headers have their own, and a sum of all follows.
/^File / {lines = branches = index($0, "\047" want "\047") > 0}
lines && /^Lines executed:/ {
	lines = 0
	split($0, a, /[:%]/)
	l[dir] += $NF; lc[dir] += a[2] * $NF / 100
	l["*"] += $NF; lc["*"] += a[2] * $NF / 100
}
branches && /^Taken at least once:/ {
	branches = 0
	split($0, a, /[:%]/)
	b[dir] += $NF; bc[dir] += a[2] * $NF / 100
	b["*"] += $NF; bc["*"] += a[2] * $NF / 100
}
END {
	printf "%-12s %8s %8s %9s\n", "folder", "lines", "covered", "branches"
	for (i = 1; i <= cnt; i++)
		row(order[i], order[i])
	row("all", "*")
}'
