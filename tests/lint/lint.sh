#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lint.sh BUILDDIR "PURE FOLDERS": the rules of contrib/HACKING that a script
# can check.  One line for every rule, after the breaches of it; exit 1 on
# any breach.
# shellcheck disable=SC2317 # rules are called by name
set -u
B=$1 PURE=$2 bad=0 breaches=0 ALL=$(cd src && printf '%s ' */)
here=$(dirname "$0")
say() {
	echo "lint: $*"
	breaches=$((breaches + 1))
}

# rule NAME FUNCTION
rule() {
	breaches=0
	$2
	if [ $breaches = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		bad=1
	fi
}

skip() {
	echo "skip - $1"
}

# Only downwards, as layers.txt says; never "../".  A system header that the
# table gives to some folders is theirs alone.
layers() {
	s=$(awk '
	function has(list, word) {return index(" " list " ", " " word " ") > 0}
	FILENAME ~ /layers.txt$/ {
		if (/^#/ || !/:/) next
		n = split($0, part, /[:|]/)
		may[part[1]] = part[1] " " part[2]
		m = split(part[3], lib, / +/)
		for (i = 1; i <= m; i++)
			if (lib[i] != "") owner[lib[i]] = owner[lib[i]] " " part[1]
		next
	}
	FNR == 1 {
		split(FILENAME, at, "/")
		dir = at[3] == "" ? "main" : at[2]
		if (!(dir in may)) print FILENAME ": folder " dir " is not in layers.txt"
	}
	/^# *include "/ {
		split($0, q, "\""); inc = q[2]; split(inc, p, "/")
		if (inc ~ /\.\./) print FILENAME ": parent include " inc
		else if (inc ~ /\//) {
			if (!has(may[dir], p[1])) print FILENAME ": " dir " may not include " inc
		} else if (inc !~ /_priv\.h$/) print FILENAME ": " inc " without its folder"
	}
	/^# *include </ {
		split($0, q, /[<>]/); inc = q[2]; split(inc, p, "/")
		for (name in owner)
			if ((name == p[1] || name == inc) && !has(owner[name], dir))
				print FILENAME ": <" inc "> belongs to:" owner[name]
	}' "$here/layers.txt" src/*.c src/*/*.[ch] include/*/*.h)
	[ -z "$s" ] || say "$s"
}

# The object files of folders.
objects() {
	for d in $1; do
		for f in src/"${d%/}"/*.c; do
			echo "$B/${f%.c}.o"
		done
	done
}

# Writable data in object files; .data.rel.ro holds constants that only need
# relocation.
state() {
	nm -A -f sysv "$@" | awk -F'|' '
	$7 ~ /^\.(t?data|t?bss)(\.|$)|COM/ && $7 !~ /rel\.ro/ {print $1}'
}

# No writable file-scope data, no call that asks the system for anything.
forbid='clock_.*|adjtime.*|adjtimex|gettimeofday|time|localtime.*|nanosleep'
forbid="$forbid|sleep|usleep|socket.*|send.*|recv.*|connect|bind|accept.*"
forbid="$forbid|listen|poll|select|epoll.*|open.*|fopen.*|read|readlink.*"
forbid="$forbid|write|writev|readv|close|fread|fwrite|stat|fstat|lstat|unlink"
forbid="$forbid|rename|mkdir|ioctl|fcntl.*|getrandom|arc4random.*|rand|srand"
forbid="$forbid|random|drand48|RAND_.*|syslog|printf|puts|putchar|fprintf"
forbid="$forbid|vprintf|vfprintf|perror|stdout|stderr|exit|_exit|abort|getenv"
forbid="$forbid|setenv|fork|vfork|exec.*|system|popen|wait.*|kill|signal"
forbid="$forbid|sigaction|pthread_.*|getpid|get.*name|getaddrinfo|mmap|syscall"
pure() {
	# shellcheck disable=SC2046 # words
	s=$(state $(objects "$PURE"))
	[ -z "$s" ] || say "writable static data: $s"
	# shellcheck disable=SC2046
	s=$(nm -A -u $(objects "$PURE") | sed 's/@.*//; s/ __\([a-z]*\)_chk$/ \1/
	    s/ __isoc[0-9]*_/ /' | grep -E " ($forbid)\$")
	[ -z "$s" ] || say "not pure: $s"
}

# Writable data outside the pure folders: the log sink and the signal flags,
# what a signal handler reads, and what libcrypto's hooks keep.
globals() {
	# shellcheck disable=SC2046
	s=$(state "$B/src/main.o" $(objects "$ALL") |
		grep -vE '/src/(os/log|os/signal|net/tls_keep|sandbox/trap)\.o:')
	[ -z "$s" ] || say "global state: $s"
}

# An exported symbol starts with its folder, in base with its file.
names() {
	# shellcheck disable=SC2046
	s=$(nm -A -g --defined-only $(objects "$ALL") | awk '{
		n = split($1, at, "/"); dir = at[n - 1]
		file = at[n]; sub(/\.o:.*/, "", file)
		want = (dir == "base" ? file : dir) "_"
		if (index($3, want) != 1 && $3 !~ /^__/)
			print dir "/" file ".c: " $3 " without " want
	}')
	[ -z "$s" ] || say "$s"
}

sizes() {
	s=$(wc -l src/*/*.[ch] include/*/*.h | awk '$2 != "total" && $1 > 700')
	[ -z "$s" ] || say "more than 700 lines: $s"
	s=$(awk '/^[a-z_0-9]+\(/ {name = $0; from = FNR; file = FILENAME}
	    /^}/ && from {if (FNR - from > 100) print file ": " name; from = 0}' \
		src/*.c src/*/*.c tests/*/*.c)
	[ -z "$s" ] || say "longer than 100 lines: $s"
}

# A library dictates the parameters of these.
callbacks='src/net/tls.c: on_message('
parameters() {
	s=$(awk '
	/^[a-z_0-9]+\(/ {head = ""; on = 1}
	on {head = head $0
	    if ($0 ~ /[;{]$/ || $0 ~ /\)$/) {
		on = 0; h = head
		sub(/^[^(]*\(/, "", h)
		while (gsub(/\([^()]*\)/, "", h)) ;
		if (gsub(/,/, ",", h) > 5) print FILENAME ": " head
	    }}' src/*/*.c | grep -v "$callbacks")
	[ -z "$s" ] || say "more than 6 parameters: $s"
}

# SPDX first, then what the file owns; nothing unfinished.
heads() {
	s=$(awk 'FNR == 1 && $0 != "/* SPDX-License-Identifier: BSD-2-Clause */" {
		print FILENAME ": no SPDX line"
	}
	FNR == 2 && !/^\/\*$/ {print FILENAME ": does not say what it owns"}' \
		src/*.c src/*/*.[ch] include/*/*.h tests/*/*.[ch])
	[ -z "$s" ] || say "$s"
	s=$(awk 'FNR <= 3 && /SPDX/ {good[FILENAME] = 1}
	END {for (i = 1; i < ARGC; i++) if (!(ARGV[i] in good)) print ARGV[i]}' \
		contrib/demo contrib/*.sh tests/*.sh tests/*/*.sh)
	[ -z "$s" ] || say "no SPDX line: $s"
	s=$(grep -rnE '\b(TODO|FIXME|XXX)\b' src include Makefile man |
		head -n 5)
	[ -z "$s" ] || say "unfinished: $s"
}

# Conditional compilation only in os, net and sandbox; no struct typedefs; no
# forward declarations of static functions.
style() {
	s=$(grep -nE '^#[ ]*(if|ifdef|ifndef)\b' src/*.c src/*/*.c |
		grep -vE '^src/(os|net|sandbox)/' | head -n 3)
	[ -z "$s" ] || say "conditional compilation: $s"
	s=$(grep -nE '^typedef (struct|union|enum)|^typedef [^(]*\*[a-z_]+;' \
		src/*/*.[ch] include/*/*.h | head -n 5)
	[ -z "$s" ] || say "typedef: $s"
	s=$(awk '/^static / && !/[;={]/ {was = FNR}
	    /^[a-z_0-9]+\(/ && was == FNR - 1 {on = 1}
	    on && /;$/ {print FILENAME ":" FNR ": " $0; on = 0}
	    on && /^{/ {on = 0}' src/*/*.c | head -n 5)
	[ -z "$s" ] || say "forward declaration: $s"
	s=$(grep -rn '#include "[^"]*\.c"' src tests | head -n 3)
	[ -z "$s" ] || say "a source file is included: $s"
}

manuals() {
	for f in man/*.[1-8]; do
		s=$(mandoc -Tlint -Wwarning "$f")
		[ -z "$s" ] || say "$s"
	done
}

shells() {
	# Style below warnings is a matter of taste.
	for f in contrib/demo contrib/*.sh contrib/completion/*.bash \
		.ci/run tests/*.sh tests/*/*.sh; do
		[ -e "$f" ] || continue
		s=$(shellcheck -S warning "$f") || say "$f: $s"
	done
}

binary() {
	s=$(sh "$here/elf.sh" "$B/truenoon") || say "$s"
}

rule "layers: includes point down" layers
rule "purity: no state and no system in the pure folders" pure
rule "names: exported symbols carry their folder" names
rule "globals: none but those listed" globals
rule "sizes: functions and files" sizes
rule "parameters: at most six" parameters
rule "heads: licence, purpose, nothing unfinished" heads
rule "style: no conditionals, typedefs, forward declarations" style
if command -v mandoc >/dev/null; then
	rule "manuals: mandoc finds nothing" manuals
else
	skip "manuals: no mandoc here"
fi
if command -v shellcheck >/dev/null; then
	rule "shells: shellcheck finds nothing" shells
else
	skip "shells: no shellcheck here"
fi
rule "binary: hardened" binary
exit $bad
