#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# limits-cov.sh: the clock limits have every branch tested.  Builds their
# tests with coverage (make's variables are passed on) and fails below 100 %.
set -eu
out=${OUT:-build}
set --
for t in tests/unit/test_discipline_limits_*.c; do
	set -- "$@" "$out/cov/${t%.c}"
done
${MAKE:-make} -s BUILD=cov OUT="$out" "$@" >/dev/null
find "$out/cov" -name '*.gcda' -delete
for t; do
	"$t" >/dev/null 2>&1 || { echo "limits-cov: $t itself fails"; exit 1; }
done
bad=0
for f in limits limits_saved; do
	report=$(gcov -b -n -o "$out/cov/src/discipline" "src/discipline/$f.c" |
	    sed -n "/^File 'src\/discipline\/$f.c'/,/^Taken/p")
	for what in 'Lines executed' 'Taken at least once'; do
		n=$(echo "$report" | sed -n "s/^$what:\([0-9.]*\)%.*/\1/p")
		echo "limits-cov: $f.c: $what: $n %"
		[ "$n" = 100.00 ] || bad=1
	done
done
exit $bad
