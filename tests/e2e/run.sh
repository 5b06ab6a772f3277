#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Run the numbered scripts beside this file: one line for each, then the
# counts.  Exit 1 when one failed.
#   FILTER=PATTERN         only scripts whose name has it (shell pattern)
#   JOBS=N                 so many at a time (4 where each has namespaces
#                          of its own, else 1)
#   E2E_TIMEOUT=SECONDS    for one script (120)
#   E2E_SKIP_IS_FAILURE=1  a skipped script is a failure
#   E2E_AGAIN=1            one that failed beside others is run once more,
#                          alone: a busy machine is no fault of ours
set -u

dir=$(cd "$(dirname "$0")" && pwd)
: "${BIN:=$(cd "$dir/../.." && pwd)/build/release/truenoon}"
export BIN
logs=$(mktemp -d "${TMPDIR:-/tmp}/tn-e2e.XXXXXX")
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' INT TERM HUP

jobs=${JOBS:-}
if [ -z "$jobs" ]; then
	jobs=1
	[ "$(id -u)" != 0 ] || ! unshare -m -n -p -f true 2>/dev/null || jobs=4
fi

# One script: its line to standard output, its log behind it if it failed.
run_one()
{
	local name start rc reason word
	name=$(basename "$1" .sh)
	start=$SECONDS
	timeout -k 20 "${E2E_TIMEOUT:-120}" bash "$1" >"$logs/$name" 2>&1 \
		</dev/null
	rc=$?
	reason=$(grep -E '^(FAIL|skip): ' "$logs/$name" | head -n 1 | cut -c7-)
	case $rc in
	0) word=ok ;;
	77) word=skip ;;
	124 | 137) word=FAIL reason="timeout${reason:+: $reason}" ;;
	*) word=FAIL reason=${reason:-exit $rc} ;;
	esac
	echo "$word" >"$logs/$name.word"
	[ "$word" != ok ] || reason=
	{
		printf '%-4s %-36s %3d s%s\n' "$word" "$name" \
			$((SECONDS - start)) "${reason:+ ($reason)}"
		[ "$word" != FAIL ] ||
			tail -n "${E2E_LOG_LINES:-80}" "$logs/$name" |
			sed 's/^/    | /'
	} >"$logs/$name.out"
	cat "$logs/$name.out"
}

began=$SECONDS
for script in "$dir"/[0-9][0-9]-*.sh; do
	# shellcheck disable=SC2254 # a pattern is what is wanted
	case $(basename "$script" .sh) in
	*${FILTER:-}*) ;;
	*) continue ;;
	esac
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	run_one "$script" &
done
wait

if [ "${E2E_AGAIN:-0}" != 0 ]; then
	for script in "$dir"/[0-9][0-9]-*.sh; do
		word=$logs/$(basename "$script" .sh).word
		[ "$(cat "$word" 2>/dev/null)" = FAIL ] || continue
		echo "again, alone:"
		run_one "$script"
	done
fi

count()
{
	cat "$logs"/*.word 2>/dev/null | grep -c "^$1\$"
}

failed=$(count FAIL)
skipped=$(count skip)
echo "e2e: $(count ok) ok, $failed failed, $skipped skipped," \
	"$((SECONDS - began)) s ($BIN)"
[ "$failed" = 0 ] || exit 1
[ "${E2E_SKIP_IS_FAILURE:-0}" = 0 ] || [ "$skipped" = 0 ] || exit 1
