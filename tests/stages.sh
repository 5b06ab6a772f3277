#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# stages.sh NAME BUILDDIR TARGET...: make the targets one after the other, say
# in one line each how many of its tests passed, and end with the line
# "NAME: N passed, N failed, N skipped".  What a target printed is kept in
# BUILDDIR/log; of one that failed the end is shown.  Exit 1 on any failure.
set -u
name=$1 B=$2
shift 2
MAKE=${MAKE:-make} mode=${B##*/}
mkdir -p "$B/log"
passed=0 failed=0 skipped=0 began=$(date +%s)

jobs=-j$(nproc 2>/dev/null || echo 2)
case " ${MAKEFLAGS:-} " in *" -j"* | *jobserver*) jobs= ;; esac

# Counts in what a target printed.  Programs are announced by "# path" and
# followed by "# exit N" when they failed; one that counts nothing itself is
# one test.
count() {
	awk '
	function done() {
		if (!open) return
		if (bad && f == was_f) f++
		else if (!bad && p == was_p && s == was_s) p++
		open = 0
	}
	/^# exit [0-9]/ {bad = 1; next}
	/^# / {done(); open = 1; bad = 0; was_p = p; was_f = f; was_s = s; next}
	/^\[  PASSED  \] [0-9]+ test/ {p += $4}
	/^\[  FAILED  \] [0-9]+ test/ {f += $4}
	/^\[  SKIPPED \] [0-9]+ test/ {s += $4}
	/^simulator: [0-9]+ scenarios/ {f += $(NF - 3); p += $2 - $(NF - 3)}
	/^ok - / {p++}
	/^not ok - / {f++}
	/^skip - / {s++}
	/^e2e: [0-9]+ ok, / {p += $2; f += $4; s += $6}
	END {done(); print p + 0, f + 0, s + 0}' "$1"
}

# The lines that say what failed, each program's after its name.
what_failed() {
	awk '
	/^# exit / {print "  " $0; next}
	/^# / {program = $2; next}
	/^(\[  FAILED  \]|\[  ERROR   \]|not ok|lint: |FAIL)/ || /: error: / ||
	/MISSED|ERROR: |runtime error/ {
		if (program) print program ":"
		program = ""
		print "  " $0
	}' "$1"
}

case $mode in
asan | tsan | cov)
	echo "$name: this build runs without filters, Landlock and memory limits"
	;;
esac
for target; do
	log=$B/log/$target start=$(date +%s) word=ok parallel=
	[ "$target" != tests ] || parallel=$jobs
	printf '  %-12s ' "$target"
	# shellcheck disable=SC2086 # nothing or one word
	"$MAKE" --no-print-directory $parallel BUILD="$mode" "$target" \
		>"$log" 2>&1 </dev/null
	rc=$?
	# shellcheck disable=SC2046 # three words
	set -- $(count "$log")
	[ $rc = 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	[ $rc = 0 ] && [ "$2" = 0 ] || word=FAILED
	printf '%-7s %5d passed' "$word" "$1"
	[ "$2" = 0 ] || printf ', %d failed' "$2"
	[ "$3" = 0 ] || printf ', %d skipped' "$3"
	printf ', %d s\n' $(($(date +%s) - start))
	if [ $word = FAILED ]; then
		what_failed "$log" >"$log.failed"
		if [ -s "$log.failed" ]; then
			head -n 40 "$log.failed"
		else
			tail -n 25 "$log"
		fi | sed 's/^/    | /'
		echo "    the whole: $log"
	elif [ "$3" != 0 ]; then
		grep -E '^(skip |\[  SKIPPED)' "$log" | sed 's/^/      /'
	fi
	# Without the programs nothing else can be judged.
	[ "$target" != tests ] || [ $rc = 0 ] || break
done
echo "$name: $passed passed, $failed failed, $skipped skipped," \
	"$(($(date +%s) - began)) s"
[ $failed = 0 ]
